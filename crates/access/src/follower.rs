//! Follows access changes of other processes on the same database: another node, or the command line.
//!
//! Owns: how often to poll, how far back, and what is announced when polling fails.
//! Must not: change anything in the database.
//!
//! Rows do not appear in the order of their ids: an id is created before the commit, and by another machine's clock. So
//! each poll reads back over [`READ_BACK`] and skips what was already announced.

use std::time::Duration;

use base::{Id, Time};
use store::Error;

use crate::{Access, AccessChange, changes};

/// How often to poll.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How often to retry while the database does not answer; each attempt is a line in the store's log.
const RETRY: Duration = Duration::from_secs(1);

/// How much later than the time in its id a row may appear: PostgreSQL may take 30 s for the row and 30 s for the commit
/// (`store::Options::answer`), and clocks may be half a minute apart.
const READ_BACK: Duration = Duration::from_secs(90);

/// How long polling may fail before all cached access becomes invalid.
const MAX_FAILING: Duration = Duration::from_mins(1);

/// Announces other processes' changes in this process. Without a running follower they are not noticed, and nothing is cached for
/// [`Access::cached_caller`].
pub struct Follower {
    access: Access,
    /// Up to when everything was announced.
    until: Time,
    /// Whether the last poll failed.
    away: bool,
}

impl Follower {
    /// A follower that misses nothing from now on; create it before anyone depends on access.
    pub fn new(access: Access) -> Self {
        Self {
            until: access.clock().now(),
            access,
            away: false,
        }
    }

    /// Polls until it is dropped.
    pub async fn run(mut self) {
        loop {
            let pause = if self.poll().await { POLL_INTERVAL } else { RETRY };
            self.access.clock().sleep(pause).await;
        }
    }

    /// Polls once and announces new changes; returns whether the database answered. While it does not, [`AccessChange::Unknown`] is
    /// announced once a minute.
    pub async fn poll(&mut self) -> bool {
        let clock = self.access.clock().clone();
        let began = clock.now();
        if began.since(self.until) >= MAX_FAILING {
            self.give_up(began);
        }
        let unannounced = tokio::select! {
            unannounced = self.unannounced() => unannounced,
            () = clock.sleep_until(self.until.after(MAX_FAILING)) => Err(Error::Unavailable),
        };
        let unannounced = match unannounced {
            Ok(unannounced) => unannounced,
            Err(error) => {
                tracing::debug!(%error, "access changes cannot be read");
                return false;
            }
        };
        for (row, changes) in unannounced {
            self.access.announce_row(row, &changes);
        }
        self.until = began;
        self.away = false;
        self.access.caller_cache().confirm(began);
        true
    }

    /// Changes by other processes that were not announced in this one.
    async fn unannounced(&self) -> Result<Vec<(Id, Vec<AccessChange>)>, Error> {
        let (store, since) = (
            self.access.store(),
            self.until.min(self.access.clock().now()).before(READ_BACK),
        );
        let mut rows = store.read(move |tx| changes::since(tx, since)).await?;
        {
            let announced = self.access.announcer().rows();
            rows.retain(|row| !announced.contains(row));
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let read = store.read(move |tx| {
            let read = rows.into_iter().map(|row| Ok((row, changes::read(tx, row)?)));
            read.collect()
        });
        read.await
    }

    /// Gives up on changes until now: all callers are looked up again.
    fn give_up(&mut self, now: Time) {
        if !self.away {
            tracing::warn!("access changes cannot be read: all callers are looked up again");
        }
        self.away = true;
        self.until = now;
        self.access.announce(&[AccessChange::Unknown]);
    }
}
