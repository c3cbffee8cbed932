//! Announcements of administrators to everyone: maintenance, an upgrade.
//!
//! Owns: the table of announcements, and their event `platform.announced`, which goes to every active user in-app and
//! by email and to every open tab. The audit log records what is announced and withdrawn. Must not: decide who is
//! notified; the plan does, as for any event.

pub mod http;

use access::{
    Caller,
    audit::{self, Action, By, Entry},
};
use base::{Audience, Event, Id, Kind, Subject, SubjectType, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, params};

/// An announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Announcement {
    /// Its id.
    pub id: Id,
    /// Its title, on one line. Untrusted text: escape it.
    pub title: String,
    /// Its body. Untrusted text: escape it.
    pub body: String,
    /// Until when it is shown; null until it is withdrawn.
    pub until: Option<Time>,
    /// When it was created.
    pub created_at: Time,
}

impl FromRow for Announcement {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let until: i64 = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            body: row.get(2)?,
            until: (until > 0).then(|| Time::from_nanos(until)),
            created_at: row.get(4)?,
        })
    }
}

const CURRENT: &str = "select id, title, body, until_at, created_at from announcements \
     where withdrawn_at = 0 and (until_at = 0 or until_at > ?)";

/// The current announcements, newest first, at most `limit`.
///
/// # Errors
/// Database errors.
fn current(tx: &mut Tx<'_>, after: Option<Id>, limit: u32) -> Result<Vec<Announcement>, Error> {
    let now = tx.now();
    Select::new("")
        .push(CURRENT, vec![now.into()])
        .filter("id < ?", after)
        .push(" order by id desc limit ?", vec![limit.into()])
        .all(tx)
}

const INSERT: &str = "insert into announcements (id, title, body, until_at, author_id, created_at, withdrawn_at) \
     values ($1, $2, $3, $4, $5, $6, 0)";
const EVERYONE: &str = "select id from users where disabled = 0 order by id";

/// An announcement to make.
struct New {
    title: String,
    body: String,
    until: Option<Time>,
}

/// Creates an announcement, its event and its entry in the audit log.
fn announce(tx: &mut Tx<'_>, new: New, by: &Caller) -> Result<Announcement, Error> {
    let New { title, body, until } = new;
    let new = Announcement {
        id: tx.id(),
        title,
        body,
        until,
        created_at: tx.now(),
    };
    let until = new.until.map_or(0, Time::nanos);
    tx.execute(
        INSERT,
        params![new.id, &new.title, &new.body, until, by.user_id, new.created_at],
    )?;
    let entry = Entry::new(Action::AnnouncementCreated, new.id, &*new.title).made(&new);
    audit::note(tx, &By::caller(by), entry)?;
    emit(tx, &new, by)?;
    Ok(new)
}

fn emit(tx: &mut Tx<'_>, new: &Announcement, by: &Caller) -> Result<(), Error> {
    let subject = Subject {
        kind: SubjectType::Announcement,
        id: new.id,
    };
    let mut event = Event::new(tx.clock(), Kind::PlatformAnnounced, Audience::Platform, subject);
    (event.actor, event.by_token) = (Some(by.user_id), by.is_token);
    let everyone: Vec<(Id,)> = tx.all(EVERYONE, &[])?;
    event.assignee_users = everyone.into_iter().map(|(id,)| id).collect();
    let mut put = |key: &str, text: String| event.data.insert(key.to_owned(), text.into());
    put("announcement_id", new.id.to_string());
    put("title", new.title.clone());
    put("comment", new.body.clone());
    if let Some(until) = new.until {
        put("until", until.to_string());
    }
    tx.emit(event)
}

const WITHDRAW: &str = "update announcements set withdrawn_at = $2 where id = $1 and withdrawn_at = 0 \
     returning id, title, body, until_at, created_at";

/// Withdraws an announcement; whether it existed. The audit log keeps its text.
fn withdraw(tx: &mut Tx<'_>, id: Id, by: &Caller) -> Result<bool, Error> {
    let now = tx.now();
    let Some(was) = tx.one::<Announcement>(WITHDRAW, params![id, now])? else {
        return Ok(false);
    };
    let entry = Entry::new(Action::AnnouncementWithdrawn, id, &*was.title).gone(&was);
    audit::note(tx, &By::caller(by), entry)?;
    Ok(true)
}

#[cfg(test)]
mod tests;
