//! For one event: who was told and who was not, why, and what became of each message.

use std::collections::{HashMap, HashSet};

use access::{Caller, Json, Path, Problem, directory};
use axum::extract::State as Extract;
use base::{Event, Id, Kind, Scope, Severity, Subject, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Tx, outbox, params};

use crate::{
    channel::Channel,
    deliveries::{
        State as Progress,
        log::{self, DeliveryLog},
    },
    http::State,
    plan::{Reason, Why},
    target::Recipient,
};

/// What became of an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Trace {
    /// The event.
    pub event_id: Id,
    /// Its type.
    pub event_type: Kind,
    /// When it happened.
    pub at: Time,
    /// Its company; null for one of the platform.
    pub company_id: Option<Id>,
    /// Its severity, if it has one.
    pub severity: Option<Severity>,
    /// What it happened to.
    #[schema(value_type = Object)]
    pub subject: Subject,
    /// The scan that brought it, for an event of an import: of those people are told once, by the end of the scan.
    pub bundle: Option<Id>,
    /// When it was decided who is told; null while it is not, and where there was nobody to think of.
    pub planned_at: Option<Time>,
    /// Why it was set aside, where it could not be planned.
    pub fault: Option<String>,
    /// Everyone who was thought of.
    pub entries: Vec<Entry>,
}

/// One recipient on one channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TraceEntry)]
pub struct Entry {
    /// The channel.
    pub channel: Channel,
    /// `user`, `team`, `address`, or `url` of a rule.
    pub recipient_type: &'static str,
    /// The id of the person, the team or the rule's recipient; for an address the address.
    pub recipient: String,
    /// The name of the person or team, if there still is one. Text from outside: escape it.
    pub name: Option<String>,
    /// Whether they were told: they have the row in the inbox, or the other side took the message.
    pub told: bool,
    /// Why, or why not, as a word: of the plan, or where the message did not arrive, of what became of it (`pending`,
    /// `sending`, `refused`, `failed`, `outcome_unknown`, or why it was cancelled).
    pub reason: &'static str,
    /// The same in a sentence.
    pub explanation: &'static str,
    /// The rule by which they are told.
    pub rule_id: Option<Id>,
    /// Their row in the inbox, where the channel is `in_app`.
    pub notification_id: Option<Id>,
    /// The message with its attempts, on the other channels.
    pub delivery: Option<DeliveryLog>,
}

struct Kept {
    planned_at: Time,
    fault: String,
    reasons: Vec<Reason>,
}

impl FromRow for Kept {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let reasons: String = row.get(2)?;
        Ok(Self {
            planned_at: row.get(0)?,
            fault: row.get(1)?,
            reasons: serde_json::from_str(&reasons).map_err(|error| Error::Decode(error.to_string()))?,
        })
    }
}

