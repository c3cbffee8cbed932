//! Shares the connections: a limited number is in use at once, long reads use a part of them only. Requesters take turns, and
//! none uses all of them; while several are active, each uses a quarter, because concurrent work slows all of it down.
//!
//! Owns: how long a caller waits for a connection. Must not: hold a connection.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base::{Bounds, Turn, Turns};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, requester::Requester};

/// How long a long read waits for its turn before it is refused.
const LONG: Duration = Duration::from_secs(10);
/// Long reads use one of this many connections, and so does a requester while others are active.
const PART: usize = 4;
/// How long a requester counts as active after a call.
const RECENT: Duration = Duration::from_millis(500);

/// How long a connection is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A few rows by index, or a change.
    Moment,
    /// Possibly seconds: all rows of something.
    Long,
}

/// Permission to use a connection.
pub(crate) struct Place {
    _connection: OwnedSemaphorePermit,
    /// None for the server itself.
    _turn: Option<Turn<Requester>>,
    _long: Option<Turn<Requester>>,
}

/// The turns of requesters, and how many each has at once: while it is the only active one, and while others are.
struct Part {
    turns: Turns<Requester>,
    alone: usize,
    shared: usize,
}

impl Part {
    fn new(at_once: usize, alone: usize, shared: usize) -> Self {
        Self {
            turns: Turns::new(Bounds {
                at_once,
                each: alone,
                waiting: usize::MAX,
                waiting_in_all: usize::MAX,
            }),
            alone: alone.max(1),
            shared: shared.max(1),
        }
    }

    async fn turn(
        &self,
        requester: Requester,
        is_shared: bool,
        patience: Duration,
    ) -> Option<Turn<Requester>> {
        self.turns
            .set_each(if is_shared { self.shared } else { self.alone });
        timeout(patience, self.turns.wait(requester)).await.ok()?.ok()
    }
}

pub(crate) struct Shares {
    /// One permit per connection; closing takes all of them.
    connections: Arc<Semaphore>,
    count: u32,
    all: Part,
    long: Part,
    active: Mutex<Active>,
    /// How long a caller waits for a connection, and a long read for its turn.
    patience: (Duration, Duration),
    /// How long a requester counts as active after a call.
    recent: Duration,
}

impl Shares {
    /// This many connections; a caller waits at most this long.
    pub(crate) fn new(connections: usize, patience: Duration) -> Self {
        let long = (connections / PART).max(1);
        Self {
            connections: Arc::new(Semaphore::new(connections)),
            count: u32::try_from(connections).unwrap_or(1),
            all: Part::new(connections, connections - connections / PART, connections / PART),
            long: Part::new(long, long, long / 2),
            active: Mutex::default(),
            patience: (patience, LONG),
            recent: RECENT,
        }
    }

    /// Waits for permission.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many long reads wait, [`Error::Unavailable`] if no connection becomes free.
    pub(crate) async fn take(&self, takes: Takes) -> Result<Place, Error> {
        let requester = Requester::current();
        let is_shared = self.note(requester);
        let long = match takes {
            Takes::Moment => None,
            Takes::Long => {
                let turn = self.long.turn(requester, is_shared, self.patience.1).await;
                Some(turn.ok_or(Error::Busy)?)
            }
        };
        let turn = if requester == Requester::Server {
            None
        } else {
            let turn = self.all.turn(requester, is_shared, self.patience.0).await;
            Some(turn.ok_or(Error::Unavailable)?)
        };
        Ok(Place {
            _connection: permit(&self.connections, self.patience.0).await?,
            _turn: turn,
            _long: long,
        })
    }

    /// Notes an active requester; returns whether more than one is active.
    fn note(&self, requester: Requester) -> bool {
        if requester != Requester::Server {
            self.active().note(requester, Instant::now());
        }
        self.is_shared()
    }

    /// Whether more than one requester is active.
    pub(crate) fn is_shared(&self) -> bool {
        let before = self.active().before;
        before.is_some_and(|(_, at)| at.elapsed() < self.recent)
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the connections in use, then grants none.
    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.connections.acquire_many(self.count).await {
            permits.forget();
        }
        self.connections.close();
    }
}

/// The two requesters that called last.
#[derive(Default)]
struct Active {
    last: Option<(Requester, Instant)>,
    before: Option<(Requester, Instant)>,
}

impl Active {
    fn note(&mut self, requester: Requester, now: Instant) {
        if self.last.is_some_and(|(last, _)| last != requester) {
            self.before = self.last;
        }
        self.last = Some((requester, now));
    }
}

async fn permit(of: &Arc<Semaphore>, patience: Duration) -> Result<OwnedSemaphorePermit, Error> {
    timeout(patience, Arc::clone(of).acquire_owned())
        .await
        .map_err(|_| Error::Unavailable)?
        .map_err(|_| Error::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: U3
    #[tokio::test]
    async fn waits_are_limited_and_long_reads_use_a_quarter() {
        let mut shares = Shares::new(8, Duration::ZERO);
        shares.patience.1 = Duration::ZERO;
        let take = async |takes| {
            shares.take(takes).await.map(Some).or_else(|error| match error {
                Error::Busy | Error::Unavailable => Err(error),
                _ => Ok(None),
            })
        };
        let long = [take(Takes::Long).await, take(Takes::Long).await];
        assert!(long.iter().all(Result::is_ok));
        assert_eq!(take(Takes::Long).await.err(), Some(Error::Busy));
        let mut short = Vec::new();
        for _ in 0..6 {
            short.push(Requester::Stranger.scope(take(Takes::Moment)).await.unwrap());
        }
        let more = Requester::Stranger.scope(take(Takes::Moment)).await;
        assert_eq!(
            more.err(),
            Some(Error::Unavailable),
            "no requester has all of them"
        );
        assert_eq!(take(Takes::Moment).await.err(), Some(Error::Unavailable));
        drop(long);
        assert!(take(Takes::Moment).await.is_ok());
    }

    // promise: U3
    #[tokio::test]
    async fn while_others_are_active_a_requester_has_a_quarter() {
        let of = |number: u8| Requester::Of(base::Id::from_bytes([number; 16]));
        let mut shares = Shares::new(8, Duration::ZERO);
        shares.recent = Duration::MAX;
        let take = async |shares: &Shares, number| of(number).scope(shares.take(Takes::Moment)).await;
        let mut busy = Vec::new();
        for _ in 0..6 {
            busy.push(take(&shares, 1).await.unwrap());
        }
        assert_eq!(take(&shares, 1).await.err(), Some(Error::Unavailable));
        let other = take(&shares, 2).await.unwrap();
        busy.truncate(2);
        assert_eq!(
            take(&shares, 1).await.err(),
            Some(Error::Unavailable),
            "two are its part now"
        );
        drop(other);
        busy.pop();
        busy.push(take(&shares, 1).await.unwrap());
        assert_eq!(
            take(&shares, 1).await.err(),
            Some(Error::Unavailable),
            "the other is still active"
        );
        shares.recent = Duration::ZERO;
        let more = [take(&shares, 1).await, take(&shares, 1).await];
        assert!(more.iter().all(Result::is_ok), "the other is no longer active");
    }
}
