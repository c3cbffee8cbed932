//! A portion of a report: what it changes, and the change itself.
//!
//! Owns: what becomes of a finding that is new, known, back, still there or gone ([`judge`], which only reads) and writing
//! that down ([`perform`]). Must not: write a finding but through `findings`, or leave a transaction open while a file
//! is read.

use std::collections::{BTreeMap, BTreeSet};

use access::Problem;
use base::{Id, Severity, Time};
use formats::{Found, Identity};
use serde::Serialize;
use store::Tx;

use super::{lease, plan::Is, said::Said, undo};
use crate::{
    By, Named, Place, Settings,
    findings::{
        self, Change, Context, Finding, New, Status,
        evidence::{self, Evidence},
        import as found_again,
    },
};

/// How many findings one transaction takes at most.
pub(super) const PORTION: usize = 250;

// A portion asks for its findings in one statement.
const _: () = assert!(PORTION <= found_again::CHUNK);

/// What stays the same over all portions of an import.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) place: Place,
    /// Who imports, and into which scan.
    pub(super) by: By,
    /// The scan; none for a preview.
    pub(super) scan: Option<Id>,
    pub(super) targets: Vec<Slot>,
    /// The settings of every company. Each portion asks for this one's: an import may take its time.
    pub(super) settings: Settings,
}

/// A target of an import.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Its id; none where a preview meets one that is not known yet.
    pub(super) id: Option<Id>,
    pub(super) tool: String,
    pub(super) name: String,
    /// When the report was made, by its own clock where it has one.
    pub(super) reported_at: Time,
    /// Whether a later report is known: then only what is nowhere on the list is taken.
    pub(super) older: bool,
    /// The asset with this identifier.
    pub(super) asset: Option<Named>,
}

/// An entry, and what it is.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) found: Found,
    pub(super) slot: usize,
    pub(super) is: Is,
    /// Findings with a verdict that cover some of its places.
    pub(super) covered: Vec<Id>,
    /// The judged finding it differs from.
    pub(super) related: Option<Id>,
}

/// What portions did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) reopened: u64,
    pub(super) closed: u64,
    pub(super) unchanged: u64,
    pub(super) severities: Severities,
    /// Who sees to the findings that changed.
    pub(super) users: BTreeSet<Id>,
    pub(super) teams: BTreeSet<Id>,
}

/// How many findings of each severity were created, reopened, got worse and were closed.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = ImportSeverities)]
pub struct Severities {
    /// New ones.
    pub created: BTreeMap<Severity, u64>,
    /// Those that were closed and are back.
    pub reopened: BTreeMap<Severity, u64>,
    /// Those whose severity rose, by the new one.
    pub worse: BTreeMap<Severity, u64>,
    /// Those that are gone.
    pub closed: BTreeMap<Severity, u64>,
}

fn count(counts: &mut BTreeMap<Severity, u64>, severity: Severity) {
    *counts.entry(severity).or_default() += 1;
}

fn merge(counts: &mut BTreeMap<Severity, u64>, other: BTreeMap<Severity, u64>) {
    for (severity, more) in other {
        *counts.entry(severity).or_default() += more;
    }
}

impl Tally {
    /// Takes another portion's in.
    pub(super) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.reopened += other.reopened;
        self.closed += other.closed;
        self.unchanged += other.unchanged;
        merge(&mut self.severities.created, other.severities.created);
        merge(&mut self.severities.reopened, other.severities.reopened);
        merge(&mut self.severities.worse, other.severities.worse);
        merge(&mut self.severities.closed, other.severities.closed);
        self.users.extend(other.users);
        self.teams.extend(other.teams);
    }

    /// Notes who sees to a finding that changed.
    fn concerns(&mut self, finding: &Finding) {
        self.users.extend(finding.users.iter().map(|user| user.id));
        self.teams.extend(finding.teams.iter().map(|team| team.id));
    }

    fn take(&mut self, action: &Action) {
        match action {
            Action::Create { found, .. } => {
                self.created += 1;
                count(&mut self.severities.created, found.severity);
            }
            Action::Keep { .. } => self.unchanged += 1,
            Action::Change {
                finding,
                step,
                change,
                told,
                ..
            } => {
                let severity = change.severity.unwrap_or(finding.severity);
                if *step == Step::Reopen {
                    self.reopened += 1;
                    count(&mut self.severities.reopened, severity);
                }
                if severity > finding.severity {
                    count(&mut self.severities.worse, severity);
                }
                if *step == Step::None && !told {
                    self.unchanged += 1;
                } else {
                    self.updated += 1;
                    self.concerns(finding);
                }
            }
        }
    }
}