/// For one event: per person and destination told or not, by which rule, preference, duplicate or scope, and every
/// attempt.
#[utoipa::path(get, path = "/events/{id}/trace", tag = "events", params(("id" = Id, Path, description = "The event")),
    responses(
        (status = 200, description = "What became of it; URLs are masked", body = Trace),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn trace_event(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Trace>, Problem> {
    caller.admin()?;
    let trace = state
        .access
        .store()
        .read(move |tx| trace(tx, id, &caller.scope))
        .await?;
    trace.map(Json).ok_or_else(Problem::not_found)
}

const KEPT: &str = "select planned_at, fault, reasons from event_plans where event_id = $1";
const ROWS: &str = "select user_id, id from notifications where event_id = $1";

/// What became of the summaries in which the event is told of.
type Summaries = HashMap<Id, (Progress, Option<Why>)>;
const SUMMARIES: &str = "select id, state, reason from deliveries where id in \
     (select summary_id from deliveries where event_id = $1 and state = 'bundled')";

/// The trace of an event of the scope.
fn trace(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Option<Trace>, Error> {
    let Some(event) = outbox::event(tx, id, scope)? else {
        return Ok(None);
    };
    let kept: Option<Kept> = tx.one(KEPT, params![id])?;
    let reasons = kept
        .as_ref()
        .map(|kept| kept.reasons.as_slice())
        .unwrap_or_default();
    let names = names(tx, reasons)?;
    let rows: HashMap<Id, Id> = tx.all::<(Id, Id)>(ROWS, params![id])?.into_iter().collect();
    let summaries: Vec<(Id, Progress, String)> = tx.all(SUMMARIES, params![id])?;
    let summaries: Summaries = summaries
        .into_iter()
        .map(|(id, state, reason)| (id, (state, Why::not_told(&reason))))
        .collect();
    let filter = log::Filter {
        event: Some(id),
        ..log::Filter::default()
    };
    let deliveries = log::list(tx, filter, u32::MAX)?;
    let mut deliveries: HashMap<(Channel, Option<Recipient>), DeliveryLog> =
        log::with_attempts(tx, deliveries)?
            .into_iter()
            .map(|log| ((log.delivery.channel, log.delivery.to()), log))
            .collect();
    let entries = reasons
        .iter()
        .map(|reason| {
            let mut entry = entry(reason, &names);
            if entry.told {
                entry.notification_id = match &reason.recipient {
                    Recipient::User(user) if reason.channel == Channel::InApp => rows.get(user).copied(),
                    _ => None,
                };
                let delivery = deliveries.remove(&(reason.channel, Some(reason.recipient.clone())));
                entry.take(delivery, &summaries);
            }
            entry
        })
        .collect();
    Ok(Some(of(&event, kept, entries)))
}

fn of(event: &Event, kept: Option<Kept>, entries: Vec<Entry>) -> Trace {
    Trace {
        event_id: event.id,
        event_type: event.kind,
        at: event.at,
        company_id: event.audience.company(),
        severity: event.severity,
        subject: event.subject,
        bundle: event.bundle,
        planned_at: kept.as_ref().map(|kept| kept.planned_at),
        fault: kept.map(|kept| kept.fault).filter(|fault| !fault.is_empty()),
        entries,
    }
}

impl Entry {
    /// What became of its message, or of the summary that tells of it, counts, not that it was planned.
    fn take(&mut self, log: Option<DeliveryLog>, summaries: &Summaries) {
        if let Some(delivery) = log.as_ref().map(|log| &log.delivery) {
            let summary = delivery
                .summary_id
                .filter(|_| delivery.state == Progress::Bundled);
            let summary = summary.and_then(|summary| summaries.get(&summary));
            let (state, cancelled) = summary
                .map_or((delivery.state, delivery.cancelled.as_ref()), |(state, why)| {
                    (*state, why.as_ref())
                });
            if let Some((reason, explanation)) = missed(state, cancelled) {
                (self.told, self.reason, self.explanation) = (false, reason, explanation);
            } else if summary.is_some() {
                self.explanation = "one of many in a minute: told of in a summary";
            }
        }
        self.delivery = log;
    }
}

/// Why nobody was told by the message, or not yet; nothing of one that arrived.
fn missed(state: Progress, cancelled: Option<&Why>) -> Option<(&'static str, &'static str)> {
    Some(match state {
        Progress::Delivered => return None,
        Progress::Pending => ("pending", "it waits for its next attempt"),
        Progress::Sending => ("sending", "an attempt is under way"),
        Progress::Refused => ("refused", "the other side refused it for good"),
        Progress::Failed => ("failed", "it was given up after its last attempt"),
        Progress::Unknown => ("outcome_unknown", "nobody knows whether it arrived"),
        // The summary's own state counts; without one it cannot be.
        Progress::Bundled => ("pending", "it waits for its summary"),
        Progress::Cancelled => match cancelled {
            Some(why) => (why.name(), why.words()),
            None => ("cancelled", "it was cancelled before it was sent"),
        },
    })
}

fn entry(reason: &Reason, names: &HashMap<Id, String>) -> Entry {
    let name = match &reason.recipient {
        Recipient::User(id) | Recipient::Team(id) => names.get(id).cloned(),
        Recipient::Address(_) | Recipient::Url(_) => None,
    };
    Entry {
        channel: reason.channel,
        recipient_type: reason.recipient.kind(),
        recipient: reason.recipient.reference(),
        name,
        told: reason.why.told(),
        reason: reason.why.name(),
        explanation: reason.why.words(),
        rule_id: match reason.why {
            Why::Rule(rule) => Some(rule),
            _ => None,
        },
        notification_id: None,
        delivery: None,
    }
}

fn names(tx: &mut Tx<'_>, reasons: &[Reason]) -> Result<HashMap<Id, String>, Error> {
    let mut people = HashSet::new();
    let mut teams = HashSet::new();
    for reason in reasons {
        match &reason.recipient {
            Recipient::User(id) => drop(people.insert(*id)),
            Recipient::Team(id) => drop(teams.insert(*id)),
            Recipient::Address(_) | Recipient::Url(_) => {}
        }
    }
    let (people, teams): (Vec<Id>, Vec<Id>) = (people.into_iter().collect(), teams.into_iter().collect());
    let mut names: HashMap<Id, String> = directory::people(tx, &people)?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    names.extend(
        directory::team_names(tx, &teams)?
            .into_iter()
            .map(|team| (team.id, team.name)),
    );
    Ok(names)
}
