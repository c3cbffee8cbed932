//! Small random worlds in plain terms: numbers instead of ids, so that the model shares nothing with the code.

use std::{collections::HashMap, sync::Arc};

use access::Role;
use base::{Audience, Clock, Event, Id, Kind, Scope, Severity, Subject, SubjectType};
use proptest::{prelude::*, sample::select};

use super::answerable;
pub(crate) use super::names::{id, url, url_at, vault};
use crate::{
    channel::Channel,
    plan::{Batch, Chat, Filters, Person, Rule, Rules, Team, TeamChat, World},
    target::{Target, normalised},
};

pub(crate) const COMPANIES: usize = 3;
pub(crate) const USERS: usize = 5;
pub(crate) const TEAMS: usize = 3;
pub(super) const URLS: usize = 6;
pub(crate) const KINDS: [Kind; 6] = [
    Kind::FindingAssigned,
    Kind::SlaBreached,
    Kind::ScanCompleted,
    Kind::ReportReady,
    Kind::FindingCreated,
    Kind::FindingReopened,
];
pub(crate) const TOOLS: [&str; 2] = ["semgrep", "trivy"];
/// The records that have owners: two projects, then an asset.
const RECORDS: usize = 3;
/// The first five are the users' own, in any case; the others are external.
pub(crate) const ADDRESSES: [&str; 10] = [
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
pub(crate) struct User {
    pub(crate) companies: Vec<usize>,
    /// Of which of these companies they are a manager; in the others an analyst.
    pub(crate) manages: Vec<usize>,
    /// Whether they want to be notified of their own actions.
    pub(crate) own_acts: bool,
    pub(crate) admin: bool,
    pub(crate) active: bool,
    /// Slack, then Teams: the URL and whether it is turned on.
    pub(crate) chats: [Option<(usize, bool)>; 2],
}

#[derive(Debug, Clone)]
pub(crate) struct FactRule {
    pub(crate) kind: usize,
    pub(crate) channel: Channel,
    pub(crate) least: Option<Severity>,
    pub(crate) company: Option<usize>,
    pub(crate) users: Vec<usize>,
    pub(crate) addresses: Vec<usize>,
    pub(crate) urls: Vec<usize>,
    /// Whether bundled events are posted individually.
    pub(crate) one_by_one: bool,
    pub(crate) more: More,
}

/// What a rule additionally names and is limited to.
#[derive(Debug, Clone, Default)]
pub(crate) struct More {
    pub(crate) teams: Vec<usize>,
    pub(crate) managers: bool,
    pub(crate) owners: bool,
    pub(crate) followers: bool,
    pub(crate) tool: Option<usize>,
}

/// People and teams.
pub(crate) type Both = (Vec<usize>, Vec<usize>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Company, tool, and the people it names, in order.
    pub(crate) ownership: Vec<(usize, Option<usize>, Both)>,
    /// Of each record.
    pub(crate) owners: Vec<Both>,
    /// Of each team.
    pub(crate) members: Vec<Vec<usize>>,
    /// Which kinds each team wants, and the minimum severity.
    pub(crate) wants: Vec<(Option<Vec<usize>>, Option<Severity>)>,
    /// Of the finding.
    pub(crate) followers: Vec<usize>,
    pub(crate) users: Vec<User>,
    /// Company, Slack URL, Teams URL.
    pub(crate) teams: Vec<(usize, [Option<usize>; 2])>,
    pub(crate) rules: Vec<FactRule>,
    /// User, kind, channel: on or off.
    pub(crate) preferences: HashMap<(usize, usize, Channel), bool>,
}

#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) kind: usize,
    pub(crate) company: usize,
    pub(crate) severity: Severity,
    pub(crate) users: Vec<usize>,
    pub(crate) teams: Vec<usize>,
    pub(crate) bundled: bool,
    /// Whether its bundle is a bulk change.
    pub(crate) many: bool,
    pub(crate) about: About,
}

/// Further facts about a happening.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) project: Option<usize>,
    pub(crate) asset: bool,
    pub(crate) tool: Option<usize>,
    pub(crate) actor: Option<usize>,
    pub(crate) by_token: bool,
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
        prop::collection::vec(0..COMPANIES, 0..2),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(companies, admin, active, chats, manages, own_acts)| User {
            manages: manages
                .into_iter()
                .filter(|one| companies.contains(one))
                .collect(),
            own_acts,
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
        (prop::bool::weighted(0.3), more()),
    )
        .prop_map(
            |(kind, channel, least, company, users, addresses, urls, (one_by_one, more))| {
                let to_people = matches!(channel, Channel::InApp | Channel::Email);
                FactRule {
                    kind,
                    channel,
                    least,
                    company,
                    users: if to_people { users } else { Vec::new() },
                    addresses: if to_people { addresses } else { Vec::new() },
                    urls: if to_people { Vec::new() } else { urls },
                    one_by_one,
                    more: More {
                        managers: more.managers && to_people,
                        followers: more.followers && to_people,
                        owners: more.owners && channel != Channel::Webhook,
                        teams: if channel == Channel::Webhook {
                            Vec::new()
                        } else {
                            more.teams
                        },
                        tool: more.tool,
                    },
                }
            },
        )
}

fn more() -> impl Strategy<Value = More> {
    (
        prop::collection::vec(0..TEAMS, 0..2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.2, 0..TOOLS.len()),
    )
        .prop_map(|(teams, managers, owners, followers, tool)| More {
            teams,
            managers,
            owners,
            followers,
            tool,
        })
}

