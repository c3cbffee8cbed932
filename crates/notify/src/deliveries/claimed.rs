//! A message to send now, and its current address.

use std::sync::Arc;

use access::Secret;
use base::{Event, Id, Time};

use crate::{
    channel::Channel,
    channels::webhook::Signing,
    digests::Digest,
    message::{self, Detail, Message, Summary},
    plan::{Cause, UrlTarget, Why, World, admits, admits_team},
    target::{Key, Recipient},
};

use super::in_flight::InFlightGuard;

/// A message to send now: its attempt is already recorded.
#[derive(Debug, Clone)]
pub(crate) struct ClaimedDelivery {
    pub(crate) id: Id,
    pub(crate) channel: Channel,
    pub(crate) content: Content,
    /// Why its recipient gets it, if that was stored.
    pub(crate) cause: Option<Cause>,
    pub(crate) key: Key,
    pub(crate) recipient: Recipient,
    pub(crate) address: Address,
    /// The body of a webhook, the same in every attempt; empty on other channels.
    pub(crate) body: String,
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
    /// How many of the attempts were made before the message was resent.
    pub(crate) earlier: u32,
    /// How many earlier attempts had an unknown outcome.
    pub(crate) unknowns: u32,
    pub(crate) lane: Arc<str>,
    pub(crate) started_at: Time,
    /// Marks it as in flight in this process.
    pub(crate) held: Arc<InFlightGuard>,
}

/// The current address of a message.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The mail address or the URL.
    pub(crate) text: Secret,
    /// Which secrets sign it, on a webhook.
    pub(crate) signing: Signing,
    /// The name of the payload template, on a chat that has several; else empty.
    pub(crate) template: Arc<str>,
    /// How much detail may be sent there; unused on a webhook, whose body is created with the plan.
    pub(crate) detail: Detail,
}

impl Address {
    fn url(url: &UrlTarget, detail: Detail) -> Result<Self, Why> {
        Ok(Self {
            text: url.url.clone().ok_or(Why::Sealed)?,
            signing: url.signing,
            template: Arc::clone(&url.template),
            detail,
        })
    }

    fn mail(address: &str, detail: Detail) -> Self {
        Self {
            text: Secret::new(address),
            signing: Signing::default(),
            template: "".into(),
            detail,
        }
    }
}

/// The current address of a message, or why it has none: checked when it is planned and again before each attempt
/// (promise F6).
pub(crate) fn address(
    event: &Event,
    world: &World,
    channel: Channel,
    recipient: &Recipient,
    key: &Key,
) -> Result<Address, Why> {
    let detail = world.detail(event);
    let same = |url: Option<&UrlTarget>| match url {
        Some(url) if url.target.key == *key && world.off.contains(key) => Err(Why::SwitchedOff),
        Some(url) if url.target.key == *key => Address::url(url, detail),
        _ => Err(Why::Gone),
    };
    match recipient {
        Recipient::Address(address) => {
            // It may have become a personal chat since.
            if let Some(user) = world.person_at(address) {
                admits(event, world, user, channel)?;
            }
            let mut named = world
                .rules
                .matching(event, channel)
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

/// The current address of a webhook's batch: any rule may name its URL.
pub(super) fn webhook_address(world: &World, event: &Event, key: &Key) -> Result<Address, Why> {
    if world.off.contains(key) {
        return Err(Why::SwitchedOff);
    }
    let mut urls = world
        .rules
        .all()
        .filter(|rule| rule.channel == Channel::Webhook)
        .flat_map(|rule| &rule.urls);
    let (_, url) = urls.find(|(_, url)| url.target.key == *key).ok_or(Why::Gone)?;
    Address::url(url, world.detail(event))
}

/// The content of a message.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A single event.
    One(Arc<Event>),
    /// The only event of an import for the recipient, and the import's headline: "1 critical reopened in Web shop".
    Lone(Arc<Event>, String),
    /// The events of a summary, at least two; the first of them separately.
    Many(Arc<Event>, Arc<Summary>),
    /// What an import or a bulk change brought for the recipient.
    Group(Arc<Grouped>),
}

/// A message about a group.
#[derive(Debug)]
pub(crate) struct Grouped {
    /// The end of the import, or the event that represents a bulk change.
    pub(crate) of: Arc<Event>,
    /// The event that it replaces.
    pub(crate) lead: Arc<Event>,
    pub(crate) digest: Digest,
    pub(crate) named: Vec<Arc<Event>>,
}

impl ClaimedDelivery {
    /// The message.
    pub(crate) fn message(&self, public_url: &str) -> Message {
        let detail = self.address.detail;
        let (mut message, of, many) = match &self.content {
            Content::One(event) => (message::compose(event, public_url, detail), event, false),
            Content::Lone(event, brought) => {
                let mut message = message::compose(event, public_url, detail);
                message.sentence = format!("{brought}. {}", message.sentence);
                (message, event, false)
            }
            Content::Many(first, summary) => return self.summary(first, summary, public_url),
            Content::Group(group) => {
                let message = group.digest.message(&group.of, &group.named, public_url, detail);
                let lead = group.lead.id;
                let message = Message {
                    event_id: lead,
                    ..message
                };
                (message, &group.of, true)
            }
        };
        let cause = self.cause.as_ref();
        message.why = cause.and_then(|cause| cause.sentence(of, &self.recipient, detail, many));
        // A user with an account can read the full reason there.
        if let Recipient::User(_) = &self.recipient {
            let public_url = public_url.trim_end_matches('/');
            message.why_url = Some(format!("{public_url}/inbox?why={}", of.id));
        }
        message
    }

    /// Each of several events has its own reason; the inbox shows it.
    fn summary(&self, first: &Event, summary: &Summary, public_url: &str) -> Message {
        let why = match &self.recipient {
            Recipient::User(_) => {
                "You get this because there were many notifications for you in a short time. Your inbox shows the \
                 reason for each."
            }
            _ => "This address gets this because there were many notifications for it in a short time.",
        };
        Message {
            why: Some(why.to_owned()),
            ..summary.message(first.id, public_url)
        }
    }

    /// When its event happened; none for a message that waited on purpose, or was sent before.
    pub(super) fn since(&self) -> Option<Time> {
        match &self.content {
            Content::One(event) | Content::Lone(event, _) if self.earlier == 0 => Some(event.at),
            Content::One(_) | Content::Lone(..) | Content::Many(..) | Content::Group(_) => None,
        }
    }
}
