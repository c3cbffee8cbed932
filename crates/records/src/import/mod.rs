//! Scanners' reports into the tables.
//!
//! Owns: the endpoint, the file a report is spooled to, and the import itself: what is new is recorded, what changed
//! is updated, what is gone is closed, what is back is reopened. Nothing changes before the whole report is known to
//! be sound; then it is written in portions, each with its events, which carry the scan as their bundle.
//! Must not: parse a format (`formats` does), or change a finding but through `records::findings`.

mod answer;
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
mod said;
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

/// Reports on their way in: so many of one person, so many of one company and in all, each of which may be as large as the
/// largest.
const OF_A_PERSON: Bounds = Bounds::each(4);
const OF_A_COMPANY: Bounds = Bounds {
    at_once: 64,
    ..Bounds::each(8)
};

/// Imports that run: two of one company, the others in turn. A report that waits was spooled, so there are no more of them
/// than there may be on their way in.
const RUNNING: Bounds = Bounds {
    at_once: 8,
    each: 2,
    waiting: 8,
    waiting_in_all: 64,
};

/// After how long to come again while a share is used up.
const BUSY: Duration = Duration::from_secs(5);

/// How large reports may be, in bytes, and how long they may take to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// As they are sent.
    pub taken: usize,
    /// Unpacked, for those that are sent packed.
    pub unpacked: usize,
    /// All that are spooled at once, unpacked. One company has a quarter of it, but at least one report of the largest
    /// size.
    pub spooled: usize,
    /// How many bytes a second a report must come with on average, but for its first half minute.
    pub pace: u64,
    /// How long a report may take to come in all.
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

/// The shares that a report has, from its first byte until it is imported: its sender's and its company's.
type Spooling = (Turn<Id>, Turn<Id>);

impl Import {
    /// Imports into these records. Reports within `limits` are spooled in `folder`, which is made when it is needed; they have no name there and leave nothing behind.
    pub fn new(records: Records, folder: PathBuf, limits: Limits) -> Self {
        Self {
            spool: Spool::new(folder, limits, records.store().clock()),
            records,
            of_a_person: Turns::new(OF_A_PERSON),
            of_a_company: Turns::new(OF_A_COMPANY),
            running: Turns::new(RUNNING),
        }
    }

    /// Ends the imports that take longer than `grace`, for a server that stops: their scans are failed, and the next import of their
    /// targets need not wait.
    pub async fn stop(&self, grace: std::time::Duration) {
        self.records.running().stop(grace).await;
    }

    /// The right to send a report, of a company where that is known yet.
    fn spooling(&self, caller: &Caller, company: Option<Id>) -> Result<Spooling, Problem> {
        let whose = company.unwrap_or(caller.user_id);
        let own = |_| {
            Problem::busy(
                BUSY,
                "You are sending too many reports at once. Try again when one is done.",
            )
        };
        let all = |_| {
            Problem::busy(
                BUSY,
                "Too many reports are coming in at once. Try again in a few seconds.",
            )
        };
        Ok((
            self.of_a_person.take(caller.user_id).map_err(own)?,
            self.of_a_company.take(whose).map_err(all)?,
        ))
    }

    /// The turn of a report that was spooled.
    async fn running(&self, company: Id) -> Result<Turn<Id>, Problem> {
        let busy = |_| Problem::busy(BUSY, "Too many imports are running. Try again in a few seconds.");
        self.running.wait(company).await.map_err(busy)
    }
}
