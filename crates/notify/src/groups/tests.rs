//! Imports and bulk changes in random worlds: each event is decided by the plan's own model, and whatever the groups do
//! with it, nobody misses an event, gets one twice, or gets one that does not involve them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    sync::Arc,
};

use base::{Event, Id, Severity};
use proptest::prelude::*;

use super::{
    close::{Closed, SetsByRecipient, WithTargets},
    collect::{Place, Texts, by_decision},
    pages::after_of,
    target::GroupTarget,
};
use crate::{
    channel::Channel,
    digests::{Digest, Set},
    message::Change,
    plan::{
        Batch, Plan, Planned, plan,
        tests::{
            facts::{self, Facts, Happening, KINDS, happening, id, ids, url_at, vault, world_of},
            model,
        },
    },
    target::Key,
};

/// Worlds times events: one hundred thousand.
const WORLDS: u32 = 5_000;
const EVENTS: usize = 20;
const _: () = assert!(WORLDS as usize * EVENTS >= 100_000);
/// Two imports and a bulk change.
const IMPORTS: usize = 2;
/// How many events one transaction of the planner takes.
const PORTION: usize = 6;
/// The kind for the end of an import.
const END: usize = 2;

/// Events of a group with the same decision, as stored in the tables.
struct Kept {
    set: WithTargets,
    /// The events and their findings, in the order of their ids.
    members: Vec<(Id, Id)>,
}

/// The outcome of some events.
struct Outcome {
    groups: BTreeMap<Place, Group>,
    /// By the event's number: what is sent individually.
    alone: Vec<Vec<Planned>>,
    numbers: HashMap<Id, usize>,
}

struct Group {
    id: Id,
    sets: BTreeMap<String, Kept>,
}

/// The event with this number.
fn event(number: usize, happening: &Happening, bundle: usize) -> Event {
    let mut event = Facts::event(happening);
    event.subject.id = finding(number);
    event.bundle = Some(id(b'b', bundle));
    event
}

fn finding(number: usize) -> Id {
    id(b'f', number)
}

/// Plans the events portion by portion and groups them by decision, as the planner and its tables do.
fn gather(events: &[Arc<Event>], plans: &[Plan]) -> Outcome {
    let decided: Vec<(Arc<Event>, &Plan)> = events.iter().cloned().zip(plans).collect();
    let mut groups: BTreeMap<Place, Group> = BTreeMap::new();
    let mut next = 0;
    let mut new_id = || {
        next += 1;
        id(b'i', next)
    };
    for portion in decided.chunks(PORTION) {
        for (place, draft) in by_decision(portion) {
            let group = groups.entry(place).or_insert_with(|| Group {
                id: new_id(),
                sets: BTreeMap::new(),
            });
            let signature = Texts::of(&vault(), group.id, &draft).unwrap().signature;
            let kept = group.sets.entry(signature).or_insert_with(|| Kept {
                set: WithTargets(
                    Set {
                        id: new_id(),
                        kind: draft.event.kind,
                        severity: draft.event.severity,
                        change: Change::of(draft.event),
                        first_event: draft.event.id,
                        count: 0,
                    },
                    draft.targets.clone(),
                    HashMap::new(),
                ),
                members: Vec::new(),
            });
            kept.set.0.count += draft.members.len() as u64;
            let members = draft.members.iter().map(|event| (event.id, event.subject.id));
            kept.members.extend(members);
            kept.members.sort_unstable();
        }
    }
    let single = |plan: &Plan| {
        let deliveries = plan.deliveries.iter();
        deliveries
            .filter(|planned| planned.batch == Batch::Event)
            .cloned()
            .collect()
    };
    Outcome {
        groups,
        alone: plans.iter().map(single).collect(),
        numbers: events
            .iter()
            .enumerate()
            .map(|(number, event)| (event.id, number))
            .collect(),
    }
}

/// What one group sends to whom: by the numbers of its events.
struct Sent {
    inbox: BTreeMap<Id, Vec<usize>>,
    messages: BTreeMap<GroupTarget, Vec<usize>>,
    closed: Closed,
}

/// The happenings by the numbers of their events.
type Happened = [(Happening, usize)];

impl Group {
    fn send(&self, happened: &Happened, numbers: &HashMap<Id, usize>) -> Result<Sent, TestCaseError> {
        let sets: Vec<WithTargets> = self
            .sets
            .values()
            .map(|kept| WithTargets(kept.set.0.clone(), kept.set.1.clone(), HashMap::new()))
            .collect();
        let members: HashMap<Id, &[(Id, Id)]> = self
            .sets
            .values()
            .map(|kept| (kept.set.0.id, kept.members.as_slice()))
            .collect();
        let by_recipient = SetsByRecipient::of(&sets);
        let digest_of = |which: &[usize]| {
            let sets: Vec<&Set> = which.iter().map(|at| &sets[*at].0).collect();
            let Ok(digest) = Digest::of(&sets, |set| Ok::<_, Infallible>(members[&set].to_vec()));
            digest
        };
        let about = |which: &[usize]| named(&digest_of(which), &members, happened, numbers);
        let mut sent = Sent {
            inbox: BTreeMap::new(),
            messages: BTreeMap::new(),
            closed: by_recipient.closed(),
        };
        for (user, which) in &by_recipient.inbox {
            sent.inbox.insert(*user, about(which)?);
        }
        for (target, which) in &by_recipient.messages {
            let events = about(which)?;
            if target.channel == Channel::Webhook {
                pages(&digest_of(which), &members, &events, numbers)?;
            }
            sent.messages.insert(target.clone(), events);
        }
        Ok(sent)
    }
}