/// A step of a finding's life that a report takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    None,
    /// It was closed and is back.
    Reopen,
    /// It was said to be fixed and is still there.
    StillFound,
}

/// What becomes of an entry.
#[derive(Debug)]
pub(super) enum Action {
    Create {
        slot: usize,
        found: Box<Found>,
        related: Option<Id>,
    },
    /// Nothing but that it was seen, unless a later report is known.
    Keep { seen: Vec<Id> },
    Change {
        slot: usize,
        finding: Box<Finding>,
        step: Step,
        change: Box<Change>,
        /// Whether people hear of the change.
        told: bool,
        /// Whether all but the severity changes without an event.
        silent: bool,
        before: Option<Evidence>,
        evidence: Option<Evidence>,
        seen: Vec<Id>,
    },
}

/// What becomes of these entries. It only reads; `lock` holds the findings for [`perform`].
///
/// # Errors
/// The store's.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    work: &Work,
    entries: &[Incoming],
    lock: bool,
) -> Result<Vec<Action>, Problem> {
    let company = work.place.company.id;
    let settings = if lock {
        work.settings.of(tx, company)?
    } else {
        work.settings.seen_of(tx, company)?
    };
    let ids: BTreeSet<Id> = entries.iter().flat_map(Incoming::findings).collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let mut known = if lock {
        found_again::held(tx, company, &ids)?
    } else {
        found_again::seen_now(tx, company, &ids)?
    };
    let mut stored = evidence::of(tx, &ids)?;
    let mut actions = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut judging = Judging {
            work,
            settings: &settings,
            stored: &mut stored,
        };
        actions.push(judging.entry(tx, entry, &mut known)?);
    }
    Ok(actions)
}

impl Incoming {
    fn findings(&self) -> impl Iterator<Item = Id> {
        let same = match self.is {
            Is::Same(id, _) | Is::Adopted(id) => Some(id),
            Is::New | Is::Duplicate(_) => None,
        };
        same.into_iter().chain(self.covered.iter().copied())
    }
}

struct Judging<'a> {
    work: &'a Work,
    settings: &'a Settings,
    stored: &'a mut BTreeMap<Id, Evidence>,
}

impl Judging<'_> {
    fn entry(
        &mut self,
        tx: &mut Tx<'_>,
        entry: &Incoming,
        known: &mut BTreeMap<Id, Finding>,
    ) -> Result<Action, Problem> {
        let older = self.work.targets.get(entry.slot).is_some_and(|slot| slot.older);
        let mut found = entry.found.clone();
        let covered = self.covered(entry, known);
        if !covered.is_empty() {
            found.leave_out(&covered);
        }
        let seen = |more: Option<Id>| -> Vec<Id> {
            if older {
                Vec::new()
            } else {
                entry.covered.iter().copied().chain(more).collect()
            }
        };
        let (id, content, adopted) = match entry.is {
            Is::Same(id, content) => (id, content, false),
            Is::Adopted(id) => (id, true, true),
            Is::New | Is::Duplicate(_) => return Ok(self.create(entry, found)),
        };
        let Some(finding) = known.remove(&id) else {
            return Ok(self.create(entry, found));
        };
        let verdict = finding.status.is_verdict();
        if verdict && !content {
            known.insert(id, finding);
            return Ok(Action::Create {
                slot: entry.slot,
                found: Box::new(found),
                related: Some(id),
            });
        }
        // A verdict of before covers the places of the first report that matches it.
        if older || verdict && !adopted && !entry.found.spots.is_empty() {
            return Ok(Action::Keep { seen: seen(Some(id)) });
        }
        self.change(tx, entry, (finding, found, adopted), seen(Some(id)))
    }

    /// The places of an entry that verdicts cover.
    fn covered(&self, entry: &Incoming, known: &BTreeMap<Id, Finding>) -> BTreeSet<u64> {
        let judged = entry.covered.iter().filter(|id| {
            let finding = known.get(*id);
            finding.is_some_and(|finding| finding.status.is_verdict())
        });
        let places = judged
            .filter_map(|id| self.stored.get(id))
            .filter_map(|one| Identity::from_text(0, &one.identity));
        places.flat_map(|identity| identity.places).collect()
    }

    fn create(&self, entry: &Incoming, found: Found) -> Action {
        Action::Create {
            slot: entry.slot,
            found: Box::new(found),
            related: entry.related,
        }
    }

    fn change(
        &mut self,
        tx: &mut Tx<'_>,
        entry: &Incoming,
        (finding, found, adopted): (Finding, Found, bool),
        seen: Vec<Id>,
    ) -> Result<Action, Problem> {
        let slot = self.work.targets.get(entry.slot);
        let says = Said::of(&found);
        let before = self.stored.remove(&finding.id);
        let said = before.as_ref().map(|before| Said(before.said.clone()));
        let news = if adopted {
            says.severity(said.as_ref(), &found)
        } else {
            says.news(said.as_ref(), &found)
        };
        // On a false positive and a duplicate a person has said the last word: only where it is now is kept up to date.
        let judged = matches!(finding.status, Status::FalsePositive | Status::Duplicate);
        let (told, silent) = if judged {
            (Change::default(), Some(news.whereabouts()))
        } else {
            let adopting = adopted.then(|| says.adopted(said.as_ref(), &finding, &found));
            (news, adopting)
        };
        let step = match finding.status {
            Status::Closed => Step::Reopen,
            Status::Retest if self.still_found(tx, &finding, slot)? => Step::StillFound,
            _ => Step::None,
        };
        let heard = findings::change::would_change(&finding, told.clone(), self.settings);
        let evidence = slot
            .and_then(|slot| slot.id)
            .map(|target| Evidence::of(target, &found, says.0.clone()));
        let evidence = evidence.filter(|evidence| before.as_ref() != Some(evidence));
        if step == Step::None && evidence.is_none() && told == Change::default() {
            return Ok(Action::Keep { seen });
        }
        let (change, silent) = match silent {
            Some(silent) => (
                Change {
                    severity: told.severity,
                    ..silent
                },
                true,
            ),
            None => (told, false),
        };
        Ok(Action::Change {
            slot: entry.slot,
            finding: Box::new(finding),
            step,
            change: Box::new(change),
            told: heard,
            silent,
            before,
            evidence,
            seen,
        })
    }

    /// Whether a report is newer than the word that the finding is fixed.
    fn still_found(&self, tx: &mut Tx<'_>, finding: &Finding, slot: Option<&Slot>) -> Result<bool, Problem> {
        let since = found_again::retest_since(tx, finding.id)?;
        let reported_at = slot.map(|slot| slot.reported_at);
        Ok(since.is_none_or(|since| reported_at.is_some_and(|at| at > since)))
    }
}

