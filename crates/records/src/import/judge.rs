//! Decides the outcome of the entries of a portion.
//!
//! Owns: whether a finding is new, known, found again or still present, and what changes. It only reads: an import
//! writes the result afterwards ([`portion`](super::portion)), a preview counts it. Must not: match; the plan has done
//! that.

use std::collections::{BTreeMap, BTreeSet};

use base::Id;
use formats::{Found, Identity};
use store::Tx;

use super::{
    content::Content,
    plan::Match,
    work::{Slot, Work},
};
use crate::{
    Refused, Settings,
    findings::{
        self, Change, Finding, Status,
        evidence::{self, Evidence},
        import as found_again,
    },
};

/// An entry, and its match.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) found: Found,
    pub(super) slot: usize,
    pub(super) matched: Match,
    /// Findings with a verdict that cover some of its places.
    pub(super) covered: Vec<Id>,
    /// The finding with a verdict from which it differs.
    pub(super) related: Option<Id>,
}

/// A step in a finding's history caused by a scan report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    None,
    /// It was closed and is found again.
    Reopen,
    /// It was reported as fixed and is still present.
    StillFound,
}

/// The outcome of an entry.
#[derive(Debug)]
pub(super) enum Action {
    Create {
        slot: usize,
        found: Box<Found>,
        related: Option<Id>,
        /// Findings that cover some of its places, and so were seen.
        seen: Vec<Id>,
    },
    /// It was only seen, unless a later scan report is known.
    Keep {
        seen: Vec<Id>,
    },
    Change(Box<Changing>),
}

/// A known finding, and its outcome.
#[derive(Debug)]
pub(super) struct Changing {
    pub(super) slot: usize,
    pub(super) finding: Finding,
    pub(super) step: Step,
    pub(super) change: Change,
    /// Whether people are notified of the change.
    pub(super) announced: bool,
    /// Whether everything except the severity changes without an event.
    pub(super) silent: bool,
    pub(super) before: Option<Evidence>,
    pub(super) evidence: Option<Evidence>,
    pub(super) seen: Vec<Id>,
}

/// Decides the outcome of these entries. It only reads; `lock` locks the findings for [`perform`].
///
/// # Errors
/// The store's.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    work: &Work,
    entries: &[Incoming],
    lock: bool,
) -> Result<Vec<Action>, Refused> {
    let company = work.place.company.id;
    let settings = if lock {
        work.settings.of(tx, company)?
    } else {
        work.settings.current_of(tx, company)?
    };
    let ids = unique(entries.iter());
    let mut stored = evidence::with_status(tx, &ids, lock)?;
    let same: Vec<bool> = entries
        .iter()
        .map(|entry| is_same(work, entry, &stored))
        .collect();
    // Most entries of most scan reports are unchanged: their findings are not even read.
    let rest = || entries.iter().zip(&same).filter(|(_, same)| !**same);
    let ids = unique(rest().map(|(entry, _)| entry));
    let mut known = if lock {
        found_again::get_for_update(tx, company, &ids)?
    } else {
        found_again::get(tx, company, &ids)?
    };
    let mut actions = Vec::with_capacity(entries.len());
    for (entry, same) in entries.iter().zip(same) {
        let mut judging = Judging {
            work,
            settings: &settings,
            stored: &mut stored,
        };
        actions.push(match (same, entry.matched) {
            (true, Match::Same(id, _)) => Action::Keep {
                seen: entry.seen(work, Some(id)),
            },
            _ => judging.entry(tx, entry, &mut known)?,
        });
    }
    Ok(actions)
}

/// The findings of these entries, each once.
fn unique<'e>(entries: impl Iterator<Item = &'e Incoming>) -> Vec<Id> {
    let ids: BTreeSet<Id> = entries.flat_map(Incoming::findings).collect();
    ids.into_iter().collect()
}

/// Whether an entry about an open finding is the same as before, word for word.
fn is_same(work: &Work, entry: &Incoming, stored: &BTreeMap<Id, (Status, Evidence)>) -> bool {
    let (Match::Same(id, _), true) = (entry.matched, entry.covered.is_empty()) else {
        return false;
    };
    let target = work.targets.get(entry.slot).and_then(|slot| slot.id);
    let (Some((Status::Open | Status::InProgress, before)), Some(target)) = (stored.get(&id), target) else {
        return false;
    };
    *before == Evidence::of(target, &entry.found, Content::of(&entry.found).0)
}

impl Incoming {
    fn findings(&self) -> impl Iterator<Item = Id> {
        let same = match self.matched {
            Match::Same(id, _) | Match::Adopted(id) => Some(id),
            Match::New | Match::Duplicate(_) => None,
        };
        same.into_iter().chain(self.covered.iter().copied())
    }

    /// The findings that it confirms as present, unless a later scan report is known.
    fn seen(&self, work: &Work, id: Option<Id>) -> Vec<Id> {
        if work.targets.get(self.slot).is_some_and(|slot| slot.older) {
            return Vec::new();
        }
        self.covered.iter().copied().chain(id).collect()
    }
}

