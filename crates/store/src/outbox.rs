//! What happened and was not yet planned. A claim lasts for the transaction: one event is planned by one node.

use base::{Event, Id, Scope};

use crate::{Error, FromRow, Row, Select, Tx, params};

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
