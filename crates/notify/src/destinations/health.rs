//! The health of destinations: turned off because they reject permanently, or messages given up after the last attempt;
//! and notifying the people who can fix it, once.
//!
//! An outage begins with a given-up message, and ends when one has been delivered and then none was given up for an
//! hour: a destination that rejects some messages and accepts others in between is one outage. Its owner is notified
//! when it begins, and once more if deliveries stop for an hour after some succeeded during it.
//!
//! Owns: `refusals`, `off_at` and `given_up_at` of a destination. They belong to the URL: all owners that name it share
//! them. A message to a destination that is off is canceled. Saving the URL again, a test message that is delivered
//! there, and, unless it is off, the next delivered message reset all of it. The mail server is one destination. An
//! address that the mail server rejected is another: each has a row without a URL.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use access::{Role, directory};
use base::{Audience, Event, Id, Kind, Subject, SubjectType, Time};
use serde_json::json;
use store::{Error, Tx, Value, Word, params, rows};

use super::table::Owner;
use crate::{
    channel::Channel,
    channels::Attempt,
    sql,
    target::{Key, MAIL_LANE, Recipient},
};

/// After this many rejections in a row a destination is turned off.
pub(crate) const REFUSALS: i64 = 5;

const OFF: &str = "select target_key from destinations where off_at > 0";

/// The URLs that are turned off.
///
/// # Errors
/// Database errors.
pub(crate) fn off(tx: &mut Tx<'_>) -> Result<HashSet<Key>, Error> {
    let keys: Vec<(String,)> = tx.all(OFF, &[])?;
    Ok(keys.into_iter().map(|(key,)| Key::stored(&key)).collect())
}

const COUNTS: &str = "select count(distinct case when off_at > 0 then target_key end), \
     count(distinct case when given_up_at > 0 then target_key end) from destinations";

/// How many destinations are turned off, and how many are failing.
///
/// # Errors
/// Database errors.
pub(super) fn counts(tx: &mut Tx<'_>) -> Result<(u64, u64), Error> {
    Ok(tx.one(COUNTS, &[])?.unwrap_or_default())
}

const SET_ASIDE: &str = "select (select count(*) from event_plans where fault <> '') \
     + (select count(*) from deliveries where state = 'set_aside')";

/// How many events and messages are quarantined.
///
/// # Errors
/// Database errors.
pub(super) fn set_aside(tx: &mut Tx<'_>) -> Result<u64, Error> {
    Ok(tx.one::<(u64,)>(SET_ASIDE, &[])?.map_or(0, |(count,)| count))
}

const ON: &str = "update destinations set refusals = 0, off_at = 0, off_reason = '', given_up_at = 0, \
     last_given_up_at = 0, notified_at = 0 where target_key = $1 and off_at > 0";
const FRESH: &str = "update destinations set refusals = 0, given_up_at = 0, last_given_up_at = 0, notified_at = 0 \
     where target_key = $1";

/// The URL was saved again, or a test message was delivered there. Whether it was off.
///
/// # Errors
/// Database errors.
pub(crate) fn switch_on(tx: &mut Tx<'_>, key: &Key) -> Result<bool, Error> {
    let was_off = tx.execute(ON, params![key.as_str()])? > 0;
    tx.execute(FRESH, params![key.as_str()])?;
    Ok(was_off)
}

const ON_CHANNEL: &str = "update destinations set refusals = 0, off_at = 0, off_reason = '', given_up_at = 0, \
     last_given_up_at = 0, notified_at = 0 where channel = $1 and off_at > 0";

/// Turns on what is off on a channel; whether anything was.
///
/// # Errors
/// Database errors.
pub(crate) fn switch_on_all(tx: &mut Tx<'_>, channel: Channel) -> Result<bool, Error> {
    Ok(tx.execute(ON_CHANNEL, params![channel.name()])? > 0)
}

