//! Entries that keep their identity while their places come and go: an alert with a list of URLs.
//!
//! Owns: that a verdict covers the places it was given for and no others (promise M4).

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
};

use super::{Entry, Found, Matched, Stored, classes::Class, pair};

/// Findings that are looked at for one place, at most: what is written thousands of times for one place is no better
/// told apart by more of them.
const AT_PLACE: usize = 64;

/// What of an entry no verdict covers.
struct Rest {
    entry: usize,
    places: BTreeSet<u64>,
}

/// The findings at each place.
struct Index(HashMap<u64, Vec<usize>>);

impl Index {
    fn of(stored: &[Stored], class: &Class, verdict: bool) -> Self {
        let mut index: HashMap<u64, Vec<usize>> = HashMap::new();
        for at in class.stored.iter().copied() {
            let Some(one) = stored.get(at).filter(|one| one.verdict == verdict) else {
                continue;
            };
            for place in &one.identity.places {
                let known = index.entry(*place).or_default();
                if known.len() < AT_PLACE {
                    known.push(at);
                }
            }
        }
        Self(index)
    }

    /// The findings at one of these places, each with how many of them it has.
    fn near(&self, places: &BTreeSet<u64>) -> BTreeMap<usize, usize> {
        let mut near = BTreeMap::new();
        for at in places.iter().filter_map(|place| self.0.get(place)).flatten() {
            *near.entry(*at).or_default() += 1;
        }
        near
    }
}

/// Assigns the entries of a class.
pub(super) fn assign(stored: &[Stored], entries: &[Entry], class: &Class, matched: &mut Matched) {
    let index = Index::of(stored, class, true);
    let several = say_several(entries, class);
    let mut rest = Vec::new();
    for at in class.entries.iter().copied() {
        let Some(entry) = entries.get(at) else { continue };
        let mut places: BTreeSet<u64> = entry.identity.places.iter().copied().collect();
        let mut by: Vec<(Reverse<usize>, base::Id, usize)> = Vec::new();
        for judged in index.near(&places).into_keys() {
            let Some(one) = stored.get(judged) else { continue };
            let differs = several && pair::differs(one.identity.message, entry.identity.message);
            if differs || !pair::share_key(&one.identity, &entry.identity) {
                continue;
            }
            let before = places.len();
            places.retain(|place| one.identity.places.binary_search(place).is_err());
            if places.len() < before {
                by.push((Reverse(before - places.len()), one.id, judged));
            }
        }
        by.sort_unstable();
        if !by.is_empty() {
            let by = by.iter().map(|(_, _, judged)| *judged).collect();
            matched.covered.push((at, by));
        }
        match by.first() {
            Some((_, _, judged)) if places.is_empty() => take(matched, at, (*judged, true)),
            _ => rest.push(Rest { entry: at, places }),
        }
    }
    unjudged(stored, entries, (class, rest), matched);
}

fn take(matched: &mut Matched, entry: usize, (stored, content): (usize, bool)) {
    if let Some(found) = matched.entries.get_mut(entry) {
        *found = Found::Same { stored, content };
    }
}

/// Whether the entries of a class say different things; where all say the same, another wording is the tool's new one.
fn say_several(entries: &[Entry], class: &Class) -> bool {
    let messages = class.entries.iter().filter_map(|at| entries.get(*at));
    let messages: BTreeSet<u64> = messages.map(|entry| entry.identity.message).collect();
    messages.len() > 1
}

/// Pairs what is left with the findings that nobody has judged: those that say the same and share the most places first.
fn unjudged(stored: &[Stored], entries: &[Entry], (class, rest): (&Class, Vec<Rest>), matched: &mut Matched) {
    let index = Index::of(stored, class, false);
    let mut ways = Vec::new();
    for one in &rest {
        let Some(entry) = entries.get(one.entry) else {
            continue;
        };
        for (at, common) in index.near(&one.places) {
            let Some(known) = stored.get(at) else { continue };
            if pair::share_key(&known.identity, &entry.identity) {
                let same = !pair::differs(known.identity.message, entry.identity.message);
                let all = common == one.places.len();
                let order = (&entry.identity, !known.present, known.id);
                ways.push((Reverse((same, common)), order, (at, same && all), one.entry));
            }
        }
    }
    ways.sort();
    let (mut used, mut done) = (BTreeSet::new(), BTreeSet::new());
    for (_, _, (at, content), entry) in ways {
        if used.contains(&at) || done.contains(&entry) {
            continue;
        }
        used.insert(at);
        done.insert(entry);
        take(matched, entry, (at, content));
    }
    let left = rest.iter().map(|one| one.entry).filter(|at| !done.contains(at));
    let left: Vec<usize> = left.collect();
    elsewhere(stored, entries, (class, &left, used), matched);
}

/// Pairs alerts that have no place in common any more: those that say the same, then those of one rule.
fn elsewhere(
    stored: &[Stored],
    entries: &[Entry],
    (class, left, mut used): (&Class, &[usize], BTreeSet<usize>),
    matched: &mut Matched,
) {
    for by_message in [true, false] {
        let said = |message: u64| if by_message { message } else { 0 };
        let mut open: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
        let mut known: Vec<_> = class
            .stored
            .iter()
            .copied()
            .filter(|at| !used.contains(at))
            .collect();
        known.sort_by_key(|at| stored.get(*at).map(|one| (!one.present, one.id)));
        for at in known {
            if let Some(one) = stored.get(at).filter(|one| !one.verdict) {
                open.entry(said(one.identity.message)).or_default().push_back(at);
            }
        }
        for at in left.iter().copied() {
            let Some(entry) = entries
                .get(at)
                .filter(|_| matched.entries.get(at) == Some(&Found::New))
            else {
                continue;
            };
            let Some(queue) = open.get_mut(&said(entry.identity.message)) else {
                continue;
            };
            let fits = |at: &&usize| {
                stored
                    .get(**at)
                    .is_some_and(|one| pair::share_key(&one.identity, &entry.identity))
            };
            if let Some(one) = queue.front().filter(fits).copied() {
                queue.pop_front();
                used.insert(one);
                take(matched, at, (one, false));
            }
        }
    }
}
