//! Who is notified of an event, and why: one pure function (promises F1 to F6, O1 to O7, R1 to R7, C6).
//!
//! Owns: the decision. One pass decides every channel, so no two can disagree on who is notified. Who is responsible
//! for the event's record: [`responsible`].
//! Must not: read a clock, a database or a setting. What it needs is in the [`World`].

mod absence;
mod act;
mod because;
mod reason;
mod responsible;
mod rule;
#[cfg(test)]
pub(crate) mod tests;
mod world;

use std::collections::{BTreeMap, HashMap, HashSet};

use base::{Event, Id, Kind};

pub use absence::{Absence, absence, near_miss};
pub use act::kinds;
pub use because::{Cause, Reader, Voice, because, clause};
pub use reason::{Reason, Why};
pub use responsible::{Responsible, responsible};
pub use rule::{Batch, Filters, MAX_TEXT, MAX_VALUES, Mismatch, Rule, Rules};
pub use world::{Chat, Person, Team, TeamChat, World, admits_team};

use crate::{
    channel::Channel,
    target::{Key, Recipient, Target},
};

pub use crate::target::UrlTarget;

/// The consequences of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who gets an inbox row, each once.
    pub inbox: Vec<Id>,
    /// The messages to send, at most one per destination.
    pub deliveries: Vec<Planned>,
    /// Everyone who was considered, notified or not.
    pub reasons: Vec<Reason>,
}

impl Plan {
    /// Why each recipient on each channel is notified.
    pub fn reasons_to_notify(&self) -> HashMap<(Channel, &Recipient), &Why> {
        let notified = self.reasons.iter().filter(|reason| reason.why.is_notified());
        // The first one counts: there is one for each.
        notified
            .rev()
            .map(|reason| ((reason.channel, &reason.recipient), &reason.why))
            .collect()
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Planned {
    pub channel: Channel,
    pub recipient: Recipient,
    pub target: Target,
    /// Whether it is sent individually even if the event is part of a bundle.
    pub batch: Batch,
}

/// Decides who is notified of the event. One from an import or a bulk change is decided like any other; grouping comes
/// afterwards.
pub fn plan(event: &Event, world: &World) -> Plan {
    if !event.kind.about().notifies {
        return Plan::default();
    }
    let involved = responsible::involved(event, world);
    let mut pass = Pass::new(event, world, &involved);
    pass.people(Channel::InApp);
    pass.people(Channel::Email);
    for channel in Channel::chats() {
        pass.teams(channel);
        pass.personal(channel);
        pass.urls(channel);
    }
    // Last, so that a URL of Slack or Microsoft gets the format it understands.
    pass.urls(Channel::Webhook);
    pass.plan
}

/// Whether a person may be notified of the event on the channel at all (promises F6, R5, O7): planning and sending use
/// the same check.
pub fn admits(event: &Event, world: &World, user: Id, channel: Channel) -> Result<(), Why> {
    let rules: Vec<&Rule> = world.rules.matching(event, channel).collect();
    admits_as(event, world, (user, channel), &counted_as(event, &rules, channel))
}

/// The same for an event that counts as these kinds.
fn admits_as(
    event: &Event,
    world: &World,
    (user, channel): (Id, Channel),
    as_kinds: &[Kind],
) -> Result<(), Why> {
    let person = world.person(user).ok_or(Why::Unknown)?;
    if !person.active {
        return Err(Why::Disabled);
    }
    if !person.scope.reaches(user, event.audience) {
        return Err(Why::OutOfScope);
    }
    if !person.own_acts && act::is_own(event, user) {
        return Err(Why::OwnAct);
    }
    if !as_kinds.iter().any(|kind| is_wanted(world, user, *kind, channel)) {
        return Err(Why::OptedOut);
    }
    Ok(())
}

/// The kinds that the event counts as on the channel. If rules turn it on, only the kinds they are for count; personal
/// chats need no rule.
fn counted_as(event: &Event, rules: &[&Rule], channel: Channel) -> Vec<Kind> {
    if channel.is_chat() || rules.is_empty() {
        return act::kinds(event).collect();
    }
    rules.iter().map(|rule| rule.kind).collect()
}

/// Whether the person wants events of the kind there (promise R5).
fn is_wanted(world: &World, user: Id, kind: Kind, channel: Channel) -> bool {
    let preference = world.preference(user, kind, channel);
    preference.unwrap_or(channel.on_by_default())
}

/// The people a rule names: individually, by their teams and roles, as owners and followers.
fn named(event: &Event, world: &World, rule: &Rule) -> Vec<(Id, Why)> {
    let why = || Why::Rule(rule.id);
    let mut named: Vec<(Id, Why)> = rule.users.iter().map(|user| (*user, why())).collect();
    let (owners, owning_teams) = owners(event, world, rule);
    named.extend(owners.into_iter().map(|owner| (owner, why())));
    for team in rule.teams.iter().copied().chain(owning_teams) {
        if let Some(team) = world.team(team)
            && admits_team(event, team).is_ok()
        {
            named.extend(team.members.iter().map(|member| (*member, why())));
        }
    }
    if let Some(company) = event.audience.company() {
        for role in &rule.roles {
            let members = world.with_role(company, *role);
            named.extend(members.map(|member| (member, Why::Role(*role))));
        }
    }
    if rule.followers {
        named.extend(responsible::followers(event, world).map(|id| (id, Why::Follower)));
    }
    named
}

/// The owners a rule names: people and teams.
fn owners(event: &Event, world: &World, rule: &Rule) -> (Vec<Id>, Vec<Id>) {
    if !rule.owners {
        return Default::default();
    }
    let owners = responsible::owners(event, world);
    let ids = |named: Vec<(Id, Why)>| named.into_iter().map(|(id, _)| id).collect();
    (ids(owners.users), ids(owners.teams))
}

/// The teams whose chats a rule names: individually, and as owners.
pub fn named_teams(event: &Event, world: &World, rule: &Rule) -> Vec<Id> {
    let (_, owning) = owners(event, world, rule);
    rule.teams.iter().copied().chain(owning).collect()
}

struct Pass<'a> {
    event: &'a Event,
    world: &'a World,
    involved: &'a Responsible,
    /// The verdict on each person on the channel that is being decided.
    verdicts: BTreeMap<(Channel, Id), bool>,
    keys: HashSet<Key>,
    plan: Plan,
}

/// Why a recipient is notified, and the rule that turned the channel on.
type Ground = (Why, Option<Id>);

impl<'a> Pass<'a> {
    fn new(event: &'a Event, world: &'a World, involved: &'a Responsible) -> Self {
        Self {
            event,
            world,
            involved,
            verdicts: BTreeMap::new(),
            keys: HashSet::new(),
            plan: Plan::default(),
        }
    }

