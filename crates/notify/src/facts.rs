//! Reads what the plan has to know: for a whole batch at once, so that a thousand events cost as many queries as one.
//!
//! Must not: decide anything.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use access::{Vault, directory};
use base::{Event, Id, Scope};
use store::{Error, Tx, Value};

use crate::{
    channel::Channel,
    chat, health,
    plan::{Person, Rules, Team, UrlTarget, World},
    preferences,
    target::{Recipient, Target, normalised},
};

/// Whom to ask for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    users: BTreeSet<Id>,
    addresses: BTreeSet<String>,
    teams: BTreeSet<Id>,
}

impl Wanted {
    /// Everyone whom the plan of these events may think of.
    pub(crate) fn by_events(events: &[Event], rules: &Rules) -> Self {
        let mut wanted = Self::default();
        let kinds: BTreeSet<_> = events.iter().map(|event| event.kind).collect();
        for event in events {
            wanted.users.extend(&event.assignee_users);
            wanted.teams.extend(&event.assignee_teams);
        }
        for kind in kinds {
            for rule in [Channel::InApp, Channel::Email]
                .into_iter()
                .flat_map(|channel| rules.of(kind, channel))
            {
                wanted.users.extend(&rule.users);
                let addresses = rule.addresses.iter().map(|address| address.label.to_string());
                wanted.addresses.extend(addresses);
            }
        }
        wanted
    }

    /// These recipients, before a message goes out to them.
    pub(crate) fn by_recipients<'a>(recipients: impl IntoIterator<Item = &'a Recipient>) -> Self {
        let mut wanted = Self::default();
        for recipient in recipients {
            match recipient {
                Recipient::User(id) => drop(wanted.users.insert(*id)),
                Recipient::Team(id) => drop(wanted.teams.insert(*id)),
                Recipient::Address(address) => drop(wanted.addresses.insert(address.clone())),
                Recipient::Url(_) => {}
            }
        }
        wanted
    }
}

/// The world, as far as it is wanted.
///
/// # Errors
/// The database's.
pub(crate) fn world(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rules: Arc<Rules>,
    wanted: Wanted,
) -> Result<World, Error> {
    let mut world = World {
        rules,
        ..World::default()
    };
    let users: Vec<Id> = wanted.users.into_iter().collect();
    let addresses: Vec<String> = wanted.addresses.into_iter().collect();
    if !users.is_empty() {
        add_people(&mut world, vault, directory::people(tx, &users)?);
    }
    if !addresses.is_empty() {
        add_people(&mut world, vault, directory::people_by_email(tx, &addresses)?);
    }
    let known: Vec<Value> = world.people.keys().map(Value::from).collect();
    if !known.is_empty() {
        world.preferences = preferences::of_users(tx, &known)?;
        world.chats = chat::of_users(tx, vault, &known)?;
    }
    let teams: Vec<Id> = wanted.teams.into_iter().collect();
    if !teams.is_empty() {
        world.teams = directory::teams(tx, vault, &teams)?
            .into_iter()
            .map(|team| (team.id, team_of(vault, team)))
            .collect::<HashMap<_, _>>();
    }
    // All of them, so that no event can be told of without asking.
    world
        .minimal
        .extend(directory::with_minimal_messages(tx, &Scope::All)?);
    health::note_off(tx, &mut world)?;
    Ok(world)
}

fn add_people(world: &mut World, vault: &Vault, people: Vec<directory::Person>) {
    for person in people {
        world.addresses.insert(normalised(&person.email), person.id);
        world.people.insert(
            person.id,
            Person {
                active: person.active,
                scope: person.scope,
                mailbox: Target::mailbox(vault, &person.email),
            },
        );
    }
}

fn team_of(vault: &Vault, team: directory::TeamAddress) -> Team {
    let url = |url, saved_at| UrlTarget {
        saved_at,
        ..UrlTarget::new(vault, url)
    };
    Team {
        company: team.company_id,
        slack: team.slack_url.map(|slack| url(slack, team.slack_saved_at)),
        teams: team.teams_url.map(|teams| url(teams, team.teams_saved_at)),
    }
}
