//! One message to one destination on one channel.
//!
//! Owns: [`Channels`], which holds what the channels share.
//! Must not: name a channel: the differences are in the descriptors.

use std::{sync::Arc, time::Duration};

use base::Clock;

use crate::{
    Attempt, Channel, Outbound, Outcome, SigningMaster,
    descriptor::{Guard, Kind, Post, Sender, Transport},
    destination::{Hosts, Refusal},
    egress::{self, Egress},
    email,
    post::Poster,
    webhook,
};

/// How the channels are set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The console's address.
    pub public_url: String,
    /// Which hosts of Slack and Teams may be posted to.
    pub hosts: Hosts,
    /// How posts are sent.
    pub egress: egress::Options,
    /// The timeout for one post to a webhook, from the lookup to the response.
    pub webhook_timeout: Duration,
    /// The timeout for one post to Slack or Teams.
    pub chat_timeout: Duration,
    /// How mail is sent.
    pub email: email::Options,
    /// The key that the signing keys of webhooks and of links in mails are derived from.
    pub signing: SigningMaster,
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
    guard: Arc<Guard>,
    mailer: email::Mailer,
    signing: SigningMaster,
    clock: Clock,
}

impl Channels {
    /// The channels with these options. Reads the CA file; does not connect.
    pub fn new(options: Options, clock: Clock) -> Result<Self, SetupError> {
        let egress = Egress::new(options.egress)?;
        let poster = |limit| Poster {
            egress: egress.clone(),
            limit,
        };
        Ok(Self {
            webhook: poster(options.webhook_timeout),
            chat: poster(options.chat_timeout),
            guard: Arc::new(Guard {
                hosts: options.hosts,
                reach: egress.reach().clone(),
            }),
            public_url: options.public_url.trim_end_matches('/').into(),
            mailer: email::Mailer::new(&options.email, clock.clone())?,
            signing: options.signing,
            clock,
        })
    }

    /// The console's address, without a trailing slash; for composing messages.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether mails are sent to a mail server; they are written to files otherwise.
    pub fn has_mail_server(&self) -> bool {
        self.mailer.has_server()
    }

    /// The destination in the form to store and compare, or why the channel does not accept it: for handlers that save
    /// one. An email address has its domain in lower case, a URL is canonical. The reason never quotes the destination.
    pub fn check(&self, channel: Channel, destination: &str) -> Result<String, String> {
        match &channel.about().transport {
            Transport::Inbox => Err(NO_DESTINATION.to_owned()),
            Transport::Mail => email::address(destination).map_err(|fault| fault.to_string()),
            Transport::Post(post) => (post.check)(destination, &self.guard)
                .map(|destination| destination.expose().to_owned())
                .map_err(|refusal: Refusal| refusal.to_string()),
        }
    }

    /// The secrets (`whsec_…`) that sign posts to this webhook URL now, for the operator of the receiver. The URL is in
    /// the form that [`check`](Self::check) returns.
    pub fn webhook_secrets(&self, url: &str, signing: webhook::Signing) -> webhook::Secrets {
        webhook::secrets(&self.signing.0, url, signing, self.clock.now())
    }

    /// The key that other parts here derive theirs from.
    pub const fn signing(&self) -> &SigningMaster {
        &self.signing
    }

    /// Sends one message to one destination and returns the outcome. Takes no longer than the channel's timeout, and
    /// does not retry.
    pub async fn send(&self, channel: Channel, outbound: &Outbound) -> Attempt {
        match &channel.about().transport {
            Transport::Inbox => Attempt::without_answer(Outcome::RefusedForGood, NO_DESTINATION),
            Transport::Mail => self.mailer.send(outbound).await,
            Transport::Post(post) => self.post(channel, post, outbound).await,
        }
    }

    async fn post(&self, channel: Channel, post: &Post, outbound: &Outbound) -> Attempt {
        // Checked again, although it was checked when it was saved: rows can be older than the rules and the settings.
        let destination = match (post.check)(&outbound.destination, &self.guard) {
            Ok(destination) => destination,
            Err(refusal) => {
                let reason = format!("the {} URL: {refusal}", channel.about().title);
                return Attempt::without_answer(Outcome::RefusedForGood, reason);
            }
        };
        let sender = Sender {
            signing: &self.signing,
            now: self.clock.now(),
        };
        let poster = match channel.about().kind {
            Kind::Hook => &self.webhook,
            Kind::Chat | Kind::Person => &self.chat,
        };
        let draft = (post.draft)(outbound, &destination, &sender);
        (post.judge)(poster.post(&destination, draft).await)
    }
}

const NO_DESTINATION: &str = "the inbox has no destination";
