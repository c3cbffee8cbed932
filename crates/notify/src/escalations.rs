//! Warnings of critical and urgent findings that nobody reads: they go to the managers of the company.
//!
//! Owns: which warnings wait for a reader and since when. Being read is the inbox's: a mail or a chat does not say
//! whether somebody saw it. Must not: know a finding; whether a warning still holds is asked of whoever does.

use std::time::Duration;

use access::{Role, directory};
use base::{Audience, Event, Id, Kind, Scope, Severity, Time, failpoint};
use serde_json::json;
use store::{Error, Tx, outbox, params};

use crate::engine::Stands;

const EXPECT: &str = "insert into escalations (event_id, due_at) values ($1, $2)";
const BY: &str = "insert into escalation_users (event_id, user_id) values ($1, $2)";

/// Expects a warning that is told to these people now to be read by one of them in this time; whether it is one that
/// matters so much.
///
/// # Errors
/// The database's.
pub(crate) fn expect(tx: &mut Tx<'_>, event: &Event, users: &[Id], after: Duration) -> Result<bool, Error> {
    let grave = event
        .severity
        .is_some_and(|severity| severity >= Severity::Critical);
    if event.kind != Kind::SlaWarning || !grave || after.is_zero() {
        return Ok(false);
    }
    let due_at = tx.now().after(after);
    tx.execute(EXPECT, params![event.id, due_at])?;
    for user in users {
        tx.execute(BY, params![event.id, *user])?;
    }
    Ok(true)
}

const NEXT: &str = "select due_at from escalations order by due_at limit 1";

/// When the next one is to be decided on.
///
/// # Errors
/// The database's.
pub(crate) fn next(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    Ok(tx.one::<(Time,)>(NEXT, &[])?.map(|(due_at,)| due_at))
}

const DUE: &str = "select event_id from escalations where due_at <= $1 order by due_at limit $2";

/// Decides on those whose time has come, at most `limit`; how many it was.
///
/// # Errors
/// The database's.
pub(crate) fn decide(tx: &mut Tx<'_>, stands: &Stands, limit: u32) -> Result<usize, Error> {
    let now = tx.now();
    let due = format!("{DUE}{}", outbox::skip_locked(tx));
    let due: Vec<(Id,)> = tx.all(&due, params![now, limit])?;
    for (warning,) in &due {
        let read = read(tx, *warning)?;
        forget(tx, *warning)?;
        failpoint::hit("notify.escalating");
        // A warning that is no longer kept is long past.
        if let Some(warning) = outbox::event(tx, *warning, &Scope::All)?
            && !read
        {
            escalate(tx, &warning, stands)?;
        }
    }
    Ok(due.len())
}

const READ: &str = "select e.user_id from escalation_users e \
     join notifications n on n.user_id = e.user_id and n.event_id = e.event_id \
     join inbox_counters c on c.user_id = e.user_id \
     where e.event_id = $1 and (n.read_at <> 0 or n.created_at <= c.all_read_at) limit 1";

/// Whether one of its people has read it.
fn read(tx: &mut Tx<'_>, warning: Id) -> Result<bool, Error> {
    Ok(tx.one::<(Id,)>(READ, params![warning])?.is_some())
}

const FORGET: &str = "delete from escalations where event_id = $1";

fn forget(tx: &mut Tx<'_>, warning: Id) -> Result<(), Error> {
    tx.execute(FORGET, params![warning]).map(drop)
}

/// Tells the managers, if the warning still holds.
fn escalate(tx: &mut Tx<'_>, warning: &Event, stands: &Stands) -> Result<(), Error> {
    let (company, finding) = (warning.audience.company(), warning.subject.id);
    let deadline = warning.text("deadline").and_then(|text| text.parse().ok());
    let (Some(company), Some(deadline)) = (company, deadline) else {
        return Ok(());
    };
    if !stands(tx, company, finding, deadline)? {
        return Ok(());
    }
    let managers = directory::members(tx, company, Role::Manager)?;
    let mut event = Event::new(
        tx.clock(),
        Kind::SlaEscalated,
        Audience::Company(company),
        warning.subject,
    );
    event.severity = warning.severity;
    event.assignee_users = managers.into_iter().map(|manager| manager.id).collect();
    event.data.clone_from(&warning.data);
    event
        .data
        .insert("warning_event_id".to_owned(), json!(warning.id));
    tx.emit(event)
}

const LATER: &str = "update escalations set due_at = $1 where event_id in \
     (select event_id from escalations where due_at <= $2 order by due_at limit 1)";

/// Puts the first one off: deciding on it fails again and again.
///
/// # Errors
/// The database's.
pub(crate) fn put_off(tx: &mut Tx<'_>, until: Time) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(LATER, params![until, now]).map(drop)
}

const NONE: &str = "delete from escalations";

/// Expects nothing any more: nobody wants warnings to go to the managers.
///
/// # Errors
/// The database's.
pub(crate) fn expect_none(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute(NONE, &[]).map(drop)
}
