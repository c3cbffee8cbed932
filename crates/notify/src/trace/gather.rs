//! What is stored about an event: the reasons of its plan, rows and messages, also those of its group.
//!
//! Must not: write anything, or check who may see it.

use std::collections::{BTreeSet, HashMap, HashSet};

use access::directory;
use base::{Event, Id, Time};
use store::{Error, FromRow, Row, Select, Tx, Value, outbox, params};

use super::entry::{Entry, Summaries, TEAM_CHANNEL};
use crate::{
    channel::Channel,
    deliveries::{
        State as Progress,
        log::{self, Delivery, DeliveryLog},
    },
    digests::Digest,
    groups::{self, Past, Reached},
    plan::{Reason, Why},
    target::Recipient,
};

/// What is stored about an event.
pub(super) struct Gathered {
    pub(super) event: Event,
    pub(super) planned_at: Option<Time>,
    pub(super) fault: Option<String>,
    pub(super) group: Option<Past>,
    pub(super) entries: Vec<Entry>,
}

struct Kept {
    fault: String,
    reasons: Vec<Reason>,
}

impl FromRow for Kept {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let mut fault: String = row.get(0)?;
        let stored: String = row.get(1)?;
        let (reasons, whole) = readable(&stored);
        if fault.is_empty() && !whole {
            "some of the stored reasons cannot be read".clone_into(&mut fault);
        }
        Ok(Self { fault, reasons })
    }
}

/// The reasons that can be read, and whether those are all of them.
fn readable(stored: &str) -> (Vec<Reason>, bool) {
    let Ok(all) = serde_json::from_str::<Vec<serde_json::Value>>(stored) else {
        return (Vec::new(), false);
    };
    let count = all.len();
    let reasons: Vec<Reason> = all
        .into_iter()
        .filter_map(|reason| serde_json::from_value(reason).ok())
        .collect();
    let whole = reasons.len() == count;
    (reasons, whole)
}

const KEPT: &str = "select fault, reasons from event_plans where event_id = $1";

/// Everything that is stored about the event.
///
/// # Errors
/// Database errors.
pub(super) fn gather(tx: &mut Tx<'_>, event: Event) -> Result<Gathered, Error> {
    let kept: Option<Kept> = tx.one(KEPT, params![event.id])?;
    let group = groups::of_event(tx, event.id)?;
    let planned_at = outbox::planned_at(tx, event.id)?;
    let (fault, reasons) = match (kept, &group) {
        (Some(kept), _) => (kept.fault, kept.reasons),
        (None, Some(group)) => (String::new(), group.reasons.clone()),
        (None, None) => Default::default(),
    };
    let mut entries: Vec<Entry> = reasons.iter().map(Entry::of).collect();
    if let Some(group) = &group {
        group_messages(tx, &event, group, &mut entries)?;
    }
    single_messages(tx, &event, group.as_ref(), &mut entries)?;
    if let Some(bundle) = groups::closes(&event) {
        messages_of_ended_import(tx, &event, bundle, &mut entries)?;
    }
    members(tx, &mut entries)?;
    names(tx, &mut entries)?;
    Ok(Gathered {
        event,
        planned_at,
        fault: Some(fault).filter(|fault| !fault.is_empty()),
        group,
        entries,
    })
}

const ROWS: &str = "select user_id, id, digest_id, why from notifications where 1 = 1";

/// A row of the inbox: whose, which, of which digest, and why.
type Stored = (Id, Id, String, String);

/// The rows of these people about these events.
fn rows(tx: &mut Tx<'_>, users: &BTreeSet<Id>, events: &[Id]) -> Result<Vec<Stored>, Error> {
    let users: Vec<Id> = users.iter().copied().collect();
    let mut found = Vec::new();
    for users in store::rows::portions(&users) {
        for events in store::rows::portions(events) {
            let select = Select::new(ROWS)
                .within("user_id", users.iter().copied())
                .within("event_id", events.iter().copied());
            found.extend(select.all::<Stored>(tx)?);
        }
    }
    Ok(found)
}

/// Who is to have a row.
fn inbox(entries: &[Entry]) -> BTreeSet<Id> {
    let to_notify = entries
        .iter()
        .filter(|entry| entry.told && entry.channel == Channel::InApp);
    to_notify
        .filter_map(|entry| match entry.to {
            Recipient::User(user) => Some(user),
            _ => None,
        })
        .collect()
}

const SUMMARIES: &str = "select id, state, reason from deliveries where id in \
     (select summary_id from deliveries where event_id = $1 and state = 'bundled')";

