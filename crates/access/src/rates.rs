//! Rate limits: a number at once, then one more each interval.
//!
//! Owns: a table of fixed size, in memory. An entry is found by a keyed hash and never evicted: nobody can flush
//! out another's entry, and a collision only makes two share one limit.
//! Must not: know what is counted.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base::Time;

/// Entries of a table: half a megabyte.
const ENTRIES: usize = 1 << 16;

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
}

impl Rate {
    /// This many per minute, at once or one after another.
    pub(crate) fn a_minute(count: u32) -> Self {
        let count = count.max(1);
        Self {
            burst: count,
            interval: Duration::from_mins(1) / count,
        }
    }
}

/// One counter each (GCRA): the time at which it would be full again. Times are those of [`base::Clock::steady`].
pub(crate) struct Rates {
    whole_at: Mutex<Vec<Time>>,
    hasher: RandomState,
}

/// A counted use.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    at: usize,
    interval: Duration,
}

impl Rates {
    pub(crate) fn new() -> Self {
        Self {
            whole_at: Mutex::new(vec![Time::default(); ENTRIES]),
            hasher: RandomState::new(),
        }
    }

    /// Counts one more for the key.
    ///
    /// # Errors
    /// The time after which the next one is allowed.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of the hash can serve as an index"
    )]
    pub(crate) fn take(&self, key: impl Hash, rate: Rate, now: Time) -> Result<Counted, Duration> {
        let Rate { burst, interval } = rate;
        let at = self.hasher.hash_one(key) as usize % ENTRIES;
        let mut table = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = Counted { at, interval };
        let Some(whole_at) = table.get_mut(at) else {
            return Ok(counted);
        };
        let debt = whole_at.since(now);
        let most = interval.saturating_mul(burst.max(1) - 1);
        if debt > most {
            return Err(debt.saturating_sub(most));
        }
        *whole_at = now.after(debt.saturating_add(interval));
        Ok(counted)
    }

    /// Undoes a count.
    pub(crate) fn give_back(&self, counted: Counted) {
        let mut table = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole_at) = table.get_mut(counted.at) {
            *whole_at = whole_at.before(counted.interval);
        }
    }
}
