//! Counting what a rule adds: the messages, and what is not sent, by reason.
//!
//! Must not: read a database.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use base::{Event, Id, Time};
use jiff::{civil::Date, tz::TimeZone};

use super::NotSent;
use crate::{
    channel::Channel,
    groups::{self, Reached},
    plan::{self, Batch, Mismatch, Plan, Reason, Rule, Rules, Why, World},
    target::Recipient,
};

/// The messages of one import or bulk change to one destination.
struct InGroup {
    recipient: Recipient,
    at: Time,
    events: usize,
}

/// The counts so far.
pub(super) struct Counts {
    rule: Rule,
    /// The rule alone.
    alone: Arc<Rules>,
    /// The rules without it.
    present: Arc<Rules>,
    events: u64,
    days: BTreeMap<Date, u64>,
    recipients: HashMap<Recipient, u64>,
    grouped: HashMap<(Id, Reached), InGroup>,
    /// Ends of imports: recipients of a message about an import's findings get none about its end.
    ends: Vec<(Id, Reached, Recipient, Time)>,
    not_sent: BTreeMap<&'static str, (&'static str, u64)>,
}

/// The result of counting.
pub(super) struct Counted {
    pub(super) events: u64,
    pub(super) days: BTreeMap<Date, u64>,
    pub(super) recipients: HashMap<Recipient, u64>,
    pub(super) not_sent: Vec<NotSent>,
}

impl Counts {
    pub(super) fn new(rule: Rule, present: Rules) -> Self {
        Self {
            alone: Arc::new(Rules::new([rule.clone()])),
            present: Arc::new(present),
            rule,
            events: 0,
            days: BTreeMap::new(),
            recipients: HashMap::new(),
            grouped: HashMap::new(),
            ends: Vec::new(),
            not_sent: BTreeMap::new(),
        }
    }

    /// Whether the event counts as one of the rule's type.
    pub(super) fn is_of(&self, event: &Event) -> bool {
        plan::kinds(event).any(|kind| kind == self.rule.kind)
    }

    /// Counts what the rule adds for these events; `world` has it among the current ones.
    pub(super) fn add(&mut self, events: &[Event], world: &World) {
        let with = |rules: &Arc<Rules>| World {
            rules: Arc::clone(rules),
            ..world.clone()
        };
        let (alone, present) = (with(&self.alone), with(&self.present));
        for event in events {
            self.events += 1;
            let (reason, explanation) = match self.rule.mismatch(event) {
                Some(Mismatch::Severity(_)) => ("below_threshold", "below the rule's minimum severity"),
                Some(Mismatch::Filters) => ("filtered", "excluded by the rule's filters"),
                Some(Mismatch::Company) => ("filtered", "in another company than the rule"),
                None => {
                    self.event(event, world, (&alone, &present));
                    continue;
                }
            };
            self.miss(reason, explanation);
        }
    }

    fn miss(&mut self, reason: &'static str, explanation: &'static str) {
        self.not_sent.entry(reason).or_insert((explanation, 0)).1 += 1;
    }

    fn event(&mut self, event: &Event, world: &World, (alone, present): (&World, &World)) {
        let considered = self.considered(event, alone);
        if considered.is_empty() {
            self.miss("nobody", "nobody is responsible and the rule names nobody");
        }
        let (plan, present) = (plan::plan(event, world), plan::plan(event, present));
        let known: HashSet<Reached> = reached(&present).collect();
        for (recipient, why) in considered {
            if !why.is_notified() {
                self.miss(why.name(), why.words());
                continue;
            }
            let place = self.place(&plan, &recipient);
            match place.filter(|(place, _)| !known.contains(place)) {
                Some((place, singly)) => self.message(event, world, (place, singly), recipient),
                None => self.miss("duplicate", "the current rules notify them already"),
            }
        }
    }

    /// Where the recipient gets its message according to the plan, and whether it is sent individually.
    fn place(&self, plan: &Plan, recipient: &Recipient) -> Option<(Reached, bool)> {
        let channel = self.rule.channel;
        match recipient {
            Recipient::User(user) if channel == Channel::InApp => plan
                .inbox
                .contains(user)
                .then_some((Reached::Inbox(*user), false)),
            _ => {
                let mut planned = plan.deliveries.iter();
                let planned =
                    planned.find(|planned| planned.channel == channel && planned.recipient == *recipient)?;
                let place = Reached::Key(channel, planned.target.key.clone());
                Some((place, planned.batch == Batch::Event))
            }
        }
    }

