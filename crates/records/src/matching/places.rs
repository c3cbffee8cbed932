//! Entries that keep their identity while their places come and go: an alert with a list of URLs.
//!
//! Owns: that a verdict covers the places it was given for and no others (promise M4).

use std::collections::BTreeSet;

use super::{Entry, Found, Matched, Stored, classes::Class, pair};

/// What of an entry no verdict covers.
struct Rest {
    entry: usize,
    places: BTreeSet<u64>,
}

/// Assigns the entries of a class.
pub(super) fn assign(stored: &[Stored], entries: &[Entry], class: &Class, matched: &mut Matched) {
    let mut rest = Vec::new();
    for at in class.entries.iter().copied() {
        let Some(entry) = entries.get(at) else { continue };
        let mut places: BTreeSet<u64> = entry.identity.places.iter().copied().collect();
        let mut by: Vec<(usize, usize)> = Vec::new();
        for judged in class.stored.iter().copied() {
            let Some(one) = stored.get(judged).filter(|one| one.verdict) else {
                continue;
            };
            if !pair::share_key(&one.identity, &entry.identity) || differ(one, entry, class, entries) {
                continue;
            }
            let before = places.len();
            places.retain(|place| one.identity.places.binary_search(place).is_err());
            if places.len() < before {
                by.push((before - places.len(), judged));
            }
        }
        by.sort_by_key(|(count, judged)| (std::cmp::Reverse(*count), stored.get(*judged).map(|one| one.id)));
        if !by.is_empty() {
            matched
                .covered
                .push((at, by.iter().map(|(_, judged)| *judged).collect()));
        }
        match by.first() {
            Some((_, judged)) if places.is_empty() => {
                if let Some(found) = matched.entries.get_mut(at) {
                    *found = Found::Same {
                        stored: *judged,
                        content: true,
                    };
                }
            }
            _ => rest.push(Rest { entry: at, places }),
        }
    }
    unjudged(stored, entries, (class, rest), matched);
}

/// Whether a judged alert and an entry say different things; where all entries of the class say the same, another
/// wording is the tool's new one.
fn differ(one: &Stored, entry: &Entry, class: &Class, entries: &[Entry]) -> bool {
    let message = entry.identity.message;
    let others = class.entries.iter().filter_map(|at| entries.get(*at));
    let several = others.into_iter().any(|other| other.identity.message != message);
    several && pair::differs(one.identity.message, message)
}

/// Pairs what is left with the findings that nobody has judged: those that say the same and share the most places first.
fn unjudged(stored: &[Stored], entries: &[Entry], (class, rest): (&Class, Vec<Rest>), matched: &mut Matched) {
    let mut ways = Vec::new();
    for one in &rest {
        let Some(entry) = entries.get(one.entry) else {
            continue;
        };
        for at in class.stored.iter().copied() {
            let Some(known) = stored.get(at).filter(|known| !known.verdict) else {
                continue;
            };
            if pair::share_key(&known.identity, &entry.identity) {
                let same = !pair::differs(known.identity.message, entry.identity.message);
                let common = known
                    .identity
                    .places
                    .iter()
                    .filter(|place| one.places.contains(place))
                    .count();
                let order = (&entry.identity, known.id);
                let all = common == one.places.len();
                ways.push((
                    std::cmp::Reverse((same, common)),
                    order,
                    (at, same && all),
                    one.entry,
                ));
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
        if let Some(found) = matched.entries.get_mut(entry) {
            *found = Found::Same { stored: at, content };
        }
    }
}
