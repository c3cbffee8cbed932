//! Scans: when a tool runs, and the result.
//!
//! Owns: the table `scans`, the lifecycle of a scan, and each change of it with its event. Must not: read a scan report
//! or change a finding; `records::import` does.

mod change;
mod event;
pub mod http;
mod import;
mod list;
mod numbers;
mod scan;
mod status;
mod view;

pub use change::{Change, New, change, create, delete};
pub(crate) use import::undone;
pub use import::{complete, fail, start};
pub use list::{Filter, Sort, get, get_for_update, list};
pub use numbers::{Severities, UndoCounts};
pub use scan::{Counts, Covered, Report, Scan};
pub use status::Status;
pub use view::View;
