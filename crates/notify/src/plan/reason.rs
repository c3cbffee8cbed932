//! Why somebody was told of an event, or was not.

use base::Id;
use serde::{Deserialize, Serialize};

use crate::{channel::Channel, target::Recipient};

/// One thought of the plan: this recipient, on this channel, for this reason. Stored as JSON with the event's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Why somebody was told, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Told: this rule turned the channel on, or names the recipient.
    Rule(Id),
    /// Told: the team is assigned.
    Team,
    /// Told: the person is assigned and wants it in a chat of their own.
    Personal,
    /// Not told: no rule turns the channel on for such an event.
    NoRule,
    /// Not told: the person does not want it there.
    OptedOut,
    /// Not told: the event's company is outside their scope.
    OutOfScope,
    /// Not told: the account is switched off.
    Disabled,
    /// Not told: there is no such person or team any more.
    Unknown,
    /// Not told once more: the person or the destination has it already.
    Duplicate,
    /// Not told: the team has no URL for this channel.
    NoDestination,
    /// Not told: what was planned at is no longer there, or is another destination now.
    Gone,
    /// Not told: the destination refused for good and is switched off.
    SwitchedOff,
}

impl Why {
    /// Whether it means that somebody was told.
    pub const fn told(&self) -> bool {
        matches!(self, Self::Rule(_) | Self::Team | Self::Personal)
    }

    /// The reason not to tell somebody that has this name, if it is one.
    pub fn not_told(name: &str) -> Option<Self> {
        let all = [
            Self::NoRule,
            Self::OptedOut,
            Self::OutOfScope,
            Self::Disabled,
            Self::Unknown,
            Self::Duplicate,
            Self::NoDestination,
            Self::Gone,
            Self::SwitchedOff,
        ];
        all.into_iter().find(|why| why.name() == name)
    }

    /// The reason as a word of the API and of a delivery that was cancelled.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Team => "team",
            Self::Personal => "personal",
            Self::NoRule => "no_rule",
            Self::OptedOut => "opted_out",
            Self::OutOfScope => "out_of_scope",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::NoDestination => "no_destination",
            Self::Gone => "gone",
            Self::SwitchedOff => "switched_off",
        }
    }

    /// The reason in words, for the trace.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Rule(_) => "a rule turns the channel on",
            Self::Team => "the team is assigned",
            Self::Personal => "assigned, with a personal chat switched on",
            Self::NoRule => "no rule turns the channel on for such an event",
            Self::OptedOut => "switched off in the person's preferences",
            Self::OutOfScope => "the event's company is outside their scope",
            Self::Disabled => "the account is disabled",
            Self::Unknown => "there is no such person or team",
            Self::Duplicate => "already told of this event there",
            Self::NoDestination => "no URL is stored for this channel",
            Self::Gone => "the destination was changed or removed before it was sent",
            Self::SwitchedOff => {
                "the destination refused for good and is switched off until its URL is saved again or a test arrives"
            }
        }
    }
}
