//! Reads what the plan needs to know: for a whole batch at once, so that a thousand events cost as many queries as one.
//!
//! Must not: decide anything.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use access::{Role, Vault, directory, ownership};
use base::{Event, Id, Scope, SubjectType};
use store::{Error, Tx, Value};

use crate::{
    channel::Channel,
    chat,
    destinations::{self, Owner},
    follows,
    plan::{self, Chat, Person, Rules, Team, Why, World},
    preferences,
    target::{Key, Recipient, Target, normalised},
    team_chats,
};

/// What to read.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    users: BTreeSet<Id>,
    addresses: BTreeSet<String>,
    teams: BTreeSet<Id>,
    /// Companies in which someone is responsible for something.
    companies: BTreeSet<Id>,
    /// Projects and assets whose owners are read.
    owned: BTreeSet<Id>,
    owned_kinds: Vec<(SubjectType, Id)>,
    /// Records whose followers are read.
    followed: BTreeSet<Id>,
    /// Chats that rules name.
    chats: BTreeSet<Key>,
    /// Whether all members of the companies are read, not only their managers.
    roles: bool,
}

impl Wanted {
    /// Everyone whom the plan of these events may consider.
    pub(crate) fn by_events(events: &[Event], rules: &Rules) -> Self {
        let mut wanted = Self::default();
        let mut kinds = BTreeSet::new();
        for event in events {
            kinds.extend(plan::kinds(event));
            wanted.event(event);
        }
        for kind in kinds {
            for rule in Channel::ALL
                .into_iter()
                .flat_map(|channel| rules.of(kind, channel))
            {
                wanted.users.extend(&rule.users);
                wanted.teams.extend(&rule.teams);
                wanted.roles |= !rule.roles.is_empty();
                let addresses = rule.addresses.iter().map(|address| address.label.to_string());
                wanted.addresses.extend(addresses);
                if rule.channel.is_chat() {
                    let keys = rule.urls.iter().map(|(_, url)| url.target.key.clone());
                    wanted.chats.extend(keys);
                }
            }
        }
        wanted
    }

    fn event(&mut self, event: &Event) {
        self.users.extend(&event.assignee_users);
        self.teams.extend(&event.assignee_teams);
        self.companies.extend(event.audience.company());
        self.followed.insert(event.subject.id);
        for (key, kind) in [
            ("project_id", SubjectType::Project),
            ("asset_id", SubjectType::Asset),
        ] {
            let Some(id) = event.text(key).and_then(|id| id.parse().ok()) else {
                continue;
            };
            if self.owned.insert(id) {
                self.owned_kinds.push((kind, id));
            }
            if kind == SubjectType::Project {
                self.followed.insert(id);
            }
        }
        for key in ["assignee_user_ids", "assignee_team_ids"] {
            let ids = event.data.get(key).and_then(serde_json::Value::as_array);
            let ids = ids
                .into_iter()
                .flatten()
                .filter_map(|id| id.as_str()?.parse::<Id>().ok());
            if key == "assignee_user_ids" {
                self.users.extend(ids);
            } else {
                self.teams.extend(ids);
            }
        }
    }

    /// Adds this person.
    #[must_use]
    pub(crate) fn and(mut self, user: Id) -> Self {
        self.users.insert(user);
        self
    }