/// The numbers of the events of a digest, each once, in order: it names them, most severe first, with their findings, and
/// counts them.
fn named(
    digest: &Digest,
    members: &HashMap<Id, &[(Id, Id)]>,
    happened: &Happened,
    numbers: &HashMap<Id, usize>,
) -> Result<Vec<usize>, TestCaseError> {
    let severity = |number: usize| {
        let (happening, _) = &happened[number];
        model::has_severity(happening).then_some(happening.severity)
    };
    let mut events: Vec<usize> = Vec::new();
    for set in &digest.sets {
        events.extend(members[set].iter().map(|(event, _)| numbers[event]));
    }
    let order: Vec<Option<Severity>> = events.iter().map(|number| severity(*number)).collect();
    prop_assert!(order.is_sorted_by(|one, next| one >= next), "{order:?}");
    let names: Vec<(usize, Id)> = digest
        .named
        .iter()
        .map(|(event, finding)| (numbers[event], *finding))
        .collect();
    let expected: Vec<(usize, Id)> = events.iter().map(|number| (*number, finding(*number))).collect();
    prop_assert_eq!(names, expected);
    let mut counts: BTreeMap<(Change, Option<Severity>), u64> = BTreeMap::new();
    for number in &events {
        let change = match KINDS[happened[*number].0.kind].name() {
            "finding.created" => Change::New,
            "finding.reopened" => Change::Reopened,
            _ => Change::Other,
        };
        *counts.entry((change, severity(*number))).or_default() += 1;
    }
    let counted: BTreeMap<_, _> = digest
        .counts
        .iter()
        .map(|(change, severity, count)| ((*change, *severity), *count))
        .collect();
    prop_assert_eq!(counted, counts);
    prop_assert_eq!(digest.count(), events.len() as u64);
    events.sort_unstable();
    Ok(events)
}

