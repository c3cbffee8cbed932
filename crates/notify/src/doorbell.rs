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

/// Wakes the engine: for whoever put something into its tables, or heard that another node did.
#[derive(Debug, Clone, Default)]
pub struct Doorbell(pub(crate) Arc<Bells>);

/// What rings in the engine.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    pub(crate) planner: Notify,
    pub(crate) dispatcher: Notify,
    pub(crate) reader: Notify,
    /// Who opened what, and who read what first.
    pub(crate) opened: Opened,
    /// Whether the dispatcher is to look into the table again.
    pub(crate) look: AtomicBool,
    /// Which destinations that asked for silence are to be spoken to again.
    heard: Mutex<Heard>,
}

/// Destinations whose silence is over.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) all: bool,
    pub(crate) keys: Vec<Key>,
}

impl Doorbell {
    /// A doorbell nobody has rung.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something may have to be planned or sent.
    pub fn ring(&self) {
        self.0.look.store(true, Ordering::Release);
        self.0.planner.notify_one();
        self.0.dispatcher.notify_one();
    }

    /// A person opened this record in a session (promise A4). It never waits: this is written down in the background,
    /// and what does not fit is dropped and counted.
    pub fn opened(&self, user: Id, record: Id, at: Time) {
        self.0.opened.note(Opening { user, record, at });
        self.0.reader.notify_one();
    }

    /// How many openings were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.0.opened.dropped()
    }

    /// These were read, by a change that is committed.
    pub(crate) fn read(&self, first: Vec<FirstRead>) {
        self.0.opened.count(first);
        self.0.reader.notify_one();
    }

    /// The same, and the silence that these destinations asked for is over, on this node.
    pub(crate) fn end_silence(&self, keys: Vec<Key>) {
        self.0.heard().keys.extend(keys);
        self.ring();
    }

    /// The same of all destinations.
    pub(crate) fn end_all_silence(&self) {
        self.0.heard().all = true;
        self.ring();
    }
}

impl Bells {
    pub(crate) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
