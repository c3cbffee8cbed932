//! Scanners' reports into the tables.
//!
//! Owns: the endpoint, the file a report is spooled to, and the import itself: what is new is recorded, what changed
//! is updated, what is gone is closed, what is back is reopened. Nothing changes before the whole report is known to
//! be sound; then it is written in portions, each with its events, which carry the scan as their bundle.
//! Must not: parse a format (`formats` does), or change a finding but through `records::findings`.

pub mod http;
mod judge;
mod lease;
mod packed;
mod plan;
mod portion;
mod prepare;
mod run;
mod said;
mod sort;
mod spool;
mod tally;
pub mod undo;

pub use lease::{LEASE, recover};
pub(crate) use lease::{holds, is_importing};

pub use run::{MAX_SKIPPED, Skipped};
pub use tally::Severities;
pub use undo::UndoCounts;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::Semaphore;

use crate::Records;

/// How many reports are taken at once: each may hold a file of the largest size.
const AT_ONCE: usize = 8;

/// How large reports may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// As they are sent.
    pub taken: usize,
    /// Unpacked, for those that are sent packed.
    pub unpacked: usize,
}

/// The state of the endpoint.
#[derive(Clone)]
pub struct Import {
    records: Records,
    folder: Arc<PathBuf>,
    limits: Limits,
    places: Arc<Semaphore>,
}

impl Import {
    /// Imports into these records. Reports within `limits` are spooled in `folder`, which is made when it is needed; they have no name there and leave nothing behind.
    pub fn new(records: Records, folder: PathBuf, limits: Limits) -> Self {
        Self {
            records,
            folder: Arc::new(folder),
            limits,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}