const MAIL_ACCEPTED: &str =
    "update destinations set given_up_at = 0 where given_up_at > 0 and owner_kind = 'platform'";

/// Mails to these addresses were accepted.
///
/// # Errors
/// Database errors.
pub(crate) fn mails_accepted(tx: &mut Tx<'_>, keys: &BTreeSet<&str>) -> Result<(), Error> {
    let keys: Vec<_> = keys.iter().map(|key| (*key).into()).collect();
    sql::post_among(tx, MAIL_ACCEPTED, &[], "target_key", &keys)
}

/// The results of attempts at one destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) attempts: u32,
    pub(crate) successes: u32,
    pub(crate) took_ms: u64,
    /// The status of the last response; 0 for none.
    pub(crate) last_status: u16,
    /// When the last success was; 0 for none.
    pub(crate) last_success: Time,
}

/// How many rows one statement takes.
const AT_ONCE: usize = 64;
const ROW: usize = 6;

/// Records the results of attempts, by the keys of their destinations. A success ends a run of rejections and an
/// outage, but does not turn on.
///
/// # Errors
/// Database errors.
pub(crate) fn note(tx: &mut Tx<'_>, tallies: &BTreeMap<&str, Tally>) -> Result<(), Error> {
    let rows: Vec<[Value; ROW]> = tallies
        .iter()
        .map(|(key, tally)| {
            [
                (*key).into(),
                tally.attempts.into(),
                tally.successes.into(),
                tally.took_ms.into(),
                tally.last_status.into(),
                tally.last_success.into(),
            ]
        })
        .collect();
    for chunk in rows.chunks(AT_ONCE) {
        // The last one changes nothing when repeated: a row is updated once, whatever matches it.
        let values: Vec<Value> = rows::padded(chunk).flatten().collect();
        tx.post(&tally_statement(values.len() / ROW), &values)?;
    }
    Ok(())
}

fn tally_statement(rows: usize) -> String {
    let values: Vec<String> = (0..rows)
        .map(|row| {
            let at = |column: usize| row * ROW + column;
            let numbers: Vec<String> = (2..=ROW)
                .map(|column| format!("cast(${} as bigint)", at(column)))
                .collect();
            format!("(cast(${} as text), {})", at(1), numbers.join(", "))
        })
        .collect();
    format!(
        "update destinations set \
         attempts = (case when attempts >= {KEPT} then attempts / 2 else attempts end) + v.column2, \
         successes = (case when attempts >= {KEPT} then successes / 2 else successes end) + v.column3, \
         took_ms = (case when attempts >= {KEPT} then took_ms / 2 else took_ms end) + v.column4, \
         last_status = v.column5, \
         last_success_at = case when v.column6 > last_success_at then v.column6 else last_success_at end, \
         refusals = case when v.column3 > 0 and off_at = 0 then 0 else refusals end, \
         given_up_at = case when v.column3 > 0 and off_at = 0 then 0 else given_up_at end \
         from (values {}) as v where target_key = v.column1",
        values.join(", ")
    )
}

/// The number of recent attempts that the counts are about.
const KEPT: u32 = 1_000;

/// A row of the URL.
struct Row {
    id: Id,
    label: String,
    channel: Channel,
    owner: Option<Owner>,
    refusals: i64,
    off: bool,
}

impl store::FromRow for Row {
    fn from_row(row: &store::Row) -> Result<Self, Error> {
        let (kind, owner): (String, String) = (row.get(3)?, row.get(4)?);
        Ok(Self {
            id: row.get(0)?,
            label: row.get(1)?,
            channel: row.word(2)?,
            owner: owner.parse().ok().and_then(|id| Owner::parse(&kind, id)),
            refusals: row.get(5)?,
            off: row.get::<i64>(6)? > 0,
        })
    }
}

const ROWS: &str = "select id, label, channel, owner_kind, owner, refusals, off_at from destinations \
     where target_key = $1 order by id";
