//! Critical and urgent events that reached nobody, or that nobody read in time: the managers of the company are
//! notified, once for each event. For a warning before a deadline this is `sla.escalated`, for everything else
//! `finding.unread`.
//!
//! Must not: know a finding; whether one is still open is provided from outside.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use access::{Role, directory};
use base::{Audience, Event, Id, Kind, Scope, Time, event::LEADS, failpoint};
use serde_json::json;
use store::{Error, Tx, Value, outbox, params};

use super::{
    mark,
    notified::{self, Notified},
};
use crate::sql;

/// Which of these findings of the company are open and, if a deadline is named, still have it.
pub type StillOpen =
    Arc<dyn Fn(&mut Tx<'_>, Id, &[(Id, Option<Time>)]) -> Result<BTreeSet<Id>, Error> + Send + Sync>;

/// When unread critical and urgent events go to the company's managers.
#[derive(Clone)]
pub struct Escalation {
    /// How long after a warning before a deadline; zero for never.
    pub after: Duration,
    /// How long after every other event; zero for never, even if it reached nobody.
    pub unread_after: Duration,
    /// Checked before it goes there. Findings belong to another crate: the code that combines both provides this.
    pub still_open: StillOpen,
}

impl Default for Escalation {
    fn default() -> Self {
        Self {
            after: Duration::ZERO,
            unread_after: Duration::ZERO,
            still_open: Arc::new(|_, _, findings| Ok(findings.iter().map(|(id, _)| *id).collect())),
        }
    }
}

impl fmt::Debug for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Escalation")
            .field("after", &self.after)
            .field("unread_after", &self.unread_after)
            .finish_non_exhaustive()
    }
}

impl Escalation {
    /// How long after an event of this kind.
    pub(super) fn after(&self, kind: Kind) -> Duration {
        if kind == Kind::SlaWarning {
            self.after
        } else {
            self.unread_after
        }
    }
}

const NEXT: &str = "select due_at from first_reads where due_at > 0 order by due_at limit 1";

/// When the next one is to be decided.
///
/// # Errors
/// Database errors.
pub(crate) fn next(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    Ok(tx.one::<(Time,)>(NEXT, &[])?.map(|(due_at,)| due_at))
}

const DUE: &str = "select id, subject_id, event_type, planned_at, after_event, company_id from first_reads \
     where due_at > 0 and due_at <= $1 order by due_at, id limit $2";

/// A row that is due.
struct Due {
    id: Id,
    is_set: bool,
    kind: Kind,
    planned_at: Time,
    after_event: String,
}

/// The most events that one transaction processes.
const MAX_EVENTS: usize = 1_000;

const LATER: &str = "update first_reads set due_at = $2, after_event = $3 where id = $1";

/// Decides due rows, at most `limit`; how many there were.
///
/// # Errors
/// Database errors.
pub(crate) fn decide(tx: &mut Tx<'_>, how: &Escalation, limit: u32) -> Result<usize, Error> {
    let now = tx.now();
    let due = format!("{DUE}{}", outbox::skip_locked(tx));
    let due: Vec<(Id, String, Kind, Time, String, String)> = tx.all(&due, params![now, limit])?;
    let mut unread: Vec<(Event, Why)> = Vec::new();
    let mut decided = 0;
    for (id, subject, kind, planned_at, after_event, company) in due {
        if unread.len() >= MAX_EVENTS {
            break;
        }
        decided += 1;
        let due = Due {
            id,
            // One from before this table has no subject, but is an event.
            is_set: subject.is_empty() && kind != Kind::SlaWarning,
            kind,
            planned_at,
            after_event,
        };
        // An event without a company has no managers.
        if company.is_empty() {
            tx.execute(LATER, params![due.id, 0, ""])?;
        } else {
            unread.extend(due.decide(tx, how, now)?);
        }
        failpoint::hit("notify.escalating");
    }
    announce(tx, unread, how)?;
    Ok(decided)
}

/// Why nobody has read an event.
#[derive(Debug, Clone, Copy)]
struct Why {
    word: &'static str,
    people: usize,
    destinations: usize,
}

enum Verdict {
    /// There is nothing to do.
    Over,
    /// Not yet.
    Later(Time),
    /// The managers are to be notified.
    Unread(Why),
}

