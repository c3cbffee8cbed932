//! An event, as one value (promise B1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Clock, Id, Kind, Severity, Time};

/// The field in an event's data that marks it as the representative of its bundle.
pub const LEADS: &str = "leads";

/// An event. It does not know its consumers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, ordered by time on one node.
    pub id: Id,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When.
    pub at: Time,
    /// Who may receive it at all.
    pub audience: Audience,
    /// The severity, for kinds that have one.
    pub severity: Option<Severity>,
    /// The user who caused it; none for the system itself.
    pub actor: Option<Id>,
    /// Whether that user used an API token: then a program caused it, which is not the user's own action (promise O7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_token: bool,
    /// The record it happened to.
    pub subject: Subject,
    /// Users it directly involves, each once.
    pub assignee_users: Vec<Id>,
    /// Teams it directly involves, each once.
    pub assignee_teams: Vec<Id>,
    /// What groups it with others: the scan of an import, or a bulk change. Messages and open tabs
    /// receive such events together.
    pub bundle: Option<Id>,
    /// Ids and texts for messages and tabs. Texts are untrusted: every channel escapes them.
    pub data: Map<String, Value>,
}

/// Who may receive an event. It has no default: the code that creates an event chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Users with access to this company.
    Company(Id),
    /// All signed-in users; only for kinds whose row in the table allows it.
    Platform,
    /// Only this user, not even administrators: frames about an inbox, and events that may have no company.
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
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SubjectType,
    /// Its id.
    pub id: Id,
}

crate::words! {
    // In this order: links that may lead to several records prefer the earlier.
    /// The type of a record.
    #[expect(missing_docs, reason = "the names are the documentation")]
    pub enum SubjectType (SubjectType) {
        Finding "finding",
        Scan "scan",
        Approval "approval",
        Report "report",
        Agreement "agreement",
        Asset "asset",
        Project "project",
        Notification "notification",
        Destination "destination",
        Announcement "announcement",
    }
}

impl Event {
    /// An event at the current time, without severity, actor, assignees or data; set those that apply.
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

    /// Its inconsistency, if any: a severity for a kind without one or the reverse, a platform event of
    /// a kind that does not allow it, a live-only kind for more than one user.
    pub fn fault(&self) -> Option<&'static str> {
        let about = self.kind.about();
        if about.severity != self.severity.is_some() {
            return Some("its severity does not match its kind");
        }
        match self.audience {
            Audience::Platform if !about.platform => Some("its kind may not be for the whole platform"),
            Audience::User(_) if about.notifies && !about.platform => {
                Some("its kind is not for a single user")
            }
            Audience::Company(_) if !about.notifies => Some("its kind is for a single user only"),
            _ => None,
        }
    }

    /// Whether it represents its bundle where only one of them is shown: in the recent activity.
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
    fn round_trips_and_reports_its_faults() {
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
        assert!(event.fault().is_some(), "not allowed for the platform");
        event.audience = Audience::User(clock.id());
        assert!(event.fault().is_some(), "not for a single user");
    }
}
