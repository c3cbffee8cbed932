//! Who may use a connection: a bounded number at once, of which long reads take a part only. Requesters take turns, and none
//! has all of them; while others ask too, each has a part only, because those under way slow each other down.
//!
//! Owns: how long anybody waits for one. Must not: hold a connection.

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

/// How long a long read waits for its turn before it hears that there are too many.
const LONG: Duration = Duration::from_secs(10);
/// One connection in so many serves long reads, and one requester while others ask too.
const PART: usize = 4;
/// For how long a requester counts as one that asks.
const RECENT: Duration = Duration::from_millis(500);

/// How long what needs a connection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A few rows by an index, or a change.
    Moment,
    /// Possibly seconds: it reads all there is of something.
    Long,
}

/// A place among those that use a connection.
pub(crate) struct Place {
    _connection: OwnedSemaphorePermit,
    /// The server itself needs none.
    _turn: Option<Turn<Requester>>,
    _long: Option<Turn<Requester>>,
}

/// The turns of requesters, and how many of them one has at once: while nobody else asks, and while others do.
struct Part {
    turns: Turns<Requester>,
    alone: usize,
    beside: usize,
}

impl Part {
    fn new(at_once: usize, alone: usize, beside: usize) -> Self {
        Self {
            turns: Turns::new(Bounds {
                at_once,
                each: alone,
                waiting: usize::MAX,
                waiting_in_all: usize::MAX,
            }),
            alone: alone.max(1),
            beside: beside.max(1),
        }
    }

    async fn turn(
        &self,
        requester: Requester,
        is_shared: bool,
        patience: Duration,
    ) -> Option<Turn<Requester>> {
        self.turns
            .set_each(if is_shared { self.beside } else { self.alone });
        timeout(patience, self.turns.wait(requester)).await.ok()?.ok()
    }
}

pub(crate) struct Shares {
    /// One permit per connection; to close is to have them all.
    connections: Arc<Semaphore>,
    count: u32,
    all: Part,
    long: Part,
    asked: Mutex<Asked>,
    /// How long anybody waits for a connection, and a long read for its turn.
    patience: (Duration, Duration),
}

impl Shares {
    /// So many connections, for one of which anybody waits so long.
    pub(crate) fn new(connections: usize, patience: Duration) -> Self {
        let long = (connections / PART).max(1);
        Self {
            connections: Arc::new(Semaphore::new(connections)),
            count: u32::try_from(connections).unwrap_or(1),
            all: Part::new(
                connections,
                connections - connections / PART,
                connections / SHARED,
            ),
            long: Part::new(long, long, long / 2),
            asked: Mutex::default(),
            patience: (patience, LONG),
        }
    }

    /// A place, as soon as there is one.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many long reads wait, [`Error::Unavailable`] where no connection becomes free.
    pub(crate) async fn take(&self, takes: Takes) -> Result<Place, Error> {
        let requester = Requester::current();
        let is_shared = self.asks(requester);
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

    /// Notes who asks; whether more than one requester has asked of late.
    fn asks(&self, requester: Requester) -> bool {
        if requester != Requester::Server {
            self.asked().note(requester, Instant::now());
        }
        self.is_shared()
    }

    /// Whether more than one requester has asked of late.
    pub(crate) fn is_shared(&self) -> bool {
        let before = self.asked().before;
        before.is_some_and(|(_, at)| at.elapsed() < RECENT)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for those under way, then lets nobody in.
    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.connections.acquire_many(self.count).await {
            permits.forget();
        }
        self.connections.close();
    }
}

/// The requester that asked last, and the one that asked last before it.
#[derive(Default)]
struct Asked {
    last: Option<(Requester, Instant)>,
    before: Option<(Requester, Instant)>,
}

impl Asked {
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
    async fn nobody_waits_for_ever_and_long_reads_take_their_part_only() {
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
    async fn while_others_ask_a_requester_has_a_part() {
        let of = |number: u8| Requester::Of(base::Id::from_bytes([number; 16]));
        let shares = Shares::new(8, Duration::ZERO);
        let take = async |number| of(number).scope(shares.take(Takes::Moment)).await;
        let mut busy = Vec::new();
        for _ in 0..6 {
            busy.push(take(1).await.unwrap());
        }
        assert_eq!(take(1).await.err(), Some(Error::Unavailable));
        let other = take(2).await.unwrap();
        busy.truncate(1);
        assert_eq!(
            take(1).await.err(),
            Some(Error::Unavailable),
            "one is its part now"
        );
        drop(other);
        busy.pop();
        busy.push(take(1).await.unwrap());
        assert_eq!(
            take(1).await.err(),
            Some(Error::Unavailable),
            "the other may ask again"
        );
        tokio::time::sleep(RECENT).await;
        let more = [take(1).await, take(1).await];
        assert!(more.iter().all(Result::is_ok), "nobody else asks any more");
    }
}
