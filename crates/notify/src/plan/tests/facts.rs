//! Small random worlds in plain words: numbers instead of ids, so that the model shares nothing with the code.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use access::{Secret, Vault};
use base::{Audience, Clock, Event, Id, Kind, Scope, Severity, Subject, SubjectType};
use proptest::{prelude::*, sample::select};

use crate::{
    channel::Channel,
    plan::{Chat, Person, Rule, Rules, Team, UrlTarget, World},
    target::{Key, Target, normalised},
};

pub(super) const COMPANIES: usize = 3;
pub(super) const USERS: usize = 5;
pub(super) const TEAMS: usize = 3;
const URLS: usize = 6;
pub(super) const KINDS: [Kind; 4] = [
    Kind::FindingAssigned,
    Kind::SlaBreached,
    Kind::ScanCompleted,
    Kind::ReportReady,
];
/// The first five are the users' own, whatever the case; the others are nobody's.
pub(super) const ADDRESSES: [&str; 10] = [
    "user0@example.com",
    "User1@Example.com",
    " user2@example.com ",
    "USER3@EXAMPLE.COM",
    "user4@example.com",
    "USER0@example.com",
    "list@outside.example",
    "LIST@outside.example ",
    "cto@outside.example",
    "user9@example.com",
];

#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) companies: Vec<usize>,
    pub(super) admin: bool,
    pub(super) active: bool,
    /// Slack, then Teams: the URL and whether it is switched on.
    pub(super) chats: [Option<(usize, bool)>; 2],
}

#[derive(Debug, Clone)]
pub(super) struct FactRule {
    pub(super) kind: usize,
    pub(super) channel: Channel,
    pub(super) least: Option<Severity>,
    pub(super) company: Option<usize>,
    pub(super) users: Vec<usize>,
    pub(super) addresses: Vec<usize>,
    pub(super) urls: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) users: Vec<User>,
    /// Company, Slack URL, Teams URL.
    pub(super) teams: Vec<(usize, [Option<usize>; 2])>,
    pub(super) rules: Vec<FactRule>,
    /// User, kind, channel: on or off.
    pub(super) preferences: HashMap<(usize, usize, Channel), bool>,
}

#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub(super) kind: usize,
    pub(super) company: usize,
    pub(super) severity: Severity,
    pub(super) users: Vec<usize>,
    pub(super) teams: Vec<usize>,
    pub(super) bundled: bool,
}

fn severity() -> impl Strategy<Value = Severity> {
    select(&Severity::ALL[..])
}

fn user() -> impl Strategy<Value = User> {
    let chat = || prop::option::of((0..URLS, any::<bool>()));
    (
        prop::collection::vec(0..COMPANIES, 0..3),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.85),
        [chat(), chat()],
    )
        .prop_map(|(companies, admin, active, chats)| User {
            companies,
            admin,
            active,
            chats,
        })
}

fn rule() -> impl Strategy<Value = FactRule> {
    (
        0..KINDS.len(),
        select(&Channel::ALL[..]),
        prop::option::weighted(0.6, severity()),
        prop::option::weighted(0.3, 0..COMPANIES),
        prop::collection::vec(0..USERS, 0..3),
        prop::collection::vec(0..ADDRESSES.len(), 0..3),
        prop::collection::vec(0..URLS, 0..3),
    )
        .prop_map(|(kind, channel, least, company, users, addresses, urls)| {
            let to_people = matches!(channel, Channel::InApp | Channel::Email);
            FactRule {
                kind,
                channel,
                least,
                company,
                users: if to_people { users } else { Vec::new() },
                addresses: if to_people { addresses } else { Vec::new() },
                urls: if to_people { Vec::new() } else { urls },
            }
        })
}

pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let preference = (0..USERS, 0..KINDS.len(), select(&Channel::PERSONAL[..]));
    (
        prop::collection::vec(user(), USERS),
        prop::collection::vec(
            (
                0..COMPANIES,
                [prop::option::of(0..URLS), prop::option::of(0..URLS)],
            ),
            TEAMS,
        ),
        prop::collection::vec(rule(), 0..12),
        prop::collection::hash_map(preference, any::<bool>(), 0..30),
    )
        .prop_map(|(users, teams, rules, preferences)| Facts {
            users,
            teams,
            rules,
            preferences,
        })
}

