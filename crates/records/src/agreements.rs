//! Framework agreements: what was agreed with a company, until when, and for how many hours.
//!
//! Owns: the table `agreements` and each change of it with its event. Must not: warn about an expiry; the clock does.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, get_for_update, list};

use base::{Id, Time};
use store::words;

use crate::{Date, Named};

words! {
    /// The status of an agreement.
    pub enum Status (AgreementStatus, "an agreement's status") {
        /// Not signed yet: it is not on the calendar, and nobody is warned.
        Draft "draft",
        /// Signed. It is in effect until its last day.
        Active "active",
        /// Terminated early.
        Terminated "terminated",
    }
}

/// A framework agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: Id,
    /// The company it is with.
    pub company: Named,
    /// Its name, one line.
    pub name: String,
    /// What both sides call it, such as a contract number; may be empty.
    pub reference: String,
    /// Its description; may be empty.
    pub description: String,
    /// Its status.
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub expires_on: Date,
    /// The contracted hours.
    pub hours: Option<u32>,
    /// The hours used so far.
    pub hours_used: u32,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}
