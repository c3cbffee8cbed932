//! A rule, and its rows.

use access::Role;
use base::{Id, Kind, Severity, Time};
use serde::Serialize;
use store::FromRow;

use crate::{
    channel::Channel,
    channels::webhook::Format,
    plan::{Batch, Filters},
};

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
    /// The minimum severity; null for any. An event without a severity always matches.
    pub min_severity: Option<Severity>,
    /// The company of the events; null for all.
    pub company_id: Option<Id>,
    /// Recipients in addition to the people responsible.
    pub recipients: Recipients,
    /// Its filters; an empty list does not limit.
    pub filters: Filters,
    /// How its webhooks get the events of an import or a bulk change.
    pub batch: Batch,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Why the server disabled it; null if it did not.
    pub disabled_reason: Option<String>,
    /// The payload format; null on channels other than webhook.
    pub format: Option<Format>,
    /// The payload template on `chat`; null on other channels and if it names no URL.
    pub template: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// The recipients of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RuleRecipients)]
pub struct Recipients {
    /// Email addresses.
    pub emails: Vec<String>,
    /// Users.
    pub user_ids: Vec<Id>,
    /// Teams: their members by in-app and email, their channels by chat.
    pub team_ids: Vec<Id>,
    /// Roles: users with one of them in the event's company.
    pub roles: Vec<Role>,
    /// Whether the owners of the finding's asset and project are named.
    pub owners: bool,
    /// Whether followers of the record are named.
    pub followers: bool,
    /// URLs, masked.
    pub urls: Vec<String>,
}

/// A rule's row.
pub(super) struct RuleRow {
    pub(super) id: Id,
    pub(super) kind: Kind,
    pub(super) channel: Channel,
    pub(super) min_severity: Option<Severity>,
    pub(super) company: Option<Id>,
    pub(super) enabled: bool,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
    pub(super) format: Format,
    pub(super) filters: Filters,
    pub(super) batch: Batch,
    pub(super) disabled_reason: String,
}

impl FromRow for RuleRow {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        // '' means any.
        let severity: String = row.get(3)?;
        let company: String = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            channel: row.word(2)?,
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
            format: row.word(8)?,
            filters: match row.get::<String>(9)?.as_str() {
                "" => Filters::default(),
                text => {
                    serde_json::from_str(text).map_err(|error| store::Error::Decode(error.to_string()))?
                }
            },
            batch: row.get(10)?,
            disabled_reason: row.get(11)?,
        })
    }
}

/// A recipient's row: an address, a person, a team, a role, owners or followers.
pub(super) struct RecipientRow {
    pub(super) id: Id,
    pub(super) rule: Id,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) key: String,
}

impl FromRow for RecipientRow {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            rule: row.get(1)?,
            kind: row.get(2)?,
            value: row.get(3)?,
            key: row.get(4)?,
        })
    }
}
