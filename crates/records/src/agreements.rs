//! Framework agreements: what was agreed with a company, until when, and for how many hours.
//!
//! Owns: the table `agreements` and each change of it with its event. Must not: warn about an expiry; the clock does.

use base::Id;
use serde_json::Map;
use store::words;

use crate::{
    Refused,
    by::put,
    order::{self, Order, Sorted},
    record::{
        Rules,
        field::{Checking, Columns, Field},
        kinds::{Block, Day, Initial, LastDay, Line, MaybeNumber, Number, Title, Word},
        record,
        schema::Property,
    },
};

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

impl Initial for Status {
    const INITIAL: Self = Self::Active;
}

/// Maximum hours of an agreement.
pub const MAX_HOURS: u32 = 1_000_000;

record! {
    /// A framework agreement.
    pub struct Agreement in "agreements" {
        /// Its name.
        name: Title,
        /// What both sides call it, such as a contract number.
        reference: Line,
        /// Its description.
        description: Block,
        /// Its status.
        status: Word<Status>,
        /// Its first day.
        starts_on: Day,
        /// Its last day.
        expires_on: LastDay,
        /// The contracted hours.
        hours: MaybeNumber<MAX_HOURS>,
        /// The hours used so far.
        hours_used: Number<MAX_HOURS>,
    }
    created by NewAgreement: "An agreement to create.", AgreementCreated;
    changed by AgreementChange: "Changes of an agreement; omitted fields stay unchanged.", AgreementUpdated;
    deleted: AgreementDeleted;
}

impl Sorted for Agreement {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("expires_on", "r.expires_at", |agreement| {
            agreement.expires_on.midnight().nanos()
        }),
        order::down("-expires_on", "r.expires_at", |agreement| {
            agreement.expires_on.midnight().nanos()
        }),
        order::up("updated_at", "r.updated_at", |agreement| {
            agreement.updated_at.nanos()
        }),
        order::down("-updated_at", "r.updated_at", |agreement| {
            agreement.updated_at.nanos()
        }),
    ];
    const ID: &'static str = "r.id";

    fn id(&self) -> Id {
        self.id
    }
}

impl Rules for Agreement {
    fn fits(&self) -> Result<(), Refused> {
        match self.starts_on {
            Some(start) if self.expires_on < start => {
                Err(Refused::field("expires_on", "must not be before starts_on"))
            }
            _ => Ok(()),
        }
    }

    fn describe(&self, data: &mut Map<String, serde_json::Value>) {
        put(data, "title", Some(&self.name));
        put(data, "status", Some(self.status));
        put(data, "expires_on", Some(self.expires_on));
    }
}

pub mod http {
    //! The handlers of agreements: viewers read, managers write.

    use super::Status;

    crate::record::http::handlers! {
        Agreement (NewAgreement, AgreementChange) at "/agreements" and "/agreements/{id}",
        called "agreement", "an agreement" and "agreements",
        written by Manager, deleted by Manager;
        filters {
            /// Only those in one of these statuses, separated by commas.
            status: Status,
        }
        text: "Only those with this text in name, reference or description, in any case.",
        sort: "`created_at`, `expires_on` or `updated_at`, with `-` before it for descending order; `-created_at` by default.";
        delete "Deletes an agreement";
    }
}
