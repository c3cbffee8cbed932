//! Imports scan reports into the tables.
//!
//! Owns: the endpoint, the file a scan report is spooled to, and the import itself: what is new is created, what
//! changed is updated, what is gone is closed, what is found again is reopened. Nothing changes before the whole scan
//! report is known to be valid; then it is written in portions, each with its events, which carry the scan as their
//! bundle.

mod answer;
mod content;
pub mod http;
mod judge;
mod lease;
mod packed;
mod plan;
mod portion;
mod prepare;
mod reading;
mod reasons;
mod room;
mod run;
mod running;
mod sort;
mod spool;
mod tally;
pub mod undo;

pub use lease::{LEASE, recover};
pub(crate) use lease::{holds, is_importing};
pub(crate) use running::Running;

pub use run::{MAX_SKIPPED, Skipped};
pub use tally::Severities;
pub use undo::UndoCounts;

use std::{path::PathBuf, time::Duration};

use access::{Caller, Problem};
use base::{Bounds, Id, Turn, Turns};
use spool::Spool;

use crate::Records;

/// Uploads of scan reports: limits per user, per company and in total; each may have the maximum size.
const OF_A_PERSON: Bounds = Bounds::each(4);
const OF_A_COMPANY: Bounds = Bounds {
    at_once: 64,
    ..Bounds::each(8)
};

/// Running imports: two per company, the others in turn. A waiting scan report was spooled, so there are no more of
/// them than there may be uploads.
const RUNNING: Bounds = Bounds {
    at_once: 8,
    each: 2,
    waiting: 8,
    waiting_in_all: 64,
};

/// When to retry while a share is used up.
const BUSY: Duration = Duration::from_secs(5);

/// Maximum sizes of scan reports in bytes, and how long an upload may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// As sent.
    pub taken: usize,
    /// Uncompressed, for compressed ones.
    pub unpacked: usize,
    /// All that are spooled at once, uncompressed. One company has a quarter of it, but at least one scan report of the
    /// maximum size.
    pub spooled: usize,
    /// Minimum average speed of an upload in bytes per second, except for its first half minute.
    pub pace: u64,
    /// Maximum total time of an upload.
    pub longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            taken: 200_000_000,
            unpacked: 500_000_000,
            spooled: 4_000_000_000,
            pace: 1_000,
            longest: Duration::from_hours(1),
        }
    }
}

/// The state of the endpoint.
#[derive(Clone)]
pub struct Import {
    records: Records,
    spool: Spool,
    of_a_person: Turns<Id>,
    of_a_company: Turns<Id>,
    running: Turns<Id>,
}

/// The shares a scan report holds from its first byte until it is imported: its sender's and its company's.
type Spooling = (Turn<Id>, Turn<Id>);

impl Import {
    /// Imports into these records. Scan reports within `limits` are spooled in `folder`, which is created when needed;
    /// the files have no name there and leave nothing behind.
    pub fn new(records: Records, folder: PathBuf, limits: Limits) -> Self {
        Self {
            spool: Spool::new(folder, limits, records.store().clock()),
            records,
            of_a_person: Turns::new(OF_A_PERSON),
            of_a_company: Turns::new(OF_A_COMPANY),
            running: Turns::new(RUNNING),
        }
    }

    /// Ends the imports that take longer than `grace`, for a server that stops: their scans fail, and the next import
    /// of their targets need not wait.
    pub async fn stop(&self, grace: std::time::Duration) {
        self.records.running().stop(grace).await;
    }

    /// The right to upload a scan report, for a company if it is known yet.
    fn spooling(&self, caller: &Caller, company: Option<Id>) -> Result<Spooling, Problem> {
        let owner = company.unwrap_or(caller.user_id);
        let own = |_| {
            Problem::busy(
                BUSY,
                "You are sending too many scan reports at once. Try again when one is done.",
            )
        };
        let all = |_| {
            Problem::busy(
                BUSY,
                "Too many scan reports are being uploaded at once. Try again in a few seconds.",
            )
        };
        Ok((
            self.of_a_person.take(caller.user_id).map_err(own)?,
            self.of_a_company.take(owner).map_err(all)?,
        ))
    }

    /// The slot of a spooled scan report.
    async fn running(&self, company: Id) -> Result<Turn<Id>, Problem> {
        let busy = |_| Problem::busy(BUSY, "Too many imports are running. Try again in a few seconds.");
        self.running.wait(company).await.map_err(busy)
    }
}
