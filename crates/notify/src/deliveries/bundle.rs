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
    facts,
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
    world: &mut World,
    due: &Due,
    events: &HashMap<Id, Arc<Event>>,
) -> Result<Result<(Content, Address), Why>, Error> {
    let ask = |event: &Event, world: &World| address(event, world, due.channel, &due.recipient, &due.key);
    let Some(own) = events.get(&due.event) else {
        return Ok(Err(Why::Gone));
    };
    let to = match ask(own, world) {
        Ok(to) => to,
        Err(why) => return Ok(Err(why)),
    };
    if !due.summary {
        return Ok(Ok((Content::One(Arc::clone(own)), to)));
    }
    let mut summary = Summary::default();
    summary.add(own, to.detail);
    let mut after = String::new();
    loop {
        let page: Vec<(Id, Id)> = tx.all(BUNDLED, params![due.id, &after, PAGE])?;
        let Some((last, _)) = page.last() else { break };
        after = last.to_string();
        let ids: Vec<Id> = page.iter().map(|(_, event)| *event).collect();
        let events: HashMap<Id, Event> = outbox::events(tx, &ids, &Scope::All)?
            .into_iter()
            .map(|event| (event.id, event))
            .collect();
        facts::add_companies(tx, world, events.values())?;
        for (delivery, event) in page {
            let asked = events.get(&event).ok_or(Why::Gone);
            match asked.and_then(|event| Ok((event, ask(event, world)?))) {
                Ok((event, to)) => summary.add(event, to.detail),
                Err(why) => cancel(tx, delivery, &why)?,
            }
        }
    }
    let own = Arc::clone(own);
    let content = if summary.count() < 2 {
        Content::One(own)
    } else {
        Content::Many(own, Arc::new(summary))
    };
    Ok(Ok((content, to)))
}

const BUNDLED: &str = "select id, event_id from deliveries where state = 'bundled' and summary_id = $1 and id > $2 \
     order by id limit $3";

const FIRST: &str =
    "select id from deliveries where state = 'bundled' and summary_id = $1 order by id limit 1";
const FOLLOW: &str = "update deliveries set summary_id = $2 where state = 'bundled' and summary_id = $1";
const LEAD: &str =
    "update deliveries set state = 'pending', summary_id = id, next_at = $2, updated_at = $2 where id = $1";

/// The first of those that a summary has collected becomes the summary, for the one that was may not be told.
///
/// # Errors
/// The database's.
pub(super) fn hand_on(tx: &mut Tx<'_>, summary: Id) -> Result<(), Error> {
    let Some((first,)) = tx.one::<(Id,)>(FIRST, params![summary])? else {
        return Ok(());
    };
    let now = tx.now();
    tx.execute(FOLLOW, params![summary, first])?;
    tx.execute(LEAD, params![first, now])?;
    Ok(())
}
