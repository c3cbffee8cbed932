//! Who opened which record, and who read what first: noted in memory by request handlers, recorded and counted in the
//! background (promise A4).
//!
//! Owns: the bounded lists in between. Noting never waits and never fails: what exceeds the limit is dropped and
//! counted.
//! Must not: touch the database.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Id, Severity, Time};

/// How many records may wait, and how many are kept.
const MAX_RECORDS: usize = 10_000;
/// How often kept ones are processed again.
const AGAIN: Duration = Duration::from_secs(15);

/// A person opened a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) user: Id,
    pub(crate) record: Id,
    pub(crate) at: Time,
}

/// Events of one severity that a person was the first to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstRead {
    /// Their severity, if they have one.
    pub severity: Option<Severity>,
    /// The time since the event.
    pub took: Duration,
    /// How many events.
    pub events: u64,
}

/// Called for each first read, in the background: it must be quick.
#[derive(Clone)]
pub struct ReadObserver(Arc<dyn Fn(FirstRead) + Send + Sync>);

impl ReadObserver {
    /// An observer that calls this function.
    pub fn new(notify: impl Fn(FirstRead) + Send + Sync + 'static) -> Self {
        Self(Arc::new(notify))
    }

    pub(crate) fn notify(&self, read: FirstRead) {
        (self.0)(read);
    }
}

impl Default for ReadObserver {
    /// An observer that does nothing.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for ReadObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadObserver")
    }
}

/// People and records, with the first and the latest time at which each was opened.
type Openings = BTreeMap<(Id, Id), (Time, Time)>;

/// What waits to be recorded or counted.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    waiting: Mutex<Openings>,
    /// What was recorded, but may also apply to events that were not planned by then; and when it is processed again.
    kept: Mutex<(Openings, Time)>,
    first: Mutex<Vec<FirstRead>>,
    dropped: AtomicU64,
}

impl Opened {
    /// Notes that a person opened a record: the first and the latest time count while it waits.
    pub(crate) fn note(&self, opening: Opening) {
        self.add(&mut hold(&self.waiting), opening);
    }

    fn add(&self, openings: &mut Openings, opening: Opening) {
        let key = (opening.user, opening.record);
        if openings.len() >= MAX_RECORDS && !openings.contains_key(&key) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (first, latest) = openings.entry(key).or_insert((opening.at, opening.at));
        *first = opening.at.min(*first);
        *latest = opening.at.max(*latest);
    }

    /// Keeps what was recorded, to process it again after a while.
    pub(crate) fn keep(&self, openings: &[Opening], now: Time) {
        let mut kept = hold(&self.kept);
        if kept.0.is_empty() {
            kept.1 = now.after(AGAIN);
        }
        for opening in openings {
            self.add(&mut kept.0, *opening);
        }
    }

    /// Moves what is kept to the waiting list again, if it is time.
    pub(crate) fn again(&self, now: Time) {
        let mut kept = hold(&self.kept);
        if kept.1 > now {
            return;
        }
        let openings = std::mem::take(&mut kept.0);
        drop(kept);
        for ((user, record), (first, latest)) in openings {
            self.note(Opening {
                user,
                record,
                at: first,
            });
            self.note(Opening {
                user,
                record,
                at: latest,
            });
        }
    }

    /// Takes what waits of some records.
    pub(crate) fn take(&self, limit: usize) -> Vec<Opening> {
        let mut waiting = hold(&self.waiting);
        let mut taken = Vec::new();
        for _ in 0..limit {
            let Some(((user, record), (first, latest))) = waiting.pop_first() else {
                break;
            };
            taken.push(Opening {
                user,
                record,
                at: first,
            });
            if latest > first {
                taken.push(Opening {
                    user,
                    record,
                    at: latest,
                });
            }
        }
        taken
    }

    /// Puts back what could not be recorded yet.
    pub(crate) fn give_back(&self, openings: &[Opening]) {
        for opening in openings {
            self.note(*opening);
        }
    }

    /// What could never be recorded.
    pub(crate) fn drop_all(&self, openings: &[Opening]) {
        let count = u64::try_from(openings.len()).unwrap_or_default();
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// How many openings were dropped since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// First reads that are to be counted.
    pub(crate) fn count(&self, reads: Vec<FirstRead>) {
        let mut first = hold(&self.first);
        let room = MAX_RECORDS.saturating_sub(first.len());
        first.extend(reads.into_iter().take(room));
    }

    /// Takes those that are to be counted.
    pub(crate) fn counted(&self) -> Vec<FirstRead> {
        std::mem::take(&mut *hold(&self.first))
    }
}

fn hold<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: A4
    #[test]
    fn a_full_list_drops_and_counts_new_records_and_keeps_first_and_latest_times_of_known_ones() {
        let id = |number: usize| Id::from_parts(u64::try_from(number).unwrap(), [1; 10]);
        let opening = |number, at| Opening {
            user: id(1),
            record: id(number),
            at: Time::from_nanos(at),
        };
        let opened = Opened::default();
        for number in 0..MAX_RECORDS + 5 {
            opened.note(opening(number, 1));
        }
        for at in [3, 2] {
            opened.note(opening(3, at));
        }
        assert_eq!(opened.dropped(), 5);
        let first = opened.take(4);
        assert_eq!(first[..4], [0, 1, 2, 3].map(|number| opening(number, 1)));
        assert_eq!(first[4..], [opening(3, 3)]);
        opened.give_back(&first);
        assert_eq!(opened.take(MAX_RECORDS * 2).len(), MAX_RECORDS + 1);
        assert!(opened.take(1).is_empty());
        // What is kept waits again when it is time, and not before.
        opened.keep(&first, Time::from_nanos(5));
        opened.again(Time::from_nanos(6));
        assert!(opened.take(1).is_empty());
        opened.again(Time::from_nanos(5).after(AGAIN));
        assert_eq!(opened.take(MAX_RECORDS), first);
    }
}