struct Judging<'a> {
    work: &'a Work,
    settings: &'a Settings,
    stored: &'a mut BTreeMap<Id, (Status, Evidence)>,
}

impl Judging<'_> {
    fn entry(
        &mut self,
        tx: &mut Tx<'_>,
        entry: &Incoming,
        known: &mut BTreeMap<Id, Finding>,
    ) -> Result<Action, Refused> {
        let older = self.work.targets.get(entry.slot).is_some_and(|slot| slot.older);
        let mut found = entry.found.clone();
        let covered = self.covered(entry, known);
        if !covered.is_empty() {
            found.leave_out(&covered);
        }
        let (id, content, adopted) = match entry.matched {
            Match::Same(id, content) => (id, content, false),
            Match::Adopted(id) => (id, true, true),
            Match::New | Match::Duplicate(_) => return Ok(create(entry, found, entry.seen(self.work, None))),
        };
        let Some(finding) = known.remove(&id) else {
            return Ok(create(entry, found, entry.seen(self.work, None)));
        };
        let verdict = finding.status.is_verdict();
        if verdict && !content {
            known.insert(id, finding);
            return Ok(Action::Create {
                slot: entry.slot,
                found: Box::new(found),
                related: Some(id),
                seen: entry.seen(self.work, None),
            });
        }
        // An old verdict covers the places of the first scan report that matches it.
        if older || verdict && !adopted && !entry.found.spots.is_empty() {
            // It may also cover places of other entries.
            known.insert(id, finding);
            return Ok(Action::Keep {
                seen: entry.seen(self.work, Some(id)),
            });
        }
        self.change(
            tx,
            entry,
            (finding, found, adopted),
            entry.seen(self.work, Some(id)),
        )
    }

    /// The places of an entry that are covered by verdicts.
    fn covered(&self, entry: &Incoming, known: &BTreeMap<Id, Finding>) -> BTreeSet<u64> {
        let judged = entry.covered.iter().filter(|id| {
            let finding = known.get(*id);
            finding.is_some_and(|finding| finding.status.is_verdict())
        });
        let places = judged
            .filter_map(|id| self.stored.get(id))
            .filter_map(|(_, one)| Identity::from_text(0, &one.identity));
        places.flat_map(|identity| identity.places).collect()
    }

    fn change(
        &mut self,
        tx: &mut Tx<'_>,
        entry: &Incoming,
        (finding, found, adopted): (Finding, Found, bool),
        seen: Vec<Id>,
    ) -> Result<Action, Refused> {
        let slot = self.work.targets.get(entry.slot);
        let content = Content::of(&found);
        let before = self.stored.remove(&finding.id).map(|(_, before)| before);
        let last = before.as_ref().map(|before| Content(before.content.clone()));
        let changes = if adopted {
            content.severity(last.as_ref(), &found)
        } else {
            content.changes(last.as_ref(), &found)
        };
        // A false positive or duplicate is a user's final decision: only the location is kept up to date.
        let judged = matches!(finding.status, Status::FalsePositive | Status::Duplicate);
        let (change, silent) = if judged {
            (Change::default(), Some(changes.only_location(&finding)))
        } else {
            let adopting = adopted.then(|| content.adopted(last.as_ref(), &finding, &found));
            (changes, adopting)
        };
        let step = match finding.status {
            Status::Closed => Step::Reopen,
            Status::Retest if still_found(tx, &finding, slot)? => Step::StillFound,
            _ => Step::None,
        };
        let announced = findings::change::would_change(&finding, change.clone(), self.settings);
        // What the finding does not adopt under a verdict is new once the verdict ends.
        let content = match last.as_ref().filter(|_| judged) {
            Some(last) => content.under_verdict(last),
            None => content,
        };
        let evidence = slot
            .and_then(|slot| slot.id)
            .map(|target| Evidence::of(target, &found, content.0));
        let evidence = evidence.filter(|evidence| before.as_ref() != Some(evidence));
        if step == Step::None && evidence.is_none() && change == Change::default() {
            return Ok(Action::Keep { seen });
        }
        let (change, silent) = match silent {
            Some(silent) => (
                Change {
                    severity: change.severity,
                    ..silent
                },
                true,
            ),
            None => (change, false),
        };
        Ok(Action::Change(Box::new(Changing {
            slot: entry.slot,
            finding,
            step,
            change,
            announced,
            silent,
            before,
            evidence,
            seen,
        })))
    }
}

fn create(entry: &Incoming, found: Found, seen: Vec<Id>) -> Action {
    Action::Create {
        slot: entry.slot,
        found: Box::new(found),
        related: entry.related,
        seen,
    }
}

/// Whether a scan report is newer than the report that the finding is fixed.
fn still_found(tx: &mut Tx<'_>, finding: &Finding, slot: Option<&Slot>) -> Result<bool, Refused> {
    let since = found_again::retest_since(tx, finding.id)?;
    let reported_at = slot.map(|slot| slot.reported_at);
    Ok(since.is_none_or(|since| reported_at.is_some_and(|at| at > since)))
}
