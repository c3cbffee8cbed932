//! Events that are not yet planned. A claim lasts for the transaction: one event is planned by one node.

use std::time::Duration;

use base::{Event, Id, Kind, Scope, Time};

use crate::{Error, FromRow, PARTS, Row, Select, Tx, params, rows, unreadable};

/// The name under which an unreadable event is counted.
const WHAT: &str = "event";

struct Body(Event);

impl FromRow for Body {
    fn from_row(row: &Row) -> Result<Self, Error> {
        event_of(&row.get::<String>(0)?).map(Self)
    }
}

fn event_of(text: &str) -> Result<Event, Error> {
    serde_json::from_str(text).map_err(|error| Error::Decode(format!("an event: {error}")))
}

/// An event that cannot be read: it is damaged, or has a kind or format of a later version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id.
    pub id: Id,
    /// Its type as it is stored.
    pub kind: String,
    /// The reason.
    pub why: String,
}

/// Unplanned events.
#[derive(Debug, Default)]
pub struct Unplanned {
    /// The readable ones.
    pub events: Vec<Event>,
    /// The unreadable ones.
    pub unreadable: Vec<Unreadable>,
}

/// Whether events are single or bundled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Single.
    Single,
    /// Of an import or a bulk change.
    Bundled,
}

impl Grouping {
    /// Spelled out, so that the index of each is used.
    const fn condition(self) -> &'static str {
        match self {
            Self::Single => "bundle_id = ''",
            Self::Bundled => {
                "bundle_id <> '' and not exists \
                 (select 1 from open_bundles o where o.bundle_id = events.bundle_id and o.until > $3)"
            }
        }
    }
}

/// How many events one statement reads: with many recipients, a transaction plans only a few.
const PAGE: i64 = 128;

/// The oldest unplanned events of either kind, at most `limit` and only as long as the next one `fits`. They are
/// locked until the transaction ends; other nodes skip them. Those of an open bundle ([`keep_open`]) wait for its
/// end, which leaves the writer to the bulk change.
///
/// # Errors
/// The database's.
pub fn unplanned(
    tx: &mut Tx<'_>,
    came: Grouping,
    limit: i64,
    mut fits: impl FnMut(&Event) -> bool,
) -> Result<Unplanned, Error> {
    let sql = format!(
        "select id, kind, body from events where planned_at = 0 and {} and id > $1 order by id limit $2{}",
        came.condition(),
        skip_locked(tx)
    );
    let mut unplanned = Unplanned::default();
    let (mut after, mut left, now) = (String::new(), limit, tx.now());
    while left > 0 {
        let page = left.min(PAGE);
        let mut values = params![&after, page].to_vec();
        if came == Grouping::Bundled {
            values.push(now.into());
        }
        let rows: Vec<(Id, String, String)> = tx.all(&sql, &values)?;
        let read = i64::try_from(rows.len()).unwrap_or(page);
        for (id, kind, body) in rows {
            after = id.to_string();
            match event_of(&body) {
                Ok(event) if fits(&event) => unplanned.events.push(event),
                Ok(_) => return Ok(unplanned),
                Err(error) => unplanned.unreadable.push(Unreadable {
                    id,
                    why: why(&kind, &error),
                    kind,
                }),
            }
        }
        left = if read < page { 0 } else { left - read };
    }
    Ok(unplanned)
}

/// Why an event cannot be read, for administrators.
fn why(kind: &str, error: &Error) -> String {
    if kind.parse::<Kind>().is_err() {
        return "unknown type in this version".to_owned();
    }
    match error {
        Error::Decode(why) => format!("cannot be read: {why}"),
        other => other.to_string(),
    }
}

const SET_ASIDE: &str = "update events set planned_at = -1 where id = $1 and planned_at = 0";

/// Quarantines events that this server cannot read: they do not delay others, and are kept for a version that can.
///
/// # Errors
/// The database's.
pub fn set_aside(tx: &mut Tx<'_>, events: &[Unreadable]) -> Result<(), Error> {
    for event in events {
        tx.execute(SET_ASIDE, params![event.id])?;
    }
    Ok(())
}

const ASIDE: &str = "select id, body from events where planned_at < 0 and id > $1 order by id limit $2";

