//! Turns: expensive work is done one at a time per user and per company.
//!
//! Owns: who waits for whom. Must not: delay anyone else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use base::Id;
use tokio::sync::OwnedMutexGuard;

/// Turns by the ids of users and companies. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<BTreeMap<Id, Arc<tokio::sync::Mutex<()>>>>>);

/// A turn; the next one begins when it is dropped.
pub(crate) struct Turn(#[expect(dead_code, reason = "held")] Vec<OwnedMutexGuard<()>>);

impl Turns {
    /// Waits until no other turn has one of these keys, in the order of the requests.
    pub(crate) async fn take(&self, keys: BTreeSet<Id>) -> Turn {
        let mut held = Vec::with_capacity(keys.len());
        // In the order of the ids, to avoid deadlocks.
        for key in keys {
            let lock = {
                let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                locks.retain(|_, lock| Arc::strong_count(lock) > 1);
                Arc::clone(locks.entry(key).or_default())
            };
            held.push(lock.lock_owned().await);
        }
        Turn(held)
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    // promise: U3
    #[tokio::test]
    async fn one_at_a_time_per_key_and_nothing_is_kept() {
        let (clock, turns) = (Clock::system(), Turns::default());
        let (one, other) = (clock.id(), clock.id());
        let first = turns.take(BTreeSet::from([one])).await;
        let elsewhere = turns.take(BTreeSet::from([other])).await;
        drop(elsewhere);
        let waits = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(BTreeSet::from([one, other])).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(first);
        drop(waits.await.unwrap());
        drop(turns.take(BTreeSet::from([clock.id()])).await);
        assert!(turns.0.lock().unwrap().len() <= 1);
    }
}