pub(super) fn happening() -> impl Strategy<Value = Happening> {
    (
        0..KINDS.len(),
        0..COMPANIES,
        severity(),
        prop::collection::vec(0..USERS, 0..5),
        prop::collection::vec(0..TEAMS, 0..4),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(kind, company, severity, users, teams, bundled)| Happening {
            kind,
            company,
            severity,
            users,
            teams,
            bundled,
        })
}

/// An id that stands for a number, so that every test run has the same ones.
pub(super) fn id(what: u8, number: usize) -> Id {
    let number = u8::try_from(number).unwrap();
    Id::from_parts(1_790_000_000_000, [what, number, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// The one vault of these worlds: making one is slow enough to be seen.
pub(super) fn vault() -> Vault {
    static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::new("key", &Clock::system()));
    VAULT.clone()
}

pub(super) fn url(number: usize) -> UrlTarget {
    UrlTarget::new(
        &vault(),
        Secret::new(format!("https://hooks.slack.com/services/T/B/{number}")),
    )
}

/// Which URL a key is of.
pub(super) fn url_at(key: &Key) -> usize {
    (0..URLS)
        .find(|number| url(*number).target.key == *key)
        .unwrap_or(usize::MAX)
}

impl Facts {
    pub(super) fn user_at(&self, user: Id) -> usize {
        (0..self.users.len())
            .find(|number| id(b'u', *number) == user)
            .unwrap_or(usize::MAX)
    }

    pub(super) fn event(happening: &Happening) -> Event {
        let kind = KINDS[happening.kind];
        let ids = |what, numbers: &[usize]| numbers.iter().map(|number| id(what, *number)).collect();
        let mut event = Event::new(
            &Clock::system(),
            kind,
            Audience::Company(id(b'c', happening.company)),
            Subject {
                kind: SubjectType::Finding,
                id: id(b's', 0),
            },
        );
        event.severity = kind.about().severity.then_some(happening.severity);
        event.assignee_users = ids(b'u', &happening.users);
        event.assignee_teams = ids(b't', &happening.teams);
        event.bundle = happening.bundled.then(|| id(b's', 1));
        event
    }
}

/// The world as the code knows it.
pub(super) fn world_of(facts: &Facts) -> World {
    let mut world = World {
        rules: Arc::new(Rules::new(
            facts.rules.iter().enumerate().map(|(at, rule)| rule_of(at, rule)),
        )),
        ..World::default()
    };
    for (number, user) in facts.users.iter().enumerate() {
        let scope = if user.admin {
            Scope::All
        } else {
            Scope::of(user.companies.iter().map(|company| id(b'c', *company)))
        };
        let address = ADDRESSES[number].trim();
        let person = Person {
            active: user.active,
            scope,
            mailbox: Target::mailbox(&vault(), address),
        };
        world.people.insert(id(b'u', number), person);
        world.addresses.insert(normalised(address), id(b'u', number));
        for (channel, chat) in [Channel::Slack, Channel::Teams].into_iter().zip(user.chats) {
            if let Some((at, enabled)) = chat {
                let chat = Chat {
                    enabled,
                    url: url(at),
                };
                world.chats.insert((id(b'u', number), channel), chat);
            }
        }
    }
    for (number, (company, urls)) in facts.teams.iter().enumerate() {
        let team = Team {
            company: id(b'c', *company),
            slack: urls[0].map(url),
            teams: urls[1].map(url),
        };
        world.teams.insert(id(b't', number), team);
    }
    for ((user, kind, channel), on) in &facts.preferences {
        let key = (id(b'u', *user), KINDS[*kind], *channel);
        world.preferences.insert(key, *on);
    }
    world
}

fn rule_of(at: usize, rule: &FactRule) -> Rule {
    let row = |number: usize| {
        Id::from_parts(
            1,
            [
                b'r',
                u8::try_from(at).unwrap(),
                u8::try_from(number).unwrap(),
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ],
        )
    };
    Rule {
        id: id(b'r', at),
        kind: KINDS[rule.kind],
        channel: rule.channel,
        min_severity: rule.least,
        company: rule.company.map(|company| id(b'c', company)),
        users: rule.users.iter().map(|user| id(b'u', *user)).collect(),
        addresses: rule
            .addresses
            .iter()
            .map(|at| Target::mailbox(&vault(), &normalised(ADDRESSES[*at])))
            .collect(),
        urls: rule
            .urls
            .iter()
            .enumerate()
            .map(|(place, number)| (row(place), url(*number)))
            .collect(),
    }
}