impl Due {
    /// What is to be announced.
    fn decide(self, tx: &mut Tx<'_>, how: &Escalation, now: Time) -> Result<Vec<(Event, Why)>, Error> {
        let why = match self.verdict(tx, how, now)? {
            Verdict::Over => {
                tx.execute(LATER, params![self.id, 0, ""])?;
                return Ok(Vec::new());
            }
            Verdict::Later(due_at) => {
                tx.execute(LATER, params![self.id, due_at, self.after_event.as_str()])?;
                return Ok(Vec::new());
            }
            Verdict::Unread(why) => why,
        };
        let (events, rest) = self.events(tx)?;
        let (due_at, after) = rest.map_or((Time::default(), String::new()), |after| (now, after.to_string()));
        tx.execute(LATER, params![self.id, due_at, after.as_str()])?;
        let events = outbox::events(tx, &events, &Scope::All)?;
        Ok(events.into_iter().map(|event| (event, why)).collect())
    }

    fn verdict(&self, tx: &mut Tx<'_>, how: &Escalation, now: Time) -> Result<Verdict, Error> {
        let after = how.after(self.kind);
        if after.is_zero() {
            return Ok(Verdict::Over);
        }
        let ids = BTreeSet::from([self.id]);
        let mut notified = if self.is_set {
            notified::of_sets(tx, &ids)?
        } else {
            notified::of_events(tx, &ids)?
        };
        // Nothing is stored about an event for which nobody was considered.
        let Some(notified) = notified.remove(&self.id) else {
            return Ok(Verdict::Unread(why("nobody_responsible", &Notified::default())));
        };
        if !notified.anyone() {
            return Ok(Verdict::Unread(why(notified.why_nobody(), &notified)));
        }
        if !notified.in_app && self.nothing_arrived(tx)? {
            return Ok(Verdict::Unread(why("destinations_failed", &notified)));
        }
        let due_at = self.planned_at.after(after);
        Ok(if now < due_at {
            Verdict::Later(due_at)
        } else {
            Verdict::Unread(why("nobody_read", &notified))
        })
    }

    /// Whether each of its messages ended without reaching anyone.
    fn nothing_arrived(&self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        const COUNT: &str = "select count(*), coalesce(sum(case when state in ('refused', 'failed', 'cancelled', \
             'written') then 1 else 0 end), 0) from deliveries";
        const OF_EVENT: &str = "event_id = $1";
        const OF_SET: &str = "digest_id <> '' and digest_id in (select d.id from event_digests d \
             join event_sets s on s.group_id = d.group_id where s.id = $1 and d.content like '%' || $1 || '%')";
        let which = if self.is_set { OF_SET } else { OF_EVENT };
        let counted: Option<(u64, u64)> = tx.one(&format!("{COUNT} where {which}"), params![self.id])?;
        Ok(counted.is_some_and(|(all, ended)| all > 0 && all == ended))
    }

    /// The events it represents that nobody read individually, and after which one there are more.
    fn events(&self, tx: &mut Tx<'_>) -> Result<(Vec<Id>, Option<Id>), Error> {
        const MEMBERS: &str = "select m.event_id from event_set_members m where m.set_id = $1 and m.event_id > $2 \
             and not exists (select 1 from first_reads r where r.id = m.event_id) order by m.event_id limit $3";
        if !self.is_set {
            return Ok((vec![self.id], None));
        }
        let members: Vec<(Id,)> = tx.all(MEMBERS, params![self.id, self.after_event.as_str(), MAX_EVENTS])?;
        let members: Vec<Id> = members.into_iter().map(|(id,)| id).collect();
        let rest = members.last().copied().filter(|_| members.len() == MAX_EVENTS);
        Ok((members, rest))
    }
}

fn why(word: &'static str, notified: &Notified) -> Why {
    Why {
        word,
        people: notified.users.len(),
        destinations: notified.destinations.len(),
    }
}

/// Notifies the managers of each company of its findings that are still open.
fn announce(tx: &mut Tx<'_>, unread: Vec<(Event, Why)>, how: &Escalation) -> Result<(), Error> {
    let mut companies: BTreeMap<Id, Vec<(Event, Why)>> = BTreeMap::new();
    for (event, why) in unread {
        if let Some(company) = event.audience.company() {
            companies.entry(company).or_default().push((event, why));
        }
    }
    for (company, mut unread) in companies {
        let asked: Vec<(Id, Option<Time>)> = unread.iter().filter_map(|(event, _)| asked(event)).collect();
        let open = (how.still_open)(tx, company, &asked)?;
        unread.retain(|(event, _)| is_elsewhere(event) || open.contains(&event.subject.id));
        if unread.is_empty() {
            continue;
        }
        let people = managers(tx, company)?;
        let mut events: Vec<Event> = unread
            .iter()
            .map(|(event, why)| escalation(tx, (company, &people), event, *why))
            .collect();
        together(tx, &mut events);
        tx.emit_all(events)?;
    }
    Ok(())
}

/// The question about an event's finding; none if it is another platform's.
fn asked(event: &Event) -> Option<(Id, Option<Time>)> {
    if is_elsewhere(event) {
        return None;
    }
    let deadline = event.text("deadline").and_then(|text| text.parse().ok());
    match event.kind {
        // A warning without its deadline warns of nothing.
        Kind::SlaWarning => Some((event.subject.id, Some(deadline?))),
        _ => Some((event.subject.id, None)),
    }
}