    /// Whom the rule would notify or exclude if it were the only one, each once.
    fn considered(&self, event: &Event, alone: &World) -> BTreeMap<Recipient, Why> {
        let (channel, id) = (self.rule.channel, self.rule.id);
        let teams = plan::named_teams(event, alone, &self.rule);
        let of_rule = |reason: &Reason| match &reason.recipient {
            Recipient::Team(team) => {
                reason.rule == Some(id) || (!reason.why.is_notified() && teams.contains(team))
            }
            Recipient::Url(url) => self.rule.urls.iter().any(|(row, _)| row == url),
            // A personal chat needs no rule.
            Recipient::User(_) | Recipient::Address(_) => !channel.has_url(),
        };
        let mut considered: BTreeMap<Recipient, Why> = BTreeMap::new();
        let reasons = plan::plan(event, alone).reasons;
        for reason in reasons.into_iter().filter(|reason| reason.channel == channel) {
            if !of_rule(&reason) {
                continue;
            }
            let by_rule = reason.rule == Some(id);
            match considered.get(&reason.recipient) {
                // The rule's own verdict on a team comes after that of the team's settings.
                Some(known) if known.is_notified() || !by_rule => {}
                _ => drop(considered.insert(reason.recipient, reason.why)),
            }
        }
        considered
    }

    fn message(
        &mut self,
        event: &Event,
        world: &World,
        (place, singly): (Reached, bool),
        recipient: Recipient,
    ) {
        if let Reached::Key(_, key) = &place
            && world.off.contains(key)
        {
            return self.miss(Why::SwitchedOff.name(), Why::SwitchedOff.words());
        }
        match (event.bundle, groups::closes(event)) {
            (Some(bundle), _) if !singly => {
                let group = self.grouped.entry((bundle, place)).or_insert_with(|| InGroup {
                    recipient,
                    at: event.at,
                    events: 0,
                });
                group.events += 1;
            }
            (_, Some(bundle)) if self.rule.channel != Channel::Webhook => {
                self.ends.push((bundle, place, recipient, event.at));
            }
            _ => self.send(recipient, event.at, 1),
        }
    }

    fn send(&mut self, recipient: Recipient, at: Time, messages: u64) {
        *self.days.entry(date(at)).or_default() += messages;
        *self.recipients.entry(recipient).or_default() += messages;
    }

    /// The imports and bulk changes that were counted.
    pub(super) fn bundles(&self) -> Vec<Id> {
        let ends = self.ends.iter().map(|(bundle, ..)| *bundle);
        let bundles: HashSet<Id> = self
            .grouped
            .keys()
            .map(|(bundle, _)| *bundle)
            .chain(ends)
            .collect();
        bundles.into_iter().collect()
    }

    /// The result, given who had a message about these imports and bulk changes anyway.
    pub(super) fn finish(mut self, reached: &HashSet<(Id, Reached)>) -> Counted {
        const IN_GROUP: &str = "included in a message about the import or bulk change that they get anyway";
        for (place, group) in std::mem::take(&mut self.grouped) {
            if reached.contains(&place) {
                let count = u64::try_from(group.events).unwrap_or(u64::MAX);
                self.not_sent.entry("in_group").or_insert((IN_GROUP, 0)).1 += count;
                continue;
            }
            let messages = match self.rule.channel {
                Channel::Webhook => groups::pages_of(group.events),
                _ => 1,
            };
            let messages = u64::try_from(messages).unwrap_or(u64::MAX);
            self.send(group.recipient, group.at, messages);
        }
        for (bundle, place, recipient, at) in std::mem::take(&mut self.ends) {
            if reached.contains(&(bundle, place)) {
                self.miss("in_group", IN_GROUP);
            } else {
                self.send(recipient, at, 1);
            }
        }
        let not_sent = self.not_sent.into_iter();
        let mut not_sent: Vec<NotSent> = not_sent
            .map(|(reason, (explanation, count))| NotSent {
                reason,
                explanation,
                count,
            })
            .collect();
        not_sent.sort_by_key(|missed| (std::cmp::Reverse(missed.count), missed.reason));
        Counted {
            events: self.events,
            days: self.days,
            recipients: self.recipients,
            not_sent,
        }
    }
}

/// Everyone who has a message according to a plan: one URL has one, whichever channel leads there.
fn reached(plan: &Plan) -> impl Iterator<Item = Reached> + '_ {
    let inbox = plan.inbox.iter().map(|user| Reached::Inbox(*user));
    let deliveries = plan
        .deliveries
        .iter()
        .map(|planned| Reached::Key(planned.channel, planned.target.key.clone()));
    inbox.chain(deliveries)
}

/// The day of a time, UTC.
pub(super) fn date(time: Time) -> Date {
    TimeZone::UTC.to_datetime(time.timestamp()).date()
}
