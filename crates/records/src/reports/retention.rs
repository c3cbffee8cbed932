//! Deletes the files of old reports; their records are kept.
//!
//! Owns: which are old, and deleting them in small portions. Must not: occupy the writer for long: a file may have 175
//! MB.

use std::time::Duration;

use crate::Refused;

use base::{Id, Scope, Time};
use store::{Store, params};

use super::{change, list, report::Status};

/// How often it checks for old ones.
const INTERVAL: Duration = Duration::from_hours(1);

/// How many reports are read at a time.
const REPORTS: u32 = 100;

/// Deletes the files of old reports.
pub struct Retention {
    store: Store,
    after: Duration,
}

const OLD: &str =
    "select id from reports where status = 'ready' and finished_at <= $1 order by finished_at limit $2";
const BEGUN: &str = "select id from reports where status = 'expired' and size > 0 order by id limit $1";
const PARTS: &str = "delete from report_parts where report_id = $1 and part in \
     (select part from report_parts where report_id = $1 order by part limit 50)";
const ENDED: &str = "update reports set size = 0 where id = $1 and status = 'expired'";

impl Retention {
    /// Deletes files finished longer ago than this; zero for nothing.
    pub fn new(store: Store, after: Duration) -> Self {
        Self { store, after }
    }

    /// Does so regularly, until it is dropped.
    pub async fn run(self) {
        let clock = self.store.clock().clone();
        loop {
            if let Err(problem) = self.sweep().await {
                tracing::warn!(%problem, "old reports could not be deleted yet");
            }
            clock.sleep(INTERVAL).await;
        }
    }

    /// Deletes every file that is old enough.
    ///
    /// # Errors
    /// The store's. What is left is deleted the next time.
    pub async fn sweep(&self) -> Result<(), Refused> {
        if self.after.is_zero() {
            return Ok(());
        }
        let before = self.store.clock().now().before(self.after);
        loop {
            let old = self
                .store
                .read(move |tx| tx.all::<(Id,)>(OLD, params![before, REPORTS]));
            let old = old.await?;
            for (id,) in &old {
                self.expire(*id, before).await?;
            }
            // Also those that an earlier process did not finish.
            let begun = self.store.read(|tx| tx.all::<(Id,)>(BEGUN, params![REPORTS]));
            let begun = begun.await?;
            for (id,) in &begun {
                self.delete_file(*id).await?;
            }
            if old.is_empty() && begun.is_empty() {
                return Ok(());
            }
        }
    }

    /// From now on it can no longer be downloaded.
    async fn expire(&self, id: Id, before: Time) -> Result<(), Refused> {
        let expired = self.store.write(move |tx| {
            let report = match list::get_for_update(tx, id, &Scope::All) {
                Err(Refused::NotFound) => return Ok(()),
                report => report?,
            };
            let is_old = report.finished_at.is_some_and(|at| at <= before);
            if report.status == Status::Ready && is_old {
                change::expire(tx, report)?;
            }
            Ok::<_, Refused>(())
        });
        expired.await
    }

    async fn delete_file(&self, id: Id) -> Result<(), Refused> {
        loop {
            let deleted = self.store.write(move |tx| tx.execute(PARTS, params![id]));
            if deleted.await? == 0 {
                break;
            }
        }
        let ended = self.store.write(move |tx| tx.execute(ENDED, params![id]));
        ended.await.map(drop).map_err(Refused::from)
    }
}