fn both() -> impl Strategy<Value = Both> {
    (
        prop::collection::vec(0..USERS, 0..2),
        prop::collection::vec(0..TEAMS, 0..2),
    )
}

/// Ownership, owners, members, what teams want, followers.
type Responsibility = (
    Vec<(usize, Option<usize>, Both)>,
    Vec<Both>,
    Vec<Vec<usize>>,
    Vec<(Option<Vec<usize>>, Option<Severity>)>,
    Vec<usize>,
);

fn responsibility() -> impl Strategy<Value = Responsibility> {
    let wants = (
        prop::option::of(prop::collection::vec(0..KINDS.len(), 0..4)),
        prop::option::weighted(0.4, severity()),
    );
    (
        prop::collection::vec((0..COMPANIES, prop::option::of(0..TOOLS.len()), both()), 0..4),
        prop::collection::vec(both(), RECORDS),
        prop::collection::vec(prop::collection::vec(0..USERS, 0..3), TEAMS),
        prop::collection::vec(wants, TEAMS),
        prop::collection::vec(0..USERS, 0..2),
    )
}

pub(crate) fn facts() -> impl Strategy<Value = Facts> {
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
        responsibility(),
    )
        .prop_map(|(users, teams, rules, preferences, more)| Facts {
            users,
            teams,
            rules,
            preferences,
            ownership: more.0,
            owners: more.1,
            members: more.2,
            wants: more.3,
            followers: more.4,
        })
}

pub(crate) fn happening() -> impl Strategy<Value = Happening> {
    (
        0..KINDS.len(),
        0..COMPANIES,
        severity(),
        prop_oneof![Just(Vec::new()), prop::collection::vec(0..USERS, 0..5)],
        prop_oneof![Just(Vec::new()), prop::collection::vec(0..TEAMS, 0..4)],
        (prop::bool::weighted(0.3), any::<bool>()),
        about(),
    )
        .prop_map(
            |(kind, company, severity, users, teams, (bundled, many), about)| Happening {
                kind,
                company,
                severity,
                users,
                teams,
                bundled,
                many,
                about,
            },
        )
}

fn about() -> impl Strategy<Value = About> {
    (
        prop::option::of(0..RECORDS - 1),
        any::<bool>(),
        prop::option::of(0..TOOLS.len()),
        prop::option::weighted(0.4, 0..USERS),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(project, asset, tool, actor, by_token)| About {
            project,
            asset,
            tool,
            actor,
            by_token,
        })
}

impl Facts {
    pub(crate) fn user_at(&self, user: Id) -> usize {
        (0..self.users.len())
            .find(|number| id(b'u', *number) == user)
            .unwrap_or(usize::MAX)
    }

    pub(crate) fn event(happening: &Happening) -> Event {
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
        if happening.bundled && happening.many {
            event.data.insert("many".into(), true.into());
        }
        let about = &happening.about;
        event.actor = about.actor.map(|user| id(b'u', user));
        event.by_token = about.by_token;
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                event.data.insert(key.into(), value.into());
            }
        };
        put("project_id", about.project.map(|at| id(b'p', at).to_string()));
        put("asset_id", about.asset.then(|| id(b'p', RECORDS - 1).to_string()));
        put("tool", about.tool.map(|at| TOOLS[at].to_owned()));
        event
    }
}

/// The world in the code's form.
pub(crate) fn world_of(facts: &Facts) -> World {
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
            own_acts: user.own_acts,
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
                let owner = (id(b'u', number), channel);
                let key = chat.url.target.key.clone();
                world.chat_owners.entry(key).or_default().push(owner);
                world.chats.insert(owner, chat);
            }
        }
    }
    for (number, (company, urls)) in facts.teams.iter().enumerate() {
        let team = Team {
            name: format!("Team {number}"),
            company: id(b'c', *company),
            urls: [Channel::Slack, Channel::Teams]
                .into_iter()
                .zip(urls)
                .filter_map(|(channel, at)| Some((channel, url((*at)?))))
                .collect(),
            members: ids(b'u', facts.members.get(number)),
            wants: facts
                .wants
                .get(number)
                .map_or_else(TeamChat::default, |(kinds, least)| TeamChat {
                    kinds: kinds
                        .as_ref()
                        .map(|kinds| kinds.iter().map(|kind| KINDS[*kind]).collect()),
                    min_severity: *least,
                }),
        };
        world.teams.insert(id(b't', number), team);
    }
    answerable::put(facts, &mut world);
    for ((user, kind, channel), on) in &facts.preferences {
        let key = (id(b'u', *user), KINDS[*kind], *channel);
        world.preferences.insert(key, *on);
    }
    world
}

pub(crate) fn ids(what: u8, numbers: Option<&Vec<usize>>) -> Vec<Id> {
    let numbers = numbers.into_iter().flatten();
    numbers.map(|number| id(what, *number)).collect()
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
        teams: ids(b't', Some(&rule.more.teams)),
        roles: rule.more.managers.then_some(Role::Manager).into_iter().collect(),
        owners: rule.more.owners,
        followers: rule.more.followers,
        batch: if rule.one_by_one {
            Batch::Event
        } else {
            Batch::Import
        },
        filters: Filters {
            tools: rule
                .more
                .tool
                .map(|at| TOOLS[at].to_owned())
                .into_iter()
                .collect(),
            ..Filters::default()
        },
        ..Rule::new(id(b'r', at), KINDS[rule.kind], rule.channel)
    }
}