fn is_elsewhere(event: &Event) -> bool {
    event.data.get("external") == Some(&json!(true))
}

/// The company's managers who can be notified; the administrators if there are none.
fn managers(tx: &mut Tx<'_>, company: Id) -> Result<Vec<Id>, Error> {
    let managers = directory::members(tx, company, Role::Manager)?;
    let managers: Vec<Id> = managers
        .into_iter()
        .filter(|manager| manager.active)
        .map(|manager| manager.id)
        .collect();
    if managers.is_empty() {
        directory::administrators(tx)
    } else {
        Ok(managers)
    }
}

/// The event that announces that nobody has read this one.
fn escalation(tx: &Tx<'_>, (company, people): (Id, &[Id]), unread: &Event, why: Why) -> Event {
    let (kind, name) = match unread.kind {
        Kind::SlaWarning => (Kind::SlaEscalated, "warning_event_id"),
        _ => (Kind::FindingUnread, "unread_event_id"),
    };
    let mut event = Event::new(tx.clock(), kind, Audience::Company(company), unread.subject);
    event.severity = unread.severity;
    event.assignee_users = people.to_vec();
    event.data.clone_from(&unread.data);
    // It is not part of the original event's bundle.
    for key in ["many", "count", LEADS] {
        event.data.remove(key);
    }
    for (key, value) in [
        (name, json!(unread.id)),
        ("unread_event_type", json!(unread.kind)),
        ("unread_reason", json!(why.word)),
        ("unread_people", json!(why.people)),
        ("unread_destinations", json!(why.destinations)),
    ] {
        event.data.insert(key.to_owned(), value);
    }
    event
}

/// Several unread events of a company are one message to each manager, like a bulk change.
fn together(tx: &Tx<'_>, events: &mut [Event]) {
    events.sort_by_key(|event| Reverse(event.severity));
    let is_grouped = |event: &Event| event.kind == Kind::FindingUnread;
    if events.iter().filter(|event| is_grouped(event)).count() < 2 {
        return;
    }
    let bundle = tx.id();
    let mut leads = true;
    for event in events.iter_mut().filter(|event| is_grouped(event)) {
        event.bundle = Some(bundle);
        event.data.insert("many".to_owned(), json!(true));
        if std::mem::take(&mut leads) {
            event.data.insert(LEADS.to_owned(), json!(true));
        }
    }
}

const PUT_OFF: &str = "update first_reads set due_at = $1 where id in \
     (select id from first_reads where due_at > 0 and due_at <= $2 order by due_at, id limit 1)";

/// Postpones the first one: deciding it fails repeatedly.
///
/// # Errors
/// Database errors.
pub(crate) fn postpone(tx: &mut Tx<'_>, until: Time) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(PUT_OFF, params![until, now]).map(drop)
}

const NO_WARNINGS: &str = "update first_reads set due_at = 0 where due_at > 0 and event_type = 'sla.warning'";
const NO_OTHERS: &str = "update first_reads set due_at = 0 where due_at > 0 and event_type <> 'sla.warning'";

/// Stops notifications that these settings exclude.
///
/// # Errors
/// Database errors.
pub(crate) fn exclude(tx: &mut Tx<'_>, how: &Escalation) -> Result<(), Error> {
    if how.after.is_zero() {
        tx.execute(NO_WARNINGS, &[])?;
    }
    if how.unread_after.is_zero() {
        tx.execute(NO_OTHERS, &[])?;
    }
    Ok(())
}

const FAILED: &str = "update first_reads set due_at = $1 where due_at > $1 and read_at = 0";

/// These deliveries were given up or canceled: it is checked now whether anything else about the same event arrived.
///
/// # Errors
/// Database errors.
pub(crate) fn given_up(tx: &mut Tx<'_>, deliveries: &[Id]) -> Result<(), Error> {
    const ABOUT: &str = "select event_id, digest_id from deliveries where 1 = 1";
    if deliveries.is_empty() {
        return Ok(());
    }
    let ids: Vec<Value> = deliveries.iter().map(Value::from).collect();
    let about: Vec<(Id, String)> = sql::among(tx, ABOUT, "id", &ids)?;
    let rows = mark::of_messages(tx, &about)?;
    sql::hold(
        tx,
        ("select id from first_reads where due_at > 0", "first_reads"),
        &rows,
    )?;
    let rows: Vec<Value> = rows.iter().map(Value::from).collect();
    let now = tx.now();
    sql::update_among(tx, FAILED, params![now], "id", &rows).map(drop)
}