/// Whatever the length of a page, the pages contain every event once.
fn pages(
    digest: &Digest,
    members: &HashMap<Id, &[(Id, Id)]>,
    events: &[usize],
    numbers: &HashMap<Id, usize>,
) -> Result<(), TestCaseError> {
    for length in 1..=4 {
        let (mut place, mut posted, mut count) = (String::new(), Vec::new(), 0);
        loop {
            let Ok((ids, next)) = after_of(digest, &place, length, |set, last, room| {
                let later = members[&set]
                    .iter()
                    .filter(|(event, _)| *event.to_string() > *last);
                Ok::<_, Infallible>(later.take(room).map(|(event, _)| *event).collect())
            });
            count += usize::from(!ids.is_empty());
            prop_assert!(ids.len() <= length);
            posted.extend(ids.iter().map(|event| numbers[event]));
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        posted.sort_unstable();
        prop_assert_eq!(&posted, events);
        prop_assert_eq!(count, events.len().div_ceil(length));
    }
    Ok(())
}

/// What the model expects of each event.
type Expected = [model::Expected];

/// Nobody misses an event, and nobody gets one twice or any other, in all messages.
fn check_complete(
    facts: &Facts,
    (happened, expected): (&Happened, &Expected),
    sent: &BTreeMap<Place, Sent>,
    alone: &[Vec<Planned>],
) -> Result<(), TestCaseError> {
    let (mut rows, mut mails) = (BTreeSet::new(), BTreeSet::new());
    let mut posts: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut post = |channel: Channel, key: &Key, number: usize| {
        let url = url_at(key);
        prop_assert!(
            expected[number].posts.contains(&(channel, url)),
            "nobody asked for it"
        );
        prop_assert!(posts.insert((number, url)), "twice to URL {url}");
        Ok(())
    };
    for (place, sent) in sent {
        let mut hooks = BTreeSet::new();
        for (user, events) in &sent.inbox {
            for number in events {
                prop_assert!(rows.insert((*number, facts.user_at(*user))), "twice in an inbox");
            }
        }
        for (target, events) in &sent.messages {
            let key = Key::stored(&target.key);
            prop_assert!(
                target.channel != Channel::Webhook || hooks.insert(target.key.clone()),
                "one batch for each URL"
            );
            for number in events {
                prop_assert_eq!(id(b'b', happened[*number].1), place.0);
                if target.channel == Channel::Email {
                    prop_assert!(mails.insert((*number, key.clone())), "twice to {key:?}");
                } else {
                    post(target.channel, &key, *number)?;
                }
            }
        }
    }
    for (number, planned) in alone.iter().enumerate() {
        for planned in planned {
            post(planned.channel, &planned.target.key, number)?;
        }
    }
    let each = expected.iter().enumerate();
    let due: BTreeSet<_> = each
        .clone()
        .flat_map(|(at, one)| one.inbox.iter().map(move |user| (at, *user)))
        .collect();
    prop_assert_eq!(rows, due);
    let due: BTreeSet<_> = each
        .clone()
        .flat_map(|(at, one)| one.mailed.iter().map(move |key| (at, key.clone())))
        .collect();
    prop_assert_eq!(mails, due);
    let due: BTreeSet<_> = each
        .flat_map(|(at, one)| one.posts.iter().map(move |(_, url)| (at, *url)))
        .collect();
    prop_assert_eq!(posts, due);
    Ok(())
}

/// The end of an import goes to recipients of that event who get nothing else of the import.
fn check_end(facts: &Facts, happening: &Happening, sent: &[&Sent]) -> Result<(), TestCaseError> {
    let mut plan = plan(&Facts::event(happening), &world_of(facts));
    let expected = model::recipients(facts, happening);
    for sent in sent {
        sent.closed.suppress_in(&mut plan);
    }
    let users: BTreeSet<usize> = sent
        .iter()
        .flat_map(|sent| sent.inbox.keys())
        .map(|id| facts.user_at(*id))
        .collect();
    let keys: BTreeSet<Key> = sent
        .iter()
        .flat_map(|sent| sent.messages.keys())
        .filter(|target| target.channel != Channel::Webhook)
        .map(|target| Key::stored(&target.key))
        .collect();
    let rows: BTreeSet<usize> = plan.inbox.iter().map(|id| facts.user_at(*id)).collect();
    let due: BTreeSet<usize> = expected
        .inbox
        .into_iter()
        .filter(|user| !users.contains(user))
        .collect();
    prop_assert_eq!(rows, due);
    let (mut mails, mut posted) = (BTreeSet::new(), BTreeSet::new());
    for Planned { channel, target, .. } in &plan.deliveries {
        if *channel == Channel::Email {
            mails.insert(target.key.clone());
        } else {
            let url = url_at(&target.key);
            prop_assert!(expected.posts.contains(&(*channel, url)), "nobody asked for it");
            prop_assert!(
                *channel == Channel::Webhook || !keys.contains(&target.key),
                "it has the group's"
            );
            posted.insert(url);
        }
    }
    let due: BTreeSet<Key> = expected
        .mailed
        .into_iter()
        .filter(|key| !keys.contains(key))
        .collect();
    prop_assert_eq!(mails, due);
    let grouped: BTreeSet<usize> = keys.iter().map(url_at).collect();
    let missing = expected
        .posts
        .iter()
        .find(|(_, url)| !posted.contains(url) && !grouped.contains(url));
    prop_assert!(missing.is_none(), "missing {missing:?}");
    Ok(())
}

/// An event of an import or a bulk change, and which one.
fn brought() -> impl Strategy<Value = (Happening, usize)> {
    (happening(), 0..=IMPORTS).prop_map(|(happening, bundle)| {
        let many = bundle == IMPORTS;
        let bundled = Happening {
            bundled: true,
            many,
            ..happening
        };
        (bundled, bundle)
    })
}

/// The end of an import.
fn end() -> impl Strategy<Value = Happening> {
    happening().prop_map(|happening| Happening {
        kind: END,
        bundled: false,
        many: false,
        ..happening
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: WORLDS, failure_persistence: None, ..ProptestConfig::default() })]

    // promise: F1, F2, F3, F6
    // promise: O2, O3
    #[test]
    fn grouped_events_reach_every_recipient_completely_and_once(
        facts in facts::facts(),
        happened in prop::collection::vec(brought(), EVENTS),
        ends in prop::collection::vec(end(), IMPORTS),
    ) {
        let mut world = world_of(&facts);
        for number in 0..EVENTS {
            world.followers.insert(finding(number), ids(b'u', Some(&facts.followers)));
        }
        let events: Vec<Arc<Event>> = happened
            .iter()
            .enumerate()
            .map(|(number, (happening, bundle))| Arc::new(event(number, happening, *bundle)))
            .collect();
        let plans: Vec<Plan> = events.iter().map(|event| plan(event, &world)).collect();
        let expected: Vec<_> = happened.iter().map(|(happening, _)| model::recipients(&facts, happening)).collect();
        let outcome = gather(&events, &plans);
        let mut sent = BTreeMap::new();
        for (place, group) in &outcome.groups {
            sent.insert(place.clone(), group.send(&happened, &outcome.numbers)?);
        }
        check_complete(&facts, (&happened, &expected), &sent, &outcome.alone)?;
        for (bundle, happening) in ends.iter().enumerate() {
            let of_it = sent.iter().filter(|(place, _)| place.0 == id(b'b', bundle));
            let of_it: Vec<&Sent> = of_it.map(|(_, sent)| sent).collect();
            check_end(&facts, happening, &of_it)?;
        }
    }
}