impl Slot {
    /// Its id with its name.
    fn named(&self) -> Option<Named> {
        self.id.map(|id| Named {
            id,
            name: self.name.clone(),
        })
    }
}

/// What these actions come to, without doing them.
pub(super) fn tally(actions: &[Action]) -> Tally {
    let mut tally = Tally::default();
    for action in actions {
        tally.take(action);
    }
    tally
}

/// Applies a portion.
///
/// # Errors
/// 409 where the import was given up meanwhile; the store's.
pub(super) fn apply(tx: &mut Tx<'_>, work: &Work, entries: &[Incoming]) -> Result<Tally, Problem> {
    let scan = work.held(tx)?;
    let actions = judge(tx, work, entries, true)?;
    let tally = tally(&actions);
    perform(tx, work, scan, actions)?;
    Ok(tally)
}

/// Writes down what was judged.
fn perform(tx: &mut Tx<'_>, work: &Work, scan: Id, actions: Vec<Action>) -> Result<(), Problem> {
    let settings = work.settings.of(tx, work.place.company.id)?;
    let context = work.context(&settings);
    let (mut notes, mut all_seen, mut undo) = (Vec::new(), Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::Create { slot, found, related } => {
                let Some(slot) = work.targets.get(slot) else {
                    continue;
                };
                let said = Said::of(&found).0;
                let evidence = slot.id.map(|target| Evidence::of(target, &found, said));
                let id = create(tx, work, context, (slot, *found, related))?;
                notes.extend(evidence.map(|evidence| (id, evidence)));
            }
            Action::Keep { seen } => all_seen.extend(seen),
            Action::Change {
                slot,
                finding,
                step,
                change,
                silent,
                before,
                evidence,
                seen,
                ..
            } => {
                let was = undo::Before::of(&finding, before);
                let id = finding.id;
                let target = work.targets.get(slot).and_then(Slot::named);
                let made = changed(tx, (*finding, step, *change, silent), (scan, target), context)?;
                undo.push(was.made(&made));
                notes.extend(evidence.map(|evidence| (id, evidence)));
                all_seen.extend(seen);
            }
        }
    }
    evidence::write(tx, notes)?;
    undo::note(tx, scan, undo)?;
    all_seen.sort_unstable();
    all_seen.dedup();
    found_again::seen(tx, scan, &all_seen)?;
    Ok(())
}