/// The rows and messages about the event alone.
fn single_messages(
    tx: &mut Tx<'_>,
    event: &Event,
    group: Option<&Past>,
    entries: &mut [Entry],
) -> Result<(), Error> {
    let rows: HashMap<Id, Id> = rows(tx, &inbox(entries), &[event.id])?
        .into_iter()
        .map(|(user, id, ..)| (user, id))
        .collect();
    let summaries: Vec<(Id, Progress, String)> = tx.readable("deliveries", SUMMARIES, params![event.id])?;
    let summaries: Summaries = summaries
        .into_iter()
        .map(|(id, state, reason)| (id, (state, Why::not_notified(&reason))))
        .collect();
    let filter = log::Filter {
        event: Some(event.id),
        ..log::Filter::default()
    };
    let mut deliveries = log::list(tx, filter, u32::MAX)?;
    // One about a group belongs to this event only as its representative.
    deliveries.retain(|delivery| delivery.digest.is_none());
    let mut deliveries: HashMap<(Channel, Option<Recipient>), DeliveryLog> =
        log::with_attempts(tx, deliveries)?
            .into_iter()
            .map(|log| ((log.delivery.channel, log.delivery.to()), log))
            .collect();
    for entry in entries.iter_mut().filter(|entry| entry.told) {
        match &entry.to {
            Recipient::User(user) if entry.channel == Channel::InApp => {
                entry.notification_id = entry.notification_id.or(rows.get(user).copied());
            }
            _ => {
                let log = deliveries.remove(&(entry.channel, Some(entry.to.clone())));
                if log.is_some() || group.is_none() {
                    entry.take(log, &summaries);
                }
            }
        }
    }
    Ok(())
}

/// The rows and messages about the event's group.
fn group_messages(tx: &mut Tx<'_>, event: &Event, group: &Past, entries: &mut [Entry]) -> Result<(), Error> {
    let digests = group.digests(tx)?;
    let ids: Vec<Id> = digests.iter().map(|(id, _)| *id).collect();
    let mut about: Vec<Id> = digests.iter().filter_map(|(_, digest)| digest.lead()).collect();
    about.extend(group.closer);
    let mut rows = rows(tx, &inbox(entries), &about)?;
    rows.retain(|(_, _, digest, _)| digest.parse().is_ok_and(|digest| ids.contains(&digest)));
    let rows: HashMap<Id, Id> = rows.into_iter().map(|(user, id, ..)| (user, id)).collect();
    let deliveries = log::of_digests(tx, &ids)?;
    let digests: HashMap<Id, Digest> = digests.into_iter().collect();
    for entry in entries.iter_mut().filter(|entry| entry.told) {
        if entry.channel == Channel::InApp {
            let Recipient::User(user) = entry.to else { continue };
            entry.grouped = true;
            entry.notification_id = rows.get(&user).copied();
            if entry.notification_id.is_none() {
                entry.miss("pending", waiting_for(group));
            }
            continue;
        }
        // What is sent individually is not the group's.
        let Some(key) = group.key(entry.channel, &entry.to) else {
            continue;
        };
        entry.grouped = true;
        let there = |delivery: &&Delivery| delivery.channel == entry.channel && delivery.key == key;
        let posts: Vec<&Delivery> = deliveries.iter().filter(there).collect();
        let digest = posts
            .first()
            .and_then(|post| digests.get(&post.digest?))
            .filter(|_| entry.channel == Channel::Webhook);
        let page = match digest {
            Some(digest) => group.page(tx, event.id, digest)?,
            None => 0,
        };
        match posts.get(page) {
            Some(post) => {
                let log = log::with_attempts(tx, vec![(*post).clone()])?.pop();
                entry.take(log, &Summaries::new());
            }
            None => entry.miss("pending", waiting_for(group)),
        }
    }
    Ok(())
}

/// What a message about the group waits for.
fn waiting_for(group: &Past) -> &'static str {
    match (group.closed, group.is_bulk) {
        (true, _) => "its message is being created",
        (false, false) => "the message is waiting for the end of the import",
        (false, true) => "the message is waiting for the rest of the bulk change",
    }
}

