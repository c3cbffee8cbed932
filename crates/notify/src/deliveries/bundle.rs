//! The content of a message: one event, or all those that a summary has collected.
//!
//! Scope and preferences are checked again for each event at each attempt; an event that fails them is canceled
//! individually.

use std::{collections::HashMap, sync::Arc};

use base::{Event, Id, Scope};
use store::{Error, Tx, outbox, params};

use super::{
    claim::cancel,
    claimed::{Address, Content, Grouped, address},
    due::Due,
    quarantine,
};
use crate::{
    channel::Channel,
    digests,
    message::Summary,
    plan::{Why, World},
    reads,
};

/// How many rows of a summary are read at once.
const PAGE: usize = 500;

/// What may be sent now, and where; or why nothing is.
///
/// # Errors
/// Database errors; [`Error::Decode`] where its content cannot be read.
pub(super) fn content(
    tx: &mut Tx<'_>,
    world: &World,
    due: &Due,
    events: &HashMap<Id, Arc<Event>>,
) -> Result<Result<(Content, Address), Why>, Error> {
    if let Some(digest) = due.digest {
        return of_group(tx, world, due, digest);
    }
    if !events.contains_key(&due.event) && !outbox::unreadable(tx, &[due.event])?.is_empty() {
        return Err(unreadable(due.event));
    }
    let own = events.get(&due.event).ok_or(Why::Gone);
    let own = own.and_then(|event| Ok((event, check(event, world, due)?)));
    if !due.summary || matches!(own, Err(Why::Sealed)) {
        return Ok(own.map(|(event, to)| (Content::One(Arc::clone(event)), to)));
    }
    let mut summary = Summary::default();
    if let Ok((event, to)) = &own {
        summary.add(event, to.detail);
    }
    let first = collect(tx, world, due, &mut summary)?;
    let (event, to) = match own {
        Ok(own) => own,
        Err(why) => {
            if let Some(first) = first {
                promote(tx, due.id, first)?;
            }
            return Ok(Err(why));
        }
    };
    let event = Arc::clone(event);
    let content = if summary.count() < 2 {
        Content::One(event)
    } else {
        Content::Many(event, Arc::new(summary))
    };
    Ok(Ok((content, to)))
}

fn unreadable(event: Id) -> Error {
    Error::Decode(format!("the event {event}"))
}

/// What is left of a group: its events are checked, set by set, like single ones.
fn of_group(
    tx: &mut Tx<'_>,
    world: &World,
    due: &Due,
    digest: Id,
) -> Result<Result<(Content, Address), Why>, Error> {
    let Some((digest, of)) = digests::read(tx, digest)? else {
        return Ok(Err(Why::Gone));
    };
    let mut to = Err(Why::Gone);
    let kept = digest.keep(tx, |event| match check_of_group(event, world, due) {
        Ok(address) => {
            to = Ok(address);
            true
        }
        Err(why) => {
            if to.is_err() {
                to = Err(why);
            }
            false
        }
    })?;
    let (Some(digest), Ok(to)) = (kept, to.clone()) else {
        return Ok(Err(to.err().unwrap_or(Why::Gone)));
    };
    // The body of a webhook is created with the plan.
    let named = if due.channel == Channel::Webhook {
        Vec::new()
    } else {
        digest.events(tx)?
    };
    let lead = named.first().cloned();
    if let (Some(lead), 1) = (&lead, digest.count()) {
        let brought = of
            .as_ref()
            .and_then(|end| digest.message(end, &named, "", to.detail).headline);
        let lead = Arc::clone(lead);
        let content = match brought {
            Some(brought) => Content::Lone(lead, brought),
            None => Content::One(lead),
        };
        return Ok(Ok((content, to)));
    }
    let Some(of) = of.or_else(|| lead.clone()) else {
        return Ok(Err(Why::Gone));
    };
    let lead = lead.unwrap_or_else(|| Arc::clone(&of));
    let group = Grouped {
        of,
        lead,
        digest,
        named,
    };
    Ok(Ok((Content::Group(Arc::new(group)), to)))
}

/// A batch is sent to its URL, whichever rules name it: it covers all of them.
fn check_of_group(event: &Event, world: &World, due: &Due) -> Result<Address, Why> {
    if due.channel != Channel::Webhook {
        return check(event, world, due);
    }
    super::claimed::webhook_address(world, event, &due.key)
}

fn check(event: &Event, world: &World, due: &Due) -> Result<Address, Why> {
    address(event, world, due.channel, &due.recipient, &due.key)
}

const BUNDLED: &str = "select id, event_id from deliveries where state = 'bundled' and summary_id = $1 and id > $2 \
     order by id limit $3";

/// Adds what the summary has collected, and cancels what may no longer be sent; the first delivery that may.
fn collect(tx: &mut Tx<'_>, world: &World, due: &Due, summary: &mut Summary) -> Result<Option<Id>, Error> {
    let mut first = None;
    let mut after = String::new();
    loop {
        let page: Vec<(Id, Id)> = tx.all(BUNDLED, params![due.id, &after, PAGE])?;
        let Some((last, _)) = page.last() else {
            return Ok(first);
        };
        after = last.to_string();
        let ids: Vec<Id> = page.iter().map(|(_, event)| *event).collect();
        let events: HashMap<Id, Event> = outbox::events(tx, &ids, &Scope::All)?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        let missing: Vec<Id> = ids.into_iter().filter(|id| !events.contains_key(id)).collect();
        let broken = outbox::unreadable(tx, &missing)?;
        let mut cancelled = Vec::new();
        for (delivery, event) in page {
            if broken.contains(&event) {
                quarantine::set_id(tx, &delivery.to_string(), &unreadable(event))?;
                continue;
            }
            let checked = events.get(&event).ok_or(Why::Gone);
            match checked.and_then(|event| Ok((event, check(event, world, due)?))) {
                Ok((event, to)) => {
                    summary.add(event, to.detail);
                    first.get_or_insert(delivery);
                }
                Err(why) => {
                    cancel(tx, delivery, &why)?;
                    cancelled.push(delivery);
                }
            }
        }
        reads::unread::given_up(tx, &cancelled)?;
    }
}

const FOLLOW: &str = "update deliveries set summary_id = $2 where state = 'bundled' and summary_id = $1";
const LEAD: &str =
    "update deliveries set state = 'pending', summary_id = id, next_at = $2, updated_at = $2 where id = $1";

/// The first delivery that a summary has collected becomes the summary, because the original may not be sent.
fn promote(tx: &mut Tx<'_>, summary: Id, first: Id) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(FOLLOW, params![summary, first])?;
    tx.execute(LEAD, params![first, now])?;
    Ok(())
}
