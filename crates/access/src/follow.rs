//! What other processes on the same database did to access: another node, or the command line beside a server.
//!
//! Owns: how often to look, how far back, and what is said when nobody can look.
//! Must not: change anything in the database.
//!
//! Rows do not appear in the order of their ids: an id is made before the commit, and by another machine's clock. So
//! each look reads back over [`LATE`] and passes over what was told before.

use std::time::Duration;

use base::{Id, Time};
use store::Error;

use crate::{Access, AccessChange, changes};

/// How often to look.
const PAUSE: Duration = Duration::from_millis(250);

/// How often to try while the database does not answer; each time is a line in the store's log.
const RETRY: Duration = Duration::from_secs(1);

/// How much later than the time in its id a row may appear: PostgreSQL may take 30 s for the row and 30 s for the commit
/// (`store::Options::answer`), and clocks may be half a minute apart.
const LATE: Duration = Duration::from_secs(90);

/// How long it may go without a look before nobody's access counts as known any more.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tells this process what others did. Without one running, nothing of theirs is heard, and nothing is kept for
/// [`Access::known_caller`].
pub struct Follower {
    access: Access,
    /// Up to when everything was told.
    until: Time,
    /// Whether that could not be said the last time.
    away: bool,
}

impl Follower {
    /// One that misses nothing from now on; make it before anyone rests on access.
    pub fn new(access: Access) -> Self {
        Self {
            until: access.clock().now(),
            access,
            away: false,
        }
    }

    /// Looks until it is dropped.
    pub async fn run(mut self) {
        loop {
            let pause = if self.look().await { PAUSE } else { RETRY };
            self.access.clock().sleep(pause).await;
        }
    }

    /// Looks once and tells what is new; whether the database answered. While it does not, [`AccessChange::Unknown`] is
    /// told once a minute.
    pub async fn look(&mut self) -> bool {
        let clock = self.access.clock().clone();
        let began = clock.now();
        if began.since(self.until) >= PATIENCE {
            self.give_up(began);
        }
        let news = tokio::select! {
            news = self.news() => news,
            () = clock.sleep_until(self.until.after(PATIENCE)) => Err(Error::Unavailable),
        };
        let news = match news {
            Ok(news) => news,
            Err(error) => {
                tracing::debug!(%error, "changes of access cannot be looked for");
                return false;
            }
        };
        for (row, changes) in news {
            self.access.tell_row(row, &changes);
        }
        self.until = began;
        self.away = false;
        self.access.known().confirm(began);
        true
    }

    /// What others did and this process was not told.
    async fn news(&self) -> Result<Vec<(Id, Vec<AccessChange>)>, Error> {
        let (store, since) = (
            self.access.store(),
            self.until.min(self.access.clock().now()).before(LATE),
        );
        let mut rows = store.read(move |tx| changes::since(tx, since)).await?;
        {
            let told = self.access.told().rows();
            rows.retain(|row| !told.contains(row));
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

    /// Whatever was done up to now, everyone is looked up again.
    fn give_up(&mut self, now: Time) {
        if !self.away {
            tracing::warn!("changes of access are out of reach: everyone is looked up again");
        }
        self.away = true;
        self.until = now;
        self.access.tell(&[AccessChange::Unknown]);
    }
}