    /// These recipients, before a message is sent to them.
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

/// The world, as far as it was requested.
///
/// # Errors
/// Database errors.
pub(crate) fn world(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rules: Arc<Rules>,
    mut wanted: Wanted,
) -> Result<World, Error> {
    let mut world = World {
        rules,
        ..World::default()
    };
    responsibility(tx, &mut world, &mut wanted)?;
    let teams: Vec<Id> = wanted.teams.into_iter().collect();
    if !teams.is_empty() {
        let mut members: HashMap<Id, Vec<Id>> = HashMap::new();
        for (team, user) in directory::members_of_teams(tx, &teams)? {
            members.entry(team).or_default().push(user);
            wanted.users.insert(user);
        }
        let mut settings = team_chats::of(tx, &teams)?;
        for team in directory::team_names(tx, &teams)? {
            let known = Team {
                name: team.name,
                company: team.company_id,
                urls: HashMap::new(),
                members: members.remove(&team.id).unwrap_or_default(),
                wants: settings.remove(&team.id).unwrap_or_default(),
            };
            world.teams.insert(team.id, known);
        }
    }
    people(tx, vault, &mut world, (wanted.users, wanted.addresses))?;
    let owners: Vec<Value> = world
        .people
        .keys()
        .chain(world.teams.keys())
        .map(Value::from)
        .collect();
    if !owners.is_empty() {
        add_urls(tx, &mut world, vault, &owners)?;
    }
    let chats: Vec<Key> = wanted.chats.into_iter().collect();
    for (key, user, channel) in chat::owners(tx, &chats)? {
        world.chat_owners.entry(key).or_default().push((user, channel));
    }
    let owners: BTreeSet<Id> = world.chat_owners.values().flatten().map(|(id, _)| *id).collect();
    let unknown: Vec<Value> = owners
        .iter()
        .filter(|owner| !world.people.contains_key(owner))
        .map(Value::from)
        .collect();
    if !unknown.is_empty() {
        world.preferences.extend(preferences::of_users(tx, &unknown)?);
    }
    // All of them, so that every event is checked.
    world
        .minimal
        .extend(directory::with_minimal_messages(tx, &Scope::All)?);
    world.off = destinations::off(tx)?;
    Ok(world)
}

/// Who is responsible for what: ownership rules, owners, followers, members and administrators.
fn responsibility(tx: &mut Tx<'_>, world: &mut World, wanted: &mut Wanted) -> Result<(), Error> {
    if wanted.companies.is_empty() {
        return Ok(());
    }
    let companies: Vec<Id> = wanted.companies.iter().copied().collect();
    world.ownership = ownership::Rules::current(tx, &companies)?;
    for rule in world.ownership.values().flatten() {
        wanted.users.extend(&rule.user_ids);
        wanted.teams.extend(&rule.team_ids);
    }
    world.owners = ownership::owners(tx, &wanted.owned_kinds)?;
    for (users, teams) in world.owners.values() {
        wanted.users.extend(users);
        wanted.teams.extend(teams);
    }
    let followed: Vec<Id> = wanted.followed.iter().copied().collect();
    world.followers = follows::of(tx, &followed)?;
    wanted.users.extend(world.followers.values().flatten());
    let least = if wanted.roles { Role::Viewer } else { Role::Manager };
    for (company, user, role) in directory::roles(tx, &companies, least)? {
        world.members.entry(company).or_default().push((user, role));
        wanted.users.insert(user);
    }
    world.administrators = directory::administrators(tx)?;
    wanted.users.extend(&world.administrators);
    Ok(())
}

/// The names of the teams in these reasons, or of teams that are recipients themselves.
///
/// # Errors
/// Database errors.
pub(crate) fn team_names<'a>(
    tx: &mut Tx<'_>,
    whys: impl IntoIterator<Item = (&'a Why, Option<&'a Recipient>)>,
) -> Result<HashMap<Id, String>, Error> {
    let teams: BTreeSet<Id> = whys
        .into_iter()
        .filter_map(|named| match named {
            (Why::Member(team), _) | (_, Some(Recipient::Team(team))) => Some(*team),
            _ => None,
        })
        .collect();
    let teams: Vec<Id> = teams.into_iter().collect();
    let names = directory::team_names(tx, &teams)?;
    Ok(names.into_iter().map(|team| (team.id, team.name)).collect())
}

fn people(
    tx: &mut Tx<'_>,
    vault: &Vault,
    world: &mut World,
    (users, addresses): (BTreeSet<Id>, BTreeSet<String>),
) -> Result<(), Error> {
    let users: Vec<Id> = users.into_iter().collect();
    let addresses: Vec<String> = addresses.into_iter().collect();
    if !users.is_empty() {
        add_people(world, vault, directory::people(tx, &users)?);
    }
    if !addresses.is_empty() {
        add_people(world, vault, directory::people_by_email(tx, &addresses)?);
    }
    let known: Vec<Value> = world.people.keys().map(Value::from).collect();
    if !known.is_empty() {
        world.preferences = preferences::of_users(tx, &known)?;
    }
    Ok(())
}

fn add_people(world: &mut World, vault: &Vault, people: Vec<directory::Person>) {
    for person in people {
        world.addresses.insert(normalised(&person.email), person.id);
        world.people.insert(
            person.id,
            Person {
                active: person.active,
                own_acts: person.own_acts,
                scope: person.scope,
                mailbox: Target::mailbox(vault, &person.email),
            },
        );
    }
}

/// Where the teams' messages and the personal ones are sent.
fn add_urls(tx: &mut Tx<'_>, world: &mut World, vault: &Vault, owners: &[Value]) -> Result<(), Error> {
    let mut personal = Vec::new();
    for stored in destinations::of_owners(tx, owners)? {
        let url = stored.target(vault);
        match stored.owner {
            Owner::Team(id) => {
                if let Some(team) = world.teams.get_mut(&id) {
                    team.urls.insert(stored.channel, url);
                }
            }
            Owner::User(id) => personal.push((id, stored.channel, url)),
            Owner::Rule(_) => {}
        }
    }
    let users: Vec<Value> = personal.iter().map(|(user, ..)| user.into()).collect();
    let opted_in = if users.is_empty() {
        HashSet::default()
    } else {
        chat::opted_in(tx, &users)?
    };
    for (user, channel, url) in personal {
        let enabled = opted_in.contains(&(user, channel));
        world.chats.insert((user, channel), Chat { enabled, url });
    }
    Ok(())
}