fn create(
    tx: &mut Tx<'_>,
    work: &Work,
    context: Context<'_>,
    (slot, found, related): (&Slot, Found, Option<Id>),
) -> Result<Id, Problem> {
    let new = New {
        description: found.description.clone(),
        location: found.location().unwrap_or_default().to_owned(),
        rule_id: found.rule_id.clone().unwrap_or_default(),
        cwe: found.cwe().unwrap_or_default().to_owned(),
        details: found.details,
        target: slot.named(),
        tool: slot.tool.clone(),
        asset: slot.asset.clone(),
        related,
        ..New::titled(found.title, found.severity)
    };
    findings::create(tx, new, &work.place, context).map(|finding| finding.id)
}

/// A finding that is known: back, changed, or taken over from an earlier version.
fn changed(
    tx: &mut Tx<'_>,
    (mut finding, step, change, silent): (Finding, Step, Change, bool),
    (scan, target): (Id, Option<Named>),
    context: Context<'_>,
) -> Result<Finding, Problem> {
    finding.target = target.or(finding.target);
    finding.last_scan = Some(scan);
    finding.last_seen_at = tx.now();
    finding.gone_at = None;
    match step {
        Step::Reopen => findings::move_to(tx, &mut finding, Status::Open, "found again", context)?,
        Step::StillFound => findings::move_to(tx, &mut finding, Status::InProgress, "still found", context)?,
        Step::None => {}
    }
    let severity = Change {
        severity: change.severity,
        ..Change::default()
    };
    if silent {
        findings::change::adopt(
            tx,
            &mut finding,
            Change {
                severity: None,
                ..change
            },
            context,
        )?;
        findings::change(tx, &mut finding, severity, context)?;
    } else {
        findings::change(tx, &mut finding, change, context)?;
    }
    Ok(finding)
}

/// What closing does to findings that are gone from their target.
///
/// # Errors
/// As for [`apply`].
pub(super) fn close(tx: &mut Tx<'_>, work: &Work, ids: &[Id]) -> Result<Tally, Problem> {
    let scan = work.held(tx)?;
    let settings = work.settings.of(tx, work.place.company.id)?;
    let gone = found_again::held(tx, work.place.company.id, ids)?;
    let (tally, judged) = closing(gone.values(), scan);
    let stored = evidence::of(tx, ids)?;
    let mut undo = Vec::new();
    for mut finding in gone.into_values() {
        if finding.last_scan == Some(scan) || !finding.status.is_open() {
            continue;
        }
        let before = stored.get(&finding.id).cloned();
        let was = undo::Before::of(&finding, before);
        let context = work.context(&settings);
        findings::move_to(tx, &mut finding, Status::Closed, "not found any more", context)?;
        undo.push(was.made(&finding));
    }
    undo::note(tx, scan, undo)?;
    let at = tx.now();
    found_again::gone(tx, at, &judged)?;
    Ok(tally)
}

/// What closing would do.
///
/// # Errors
/// The store's.
pub(super) fn would_close(
    tx: &mut Tx<'_>,
    work: &Work,
    ids: &[Id],
) -> Result<(Tally, Vec<Finding>), Problem> {
    let gone = found_again::seen_now(tx, work.place.company.id, ids)?;
    let scan = tx.id();
    let tally = closing(gone.values(), scan).0;
    Ok((
        tally,
        gone.into_values()
            .filter(|finding| finding.status.is_open())
            .collect(),
    ))
}

/// How many of these findings are closed, and which are gone under a verdict.
fn closing<'f>(gone: impl Iterator<Item = &'f Finding>, scan: Id) -> (Tally, Vec<Id>) {
    let (mut tally, mut judged) = (Tally::default(), Vec::new());
    for finding in gone.filter(|finding| finding.last_scan != Some(scan)) {
        if finding.status.is_open() {
            tally.closed += 1;
            count(&mut tally.severities.closed, finding.severity);
            tally.concerns(finding);
        } else if finding.status.is_verdict() {
            judged.push(finding.id);
        }
    }
    (tally, judged)
}

impl Work {
    fn context<'a>(&'a self, settings: &'a Settings) -> Context<'a> {
        Context {
            settings,
            by: &self.by,
        }
    }

    /// The scan, after checking that it holds its targets.
    fn held(&self, tx: &mut Tx<'_>) -> Result<Id, Problem> {
        let scan = self.scan.ok_or_else(Problem::internal)?;
        lease::renew(tx, scan, self.targets.len())?;
        Ok(scan)
    }
}
