//! Who is to be notified, written from the promises only: step by step, regardless of speed.

use std::collections::BTreeSet;

use base::Severity;

use super::facts::{ADDRESSES, Both, Facts, Happening, KINDS, User, vault};
use crate::{channel::Channel, target::Key};

/// The exact expected result.
pub(crate) struct Expected {
    pub(crate) inbox: Vec<usize>,
    pub(crate) mailed: Vec<Key>,
    /// URL posts that are due: each URL gets one, on one of the channels it is due on.
    pub(crate) posts: BTreeSet<(Channel, usize)>,
}

pub(crate) fn recipients(facts: &Facts, happening: &Happening) -> Expected {
    let everyone = 0..facts.users.len();
    let inbox = everyone
        .clone()
        .filter(|user| reachable(facts, happening, *user, Channel::InApp))
        .collect();
    let mut mailed: BTreeSet<String> = everyone
        .filter(|user| reachable(facts, happening, *user, Channel::Email))
        .map(own_address)
        .collect();
    mailed.extend(strangers(facts, happening));
    let mut mailed: Vec<Key> = mailed
        .iter()
        .map(|address| Key::of_address(&vault(), address))
        .collect();
    mailed.sort();
    Expected {
        inbox,
        mailed,
        posts: posts(facts, happening),
    }
}

/// O1: who is responsible, level by level, until one reaches someone.
fn responsible(facts: &Facts, happening: &Happening) -> Both {
    if !has_severity(happening) {
        return Both::default();
    }
    let (mut users, mut teams) = (happening.users.clone(), happening.teams.clone());
    if reaches(facts, happening, &users, &teams) {
        return (users, teams);
    }
    let about = &happening.about;
    let rule = facts.ownership.iter().find(|(company, tool, (users, teams))| {
        *company == happening.company
            && tool.is_none_or(|tool| about.tool == Some(tool))
            && !(users.is_empty() && teams.is_empty())
    });
    let rule = rule.map(|(_, _, named)| named.clone()).unwrap_or_default();
    let mut owners = Both::default();
    for record in about.asset.then_some(2).into_iter().chain(about.project) {
        if let Some((users, teams)) = facts.owners.get(record) {
            owners.0.extend(users);
            owners.1.extend(teams);
        }
    }
    let those = |is: &dyn Fn(&User) -> bool| -> Both {
        let users = (0..facts.users.len())
            .filter(|at| is(&facts.users[*at]))
            .collect();
        (users, Vec::new())
    };
    let managers = those(&|user| user.manages.contains(&happening.company));
    let administrators = those(&|user| user.admin && user.active);
    for (more_users, more_teams) in [rule, owners, managers, administrators] {
        if reaches(facts, happening, &more_users, &more_teams) {
            users.extend(more_users);
            teams.extend(more_teams);
            break;
        }
    }
    (users, teams)
}

/// An active person in scope, or a team that can be reached: by a chat, or by such a member.
fn reaches(facts: &Facts, happening: &Happening, users: &[usize], teams: &[usize]) -> bool {
    let person = |user: &usize| may_be_notified(&facts.users[*user], happening);
    users.iter().any(person)
        || teams.iter().any(|team| {
            facts.teams[*team].0 == happening.company
                && (has_chat(facts, *team) || members(facts, *team).iter().any(person))
        })
}

fn has_chat(facts: &Facts, team: usize) -> bool {
    facts.teams[team].1.iter().any(Option::is_some)
}

fn members(facts: &Facts, team: usize) -> Vec<usize> {
    facts.members.get(team).cloned().unwrap_or_default()
}

/// Who is notified without a rule that names them: O1 and O5.
fn involved(facts: &Facts, happening: &Happening) -> Both {
    let (mut users, mut teams) = responsible(facts, happening);
    users.extend(&happening.users);
    teams.extend(&happening.teams);
    users.extend(&facts.followers);
    for team in &teams {
        if facts.teams[*team].0 == happening.company && !has_chat(facts, *team) {
            users.extend(members(facts, *team));
        }
    }
    (users, teams)
}

