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
pub(crate) mod lease;
mod limits;
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
mod work;

pub(crate) use lease::is_importing;
pub use lease::{LEASE, recover};
pub use limits::Limits;
pub(crate) use running::Running;

pub use answer::{MAX_SKIPPED, Skipped};

pub use crate::scans::{Severities, UndoCounts};

use std::path::PathBuf;

use access::{Caller, Problem};
use base::{Bounds, Id, Turn, Turns};
use limits::BUSY;
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
