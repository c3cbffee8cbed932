//! Which destinations are switched off because they refuse for good: a URL that is gone, or that refused several
//! messages in a row.
//!
//! Owns: the table of that, and telling those who can do something about it, once. A message to a destination that is
//! off is cancelled instead of tried. It is on again when its URL is saved again or a test message arrives there.
//! Must not: hold a URL. Mail addresses have no health here: what a mail server refuses is seldom the address's doing.

use std::collections::{BTreeSet, HashMap};

use access::{Role, directory};
use base::{Audience, Event, Id, Kind, Subject, SubjectType, Time};
use serde_json::json;
use store::{Error, Tx, Value, params};

use crate::{
    channel::Channel,
    channels::Attempt,
    plan::World,
    sql,
    target::{Key, Recipient},
};

/// After so many refusals in a row a destination is switched off.
const REFUSALS: i64 = 5;

const OFF: &str = "select target_key, off_at from destination_health where off_at > 0";

/// Notes in the world what is off. A team's address that was saved again since is on.
///
/// # Errors
/// The database's.
pub(crate) fn note_off(tx: &mut Tx<'_>, world: &mut World) -> Result<(), Error> {
    let off: Vec<(String, Time)> = tx.all(OFF, &[])?;
    let mut off: HashMap<Key, Time> = off.into_iter().map(|(key, at)| (Key::stored(&key), at)).collect();
    if off.is_empty() {
        return Ok(());
    }
    for url in world.teams.values().flat_map(|team| [&team.slack, &team.teams]) {
        let Some(url) = url else { continue };
        let key = &url.target.key;
        if off.get(key).is_some_and(|off_at| url.saved_at > *off_at) {
            switch_on(tx, key)?;
            off.remove(key);
        }
    }
    world.off = off.into_keys().collect();
    Ok(())
}

const ON: &str = "update destination_health set refusals = 0, off_at = 0, reason = '' where target_key = $1 and off_at > 0";
const FRESH: &str = "update destination_health set refusals = 0 where target_key = $1";

/// Its URL was saved again, or a test message arrived there. Whether it was off.
///
/// # Errors
/// The database's.
pub(crate) fn switch_on(tx: &mut Tx<'_>, key: &Key) -> Result<bool, Error> {
    let was_off = tx.execute(ON, params![key.as_str()])? > 0;
    tx.execute(FRESH, params![key.as_str()])?;
    Ok(was_off)
}

const WELL: &str = "update destination_health set refusals = 0 where refusals > 0 and off_at = 0";

/// These destinations took a message.
///
/// # Errors
/// The database's.
pub(crate) fn took(tx: &mut Tx<'_>, keys: &BTreeSet<&Key>) -> Result<(), Error> {
    let keys: Vec<_> = keys.iter().map(|key| key.as_str().into()).collect();
    sql::update_among(tx, WELL, &[], "target_key", &keys).map(drop)
}

const REFUSED: &str = "insert into destination_health (target_key, id, channel, label, refusals, off_at, reason) \
     select target_key, $2, channel, label, 1, 0, '' from deliveries where id = $1 \
     on conflict (target_key) do update set refusals = destination_health.refusals + 1 \
     returning id, label, refusals, off_at";
const SWITCH_OFF: &str =
    "update destination_health set off_at = $2, reason = $3 where id = $1 and off_at = 0";
const WHOSE: &str = "select channel, recipient_kind, recipient from deliveries where id = $1";

/// The destination of this delivery refused it for good.
///
/// # Errors
/// The database's.
pub(crate) fn refused(tx: &mut Tx<'_>, delivery: Id, attempt: &Attempt) -> Result<(), Error> {
    let (now, id) = (tx.now(), tx.id());
    let counted: Option<(Id, String, i64, i64)> = tx.one(REFUSED, params![delivery, id])?;
    let Some((id, label, refusals, off_at)) = counted else {
        return Ok(());
    };
    if off_at > 0 || (!attempt.gone && refusals < REFUSALS) {
        return Ok(());
    }
    let reason = match attempt.status {
        Some(status) => format!("{} (status {status})", attempt.reason),
        None => attempt.reason.clone(),
    };
    tx.execute(SWITCH_OFF, params![id, now, &*reason])?;
    let Some((channel, kind, reference)) = tx.one::<(Channel, String, String)>(WHOSE, params![delivery])?
    else {
        return Ok(());
    };
    tracing::warn!(destination = %id, %delivery, %channel, reason, "a destination was switched off");
    for person in concerned(tx, Recipient::parse(&kind, &reference).as_ref())? {
        let subject = Subject {
            kind: SubjectType::Destination,
            id,
        };
        let mut event = Event::new(
            tx.clock(),
            Kind::DestinationSwitchedOff,
            Audience::User(person),
            subject,
        );
        event.assignee_users = vec![person];
        for (name, value) in [
            ("title", json!(label)),
            ("channel", json!(channel)),
            ("reason", json!(reason)),
        ] {
            event.data.insert(name.to_owned(), value);
        }
        tx.emit(event)?;
    }
    Ok(())
}

/// How a URL answered lately, as far as it refused.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    /// Its id in the events that tell of its being switched off.
    pub(crate) id: Id,
    pub(crate) refusals: u32,
    /// When it was switched off; 0 while it is on.
    pub(crate) off_at: Time,
    pub(crate) reason: String,
}

const OF: &str = "select target_key, id, refusals, off_at, reason from destination_health where 1 = 1";

/// What is known of these URLs, where they ever refused anything.
///
/// # Errors
/// The database's.
pub(crate) fn of(tx: &mut Tx<'_>, keys: &[Value]) -> Result<HashMap<Key, Health>, Error> {
    let rows: Vec<(String, Id, u32, Time, String)> = sql::among(tx, OF, "target_key", keys)?;
    let health = |(key, id, refusals, off_at, reason): (String, Id, u32, Time, String)| {
        let health = Health {
            id,
            refusals,
            off_at,
            reason,
        };
        (Key::stored(&key), health)
    };
    Ok(rows.into_iter().map(health).collect())
}

/// Who can do something about it: the administrators, and whoever may save the URL again.
fn concerned(tx: &mut Tx<'_>, recipient: Option<&Recipient>) -> Result<BTreeSet<Id>, Error> {
    let mut people: BTreeSet<Id> = directory::administrators(tx)?.into_iter().collect();
    match recipient {
        Some(Recipient::User(owner)) => drop(people.insert(*owner)),
        Some(Recipient::Team(team)) => {
            for team in directory::team_names(tx, &[*team])? {
                let managers = directory::members(tx, team.company_id, Role::Manager)?;
                people.extend(managers.into_iter().map(|manager| manager.id));
            }
        }
        Some(Recipient::Address(_) | Recipient::Url(_)) | None => {}
    }
    Ok(people)
}

#[cfg(test)]
mod tests;