/// Of the quarantined events after `after`, at most `limit`: the ids of those that can be read now, and after which id to continue, if
/// there may be more.
///
/// # Errors
/// The database's.
pub fn readable_again(
    tx: &mut Tx<'_>,
    after: Option<Id>,
    limit: usize,
) -> Result<(Vec<Id>, Option<Id>), Error> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let rows: Vec<(Id, String)> = tx.all(ASIDE, params![after, limit])?;
    let next = rows.last().map(|(id, _)| *id).filter(|_| rows.len() == limit);
    let read = rows.into_iter().filter(|(_, body)| event_of(body).is_ok());
    Ok((read.map(|(id, _)| id).collect(), next))
}

const AGAIN: &str = "update events set planned_at = 0 where id = $1 and planned_at < 0";

/// Returns quarantined events to planning.
///
/// # Errors
/// The database's.
pub fn wait_again(tx: &mut Tx<'_>, events: &[Id]) -> Result<(), Error> {
    for event in events {
        tx.execute(AGAIN, params![event])?;
    }
    Ok(())
}

/// The bundles with an event that is not planned yet, or is being planned by another node, or to which more
/// events will be added ([`keep_open`]).
///
/// # Errors
/// The database's.
pub fn unplanned_bundles(tx: &mut Tx<'_>, bundles: &[Id]) -> Result<Vec<Id>, Error> {
    const ANY: &str =
        "select bundle_id from events where planned_at = 0 and bundle_id <> '' and bundle_id = $1 limit 1";
    const OPEN: &str = "select bundle_id from open_bundles where bundle_id = $1 and until > $2";
    let now = tx.now();
    let mut waiting = Vec::new();
    for bundle in bundles {
        let mut found: Option<(Id,)> = tx.one(ANY, params![bundle])?;
        if found.is_none() {
            found = tx.one(OPEN, params![bundle, now])?;
        }
        waiting.extend(found.map(|(id,)| id));
    }
    Ok(waiting)
}

/// For how long a bundle stays open after its latest portion: longer than the wait for the next one, and no longer than
/// anyone should wait for a message about an interrupted change.
const OPEN: Duration = Duration::from_mins(2);

/// Marks that more events of this bundle follow in later transactions, so that it is not treated as complete: the last of them
/// calls [`end`]. If none does, because the server was killed, it ends after two minutes.
///
/// # Errors
/// The database's.
pub fn keep_open(tx: &mut Tx<'_>, bundle: Id) -> Result<(), Error> {
    const KEEP: &str = "insert into open_bundles (bundle_id, until) values ($1, $2) \
         on conflict (bundle_id) do update set until = excluded.until";
    let until = tx.now().after(OPEN);
    tx.execute(KEEP, params![bundle, until]).map(drop)
}

/// Marks that no more events of this bundle follow.
///
/// # Errors
/// The database's.
pub fn end(tx: &mut Tx<'_>, bundle: Id) -> Result<(), Error> {
    const END: &str = "delete from open_bundles where bundle_id = $1";
    tx.execute(END, params![bundle]).map(drop)
}

/// The clock was set by this many nanoseconds: bundles stay open for as long as they would have.
///
/// # Errors
/// The database's.
pub fn move_open(tx: &mut Tx<'_>, by: i64) -> Result<(), Error> {
    const MOVE: &str = "update open_bundles set until = until + $1";
    tx.execute(MOVE, params![by]).map(drop)
}

const PLANNED: &str = "update events set planned_at = $2 where id = $1 and planned_at = 0";

/// Marks an event as planned: it is never planned again.
///
/// # Errors
/// The database's.
pub fn planned(tx: &mut Tx<'_>, event: Id) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(PLANNED, params![event, now]).map(drop)
}

/// Marks events as planned, like [`planned`].
///
/// # Errors
/// The database's.
pub fn all_planned(tx: &mut Tx<'_>, events: &[Id]) -> Result<(), Error> {
    let now = tx.now();
    for ids in rows::portions(events) {
        Select::new("update events set planned_at = ")
            .push("?", vec![now.into()])
            .push(" where planned_at = 0", Vec::new())
            .within("id", ids)
            .post(tx)?;
    }
    Ok(())
}

/// The events for a company of the scope (or for the platform), unordered. Unreadable ones are
/// skipped.
///
/// # Errors
/// The database's.
pub fn events(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope) -> Result<Vec<Event>, Error> {
    let mut events = Vec::with_capacity(ids.len());
    for ids in rows::portions(ids) {
        let found: Vec<Body> = Select::new("select body from events where 1 = 1")
            .within("id", ids)
            .readable(tx, WHAT)?;
        events.extend(bodies(found));
    }
    events.retain(|event| {
        event
            .audience
            .company()
            .is_none_or(|company| scope.allows(company))
    });
    Ok(events)
}

