//! What this process is sending: it never recovers these as if they had been abandoned, however long it was suspended
//! or whatever the clock says.
//!
//! Owns: the list, in memory. Must not: know what other nodes send; their leases show that.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Id, Time};

/// The deliveries that this process has in flight. Clones share the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<Id>>>);

/// A delivery on the list, from its claim until its outcome is recorded or given up; dropping it takes it off the list.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    all: InFlight,
    id: Id,
    /// Since when, on the monotonic clock.
    since: Time,
}

impl InFlight {
    /// Puts a delivery on the list: in the transaction that claims it, so that nothing can look in between.
    pub(crate) fn add(&self, id: Id, steady: Time) -> Arc<InFlightGuard> {
        self.lock().insert(id);
        Arc::new(InFlightGuard {
            all: self.clone(),
            id,
            since: steady,
        })
    }

    pub(super) fn contains(&self, id: Id) -> bool {
        self.lock().contains(&id)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Id>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlightGuard {
    /// Since when it is in flight, on the monotonic clock.
    pub(crate) const fn since(&self) -> Time {
        self.since
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: L5
    #[test]
    fn an_entry_is_listed_until_its_last_copy_is_dropped() {
        let (all, id) = (InFlight::default(), base::Clock::system().id());
        let held = all.add(id, Time::default());
        let copy = Arc::clone(&held);
        drop(held);
        assert!(all.contains(id));
        drop(copy);
        assert_eq!((all.contains(id), all.count()), (false, 0));
    }
}
