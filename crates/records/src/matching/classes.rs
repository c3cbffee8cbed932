//! A group, split into what can be the same at all.
//!
//! Owns: the names of rules, which an entry may have several of (a CVE, its GHSA), and entries that are written twice.

use std::collections::HashMap;

use super::group::{Entry, Found, Matched, Stored};

/// Stored findings and entries whose rules have a name in common; sorted, so that their order in the report is lost.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) stored: Vec<usize>,
    pub(super) entries: Vec<usize>,
}

impl Class {
    /// Whether one of them keeps its identity while its places come and go.
    pub(super) fn has_places(&self, stored: &[Stored], entries: &[Entry]) -> bool {
        let of_entry = |at: &usize| {
            entries
                .get(*at)
                .is_some_and(|entry| !entry.identity.places.is_empty())
        };
        let of_stored = |at: &usize| stored.get(*at).is_some_and(|one| !one.identity.places.is_empty());
        self.entries.iter().any(of_entry) || self.entries.is_empty() && self.stored.iter().any(of_stored)
    }
}

/// Splits a group; an entry that is written twice is marked and left out.
pub(super) fn split(stored: &[Stored], entries: &[Entry], matched: &mut Matched) -> Vec<Class> {
    let singles = singles(entries, matched);
    let mut names = Names::default();
    let of_stored: Vec<_> = stored.iter().map(|one| names.join(&one.identity.keys)).collect();
    let of_entries: Vec<_> = singles
        .iter()
        .filter_map(|at| entries.get(*at))
        .map(|entry| names.join(&entry.identity.keys))
        .collect();
    let mut classes: HashMap<usize, Class> = HashMap::new();
    for (at, set) in of_stored.into_iter().enumerate() {
        classes.entry(names.root(set)).or_default().stored.push(at);
    }
    for (at, set) in singles.into_iter().zip(of_entries) {
        classes.entry(names.root(set)).or_default().entries.push(at);
    }
    let mut classes: Vec<_> = classes.into_values().collect();
    for class in &mut classes {
        class
            .stored
            .sort_by_key(|at| stored.get(*at).map(|one| (&one.identity, one.id)));
        class
            .entries
            .sort_by_key(|at| entries.get(*at).map(|entry| &entry.identity));
    }
    classes.sort_by_cached_key(|class| {
        let first = class
            .entries
            .first()
            .and_then(|at| entries.get(*at))
            .map(|entry| entry.identity.clone());
        let other = class
            .stored
            .first()
            .and_then(|at| stored.get(*at))
            .map(|one| one.identity.clone());
        (first, other)
    });
    classes
}

/// The entries without those that say all of it once more.
fn singles(entries: &[Entry], matched: &mut Matched) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| entries.get(*at).map(|entry| (&entry.identity, entry.index)));
    let mut singles: Vec<usize> = Vec::with_capacity(order.len());
    for at in order {
        let first = singles.last().and_then(|last| entries.get(*last));
        let entry = entries.get(at);
        match (first, entry) {
            (Some(first), Some(entry)) if first.identity == entry.identity => {
                if let Some(found) = matched.entries.get_mut(at) {
                    *found = Found::Duplicate(first.index);
                }
            }
            _ => singles.push(at),
        }
    }
    singles
}

/// Sets of names that belong together (union and find).
#[derive(Default)]
struct Names {
    of: HashMap<u64, usize>,
    parents: Vec<usize>,
}

impl Names {
    /// The set these names are in, made one where they were in several.
    fn join(&mut self, keys: &[u64]) -> usize {
        let mut set = None;
        for key in keys.iter().filter(|key| **key != 0) {
            let fresh = self.parents.len();
            let known = *self.of.entry(*key).or_insert(fresh);
            if known == fresh {
                self.parents.push(fresh);
            }
            let root = self.root(known);
            match set {
                None => set = Some(root),
                Some(other) if other != root => {
                    if let Some(parent) = self.parents.get_mut(root) {
                        *parent = other;
                    }
                }
                Some(_) => {}
            }
        }
        set.unwrap_or_else(|| {
            self.parents.push(self.parents.len());
            self.parents.len() - 1
        })
    }

    fn root(&mut self, mut set: usize) -> usize {
        while let Some(&parent) = self.parents.get(set).filter(|parent| **parent != set) {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(set) {
                *slot = above;
            }
            set = above;
        }
        set
    }
}
