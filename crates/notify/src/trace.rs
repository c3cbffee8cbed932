//! For one event: who was notified and who was not, why, and the outcome of each message; the same for one person in
//! one sentence (promise O8).
//!
//! Owns: who may ask, and what they may see. Must not: write anything, or decide again what was decided.

mod entry;
mod gather;
mod person;
mod summary;

use std::collections::{BTreeSet, HashMap};

use access::{Caller, Json, Path, Problem, Query, Refused, Role, Vault, directory};
use axum::extract::State as Extract;
use base::{Audience, Event, Id, Kind, Scope, Severity, Subject, Time};
use serde::{Deserialize, Serialize};
use store::{Error, Tx, outbox, params};

pub use entry::Entry;

use gather::Gathered;
use person::Asked;

use crate::{
    facts::{self, Wanted},
    http::State,
    plan::{Voice, Why},
    rules,
    target::Recipient,
};

/// What an answer about an event begins with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TraceHead)]
pub struct Head {
    /// The event.
    pub event_id: Id,
    /// Its type.
    pub event_type: Kind,
    /// When it happened.
    pub at: Time,
    /// Its company; null for a platform event.
    pub company_id: Option<Id>,
    /// Its severity, if it has one.
    pub severity: Option<Severity>,
    /// Its record.
    #[schema(value_type = Object)]
    pub subject: Subject,
    /// The bundle it is part of: the scan of an import, or a bulk change.
    pub bundle: Option<Id>,
    /// When its recipients were decided; null until then.
    pub planned_at: Option<Time>,
    /// Why it is quarantined, if it could not be planned.
    pub fault: Option<String>,
    /// The group it is part of, if its recipients get one message about all of it.
    pub group: Option<Group>,
}

/// A group of events: each recipient gets one message about all of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TraceGroup)]
pub struct Group {
    /// `import` or `bulk`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The scan of the import, or the bulk change.
    pub id: Id,
    /// The event that ended the import; null for a bulk change, and while the import continues.
    pub event_id: Option<Id>,
    /// Whether its messages are written; until then they wait.
    pub closed: bool,
}

/// Who was notified of an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Trace {
    /// The event.
    #[serde(flatten)]
    pub head: Head,
    /// Who was notified, in one sentence: "3 people and 1 channel were notified."
    pub summary: String,
    /// Everyone who was considered.
    pub entries: Vec<Entry>,
}

/// Whether one person was notified of an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PersonTrace {
    /// The event.
    #[serde(flatten)]
    pub head: Head,
    /// The person.
    pub user_id: Id,
    /// Their name. Untrusted text: escape it.
    pub name: String,
    /// Whether they were notified, on any channel.
    pub notified: bool,
    /// Why, or why not, in one sentence. It may name a team or a company: untrusted text, escape it.
    pub sentence: String,
    /// What was considered for this person, and for the channels of their teams.
    pub entries: Vec<Entry>,
}

/// One of the two.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = TraceAnswer)]
pub enum Answer {
    /// Of everyone.
    Whole(Trace),
    /// Of one person.
    Person(PersonTrace),
}

/// About whom.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TraceQuery {
    /// One person alone: an id, or `me`.
    #[param(inline, value_type = Option<access::schema::PersonOrMe>)]
    user_id: Option<String>,
}

/// Whom an answer is about.
#[derive(Debug, Clone, Copy)]
enum About {
    Everyone,
    One(Id),
}