const REFUSED: &str = "update destinations set refusals = refusals + 1 where target_key = $1";
const SWITCH_OFF: &str = "update destinations set off_at = $2, off_reason = $3, given_up_at = $2, last_given_up_at = $2, \
     notified_at = $2 where target_key = $1 and off_at = 0";

/// The URL rejected this delivery permanently.
///
/// # Errors
/// Database errors.
pub(crate) fn refused(tx: &mut Tx<'_>, key: &Key, delivery: Id, attempt: &Attempt) -> Result<(), Error> {
    let now = tx.now();
    if tx.execute(REFUSED, params![key.as_str()])? == 0 {
        return Ok(());
    }
    let rows: Vec<Row> = tx.all(ROWS, params![key.as_str()])?;
    let Some(first) = rows.first() else {
        return Ok(());
    };
    if first.off || (!attempt.gone && first.refusals < REFUSALS) {
        return Ok(());
    }
    let reason = match attempt.status {
        Some(status) => format!("{} (status {status})", attempt.reason),
        None => attempt.reason.clone(),
    };
    tx.execute(SWITCH_OFF, params![key.as_str(), now, &*reason])?;
    let (id, channel) = (first.id, first.channel);
    tracing::warn!(destination = %id, %delivery, %channel, reason, "a destination was turned off");
    let news = News {
        kind: Kind::DestinationSwitchedOff,
        destination: id,
        label: &first.label,
        channel,
        reason: &reason,
        delivery,
    };
    let people = owners(tx, &rows)?;
    news.notify(tx, people)
}

/// A delivery that failed and is not attempted again.
struct Over {
    kind: String,
    channel: Channel,
    key: String,
    label: String,
    recipient: Option<Recipient>,
}

const OVER: &str =
    "select event_type, channel, target_key, label, recipient_kind, recipient from deliveries where id = $1";
const GIVE_UP: &str = "update destinations set last_given_up_at = $2, \
     given_up_at = case given_up_at when 0 then $2 else given_up_at end where target_key = $1";
const NOTIFY: &str = "update destinations set notified_at = $2 where target_key = $1 and ";
const NOTIFY_OF_MAIL: &str = "insert into destinations (id, owner_kind, owner, channel, sealed, target_key, label, \
     template, saved_at, refusals, off_at, off_reason, given_up_at, notified_at) \
     values ($4, 'platform', '', $5, '', $1, $6, '', 0, 0, 0, '', 0, $2) \
     on conflict (owner_kind, owner, channel, target_key) do update set notified_at = excluded.notified_at where ";
// Nobody was notified yet; or something was delivered and then for a time nothing was given up; or nothing was
// delivered for that time, and nobody was notified since. Two nodes at once: the row is locked, and the later one finds
// that it is done.
const IS_NEWS: &str = "(destinations.notified_at = 0 \
     or (destinations.given_up_at = 0 and destinations.last_given_up_at <= $3) \
     or (destinations.given_up_at > destinations.notified_at and destinations.given_up_at <= $3)) returning id";

/// How long no delivery may be given up before an outage ends; how long none may be delivered before it is announced
/// again.
pub(crate) const OUTAGE: Duration = Duration::from_hours(1);

/// The delivery is given up: raises `delivery.failed`, once for each outage. `refused` means that the other side
/// rejected this message; else the destination did not accept it in time.
///
/// # Errors
/// Database errors.
pub(crate) fn given_up(tx: &mut Tx<'_>, delivery: Id, refused: bool, reason: &str) -> Result<(), Error> {
    let row: Option<(String, Word<Channel>, String, String, String, String)> =
        tx.one(OVER, params![delivery])?;
    let Some((kind, Word(channel), key, label, recipient, reference)) = row else {
        return Ok(());
    };
    let over = Over {
        kind,
        channel,
        key,
        label,
        recipient: Recipient::parse(&recipient, &reference),
    };
    // A given-up message about a given-up message does not raise another.
    if over.kind == Kind::DeliveryFailed.name() {
        return Ok(());
    }
    if channel.has_url() {
        url_given_up(tx, delivery, &over, reason)
    } else {
        mail_given_up(tx, delivery, &over, (refused, reason))
    }
}

