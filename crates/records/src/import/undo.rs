//! Undoes an import.
//!
//! Owns: the table `import_changes` (what an import overwrote), and restoring it: created findings are removed, closed
//! ones are reopened, reopened ones are closed, overwritten values are restored, except for findings that users have
//! changed since. Only the latest import of its targets can be undone. Must not: write a finding other than through
//! `findings`.

pub mod http;
mod old;

use std::{collections::BTreeSet, time::Duration};

use access::audit::{self, Action, Entry};
use base::{Id, Severity, Time};
use formats::Details;
use serde::{Deserialize, Serialize};
use store::{Tx, Value, params};

pub(super) use old::forget_old;

use super::{
    lease,
    running::{Registration, Running},
};
use crate::{
    By, Records, Refused, Settings, column,
    findings::{
        self, Context, Finding, Status,
        evidence::{self, Evidence},
    },
    rows,
    scans::{self, Scan, UndoCounts},
    targets,
};

/// For how long an import can be undone.
const WITHIN: Duration = Duration::from_hours(30 * 24);
/// How many findings one transaction restores.
const PORTION: usize = 250;

/// A finding before an import changed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Before {
    #[serde(skip)]
    id: Option<Id>,
    was: State,
    /// The state after the import: what differs from it now was changed by someone else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<State>,
    evidence: Option<[String; 5]>,
    last_scan: String,
    last_seen_at: Time,
    gone_at: Time,
}

/// What an import may change about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    status: Status,
    title: String,
    description: String,
    severity: Severity,
    location: String,
    rule_id: String,
    cwe: String,
    details: Details,
    sla_due_at: Option<Time>,
    retest_due_at: Option<Time>,
    closed_at: Option<Time>,
    closed_by_scan: bool,
}

impl State {
    fn of(finding: &Finding) -> Self {
        Self {
            status: finding.status,
            title: finding.title.clone(),
            description: finding.description.clone(),
            severity: finding.severity,
            location: finding.location.clone(),
            rule_id: finding.rule_id.clone(),
            cwe: finding.cwe.clone(),
            details: finding.details.clone(),
            sla_due_at: finding.sla_due_at,
            retest_due_at: finding.retest_due_at,
            closed_at: finding.closed_at,
            closed_by_scan: finding.closed_by_scan,
        }
    }
}

impl Before {
    /// A finding with its evidence, before an import changes it.
    pub(super) fn of(finding: &Finding, evidence: Option<Evidence>) -> Self {
        Self {
            id: Some(finding.id),
            was: State::of(finding),
            made: None,
            evidence: evidence.map(|one| {
                [
                    column::id_or_none(one.target),
                    one.group,
                    one.identity,
                    one.path,
                    one.content,
                ]
            }),
            last_scan: column::id_or_none(finding.last_scan),
            last_seen_at: finding.last_seen_at,
            gone_at: column::time_or_none(finding.gone_at),
        }
    }

    /// Its status.
    pub(super) const fn status(&self) -> Status {
        self.was.status
    }

    /// With the state after the import.
    pub(super) fn made(mut self, finding: &Finding) -> Self {
        self.made = Some(State::of(finding));
        self
    }
}

const NOTE: &str = "insert into import_changes (scan_id, finding_id, before)";

/// Records what an import overwrites, in the transaction that does it. The first record is kept.
///
/// # Errors
/// The store's.
pub(super) fn note(tx: &mut Tx<'_>, scan: Id, before: &[Before]) -> Result<(), Refused> {
    let row = |before: &Before| -> Option<Vec<Value>> {
        let text = serde_json::to_string(before).ok()?;
        Some(vec![scan.into(), before.id?.into(), text.into()])
    };
    let rows = before.iter().filter_map(row).collect();
    rows::insert(tx, (NOTE, "on conflict (scan_id, finding_id) do nothing"), rows)?;
    Ok(())
}

/// Undoes the import of a scan. It runs to its end even if nobody waits for it; if it is interrupted, undoing again
/// completes it.
pub(super) async fn undo(
    records: Records,
    scan: Id,
    by: (By, audit::By),
) -> Result<(Scan, UndoCounts), Refused> {
    let settings = records.settings();
    let running = records.running().clone();
    running.check()?;
    let begun = records.store().write(move |tx| begin(tx, &running, scan));
    let (begun, _mine) = begun.await?;
    let done = through(&records, &begun, settings, by).await;
    if done.is_err() {
        let released = records
            .store()
            .write(move |tx| lease::release(tx, scan).map_err(Refused::from));
        if let Err(problem) = released.await {
            tracing::error!(%scan, %problem, "the lease of an undone import could not be released");
        }
    }
    done
}

/// The import to undo.
#[derive(Debug, Clone)]
struct Begun {
    scan: Id,
    company: Id,
    leases: usize,
}

