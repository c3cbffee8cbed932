//! Who is told of an event, and why: one pure function (promises F1 to F6, R1 to R7, C6).
//!
//! Owns: the decision. One pass decides every channel, so no two can disagree on who is told.
//! Must not: read a clock, a database or a setting. What it needs is in the [`World`].

mod reason;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{BTreeMap, HashSet};

use base::{Event, Id};

pub use reason::{Reason, Why};
pub use world::{Chat, Person, Rule, Rules, Team, UrlTarget, World};

use crate::{
    channel::Channel,
    target::{Key, Recipient, Target},
};

/// What follows from an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who gets a row in the inbox, each once.
    pub inbox: Vec<Id>,
    /// The messages that leave the house, at most one per destination.
    pub deliveries: Vec<Planned>,
    /// Everyone who was thought of, told or not.
    pub reasons: Vec<Reason>,
}

/// One message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Planned {
    pub channel: Channel,
    pub recipient: Recipient,
    pub target: Target,
}

/// Decides who is told of the event. An event that an import brought is told of by the end of its scan alone.
pub fn plan(event: &Event, world: &World) -> Plan {
    if event.bundle.is_some() || !event.kind.about().notifies {
        return Plan::default();
    }
    let mut pass = Pass::new(event, world);
    pass.people(Channel::InApp);
    pass.people(Channel::Email);
    for channel in [Channel::Slack, Channel::Teams] {
        pass.teams(channel);
        pass.personal(channel);
        pass.urls(channel);
    }
    // Last, so that a URL that is Slack's or Microsoft's gets the form it understands.
    pass.urls(Channel::Webhook);
    pass.plan
}

/// Whether a person may be told of the event on the channel at all (promises F6, R5): planning and sending ask this
/// same question.
pub fn admits(event: &Event, world: &World, user: Id, channel: Channel) -> Result<(), Why> {
    let person = world.person(user).ok_or(Why::Unknown)?;
    if !person.active {
        return Err(Why::Disabled);
    }
    if !person.scope.reaches(user, event.audience) {
        return Err(Why::OutOfScope);
    }
    let preference = world.preference(user, event.kind, channel);
    if !preference.unwrap_or(channel.on_by_default()) {
        return Err(Why::OptedOut);
    }
    Ok(())
}

/// Whether a team may be told of the event: it is of the event's company, or the event is everyone's.
pub fn admits_team(event: &Event, team: &Team) -> Result<(), Why> {
    match event.audience.company() {
        Some(company) if company != team.company => Err(Why::OutOfScope),
        _ => Ok(()),
    }
}

struct Pass<'a> {
    event: &'a Event,
    world: &'a World,
    users: Vec<Id>,
    teams: Vec<Id>,
    /// The verdict on each person of the channel that is being decided.
    verdicts: BTreeMap<(Channel, Id), bool>,
    keys: HashSet<Key>,
    plan: Plan,
}

impl<'a> Pass<'a> {
    fn new(event: &'a Event, world: &'a World) -> Self {
        Self {
            event,
            world,
            users: each_once(&event.assignee_users),
            teams: each_once(&event.assignee_teams),
            verdicts: BTreeMap::new(),
            keys: HashSet::new(),
            plan: Plan::default(),
        }
    }

    /// In-app and email: every assignee where a rule turns the channel on, and those the rules name.
    fn people(&mut self, channel: Channel) {
        let world = self.world;
        let rules: Vec<&Rule> = world.rules.passing(self.event, channel).collect();
        let Some(first) = rules.first() else {
            for user in self.users.clone() {
                self.reason(channel, Recipient::User(user), Why::NoRule);
            }
            return;
        };
        for user in self.users.clone() {
            self.person(channel, user, Why::Rule(first.id));
        }
        for rule in rules {
            for user in &rule.users {
                self.person(channel, *user, Why::Rule(rule.id));
            }
            for address in &rule.addresses {
                match world.person_at(&address.label) {
                    Some(user) => self.person(channel, user, Why::Rule(rule.id)),
                    None => self.address(channel, address, rule.id),
                }
            }
        }
    }

    fn person(&mut self, channel: Channel, user: Id, why: Why) {
        if let Some(told) = self.verdicts.get(&(channel, user)) {
            // Whoever was turned away is turned away however many ways lead to them; one reason says so.
            if *told {
                self.reason(channel, Recipient::User(user), Why::Duplicate);
            }
            return;
        }
        let verdict = admits(self.event, self.world, user, channel);
        self.verdicts.insert((channel, user), verdict.is_ok());
        match (verdict, channel, self.world.person(user)) {
            (Err(refused), ..) => self.reason(channel, Recipient::User(user), refused),
            (Ok(()), Channel::Email, Some(person)) => {
                self.deliver(channel, Recipient::User(user), &person.mailbox, why);
            }
            (Ok(()), ..) => {
                self.plan.inbox.push(user);
                self.reason(channel, Recipient::User(user), why);
            }
        }
    }

    fn address(&mut self, channel: Channel, address: &Target, rule: Id) {
        // Only mail can go to an address; an in-app rule cannot name a stranger's.
        if channel == Channel::Email {
            let recipient = Recipient::Address(address.label.to_string());
            self.deliver(channel, recipient, address, Why::Rule(rule));
        }
    }

    /// Team posts need no rule (promise F4).
    fn teams(&mut self, channel: Channel) {
        let world = self.world;
        for id in self.teams.clone() {
            let recipient = Recipient::Team(id);
            let Some(team) = world.team(id) else {
                self.reason(channel, recipient, Why::Unknown);
                continue;
            };
            match (admits_team(self.event, team), team.target(channel)) {
                (Err(why), _) => self.reason(channel, recipient, why),
                (Ok(()), None) => self.reason(channel, recipient, Why::NoDestination),
                (Ok(()), Some(target)) => self.deliver(channel, recipient, target, Why::Team),
            }
        }
    }

    /// Personal posts follow the preference matrix, whatever the team does (promise F5).
    fn personal(&mut self, channel: Channel) {
        let world = self.world;
        for user in self.users.clone() {
            let Some(chat) = world.chat(user, channel) else {
                continue;
            };
            let recipient = Recipient::User(user);
            match admits(self.event, world, user, channel) {
                Err(why) => self.reason(channel, recipient, why),
                Ok(()) if !chat.enabled => self.reason(channel, recipient, Why::OptedOut),
                Ok(()) => self.deliver(channel, recipient, &chat.url.target, Why::Personal),
            }
        }
    }

    /// The URLs that rules name.
    fn urls(&mut self, channel: Channel) {
        let world = self.world;
        for rule in world.rules.passing(self.event, channel) {
            for (id, url) in &rule.urls {
                self.deliver(channel, Recipient::Url(*id), &url.target, Why::Rule(rule.id));
            }
        }
    }

    /// One destination gets one message per event (promise F2).
    fn deliver(&mut self, channel: Channel, recipient: Recipient, target: &Target, why: Why) {
        if !self.keys.insert(target.key.clone()) {
            return self.reason(channel, recipient, Why::Duplicate);
        }
        self.reason(channel, recipient.clone(), why);
        self.plan.deliveries.push(Planned {
            channel,
            recipient,
            target: target.clone(),
        });
    }

    fn reason(&mut self, channel: Channel, recipient: Recipient, why: Why) {
        self.plan.reasons.push(Reason {
            channel,
            recipient,
            why,
        });
    }
}

fn each_once(ids: &[Id]) -> Vec<Id> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.iter().copied().filter(|id| seen.insert(*id)).collect()
}
