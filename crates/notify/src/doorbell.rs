//! What wakes the engine.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
    forward: OnceLock<Forward>,
    /// Nodes that ended, whose deliveries are to be taken over.
    ended: Mutex<Vec<Arc<str>>>,
}

/// Why the doorbell rang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ring {
    /// There may be something to plan or send.
    Work,
    /// The pause that these destinations asked for ends.
    Resume(Vec<String>),
    /// The same for all destinations.
    ResumeAll,
}

/// Passes a ring on to other nodes.
struct Forward(Box<dyn Fn(Ring) + Send + Sync>);

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forward")
    }
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
        self.pass_on(Ring::Work);
    }

    /// Passes on each ring of this doorbell, so that the engines of other nodes look as well. Only the first call has an effect.
    pub fn forward(&self, forward: impl Fn(Ring) + Send + Sync + 'static) {
        let _ = self.0.forward.set(Forward(Box::new(forward)));
    }

    /// The doorbell of another node rang.
    pub fn rang_elsewhere(&self, ring: Ring) {
        match ring {
            Ring::Work => {}
            Ring::Resume(keys) => {
                let keys = keys.iter().map(|key| Key::stored(key));
                self.0.unpaused().keys.extend(keys);
            }
            Ring::ResumeAll => self.0.unpaused().all = true,
        }
        self.0.check.store(true, Ordering::Release);
        self.0.planner.notify_one();
        self.0.dispatcher.notify_one();
    }

    /// This node has ended, or is suspended: what it had in flight is taken over.
    pub fn node_ended(&self, node: &str) {
        self.0.ended().push(node.into());
        self.rang_elsewhere(Ring::Work);
    }

    fn pass_on(&self, ring: Ring) {
        if let Some(Forward(forward)) = self.0.forward.get() {
            forward(ring.clone());
        }
        self.rang_elsewhere(ring);
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

    /// The same, and the pause that these destinations asked for ends.
    pub(crate) fn end_pause(&self, keys: &[Key]) {
        let keys = keys.iter().map(|key| key.as_str().to_owned());
        self.pass_on(Ring::Resume(keys.collect()));
    }

    /// The same for all destinations.
    pub(crate) fn end_all_pauses(&self) {
        self.pass_on(Ring::ResumeAll);
    }
}

impl DoorbellSignals {
    pub(crate) fn ended(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn unpaused(&self) -> MutexGuard<'_, Unpaused> {
        self.unpaused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
