//! What a rule would have sent, had it been there: the plan over the events of the last days.
//!
//! Must not: write anything.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use access::{Problem, Vault, directory};
use base::{Event, Id, Scope, Time};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::Serialize;
use store::{Error, Tx, outbox};

use super::{
    body::{Checked, Wanted as Named},
    read,
};
use crate::{
    facts::{self, Wanted},
    plan::{self, Reason, Rule, Why, World},
    target::Recipient,
};

/// How many events one run looks at, the newest first.
const EVENTS: usize = 20_000;
/// How many of them one query reads.
const PAGE: u32 = 500;
/// How many recipients the answer names, those with the most messages first.
const RECIPIENTS: usize = 100;

/// What a rule would have sent beyond what the present rules did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DryRun {
    /// From when on events were looked at.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// How many events of the rule's type there were.
    pub events: u64,
    /// How many messages the rule would have added, by the people, teams, preferences and rules of now.
    pub messages: u64,
    /// Each day from the first to the last (UTC), also those without a message.
    pub days: Vec<Day>,
    /// Who would have got them, the most first, at most 100.
    pub recipients: Vec<Told>,
    /// Whether there were more events than one run looks at: then only the newest counted.
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

/// The messages of one recipient.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunRecipient)]
pub struct Told {
    /// `user`, `address` or `url`.
    pub recipient_type: &'static str,
    /// The id of the person, the address, or the masked URL.
    pub recipient: String,
    /// The person's name. Text from outside: escape it.
    pub name: Option<String>,
    /// How many messages.
    pub messages: u64,
}

/// The rule that is tried, and over which days.
pub(super) struct Trial<'a> {
    pub(super) vault: &'a Vault,
    pub(super) rule: Rule,
    pub(super) from: Time,
    /// Whose events count.
    pub(super) scope: Scope,
}

impl Checked {
    /// The rule as the plan would see it, under this id.
    pub(super) fn planned(&self, id: Id, mut next_id: impl FnMut() -> Id) -> Rule {
        let mut rule = Rule {
            id,
            kind: self.event_type,
            channel: self.channel,
            min_severity: self.min_severity,
            company: self.company_id,
            users: Vec::new(),
            addresses: Vec::new(),
            urls: Vec::new(),
        };
        for wanted in &self.recipients {
            match wanted {
                Named::Email(address) => rule.addresses.push(address.clone()),
                Named::User(user) => rule.users.push(*user),
                Named::Url(url) => rule.urls.push((next_id(), url.clone())),
                // A rule that is not saved yet keeps nothing.
                Named::Kept(_) => {}
            }
        }
        rule
    }
}

/// Plans the events of the window with the rule among the present ones, and counts what it adds.
pub(super) fn run(tx: &mut Tx<'_>, trial: Trial<'_>) -> Result<DryRun, Problem> {
    let Trial {
        vault,
        rule,
        from,
        scope,
    } = trial;
    let to = tx.now();
    let (kind, id) = (rule.kind, rule.id);
    let urls: HashMap<Id, String> = rule
        .urls
        .iter()
        .map(|(id, url)| (*id, url.target.label.to_string()))
        .collect();
    let rules = Arc::new(read::for_plan(tx, vault)?.with(rule));
    let mut counts = Counts::default();
    let mut past = outbox::Past {
        kind,
        since: from,
        before: None,
        scope,
    };
    let mut seen = 0;
    let truncated = loop {
        let events = outbox::past(tx, &past, PAGE)?;
        let Some(oldest) = events.last() else { break false };
        past.before = Some(oldest.id);
        seen += events.len();
        let world = facts::world(tx, vault, Arc::clone(&rules), Wanted::by_events(&events, &rules))?;
        counts.add(&events, &world, id);
        if seen >= EVENTS {
            break !outbox::past(tx, &past, 1)?.is_empty();
        }
    };
    Ok(DryRun {
        from,
        to,
        events: seen as u64,
        messages: counts.days.values().sum(),
        days: days(from, to, &counts.days),
        recipients: told(tx, counts.recipients, &urls)?,
        truncated,
    })
}

#[derive(Default)]
struct Counts {
    days: BTreeMap<Date, u64>,
    recipients: HashMap<Recipient, u64>,
}

impl Counts {
    /// Counts what the rule adds for these events.
    fn add(&mut self, events: &[Event], world: &World, rule: Id) {
        for event in events {
            let by_rule = |reason: &Reason| reason.why == Why::Rule(rule);
            for reason in plan::plan(event, world).reasons.into_iter().filter(by_rule) {
                *self.days.entry(date(event.at)).or_default() += 1;
                *self.recipients.entry(reason.recipient).or_default() += 1;
            }
        }
    }
}

fn date(time: Time) -> Date {
    TimeZone::UTC.to_datetime(time.timestamp()).date()
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

fn told(
    tx: &mut Tx<'_>,
    counted: HashMap<Recipient, u64>,
    urls: &HashMap<Id, String>,
) -> Result<Vec<Told>, Error> {
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
    let names: HashMap<Id, String> = directory::people(tx, &people)?
        .into_iter()
        .map(|person| (person.id, person.name))
        .collect();
    Ok(counted
        .into_iter()
        .map(|(recipient, messages)| Told {
            recipient_type: recipient.kind(),
            name: match &recipient {
                Recipient::User(id) => names.get(id).cloned(),
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
