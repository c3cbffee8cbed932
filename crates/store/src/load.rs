//! How many writes are waiting, and for how long.
//!
//! Owns: counting writes from request to completion. Must not: delay one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The waiting and running writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// How many writes wait for their turn.
    pub waiting: usize,
    /// For how long the first of them has waited.
    pub waited: Duration,
    /// For how long the current transaction has run; the first one if several.
    pub running: Duration,
    /// Whether writes run one after another, so that a long one delays all others.
    pub single: bool,
}

impl Load {
    /// For how long no other write could begin.
    pub fn blocked(&self) -> Duration {
        if self.single {
            self.waited.max(self.running)
        } else {
            self.waited
        }
    }
}

/// Counts writes. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    next: u64,
    waiting: BTreeMap<u64, Instant>,
    running: BTreeMap<u64, Instant>,
}

impl Meter {
    /// A write that waits from now on.
    pub(crate) fn enter(&self) -> Ticket {
        let mut counts = self.lock();
        let number = counts.next;
        counts.next += 1;
        counts.waiting.insert(number, Instant::now());
        Ticket {
            meter: self.clone(),
            number,
        }
    }

    pub(crate) fn load(&self, single: bool) -> Load {
        let counts = self.lock();
        let first = |of: &BTreeMap<u64, Instant>| {
            let since = of.first_key_value().map(|(_, since)| since.elapsed());
            since.unwrap_or_default()
        };
        Load {
            waiting: counts.waiting.len(),
            waited: first(&counts.waiting),
            running: first(&counts.running),
            single,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One write. It is complete when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    meter: Meter,
    number: u64,
}

impl Ticket {
    /// Its turn has come.
    pub(crate) fn begin(&self) {
        let mut counts = self.meter.lock();
        counts.waiting.remove(&self.number);
        counts.running.insert(self.number, Instant::now());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.meter.lock();
        counts.waiting.remove(&self.number);
        counts.running.remove(&self.number);
    }
}
