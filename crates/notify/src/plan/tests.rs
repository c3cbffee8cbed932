//! The plan against an independent model of the promises, in random worlds; and each promise by an example.

mod answerable;
mod examples;
pub(crate) mod facts;
pub(crate) mod model;
mod names;

use std::collections::BTreeSet;

use base::Id;
use proptest::prelude::*;

use super::{Plan, plan};
use crate::{
    channel::Channel,
    target::{Key, Recipient},
};
use facts::{Facts, happening, world_of};

/// Worlds times events: one hundred thousand.
const WORLDS: u32 = 5_000;
const EVENTS: usize = 20;
const _: () = assert!(WORLDS as usize * EVENTS >= 100_000);

proptest! {
    #![proptest_config(ProptestConfig { cases: WORLDS, failure_persistence: None, ..ProptestConfig::default() })]

    // promise: F1
    // promise: F2
    // promise: F3
    // promise: F4
    // promise: F5
    // promise: F6
    // promise: R1
    // promise: R2
    // promise: R3
    // promise: R5
    // promise: C6
    #[test]
    fn nobody_is_missed_notified_twice_or_notified_in_error(
        facts in facts::facts(),
        happenings in prop::collection::vec(happening(), EVENTS),
    ) {
        let world = world_of(&facts);
        for happening in &happenings {
            let event = Facts::event(happening);
            let plan = plan(&event, &world);
            let expected = model::recipients(&facts, happening);
            prop_assert_eq!(inbox(&facts, &plan), expected.inbox);
            prop_assert_eq!(mailed(&plan), expected.mailed);
            posts(&plan, &expected.posts)?;
            notified_have_reasons(&plan)?;
        }
    }
}

/// The positions of everyone who gets a row, including duplicates.
fn inbox(facts: &Facts, plan: &Plan) -> Vec<usize> {
    let mut users: Vec<_> = plan.inbox.iter().map(|id| facts.user_at(*id)).collect();
    users.sort_unstable();
    users
}

/// The keys of the addresses that get a mail, including duplicates.
fn mailed(plan: &Plan) -> Vec<Key> {
    let mut keys: Vec<_> = plan
        .deliveries
        .iter()
        .filter(|planned| planned.channel == Channel::Email)
        .map(|planned| planned.target.key.clone())
        .collect();
    keys.sort();
    keys
}

/// Each URL that is due gets exactly one post, on a channel on which it is due.
fn posts(plan: &Plan, due: &BTreeSet<(Channel, usize)>) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    for planned in &plan.deliveries {
        if planned.channel == Channel::Email {
            continue;
        }
        let url = facts::url_at(&planned.target.key);
        prop_assert!(
            due.contains(&(planned.channel, url)),
            "nobody asked for {planned:?}"
        );
        prop_assert!(seen.insert(url), "twice to URL {url}");
    }
    let missing: Vec<_> = due.iter().filter(|(_, url)| !seen.contains(url)).collect();
    prop_assert!(missing.is_empty(), "missing {missing:?}");
    Ok(())
}

/// Everyone who is notified has exactly one reason to be.
fn notified_have_reasons(plan: &Plan) -> Result<(), TestCaseError> {
    let notified = |channel, recipient: &Recipient| {
        plan.reasons
            .iter()
            .filter(|reason| {
                reason.channel == channel && reason.recipient == *recipient && reason.why.is_notified()
            })
            .count()
    };
    let user = |id: &Id| Recipient::User(*id);
    for id in &plan.inbox {
        prop_assert_eq!(notified(Channel::InApp, &user(id)), 1);
    }
    for planned in &plan.deliveries {
        prop_assert_eq!(notified(planned.channel, &planned.recipient), 1);
    }
    let all = plan
        .reasons
        .iter()
        .filter(|reason| reason.why.is_notified())
        .count();
    prop_assert_eq!(all, plan.inbox.len() + plan.deliveries.len());
    Ok(())
}
