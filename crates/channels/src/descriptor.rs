//! The descriptor of a channel: everything outside a channel's own module reads it here.
//!
//! Must not: name a channel.

use std::time::Duration;

use base::Time;
use hyper::header::{HeaderName, HeaderValue};

use crate::{
    Attempt, Outbound, SigningMaster,
    destination::{Destination, Hosts, Reach, Refusal},
};

/// A channel.
#[derive(Debug)]
pub struct Descriptor {
    /// The name in the API and in storage.
    pub name: &'static str,
    /// The display name.
    pub title: &'static str,
    /// Who it reaches.
    pub kind: Kind,
    /// Whether it reaches, or can reach, one person, who then decides by preferences.
    pub personal: bool,
    /// The default for a person without a preference.
    pub default_on: bool,
    /// How often messages may be sent to one destination; none for no limit.
    pub pace: Option<Rate>,
    /// How long to wait after the first, second, … failed attempt.
    pub retries: &'static [Duration],
    /// The names of its payload templates, where the owner of a URL chooses one.
    pub templates: &'static [&'static str],
    /// How a message is transported.
    pub transport: Transport,
}

/// Who a channel reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person, by account or address.
    Person,
    /// People who share a chat, by URL. They cannot recognize a copy of a message.
    Chat,
    /// A program, by URL. It can recognize a copy by its id.
    Hook,
}

/// A steady rate, and how many messages may be sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// One message per this duration.
    pub every: Duration,
    /// How many may be sent at once after a pause.
    pub burst: u32,
}

/// How a message reaches its destination.
#[derive(Debug)]
pub enum Transport {
    /// Not sent: it is a row here.
    Inbox,
    /// By the mail server.
    Mail,
    /// By one HTTP POST.
    Post(Post),
}

/// How a channel posts.
#[derive(Debug)]
pub struct Post {
    /// The destination that a text names, or why it is not one. Applied when it is saved and again before each send.
    pub check: fn(&str, &Guard) -> Result<Destination, Refusal>,
    /// What is posted.
    pub draft: fn(&Outbound, &Destination, &Sender) -> Draft,
    /// A second look at the outcome of an attempt, where a service says more than its status.
    pub judge: fn(Attempt) -> Attempt,
}

/// What the operator allows.
#[derive(Debug)]
pub struct Guard {
    /// Which hosts chat messages may be posted to.
    pub hosts: Hosts,
    /// Which networks webhooks may be sent to although they are not public.
    pub reach: Reach,
}

/// Who sends, and when.
#[derive(Debug)]
pub struct Sender<'a> {
    /// The key that signing keys are derived from.
    pub signing: &'a SigningMaster,
    /// The time of the attempt.
    pub now: Time,
}

/// What is posted: headers in addition to the usual ones, and the body.
#[derive(Debug)]
pub struct Draft {
    /// A header named here replaces the usual one.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: String,
}

impl Draft {
    /// A JSON body without headers of its own.
    pub fn json(body: &serde_json::Value) -> Self {
        Self {
            headers: Vec::new(),
            body: body.to_string(),
        }
    }
}

/// Delays that cover seconds, minutes, hours and days: a receiver may be down over a long weekend. Together 75 hours
/// and 35 minutes, without jitter.
pub(crate) const DAYS: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];
