//! What the plan knows of people, teams and rules. Made by [`crate::directory`], or by hand in a test.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use access::{Secret, Vault};
use base::{Event, Id, Kind, Scope, Severity, Time};

use crate::{
    channel::Channel,
    channels::webhook::{Format, Signing},
    message::Detail,
    target::{Key, Target},
};

/// Everything a decision rests on.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The rules that are switched on.
    pub rules: Arc<Rules>,
    /// People by id.
    pub people: HashMap<Id, Person>,
    /// People by normalised mail address.
    pub addresses: HashMap<String, Id>,
    /// What people said, where they said something.
    pub preferences: HashMap<(Id, Kind, Channel), bool>,
    /// Teams by id.
    pub teams: HashMap<Id, Team>,
    /// Personal chats that have a URL.
    pub chats: HashMap<(Id, Channel), Chat>,
    /// Destinations that are switched off.
    pub off: HashSet<Key>,
    /// Companies whose mails and chats hold no detail.
    pub minimal: HashSet<Id>,
}

/// A person who can be told.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whether the account is switched on.
    pub active: bool,
    /// What they may see.
    pub scope: Scope,
    /// Where their mail goes.
    pub mailbox: Target,
}

/// A team that can be told.
#[derive(Debug, Clone)]
pub struct Team {
    /// Whose it is.
    pub company: Id,
    /// Its Slack URL.
    pub slack: Option<UrlTarget>,
    /// Its Teams URL.
    pub teams: Option<UrlTarget>,
}

impl Team {
    /// Where its posts on this channel go.
    pub fn url(&self, channel: Channel) -> Option<&UrlTarget> {
        match channel {
            Channel::Slack => self.slack.as_ref(),
            Channel::Teams => self.teams.as_ref(),
            _ => None,
        }
    }

    /// The same without its secret.
    pub fn target(&self, channel: Channel) -> Option<&Target> {
        self.url(channel).map(|url| &url.target)
    }
}

/// A URL with what is known of it.
#[derive(Debug, Clone)]
pub struct UrlTarget {
    /// What may be seen of it.
    pub target: Target,
    /// The URL itself, in canonical form.
    pub url: Secret,
    /// When it was last saved, as far as only its owner's table knows.
    pub saved_at: Time,
    /// Which secrets sign what is posted there, on a webhook.
    pub signing: Signing,
    /// The form of what is posted there, on a webhook.
    pub format: Format,
}

impl UrlTarget {
    /// A URL in the canonical form in which it is stored. Whether it may be posted to is asked where it is saved and
    /// where it is sent.
    pub fn new(vault: &Vault, url: Secret) -> Self {
        let text = url.expose();
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self {
            target: Target {
                key: Key::of_url(vault, text),
                lane: authority.into(),
                label: access::mask(text).into(),
            },
            url,
            saved_at: Time::default(),
            signing: Signing::default(),
            format: Format::default(),
        }
    }
}

/// A personal chat.
#[derive(Debug, Clone)]
pub struct Chat {
    /// Whether the person opted in.
    pub enabled: bool,
    /// Where it is.
    pub url: UrlTarget,
}

/// A rule, as far as the plan goes.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// The kind of event it is for.
    pub kind: Kind,
    /// The channel it turns on.
    pub channel: Channel,
    /// From which severity on.
    pub min_severity: Option<Severity>,
    /// For which company; none for all.
    pub company: Option<Id>,
    /// People it names.
    pub users: Vec<Id>,
    /// Addresses it names, normalised.
    pub addresses: Vec<Target>,
    /// URLs it names, by the ids of their rows.
    pub urls: Vec<(Id, UrlTarget)>,
}

impl Rule {
    /// Whether an event of its kind passes: its threshold and its company (promises R2, R3).
    pub fn passes(&self, event: &Event) -> bool {
        let severe = match (self.min_severity, event.severity) {
            (Some(least), Some(severity)) => severity >= least,
            (None, _) | (_, None) => true,
        };
        let concerned = match self.company {
            Some(company) => event.audience.company() == Some(company),
            None => true,
        };
        severe && concerned
    }
}

/// The rules, found by kind and channel.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: BTreeMap<(Kind, Channel), Vec<Rule>>,
}

impl Rules {
    /// These rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut all = Self::default();
        for rule in rules {
            all.rules.entry((rule.kind, rule.channel)).or_default().push(rule);
        }
        all
    }

    /// The same with one more, which comes last.
    #[must_use]
    pub fn with(self, rule: Rule) -> Self {
        Self::new(self.rules.into_values().flatten().chain([rule]))
    }

    /// The rules of a channel that let the event pass.
    pub fn passing<'a>(&'a self, event: &'a Event, channel: Channel) -> impl Iterator<Item = &'a Rule> {
        self.of(event.kind, channel).filter(|rule| rule.passes(event))
    }

    /// The URL of this row among those that rules name for the event.
    pub fn url<'a>(&'a self, event: &'a Event, channel: Channel, row: Id) -> Option<&'a UrlTarget> {
        let mut named = self.passing(event, channel).flat_map(|rule| &rule.urls);
        named.find(|(id, _)| *id == row).map(|(_, url)| url)
    }

    /// The rules of a kind and a channel.
    pub fn of(&self, kind: Kind, channel: Channel) -> impl Iterator<Item = &Rule> {
        self.rules.get(&(kind, channel)).into_iter().flatten()
    }
}

impl World {
    /// How much of the event a mail or a chat may tell.
    pub fn detail(&self, event: &Event) -> Detail {
        match event.audience.company() {
            Some(company) if self.minimal.contains(&company) => Detail::Minimal,
            _ => Detail::Full,
        }
    }

    /// The person with this id.
    pub fn person(&self, id: Id) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Whose address this is, written in any way.
    pub fn person_at(&self, address: &str) -> Option<Id> {
        self.addresses.get(&crate::target::normalised(address)).copied()
    }

    /// What the person said of this kind on this channel, if anything.
    pub fn preference(&self, user: Id, kind: Kind, channel: Channel) -> Option<bool> {
        self.preferences.get(&(user, kind, channel)).copied()
    }

    /// The team with this id.
    pub fn team(&self, id: Id) -> Option<&Team> {
        self.teams.get(&id)
    }

    /// The person's own chat on this channel, if they stored its URL.
    pub fn chat(&self, user: Id, channel: Channel) -> Option<&Chat> {
        self.chats.get(&(user, channel))
    }
}
