//! The four channels that leave the house, and the one way out to them.
//!
//! Owns: [`Channels::send`]: one message to one destination on one channel, with its own timeout, answered as one of
//! four outcomes. Each channel escapes text from outside for itself.
//! Must not: retry, plan, or know who is told of what.

pub mod email;
mod http;
mod outcome;
pub mod slack;
pub mod teams;
pub mod webhook;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use base::{
    Clock, Id,
    destination::{self, Destination},
};
use serde::{Deserialize, Serialize};

use crate::{
    egress::{self, Egress},
    message::Message,
    unsubscribe::Links,
};

pub use outcome::{Attempt, Outcome};

use http::Poster;

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
    /// For a mail to a person here the link that stops such mails (RFC 8058).
    pub unsubscribe: Option<String>,
    /// Which secrets sign it, on a webhook.
    pub signing: webhook::Signing,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

/// How the channels are set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The console's address.
    pub public_url: String,
    /// Which hosts of Slack and Teams posts may go to.
    pub hosts: destination::Hosts,
    /// How posts leave.
    pub egress: egress::Options,
    /// The longest time for one post to a webhook, from the look-up to the answer.
    pub webhook_timeout: Duration,
    /// The longest time for one post to Slack or Teams.
    pub chat_timeout: Duration,
    /// How mail leaves.
    pub email: email::Options,
    /// The key that the signing keys of webhooks and of links in mails are derived from.
    pub signing: SigningMaster,
}

/// The key that the signing keys of webhooks are derived from; itself derived from the installation's secret key.
#[derive(Clone)]
pub struct SigningMaster(pub Vec<u8>);

impl fmt::Debug for SigningMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningMaster(***)")
    }
}

/// Why the channels cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The outbound client.
    #[error(transparent)]
    Egress(#[from] egress::SetupError),
    /// Email.
    #[error(transparent)]
    Email(#[from] email::SetupError),
}

/// The way out: holds the outbound client, the mail transport and the signing key. Clones share them.
#[derive(Clone)]
pub struct Channels {
    public_url: Arc<str>,
    webhook: Poster,
    chat: Poster,
    hosts: Arc<destination::Hosts>,
    mailer: email::Mailer,
    signing: SigningMaster,
    clock: Clock,
}

impl Channels {
    /// The channels as the options say. Reads the CA file; connects to nothing.
    pub fn new(options: Options, clock: Clock) -> Result<Self, SetupError> {
        let egress = Egress::new(options.egress)?;
        let poster = |limit| Poster {
            egress: egress.clone(),
            limit,
        };
        Ok(Self {
            webhook: poster(options.webhook_timeout),
            chat: poster(options.chat_timeout),
            hosts: options.hosts.into(),
            public_url: options.public_url.trim_end_matches('/').into(),
            mailer: email::Mailer::new(&options.email, clock.clone())?,
            signing: options.signing,
            clock,
        })
    }

    /// The console's address, without a slash at its end; for [`crate::message::compose`].
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The destination in the form to store and compare, or why it is none for the channel: for whoever saves one.
    /// An email address has its domain in lower case, a URL is canonical. The reason never quotes the destination.
    pub fn check(&self, channel: Channel, destination: &str) -> Result<String, String> {
        let canonical = |checked: Result<Destination, destination::Refusal>| {
            checked
                .map(|destination| destination.expose().to_owned())
                .map_err(|refusal| refusal.to_string())
        };
        match channel {
            Channel::InApp => Err("the inbox has no destination".to_owned()),
            Channel::Email => email::address(destination).map_err(|fault| fault.to_string()),
            Channel::Webhook => canonical(destination::webhook(destination, self.webhook.egress.reach())),
            Channel::Slack => canonical(destination::slack(destination, &self.hosts)),
            Channel::Teams => canonical(destination::teams(destination, &self.hosts)),
        }
    }

    /// The secrets (`whsec_…`) with which posts to this webhook URL are signed now, for whoever runs the receiver. The
    /// URL in the form that [`check`](Self::check) gives.
    pub fn webhook_secrets(&self, url: &str, signing: webhook::Signing) -> webhook::Secrets {
        webhook::secrets(&self.signing.0, url, signing, self.clock.now())
    }

    /// What signs the links that stop mails.
    pub(crate) fn links(&self) -> Links<'_> {
        Links {
            public_url: &self.public_url,
            master: &self.signing.0,
        }
    }

    /// Sends one message to one destination and says what became of it. Takes no longer than the channel's timeout,
    /// and does not retry.
    pub async fn send(&self, channel: Channel, outbound: &Outbound) -> Attempt {
        let message = &outbound.message;
        let url = &outbound.destination;
        match channel {
            Channel::InApp => {
                Attempt::without_answer(Outcome::RefusedForGood, "the inbox has no destination")
            }
            Channel::Email => self.mailer.send(outbound).await,
            Channel::Webhook => {
                webhook::send(&self.webhook, &self.signing.0, outbound, self.clock.now()).await
            }
            Channel::Slack => slack::send((&self.chat, &self.hosts), url, message).await,
            Channel::Teams => teams::send((&self.chat, &self.hosts), url, message).await,
        }
    }
}
