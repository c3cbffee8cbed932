//! The table of nodes.
//!
//! Owns: its rows. Must not: decide which node is alive: a time in a row is that of the node's clock.

use std::time::Duration;

use base::{Id, Time};
use store::{Error, FromRow, MigrationSet, Row, Tx, params};

/// The table of nodes.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    owner: "nodes",
    steps: &[
        ("0001-nodes", include_str!("../migrations/0001-nodes.sql")),
        ("0002-line-name", include_str!("../migrations/0002-line-name.sql")),
    ],
};

/// How long the row of a node is kept after it was last seen.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// A node, as it describes itself.
#[derive(Debug, Clone)]
pub struct Node {
    /// The same after a restart.
    pub id: Id,
    /// Another one after each start.
    pub run: Id,
    /// The name of its machine.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When it started.
    pub since: Time,
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    pub(crate) node: Node,
    pub(crate) seen_at: Time,
    pub(crate) beats: u64,
}

impl FromRow for Beat {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            node: Node {
                id: row.get(0)?,
                run: row.get(1)?,
                name: row.get(2)?,
                version: row.get(3)?,
                since: row.get(4)?,
            },
            seen_at: row.get(5)?,
            beats: row.get(6)?,
        })
    }
}

const BEAT: &str = "insert into nodes (id, run, name, version, started_at, seen_at, beats) values ($1, $2, $3, $4, $5, $6, 1) \
     on conflict (id) do update set run = excluded.run, name = excluded.name, version = excluded.version, \
     started_at = excluded.started_at, seen_at = excluded.seen_at, beats = nodes.beats + 1";

/// Records that this node is alive.
pub(crate) fn beat(tx: &mut Tx<'_>, node: &Node) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(
        BEAT,
        params![node.id, node.run, &*node.name, &*node.version, node.since, now],
    )
    .map(drop)
}

const ALL: &str =
    "select id, run, name, version, started_at, seen_at, beats from nodes order by started_at, id";

/// Every node that was seen lately.
pub(crate) fn all(tx: &mut Tx<'_>) -> Result<Vec<Beat>, Error> {
    tx.readable("node", ALL, &[])
}

const END: &str = "delete from nodes where id = $1 and run = $2";

/// Removes the row of a node that stops.
pub(crate) fn end(tx: &mut Tx<'_>, node: &Node) -> Result<(), Error> {
    tx.execute(END, params![node.id, node.run]).map(drop)
}

const FORGET: &str = "delete from nodes where seen_at < $1";

/// Removes the rows of nodes that will not come back.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<(), Error> {
    let before = tx.now().before(KEPT);
    tx.execute(FORGET, params![before]).map(drop)
}

const NAME: &str = "insert into line_name (one, name) values (1, $1) on conflict (one) do nothing";
const NAMED: &str = "select name from line_name where one = 1";

/// The name of this database on a line that other databases use too: `new` if it has none yet.
pub(crate) fn line_name(tx: &mut Tx<'_>, new: Id) -> Result<Id, Error> {
    tx.execute(NAME, params![new])?;
    let named = tx.one::<(Id,)>(NAMED, &[])?;
    Ok(named.map_or(new, |(name,)| name))
}

#[cfg(test)]
mod tests {
    use base::Clock;
    use store::testing;

    use super::*;

    #[tokio::test]
    async fn a_database_keeps_the_name_that_it_got_first() {
        let clock = Clock::system();
        let (first, second) = (clock.id(), clock.id());
        for (database, store) in testing::stores_with(clock, &[store::MIGRATIONS, MIGRATIONS]).await {
            for new in [first, second] {
                let named = store.write(move |tx| line_name(tx, new)).await;
                assert_eq!(named.unwrap(), first, "{database}");
            }
        }
    }
}
