//! Writes a portion of a scan report.
//!
//! Owns: one transaction of an import: the outcome of its entries ([`judge`]) with its events, and closing what is
//! gone. Must not: write a finding other than through `findings`, or keep a transaction open while reading a file.

use base::Id;
use formats::Found;
use store::Tx;

use super::{
    content::Content,
    judge::{Action, Changing, Incoming, Step, judge},
    lease,
    tally::{Tally, tally},
    undo,
    work::{Slot, Work},
};
use crate::{
    Refused, Settings,
    findings::{
        self, Change, Context, Finding, New, Rows, Status,
        evidence::{self, Evidence},
        import as found_again,
        responsible::ByRule,
    },
};

/// Maximum number of findings per transaction.
pub(super) const PORTION: usize = 250;
/// Maximum number of findings closed per transaction: each needs fewer rows.
pub(super) const CLOSED: usize = 500;

// A portion reads its findings with one statement.
const _: () = assert!(CLOSED <= store::rows::MOST && PORTION <= CLOSED);

/// Applies a portion.
///
/// # Errors
/// 409 if the import was given up in the meantime; the store's.
pub(super) fn apply(tx: &mut Tx<'_>, work: &Work, entries: &[Incoming]) -> Result<Tally, Refused> {
    let scan = work.checked_scan(tx)?;
    let actions = judge(tx, work, entries, true)?;
    let mut tally = tally(&actions);
    perform(tx, work, scan, actions, &mut tally)?;
    Ok(tally)
}

/// Writes the outcomes.
fn perform(
    tx: &mut Tx<'_>,
    work: &Work,
    scan: Id,
    actions: Vec<Action>,
    tally: &mut Tally,
) -> Result<(), Refused> {
    let company = work.place.company.id;
    let settings = work.settings.of(tx, company)?;
    let context = work.context(&settings);
    // Users and teams may be deleted during a long import.
    let rules = work.rules.named(tx, company)?;
    let mut rows = Rows::default();
    let (mut notes, mut all_seen, mut undo) = (Vec::new(), Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::Create {
                slot,
                found,
                related,
                seen,
            } => {
                all_seen.extend(seen);
                let Some(slot) = work.targets.get(slot) else {
                    continue;
                };
                let hashes = Content::of(&found).0;
                let evidence = slot.id.map(|target| Evidence::of(target, &found, hashes));
                let new = new(slot, *found, related);
                let finding = findings::record(tx, new, (&work.place, &rules), context, &mut rows)?;
                tally.concerns(&finding);
                notes.extend(evidence.map(|evidence| (finding.id, evidence)));
            }
            Action::Keep { seen } => all_seen.extend(seen),
            Action::Change(changing) => {
                let (id, seen) = (changing.finding.id, changing.seen.clone());
                let was = undo::Before::of(&changing.finding, changing.before.clone());
                notes.extend(changing.evidence.clone().map(|evidence| (id, evidence)));
                let made = changed(tx, (work, scan), *changing, &rules, context)?;
                if made.status != was.status() {
                    tally.concerns(&made);
                }
                undo.push(was.made(&made));
                all_seen.extend(seen);
            }
        }
    }
    rows.write(tx)?;
    evidence::write(tx, notes)?;
    undo::note(tx, scan, &undo)?;
    all_seen.sort_unstable();
    all_seen.dedup();
    found_again::seen(tx, scan, &all_seen)?;
    Ok(())
}

fn new(slot: &Slot, found: Found, related: Option<Id>) -> New {
    New {
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
    }
}

/// A known finding: found again, changed, or adopted from an earlier version.
fn changed(
    tx: &mut Tx<'_>,
    (work, scan): (&Work, Id),
    changing: Changing,
    rules: &ByRule,
    context: Context<'_>,
) -> Result<Finding, Refused> {
    let (mut finding, change) = (changing.finding, changing.change);
    let target = work.targets.get(changing.slot).and_then(Slot::named);
    finding.target = target.or(finding.target);
    finding.last_scan = Some(scan);
    finding.last_seen_at = tx.now();
    finding.gone_at = None;
    match changing.step {
        Step::Reopen => {
            // Written at once: a change that follows must be announced after it.
            let mut rows = Rows::default();
            let details = ("found again", rules, &mut rows);
            findings::moves::move_one(tx, &mut finding, Status::Open, details, context)?;
            rows.write(tx)?;
        }
        Step::StillFound => findings::move_to(tx, &mut finding, Status::InProgress, "still found", context)?,
        Step::None => {}
    }
    if changing.silent {
        let severity = Change {
            severity: change.severity,
            ..Change::default()
        };
        let rest = Change {
            severity: None,
            ..change
        };
        findings::change::adopt(tx, &mut finding, rest, context)?;
        findings::change(tx, &mut finding, severity, context)?;
    } else {
        findings::change(tx, &mut finding, change, context)?;
    }
    Ok(finding)
}

/// Closes findings that are gone from their target.
///
/// # Errors
/// As for [`apply`].
pub(super) fn close(tx: &mut Tx<'_>, work: &Work, ids: &[Id]) -> Result<Tally, Refused> {
    let scan = work.checked_scan(tx)?;
    let settings = work.settings.of(tx, work.place.company.id)?;
    let gone = found_again::get_for_update(tx, work.place.company.id, ids)?;
    let (tally, judged) = closing(gone.values(), scan);
    let stored = evidence::of(tx, ids)?;
    let (mut undo, mut rows, nobody) = (Vec::new(), Rows::default(), ByRule::default());
    for mut finding in gone.into_values() {
        if finding.last_scan == Some(scan) || !finding.status.is_open() {
            continue;
        }
        let before = stored.get(&finding.id).cloned();
        let was = undo::Before::of(&finding, before);
        let context = work.context(&settings);
        let details = ("no longer found", &nobody, &mut rows);
        findings::moves::move_one(tx, &mut finding, Status::Closed, details, context)?;
        undo.push(was.made(&finding));
    }
    rows.write(tx)?;
    undo::note(tx, scan, &undo)?;
    let at = tx.now();
    found_again::gone(tx, at, &judged)?;
    Ok(tally)
}

/// The effect of closing.
///
/// # Errors
/// The store's.
pub(super) fn would_close(
    tx: &mut Tx<'_>,
    work: &Work,
    ids: &[Id],
) -> Result<(Tally, Vec<Finding>), Refused> {
    let gone = found_again::get(tx, work.place.company.id, ids)?;
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
            tally.close(finding);
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
    fn checked_scan(&self, tx: &mut Tx<'_>) -> Result<Id, Refused> {
        let scan = self.scan.ok_or(Refused::Fault)?;
        lease::renew(tx, scan, self.targets.len())?;
        Ok(scan)
    }
}
