//! Reports: the findings of a company or a project as a document, generated in the background.
//!
//! Owns: the tables `reports` and `report_parts`, each change of a report with its event, and generating it. Must not:
//! change a finding.

mod change;
pub mod http;
mod list;
mod maker;
mod quota;
mod render;
mod report;
mod retention;

pub use change::{New, delete, rename, request};
pub use list::{Filter, Sort, get, get_for_update, list, part};
pub use maker::{LEASE, MAX_FINDINGS, Maker};
pub use quota::Limits;
pub use report::{Contents, Format, Report, Status};
pub use retention::Retention;
