//! The webhook posts of a group: all of its events, page by page.

use std::sync::Arc;

use base::{Event, Id, Scope, Time};
use serde_json::{Map, Value as Json, json};
use store::{Error, Tx, outbox, params, unreadable};

use super::target::GroupTarget;
use crate::{
    channels::webhook::Format,
    deliveries::{Lease, Mode, NewDelivery, insert},
    digests::{self, Digest},
    message::{self, Change, Detail},
    plan::Rules,
    target::Recipient,
};

/// How many findings one post contains.
const PAGE: usize = 500;

/// On which page the event with this position is, from 0.
pub(super) fn page_of(before: u64) -> usize {
    usize::try_from(before).unwrap_or(usize::MAX) / PAGE
}

/// How many pages this many events take.
pub(crate) const fn pages_of(events: usize) -> usize {
    events.div_ceil(PAGE)
}

/// The result of one step.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// The lanes in which something waits.
    pub(crate) waits: Vec<(Arc<str>, Time)>,
    /// Whether there was anything to write.
    pub(crate) any: bool,
}

const NEXT: &str = "select group_id, target_key, digest_id, target, after_event, page from event_pages \
     order by group_id, target_key limit 1";
const BUNDLE: &str = "select bundle_id from event_groups where id = $1";
const SAVE: &str =
    "update event_pages set after_event = $3, page = $4 where group_id = $1 and target_key = $2";
const DONE: &str = "delete from event_pages where group_id = $1 and target_key = $2";

/// Writes the next missing page.
///
/// # Errors
/// Database errors.
pub(crate) fn next_pages(
    tx: &mut Tx<'_>,
    rules: &Rules,
    (lease, public_url): (&Lease, &str),
) -> Result<Pages, Error> {
    type Stored = (Id, String, Id, String, String, u64);
    let sql = format!("{NEXT}{}", outbox::skip_locked(tx));
    let Some((group, key, digest_id, target, after, page)) = tx.one::<Stored>(&sql, &[])? else {
        return Ok(Pages::default());
    };
    let target =
        serde_json::from_str::<GroupTarget>(&target).map_err(|error| Error::Decode(error.to_string()));
    let target = target
        .inspect_err(|error| unreadable::note("event_pages", error))
        .ok();
    let digest = digests::stored(tx, &[digest_id])?.remove(&digest_id);
    let bundle = tx.one::<(Id,)>(BUNDLE, params![group])?.map(|(id,)| id);
    let mut pages = Pages {
        any: true,
        ..Pages::default()
    };
    // What cannot be read can never be sent, and must not block the others.
    let (Some(target), Some(digest), Some(bundle)) = (target, digest, bundle) else {
        tx.execute(DONE, params![group, key])?;
        return Ok(pages);
    };
    let (ids, next) = after_of(&digest, &after, PAGE, |set, last, room| {
        let found: Vec<(Id,)> = tx.all(MEMBERS, params![set, last, room])?;
        Ok::<_, Error>(found.into_iter().map(|(id,)| id).collect())
    })?;
    let events = in_order(tx, &ids)?;
    if let Some(first) = events.first() {
        let planned = target.planned();
        let pages_of = pages_of(usize::try_from(digest.count()).unwrap_or(usize::MAX));
        let body = body(
            format(rules, &target.recipient),
            &Posted {
                digest: &digest,
                events: &events,
                bundle,
                page: (page + 1, pages_of),
                public_url,
                at: tx.now(),
            },
        );
        let due = tx.now();
        let new = NewDelivery {
            event: first,
            planned: &planned,
            body,
            now: None,
            mode: Mode::Single,
            due,
            of: Some((digest_id, first.id)),
            cause: None,
        };
        insert(tx, vec![new], lease)?;
        pages.waits.push((Arc::clone(&planned.target.lane), due));
    }
    match next {
        Some(next) => tx.execute(SAVE, params![group, key, next, page + 1])?,
        None => tx.execute(DONE, params![group, key])?,
    };
    Ok(pages)
}

const MEMBERS: &str =
    "select event_id from event_set_members where set_id = $1 and event_id > $2 order by event_id limit $3";