/// Recipients of a message about an import's findings learn of its end by that message.
fn messages_of_ended_import(
    tx: &mut Tx<'_>,
    event: &Event,
    bundle: Id,
    entries: &mut Vec<Entry>,
) -> Result<(), Error> {
    let digests = groups::ended_by(tx, bundle, event.id)?;
    if digests.is_empty() {
        return Ok(());
    }
    let users: BTreeSet<Id> = groups::reached(tx, &[bundle])?
        .into_iter()
        .filter_map(|(_, reached)| match reached {
            Reached::Inbox(user) => Some(user),
            Reached::Key(..) => None,
        })
        .collect();
    for (user, row, digest, why) in rows(tx, &users, &[event.id])? {
        if digest.is_empty() {
            continue;
        }
        let why = Why::read(&why).unwrap_or(Why::Concerned);
        let entry = in_place(entries, Channel::InApp, &Recipient::User(user), why);
        entry.notification_id = Some(row);
    }
    let ids: Vec<Id> = digests.into_iter().map(|(id, _)| id).collect();
    let mut deliveries = log::of_digests(tx, &ids)?;
    // The end of an import is a post of its own.
    deliveries.retain(|delivery| delivery.channel != Channel::Webhook);
    for log in log::with_attempts(tx, deliveries)? {
        let Some(recipient) = log.delivery.to() else {
            continue;
        };
        let why = log.delivery.why.clone().unwrap_or(Why::Concerned);
        let entry = in_place(entries, log.delivery.channel, &recipient, why);
        entry.take(Some(log), &Summaries::new());
    }
    Ok(())
}

/// A new entry for this recipient, for this reason.
fn in_place<'a>(
    entries: &'a mut Vec<Entry>,
    channel: Channel,
    recipient: &Recipient,
    why: Why,
) -> &'a mut Entry {
    let mut new = Entry::new(channel, recipient.clone(), why);
    new.grouped = true;
    let known = entries
        .iter()
        .position(|entry| entry.channel == channel && entry.to == *recipient);
    let at = known.unwrap_or(entries.len());
    if at == entries.len() {
        entries.push(new);
    } else {
        entries[at] = new;
    }
    &mut entries[at]
}

/// The members of teams that have a channel: they are notified there, and unless another entry exists, not personally.
fn members(tx: &mut Tx<'_>, entries: &mut Vec<Entry>) -> Result<(), Error> {
    let mut teams: Vec<(Id, Entry)> = Vec::new();
    for entry in entries.iter() {
        let Recipient::Team(team) = entry.to else { continue };
        // A team of another company, or a deleted one, has no members to list.
        if matches!(entry.why, Why::OutOfScope | Why::Unknown | Why::NoDestination) {
            continue;
        }
        match teams.iter_mut().find(|(known, _)| *known == team) {
            Some((_, known)) if !known.told && entry.told => *known = entry.clone(),
            Some(_) => {}
            None => teams.push((team, entry.clone())),
        }
    }
    let ids: Vec<Id> = teams.iter().map(|(team, _)| *team).collect();
    let mut known: HashSet<Recipient> = entries.iter().map(|entry| entry.to.clone()).collect();
    let all = directory::members_of_teams(tx, &ids)?;
    for (team, channel) in teams {
        for (_, member) in all.iter().filter(|(of, _)| *of == team) {
            let recipient = Recipient::User(*member);
            if known.insert(recipient.clone()) {
                entries.push(member_of(team, &channel, recipient));
            }
        }
    }
    Ok(())
}

fn member_of(team: Id, channel: &Entry, member: Recipient) -> Entry {
    let mut entry = Entry::new(channel.channel, member, Why::Duplicate);
    let explanation = if channel.told {
        "a member of a team that was notified in its own channel".to_owned()
    } else {
        format!(
            "a member of a team whose channel was not notified: {}",
            channel.explanation
        )
    };
    entry.miss(TEAM_CHANNEL, explanation);
    entry.team_id = Some(team);
    entry
}

/// Adds the names of people and teams.
fn names(tx: &mut Tx<'_>, entries: &mut [Entry]) -> Result<(), Error> {
    let (mut people, mut teams) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries.iter() {
        match &entry.to {
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
    let teams = directory::team_names(tx, &teams)?;
    names.extend(teams.into_iter().map(|team| (team.id, team.name)));
    for entry in entries.iter_mut() {
        if let Recipient::User(id) | Recipient::Team(id) = &entry.to {
            entry.name = names.get(id).cloned();
        }
    }
    Ok(())
}

/// The companies of these rules; none for a platform-wide one.
pub(super) fn companies_of_rules(
    tx: &mut Tx<'_>,
    entries: &[Entry],
) -> Result<HashMap<Id, Option<Id>>, Error> {
    let rules: BTreeSet<Id> = entries.iter().filter_map(|entry| entry.rule_id).collect();
    let rules: Vec<Value> = rules.iter().map(Value::from).collect();
    let select = "select id, company_id from notification_rules where 1 = 1";
    let rows: Vec<(Id, String)> = crate::sql::among(tx, select, "id", &rules)?;
    Ok(rows
        .into_iter()
        .map(|(id, company)| (id, company.parse().ok()))
        .collect())
}
