//! What the lines say, once all other evidence is assigned: the lines of neighbors move alike.
//!
//! Owns: which suggested pairs hold, above all under a verdict, and the pairs of changed code on its old line.

use std::collections::BTreeMap;

use formats::Identity;

use super::{Entry, Found, Matched, Stored, classes::Class, levels::Pair, pair};

/// How the lines of a place moved: by how many from each stored line on.
#[derive(Default)]
struct Moves(BTreeMap<u32, Vec<(usize, i64)>>);

impl Moves {
    fn of(stored: &[Stored], entries: &[Entry], pairs: &[Pair]) -> Self {
        let mut moves = Self::default();
        for pair in pairs {
            let (Some(one), Some(other)) = (stored.get(pair.stored), entries.get(pair.entry)) else {
                continue;
            };
            let (from, to) = (one.identity.line, other.identity.line);
            if from > 0 && to > 0 {
                moves
                    .0
                    .entry(from)
                    .or_default()
                    .push((pair.stored, i64::from(to) - i64::from(from)));
            }
        }
        moves
    }

    /// The moves of the nearest neighbors before and behind this line, without the one that asks.
    fn around(&self, line: u32, but: usize) -> Vec<i64> {
        let other = |moves: &Vec<(usize, i64)>| moves.iter().find(|(at, _)| *at != but).map(|(_, by)| *by);
        let before = self.0.range(..=line).rev().find_map(|(_, moves)| other(moves));
        let behind = self.0.range(line..).find_map(|(_, moves)| other(moves));
        before.into_iter().chain(behind).collect()
    }
}

/// Settles the suggested pairs of a group, then pairs what has changed on its old line.
pub(super) fn settle(
    stored: &[Stored],
    entries: &[Entry],
    classes: &[Class],
    pairs: Vec<Pair>,
    matched: &mut Matched,
) {
    let moves = Moves::of(stored, entries, &pairs);
    let mut taken = vec![false; stored.len()];
    for suggested in pairs {
        let (Some(one), Some(entry)) = (stored.get(suggested.stored), entries.get(suggested.entry)) else {
            continue;
        };
        let content = pair::covers(
            &one.identity,
            &entry.identity,
            is_steady(&moves, one, entry, suggested),
        );
        if content || !one.verdict {
            take(matched, &mut taken, (suggested.stored, suggested.entry), content);
        } else {
            matched.related.push((suggested.stored, suggested.entry));
        }
    }
    for class in classes.iter().filter(|class| !class.has_places(stored, entries)) {
        for level in 0..3 {
            changed(
                stored,
                entries,
                (class, level),
                &moves,
                (&mut *matched, &mut taken),
            );
        }
        unmoved(stored, entries, class, (&mut *matched, &mut taken));
        relate(stored, class, &taken, matched);
    }
}

/// Whether the line is where it was, or moved as its neighbors did; without neighbors, whether there was nothing to
/// choose.
fn is_steady(moves: &Moves, one: &Stored, entry: &Entry, suggested: Pair) -> bool {
    let (from, to) = (one.identity.line, entry.identity.line);
    if from == to {
        return true;
    }
    let by = i64::from(to) - i64::from(from);
    let around = moves.around(from, suggested.stored);
    if around.is_empty() {
        suggested.even
    } else {
        around.contains(&by)
    }
}

fn take(matched: &mut Matched, taken: &mut [bool], (stored, entry): (usize, usize), content: bool) {
    if let (Some(found), Some(slot)) = (matched.entries.get_mut(entry), taken.get_mut(stored)) {
        *found = Found::Same { stored, content };
        *slot = true;
    }
}

/// Entries whose code or message changed, where they were: the line is the old one, moved as its neighbors were. First
/// those that say the same, then those that were on the line alone, last those without lines. Never under a verdict.
fn changed(
    stored: &[Stored],
    entries: &[Entry],
    (class, level): (&Class, u8),
    moves: &Moves,
    (matched, taken): (&mut Matched, &mut Vec<bool>),
) {
    let mut by_line: BTreeMap<(i64, u64), Vec<usize>> = BTreeMap::new();
    let message = |message: u64| if level == 0 { message } else { 0 };
    for at in class.entries.iter().copied() {
        let Some(entry) = entries
            .get(at)
            .filter(|_| matched.entries.get(at) == Some(&Found::New))
        else {
            continue;
        };
        let key = (i64::from(entry.identity.line), message(entry.identity.message));
        by_line.entry(key).or_default().push(at);
    }
    for at in class.stored.iter().copied() {
        let Some(one) = stored
            .get(at)
            .filter(|one| !one.verdict && taken.get(at) == Some(&false))
        else {
            continue;
        };
        let line = one.identity.line;
        if (line == 0) != (level == 2) && level != 0 {
            continue;
        }
        let by = if line == 0 {
            None
        } else {
            moves.around(line, at).first().copied()
        };
        let key = (i64::from(line) + by.unwrap_or(0), message(one.identity.message));
        let Some(found) = by_line.get_mut(&key) else {
            continue;
        };
        let fits = |entry: &usize| {
            let entry = entries.get(*entry).map(|entry| &entry.identity);
            let may = |entry: &Identity| level == 0 || !pair::differs(one.identity.code, entry.code);
            entry.is_some_and(|entry| pair::share_key(&one.identity, entry) && may(entry))
        };
        if let Some(place) = found.iter().position(fits) {
            let entry = found.remove(place);
            take(matched, taken, (at, entry), false);
        }
    }
}

/// The last entry of a class and its last finding, on one line and with one message: changed code, where it was. What
/// is reported for a whole block or file begins on the same line also where lines inserted in it moved its neighbors.
/// Never under a verdict.
fn unmoved(
    stored: &[Stored],
    entries: &[Entry],
    class: &Class,
    (matched, taken): (&mut Matched, &mut Vec<bool>),
) {
    let is_left = |at: &&usize| taken.get(**at) == Some(&false);
    let is_new = |at: &&usize| matched.entries.get(**at) == Some(&Found::New);
    let left: Vec<_> = class.stored.iter().filter(is_left).collect();
    let new: Vec<_> = class.entries.iter().filter(is_new).collect();
    let ([one_at], [entry_at]) = (left.as_slice(), new.as_slice()) else {
        return;
    };
    let (Some(one), Some(entry)) = (stored.get(**one_at), entries.get(**entry_at)) else {
        return;
    };
    let (old, now) = (&one.identity, &entry.identity);
    let same = old.line == now.line && pair::agrees(old.message, now.message) && pair::share_key(old, now);
    if same && !one.verdict {
        take(matched, taken, (**one_at, **entry_at), false);
    }
}

/// Notes which judged finding an entry that is new differs from.
fn relate(stored: &[Stored], class: &Class, taken: &[bool], matched: &mut Matched) {
    let judged =
        |at: &&usize| taken.get(**at) == Some(&false) && stored.get(**at).is_some_and(|one| one.verdict);
    let Some(judged) = class.stored.iter().find(judged).copied() else {
        return;
    };
    for entry in &class.entries {
        let new = matched.entries.get(*entry) == Some(&Found::New);
        if new && matched.related.iter().all(|(_, other)| other != entry) {
            matched.related.push((judged, *entry));
        }
    }
}
