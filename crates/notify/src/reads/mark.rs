//! What counts as read, recorded once: the first of the inbox row marked as read, the record opened in a session, and a
//! comment, a status change or an assignment on it, by someone who was notified.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use access::directory;
use base::{Event, Id, Kind, Severity, SubjectType, Time};
use serde::Deserialize;
use store::{Error, Tx, Value, outbox, params, rows};

use super::notified::{self, Notified};
use crate::{
    opened::{FirstRead, Opening},
    sql,
};

/// Who read something, when, and how it is known.
#[derive(Debug, Clone, Copy)]
struct By {
    user: Id,
    at: Time,
    how: &'static str,
}

const UNREAD: &str = "select id, severity, events, at, read_at from first_reads where events > 0";
const MARK: &str = "update first_reads set read_at = $1, read_by = $2, read_how = $3, due_at = 0 \
     where (read_at = 0 or read_at > $1)";

const HELD: (&str, &str) = ("select id from first_reads where 1 = 1", "first_reads");

/// Marks rows as read; which of them nobody had read before.
fn mark(tx: &mut Tx<'_>, ids: &BTreeSet<Id>, by: By) -> Result<Vec<FirstRead>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql::hold(tx, HELD, ids)?;
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows: Vec<(Id, String, u64, Time, i64)> = sql::among(tx, UNREAD, "id", &ids)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    sql::update_among(tx, MARK, params![by.at, by.user, by.how], "id", &ids)?;
    let first = rows.into_iter().filter(|(.., read_at)| *read_at == 0);
    Ok(first
        .map(|(_, severity, events, at, _)| FirstRead {
            severity: severity.parse().ok(),
            took: by.at.since(at),
            events,
        })
        .collect())
}

/// The rows that inbox rows or deliveries represent, by their event and their digest: their events, and the sets of
/// their digests.
pub(super) fn of_messages(tx: &mut Tx<'_>, messages: &[(Id, String)]) -> Result<BTreeSet<Id>, Error> {
    #[derive(Deserialize)]
    struct Sets {
        sets: Vec<Id>,
    }
    const CONTENT: &str = "select content from event_digests where 1 = 1";
    let mut ids: BTreeSet<Id> = messages.iter().map(|(event, _)| *event).collect();
    let digests: BTreeSet<&str> = messages.iter().map(|(_, digest)| digest.as_str()).collect();
    let digests: Vec<Value> = digests
        .into_iter()
        .filter(|digest| !digest.is_empty())
        .map(Value::from)
        .collect();
    for (content,) in sql::among::<(String,)>(tx, CONTENT, "id", &digests)? {
        let sets: Sets = serde_json::from_str(&content).map_err(|error| Error::Decode(error.to_string()))?;
        ids.extend(sets.sets);
    }
    Ok(ids)
}

const ROW: &str = "select event_id, digest_id from notifications where id = $1 and user_id = $2";

/// A person marked one of their notifications as read.
///
/// # Errors
/// Database errors.
pub(crate) fn by_row(tx: &mut Tx<'_>, user: Id, notification: Id) -> Result<Vec<FirstRead>, Error> {
    let Some(row) = tx.one::<(Id, String)>(ROW, params![notification, user])? else {
        return Ok(Vec::new());
    };
    let ids = of_messages(tx, &[row])?;
    let at = tx.now();
    let how = "notification";
    mark(tx, &ids, By { user, at, how })
}

const ALL_READ: &str = "insert into read_alls (user_id, after_at, upto_at, at) values ($1, $2, $3, $4) \
     on conflict do nothing";

/// A person marked all of their notifications up to this time as read: [`catch_up`] works out what that means.
///
/// # Errors
/// Database errors.
pub(crate) fn all_read(tx: &mut Tx<'_>, user: Id, (after, upto): (Time, Time)) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(ALL_READ, params![user, after, upto, now]).map(drop)
}

const NEXT_ALL: &str = "select user_id, after_at, upto_at, at from read_alls order by at, user_id limit 1";
const OF_ALL: &str = "select event_id, digest_id, created_at from notifications \
     where user_id = $1 and created_at > $2 and created_at <= $3 and read_at = 0 order by created_at limit $4";
const UP_TO: &str = "update read_alls set after_at = $3 where user_id = $1 and upto_at = $2";
const DONE: &str = "delete from read_alls where user_id = $1 and upto_at = $2";
/// How many notifications one transaction processes.
const PORTION: usize = 200;

/// Whether someone marked all as read and that is still to be processed.
///
/// # Errors
/// Database errors.
pub(crate) fn waits(tx: &mut Tx<'_>) -> Result<bool, Error> {
    const ANY: &str = "select user_id from read_alls limit 1";
    Ok(tx.one::<(Id,)>(ANY, &[])?.is_some())
}