/// A person is notified in-app or by mail: a rule matches, they are responsible or named, and nothing excludes them.
fn reachable(facts: &Facts, happening: &Happening, user: usize, channel: Channel) -> bool {
    let rules = rules(facts, happening, channel);
    let involved = involved(facts, happening).0.contains(&user);
    let leads = rules
        .iter()
        .any(|at| involved || named(facts, happening, *at).contains(&user));
    let kinds: BTreeSet<usize> = rules.iter().map(|at| facts.rules[*at].kind).collect();
    leads
        && may_be_notified(&facts.users[user], happening)
        && !own_action(facts, happening, user)
        && kinds.iter().any(|kind| wants(facts, *kind, user, channel, true))
}

/// The people a rule names, in any way (O4).
fn named(facts: &Facts, happening: &Happening, at: usize) -> Vec<usize> {
    let rule = &facts.rules[at];
    let mut users = rule.users.clone();
    users.extend((0..facts.users.len()).filter(|user| {
        let own = own_address(*user);
        rule.addresses
            .iter()
            .any(|address| plainly(ADDRESSES[*address]) == own)
    }));
    for team in rule_teams(facts, happening, at) {
        if facts.teams[team].0 == happening.company {
            users.extend(members(facts, team));
        }
    }
    if rule.more.managers {
        let managers =
            (0..facts.users.len()).filter(|at| facts.users[*at].manages.contains(&happening.company));
        users.extend(managers);
    }
    if rule.more.owners {
        users.extend(owners(facts, happening).0);
    }
    if rule.more.followers {
        users.extend(&facts.followers);
    }
    users
}

fn owners(facts: &Facts, happening: &Happening) -> Both {
    let about = &happening.about;
    let mut all = Both::default();
    for record in about.asset.then_some(2).into_iter().chain(about.project) {
        if let Some((users, teams)) = facts.owners.get(record) {
            all.0.extend(users);
            all.1.extend(teams);
        }
    }
    all
}

/// The teams a rule names, directly or as owners.
fn rule_teams(facts: &Facts, happening: &Happening, at: usize) -> Vec<usize> {
    let rule = &facts.rules[at];
    let mut teams = rule.more.teams.clone();
    if rule.more.owners {
        teams.extend(owners(facts, happening).1);
    }
    teams
}

/// F6, and nobody whose account is disabled is notified.
fn may_be_notified(user: &User, happening: &Happening) -> bool {
    user.active && (user.admin || user.companies.contains(&happening.company))
}

/// O7: findings of an import, what a token did and how something ended are nobody's own action.
fn own_action(facts: &Facts, happening: &Happening, user: usize) -> bool {
    let ended = KINDS[happening.kind].name() == "report.ready";
    let imported = happening.bundled && !happening.many;
    happening.about.actor == Some(user)
        && !happening.about.by_token
        && !imported
        && !ended
        && !facts.users[user].own_acts
}

/// R5 with its defaults.
fn wants(facts: &Facts, kind: usize, user: usize, channel: Channel, default: bool) -> bool {
    *facts.preferences.get(&(user, kind, channel)).unwrap_or(&default)
}

/// What it counts as: a finding that is created or reopened with assignees is an assignment, too.
fn kinds(happening: &Happening) -> Vec<usize> {
    let mut kinds = vec![happening.kind];
    let came = matches!(
        KINDS[happening.kind].name(),
        "finding.created" | "finding.reopened"
    );
    if came && !(happening.users.is_empty() && happening.teams.is_empty()) {
        kinds.push(0);
    }
    kinds
}

pub(crate) fn has_severity(happening: &Happening) -> bool {
    !matches!(KINDS[happening.kind].name(), "scan.completed" | "report.ready")
}

