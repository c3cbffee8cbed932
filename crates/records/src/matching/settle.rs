//! What the lines say, once all other evidence is assigned: the lines of neighbors move alike.
//!
//! Owns: which suggested pairs hold, above all under a verdict, and the pairs of changed code on its old line.

use std::collections::{BTreeMap, BTreeSet};

use formats::Identity;

use super::{
    classes::Class,
    group::{Entry, Found, Matched, Stored},
    levels::Pair,
    moves::Moves,
    pair,
};

/// Entries that are looked at for one line, at most.
const AT_LINE: usize = 64;

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
            (is_steady(&moves, one, entry, suggested), suggested.even),
        );
        if content || !one.verdict {
            take(matched, &mut taken, (suggested.stored, suggested.entry), content);
        } else if one.present {
            // One that is gone is linked only if no present one is left.
            matched.related.push((suggested.stored, suggested.entry));
        }
    }
    for class in classes {
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
        relate(stored, entries, class, &taken, matched);
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
    match moves.around(from, suggested.stored) {
        (None, None) => suggested.even,
        (before, behind) => before == Some(by) || behind == Some(by),
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
        let line = if line == 0 { 0 } else { moves.expected(line, at) };
        let key = (line, message(one.identity.message));
        let Some(found) = by_line.get_mut(&key) else {
            continue;
        };
        let fits = |entry: &usize| {
            let entry = entries.get(*entry).map(|entry| &entry.identity);
            let may = |entry: &Identity| {
                level == 0 && entry.message != 0 || !pair::differs(one.identity.code, entry.code)
            };
            // What is alike but for its position was left apart already.
            let is_apart = |entry: &Identity| entry.message != 0 && pair::is_alike(&one.identity, entry);
            entry.is_some_and(|entry| pair::share_key(&one.identity, entry) && may(entry) && !is_apart(entry))
        };
        if let Some(place) = found.iter().take(AT_LINE).position(fits) {
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

/// Notes which judged finding an entry that is new differs from: of those that the report before held, else of all, the
/// nearest one.
fn relate(stored: &[Stored], entries: &[Entry], class: &Class, taken: &[bool], matched: &mut Matched) {
    let is_left =
        |at: &usize| taken.get(*at) == Some(&false) && stored.get(*at).is_some_and(|one| one.verdict);
    let judged: Vec<usize> = class.stored.iter().copied().filter(is_left).collect();
    let is_present = |at: &usize| stored.get(*at).is_some_and(|one| one.present);
    let (present, gone): (Vec<_>, Vec<_>) = judged.into_iter().partition(is_present);
    let mut near = if present.is_empty() { gone } else { present };
    let place = |identity: &Identity| (identity.line, identity.rank);
    near.sort_by_cached_key(|at| stored.get(*at).map(|one| (place(&one.identity), one.id)));
    let noted: BTreeSet<usize> = matched.related.iter().map(|(_, entry)| *entry).collect();
    for at in &class.entries {
        let Some(entry) = entries.get(*at).filter(|_| !noted.contains(at)) else {
            continue;
        };
        if matched.entries.get(*at) != Some(&Found::New) {
            continue;
        }
        let here = place(&entry.identity);
        let behind =
            near.partition_point(|at| stored.get(*at).is_some_and(|one| place(&one.identity) < here));
        let around = [behind.checked_sub(1), Some(behind)].into_iter().flatten();
        let distance = |at: &usize| {
            let there = stored
                .get(*at)
                .map(|one| place(&one.identity))
                .unwrap_or_default();
            (there.0.abs_diff(here.0), there.1.abs_diff(here.1))
        };
        let nearest = around
            .filter_map(|place| near.get(place).copied())
            .min_by_key(distance);
        matched.related.extend(nearest.map(|judged| (judged, *at)));
    }
}