/// Processes a part of what people marked as read all at once; nothing if nobody did.
///
/// # Errors
/// Database errors.
pub(crate) fn catch_up(tx: &mut Tx<'_>) -> Result<Option<Vec<FirstRead>>, Error> {
    let next = format!("{NEXT_ALL}{}", outbox::skip_locked(tx));
    let Some((user, after, upto, at)) = tx.one::<(Id, Time, Time, Time)>(&next, &[])? else {
        return Ok(None);
    };
    let rows: Vec<(Id, String, Time)> = tx.all(OF_ALL, params![user, after, upto, PORTION])?;
    match rows.last() {
        Some((.., last)) if rows.len() == PORTION => tx.execute(UP_TO, params![user, upto, *last])?,
        _ => tx.execute(DONE, params![user, upto])?,
    };
    let rows: Vec<(Id, String)> = rows
        .into_iter()
        .map(|(event, digest, _)| (event, digest))
        .collect();
    let ids = of_messages(tx, &rows)?;
    let how = "all";
    mark(tx, &ids, By { user, at, how }).map(Some)
}

/// How long an opening may count for what is not planned yet.
const KEPT: Duration = Duration::from_hours(1);

/// People opened these records in a session. Also returns which openings may apply to events that are not planned yet
/// or whose group is open: those are to be processed again.
///
/// # Errors
/// Database errors.
pub(crate) fn opened(tx: &mut Tx<'_>, openings: &[Opening]) -> Result<(Vec<FirstRead>, Vec<Opening>), Error> {
    // Checked first: what is planned from here on is not missed.
    let oldest = oldest_to_come(tx)?;
    let first = seen(tx, openings, "opened")?;
    let since = tx.now().before(KEPT);
    let again = openings.iter().filter(|opening| {
        let may_count = oldest.is_some_and(|oldest| oldest < opening.at);
        may_count && opening.at > since
    });
    Ok((first, again.copied().collect()))
}

/// When the oldest event happened that is not planned yet or whose group is open.
fn oldest_to_come(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    // Each from the index of its order.
    const UNPLANNED: [&str; 2] = [
        "select at from events where planned_at = 0 and bundle_id = '' order by id limit 1",
        "select at from events where planned_at = 0 and bundle_id <> '' order by id limit 1",
    ];
    const OPEN: &str = "select e.at from event_groups g join events e on e.id = g.lead_event \
         where g.closed_at = 0 order by e.at limit 1";
    let mut oldest: Option<Time> = None;
    for sql in UNPLANNED.into_iter().chain([OPEN]) {
        if let Some((at,)) = tx.one::<(Time,)>(sql, &[])? {
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
        }
    }
    Ok(oldest)
}

/// People commented on findings, changed their status or assigned them, according to these events.
///
/// # Errors
/// Database errors.
pub(crate) fn acted(tx: &mut Tx<'_>, events: &[Event]) -> Result<Vec<FirstRead>, Error> {
    let acts: Vec<Opening> = events.iter().filter_map(act).collect();
    seen(tx, &acts, "act")
}

/// What a person did to a finding by hand. What a program did with their token, and what an import did, does not show
/// that a person read anything.
fn act(event: &Event) -> Option<Opening> {
    let imported = event.bundle.is_some() && !event.data.contains_key("many");
    let by_hand = matches!(
        event.kind,
        Kind::FindingCommented | Kind::FindingStatusChanged | Kind::FindingReopened | Kind::FindingAssigned
    );
    let counts = by_hand && !imported && !event.by_token && event.subject.kind == SubjectType::Finding;
    counts.then_some(())?;
    Some(Opening {
        user: event.actor?,
        record: event.subject.id,
        at: event.at,
    })
}

const ALONE: &str = "select id, subject_id, at from first_reads where read_at = 0 and subject_id <> ''";
const OF_SETS: &str = "select m.event_id, m.finding_id, r.at, r.id from event_set_members m \
     join first_reads r on r.id = m.set_id \
     where r.read_at = 0 and not exists (select 1 from first_reads o where o.id = m.event_id)";

/// Who was notified of unread events about some records, and who of them saw the record since.
struct Readers<'a> {
    openings: &'a [Opening],
    notified: BTreeMap<Id, Notified>,
    /// Teams and their members.
    members: BTreeSet<(Id, Id)>,
}

impl<'a> Readers<'a> {
    fn of(
        tx: &mut Tx<'_>,
        openings: &'a [Opening],
        (events, sets): (&BTreeSet<Id>, &BTreeSet<Id>),
    ) -> Result<Self, Error> {
        let mut notified = notified::of_events(tx, events)?;
        notified.extend(notified::of_sets(tx, sets)?);
        let teams: BTreeSet<Id> = notified.values().flat_map(|one| one.chats.clone()).collect();
        let teams: Vec<Id> = teams.into_iter().collect();
        Ok(Self {
            openings,
            notified,
            members: directory::members_of_teams(tx, &teams)?.into_iter().collect(),
        })
    }

