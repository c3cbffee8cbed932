//! One notification, and pages of them.

use std::{collections::HashMap, sync::Arc};

use base::{Event, Id, Kind, Scope, SubjectType, Time};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use store::{Error, FromRow, Row, Select, Tx, outbox, params};

use super::owner::Owner;
use crate::{
    digests, facts,
    message::{self, Detail, Message},
    plan::{Cause, Why},
    target::Recipient,
};

/// A notification, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Notification {
    /// Its id.
    pub id: Id,
    /// Its category: the first part of the event type, such as `finding`.
    #[serde(rename = "type")]
    pub category: &'static str,
    /// What happened.
    pub event_type: Kind,
    /// What happened to what, on one line. Untrusted text: escape it.
    pub title: String,
    /// A few more words. Untrusted text: escape it.
    pub body: String,
    /// The ids of the records it is about (`finding_id`, `scan_id`, …), and in `why` a sentence with the reason why its
    /// owner gets it. It may name a team: untrusted text, escape it.
    #[schema(value_type = Object)]
    pub data: Map<String, Json>,
    /// Whether its owner has read it.
    pub read: bool,
    /// When it arrived; no two of one person share it.
    pub created_at: Time,
    /// The event it is about: `GET /events/{id}/trace?user_id=me` shows the reason.
    pub event_id: Id,
    /// Its digest, if it is about an import or a bulk change.
    #[serde(skip)]
    pub(crate) digest: Option<Id>,
    /// The finding it is about, to be done together with it.
    #[serde(skip)]
    pub(crate) finding: Option<Id>,
}

impl Notification {
    /// The notification of an event, without an owner yet.
    pub(crate) fn draft(event: &Event, message: &Message) -> Self {
        Self {
            id: event.id,
            category: event.kind.category(),
            event_type: event.kind,
            title: message.title(),
            body: message.body(),
            data: message.data().clone(),
            read: false,
            created_at: event.at,
            event_id: event.id,
            digest: None,
            finding: (event.subject.kind == SubjectType::Finding).then_some(event.subject.id),
        }
    }

    /// Adds the reason why its owner gets it.
    pub(super) fn add_why(&mut self, sentence: Option<String>) {
        if let Some(sentence) = sentence {
            self.data.insert("why".to_owned(), sentence.into());
        }
    }
}

/// Which notifications a page contains.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only read, or only unread ones.
    pub read: Option<bool>,
    /// Only those of this event type.
    pub event_type: Option<Kind>,
    /// Only those older than this.
    pub before: Option<Time>,
}

struct Stored {
    id: Id,
    event: Id,
    kind: Kind,
    created_at: Time,
    read_at: i64,
    digest: Option<Id>,
    why: Option<Why>,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            event: row.get(1)?,
            kind: row.get(2)?,
            created_at: row.get(3)?,
            read_at: row.get(4)?,
            digest: row.get::<String>(5)?.parse().ok(),
            why: Why::read(&row.get::<String>(6)?),
        })
    }
}

const ROWS: &str =
    "select id, event_id, event_type, created_at, read_at, digest_id, why from notifications where 1 = 1";
const ALL_READ: &str = "select all_read_at from inbox_counters where user_id = $1";

/// The person's notifications, newest first, at most `limit` (promises I1, I7).
///
/// # Errors
/// Database errors.
pub fn list(
    tx: &mut Tx<'_>,
    user: Id,
    filter: Filter,
    limit: usize,
    public_url: &str,
) -> Result<Vec<Notification>, Error> {
    let all_read: Option<(Time,)> = tx.one(ALL_READ, params![user])?;
    let all_read = all_read.map(|(at,)| at).unwrap_or_default();
    let select = Select::new(ROWS)
        .filter("user_id = ?", Some(user))
        .filter("event_type = ?", filter.event_type);
    let later = |condition| select.clone().filter(condition, Some(all_read));
    let unread = "read_at = 0 and created_at > ?";
    let read = "read_at <> 0 and created_at > ?";
    let rows = match filter.read {
        None => page(tx, select, filter.before, limit)?,
        Some(false) => page(tx, later(unread), filter.before, limit)?,
        Some(true) => {
            // First those read one by one since all were marked as read, then all before that: each by its own index.
            let mut rows = page(tx, later(read), filter.before, limit)?;
            let past = Time::from_nanos(all_read.nanos().saturating_add(1));
            let before = filter.before.map_or(past, |before| before.min(past));
            let rest = limit - rows.len();
            rows.extend(page(tx, select, Some(before), rest)?);
            rows
        }
    };
    with_words(tx, rows, (user, all_read), public_url)
}

fn page(tx: &mut Tx<'_>, select: Select, before: Option<Time>, limit: usize) -> Result<Vec<Stored>, Error> {
    select
        .filter("created_at < ?", before)
        .push(" order by created_at desc", Vec::new())
        .page(tx, "notifications", limit)
}

/// The words come from the event, as on every channel. A notified person may read what they were notified of, so their
/// current scope is not checked.
fn with_words(
    tx: &mut Tx<'_>,
    rows: Vec<Stored>,
    (user, all_read): (Id, Time),
    public_url: &str,
) -> Result<Vec<Notification>, Error> {
    let whys = rows.iter().filter_map(|row| Some((row.why.as_ref()?, None)));
    let teams = facts::team_names(tx, whys)?;
    let digests: Vec<Id> = rows.iter().filter_map(|row| row.digest).collect();
    let digests = digests::stored(tx, &digests)?;
    let mut ids: Vec<Id> = rows.iter().map(|row| row.event).collect();
    ids.extend(digests.values().flat_map(digests::Digest::shown));
    let events: HashMap<Id, Arc<Event>> = outbox::events(tx, &ids, &Scope::All)?
        .into_iter()
        .map(|event| (event.id, Arc::new(event)))
        .collect();
    let worded = |row: &Stored| {
        let event = events.get(&row.event)?;
        let digest = row.digest.and_then(|digest| digests.get(&digest));
        let message = match digest {
            Some(digest) => {
                let shown: Vec<_> = digest.shown().filter_map(|id| events.get(&id).cloned()).collect();
                digest.message(event, &shown, public_url, Detail::Full)
            }
            None => message::compose(event, public_url, Detail::Full),
        };
        let mut worded = Notification::draft(event, &message);
        let many = digest.is_some_and(|digest| digest.count() > 1);
        let cause = row
            .why
            .clone()
            .map(|why| Cause::of(why, &Recipient::User(user), |team| teams.get(&team).cloned()));
        worded.add_why(Owner::new(user, cause, event, many).sentence);
        Some(worded)
    };
    Ok(rows
        .into_iter()
        .map(|row| Notification {
            id: row.id,
            read: row.read_at != 0 || row.created_at <= all_read,
            created_at: row.created_at,
            ..worded(&row).unwrap_or_else(|| without_event(&row))
        })
        .collect())
}

/// A notification whose event was deleted.
fn without_event(row: &Stored) -> Notification {
    Notification {
        id: row.id,
        category: row.kind.category(),
        event_type: row.kind,
        title: row.kind.about().summary.to_owned(),
        body: String::new(),
        data: Map::new(),
        read: false,
        created_at: row.created_at,
        event_id: row.event,
        digest: row.digest,
        finding: None,
    }
}
