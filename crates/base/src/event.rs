//! What happened, as one value (promise B1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Clock, Id, Kind, Severity, Time};

/// The name in an event's data that says that it stands for its bundle.
pub const LEADS: &str = "leads";

/// One thing that happened. It knows no consumer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its own id, in the order things happened on one node.
    pub id: Id,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When.
    pub at: Time,
    /// Whom it may reach at all.
    pub audience: Audience,
    /// How bad, for kinds that carry one.
    pub severity: Option<Severity>,
    /// The person who did it; none for the system itself.
    pub actor: Option<Id>,
    /// Whether that person came with an API token: a program of theirs did it, which is nobody's own act (promise O7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_token: bool,
    /// The record it happened to.
    pub subject: Subject,
    /// People it concerns directly, each once.
    pub assignee_users: Vec<Id>,
    /// Teams it concerns directly, each once.
    pub assignee_teams: Vec<Id>,
    /// What brought it together with others: the scan of an import, or a bulk change of many records. Messages and open tabs
    /// get such events together.
    pub bundle: Option<Id>,
    /// Ids and texts for messages and tabs. Texts are data from outside: every channel escapes them.
    pub data: Map<String, Value>,
}

/// Whom an event may reach. It has no default: whoever makes an event says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who may see this company.
    Company(Id),
    /// Everyone signed in; only for kinds whose row in the table says so.
    Platform,
    /// This person alone, administrators not excepted: frames about an inbox, and what may be for no company.
    User(Id),
}

impl Audience {
    /// The company, if it is for one.
    pub const fn company(self) -> Option<Id> {
        match self {
            Self::Company(company) => Some(company),
            Self::Platform | Self::User(_) => None,
        }
    }
}

/// The record an event happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SubjectType,
    /// Which.
    pub id: Id,
}

/// What kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SubjectType {
    Finding,
    Scan,
    Asset,
    Project,
    Report,
    Agreement,
    Approval,
    Notification,
    Destination,
    Announcement,
}

impl SubjectType {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Scan => "scan",
            Self::Asset => "asset",
            Self::Project => "project",
            Self::Report => "report",
            Self::Agreement => "agreement",
            Self::Approval => "approval",
            Self::Notification => "notification",
            Self::Destination => "destination",
            Self::Announcement => "announcement",
        }
    }
}

impl Event {
    /// An event of now, without severity, actor, assignees or data; set those that it has.
    pub fn new(clock: &Clock, kind: Kind, audience: Audience, subject: Subject) -> Self {
        Self {
            id: clock.id(),
            kind,
            at: clock.now(),
            audience,
            severity: None,
            actor: None,
            by_token: false,
            subject,
            assignee_users: Vec::new(),
            assignee_teams: Vec::new(),
            bundle: None,
            data: Map::new(),
        }
    }

    /// What is wrong with it, if anything: a severity where the kind has none or the reverse, a platform event of
    /// a kind that is not on the list, a live-only kind for more than one person.
    pub fn fault(&self) -> Option<&'static str> {
        let about = self.kind.about();
        if about.severity != self.severity.is_some() {
            return Some("its severity does not fit its kind");
        }
        match self.audience {
            Audience::Platform if !about.platform => Some("its kind may not be for the whole platform"),
            Audience::User(_) if about.notifies && !about.platform => Some("its kind is not for one person"),
            Audience::Company(_) if !about.notifies => Some("its kind is for one person only"),
            _ => None,
        }
    }

    /// Whether it stands for all of its bundle where only one of them is shown: in the list of what happened lately.
    pub fn leads(&self) -> bool {
        self.data.get(LEADS) == Some(&Value::Bool(true))
    }

    /// A text of `data`, or nothing.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: B1
    #[test]
    fn round_trips_and_names_its_faults() {
        let clock = Clock::system();
        let company = Audience::Company(clock.id());
        let subject = Subject {
            kind: SubjectType::Finding,
            id: clock.id(),
        };
        let mut event = Event::new(&clock, Kind::FindingCreated, company, subject);
        assert!(event.fault().is_some(), "no severity");
        event.severity = Some(Severity::High);
        assert_eq!(event.fault(), None);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        event.audience = Audience::Platform;
        assert!(event.fault().is_some(), "not on the platform list");
        event.audience = Audience::User(clock.id());
        assert!(event.fault().is_some(), "not for one person");
    }
}
