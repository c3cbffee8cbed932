//! The audit log: who changed what on the platform, when, from what to what.
//!
//! Owns: the table `audit_entries`, what can be logged ([`Action`], one table), and how a change becomes an [`Entry`].
//! Must not: contain a secret. The values passed in are those that the API returns, in which URLs are masked and
//! passwords are absent; a new password is logged as "changed".
//!
//! An entry is written in the transaction of the change ([`note`]), so one exists exactly if the other does. What is
//! written stays: nothing here updates or deletes entries, and triggers in the database refuse both.

mod failed_sign_ins;
mod list;

use std::net::IpAddr;

use base::{Id, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Error, Tx, params};

use crate::{Caller, Peer};

pub(crate) use failed_sign_ins::FailedSignIns;
pub(crate) use list::{Filter, list};
pub use list::{Noted, Person};

/// The most elements of a list that an entry contains.
const ELEMENTS: usize = 100;

macro_rules! actions {
    ($($variant:ident $name:literal $subject:literal;)*) => {
        /// What was done. A row of the table: its name, and the type of its subject.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Action { $($variant,)* }

        impl Action {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name in the API and in storage, such as `team.updated`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The type of its subject.
            pub const fn subject(self) -> &'static str {
                match self { $(Self::$variant => $subject,)* }
            }
        }
    };
}

actions! {
    SessionStarted         "session.started"         "user";
    SessionRefused         "session.refused"         "user";
    SessionEnded           "session.ended"           "user";
    UserCreated            "user.created"            "user";
    UserUpdated            "user.updated"            "user";
    UserDeleted            "user.deleted"            "user";
    CompanyCreated         "company.created"         "company";
    CompanyUpdated         "company.updated"         "company";
    CompanyDeleted         "company.deleted"         "company";
    MemberAdded            "member.added"            "user";
    MemberRoleChanged      "member.role_changed"     "user";
    MemberRemoved          "member.removed"          "user";
    TeamCreated            "team.created"            "team";
    TeamUpdated            "team.updated"            "team";
    TeamDeleted            "team.deleted"            "team";
    TokenCreated           "token.created"           "token";
    TokenDeleted           "token.deleted"           "token";
    SettingsChanged        "settings.changed"        "company";
    RuleCreated            "rule.created"            "rule";
    RuleUpdated            "rule.updated"            "rule";
    RuleDeleted            "rule.deleted"            "rule";
    WebhookSecretsRotated  "webhook_secrets.rotated" "rule";
    ChatUpdated            "chat.updated"            "user";
    DestinationTested      "destination.tested"      "destination";
    DestinationSwitchedOn  "destination.switched_on" "destination";
    DestinationRedelivered "destination.redelivered" "destination";
    DestinationHurried     "destination.sent_now"    "destination";
    DeliveryRedelivered    "delivery.redelivered"    "delivery";
    ReportExported         "report.exported"         "report";
    FeedCreated            "feed.created"            "feed";
    FeedDeleted            "feed.deleted"            "feed";
    FindingDeleted         "finding.deleted"         "finding";
    ImportUndone           "import.undone"           "scan";
    TargetRetired          "target.retired"          "target";
    AnnouncementCreated    "announcement.created"    "announcement";
    AnnouncementWithdrawn  "announcement.withdrawn"  "announcement";
}

base::word!(Action, Action, None);

/// Who did it, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The user and their name at that time; none if nobody was signed in.
    actor: Option<(Id, String)>,
    /// `session`, `token`, `command_line`, or none.
    credential: &'static str,
    /// The session or the API token.
    credential_id: Option<Id>,
    /// The IP address of the client; a header counts only from a trusted proxy.
    address: Option<IpAddr>,
}

impl By {
    /// The user of the command line on the server's machine.
    pub const COMMAND_LINE: Self = Self {
        actor: None,
        credential: "command_line",
        credential_id: None,
        address: None,
    };

    /// The caller of a request.
    pub fn caller(caller: &Caller) -> Self {
        Self {
            actor: Some((caller.user_id, caller.name.clone())),
            credential: if caller.is_token { "token" } else { "session" },
            credential_id: Some(caller.session),
            address: caller.peer.map(|peer| peer.0),
        }
    }

    /// A user who just signed in.
    pub(crate) fn session((user, name): (Id, &str), session: Id, peer: Option<Peer>) -> Self {
        Self {
            actor: Some((user, name.to_owned())),
            credential: "session",
            credential_id: Some(session),
            address: peer.map(|peer| peer.0),
        }
    }

    /// An unknown actor, from this address.
    pub(crate) const fn anonymous(address: Option<IpAddr>) -> Self {
        Self {
            actor: None,
            credential: "",
            credential_id: None,
            address,
        }
    }
}

/// One action, ready to be logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    action: Action,
    subject: String,
    name: String,
    company: Option<Id>,
    before: Map<String, Value>,
    after: Map<String, Value>,
    /// A change without differences.
    idle: bool,
}

impl Entry {
    /// An action on the subject with this id, and its name at that time.
    pub fn new(action: Action, subject: Id, name: impl Into<String>) -> Self {
        Self {
            action,
            subject: subject.to_string(),
            name: name.into(),
            company: None,
            before: Map::new(),
            after: Map::new(),
            idle: false,
        }
    }

    /// The same for a subject with a name and no id: a destination.
    pub fn named(action: Action, name: impl Into<String>) -> Self {
        Self {
            action,
            subject: String::new(),
            name: name.into(),
            company: None,
            before: Map::new(),
            after: Map::new(),
            idle: false,
        }
    }