/// A filter for past events.
#[derive(Debug, Clone)]
pub struct Past {
    /// With these kinds.
    pub kinds: Vec<Kind>,
    /// Since this time.
    pub since: Time,
    /// Before this event.
    pub before: Option<Id>,
    /// For companies of this scope.
    pub scope: Scope,
}

/// Past events, newest first, at most `limit`.
///
/// # Errors
/// The database's.
pub fn past(tx: &mut Tx<'_>, which: &Past, limit: u32) -> Result<Vec<Event>, Error> {
    // Ids sort by time: the primary key limits the range.
    let first = Id::from_parts(which.since.millis(), [0; 10]);
    let found: Vec<Body> = Select::new("select body from events where 1 = 1")
        .filter("id >= ?", Some(first))
        .filter("id < ?", which.before)
        .within("kind", which.kinds.iter().copied())
        .scope("company_id", &which.scope)
        .push(" order by id desc", Vec::new())
        .page(tx, WHAT, limit as usize)?;
    Ok(bodies(found))
}

/// Events for one of these companies, newest first, at most `limit`, without those bundled with
/// others. The first few of each company are read in the order of its own index, so that other companies' events cost
/// nothing.
///
/// # Errors
/// The database's.
pub fn newest(
    tx: &mut Tx<'_>,
    companies: &[Id],
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<Event>, Error> {
    let mut most = limit;
    loop {
        let (found, full) = newest_of(tx, companies, before, most)?;
        if found.len() >= limit as usize || !full {
            return Ok(found.into_iter().take(limit as usize).collect());
        }
        // Some of them cannot be read: later ones replace them.
        most = most.saturating_mul(2);
    }
}

/// The same for the first `most`, skipping unreadable ones; and whether there may be more.
fn newest_of(
    tx: &mut Tx<'_>,
    companies: &[Id],
    before: Option<Id>,
    most: u32,
) -> Result<(Vec<Event>, bool), Error> {
    let (mut found, mut full) = (Vec::new(), false);
    for companies in companies.chunks(PARTS) {
        let parts = companies.iter().map(|company| {
            Select::new("select id, body from events where bundled = 0")
                .filter("company_id = ?", Some(*company))
                .filter("id < ?", before)
                .push(" order by id desc limit ?", vec![most.into()])
        });
        let first = Select::new("select body from (")
            .union(parts)
            .push(") as e order by id desc limit ?", vec![most.into()]);
        let rows: Vec<Row> = first.all(tx)?;
        full |= rows.len() >= most as usize;
        found.extend(bodies(unreadable::readable(WHAT, &rows)?));
    }
    found.sort_unstable_by_key(|event: &Event| std::cmp::Reverse(event.id));
    found.truncate(most as usize);
    Ok((found, full))
}

fn bodies(bodies: Vec<Body>) -> Vec<Event> {
    bodies.into_iter().map(|body| body.0).collect()
}

/// Which of these events exist and cannot be read.
///
/// # Errors
/// The database's.
pub fn unreadable(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Id>, Error> {
    let mut found = Vec::new();
    for ids in rows::portions(ids) {
        let rows: Vec<(Id, String)> = Select::new("select id, body from events where 1 = 1")
            .within("id", ids)
            .all(tx)?;
        let broken = rows.into_iter().filter(|(_, body)| event_of(body).is_err());
        found.extend(broken.map(|(id, _)| id));
    }
    Ok(found)
}

/// One event, if it is for a company of the scope (or for the platform).
///
/// # Errors
/// The database's; [`Error::Decode`] for an unreadable one.
pub fn event(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Option<Event>, Error> {
    let found: Option<Body> = Select::new("select body from events where 1 = 1")
        .filter("id = ?", Some(id))
        .one(tx)?;
    Ok(found
        .map(|body| body.0)
        .filter(|event| match event.audience.company() {
            Some(company) => scope.allows(company),
            None => true,
        }))
}

/// When the event's recipients were decided; none if not yet.
///
/// # Errors
/// The database's.
pub fn planned_at(tx: &mut Tx<'_>, event: Id) -> Result<Option<Time>, Error> {
    let at: Option<(Time,)> = tx.one("select planned_at from events where id = $1", params![event])?;
    Ok(at.map(|(at,)| at).filter(|at| *at > Time::default()))
}

/// The end of a claim's select, so that two nodes never claim the same row: empty on SQLite, which has
/// a single writer.
pub fn skip_locked(tx: &Tx<'_>) -> &'static str {
    if tx.is_postgres() {
        " for update skip locked"
    } else {
        ""
    }
}
