//! Projects: what findings and scans of a company belong together, from a day to a day.
//!
//! Owns: the table `projects` and each change of it with its event. Must not: change a finding or a scan.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, held, in_company, list};

use base::{Id, Time};

use crate::{Date, Named, owned::Owned, word::words};

words! {
    /// Where a project stands.
    pub enum Status (ProjectStatus, "a project's status") {
        /// It is yet to start.
        Planned "planned",
        /// It is going on.
        Active "active",
        /// It is over.
        Completed "completed",
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: Id,
    /// The company it is of.
    pub company: Named,
    /// Its name, in a line.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// Who owns it.
    pub owned: Owned,
    /// Its tags, in their order.
    pub tags: Vec<String>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}