fn url_given_up(tx: &mut Tx<'_>, delivery: Id, over: &Over, reason: &str) -> Result<(), Error> {
    let rows: Vec<Row> = tx.all(ROWS, params![&over.key])?;
    let Some(first) = rows.first() else {
        // It was removed meanwhile, on purpose.
        return Ok(());
    };
    let now = tx.now();
    let notified: Vec<(Id,)> = tx.all(
        &format!("{NOTIFY}{IS_NEWS}"),
        params![&over.key, now, now.before(OUTAGE)],
    )?;
    tx.execute(GIVE_UP, params![&over.key, now])?;
    if notified.is_empty() {
        return Ok(());
    }
    let news = News {
        kind: Kind::DeliveryFailed,
        destination: first.id,
        label: &first.label,
        channel: over.channel,
        reason,
        delivery,
    };
    let people = owners(tx, &rows)?;
    news.notify(tx, people)
}

fn mail_given_up(
    tx: &mut Tx<'_>,
    delivery: Id,
    over: &Over,
    (refused, reason): (bool, &str),
) -> Result<(), Error> {
    let (key, label) = if refused {
        (&*over.key, &*over.label)
    } else {
        (MAIL_LANE, "mail server")
    };
    let (now, id) = (tx.now(), tx.id());
    let row = params![key, now, now.before(OUTAGE), id, over.channel.name(), label];
    let notified: Option<(Id,)> = tx.one(&format!("{NOTIFY_OF_MAIL}{IS_NEWS}"), row)?;
    tx.execute(GIVE_UP, params![key, now])?;
    let Some((id,)) = notified else {
        return Ok(());
    };
    let news = News {
        kind: Kind::DeliveryFailed,
        destination: id,
        label,
        channel: over.channel,
        reason,
        delivery,
    };
    let mut people: BTreeSet<Id> = directory::administrators(tx)?.into_iter().collect();
    if let (true, Some(Recipient::User(user))) = (refused, &over.recipient) {
        people.insert(*user);
    }
    news.notify(tx, people)
}

/// The news about a destination.
struct News<'a> {
    kind: Kind,
    destination: Id,
    label: &'a str,
    channel: Channel,
    reason: &'a str,
    delivery: Id,
}

impl News<'_> {
    /// Notifies each of them.
    fn notify(&self, tx: &mut Tx<'_>, people: BTreeSet<Id>) -> Result<(), Error> {
        for person in people {
            let subject = Subject {
                kind: SubjectType::Destination,
                id: self.destination,
            };
            let mut event = Event::new(tx.clock(), self.kind, Audience::User(person), subject);
            event.assignee_users = vec![person];
            for (name, value) in [
                ("title", json!(self.label)),
                ("channel", json!(self.channel)),
                ("reason", json!(self.reason)),
                ("delivery_id", json!(self.delivery)),
            ] {
                event.data.insert(name.to_owned(), value);
            }
            tx.emit(event)?;
        }
        Ok(())
    }
}

/// Who can fix it: the administrators, and the users who may save the URL again.
fn owners(tx: &mut Tx<'_>, rows: &[Row]) -> Result<BTreeSet<Id>, Error> {
    let mut people: BTreeSet<Id> = directory::administrators(tx)?.into_iter().collect();
    for owner in rows.iter().filter_map(|row| row.owner) {
        match owner {
            Owner::User(owner) => drop(people.insert(owner)),
            Owner::Team(team) => {
                for team in directory::team_names(tx, &[team])? {
                    let managers = directory::members(tx, team.company_id, Role::Manager)?;
                    people.extend(managers.into_iter().map(|manager| manager.id));
                }
            }
            Owner::Rule(_) => {}
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests;
