//! Entries that keep their identity while their places come and go: an alert with a list of URLs.
//!
//! Owns: that a verdict covers the places it was given for and no others (promise M4).

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
};

use formats::Identity;

use super::{
    classes::Class,
    group::{Entry, Found, Matched, Stored},
    pair,
};

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
    let words = Words::of(stored, entries, class);
    let mut rest = Vec::new();
    for at in class.entries.iter().copied() {
        let Some(entry) = entries.get(at) else { continue };
        let mut places: BTreeSet<u64> = entry.identity.places.iter().copied().collect();
        let mut by = cover((stored, &index), entry, &mut places, |words| {
            words == entry.identity.exact
        });
        if words.may_be_new(entry) {
            // With a new wording a verdict covers all of an alert or nothing: with another finding for the rest, the same
            // report would not match itself the next time.
            let mut left = places.clone();
            let more = cover((stored, &index), entry, &mut left, |words| {
                words != entry.identity.exact
            });
            if left.is_empty() {
                by.extend(more);
                places = left;
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

/// Takes those places away that judged findings of these words cover: the findings, those that cover the most first.
fn cover(
    (stored, index): (&[Stored], &Index),
    entry: &Entry,
    places: &mut BTreeSet<u64>,
    words: impl Fn(u64) -> bool,
) -> Vec<(Reverse<usize>, base::Id, usize)> {
    let mut by = Vec::new();
    for judged in index.near(places).into_keys() {
        let Some(one) = stored.get(judged).filter(|one| words(one.identity.exact)) else {
            continue;
        };
        if !pair::share_key(&one.identity, &entry.identity) {
            continue;
        }
        let before = places.len();
        places.retain(|place| one.identity.places.binary_search(place).is_err());
        if places.len() < before {
            by.push((Reverse(before - places.len()), one.id, judged));
        }
    }
    by
}

/// What the entries of a class say, and what was said of it before.
struct Words {
    entries: BTreeSet<u64>,
    stored: BTreeSet<u64>,
}

impl Words {
    fn of(stored: &[Stored], entries: &[Entry], class: &Class) -> Self {
        let entries = class.entries.iter().filter_map(|at| entries.get(*at));
        let stored = class.stored.iter().filter_map(|at| stored.get(*at));
        Self {
            entries: entries.map(|entry| entry.identity.exact).collect(),
            stored: stored.map(|one| one.identity.exact).collect(),
        }
    }

    /// Whether an entry may say in the tool's new words what was said before: not where the entries say several things,
    /// nor where the list knows its words already.
    fn may_be_new(&self, entry: &Entry) -> bool {
        self.entries.len() <= 1 && !self.stored.contains(&entry.identity.exact)
    }
}

/// Pairs what is left with the findings that nobody has judged: first what says the same, even where it has no place in
/// common any more, and first what the report before held; another wording may be the tool's new one.
fn unjudged(stored: &[Stored], entries: &[Entry], (class, rest): (&Class, Vec<Rest>), matched: &mut Matched) {
    let index = Index::of(stored, class, false);
    let mut left = Left {
        stored,
        entries,
        used: BTreeSet::new(),
        done: BTreeSet::new(),
        rest,
    };
    let said: [Said; 3] = [|one| one.exact, |one| one.message, |_| 0];
    for (same, said) in [true, true, false].into_iter().zip(said) {
        for present in [true, false] {
            left.near(&index, (same, said, present), matched);
            left.elsewhere(class, (said, present), matched);
        }
    }
}

/// What has to be equal.
type Said = fn(&Identity) -> u64;

/// What is in no pair yet.
struct Left<'a> {
    stored: &'a [Stored],
    entries: &'a [Entry],
    used: BTreeSet<usize>,
    done: BTreeSet<usize>,
    rest: Vec<Rest>,
}

impl Left<'_> {
    fn take(&mut self, matched: &mut Matched, entry: usize, found: (usize, bool)) {
        self.used.insert(found.0);
        self.done.insert(entry);
        take(matched, entry, found);
    }

    /// Pairs those with places in common, the most first.
    fn near(&mut self, index: &Index, (same, said, present): (bool, Said, bool), matched: &mut Matched) {
        let mut ways = Vec::new();
        for one in self.rest.iter().filter(|one| !self.done.contains(&one.entry)) {
            let Some(entry) = self.entries.get(one.entry) else {
                continue;
            };
            for (at, common) in index.near(&one.places) {
                let Some(known) = self.stored.get(at) else {
                    continue;
                };
                let says = said(&known.identity) == said(&entry.identity);
                if says && known.present == present && pair::share_key(&known.identity, &entry.identity) {
                    let all = common == one.places.len();
                    let order = (&entry.identity, known.id);
                    ways.push((Reverse(common), order, (at, same && all), one.entry));
                }
            }
        }
        ways.sort();
        for (_, _, found, entry) in ways {
            if !self.used.contains(&found.0) && !self.done.contains(&entry) {
                self.take(matched, entry, found);
            }
        }
    }

    /// Pairs alerts that have no place in common any more: those that say the same, or any of one rule.
    fn elsewhere(&mut self, class: &Class, (said, present): (Said, bool), matched: &mut Matched) {
        let is_open = |at: &usize| {
            let one = self.stored.get(*at).filter(|_| !self.used.contains(at));
            one.is_some_and(|one| !one.verdict && one.present == present)
        };
        let mut known: Vec<_> = class.stored.iter().copied().filter(is_open).collect();
        known.sort_by_key(|at| self.stored.get(*at).map(|one| one.id));
        let mut open: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
        for at in known {
            if let Some(one) = self.stored.get(at) {
                open.entry(said(&one.identity)).or_default().push_back(at);
            }
        }
        let left = self.rest.iter().map(|one| one.entry);
        let left: Vec<_> = left.filter(|at| !self.done.contains(at)).collect();
        for at in left {
            let Some(entry) = self.entries.get(at) else {
                continue;
            };
            let Some(queue) = open.get_mut(&said(&entry.identity)) else {
                continue;
            };
            let fits = |at: &&usize| {
                let one = self.stored.get(**at);
                one.is_some_and(|one| pair::share_key(&one.identity, &entry.identity))
            };
            if let Some(one) = queue.front().filter(fits).copied() {
                queue.pop_front();
                self.take(matched, at, (one, false));
            }
        }
    }
}
