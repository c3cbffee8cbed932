//! Framework agreements: what was agreed with a company, until when, and over how many hours.
//!
//! Owns: the table `agreements` and each change of it with its event. Must not: warn of an expiry; the clock does.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, held, list};

use base::{Id, Time};

use crate::{Date, Named, word::words};

words! {
    /// Where an agreement stands.
    pub enum Status (AgreementStatus, "an agreement's status") {
        /// It is yet to be signed: it is on no calendar and warns nobody.
        Draft "draft",
        /// It is signed. It holds until its last day.
        Active "active",
        /// It was ended before its time.
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
    /// Its name, in a line.
    pub name: String,
    /// What both sides call it, such as a contract's number; may be empty.
    pub reference: String,
    /// What it says, at length; may be empty.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub expires_on: Date,
    /// The hours agreed on.
    pub hours: Option<u32>,
    /// The hours spent of them.
    pub hours_used: u32,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}
