//! What a rule would have sent, had it existed: the plan over the events of the last days, grouped as messages are.
//!
//! Must not: write anything. It runs in a transaction that cannot.

mod count;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use access::{Refused, Vault, directory};
use base::{Id, Kind, Scope, Time};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use store::{Error, Tx, outbox};

use super::{
    body::{Checked, Wanted as Named},
    read,
};
use crate::{
    facts::{self, Wanted},
    groups,
    plan::Rule,
    target::Recipient,
};
use count::{Counts, date};

/// How many events one run checks, newest first.
const EVENTS: usize = 20_000;
/// How many of them one query reads.
const PAGE: u32 = 500;
/// How many recipients the answer names, those with the most messages first.
const RECIPIENTS: usize = 100;

/// What a rule would have sent in addition to the current rules.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DryRun {
    /// The start of the period.
    pub from: Time,
    /// Its end.
    pub to: Time,
    /// How many events of the rule's type there were.
    pub events: u64,
    /// How many messages the rule would have added, by the current people, teams, preferences and rules. The events of
    /// one import or bulk change are one message for each recipient.
    pub messages: u64,
    /// Each day from the first to the last (UTC), including those without a message.
    pub days: Vec<Day>,
    /// Who would have received them, most messages first, at most 100.
    pub recipients: Vec<DryRunRecipient>,
    /// What the rule would not have sent, and why, most frequent first.
    pub not_sent: Vec<NotSent>,
    /// Whether there were more events than one run examines: then only the newest counted.
    pub truncated: bool,
}

/// The messages of one day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunDay)]
pub struct Day {
    /// The day, UTC.
    #[schema(format = Date)]
    pub date: String,
    /// How many messages.
    pub messages: u64,
}

/// What a rule would not have sent for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunNotSent)]
pub struct NotSent {
    /// The reason: `below_threshold`, `filtered`, `nobody` (each event counts once), `duplicate`, `in_group`, `switched_off`,
    /// or why a recipient is not notified, such as `opted_out` (each event and recipient counts once).
    pub reason: &'static str,
    /// The reason in words.
    pub explanation: &'static str,
    /// How often.
    pub count: u64,
}

/// The messages of one recipient.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DryRunRecipient {
    /// `user`, `team`, `address` or `url`.
    pub recipient_type: &'static str,
    /// The id of the person or the team, the address, or the masked URL.
    pub recipient: String,
    /// The name of the user or the team. Untrusted text: escape it.
    pub name: Option<String>,
    /// How many messages.
    pub messages: u64,
}

/// The rule to try, and the period.
pub(super) struct Trial<'a> {
    pub(super) vault: &'a Vault,
    pub(super) rule: Rule,
    pub(super) from: Time,
    /// The companies whose events count.
    pub(super) scope: Scope,
}

impl Checked {
    /// The rule in the plan's form, with this id.
    pub(super) fn planned(&self, id: Id, mut next_id: impl FnMut() -> Id) -> Rule {
        let mut rule = Rule {
            min_severity: self.min_severity,
            company: self.company_id,
            filters: self.filters.clone(),
            batch: self.batch,
            ..Rule::new(id, self.event_type, self.channel)
        };
        for named in &self.recipients {
            match named {
                Named::Email(address) => rule.addresses.push(address.clone()),
                Named::User(user) => rule.users.push(*user),
                Named::Team(team) => rule.teams.push(*team),
                Named::Role(named) => rule.roles.push(*named),
                Named::Owners => rule.owners = true,
                Named::Followers => rule.followers = true,
                Named::Url(url) => rule.urls.push((next_id(), url.clone())),
                // A rule that is not saved yet keeps nothing.
                Named::Kept(_) => {}
            }
        }
        rule
    }
}

/// The kinds of events that count as the rule's: a finding that is created or reopened with assignees is an assignment,
/// too.
fn kinds(kind: Kind) -> Vec<Kind> {
    match kind {
        Kind::FindingAssigned => vec![kind, Kind::FindingCreated, Kind::FindingReopened],
        _ => vec![kind],
    }
}

/// Plans the events of the period with the rule among the current ones, and counts what it adds.
pub(super) fn run(tx: &mut Tx<'_>, trial: Trial<'_>) -> Result<DryRun, Refused> {
    let Trial {
        vault,
        rule,
        from,
        scope,
    } = trial;
    let to = tx.now();
    let urls: HashMap<Id, String> = rule
        .urls
        .iter()
        .map(|(id, url)| (*id, url.target.label.to_string()))
        .collect();
    let present = read::for_plan(tx, vault)?;
    let rules = Arc::new(present.clone().with(rule.clone()));
    let mut past = outbox::Past {
        kinds: kinds(rule.kind),
        since: from,
        before: None,
        scope: match rule.company {
            Some(company) if scope.allows(company) => Scope::of([company]),
            _ => scope,
        },
    };
    let mut counts = Counts::new(rule, present);
    let mut seen = 0;
    let truncated = loop {
        let mut events = outbox::past(tx, &past, PAGE)?;
        let Some(oldest) = events.last() else { break false };
        past.before = Some(oldest.id);
        seen += events.len();
        events.retain(|event| counts.is_of(event));
        let world = facts::world(tx, vault, Arc::clone(&rules), Wanted::by_events(&events, &rules))?;
        counts.add(&events, &world);
        if seen >= EVENTS {
            break !outbox::past(tx, &past, 1)?.is_empty();
        }
    };
    let reached = groups::reached(tx, &counts.bundles())?;
    let counted = counts.finish(&reached);
    Ok(DryRun {
        from,
        to,
        events: counted.events,
        messages: counted.days.values().sum(),
        days: days(from, to, &counted.days),
        recipients: recipients(tx, counted.recipients, &urls)?,
        not_sent: counted.not_sent,
        truncated,
    })
}

fn days(from: Time, to: Time, counted: &BTreeMap<Date, u64>) -> Vec<Day> {
    let last = date(to);
    date(from)
        .series(1.day())
        .take_while(|date| *date <= last)
        .map(|date| Day {
            date: date.to_string(),
            messages: counted.get(&date).copied().unwrap_or(0),
        })
        .collect()
}

fn recipients(
    tx: &mut Tx<'_>,
    counted: HashMap<Recipient, u64>,
    urls: &HashMap<Id, String>,
) -> Result<Vec<DryRunRecipient>, Error> {
    let mut counted: Vec<(Recipient, u64)> = counted.into_iter().collect();
    counted.sort_unstable_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    counted.truncate(RECIPIENTS);
    let people: Vec<Id> = counted
        .iter()
        .filter_map(|(recipient, _)| match recipient {
            Recipient::User(id) => Some(*id),
            _ => None,
        })
        .collect();
    let teams: Vec<Id> = counted
        .iter()
        .filter_map(|(recipient, _)| match recipient {
            Recipient::Team(id) => Some(*id),
            _ => None,
        })
        .collect();
    let mut names: HashMap<Id, String> = directory::people(tx, &people)?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    let teams = directory::team_names(tx, &teams)?;
    names.extend(teams.into_iter().map(|team| (team.id, team.name)));
    Ok(counted
        .into_iter()
        .map(|(recipient, messages)| DryRunRecipient {
            recipient_type: recipient.kind(),
            name: match &recipient {
                Recipient::User(id) | Recipient::Team(id) => names.get(id).cloned(),
                _ => None,
            },
            recipient: match &recipient {
                Recipient::Url(id) => urls.get(id).cloned().unwrap_or_default(),
                other => other.reference(),
            },
            messages,
        })
        .collect())
}

#[cfg(test)]
mod tests;
