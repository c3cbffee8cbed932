//! Who changes a record, and where it belongs.
//!
//! Owns: the actor and the place that every change and every event needs. Must not: decide what a role may do; the
//! handlers check the [`Caller`].

use access::Caller;
use base::{Id, Severity};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Tx;

/// Something with a name, as responses and events include it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Named {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
}

impl Named {
    /// The id and the name of an optional value.
    pub fn split(named: Option<Self>) -> (Option<Id>, Option<String>) {
        named.map_or((None, None), |named| (Some(named.id), Some(named.name)))
    }
}

/// Who changes something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct By {
    /// The user; none for the system itself.
    pub actor: Option<Named>,
    /// Whether the user authenticated with an API token.
    pub token: bool,
    /// The scan, if an import does it: its events are bundled, and it has the permissions of a scan.
    pub scan: Option<Id>,
    /// The bulk change it is part of: its events are bundled, and grouped into one message for each recipient.
    pub many: Option<Id>,
    /// Whether this event represents the whole bulk change in the recent activity.
    pub leads: bool,
}

impl By {
    /// The system itself.
    pub const SYSTEM: Self = Self {
        actor: None,
        token: false,
        scan: None,
        many: None,
        leads: false,
    };

    /// The calling user.
    pub fn caller(caller: &Caller) -> Self {
        Self {
            actor: Some(Named {
                id: caller.user_id,
                name: caller.name.clone(),
            }),
            token: caller.is_token,
            scan: None,
            many: None,
            leads: false,
        }
    }

    /// The same user, importing this scan.
    #[must_use]
    pub fn importing(mut self, scan: Id) -> Self {
        self.scan = Some(scan);
        self
    }

    /// The same user, in a bulk change.
    #[must_use]
    pub fn one_of_many(mut self, many: Id) -> Self {
        self.many = Some(many);
        self
    }

    /// The user's id.
    pub fn id(&self) -> Option<Id> {
        self.actor.as_ref().map(|actor| actor.id)
    }
}

/// Where a record belongs: a company, and optionally one of its projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The company.
    pub company: Named,
    /// Its project.
    pub project: Option<Named>,
}

impl Place {
    /// A company itself, without a project.
    pub fn of(company: &Named) -> Self {
        Self {
            company: company.clone(),
            project: None,
        }
    }

    /// The fields of an event's data for the place.
    pub(crate) fn describe(&self, data: &mut Map<String, Value>) {
        put(data, "company_id", Some(self.company.id));
        put(data, "company_name", Some(&self.company.name));
        put(
            data,
            "project_id",
            self.project.as_ref().map(|project| project.id),
        );
        put(
            data,
            "project_name",
            self.project.as_ref().map(|project| &project.name),
        );
    }
}

/// Puts a value into an event's data, if there is one.
pub(crate) fn put(data: &mut Map<String, Value>, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        data.insert(key.to_owned(), Value::String(value.to_string()));
    }
}

/// An event about a record, with what all of them have in common.
pub(crate) fn event(
    tx: &Tx<'_>,
    kind: base::Kind,
    subject: base::Subject,
    place: &Place,
    by: &By,
) -> base::Event {
    let audience = base::Audience::Company(place.company.id);
    let mut event = base::Event::new(tx.clock(), kind, audience, subject);
    event.actor = by.id();
    event.by_token = by.token;
    place.describe(&mut event.data);
    put(
        &mut event.data,
        "actor_name",
        by.actor.as_ref().map(|actor| &actor.name),
    );
    event
}

/// The rank of a severity, for sorting in SQL.
pub(crate) fn rank(severity: Severity) -> i64 {
    severity as i64
}