/// Checks that a scan can be undone, and takes the leases of its targets.
fn begin(tx: &mut Tx<'_>, running: &Running, id: Id) -> Result<(Begun, Registration), Refused> {
    let scan = scans::get_for_update(tx, id, &base::Scope::All)?;
    undoable(tx, &scan)?;
    let covered = targets::noted(tx, id)?;
    let leases: Vec<_> = covered
        .iter()
        .map(|one| (one.target, scan.tool.clone()))
        .collect();
    lease::take(tx, running, &leases, id)?;
    let begun = Begun {
        scan: id,
        company: scan.place.company.id,
        leases: leases.len(),
    };
    Ok((begun, running.begin(id)))
}

/// Whether the import of a scan can be undone.
///
/// # Errors
/// 409 with the reason.
pub(crate) fn undoable(tx: &mut Tx<'_>, scan: &Scan) -> Result<(), Refused> {
    let refuse = |why: &str| Err(Refused::conflict(why));
    if scan.undone_at.is_some() {
        return refuse("This import has already been undone.");
    }
    let covered = targets::noted(tx, scan.id)?;
    if covered.is_empty() || scan.status != scans::Status::Completed {
        return refuse("This scan has no import that could be undone.");
    }
    if scan.created_at.after(WITHIN) < tx.now() {
        return refuse("This import is more than 30 days old.");
    }
    if covered
        .iter()
        .any(|one| !one.older && one.last_scan != Some(scan.id))
    {
        return refuse("A later scan report of the same target has been imported. Undo that import first.");
    }
    Ok(())
}

