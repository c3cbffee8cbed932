//! Who is to be told, written from the promises and from nothing else: question by question, without a thought for
//! speed.

use std::collections::BTreeSet;

use base::Severity;

use super::facts::{ADDRESSES, Facts, Happening, KINDS, User, vault};
use crate::{channel::Channel, target::Key};

/// What must come out, exactly.
pub(super) struct Expected {
    pub(super) inbox: Vec<usize>,
    pub(super) mailed: Vec<Key>,
    /// URL posts that are due: each URL is to get one, on one of the channels it is due on.
    pub(super) posts: BTreeSet<(Channel, usize)>,
}

pub(super) fn told(facts: &Facts, happening: &Happening) -> Expected {
    if happening.bundled {
        return Expected {
            inbox: Vec::new(),
            mailed: Vec::new(),
            posts: BTreeSet::new(),
        };
    }
    let everyone = 0..facts.users.len();
    let inbox = everyone
        .clone()
        .filter(|user| reached(facts, happening, *user, Channel::InApp))
        .collect();
    let mut mailed: BTreeSet<String> = everyone
        .filter(|user| reached(facts, happening, *user, Channel::Email))
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

/// A person hears of it in-app or by mail: a rule lets it pass, it concerns them or the rule names them, and nothing
/// speaks against it.
fn reached(facts: &Facts, happening: &Happening, user: usize, channel: Channel) -> bool {
    let named = |at: usize| {
        let rule = &facts.rules[at];
        rule.users.contains(&user)
            || rule
                .addresses
                .iter()
                .any(|address| plainly(ADDRESSES[*address]) == own_address(user))
    };
    let leads = rules(facts, happening, channel)
        .into_iter()
        .any(|at| happening.users.contains(&user) || named(at));
    leads && may_hear(&facts.users[user], happening) && wants(facts, happening, user, channel, true)
}

/// F6, and nobody hears of anything whose account is off.
fn may_hear(user: &User, happening: &Happening) -> bool {
    user.active && (user.admin || user.companies.contains(&happening.company))
}

/// R5 with its defaults.
fn wants(facts: &Facts, happening: &Happening, user: usize, channel: Channel, default: bool) -> bool {
    *facts
        .preferences
        .get(&(user, happening.kind, channel))
        .unwrap_or(&default)
}

/// The rules of the channel that the event passes: R1 to R3, and the company where a rule is limited to one.
fn rules(facts: &Facts, happening: &Happening, channel: Channel) -> Vec<usize> {
    let has_severity = matches!(KINDS[happening.kind].name(), "finding.assigned" | "sla.breached");
    (0..facts.rules.len())
        .filter(|at| {
            let rule = &facts.rules[*at];
            let threshold = rule.least.map_or(0, rank);
            rule.kind == happening.kind
                && rule.channel == channel
                && (!has_severity || rank(happening.severity) >= threshold)
                && rule.company.is_none_or(|company| company == happening.company)
        })
        .collect()
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

/// Static addresses that are nobody's here.
fn strangers(facts: &Facts, happening: &Happening) -> Vec<String> {
    let own: Vec<_> = (0..facts.users.len()).map(own_address).collect();
    rules(facts, happening, Channel::Email)
        .into_iter()
        .flat_map(|at| &facts.rules[at].addresses)
        .map(|address| plainly(ADDRESSES[*address]))
        .filter(|address| !own.contains(address))
        .collect()
}

/// Team posts (F3, F4, within the company: F6), personal posts (F5), the URLs of rules (R1).
fn posts(facts: &Facts, happening: &Happening) -> BTreeSet<(Channel, usize)> {
    let mut posts = BTreeSet::new();
    for (place, channel) in [Channel::Slack, Channel::Teams].into_iter().enumerate() {
        for team in &happening.teams {
            let (company, urls) = &facts.teams[*team];
            if *company == happening.company {
                posts.extend(urls[place].map(|url| (channel, url)));
            }
        }
        for user in &happening.users {
            if let Some((url, true)) = facts.users[*user].chats[place]
                && may_hear(&facts.users[*user], happening)
                && wants(facts, happening, *user, channel, false)
            {
                posts.insert((channel, url));
            }
        }
    }
    for channel in [Channel::Slack, Channel::Teams, Channel::Webhook] {
        for at in rules(facts, happening, channel) {
            posts.extend(facts.rules[at].urls.iter().map(|url| (channel, *url)));
        }
    }
    posts
}