    /// The first notified person who saw the record later than this; `row` is the event or the set.
    fn first(&self, row: Id, record: Id, at: Time) -> Option<Opening> {
        let notified = self.notified.get(&row)?;
        let readers = self.openings.iter().filter(|opening| {
            let later = opening.record == record && opening.at > at;
            later && notified.includes(opening.user, &self.members)
        });
        readers.min_by_key(|opening| opening.at).copied()
    }
}

/// People saw these records: everything about them that they were notified of is read.
fn seen(tx: &mut Tx<'_>, openings: &[Opening], how: &'static str) -> Result<Vec<FirstRead>, Error> {
    if openings.is_empty() {
        return Ok(Vec::new());
    }
    let records: BTreeSet<Id> = openings.iter().map(|opening| opening.record).collect();
    let records: Vec<Value> = records.iter().map(Value::from).collect();
    let alone: Vec<(Id, Id, Time)> = sql::among(tx, ALONE, "subject_id", &records)?;
    let grouped: Vec<(Id, Id, Time, Id)> = sql::among(tx, OF_SETS, "m.finding_id", &records)?;
    if alone.is_empty() && grouped.is_empty() {
        return Ok(Vec::new());
    }
    let events: BTreeSet<Id> = alone.iter().map(|(event, ..)| *event).collect();
    let sets: BTreeSet<Id> = grouped.iter().map(|(.., set)| *set).collect();
    sql::hold(tx, HELD, &events.union(&sets).copied().collect())?;
    let readers = Readers::of(tx, openings, (&events, &sets))?;
    let mut rows: BTreeMap<(Id, Time), BTreeSet<Id>> = BTreeMap::new();
    for (event, record, at) in &alone {
        if let Some(Opening { user, at, .. }) = readers.first(*event, *record, *at) {
            rows.entry((user, at)).or_default().insert(*event);
        }
    }
    let mut parts: BTreeMap<Id, Vec<(Id, Opening)>> = BTreeMap::new();
    for (event, record, at, set) in &grouped {
        if let Some(opening) = readers.first(*set, *record, *at) {
            parts.entry(*set).or_default().push((*event, opening));
        }
    }
    let mut first = Vec::new();
    for ((user, at), rows) in rows {
        first.extend(mark(tx, &rows, By { user, at, how })?);
    }
    for (set, read) in parts {
        first.extend(split(tx, set, &read, how)?);
    }
    Ok(first)
}

// The empty change is the lock on a set.
const HOLD: &str = "update first_reads set events = events where id = $1 and read_at = 0 \
     returning company_id, event_type, severity, reached, at, planned_at";
const SPLIT: &str = "insert into first_reads (id, set_id, company_id, subject_id, event_type, severity, events, reached, at, \
     planned_at, due_at, read_at, read_by, read_how)";
const SPLIT_WIDTH: usize = 14;
const LESS: &str = "update first_reads set events = events - $2 where id = $1";

/// Takes events out of a set: each was read individually.
fn split(
    tx: &mut Tx<'_>,
    set: Id,
    read: &[(Id, Opening)],
    how: &'static str,
) -> Result<Vec<FirstRead>, Error> {
    let held: Option<(String, Kind, String, bool, Time, Time)> = tx.one(HOLD, params![set])?;
    let Some((company, kind, severity, reached, at, planned_at)) = held else {
        return Ok(Vec::new());
    };
    let mut rows: Vec<[Value; SPLIT_WIDTH]> = Vec::with_capacity(read.len());
    for (event, opening) in read {
        rows.push([
            event.into(),
            set.into(),
            company.clone().into(),
            opening.record.into(),
            kind.into(),
            severity.clone().into(),
            1.into(),
            reached.into(),
            at.into(),
            planned_at.into(),
            0.into(),
            opening.at.into(),
            opening.user.into(),
            how.into(),
        ]);
    }
    let new: Vec<(Id,)> =
        rows::insert_returning(tx, (SPLIT, "on conflict (id) do nothing returning id"), rows)?;
    tx.execute(LESS, params![set, new.len()])?;
    let severity: Option<Severity> = severity.parse().ok();
    let new: BTreeSet<Id> = new.into_iter().map(|(id,)| id).collect();
    let read = read.iter().filter(|(event, _)| new.contains(event));
    Ok(read
        .map(|(_, opening)| FirstRead {
            severity,
            took: opening.at.since(at),
            events: 1,
        })
        .collect())
}
