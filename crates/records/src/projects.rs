//! Projects: they group findings and scans of a company, from one day to another.
//!
//! Owns: the table `projects` and each change of it with its event. Must not: change a finding or a scan.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, get_for_update, in_company, list};

use base::{Id, Time};
use store::words;

use crate::{Date, Named, owned::Owned};

words! {
    /// The status of a project.
    pub enum Status (ProjectStatus, "a project's status") {
        /// Not started yet.
        Planned "planned",
        /// In progress.
        Active "active",
        /// Finished.
        Completed "completed",
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: Id,
    /// The company it belongs to.
    pub company: Named,
    /// Its name, one line.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// Its status.
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// Who owns it.
    pub owned: Owned,
    /// Its tags, in order.
    pub tags: Vec<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}
