//! Which event turns which channel on, and whom besides those it concerns (promises R1 to R4, R7).
//!
//! Owns: the tables of rules and of the recipients they name; a URL is sealed for its row. The rules of a fresh
//! install come with a migration, so that a deleted one stays deleted.
//! Must not: decide who is told; that is [`crate::plan`].

mod body;
mod cache;
mod dry_run;
pub mod http;
mod read;
pub mod secrets;
mod write;

use base::{Id, Kind, Severity, Time};
use serde::Serialize;
use store::FromRow;

use crate::{channel::Channel, channels::webhook::Format};

pub use body::{NewRule, RuleChange};
pub(crate) use cache::Cache;

/// A rule, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NotificationRule)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// The type of event it is for.
    pub event_type: Kind,
    /// The channel it turns on.
    pub channel: Channel,
    /// From which severity on; null for any, and an event without a severity always passes.
    pub min_severity: Option<Severity>,
    /// For which company's events; null for all.
    pub company_id: Option<Id>,
    /// Whom it names besides those an event concerns.
    pub recipients: Recipients,
    /// Whether it counts.
    pub enabled: bool,
    /// The form of its posts; null on other channels than webhook.
    pub format: Option<Format>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// Whom a rule names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RuleRecipients)]
pub struct Recipients {
    /// Mail addresses.
    pub emails: Vec<String>,
    /// People.
    pub user_ids: Vec<Id>,
    /// URLs, masked.
    pub urls: Vec<String>,
}

/// What a URL of a rule is sealed for.
fn aad(recipient: Id, rule: Id) -> String {
    format!("rule {rule} recipient {recipient}")
}

/// A rule's row.
struct RuleRow {
    id: Id,
    kind: Kind,
    channel: Channel,
    min_severity: Option<Severity>,
    company: Option<Id>,
    enabled: bool,
    created_at: Time,
    updated_at: Time,
    format: Format,
}

impl FromRow for RuleRow {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        // '' stands for any.
        let severity: String = row.get(3)?;
        let company: String = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            channel: row.get(2)?,
            min_severity: if severity.is_empty() {
                None
            } else {
                Some(row.get(3)?)
            },
            company: if company.is_empty() {
                None
            } else {
                Some(row.get(4)?)
            },
            enabled: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
            format: row.get(8)?,
        })
    }
}

/// A recipient's row: an address, a person or a URL.
struct RecipientRow {
    id: Id,
    rule: Id,
    kind: String,
    value: String,
    sealed: String,
    label: String,
    lane: String,
    key: String,
}

impl FromRow for RecipientRow {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            rule: row.get(1)?,
            kind: row.get(2)?,
            value: row.get(3)?,
            sealed: row.get(4)?,
            label: row.get(5)?,
            lane: row.get(6)?,
            key: row.get(7)?,
        })
    }
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
