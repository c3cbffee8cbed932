//! Shows that this node is alive, and notices which others are not.
//!
//! Owns: how often. Must not: know what a node that ended leaves behind.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Id, Throttle};
use store::Store;

use crate::{
    table::{self, Beat, Node},
    watch::Watch,
};

/// How often a node among several shows that it is alive, and looks at the others: several times before it counts as ended.
const INTERVAL: Duration = Duration::from_secs(3);
/// How often a node does that has no others.
const ALONE: Duration = Duration::from_mins(1);
/// How many heartbeats it takes until old rows are removed again.
const ROUNDS: u32 = 1_000;

/// The nodes on a database, as one of them sees them. Clones share it.
#[derive(Clone)]
pub struct Nodes(Arc<Inner>);

struct Inner {
    store: Store,
    own: Node,
    watch: Mutex<Watch>,
}

/// A node and whether it is alive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) beat: Beat,
    pub(crate) alive: bool,
}

impl Nodes {
    /// The nodes on this database, of which this process is one.
    pub fn new(store: Store, own: Node) -> Self {
        Self(Arc::new(Inner {
            store,
            own,
            watch: Mutex::default(),
        }))
    }

    /// This process.
    pub fn own(&self) -> &Node {
        &self.0.own
    }

    /// Shows that this node is alive until the future is dropped. `ended` is called with each node that is not,
    /// once per death.
    pub async fn run(self, shared: bool, mut ended: impl FnMut(Id)) {
        let clock = self.0.store.clock().clone();
        let interval = if shared { INTERVAL } else { ALONE };
        let logged = Throttle::new();
        let mut round = 0_u32;
        loop {
            match self.beat(round.is_multiple_of(ROUNDS)).await {
                Ok(lost) => {
                    for node in lost {
                        tracing::warn!(%node, "a node has ended or is suspended: its work is taken over");
                        ended(node);
                    }
                }
                Err(error) => {
                    if let Some(times) = logged.due() {
                        tracing::warn!(%error, times, "this node cannot show that it is alive");
                    }
                }
            }
            round = round.wrapping_add(1);
            clock.sleep(interval).await;
        }
    }

    /// One heartbeat and one look; returns the others that have ended since the last one.
    ///
    /// # Errors
    /// The database's.
    pub async fn beat(&self, forget: bool) -> Result<Vec<Id>, store::Error> {
        let own = self.0.own.clone();
        let rows = self.0.store.write(move |tx| {
            table::beat(tx, &own)?;
            if forget {
                table::forget(tx)?;
            }
            table::all(tx)
        });
        let rows = rows.await?;
        let seen: Vec<_> = rows
            .iter()
            .filter(|row| row.node.id != self.0.own.id)
            .map(|row| (row.node.id, row.node.run, row.beats))
            .collect();
        let now = self.0.store.clock().steady();
        Ok(self.watch().look(&seen, now))
    }

    /// Removes this node from the table: it stops in order.
    pub async fn leave(&self) {
        let own = self.0.own.clone();
        let left = self.0.store.write(move |tx| table::end(tx, &own)).await;
        if let Err(error) = left {
            tracing::debug!(%error, "this node stays in the table of nodes");
        }
    }

    /// The name of this database on a line that other databases use too.
    ///
    /// # Errors
    /// The database's.
    pub async fn line_name(&self) -> Result<Id, store::Error> {
        let new = self.0.store.clock().id();
        self.0.store.write(move |tx| table::line_name(tx, new)).await
    }

    /// Every node, and whether it is alive.
    pub(crate) async fn members(&self) -> Result<Vec<Member>, store::Error> {
        let rows = self.0.store.read(table::all).await?;
        let watch = self.watch();
        let members = rows.into_iter().map(|beat| Member {
            alive: !watch.has_ended(beat.node.id),
            beat,
        });
        Ok(members.collect())
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.0.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
