//! Why someone is notified of an event, or is not.

use access::Role;
use base::{Id, SubjectType};
use serde::{Deserialize, Serialize};

use crate::{channel::Channel, target::Recipient};

/// One decision of the plan: this recipient, on this channel, for this reason. Stored as JSON with the event's plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// On which channel.
    #[serde(rename = "c")]
    pub channel: Channel,
    /// Who.
    #[serde(rename = "r")]
    pub recipient: Recipient,
    /// Why.
    #[serde(rename = "w")]
    pub why: Why,
    /// The rule that turned the channel on, if there is one.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Id>,
}

/// Why someone is notified, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Notified: this rule names the recipient.
    Rule(Id),
    /// Notified: the team is responsible, or the event names it.
    Team,
    /// Notified: assigned, with a personal chat (older plans; now the level is stored).
    Personal,
    /// Notified: the finding is assigned to them.
    Assignee,
    /// Notified: the ownership rule at this position names them, and nobody is assigned.
    OwnershipRule(u32),
    /// Notified: they own the asset or the project, and nobody is assigned.
    Owner(SubjectType),
    /// Notified: they manage the company, and nobody else is responsible.
    Manager,
    /// Notified: they administer the platform, and nobody else is responsible.
    Administrator,
    /// Notified: the event is addressed to them (a requester, a commenter, the person who added a scan).
    Concerned,
    /// Notified: they follow the record.
    Follower,
    /// Notified: a member of this team, which is responsible and has no chat.
    Member(Id),
    /// Notified: a rule names their role in the company.
    Role(Role),
    /// Not notified: no rule turns the channel on for such an event.
    NoRule,
    /// Not notified: the person opted out of it there.
    OptedOut,
    /// Not notified: it is their own action.
    OwnAct,
    /// Not notified: the team's settings exclude it.
    TeamSettings,
    /// Not notified: the event's company is outside their scope.
    OutOfScope,
    /// Not notified: the account is disabled.
    Disabled,
    /// Not notified: the person or team no longer exists.
    Unknown,
    /// Not notified once more: the person or the destination has it already.
    Duplicate,
    /// Not notified: the team has no URL for this channel.
    NoDestination,
    /// Not notified: the planned destination no longer exists, or has changed.
    Gone,
    /// Not notified: the destination rejected permanently and is turned off.
    SwitchedOff,
    /// Not notified yet: the secret key cannot decrypt the URL, and the message waits until it can.
    Sealed,
}

impl Why {
    /// The text to store.
    pub fn stored(&self) -> String {
        // Writing names and ids cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The reason that was stored as this text, if one was.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// How close it is to the recipient: of several reasons the first in this order is given.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Assignee => 0,
            Self::Team => 1,
            Self::Member(_) => 2,
            Self::OwnershipRule(_) => 3,
            Self::Owner(_) => 4,
            Self::Personal | Self::Concerned => 5,
            Self::Follower => 6,
            Self::Manager => 7,
            Self::Administrator => 8,
            Self::Role(_) => 9,
            Self::Rule(_) => 10,
            _ => 11,
        }
    }

    /// Whether it means that someone is notified.
    pub const fn is_notified(&self) -> bool {
        matches!(
            self,
            Self::Rule(_)
                | Self::Team
                | Self::Personal
                | Self::Assignee
                | Self::OwnershipRule(_)
                | Self::Owner(_)
                | Self::Manager
                | Self::Administrator
                | Self::Concerned
                | Self::Follower
                | Self::Member(_)
                | Self::Role(_)
        )
    }

    /// The reason against notifying someone that has this name, if there is one.
    pub fn not_notified(name: &str) -> Option<Self> {
        let all = [
            Self::NoRule,
            Self::OptedOut,
            Self::OwnAct,
            Self::TeamSettings,
            Self::OutOfScope,
            Self::Disabled,
            Self::Unknown,
            Self::Duplicate,
            Self::NoDestination,
            Self::Gone,
            Self::SwitchedOff,
            Self::Sealed,
        ];
        all.into_iter().find(|why| why.name() == name)
    }

    /// The reason as a word of the API and of a delivery that was canceled.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Team => "team",
            Self::Personal => "personal",
            Self::Assignee => "assignee",
            Self::OwnershipRule(_) => "ownership_rule",
            Self::Owner(_) => "owner",
            Self::Manager => "manager",
            Self::Administrator => "administrator",
            Self::Concerned => "concerned",
            Self::Follower => "follower",
            Self::Member(_) => "team_member",
            Self::Role(_) => "role",
            Self::NoRule => "no_rule",
            Self::OptedOut => "opted_out",
            Self::OwnAct => "own_act",
            Self::TeamSettings => "team_settings",
            Self::OutOfScope => "out_of_scope",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::NoDestination => "no_destination",
            Self::Gone => "gone",
            Self::SwitchedOff => "switched_off",
            Self::Sealed => "sealed",
        }
    }

    /// The reason in words, for the trace.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Rule(_) => "a rule names this recipient",
            Self::Team => "the team is responsible",
            Self::Personal => "assigned, with a personal chat turned on",
            Self::Assignee => "assigned to the finding",
            Self::OwnershipRule(_) => "an ownership rule names them, and nobody is assigned",
            Self::Owner(SubjectType::Asset) => "owns the asset, and nobody is assigned",
            Self::Owner(_) => "owns the project, and nobody is assigned",
            Self::Manager => "manages the company, and nobody else is responsible",
            Self::Administrator => "is a platform administrator, and nobody else is responsible",
            Self::Concerned => "the event is addressed to them",
            Self::Follower => "follows this record",
            Self::Member(_) => "a member of a responsible team without a chat channel",
            Self::Role(_) => "a rule names their role in the company",
            Self::NoRule => "no rule turns the channel on for such an event",
            Self::OptedOut => "turned off in the person's preferences",
            Self::OwnAct => "they did it themselves",
            Self::TeamSettings => "excluded by the team's chat settings",
            Self::OutOfScope => "the event's company is outside their scope",
            Self::Disabled => "the account is disabled",
            Self::Unknown => "the person or team no longer exists",
            Self::Duplicate => "already notified of this event there",
            Self::NoDestination => "no URL is saved for this channel",
            Self::Gone => "the destination was changed or removed before it was sent",
            Self::Sealed => "the secret key cannot decrypt this URL",
            Self::SwitchedOff => {
                "the destination rejected messages permanently and is turned off until its URL is saved again or a test is delivered"
            }
        }
    }
}
