//! What a message tells of: one event, or all those that a summary has collected.
//!
//! Scope and preference are asked again for each event at each attempt; what fails them is cancelled by itself.

use std::{collections::HashMap, sync::Arc};

use base::{Event, Id, Scope, Time};
use store::{Error, Tx, outbox, params};

use super::{
    Address, Letter, address,
    claim::{Due, cancel},
};
use crate::{
    message::{self, Message, Summary},
    plan::{Why, World},
};

/// How many rows of a summary are read at once.
const PAGE: usize = 500;

/// What is told.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// One event by itself.
    One(Arc<Event>),
    /// The events of a summary, at least two; the first of them by itself.
    Many(Arc<Event>, Arc<Summary>),
}

impl Letter {
    /// What it says.
    pub(crate) fn message(&self, public_url: &str) -> Message {
        match &self.content {
            Content::One(event) => message::compose(event, public_url, self.address.detail),
            Content::Many(first, summary) => summary.message(first.id, public_url),
        }
    }

    /// When what it tells of happened; none for what waited on purpose, or was sent before.
    pub(super) fn since(&self) -> Option<Time> {
        match &self.content {
            Content::One(event) if self.earlier == 0 => Some(event.at),
            Content::One(_) | Content::Many(..) => None,
        }
    }
}

/// What may be told now, and where; or why nothing is.
///
/// # Errors
/// The database's.
pub(super) fn content(
    tx: &mut Tx<'_>,
    world: &World,
    due: &Due,
    events: &HashMap<Id, Arc<Event>>,
) -> Result<Result<(Content, Address), Why>, Error> {
    let own = events.get(&due.event).ok_or(Why::Gone);
    let own = own.and_then(|event| Ok((event, ask(event, world, due)?)));
    if !due.summary {
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
                hand_on(tx, due.id, first)?;
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

fn ask(event: &Event, world: &World, due: &Due) -> Result<Address, Why> {
    address(event, world, due.channel, &due.recipient, &due.key)
}

const BUNDLED: &str = "select id, event_id from deliveries where state = 'bundled' and summary_id = $1 and id > $2 \
     order by id limit $3";

/// Adds what the summary has collected, and cancels what may no longer be told; the first delivery that may.
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
        for (delivery, event) in page {
            let asked = events.get(&event).ok_or(Why::Gone);
            match asked.and_then(|event| Ok((event, ask(event, world, due)?))) {
                Ok((event, to)) => {
                    summary.add(event, to.detail);
                    first.get_or_insert(delivery);
                }
                Err(why) => cancel(tx, delivery, &why)?,
            }
        }
    }
}

const FOLLOW: &str = "update deliveries set summary_id = $2 where state = 'bundled' and summary_id = $1";
const LEAD: &str =
    "update deliveries set state = 'pending', summary_id = id, next_at = $2, updated_at = $2 where id = $1";

/// The first of those that a summary has collected becomes the summary, for the one that was may not be told.
fn hand_on(tx: &mut Tx<'_>, summary: Id, first: Id) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(FOLLOW, params![summary, first])?;
    tx.execute(LEAD, params![first, now])?;
    Ok(())
}