/// The events of the page after this position, and the position of the next one. A position is how many sets are done
/// and the last event of the next one. `members` returns a number of events of a set after one.
pub(super) fn after_of<E>(
    digest: &Digest,
    after: &str,
    page: usize,
    mut members: impl FnMut(Id, &str, usize) -> Result<Vec<Id>, E>,
) -> Result<(Vec<Id>, Option<String>), E> {
    let (done, mut last) = match after.split_once(' ') {
        Some((done, last)) => (done.parse().unwrap_or(0), last.to_owned()),
        None => (0, String::new()),
    };
    let mut ids: Vec<Id> = Vec::with_capacity(page);
    for (at, set) in digest.sets.iter().enumerate().skip(done) {
        let room = page - ids.len();
        let found = members(*set, &last, room)?;
        let full = found.len() == room;
        ids.extend(found);
        if full {
            let last = ids.last().map(ToString::to_string).unwrap_or_default();
            return Ok((ids, Some(format!("{at} {last}"))));
        }
        last.clear();
    }
    Ok((ids, None))
}

fn in_order(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Arc<Event>>, Error> {
    let mut events: std::collections::HashMap<Id, Event> = outbox::events(tx, ids, &Scope::All)?
        .into_iter()
        .map(|event| (event.id, event))
        .collect();
    Ok(ids
        .iter()
        .filter_map(|id| events.remove(id))
        .map(Arc::new)
        .collect())
}

fn format(rules: &Rules, recipient: &Recipient) -> Format {
    let Recipient::Url(row) = recipient else {
        return Format::default();
    };
    let mut urls = rules.all().flat_map(|rule| &rule.urls);
    urls.find(|(id, _)| id == row)
        .map_or_else(Format::default, |(_, url)| url.format)
}

struct Posted<'a> {
    digest: &'a Digest,
    events: &'a [Arc<Event>],
    bundle: Id,
    page: (u64, usize),
    public_url: &'a str,
    at: Time,
}

fn body(format: Format, posted: &Posted<'_>) -> String {
    let first = posted.events.first();
    let text = |key: &str| first.and_then(|event| event.text(key)).map(str::to_owned);
    let many = first.is_some_and(|event| event.data.contains_key("many"));
    let data = json!({
        "scan_id": (!many).then_some(posted.bundle),
        "bundle_id": posted.bundle,
        "company_id": first.and_then(|event| event.audience.company()),
        "project_id": text("project_id"),
        "page": posted.page.0,
        "pages": posted.page.1,
        "counts": counts(posted.digest),
        "severities": severities(posted.digest),
        "findings": posted.events.iter().map(|event| finding(event, posted.public_url)).collect::<Vec<_>>(),
    });
    let rest = match format {
        Format::Standard => {
            return json!({"type": "finding.batch", "timestamp": posted.at, "data": data}).to_string();
        }
        Format::Cloudevents => json!({
            "id": format!("{}/{}", posted.bundle, posted.page.0),
            "source": posted.public_url,
            "type": "finding.batch",
            "time": posted.at,
            "datacontenttype": "application/json",
            "data": data,
        })
        .to_string(),
    };
    // As every cloud event here begins.
    format!("{{\"specversion\":\"1.0\",{}", &rest[1..])
}

/// The name of a change in a body, as in a scan's counts.
const fn field(change: Change) -> &'static str {
    match change {
        Change::New => "created",
        Change::Reopened => "reopened",
        Change::Worse => "worse",
        Change::Closed => "closed",
        Change::Other => "updated",
    }
}

fn counts(digest: &Digest) -> Json {
    let mut counts: Map<String, Json> = Change::ALL
        .into_iter()
        .map(|change| (field(change).to_owned(), json!(0)))
        .collect();
    for (change, _, count) in &digest.counts {
        let sum = counts[field(*change)].as_u64().unwrap_or_default() + count;
        counts.insert(field(*change).to_owned(), json!(sum));
    }
    Json::Object(counts)
}

fn severities(digest: &Digest) -> Json {
    let mut by_change = json!({"created": {}, "reopened": {}, "worse": {}, "closed": {}});
    for (change, severity, count) in &digest.counts {
        if let (Some(severity), Some(of)) = (severity, by_change.get_mut(field(*change))) {
            of[severity.name()] = json!(count);
        }
    }
    by_change
}

fn finding(event: &Event, public_url: &str) -> Json {
    let given = |key: &str| event.data.get(key).cloned().unwrap_or_default();
    json!({
        "event_id": event.id,
        "event_type": event.kind,
        "finding_id": event.subject.id,
        "title": given("title"),
        "severity": event.severity,
        "status": given("status"),
        "identifiers": event.data.get("identifiers").cloned().unwrap_or_else(|| json!([])),
        "component": given("component"),
        "location": given("location"),
        "url": message::compose(event, public_url, Detail::Full).link.url,
    })
}
