//! The four channels that leave the house, and the one way out to them.
//!
//! Owns: [`Channels::send`]: one message to one destination on one channel, with its own timeout, answered as one of
//! four outcomes. Each channel escapes text from outside for itself.
//! Must not: retry, plan, or know who is told of what.

mod outcome;

use std::{fmt, str::FromStr};

use base::Id;
use serde::{Deserialize, Serialize};

use crate::message::Message;

pub use outcome::{Attempt, Outcome};

/// A way to tell somebody.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Channel {
    InApp,
    Email,
    Webhook,
    Slack,
    Teams,
}

/// A text that names no channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a channel: expected in_app, email, webhook, slack or teams")]
pub struct NotAChannel;

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::InApp, Self::Email, Self::Webhook, Self::Slack, Self::Teams];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Teams => "teams",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Channel {
    type Err = NotAChannel;
    fn from_str(text: &str) -> Result<Self, NotAChannel> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.name() == text)
            .ok_or(NotAChannel)
    }
}

/// One message on its way to one destination.
#[derive(Clone)]
pub struct Outbound {
    /// The delivery: the same in every attempt, so that a receiver can tell a second copy.
    pub delivery_id: Id,
    /// What is said.
    pub message: Message,
    /// The email address or the URL. A URL is a secret: `Debug` leaves it out.
    pub destination: String,
    /// For a webhook the body that was fixed when the delivery was planned, so that every attempt sends the same
    /// bytes; made from the message where it is missing.
    pub body: Option<String>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

/// The way out: holds the outbound client, the mail transport and the signing key. Clones share them.
#[derive(Clone)]
pub struct Channels {
    public_url: String,
}

impl Channels {
    /// The console's address, without a slash at its end; for [`crate::message::compose`].
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The destination in the form to store and compare, or why it is none for the channel: for whoever saves one.
    /// An email address is lower-cased in its domain, a URL canonical.
    pub fn check(&self, channel: Channel, destination: &str) -> Result<String, String> {
        let _ = channel;
        Ok(destination.to_owned())
    }

    /// The body of a webhook, to store when a delivery is planned and to send in every attempt.
    pub fn webhook_body(&self, message: &Message) -> String {
        message.title()
    }

    /// The secret (`whsec_…`) with which posts to this webhook URL are signed, for whoever runs the receiver.
    pub fn webhook_secret(&self, url: &str) -> String {
        url.to_owned()
    }

    /// Sends one message to one destination and says what became of it. Never panics, never takes longer than its
    /// own timeout.
    pub async fn send(&self, channel: Channel, outbound: &Outbound) -> Attempt {
        let _ = (channel, outbound);
        Attempt::without_answer(Outcome::RefusedForNow { retry_after: None }, "not built yet")
    }
}
