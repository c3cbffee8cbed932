//! Messages on their way: one row per event and destination, one row per attempt.
//!
//! Owns: their states, what follows from an attempt ([`retry`]), claims and leases, the log of them.
//! Must not: send.

mod again;
mod bundle;
mod burst;
mod claim;
pub mod http;
mod insert;
pub mod log;
mod pace;
mod queue;
mod record;
mod recover;
pub(crate) mod retry;

use std::{fmt, str::FromStr, sync::Arc};

use access::Secret;
use base::{Event, Id, Time};
use serde::{Deserialize, Serialize};
use store::{FromValue, Value};

use crate::{
    channel::Channel,
    channels::webhook::Signing,
    message::Detail,
    plan::{Why, World, admits, admits_team},
    target::{Key, Recipient},
};

pub(crate) use again::{Again, Misses, send_again, send_all_again};
pub(crate) use bundle::Content;
pub(crate) use burst::{Bursts, Way};
pub(crate) use claim::{Claim, Round, claim, waiting};
pub(crate) use insert::{Lease, New, insert};
pub(crate) use pace::Pace;
pub use queue::{Queue, queue};
pub(crate) use record::{Done, Recorded, record};
pub(crate) use recover::{Whose, recover};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
pub enum State {
    /// It waits for its first or next attempt.
    Pending,
    /// An attempt is under way.
    Sending,
    /// The other side took it.
    Delivered,
    /// The other side refused it for good.
    Refused,
    /// Every attempt of the schedule was made, or it was set aside because the attempt itself broke.
    Failed,
    /// Nobody knows whether it arrived, and another copy could be one too many.
    Unknown,
    /// Between the plan and the attempt its recipient lost the right to it, or its destination went or is switched
    /// off.
    Cancelled,
    /// Its recipient got many in a minute: it is told of in a summary.
    Bundled,
}

/// A text that names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state: expected pending, sending, delivered, refused, failed, unknown, cancelled or bundled")]
pub struct NotAState;

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Sending,
        Self::Delivered,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
        Self::Cancelled,
        Self::Bundled,
    ];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Bundled => "bundled",
        }
    }

    /// Whether no further attempt is made unless somebody asks for it.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = NotAState;
    fn from_str(text: &str) -> Result<Self, NotAState> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or(NotAState)
    }
}

impl From<State> for Value {
    fn from(state: State) -> Self {
        state.name().into()
    }
}

impl FromValue for State {
    const WHAT: &'static str = "a state of a delivery";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A message that is to be sent now: its attempt is already written down.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) id: Id,
    pub(crate) channel: Channel,
    pub(crate) content: Content,
    pub(crate) key: Key,
    pub(crate) recipient: Recipient,
    pub(crate) address: Address,
    /// The body of a webhook, the same in every attempt; empty on other channels.
    pub(crate) body: String,
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
    /// How many of the attempts were made before somebody asked for it to be sent again.
    pub(crate) earlier: u32,
    /// How many earlier attempts had an unknown outcome.
    pub(crate) unknowns: u32,
    pub(crate) lane: Arc<str>,
    pub(crate) started_at: Time,
}

/// Where a message goes right now.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The mail address or the URL.
    pub(crate) text: Secret,
    /// Which secrets sign it, on a webhook.
    pub(crate) signing: Signing,
    /// How much may be told there, but on a webhook, whose body is made with the plan.
    pub(crate) detail: Detail,
}

impl Address {
    fn mail(address: &str, detail: Detail) -> Self {
        Self {
            text: Secret::new(address),
            signing: Signing::default(),
            detail,
        }
    }
}

/// Where a message goes right now, or why it goes nowhere: asked when it is planned and again before each attempt
/// (promise F6).
pub(crate) fn address(
    event: &Event,
    world: &World,
    channel: Channel,
    recipient: &Recipient,
    key: &Key,
) -> Result<Address, Why> {
    let detail = world.detail(event);
    let same = |url: Option<&crate::plan::UrlTarget>| match url {
        Some(url) if url.target.key == *key && world.off.contains(key) => Err(Why::SwitchedOff),
        Some(url) if url.target.key == *key => Ok(Address {
            text: url.url.clone(),
            signing: url.signing,
            detail,
        }),
        _ => Err(Why::Gone),
    };
    match recipient {
        Recipient::Address(address) => {
            // It may have become a person's own since.
            if let Some(user) = world.person_at(address) {
                admits(event, world, user, channel)?;
            }
            let mut named = world
                .rules
                .passing(event, channel)
                .flat_map(|rule| &rule.addresses);
            if named.any(|target| target.key == *key) {
                Ok(Address::mail(address, detail))
            } else {
                Err(Why::Gone)
            }
        }
        Recipient::Url(id) => same(world.rules.url(event, channel, *id)),
        Recipient::Team(id) => {
            let team = world.team(*id).ok_or(Why::Unknown)?;
            admits_team(event, team)?;
            same(team.url(channel))
        }
        Recipient::User(id) if channel == Channel::Email => {
            admits(event, world, *id, channel)?;
            // Mail follows the person to a new address.
            let person = world.person(*id).ok_or(Why::Unknown)?;
            Ok(Address::mail(&person.mailbox.label, detail))
        }
        Recipient::User(id) => {
            admits(event, world, *id, channel)?;
            let chat = world.chat(*id, channel).ok_or(Why::Gone)?;
            if !chat.enabled {
                return Err(Why::OptedOut);
            }
            same(Some(&chat.url))
        }
    }
}

/// How many characters of an answer or a reason are kept.
const KEPT: usize = 512;

/// The beginning of a text, as far as it is kept.
fn kept(text: &str) -> String {
    base::text::block(text, KEPT)
}

#[cfg(test)]
mod tests;