    /// In-app and email: if a rule turns the channel on, the people responsible for or addressed by the event, and the
    /// people the rules name.
    fn people(&mut self, channel: Channel) {
        let world = self.world;
        let rules: Vec<&Rule> = world.rules.matching(self.event, channel).collect();
        let involved = &self.involved.users;
        if rules.is_empty() {
            for (user, _) in involved {
                self.reason(channel, Recipient::User(*user), (Why::NoRule, None));
            }
            return;
        }
        let kinds = counted_as(self.event, &rules, channel);
        for (user, why) in involved {
            let lets = |rule: &&&Rule| is_wanted(world, *user, rule.kind, channel);
            let rule = rules.iter().find(lets).or(rules.first());
            self.person((channel, &kinds), *user, (why.clone(), rule.map(|rule| rule.id)));
        }
        for rule in rules {
            for (user, why) in named(self.event, world, rule) {
                self.person((channel, &kinds), user, (why, Some(rule.id)));
            }
            for address in &rule.addresses {
                let ground = (Why::Rule(rule.id), Some(rule.id));
                match world.person_at(&address.label) {
                    Some(user) => self.person((channel, &kinds), user, ground),
                    None => self.address(channel, address, rule.id),
                }
            }
        }
    }

    fn person(&mut self, (channel, kinds): (Channel, &[Kind]), user: Id, ground: Ground) {
        if let Some(notified) = self.verdicts.get(&(channel, user)) {
            // A person who is excluded is excluded in every way they could be notified; one reason is enough.
            if *notified {
                self.reason(channel, Recipient::User(user), (Why::Duplicate, ground.1));
            }
            return;
        }
        let verdict = admits_as(self.event, self.world, (user, channel), kinds);
        self.verdicts.insert((channel, user), verdict.is_ok());
        match (verdict, channel, self.world.person(user)) {
            (Err(refused), ..) => self.reason(channel, Recipient::User(user), (refused, None)),
            (Ok(()), Channel::Email, Some(person)) => {
                self.deliver(channel, Recipient::User(user), &person.mailbox, ground);
            }
            (Ok(()), ..) => {
                self.plan.inbox.push(user);
                self.reason(channel, Recipient::User(user), ground);
            }
        }
    }