    /// It belongs to this company.
    #[must_use]
    pub fn of(mut self, company: impl Into<Option<Id>>) -> Self {
        self.company = company.into();
        self
    }

    /// It was created like this. Pass what the API returns: that contains no secret.
    #[must_use]
    pub fn made(mut self, after: &impl Serialize) -> Self {
        self.after = fields(after);
        self.after.retain(|_, value| !is_nothing(value));
        self.after.values_mut().for_each(shorten);
        self
    }

    /// It was deleted, and was like this.
    #[must_use]
    pub fn gone(mut self, before: &impl Serialize) -> Self {
        self.before = fields(before);
        self.before.retain(|_, value| !is_nothing(value));
        self.before.values_mut().for_each(shorten);
        self
    }

    /// It was changed from `before` to `after`: keeps the fields that differ, and of lists what was removed and added. An
    /// entry without differences is not logged.
    #[must_use]
    pub fn changed<T: Serialize>(mut self, before: &T, after: &T) -> Self {
        let (mut before, mut after) = (fields(before), fields(after));
        let same: Vec<String> = before
            .iter()
            .filter(|(name, value)| after.get(*name) == Some(value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in same {
            before.remove(&name);
            after.remove(&name);
        }
        for (name, was) in &mut before {
            if let (Value::Array(was), Some(Value::Array(is))) = (was, after.get_mut(name)) {
                let went = was.iter().filter(|one| !is.contains(one)).cloned().collect();
                is.retain(|one| !was.contains(one));
                *was = went;
            }
        }
        before.values_mut().chain(after.values_mut()).for_each(shorten);
        self.idle = before.is_empty() && after.is_empty();
        (self.before, self.after) = (before, after);
        self
    }

    /// Adds a value that is not a field of the subject, such as a changed password. Never a secret.
    #[must_use]
    pub fn says(mut self, field: &str, value: impl Into<Value>) -> Self {
        let mut value = value.into();
        shorten(&mut value);
        self.after.insert(field.to_owned(), value);
        self.idle = false;
        self
    }
}

/// The fields of a value, without those that change automatically or are in the entry already.
fn fields(form: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(form) else {
        return Map::new();
    };
    for known in ["id", "created_at", "updated_at", "company_name"] {
        fields.remove(known);
    }
    fields
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Nobody reads a list of thousands: keeps its beginning, and how many more there are.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(list) if list.len() > ELEMENTS => {
            let more = list.len() - ELEMENTS;
            list.truncate(ELEMENTS);
            list.push(format!("and {more} more").into());
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

const INSERT: &str = "insert into audit_entries (id, at, action, actor_id, actor_name, credential, credential_id, \
     address, subject_type, subject_id, subject_name, company_id, details_before, details_after) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Logs an entry, in the transaction of the change itself. A change without differences is not logged.
///
/// # Errors
/// The store's.
pub fn note(tx: &mut Tx<'_>, by: &By, entry: Entry) -> Result<(), Error> {
    if entry.idle {
        return Ok(());
    }
    let (id, now): (Id, Time) = (tx.id(), tx.now());
    let none = |id: Option<Id>| id.map(|id| id.to_string()).unwrap_or_default();
    let (actor, actor_name) = by.actor.clone().unzip();
    let address = by.address.map(|address| address.to_string()).unwrap_or_default();
    tx.execute(
        INSERT,
        params![
            id,
            now,
            entry.action.name(),
            none(actor),
            actor_name.unwrap_or_default(),
            by.credential,
            none(by.credential_id),
            address,
            entry.action.subject(),
            entry.subject,
            entry.name,
            none(entry.company),
            Value::Object(entry.before).to_string(),
            Value::Object(entry.after).to_string()
        ],
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use base::Clock;
    use serde_json::json;

    use super::*;

    fn entry() -> Entry {
        Entry::new(Action::TeamUpdated, Clock::system().id(), "Blue")
    }

    #[test]
    fn a_change_keeps_different_fields_and_list_differences() {
        let (was, is) = (
            json!({"id": 1, "name": "a", "on": true, "members": ["x", "y"], "updated_at": 1}),
            json!({"id": 1, "name": "b", "on": true, "members": ["y", "z"], "updated_at": 2}),
        );
        let changed = entry().changed(&was, &is);
        assert_eq!(
            Value::Object(changed.before),
            json!({"name": "a", "members": ["x"]})
        );
        assert_eq!(
            Value::Object(changed.after),
            json!({"name": "b", "members": ["z"]})
        );
        assert!(!changed.idle);
        let same = entry().changed(&was, &was);
        assert!(same.idle);
        assert!(!same.says("password", "changed").idle);
    }

    #[test]
    fn a_long_list_is_truncated_with_a_count() {
        let many: Vec<u32> = (0..1_000).collect();
        let made = entry().made(&json!({"members": many, "none": null, "empty": []}));
        let members = made.after["members"].as_array().unwrap();
        assert_eq!((members.len(), &members[100]), (101, &json!("and 900 more")));
        assert_eq!(made.after.len(), 1);
    }

    #[test]
    fn names_parse_and_are_unique() {
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(*action));
        }
        let refused = "user".parse::<Action>().unwrap_err().to_string();
        assert!(
            refused.starts_with("must be one of session.started, session.refused, "),
            "{refused}"
        );
    }
}
