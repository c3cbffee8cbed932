//! What the model knows about one world's findings, and which finding an entry must be.

use std::fmt;

use base::Id;
use records::findings::Status;

use super::problem::{Flavor, Problem};

/// A finding in the model.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: Id,
    /// The problem when a scan report last contained it.
    pub(crate) last: Problem,
    /// The problem when a user gave a verdict on it.
    pub(crate) judged: Option<Problem>,
    pub(crate) status: Status,
    pub(crate) gone: bool,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gone = if self.gone { ", gone" } else { "" };
        write!(f, "{} {}{gone} of {:?}", self.id, self.status.name(), self.last)?;
        match &self.judged {
            Some(judged) if *judged != self.last => write!(f, ", judged as {judged:?}"),
            _ => Ok(()),
        }
    }
}

impl Known {
    pub(crate) fn is_present(&self) -> bool {
        !self.gone && self.status != Status::Closed
    }

    pub(crate) fn is_verdict(&self) -> bool {
        self.judged.is_some()
    }

    /// Whether the two have the same content, including numbers.
    pub(crate) fn has_same_place_and_content(&self, problem: &Problem, flavor: Flavor) -> bool {
        self.last.has_same_place(problem) && self.last.exact(flavor) == problem.exact(flavor)
    }

    /// Whether a verdict on it may cover this problem.
    pub(crate) fn covers(&self, problem: &Problem, flavor: Flavor) -> bool {
        let judged = self.judged.as_ref();
        judged.is_none_or(|judged| problem.is_covered_by(judged, flavor))
    }
}

/// The problems of one rule in one place: those of a scan report, and the known ones.
pub(crate) struct Siblings<'a> {
    pub(crate) flavor: Flavor,
    pub(crate) entries: Vec<&'a Problem>,
    pub(crate) known: Vec<&'a Known>,
    /// All of the same file, for any rule.
    file_entries: Vec<&'a Problem>,
    file_known: Vec<&'a Known>,
}

impl<'a> Siblings<'a> {
    pub(crate) fn of(problem: &Problem, flavor: Flavor, entries: &'a [Problem], known: &'a [Known]) -> Self {
        let neighbours = |one: &&Problem| one.has_same_place(problem);
        Self {
            flavor,
            entries: entries.iter().filter(neighbours).collect(),
            known: known
                .iter()
                .filter(|one| one.last.has_same_place(problem))
                .collect(),
            file_entries: entries.iter().filter(|one| one.file == problem.file).collect(),
            file_known: known.iter().filter(|one| one.last.file == problem.file).collect(),
        }
    }

    /// Those that the previous scan report contained.
    pub(crate) fn present(&self) -> impl Iterator<Item = &'a Known> {
        self.known.iter().copied().filter(|one| one.is_present())
    }

    /// The findings of this problem that the previous scan report contained.
    pub(crate) fn own(&self, problem: &Problem) -> Vec<&'a Known> {
        self.present()
            .filter(|one| one.last.truth == problem.truth)
            .collect()
    }

    pub(crate) fn added(&self) -> usize {
        added(&self.entries, &self.known)
    }

    pub(crate) fn removed(&self) -> usize {
        removed(&self.entries, &self.known)
    }

    pub(crate) fn changed(&self) -> usize {
        changed(&self.entries, &self.known, self.flavor)
    }

    fn touched(&self) -> usize {
        self.added() + self.removed() + self.changed()
    }

    pub(crate) fn has_twins(&self) -> bool {
        self.entries.iter().any(|one| one.twin) || self.known.iter().any(|one| one.last.twin)
    }

    /// Whether all known ones are from one moment: a scan report that closes nothing leaves old lines behind.
    fn has_moved(&self) -> bool {
        self.file_known
            .iter()
            .filter(|one| one.is_present())
            .any(|known| {
                let place = |one: &Problem| (one.line, one.column);
                let mut entries = self.file_entries.iter();
                entries.any(|one| one.truth == known.last.truth && place(one) != place(&known.last))
            })
    }

    fn is_touched(&self, problem: &Problem) -> bool {
        let own = self.own(problem);
        own.is_empty()
            || own
                .iter()
                .any(|one| one.last.exact(self.flavor) != problem.exact(self.flavor))
    }

    /// Whether no other problem of its rule and place, before or now, has the same content.
    pub(crate) fn is_unique(&self, problem: &Problem) -> bool {
        let known = self.known.iter().map(|one| &one.last);
        let mut others = self.entries.iter().copied().chain(known);
        !others
            .any(|one| one.truth != problem.truth && one.content(self.flavor) == problem.content(self.flavor))
    }

    /// Whether another problem shows by how many lines the file moved, and it has only one change.
    fn is_anchored(&self, problem: &Problem) -> bool {
        let (entries, known) = (&self.file_entries, &self.file_known);
        let touched = added(entries, known) + removed(entries, known) + changed(entries, known, self.flavor);
        let indented = self
            .file_known
            .iter()
            .filter(|one| one.is_present())
            .any(|known| {
                let mut entries = self.file_entries.iter();
                entries.any(|one| one.truth == known.last.truth && one.column != known.last.column)
            });
        let anchor = |one: &&&Problem| {
            let neighbours: Vec<_> = known
                .iter()
                .map(|one| &one.last)
                .chain(entries.iter().copied())
                .collect();
            let alone = !neighbours.iter().any(|other| {
                other.has_same_place(one)
                    && other.truth != one.truth
                    && other.content(self.flavor) == one.content(self.flavor)
            });
            let own = known
                .iter()
                .find(|known| known.is_present() && known.last.truth == one.truth);
            alone && own.is_some_and(|own| own.last.exact(self.flavor) == one.exact(self.flavor))
        };
        let others = entries.iter().filter(|one| one.truth != problem.truth);
        touched == 1 && !indented && others.filter(anchor).count() > 0
    }

    /// Whether the evidence decides which finding this problem is. If more than one of them changed at once, and for
    /// twins, the promises state how many findings there are, but not which is which.
    pub(crate) fn is_decided(&self, problem: &Problem) -> bool {
        if self.has_twins() {
            return false;
        }
        let (touched, unique) = (self.touched(), self.is_unique(problem));
        if self.has_moved() && touched > 0 {
            return touched == 1 && (unique || !self.is_touched(problem) && self.is_anchored(problem));
        }
        if self.is_touched(problem) {
            return touched == 1 && (unique || self.own(problem).is_empty());
        }
        touched <= 2 || unique
    }
}

fn is_of(known: &Known, problem: &Problem) -> bool {
    known.is_present() && known.last.truth == problem.truth
}

/// Problems that the previous scan report did not contain.
fn added(entries: &[&Problem], known: &[&Known]) -> usize {
    let new = |entry: &&&Problem| !known.iter().any(|known| is_of(known, entry));
    entries.iter().filter(new).count()
}

/// Findings whose problems the scan report does not contain.
fn removed(entries: &[&Problem], known: &[&Known]) -> usize {
    let gone = |known: &&&Known| known.is_present() && !entries.iter().any(|entry| is_of(known, entry));
    known.iter().filter(gone).count()
}

/// Problems with a different content than before.
fn changed(entries: &[&Problem], known: &[&Known], flavor: Flavor) -> usize {
    let other = |entry: &&&Problem| {
        let mut own = known.iter().filter(|known| is_of(known, entry));
        own.any(|known| known.last.exact(flavor) != entry.exact(flavor))
    };
    entries.iter().filter(other).count()
}
