//! What wakes the engine.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use base::{Id, Time};
use tokio::sync::Notify;

use crate::{
    opened::{FirstRead, Opened, Opening},
    target::Key,
};

/// Wakes the engine: for code that put something into its tables, or learned that another node did.
#[derive(Debug, Clone, Default)]
pub struct Doorbell(pub(crate) Arc<DoorbellSignals>);

/// The engine's side of the doorbell.
#[derive(Debug, Default)]
pub(crate) struct DoorbellSignals {
    pub(crate) planner: Notify,
    pub(crate) dispatcher: Notify,
    pub(crate) reader: Notify,
    /// Who opened what, and who read what first.
    pub(crate) opened: Opened,
    /// Whether the dispatcher should look into the table again.
    pub(crate) check: AtomicBool,
    /// Which pauses that destinations asked for should end.
    unpaused: Mutex<Unpaused>,
}

/// Destinations whose pause ends.
#[derive(Debug, Default)]
pub(crate) struct Unpaused {
    pub(crate) all: bool,
    pub(crate) keys: Vec<Key>,
}

impl Doorbell {
    /// A doorbell that was not rung.
    pub fn new() -> Self {
        Self::default()
    }

    /// There may be something to plan or send.
    pub fn ring(&self) {
        self.0.check.store(true, Ordering::Release);
        self.0.planner.notify_one();
        self.0.dispatcher.notify_one();
    }

    /// A person opened this record in a session (promise A4). It never waits: this is recorded in the background; what
    /// exceeds the limit is dropped and counted.
    pub fn opened(&self, user: Id, record: Id, at: Time) {
        self.0.opened.note(Opening { user, record, at });
        self.0.reader.notify_one();
    }

    /// How many openings were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.0.opened.dropped()
    }

    /// These were read, in a committed change.
    pub(crate) fn read(&self, first: Vec<FirstRead>) {
        self.0.opened.count(first);
        self.0.reader.notify_one();
    }

    /// The same, and the pause that these destinations asked for ends, on this node.
    pub(crate) fn end_pause(&self, keys: Vec<Key>) {
        self.0.unpaused().keys.extend(keys);
        self.ring();
    }

    /// The same for all destinations.
    pub(crate) fn end_all_pauses(&self) {
        self.0.unpaused().all = true;
        self.ring();
    }
}

impl DoorbellSignals {
    pub(crate) fn unpaused(&self) -> MutexGuard<'_, Unpaused> {
        self.unpaused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
