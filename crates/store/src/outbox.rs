//! What happened and was not yet planned. A claim lasts for the transaction: one event is planned by one node.

use base::{Event, Id, Kind, Scope, Time};

use crate::{Error, FromRow, PARTS, Row, Select, Tx, params};

struct Body(Event);

impl FromRow for Body {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let text: String = row.get(0)?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(|error| Error::Decode(format!("an event: {error}")))
    }
}

/// The oldest events that nobody has planned, at most `limit`, locked until the transaction ends; another node
/// passes over them.
///
/// # Errors
/// The database's.
pub fn unplanned(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Event>, Error> {
    let sql = format!(
        "select body from events where planned_at = 0 order by id limit $1{}",
        skip_locked(tx)
    );
    Ok(tx
        .all::<Body>(&sql, params![limit])?
        .into_iter()
        .map(|body| body.0)
        .collect())
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

/// Marks events as planned, as [`planned`] does one.
///
/// # Errors
/// The database's.
pub fn all_planned(tx: &mut Tx<'_>, events: &[Id]) -> Result<(), Error> {
    let now = tx.now();
    for ids in events.chunks(MANY) {
        Select::new("update events set planned_at = ")
            .push("?", vec![now.into()])
            .push(" where planned_at = 0", Vec::new())
            .within("id", padded(ids))
            .execute(tx)?;
    }
    Ok(())
}

/// The oldest event that nobody has planned, also where its body no longer decodes.
///
/// # Errors
/// The database's.
pub fn oldest(tx: &mut Tx<'_>) -> Result<Option<Id>, Error> {
    let sql = format!(
        "select id from events where planned_at = 0 order by id limit 1{}",
        skip_locked(tx)
    );
    Ok(tx.one::<(Id,)>(&sql, &[])?.map(|(id,)| id))
}

/// How many ids one statement names.
const MANY: usize = 256;

/// The ids, the last one again up to the next power of two: few texts of statements, so that they stay prepared.
fn padded(ids: &[Id]) -> impl Iterator<Item = Id> + '_ {
    let size = ids.len().next_power_of_two();
    let last = ids.last().copied();
    ids.iter()
        .copied()
        .chain(std::iter::repeat_n(last, size - ids.len()).flatten())
}

/// Those of the events that are for a company of the scope (or for the platform), in no order.
///
/// # Errors
/// The database's.
pub fn events(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope) -> Result<Vec<Event>, Error> {
    let mut events = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MANY) {
        let found: Vec<Body> = Select::new("select body from events where 1 = 1")
            .within("id", padded(ids))
            .all(tx)?;
        events.extend(found.into_iter().map(|body| body.0));
    }
    events.retain(|event| {
        event
            .audience
            .company()
            .is_none_or(|company| scope.allows(company))
    });
    Ok(events)
}

/// Which of the past events.
#[derive(Debug, Clone)]
pub struct Past {
    /// Of this kind.
    pub kind: Kind,
    /// Since this time.
    pub since: Time,
    /// Before this event.
    pub before: Option<Id>,
    /// For companies of this scope.
    pub scope: Scope,
}

/// Past events, the newest first, at most `limit`.
///
/// # Errors
/// The database's.
pub fn past(tx: &mut Tx<'_>, which: &Past, limit: u32) -> Result<Vec<Event>, Error> {
    // Ids sort by time: the primary key finds the window.
    let first = Id::from_parts(which.since.millis(), [0; 10]);
    let found: Vec<Body> = Select::new("select body from events where 1 = 1")
        .filter("id >= ?", Some(first))
        .filter("id < ?", which.before)
        .filter("kind = ?", Some(which.kind))
        .scope("company_id", &which.scope)
        .push(" order by id desc limit ?", vec![limit.into()])
        .all(tx)?;
    Ok(found.into_iter().map(|body| body.0).collect())
}

/// Events that are for one of these companies, the newest first, at most `limit`: without those that came bundled with
/// others. From each company the first few are read, in the order of its own index, so that what others did costs
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
    let mut found = Vec::new();
    for companies in companies.chunks(PARTS) {
        let parts = companies.iter().map(|company| {
            Select::new("select id, body from events where bundled = 0")
                .filter("company_id = ?", Some(*company))
                .filter("id < ?", before)
                .push(" order by id desc limit ?", vec![limit.into()])
        });
        let first = Select::new("select body from (")
            .union(parts)
            .push(") as e order by id desc limit ?", vec![limit.into()]);
        found.extend(bodies(first.all(tx)?));
    }
    found.sort_unstable_by_key(|event: &Event| std::cmp::Reverse(event.id));
    found.truncate(limit as usize);
    Ok(found)
}

fn bodies(bodies: Vec<Body>) -> Vec<Event> {
    bodies.into_iter().map(|body| body.0).collect()
}

/// One event, if it is for a company of the scope (or for the platform).
///
/// # Errors
/// The database's.
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

/// What a claim's select ends with, so that two nodes never take the same row: nothing on SQLite, where there is
/// one writer.
pub fn skip_locked(tx: &Tx<'_>) -> &'static str {
    if tx.is_postgres() {
        " for update skip locked"
    } else {
        ""
    }
}