async fn through(
    records: &Records,
    begun: &Begun,
    settings: Settings,
    (by, auditing): (By, audit::By),
) -> Result<(Scan, UndoCounts), Refused> {
    let mut counts = UndoCounts::default();
    let by = by.importing(begun.scan);
    let mut after = String::new();
    loop {
        let (begun, by, from) = (begun.clone(), by.clone(), after.clone());
        let portion = records.store().portion(PORTION);
        let step = records
            .store()
            .write_portion(move |tx| remove(tx, (&begun, settings), &by, (&from, portion)));
        let (removed, last) = step.await?;
        counts.add(removed);
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    loop {
        let (begun, by) = (begun.clone(), by.clone());
        let portion = records.store().portion(PORTION);
        let step = records
            .store()
            .write_portion(move |tx| put_back(tx, (&begun, settings), &by, portion));
        let (restored, more) = step.await?;
        counts.add(restored);
        if !more {
            break;
        }
    }
    let begun = begun.clone();
    let scan = records
        .store()
        .write(move |tx| end(tx, &begun, (&by, &auditing), counts))
        .await?;
    Ok((scan, counts))
}

const CREATED: &str = "select id from findings where first_scan_id = $1 and first_scan_id <> '' and id > $2 \
     order by id limit $3";
/// Which of these findings users have changed since a scan.
fn touched(tx: &mut Tx<'_>, scan: &Scan, ids: &[Id]) -> Result<BTreeSet<Id>, Refused> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let since = scan.started_at.unwrap_or(scan.created_at);
    let mut found = BTreeSet::new();
    for (sql, of_scan) in [
        (
            "select finding_id from finding_moves where scan_id <> ? and at >= ?",
            true,
        ),
        (
            "select finding_id from finding_comments where created_at >= ?",
            false,
        ),
        ("select finding_id from approvals where created_at >= ?", false),
    ] {
        let values: Vec<Value> = if of_scan {
            vec![scan.id.into(), since.into()]
        } else {
            vec![since.into()]
        };
        let rows: Vec<(Id,)> = store::Select::new("select finding_id from (")
            .push(sql, values)
            .push(") t where 1 = 1", Vec::new())
            .within("finding_id", ids)
            .all(tx)?;
        found.extend(rows.into_iter().map(|(id,)| id));
    }
    Ok(found)
}

/// Removes some of the findings that the import created; returns the id to continue from.
fn remove(
    tx: &mut Tx<'_>,
    (begun, _): (&Begun, Settings),
    by: &By,
    (after, portion): (&str, usize),
) -> Result<(UndoCounts, Option<String>), Refused> {
    lease::renew(tx, begun.scan, begun.leases)?;
    let rows: Vec<(Id,)> = tx.all(CREATED, params![begun.scan, after, portion])?;
    let ids: Vec<Id> = rows.into_iter().map(|(id,)| id).collect();
    let scan = scans::get(tx, begun.scan, &base::Scope::All)?;
    let touched = touched(tx, &scan, &ids)?;
    let mut counts = UndoCounts::default();
    for finding in findings::import::get_for_update(tx, begun.company, &ids)?.into_values() {
        if touched.contains(&finding.id) || !finding.users.is_empty() || !finding.teams.is_empty() {
            counts.kept += 1;
        } else {
            findings::delete(tx, &finding, by)?;
            counts.removed += 1;
        }
    }
    let more = ids.len() == portion;
    Ok((counts, ids.last().map(Id::to_string).filter(|_| more)))
}

const CHANGES: &str =
    "select finding_id, before from import_changes where scan_id = $1 order by finding_id limit $2";
const FORGET: &str = "delete from import_changes where scan_id = $1 and finding_id = $2";

/// Restores some of the findings that the import changed; returns whether there are more.
fn put_back(
    tx: &mut Tx<'_>,
    (begun, settings): (&Begun, Settings),
    by: &By,
    portion: usize,
) -> Result<(UndoCounts, bool), Refused> {
    lease::renew(tx, begun.scan, begun.leases)?;
    let rows: Vec<(Id, String)> = tx.all(CHANGES, params![begun.scan, portion])?;
    let more = rows.len() == portion;
    let settings = settings.of(tx, begun.company)?;
    let context = Context {
        settings: &settings,
        by,
    };
    let ids: Vec<Id> = rows.iter().map(|(id, _)| *id).collect();
    let mut held = findings::import::get_for_update(tx, begun.company, &ids)?;
    let (mut counts, mut notes) = (UndoCounts::default(), Vec::new());
    for (id, text) in rows {
        tx.execute(FORGET, params![begun.scan, id])?;
        let Some(mut finding) = held.remove(&id) else {
            continue;
        };
        let before: Before = serde_json::from_str(&text).map_err(|error| {
            tracing::error!(%error, finding = %id, "what an import overwrote cannot be read");
            Refused::Fault
        })?;
        let evidence = before.evidence()?;
        one(tx, &mut finding, &before, context, &mut counts)?;
        notes.extend(evidence.map(|evidence| (id, evidence)));
    }
    evidence::write(tx, notes)?;
    Ok((counts, more))
}

impl Before {
    fn evidence(&self) -> Result<Option<Evidence>, Refused> {
        let Some([target, group, identity, path, content]) = self.evidence.clone() else {
            return Ok(None);
        };
        Ok(Some(Evidence {
            target: column::parsed(&target)?,
            group,
            identity,
            path,
            content,
        }))
    }
}

/// Restores one finding, as far as nobody else has changed it since.
fn one(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    before: &Before,
    context: Context<'_>,
    counts: &mut UndoCounts,
) -> Result<(), Refused> {
    let now = State::of(finding);
    let made = before.made.clone().unwrap_or_else(|| now.clone());
    let was = before.was.clone();
    let mut back = finding.clone();
    let (from, to) = (made.status, was.status);
    if now.status == made.status {
        back.status = was.status;
        (back.closed_at, back.closed_by_scan) = (was.closed_at, was.closed_by_scan);
        (back.sla_due_at, back.retest_due_at) = (was.sla_due_at, was.retest_due_at);
        match (from.is_open(), to.is_open()) {
            (true, false) => counts.closed_again += 1,
            (false, true) => counts.opened_again += 1,
            _ => {}
        }
    } else {
        counts.kept += 1;
    }
    let keep = |now: &String, made: &String, was: String| if now == made { was } else { now.clone() };
    back.title = keep(&now.title, &made.title, was.title);
    back.description = keep(&now.description, &made.description, was.description);
    back.location = keep(&now.location, &made.location, was.location);
    back.rule_id = keep(&now.rule_id, &made.rule_id, was.rule_id);
    back.cwe = keep(&now.cwe, &made.cwe, was.cwe);
    if now.severity == made.severity {
        back.severity = was.severity;
    }
    if now.details == made.details {
        back.details = was.details;
    }
    back.last_scan = column::parsed(&before.last_scan)?;
    back.last_seen_at = before.last_seen_at;
    back.gone_at = (before.gone_at != Time::default()).then_some(before.gone_at);
    findings::moves::restore(tx, finding, back, context).map(drop)
}

const SEEN: &str =
    "update findings set last_scan_id = $2 where last_scan_id = $1 and last_scan_id <> '' and target_id = $3";
const GONE: &str =
    "update findings set gone_at = 0 where target_id = $1 and target_id <> '' and gone_at >= $2";
const UNDONE: &str = "update scans set undone_at = $2 where id = $1";

/// The last transaction: the previous scan report is the latest one again, and the recipients of the import are
/// notified.
fn end(
    tx: &mut Tx<'_>,
    begun: &Begun,
    (by, auditing): (&By, &audit::By),
    counts: UndoCounts,
) -> Result<Scan, Refused> {
    lease::renew(tx, begun.scan, begun.leases)?;
    let now = tx.now();
    let mut scan = scans::get_for_update(tx, begun.scan, &base::Scope::All)?;
    for one in targets::noted(tx, begun.scan)?.iter().filter(|one| !one.older) {
        let before = column::id_or_none(one.before.last_scan);
        tx.execute(SEEN, params![begun.scan, before, one.target])?;
        tx.execute(
            GONE,
            params![one.target, scan.started_at.unwrap_or(scan.created_at)],
        )?;
        targets::restore_previous(tx, &one.before)?;
    }
    tx.execute(UNDONE, params![begun.scan, now])?;
    lease::release(tx, begun.scan)?;
    scan.undone_at = Some(now);
    scans::undone(tx, &scan, counts, by)?;
    let entry = Entry::new(Action::ImportUndone, scan.id, &scan.name).of(begun.company);
    audit::note(tx, auditing, entry.made(&counts))?;
    Ok(scan)
}
