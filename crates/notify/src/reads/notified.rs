//! Who was notified of an event, according to its plan. Only they count as its readers.

use std::collections::{BTreeMap, BTreeSet};

use base::Id;
use store::{Error, Tx, Value};

use crate::{
    channel::Channel,
    plan::{Reason, Why},
    sql,
    target::Recipient,
};

/// Who was notified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notified {
    /// People, on any channel.
    pub(super) users: BTreeSet<Id>,
    /// Teams whose chat it was posted in: their members were notified.
    pub(super) chats: BTreeSet<Id>,
    /// Teams that were notified or are responsible.
    pub(super) teams: BTreeSet<Id>,
    /// How many destinations other than people got it: chats of teams, addresses and URLs that rules name.
    pub(super) destinations: BTreeSet<Recipient>,
    /// Whether someone has it in the inbox.
    pub(super) in_app: bool,
    /// Whether someone was not notified only because it is their own action: a person knows of it.
    pub(super) own_act: bool,
    /// Why the others who were considered were not notified, each reason once.
    refused: BTreeSet<&'static str>,
}

impl Notified {
    pub(super) fn of(reasons: &[Reason]) -> Self {
        let mut all = Self::default();
        for reason in reasons {
            all.add(reason);
        }
        all
    }

    fn add(&mut self, reason: &Reason) {
        self.own_act |= reason.why == Why::OwnAct;
        if let (Recipient::Team(team), Why::NoDestination) = (&reason.recipient, &reason.why) {
            self.teams.insert(*team);
        }
        if !reason.why.is_notified() {
            if !matches!(reason.why, Why::NoDestination | Why::Duplicate) {
                self.refused.insert(reason.why.name());
            }
            return;
        }
        self.in_app |= reason.channel == Channel::InApp;
        if let Why::Member(team) = reason.why {
            self.teams.insert(team);
        }
        match &reason.recipient {
            Recipient::User(user) => {
                self.users.insert(*user);
            }
            Recipient::Team(team) => {
                self.teams.insert(*team);
                self.chats.insert(*team);
                self.destinations.insert(reason.recipient.clone());
            }
            Recipient::Address(_) | Recipient::Url(_) => {
                self.destinations.insert(reason.recipient.clone());
            }
        }
    }

    /// Whether anyone was notified at all.
    pub(super) fn anyone(&self) -> bool {
        !(self.users.is_empty() && self.destinations.is_empty())
    }

    /// Why nobody was notified, as a word in an event's data.
    pub(super) fn why_nobody(&self) -> &'static str {
        let only = |why: &Why| self.refused.iter().all(|name| *name == why.name());
        match self.refused.is_empty() {
            false if only(&Why::NoRule) => "no_rule",
            false if only(&Why::OptedOut) => "opted_out",
            _ => "nobody_notified",
        }
    }

    /// Whether this person was; `theirs` are the teams they are in.
    pub(super) fn includes(&self, user: Id, theirs: &BTreeSet<(Id, Id)>) -> bool {
        self.users.contains(&user) || self.chats.iter().any(|team| theirs.contains(&(*team, user)))
    }
}

const OF_EVENTS: &str = "select event_id, reasons from event_plans where 1 = 1";
const OF_SETS: &str = "select id, reasons from event_sets where 1 = 1";

/// Who was notified of these single events.
///
/// # Errors
/// Database errors.
pub(super) fn of_events(tx: &mut Tx<'_>, events: &BTreeSet<Id>) -> Result<BTreeMap<Id, Notified>, Error> {
    read(tx, (OF_EVENTS, "event_id"), events)
}

/// Who was notified of the events of these sets.
///
/// # Errors
/// Database errors.
pub(super) fn of_sets(tx: &mut Tx<'_>, sets: &BTreeSet<Id>) -> Result<BTreeMap<Id, Notified>, Error> {
    read(tx, (OF_SETS, "id"), sets)
}

fn read(
    tx: &mut Tx<'_>,
    (select, column): (&str, &str),
    ids: &BTreeSet<Id>,
) -> Result<BTreeMap<Id, Notified>, Error> {
    let ids: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows: Vec<(Id, String)> = sql::among(tx, select, column, &ids)?;
    rows.into_iter()
        .map(|(id, reasons)| Ok((id, Notified::of(&parse(&reasons)?))))
        .collect()
}

/// The reasons of a plan, as stored.
///
/// # Errors
/// If they cannot be read.
pub(super) fn parse(reasons: &str) -> Result<Vec<Reason>, Error> {
    serde_json::from_str(reasons).map_err(|error| Error::Decode(error.to_string()))
}
