//! What there is to know of a channel: everything outside a channel's own module reads it here.
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
    /// The name for people.
    pub title: &'static str,
    /// Whom it leads to.
    pub kind: Kind,
    /// Whether it leads, or can lead, to one person, who then decides by preferences.
    pub personal: bool,
    /// What a person who has set nothing gets.
    pub default_on: bool,
    /// How often messages may go to one destination; none where it takes what it takes.
    pub pace: Option<Rate>,
    /// How long to wait after the first, second, … attempt that did not go through.
    pub retries: &'static [Duration],
    /// The names of the forms of its posts, where the owner of a URL chooses one.
    pub templates: &'static [&'static str],
    /// How a message gets there.
    pub way: Way,
}

/// Whom a channel leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person, by account or address.
    Person,
    /// People who read along in a chat, by URL. Nothing tells a message there from a copy of it.
    Chat,
    /// A program, by URL. It can tell a copy by its id.
    Hook,
}

/// A steady rate, and how many messages may go at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// One message in this time.
    pub every: Duration,
    /// So many at once after a pause.
    pub burst: u32,
}

/// How a message gets to its destination.
#[derive(Debug)]
pub enum Way {
    /// Not at all: it is a row here.
    Inbox,
    /// By the mail server.
    Mail,
    /// By one HTTP POST.
    Post(Post),
}

/// How a channel posts.
#[derive(Debug)]
pub struct Post {
    /// The destination that a text names, or why it is none. Applied when it is saved and again before each send.
    pub check: fn(&str, &Guard) -> Result<Destination, Refusal>,
    /// What is posted.
    pub draft: fn(&Outbound, &Destination, &Sender) -> Draft,
    /// A second look at what became of an attempt, where a service says more than its status.
    pub judge: fn(Attempt) -> Attempt,
}

/// What the operator allows.
#[derive(Debug)]
pub struct Guard {
    /// Which hosts chats may be on.
    pub hosts: Hosts,
    /// Which networks webhooks may be in although they are not public.
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

/// What is posted: headers beside those of every post, and the body.
#[derive(Debug)]
pub struct Draft {
    /// A header named here takes the place of the usual one.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: String,
}

impl Draft {
    /// A body of JSON without headers of its own.
    pub fn json(body: &serde_json::Value) -> Self {
        Self {
            headers: Vec::new(),
            body: body.to_string(),
        }
    }
}

/// Waits that follow each other over seconds, minutes, hours and days: a receiver may be down over a long weekend.
/// Together 75 hours and 35 minutes, without their spread.
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
