//! The inbox of each person (promises C1, I1 to I7).
//!
//! Owns: rows and counters. Counters change with the rows, so a summary is one row to read (promise I3); the counter's
//! row is the lock that gives each row of a person a later time than the one before (promise I7).
//! Must not: take a user id from anywhere but the caller (promise I6).

mod add;
pub mod http;
mod owner;
mod row;

use std::collections::BTreeSet;

use base::{Audience, Clock, Event, Id, Kind, Subject, SubjectType, Time};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{Error, Tx, params};

use crate::reads;

pub(crate) use add::{Addition, add};
pub(crate) use owner::Owner;
pub use row::{Filter, Notification, list};

/// How many notifications a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = InboxSummary)]
pub struct Summary {
    /// All of them.
    pub total: u64,
    /// Unread ones.
    pub unread: u64,
}

const SUMMARY: &str = "select total, unread from inbox_counters where user_id = $1";

/// How many notifications the person has: one row, however large the inbox (promise I3).
///
/// # Errors
/// Database errors.
pub fn summary(tx: &mut Tx<'_>, user: Id) -> Result<Summary, Error> {
    let counted: Option<(u64, u64)> = tx.one(SUMMARY, params![user])?;
    let (total, unread) = counted.unwrap_or_default();
    Ok(Summary { total, unread })
}

// The empty change is the lock: counters are updated one after the other, on both databases.
const LOCK: &str = "update inbox_counters set last_at = last_at where user_id = $1 returning all_read_at";
const UNREAD: &str = "select created_at from notifications where id = $1 and user_id = $2";
const READ: &str = "update notifications set read_at = $3 where id = $1 and user_id = $2 and read_at = 0 and created_at > $4";
const COUNT: &str =
    "update inbox_counters set unread = unread - 1 where user_id = $1 returning total, unread";

/// Marks one of the person's notifications as read and notifies their open tabs. Whether it exists for them (promise
/// I4).
///
/// # Errors
/// Database errors.
pub fn read(tx: &mut Tx<'_>, user: Id, notification: Id) -> Result<bool, Error> {
    let Some((all_read_at,)) = tx.one::<(Time,)>(LOCK, params![user])? else {
        return Ok(false);
    };
    if tx.one::<(Time,)>(UNREAD, params![notification, user])?.is_none() {
        return Ok(false);
    }
    let now = tx.now();
    let changed = tx.execute(READ, params![notification, user, now, all_read_at])?;
    if changed > 0 {
        let counted: Option<(u64, u64)> = tx.one(COUNT, params![user])?;
        let (total, unread) = counted.unwrap_or_default();
        let frame = frame(
            tx.clock(),
            Kind::NotificationRead,
            user,
            notification,
            json!({"notification_id": notification, "summary": Summary { total, unread }}),
        );
        tx.announce(frame);
    }
    Ok(true)
}

const READ_ALL: &str = "update inbox_counters set unread = 0, all_read_at = last_at where user_id = $1 and unread > 0 \
     returning total, unread, all_read_at";

/// Marks every notification of the person as read and notifies their open tabs (promise I5): one row changes, however
/// many there are.
///
/// # Errors
/// Database errors.
pub fn read_all(tx: &mut Tx<'_>, user: Id) -> Result<(), Error> {
    let Some((before,)) = tx.one::<(Time,)>(LOCK, params![user])? else {
        return Ok(());
    };
    let counted: Option<(u64, u64, Time)> = tx.one(READ_ALL, params![user])?;
    if let Some((total, unread, now)) = counted {
        reads::all_read(tx, user, (before, now))?;
        let frame = frame(
            tx.clock(),
            Kind::NotificationAllRead,
            user,
            user,
            json!({"summary": Summary { total, unread }}),
        );
        tx.announce(frame);
    }
    Ok(())
}

const OPEN: &str = "select n.user_id, n.id from notifications n \
     join inbox_counters c on c.user_id = n.user_id \
     where n.read_at = 0 and n.created_at > c.all_read_at and n.finding_id <> ''";

/// Removes open notifications about findings that are done with these events from everyone's unread count (promise O9).
///
/// # Errors
/// Database errors.
pub(crate) fn finished(tx: &mut Tx<'_>, events: &[Event]) -> Result<(), Error> {
    let done: BTreeSet<Id> = events
        .iter()
        .filter(|event| {
            let gone = event.kind == Kind::FindingDeleted || event.data.contains_key("done");
            event.subject.kind == SubjectType::Finding && event.kind.category() == "finding" && gone
        })
        .map(|event| event.subject.id)
        .collect();
    if done.is_empty() {
        return Ok(());
    }
    let done: Vec<store::Value> = done.iter().map(Into::into).collect();
    let open: Vec<(Id, Id)> = crate::sql::among(tx, OPEN, "n.finding_id", &done)?;
    // In the order of people, so that two nodes never deadlock.
    let open: BTreeSet<(Id, Id)> = open.into_iter().collect();
    for (user, notification) in open {
        read(tx, user, notification)?;
    }
    Ok(())
}

/// A frame for the person's own open tabs.
fn frame(clock: &Clock, kind: Kind, user: Id, subject: Id, data: Value) -> Event {
    let subject = Subject {
        kind: SubjectType::Notification,
        id: subject,
    };
    let mut event = Event::new(clock, kind, Audience::User(user), subject);
    event.data = match data {
        Value::Object(data) => data,
        _ => Map::new(),
    };
    event
}

#[cfg(test)]
mod tests;
