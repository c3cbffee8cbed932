//! The imports of this process: it never takes one of them for interrupted, whatever the clock says, and ends them when
//! it stops.
//!
//! Owns: the list, in memory. Must not: know about other nodes; the leases do.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::Refused;

use base::Id;
use tokio::sync::watch;

/// How long an import may take to release its leases.
const LAST: Duration = Duration::from_secs(3);

/// The scans into which this process imports. Clones share the list.
#[derive(Clone)]
pub(crate) struct Running(Arc<Inner>);

struct Inner {
    scans: Mutex<HashSet<Id>>,
    stopping: watch::Sender<bool>,
    /// Counts ended imports, for waiting until the last one.
    ended: watch::Sender<u64>,
}

/// One of them, until it is dropped.
pub(super) struct Registration {
    all: Running,
    scan: Id,
}

impl Default for Running {
    fn default() -> Self {
        Self(Arc::new(Inner {
            scans: Mutex::default(),
            stopping: watch::Sender::new(false),
            ended: watch::Sender::new(0),
        }))
    }
}

impl Running {
    /// Adds a scan to the list: in the transaction that takes its leases, so that no check falls in between.
    pub(super) fn begin(&self, scan: Id) -> Registration {
        self.scans().insert(scan);
        Registration {
            all: self.clone(),
            scan,
        }
    }

    pub(super) fn holds(&self, scan: Id) -> bool {
        self.scans().contains(&scan)
    }

    /// Checked before each step of an import.
    ///
    /// # Errors
    /// 503 once the server stops.
    pub(super) fn check(&self) -> Result<(), Refused> {
        if *self.0.stopping.borrow() {
            return Err(stopped());
        }
        Ok(())
    }

    /// Returns once the server stops.
    pub(super) async fn stops(&self) {
        // The sender is in `self`.
        let _ = self.0.stopping.subscribe().wait_for(|stops| *stops).await;
    }

    /// Ends those that take longer than `grace`, and any that would begin from then on. Returns when the last one has
    /// released its leases.
    pub(super) async fn stop(&self, grace: Duration) {
        let idle = || async {
            let mut ended = self.0.ended.subscribe();
            let _ = ended.wait_for(|_| self.scans().is_empty()).await;
        };
        let _ = tokio::time::timeout(grace, idle()).await;
        self.0.stopping.send_replace(true);
        if tokio::time::timeout(LAST, idle()).await.is_err() {
            tracing::warn!("imports were interrupted: their targets are free when their leases expire");
        }
    }

    fn scans(&self) -> MutexGuard<'_, HashSet<Id>> {
        self.0.scans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.all.scans().remove(&self.scan);
        self.all.0.ended.send_modify(|ended| *ended += 1);
    }
}

/// The problem for an import that is ended because the server stops.
pub(super) fn stopped() -> Refused {
    Refused::interrupted("The server was stopped during the import. Import the report again.")
}