/// Who was notified of an event, who was not, and why
///
/// Per recipient and destination: notified or not, by which rule, preference, duplicate or scope, and every attempt.
/// With `user_id` whether that user was notified, in one sentence. Administrators can ask about every event, managers
/// about those of their company, everyone about themselves.
#[utoipa::path(get, path = "/events/{id}/trace", tag = "events",
    params(("id" = Id, Path, description = "The event"), TraceQuery),
    responses(
        (status = 200, description = "The trace; URLs are masked", body = Answer),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn trace_event(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<TraceQuery>,
) -> Result<Json<Answer>, Problem> {
    let about = match query.user_id.as_deref() {
        None => About::Everyone,
        Some("me") => About::One(caller.user_id),
        Some(text) => About::One(
            text.parse()
                .map_err(|_| Problem::field("user_id", "must be an id or me"))?,
        ),
    };
    let vault = state.access.vault().clone();
    let read = state
        .access
        .store()
        .read(move |tx| answer(tx, &vault, &caller, (id, about)));
    Ok(Json(read.await?))
}

fn answer(
    tx: &mut Tx<'_>,
    vault: &Vault,
    caller: &Caller,
    (id, about): (Id, About),
) -> Result<Answer, Refused> {
    let event = match outbox::event(tx, id, &Scope::All) {
        // Who may ask about it cannot be determined either.
        Err(Error::Decode(_)) if caller.is_admin => {
            return Err(Refused::conflict(
                "This version of the server cannot read this event. It is quarantined.",
            ));
        }
        Err(Error::Decode(_)) => return Err(Refused::NotFound),
        event => event?.ok_or(Refused::NotFound)?,
    };
    let view = View::of(tx, caller, &event, about)?;
    let mut gathered = gather::gather(tx, event)?;
    match about {
        About::Everyone => {
            let summary = summary::of(&gathered);
            let mut entries = std::mem::take(&mut gathered.entries);
            view.hide(tx, &mut entries)?;
            Ok(Answer::Whole(Trace {
                head: head(gathered),
                summary,
                entries,
            }))
        }
        About::One(user) => {
            let trace = of_person(tx, vault, (&view, caller), user, gathered)?;
            Ok(Answer::Person(trace))
        }
    }
}

fn of_person(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (view, caller): (&View, &Caller),
    user: Id,
    mut gathered: Gathered,
) -> Result<PersonTrace, Refused> {
    let person = directory::people(tx, &[user])?.pop();
    let name = person.ok_or(Refused::NotFound)?.name;
    let name = base::text::name(&name, 80).unwrap_or_else(|| "This person".to_owned());
    let rules = rules::current(tx, vault)?;
    let wanted = Wanted::by_events(std::slice::from_ref(&gathered.event), &rules).and(user);
    let world = facts::world(tx, vault, rules, wanted)?;
    let voice = if user == caller.user_id {
        Voice::You
    } else {
        Voice::They
    };
    let asked = Asked {
        user,
        name: &name,
        voice,
        world: &world,
    };
    let (notified, sentence) = asked.answer(&gathered);
    let mut entries = std::mem::take(&mut gathered.entries);
    let teams: Vec<Id> = entries.iter().filter_map(team).collect();
    let members = directory::members_of_teams(tx, &teams)?;
    entries
        .retain(|entry| entry.is_of(user) || team(entry).is_some_and(|team| members.contains(&(team, user))));
    view.hide(tx, &mut entries)?;
    Ok(PersonTrace {
        head: head(gathered),
        user_id: user,
        name,
        notified,
        sentence,
        entries,
    })
}

const fn team(entry: &Entry) -> Option<Id> {
    match entry.to {
        Recipient::Team(team) => Some(team),
        _ => None,
    }
}

fn head(gathered: Gathered) -> Head {
    let Gathered { event, group, .. } = gathered;
    Head {
        event_id: event.id,
        event_type: event.kind,
        at: event.at,
        company_id: event.audience.company(),
        severity: event.severity,
        subject: event.subject,
        bundle: event.bundle,
        planned_at: gathered.planned_at,
        fault: gathered.fault,
        group: group.map(|group| Group {
            kind: if group.is_bulk { "bulk" } else { "import" },
            id: group.bundle,
            event_id: group.closer,
            closed: group.closed,
        }),
    }
}

/// What a caller may see of an event's trace.
enum View {
    /// An administrator: everything.
    All,
    /// A manager of the event's company: not the recipients of platform-wide rules, nor people they may not see.
    Managed { visible: BTreeSet<Id> },
    /// A user about themselves: not the other side's responses.
    Own,
}

const ROW: &str = "select id from notifications where user_id = $1 and event_id = $2";

impl View {
    /// What the caller may see, if they may ask at all.
    fn of(tx: &mut Tx<'_>, caller: &Caller, event: &Event, about: About) -> Result<Self, Refused> {
        if caller.is_admin {
            return Ok(Self::All);
        }
        let me = caller.user_id;
        let company = event.audience.company();
        let manages = company.is_some_and(|company| caller.may(company, Role::Manager).is_ok());
        match about {
            _ if manages => {
                let visible = visible(tx, caller)?;
                match about {
                    About::One(user) if !visible.contains(&user) => Err(Refused::NotFound),
                    _ => Ok(Self::Managed { visible }),
                }
            }
            About::One(user) if user == me => {
                // A notified user may read why, whatever their scope is now.
                let row: Option<(Id,)> = tx.one(ROW, params![me, event.id])?;
                if caller.scope.reaches(me, event.audience) || row.is_some() {
                    Ok(Self::Own)
                } else {
                    Err(Refused::NotFound)
                }
            }
            _ => match event.audience {
                Audience::Company(company) => {
                    caller.may(company, Role::Manager)?;
                    Err(Refused::NotFound)
                }
                Audience::Platform | Audience::User(_) => Err(Refused::NotFound),
            },
        }
    }

    /// Removes what the caller may not see.
    fn hide(&self, tx: &mut Tx<'_>, entries: &mut [Entry]) -> Result<(), Error> {
        match self {
            Self::All => {}
            Self::Own => {
                for entry in entries {
                    if let Some(delivery) = &mut entry.delivery {
                        delivery.attempts.clear();
                    }
                }
            }
            Self::Managed { visible } => {
                let rules: HashMap<Id, Option<Id>> = gather::companies_of_rules(tx, entries)?;
                for entry in entries {
                    let of_company = || entry.rule_id.and_then(|rule| *rules.get(&rule)?);
                    let may_know = match &entry.to {
                        Recipient::User(user) => visible.contains(user),
                        // A rule for every company may name another company's team, which is then out of scope.
                        Recipient::Team(_) => !matches!(entry.why, Why::OutOfScope | Why::Unknown),
                        Recipient::Address(_) | Recipient::Url(_) => of_company().is_some(),
                    };
                    if !may_know {
                        entry.recipient = String::new();
                        (entry.name, entry.notification_id, entry.delivery) = (None, None, None);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whom the caller may see: themselves and everyone in their companies.
fn visible(tx: &mut Tx<'_>, caller: &Caller) -> Result<BTreeSet<Id>, Error> {
    let companies = directory::companies(tx, &caller.scope, None)?;
    let roles = directory::roles(tx, &companies, Role::Viewer)?;
    let mut visible: BTreeSet<Id> = roles.into_iter().map(|(_, user, _)| user).collect();
    visible.insert(caller.user_id);
    Ok(visible)
}

#[cfg(test)]
mod tests;
