//! The application of a report to the tables, portion by portion, each a short transaction of its own.
//!
//! Owns: what becomes of a finding that is new, known, back or gone. Must not: write a finding but through
//! `findings`, or leave a transaction open while a file is read.

use std::collections::BTreeSet;

use access::Problem;
use base::Id;
use formats::Found;
use store::Tx;

use super::{
    lease,
    said::{self, Said},
};
use crate::{
    By, Place, Settings,
    findings::{self, Context, Finding, New, Status, import::CHUNK},
};

/// How many findings one transaction takes at most.
pub(super) const PORTION: usize = 250;

// A portion asks for its findings in one statement.
const _: () = assert!(PORTION <= CHUNK);

/// What stays the same over all portions of an import.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) place: Place,
    /// Who imports, and into which scan.
    pub(super) by: By,
    pub(super) scan: Id,
    /// The names of the report's tools.
    pub(super) tools: Vec<String>,
    /// The settings of every company. Each portion asks for this one's: an import may take its time.
    pub(super) settings: Settings,
}

/// What portions did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) reopened: u64,
    pub(super) closed: u64,
    pub(super) unchanged: u64,
    /// Who sees to the findings that changed.
    pub(super) users: BTreeSet<Id>,
    pub(super) teams: BTreeSet<Id>,
}

impl Tally {
    /// Takes another portion's in.
    pub(super) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.reopened += other.reopened;
        self.closed += other.closed;
        self.unchanged += other.unchanged;
        self.users.extend(other.users);
        self.teams.extend(other.teams);
    }

    /// Notes who sees to a finding that changed.
    fn concerns(&mut self, finding: &Finding) {
        self.users.extend(finding.users.iter().map(|user| user.id));
        self.teams.extend(finding.teams.iter().map(|team| team.id));
    }
}

/// Applies findings of one tool.
///
/// # Errors
/// 409 where the import was given up meanwhile; the store's.
pub(super) fn apply(tx: &mut Tx<'_>, work: &Work, tool: &str, found: &[Found]) -> Result<Tally, Problem> {
    lease::renew(tx, work.scan, work.tools.len())?;
    let settings = work.settings.of(tx, work.place.company.id)?;
    let context = work.context(&settings);
    let prints: Vec<_> = found.iter().map(|found| found.fingerprint.clone()).collect();
    let mut known = findings::import::by_fingerprints(tx, &work.place, tool, &prints)?;
    let ids: Vec<_> = known.values().map(|finding| finding.id).collect();
    let mut last = said::last(tx, &ids)?;
    let mut tally = Tally::default();
    let mut notes = Vec::new();
    for found in found {
        let says = Said::of(found);
        let Some(finding) = known.remove(&found.fingerprint) else {
            notes.push((create(tx, &work.place, context, (tool, found))?, says));
            tally.created += 1;
            continue;
        };
        let (id, before) = (finding.id, last.remove(&finding.id));
        if settled(finding.status) {
            tally.unchanged += 1;
            continue;
        }
        again(tx, context, finding, (&says, before.as_ref(), found), &mut tally)?;
        if before.as_ref() != Some(&says) {
            notes.push((id, says));
        }
    }
    said::note(tx, notes)?;
    findings::import::seen(tx, work.scan, &ids)?;
    Ok(tally)
}

/// Whether a person has said the last word on it: then a report changes nothing about it, not its details either.
fn settled(status: Status) -> bool {
    !status.is_open() && status != Status::Closed
}

fn create(
    tx: &mut Tx<'_>,
    place: &Place,
    context: Context<'_>,
    (tool, found): (&str, &Found),
) -> Result<Id, Problem> {
    let new = New {
        description: found.description.clone(),
        location: said::text(found.location.as_ref()).to_owned(),
        rule_id: said::text(found.rule_id.as_ref()).to_owned(),
        cwe: said::text(found.cwe.as_ref()).to_owned(),
        tool: tool.to_owned(),
        fingerprint: found.fingerprint.clone(),
        ..New::titled(found.title.clone(), found.severity)
    };
    findings::create(tx, new, place, context).map(|finding| finding.id)
}

/// A finding that is known: back, changed, or as it was.
fn again(
    tx: &mut Tx<'_>,
    context: Context<'_>,
    mut finding: Finding,
    (says, before, found): (&Said, Option<&Said>, &Found),
    tally: &mut Tally,
) -> Result<(), Problem> {
    finding.last_scan = context.by.scan;
    finding.last_seen_at = tx.now();
    let back = finding.status == Status::Closed;
    if back {
        findings::move_to(tx, &mut finding, Status::Open, "found again", context)?;
        tally.reopened += 1;
    }
    let news = says.news(before, found);
    let changed = findings::change(tx, &mut finding, news, context)?;
    if back || changed {
        tally.updated += 1;
        tally.concerns(&finding);
    } else {
        tally.unchanged += 1;
    }
    Ok(())
}

/// Closes some of the tool's findings that the report does not hold any more; whether there may be more of them.
///
/// # Errors
/// As for [`apply`].
pub(super) fn close(tx: &mut Tx<'_>, work: &Work, tool: &str) -> Result<(Tally, bool), Problem> {
    lease::renew(tx, work.scan, work.tools.len())?;
    let settings = work.settings.of(tx, work.place.company.id)?;
    let mut tally = Tally::default();
    let gone = findings::import::not_found_by(tx, &work.place, tool, work.scan)?;
    let more = gone.len() == CHUNK;
    for mut finding in gone {
        findings::move_to(
            tx,
            &mut finding,
            Status::Closed,
            "not found any more",
            work.context(&settings),
        )?;
        tally.closed += 1;
        tally.concerns(&finding);
    }
    Ok((tally, more))
}

impl Work {
    fn context<'a>(&'a self, settings: &'a Settings) -> Context<'a> {
        Context {
            settings,
            by: &self.by,
        }
    }
}
