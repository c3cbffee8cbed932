//! What the plan knows about people, teams and rules. Built by [`crate::directory`], or by hand in a test.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use access::{
    Role,
    ownership::{self, Owners},
};
use base::{Event, Id, Kind, Scope, Severity};

use super::{act, because::Cause, reason::Why, rule::Rules};
use crate::{
    channel::Channel,
    message::Detail,
    target::{Key, Recipient, Target, UrlTarget},
};

/// Everything a decision is based on.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The enabled rules.
    pub rules: Arc<Rules>,
    /// People by id.
    pub people: HashMap<Id, Person>,
    /// People by normalised mail address.
    pub addresses: HashMap<String, Id>,
    /// Preferences, where a person has any.
    pub preferences: HashMap<(Id, Kind, Channel), bool>,
    /// Teams by id.
    pub teams: HashMap<Id, Team>,
    /// Personal chats that have a URL.
    pub chats: HashMap<(Id, Channel), Chat>,
    /// Whose personal chats these destinations are, if a rule names them, too.
    pub chat_owners: HashMap<Key, Vec<(Id, Channel)>>,
    /// The ownership rules of companies.
    pub ownership: HashMap<Id, Vec<ownership::Rule>>,
    /// The owners of projects and assets.
    pub owners: HashMap<Id, Owners>,
    /// Who has which role in a company: the managers, and all members if a rule names roles.
    pub members: HashMap<Id, Vec<(Id, Role)>>,
    /// The active administrators of the platform.
    pub administrators: Vec<Id>,
    /// Who follows a finding or a project.
    pub followers: HashMap<Id, Vec<Id>>,
    /// Destinations that are turned off.
    pub off: HashSet<Key>,
    /// Companies that hide details in mails and chats.
    pub minimal: HashSet<Id>,
}

/// A person who can be notified.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whether the account is enabled.
    pub active: bool,
    /// Their scope.
    pub scope: Scope,
    /// Whether they want to be notified of their own actions.
    pub own_acts: bool,
    /// Their mailbox.
    pub mailbox: Target,
}

/// A team that can be notified.
#[derive(Debug, Clone)]
pub struct Team {
    /// Its name. Untrusted.
    pub name: String,
    /// Its company.
    pub company: Id,
    /// Its URLs, one per channel.
    pub urls: HashMap<Channel, UrlTarget>,
    /// Its members.
    pub members: Vec<Id>,
    /// Which events its chat channels get.
    pub wants: TeamChat,
}

/// Which events a team's chat channels get (promise O6).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChat {
    /// The event types; null for the built-in default: assignments, SLA, retests, reopened findings, and what an import
    /// brought.
    #[serde(default, rename = "event_types")]
    #[schema(value_type = Option<Vec<crate::kinds::NotifiedKind>>)]
    pub kinds: Option<Vec<Kind>>,
    /// The minimum severity; null for any.
    #[serde(default)]
    pub min_severity: Option<Severity>,
}

impl TeamChat {
    /// The default of a team without settings: assignments, SLA, retests, reopened findings, and what an import
    /// brought.
    pub const DEFAULT: [Kind; 8] = [
        Kind::FindingAssigned,
        Kind::FindingReopened,
        Kind::SlaWarning,
        Kind::SlaBreached,
        Kind::SlaEscalated,
        Kind::RetestDue,
        Kind::ScanCompleted,
        Kind::ScanFailed,
    ];

    /// Whether an event is to be posted.
    pub fn lets_pass(&self, event: &Event) -> bool {
        let severe = match (self.min_severity, event.severity) {
            (Some(least), Some(severity)) => severity >= least,
            (None, _) | (_, None) => true,
        };
        severe
            && act::kinds(event).any(|kind| match &self.kinds {
                Some(kinds) => kinds.contains(&kind),
                None => Self::DEFAULT.contains(&kind),
            })
    }
}

impl Team {
    /// Whether it has any chat channel.
    pub fn has_chat(&self) -> bool {
        !self.urls.is_empty()
    }

    /// The target of its posts on this channel.
    pub fn url(&self, channel: Channel) -> Option<&UrlTarget> {
        self.urls.get(&channel)
    }

    /// The same without its secret.
    pub fn target(&self, channel: Channel) -> Option<&Target> {
        self.url(channel).map(|url| &url.target)
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

impl World {
    /// How much detail of the event a mail or a chat may contain.
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

    /// The person with this address, in any spelling.
    pub fn person_at(&self, address: &str) -> Option<Id> {
        self.addresses.get(&crate::target::normalised(address)).copied()
    }

    /// The person's preference for this kind on this channel, if there is one.
    pub fn preference(&self, user: Id, kind: Kind, channel: Channel) -> Option<bool> {
        self.preferences.get(&(user, kind, channel)).copied()
    }

    /// The managers of a company.
    pub fn managers(&self, company: Id) -> impl Iterator<Item = Id> + '_ {
        self.with_role(company, Role::Manager)
    }

    /// Who has exactly this role in a company.
    pub fn with_role(&self, company: Id, role: Role) -> impl Iterator<Item = Id> + '_ {
        let members = self.members.get(&company).into_iter().flatten();
        members.filter(move |(_, has)| *has == role).map(|(id, _)| *id)
    }

    /// The team with this id.
    pub fn team(&self, id: Id) -> Option<&Team> {
        self.teams.get(&id)
    }

    /// The reason with the name of its team.
    pub fn cause(&self, why: &Why, recipient: &Recipient) -> Cause {
        let name = |team| self.team(team).map(|team| team.name.clone());
        Cause::of(why.clone(), recipient, name)
    }

    /// The person's own chat on this channel, if they saved its URL.
    pub fn chat(&self, user: Id, channel: Channel) -> Option<&Chat> {
        self.chats.get(&(user, channel))
    }
}

/// Whether a team may be notified of the event: it is in the event's company, or the event is for everyone.
pub fn admits_team(event: &Event, team: &Team) -> Result<(), Why> {
    match event.audience.company() {
        Some(company) if company != team.company => Err(Why::OutOfScope),
        _ => Ok(()),
    }
}