    fn address(&mut self, channel: Channel, address: &Target, rule: Id) {
        // Only mail can be sent to an address; an in-app rule cannot name an external one.
        if channel == Channel::Email {
            let recipient = Recipient::Address(address.label.to_string());
            self.deliver(channel, recipient, address, (Why::Rule(rule), Some(rule)));
        }
    }

    /// Team posts need no rule (promise F4); the team's settings decide what it gets (promise O6). A rule that names
    /// the team posts there regardless of the settings.
    fn teams(&mut self, channel: Channel) {
        let world = self.world;
        for (id, _) in &self.involved.teams {
            self.team(channel, *id, (Why::Team, None));
        }
        for rule in world.rules.matching(self.event, channel) {
            for id in named_teams(self.event, world, rule) {
                self.team(channel, id, (Why::Rule(rule.id), Some(rule.id)));
            }
        }
    }

    fn team(&mut self, channel: Channel, id: Id, ground: Ground) {
        let (event, world) = (self.event, self.world);
        let recipient = Recipient::Team(id);
        let Some(team) = world.team(id) else {
            return self.reason(channel, recipient, (Why::Unknown, None));
        };
        let wanted = ground.1.is_some() || team.wants.lets_pass(event);
        match (admits_team(event, team), team.target(channel)) {
            (Err(why), _) => self.reason(channel, recipient, (why, None)),
            (Ok(()), None) => self.reason(channel, recipient, (Why::NoDestination, None)),
            (Ok(()), Some(_)) if !wanted => {
                self.reason(channel, recipient, (Why::TeamSettings, None));
            }
            (Ok(()), Some(target)) => self.deliver(channel, recipient, target, ground),
        }
    }

    /// Personal posts follow the preference matrix, whatever the team's settings (promise F5).
    fn personal(&mut self, channel: Channel) {
        let world = self.world;
        if world.chats.is_empty() {
            return;
        }
        let kinds = counted_as(self.event, &[], channel);
        for (user, why) in &self.involved.users {
            let Some(chat) = world.chat(*user, channel) else {
                continue;
            };
            let recipient = Recipient::User(*user);
            match admits_as(self.event, world, (*user, channel), &kinds) {
                Err(why) => self.reason(channel, recipient, (why, None)),
                Ok(()) if !chat.enabled => self.reason(channel, recipient, (Why::OptedOut, None)),
                Ok(()) => self.deliver(channel, recipient, &chat.url.target, (why.clone(), None)),
            }
        }
    }

    /// The URLs that rules name. The owner of a personal chat can have opted out of it (promise R5).
    fn urls(&mut self, channel: Channel) {
        let (event, world) = (self.event, self.world);
        for rule in world.rules.matching(event, channel) {
            for (id, url) in &rule.urls {
                let recipient = Recipient::Url(*id);
                if opted_out(world, rule.kind, &url.target.key) {
                    self.reason(channel, recipient, (Why::OptedOut, None));
                    continue;
                }
                let planned = Planned {
                    channel,
                    recipient,
                    target: url.target.clone(),
                    batch: rule.batch,
                };
                self.deliver_as(planned, (Why::Rule(rule.id), Some(rule.id)));
            }
        }
    }

    fn deliver(&mut self, channel: Channel, recipient: Recipient, target: &Target, ground: Ground) {
        let planned = Planned {
            channel,
            recipient,
            target: target.clone(),
            batch: Batch::Import,
        };
        self.deliver_as(planned, ground);
    }

    /// One destination gets one message per event (promise F2).
    fn deliver_as(&mut self, planned: Planned, ground: Ground) {
        let (channel, recipient) = (planned.channel, planned.recipient.clone());
        if !self.keys.insert(planned.target.key.clone()) {
            return self.reason(channel, recipient, (Why::Duplicate, ground.1));
        }
        self.reason(channel, recipient, ground);
        self.plan.deliveries.push(planned);
    }

    fn reason(&mut self, channel: Channel, recipient: Recipient, (why, rule): Ground) {
        self.plan.reasons.push(Reason {
            channel,
            recipient,
            why,
            rule,
        });
    }
}

/// Whether this is someone's personal chat for which they turned off such events.
fn opted_out(world: &World, kind: Kind, key: &Key) -> bool {
    world
        .chat_owners
        .get(key)
        .into_iter()
        .flatten()
        .any(|(owner, channel)| world.preference(*owner, kind, *channel) == Some(false))
}
