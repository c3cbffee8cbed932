//! The list of findings, and what an import makes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use base::Id;
use formats::Identity;
use records::matching::{Entry, Found, Matched, Stored, match_group};

use crate::{
    change::Sources,
    problem::{Problem, hash},
};

/// A finding on the list.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) id: Id,
    /// The problem as it was when a report last held it.
    pub(crate) problem: Problem,
    identity: Identity,
    pub(crate) verdict: bool,
    pub(crate) present: bool,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.verdict { ", judged" } else { "" };
        let gone = if self.present { "" } else { ", gone" };
        write!(f, "finding of {:?}{verdict}{gone}", self.problem)
    }
}

/// An entry of a report with the problem it truly is.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) problem: Problem,
    identity: Identity,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    New { related: Option<Id> },
    Kept(Id),
    Twice,
}

#[derive(Debug, Default)]
pub(crate) struct List(pub(crate) Vec<Listed>);

/// The report of a moment, in the order that the seed gives; `twice` is written a second time word by word.
pub(crate) fn report(sources: &Sources, twice: usize, seed: u64) -> Vec<Written> {
    let mut written = Vec::new();
    for (at, problem) in sources.problems.iter().enumerate() {
        let names = sources.names(problem.rule);
        let mut write = |severity| {
            written.push(Written {
                problem: problem.clone(),
                identity: problem.identity(sources.flavor, names, severity),
            });
        };
        write(0);
        if problem.twin {
            write(1);
        }
        if at == twice {
            write(0);
        }
    }
    shuffle(&mut written, seed);
    written
}

fn shuffle<T>(list: &mut Vec<T>, seed: u64) {
    let mut keyed: Vec<_> = list.drain(..).enumerate().collect();
    keyed.sort_by_key(|(at, _)| hash((seed, at)));
    list.extend(keyed.into_iter().map(|(_, one)| one));
}

impl List {
    pub(crate) fn get(&self, id: Id) -> &Listed {
        self.0.iter().find(|one| one.id == id).unwrap()
    }

    /// What becomes of each entry; the same whatever the order of findings and entries.
    pub(crate) fn matched(&self, report: &[Written], seed: u64) -> Vec<Fate> {
        let mut fates = vec![Fate::Twice; report.len()];
        let groups: BTreeSet<u128> = report.iter().map(|entry| entry.identity.group).collect();
        for group in groups {
            let mut stored: Vec<&Listed> = self.0.iter().filter(|one| one.identity.group == group).collect();
            let mut entries: Vec<usize> = (0..report.len())
                .filter(|at| report[*at].identity.group == group)
                .collect();
            let first = of_group(&stored, &entries, report);
            shuffle(&mut stored, seed);
            shuffle(&mut entries, seed);
            let other = of_group(&stored, &entries, report);
            assert_eq!(said(report, &first), said(report, &other), "the order counts");
            for (at, fate) in first {
                fates[at] = fate;
            }
        }
        fates
    }

    /// Takes a report as an import does.
    pub(crate) fn take(&mut self, report: &[Written], fates: &[Fate]) {
        for listed in &mut self.0 {
            listed.present = false;
        }
        for (entry, fate) in report.iter().zip(fates) {
            // Stored evidence is read from a text.
            let text = entry.identity.to_text();
            let identity = Identity::from_text(entry.identity.group, &text).unwrap();
            match fate {
                Fate::Twice => {}
                Fate::New { .. } => self.0.push(Listed {
                    id: id(self.0.len()),
                    problem: entry.problem.clone(),
                    identity,
                    verdict: false,
                    present: true,
                }),
                Fate::Kept(id) => {
                    let listed = self.0.iter_mut().find(|one| one.id == *id).unwrap();
                    listed.problem = entry.problem.clone();
                    listed.identity = identity;
                    listed.present = true;
                }
            }
        }
    }
}

/// An id; ids say nothing about which finding is older.
fn id(number: usize) -> Id {
    let half = hash(("id", number)).to_be_bytes();
    Id::from_bytes([half, half].concat().try_into().unwrap())
}

/// What matching says of the entries of one group, each with its place in the report.
fn of_group(listed: &[&Listed], entries: &[usize], report: &[Written]) -> Vec<(usize, Fate)> {
    let stored: Vec<_> = listed
        .iter()
        .map(|one| Stored {
            id: one.id,
            identity: one.identity.clone(),
            verdict: one.verdict,
            present: one.present,
        })
        .collect();
    let read: Vec<_> = (0..)
        .zip(entries)
        .map(|(index, at)| Entry {
            index,
            identity: report[*at].identity.clone(),
        })
        .collect();
    let matched = match_group(&stored, &read);
    assert_eq!(matched.entries.len(), entries.len());
    let related: BTreeMap<usize, Id> = matched
        .related
        .iter()
        .map(|(judged, entry)| (*entry, stored[*judged].id))
        .collect();
    let mut used = BTreeSet::new();
    let mut fates = Vec::new();
    for (at, found) in matched.entries.iter().enumerate() {
        let fate = match found {
            Found::New => Fate::New {
                related: related.get(&at).copied(),
            },
            Found::Same { stored: one, content } => {
                assert!(used.insert(*one), "a finding is used twice");
                assert!(*content || !stored[*one].verdict, "a verdict without content");
                Fate::Kept(stored[*one].id)
            }
            Found::Duplicate(other) => {
                assert_same(&read, at, *other, &matched);
                Fate::Twice
            }
        };
        fates.push((entries[at], fate));
    }
    fates
}

/// Only what is equal in all an analyst can see is one (promise M6), and the other one counts.
fn assert_same(entries: &[Entry], at: usize, other: u32, matched: &Matched) {
    let other = entries.iter().position(|entry| entry.index == other).unwrap();
    assert_eq!(entries[at].identity, entries[other].identity, "they differ");
    assert!(
        !matches!(matched.entries[other], Found::Duplicate(_)),
        "neither of the two counts"
    );
}

/// What became of which words: entries that are equal are interchangeable.
fn said<'r>(report: &'r [Written], fates: &[(usize, Fate)]) -> Vec<(&'r Identity, Fate)> {
    let said = fates
        .iter()
        .map(|(at, fate)| (&report[*at].identity, fate.clone()));
    let mut said: Vec<_> = said.collect();
    said.sort();
    said
}