/// The rules of the channel that match the event: R1 to R3, the company if a rule is limited to one, its filters.
fn rules(facts: &Facts, happening: &Happening, channel: Channel) -> Vec<usize> {
    (0..facts.rules.len())
        .filter(|at| {
            let rule = &facts.rules[*at];
            let threshold = rule.least.map_or(0, rank);
            kinds(happening).contains(&rule.kind)
                && rule.channel == channel
                && (!has_severity(happening) || rank(happening.severity) >= threshold)
                && rule.company.is_none_or(|company| company == happening.company)
                && rule
                    .more
                    .tool
                    .is_none_or(|tool| happening.about.tool == Some(tool))
        })
        .collect()
}

/// O6.
fn team_wants(facts: &Facts, happening: &Happening, team: usize) -> bool {
    let (wanted, least) = facts.wants.get(team).cloned().unwrap_or_default();
    let severe =
        !has_severity(happening) || least.is_none_or(|least| rank(happening.severity) >= rank(least));
    severe
        && kinds(happening).iter().any(|kind| match &wanted {
            Some(wanted) => wanted.contains(kind),
            None => matches!(
                KINDS[*kind].name(),
                "finding.assigned" | "finding.reopened" | "sla.breached" | "scan.completed"
            ),
        })
}

/// V1.
fn rank(severity: Severity) -> usize {
    "informational low medium high critical urgent"
        .split(' ')
        .position(|name| name == severity.name())
        .unwrap()
}

fn plainly(address: &str) -> String {
    address.trim().to_lowercase()
}

fn own_address(user: usize) -> String {
    format!("user{user}@example.com")
}

/// External static addresses.
fn strangers(facts: &Facts, happening: &Happening) -> Vec<String> {
    let own: Vec<_> = (0..facts.users.len()).map(own_address).collect();
    rules(facts, happening, Channel::Email)
        .into_iter()
        .flat_map(|at| &facts.rules[at].addresses)
        .map(|address| plainly(ADDRESSES[*address]))
        .filter(|address| !own.contains(address))
        .collect()
}

/// Team posts (F3, F4, O6, within the company: F6), personal posts (F5), the URLs of rules (R1).
fn posts(facts: &Facts, happening: &Happening) -> BTreeSet<(Channel, usize)> {
    let mut posts = BTreeSet::new();
    let (users, teams) = involved(facts, happening);
    for (place, channel) in [Channel::Slack, Channel::Teams].into_iter().enumerate() {
        let mut due: Vec<usize> = teams
            .iter()
            .copied()
            .filter(|team| team_wants(facts, happening, *team))
            .collect();
        for at in rules(facts, happening, channel) {
            due.extend(rule_teams(facts, happening, at));
        }
        for team in due {
            let (company, urls) = &facts.teams[team];
            if *company == happening.company {
                posts.extend(urls[place].map(|url| (channel, url)));
            }
        }
        for user in &users {
            let wanted = || {
                kinds(happening)
                    .into_iter()
                    .any(|kind| wants(facts, kind, *user, channel, false))
            };
            if let Some((url, true)) = facts.users[*user].chats[place]
                && may_be_notified(&facts.users[*user], happening)
                && !own_action(facts, happening, *user)
                && wanted()
            {
                posts.insert((channel, url));
            }
        }
    }
    for channel in Channel::ALL.into_iter().filter(|channel| channel.has_url()) {
        for at in rules(facts, happening, channel) {
            let rule = &facts.rules[at];
            let urls = rule.urls.iter().filter(|url| !opted_out(facts, rule.kind, **url));
            posts.extend(urls.map(|url| (channel, *url)));
        }
    }
    posts
}

/// R5: the owner of the personal chat opted out there.
fn opted_out(facts: &Facts, kind: usize, url: usize) -> bool {
    facts.users.iter().enumerate().any(|(user, one)| {
        [Channel::Slack, Channel::Teams]
            .into_iter()
            .zip(one.chats)
            .any(|(channel, chat)| {
                chat.is_some_and(|(at, _)| at == url)
                    && facts.preferences.get(&(user, kind, channel)) == Some(&false)
            })
    })
}
