//! One import from its first row to its last event.
//!
//! Owns: the order of an import (targets, matching, portions, closing, end) and what happens when it fails. Must not:
//! parse, or know what a portion does.

use std::{collections::BTreeMap, fmt::Display, fs::File, path::PathBuf, sync::Arc, time::Duration};

use access::{Created, Once, Problem};
use base::{Id, Severity};
use formats::{Outcome, Surveyed};
use store::Tx;
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    answer::{Done, Imported, MAX_SKIPPED, Skipped},
    judge::{Incoming, judge},
    lease,
    plan::{self, Match, Plan, Planning},
    portion::{self, CLOSED, PORTION},
    prepare::{Prepared, Wanted, prepare},
    reading::spawn_reading,
    room,
    running::{Registration, Running, stopped},
    tally::{Tally, tally},
    undo,
    work::Work,
};
use crate::{
    Records, Refused,
    findings::responsible::ByRule,
    scans::{self, Counts},
    targets,
};

/// A surveyed scan report, and its destination.
pub(super) struct Job {
    pub(super) report: Arc<dyn Surveyed>,
    pub(super) file: File,
    pub(super) folder: PathBuf,
    /// The name of its format.
    pub(super) format: &'static str,
    /// A note for the response on why it closed nothing.
    pub(super) note: Option<&'static str>,
    pub(super) wanted: Wanted,
    pub(super) once: Once,
}

/// Imports a scan report. It runs to its end even if nobody waits for it; if it fails, so does its scan.
pub(super) async fn run(records: Records, job: Job) -> Result<Created<Imported>, Problem> {
    let (wanted, settings) = (job.wanted.clone(), records.settings());
    let (report, once) = (job.report.clone(), job.once.clone());
    let running = records.running().clone();
    running.check()?;
    let begun = records.store().write_step(move |tx| {
        let is_running = |tx: &mut Tx<'_>, scan| Ok(lease::is_running(tx, &running, scan)?);
        if let Some(answer) = once.begin(tx, is_running)? {
            return Ok(Created::Repeated(answer));
        }
        let mut prepared = prepare(tx, report.as_ref(), &wanted, settings)?;
        let (scan, mine) = begin(tx, &running, &mut prepared)?;
        once.leads_to(tx, scan)?;
        Ok::<_, Problem>(Created::New((prepared, mine)))
    });
    let (prepared, _mine) = match begun.await? {
        Created::New(begun) => begun,
        Created::Repeated(answer) => return Ok(Created::Repeated(answer)),
    };
    let work = prepared.work.clone();
    match through(&records, prepared, job).await {
        Ok(imported) => {
            // Now that it holds no targets: with much to do it takes longer than a lease.
            let targets: Vec<Id> = work.targets.iter().filter_map(|slot| slot.id).collect();
            undo::forget_old(records.store(), targets).await;
            Ok(Created::New(imported))
        }
        Err(problem) => {
            fail(&records, &work, &problem).await;
            Err(problem.into())
        }
    }
}

/// What a scan report would do: the same steps, but nothing is written or locked.
pub(super) async fn preview(records: Records, job: Job) -> Result<Imported, Refused> {
    let (wanted, settings) = (job.wanted.clone(), records.settings());
    let report = job.report.clone();
    let looked = records
        .store()
        .read(move |tx| prepare(tx, report.as_ref(), &wanted, settings));
    let prepared = looked.await?;
    through(&records, prepared, job).await
}

/// The first transaction: the scan, its event, and the right to write.
fn begin(tx: &mut Tx<'_>, running: &Running, prepared: &mut Prepared) -> Result<(Id, Registration), Refused> {
    let work = Arc::get_mut(&mut prepared.work).ok_or(Refused::Fault)?;
    let scan = scans::start(tx, &prepared.tools.join(", "), &work.place, &work.by)?;
    let leases: Vec<_> = work
        .targets
        .iter()
        .filter_map(|slot| Some((slot.id?, slot.tool.clone())))
        .collect();
    lease::take(tx, running, &leases, scan.id)?;
    let mine = running.begin(scan.id);
    targets::note(tx, scan.id, &prepared.coverage)?;
    work.by = work.by.clone().importing(scan.id);
    work.scan = Some(scan.id);
    work.rules = ByRule::of(tx, work.place.company.id)?;
    Ok((scan.id, mine))
}

/// Everything between the first transaction and the last, and the last.
async fn through(records: &Records, mut prepared: Prepared, job: Job) -> Result<Imported, Refused> {
    let report = job.report.clone();
    let looked = records.store().read(move |tx| {
        prepared.read_existing(tx, report.as_ref())?;
        Ok::<_, Refused>(prepared)
    });
    let prepared = looked.await?;
    let work = prepared.work.clone();
    let plan = match_all(records, &prepared, &job).await?;
    let read = u64::from(job.report.entries());
    let (sender, mut portions) = mpsc::channel(2);
    let (report, root) = (job.report.clone(), prepared.root.clone());
    let of_coverage = prepared.of_coverage.clone();
    let handing = plan.clone();
    let file = job.file;
    let reading = file.try_clone().map_err(|error| room::unwritten(&error))?;
    let reader = spawn_reading(&file, move || {
        let handout = HandOut {
            report: report.as_ref(),
            root: &root,
            plan: &handing,
            of_coverage: &of_coverage,
        };
        handout.run(reading, &sender)
    });
    let mut tally = Tally::default();
    while let Some(mut entries) = portions.recv().await {
        while !entries.is_empty() {
            let rest = entries.split_off(records.store().portion(PORTION).min(entries.len()));
            let part = Arc::new(std::mem::replace(&mut entries, rest));
            tally.add(portion(records, work.clone(), part).await?);
        }
    }
    let (skipped, named) = reader.await.map_err(|_| Refused::Fault)??;
    let closing = close(records, &work, &plan, &mut tally).await?;
    let done = Done {
        counts: counts(read, skipped, &tally),
        prepared,
        format: job.format,
        note: job.note,
        tally,
        skipped: named,
        closing,
    };
    let targets = done.prepared.target_ids();
    // Not in the last transaction, which others wait for: what the import holds does not change in between.
    let open = records
        .store()
        .read(move |tx| targets::open(tx, &targets).map_err(Refused::from))
        .await?;
    if work.scan.is_some() {
        end(records, Arc::new(done), open, job.once).await
    } else {
        Ok(Imported::of(&done, None, open))
    }
}

/// How often the leases are renewed before the first write.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Matches the whole scan report before any of it is written.
async fn match_all(records: &Records, prepared: &Prepared, job: &Job) -> Result<Arc<Plan>, Refused> {
    let untargeted = prepared.untargeted();
    let (report, folder, root) = (job.report.clone(), job.folder.clone(), prepared.root.clone());
    let certain = prepared.certain;
    let mut file = job.file.try_clone().map_err(|error| room::unwritten(&error))?;
    let (targets, of_coverage) = (prepared.planned.clone(), prepared.of_coverage.clone());
    let (store, runtime) = (records.store().clone(), Handle::current());
    let mut matching = spawn_reading(&job.file, move || {
        plan::plan(Planning {
            report: report.as_ref(),
            file: &mut file,
            root: &root,
            certain,
            folder,
            targets: &targets,
            of_coverage: &of_coverage,
            untargeted,
            store,
            runtime,
        })
    });
    loop {
        tokio::select! {
            biased;
            done = &mut matching => return done.map_err(|_| Refused::Fault)?.map(Arc::new),
            () = records.running().stops() => return Err(stopped()),
            () = records.store().clock().sleep(HEARTBEAT) => heartbeat(records, &prepared.work).await?,
        }
    }
}

/// Renews the leases of an import that has not begun to write.
async fn heartbeat(records: &Records, work: &Arc<Work>) -> Result<(), Refused> {
    let Some(scan) = work.scan else { return Ok(()) };
    let count = work.targets.len();
    again(records, 0, move |tx| lease::renew(tx, scan, count)).await
}

/// One portion: written, or for a preview only counted.
async fn portion(records: &Records, work: Arc<Work>, entries: Arc<Vec<Incoming>>) -> Result<Tally, Refused> {
    records.running().check()?;
    if work.scan.is_some() {
        return again(records, entries.len(), move |tx| {
            portion::apply(tx, &work, &entries)
        })
        .await;
    }
    let looked = records.store().read(move |tx| {
        let actions = judge(tx, &work, &entries, false)?;
        Ok::<_, Refused>(tally(&actions))
    });
    looked.await
}

/// How many findings that would be closed a preview names.
const NAMED: usize = 100;

/// Closes what is gone; for a preview returns what that would be.
async fn close(
    records: &Records,
    work: &Arc<Work>,
    plan: &Arc<Plan>,
    tally: &mut Tally,
) -> Result<Vec<(Id, String)>, Refused> {
    let (mut start, mut named) = (0, Vec::new());
    while start < plan.gone_count {
        records.running().check()?;
        let ids = plan
            .gone_from(start, records.store().portion(CLOSED))
            .map_err(|error| room::unwritten(&error))?;
        start += ids.len() as u64;
        let work = work.clone();
        if work.scan.is_some() {
            let count = ids.len();
            tally.add(again(records, count, move |tx| portion::close(tx, &work, &ids)).await?);
            continue;
        }
        let looked = records
            .store()
            .read(move |tx| portion::would_close(tx, &work, &ids));
        let (closed, findings) = looked.await?;
        tally.add(closed);
        let room = NAMED - named.len().min(NAMED);
        named.extend(
            findings
                .into_iter()
                .take(room)
                .map(|finding| (finding.id, finding.title)),
        );
    }
    Ok(named)
}

/// The last transaction: the scan is completed, and the response is kept for a repeated request.
async fn end(
    records: &Records,
    done: Arc<Done>,
    open: BTreeMap<Severity, u64>,
    once: Once,
) -> Result<Imported, Refused> {
    let report = done.prepared.report(&done.tally);
    again(records, 0, move |tx| {
        let work = &done.prepared.work;
        let scan = work.scan.ok_or(Refused::Fault)?;
        lease::renew(tx, scan, work.targets.len())?;
        targets::is_latest(tx, scan, &done.prepared.coverage)?;
        lease::release(tx, scan)?;
        let recipients = (&done.tally.users, &done.tally.teams);
        let scan = scans::complete(tx, scan, (done.counts, report.clone()), recipients, &work.by)?;
        let imported = Imported::of(&done, Some(scan), open.clone());
        once.end(tx, &imported)?;
        Ok(imported)
    })
    .await
}

fn counts(read: u64, skipped: u64, tally: &Tally) -> Counts {
    Counts {
        read,
        created: tally.created,
        updated: tally.updated,
        reopened: tally.reopened,
        closed: tally.closed,
        unchanged: tally.unchanged,
        skipped,
    }
}

/// Reads the entries again, with the match of each.
struct HandOut<'a> {
    report: &'a dyn Surveyed,
    root: &'a str,
    plan: &'a Plan,
    of_coverage: &'a [usize],
}

impl HandOut<'_> {
    /// Hands entries over in portions; returns how many were skipped, and the first of them by name.
    fn run(
        &self,
        mut file: File,
        portions: &mpsc::Sender<Vec<Incoming>>,
    ) -> Result<(u64, Vec<Skipped>), Refused> {
        let mut results = self.plan.results().map_err(|error| room::unwritten(&error))?;
        let mut places: std::collections::HashMap<u32, String> = std::collections::HashMap::new();
        let (mut index, mut skipped, mut named, mut broken) = (0, 0, Vec::new(), None);
        let mut entries = Vec::with_capacity(PORTION);
        let mut each = |place: &dyn Display, outcome| {
            let matched = match results.next() {
                Ok(matched) => matched,
                Err(error) => {
                    broken = Some(error);
                    return false;
                }
            };
            if self.plan.repeated.contains(&index) {
                places.insert(index, place.to_string());
            }
            let reason = match (outcome, matched) {
                (Outcome::Skipped(skip), _) => Some(skip.reason),
                (Outcome::Found(..), Some(Match::Duplicate(first))) => {
                    let first = places.get(&first).map_or("another entry", String::as_str);
                    Some(format!("duplicate of {first}"))
                }
                (Outcome::Found(coverage, found), matched) => {
                    let slot = self.of_coverage.get(coverage).copied().unwrap_or_default();
                    entries.push(Incoming {
                        found: *found,
                        slot,
                        matched: matched.unwrap_or(Match::New),
                        covered: self.plan.covered.get(&index).cloned().unwrap_or_default(),
                        related: self.plan.related.get(&index).copied(),
                    });
                    None
                }
            };
            index += 1;
            if let Some(reason) = reason {
                skipped += 1;
                if named.len() < MAX_SKIPPED {
                    let r#where = place.to_string();
                    named.push(Skipped { r#where, reason });
                }
            }
            if entries.len() < PORTION {
                return true;
            }
            let full = std::mem::replace(&mut entries, Vec::with_capacity(PORTION));
            // If the import failed, nobody receives them any more.
            portions.blocking_send(full).is_ok()
        };
        self.report
            .each(&mut file, self.root, &mut each)
            .map_err(|error| {
                tracing::error!(%error, "a checked scan report could not be read again");
                Refused::Fault
            })?;
        if let Some(error) = broken {
            return Err(room::unwritten(&error));
        }
        if !entries.is_empty() {
            let _ = portions.blocking_send(entries);
        }
        Ok((skipped, named))
    }
}

/// Pauses between attempts while the database is unreachable.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// Up to how many entries a transaction of an import is as short as any other change.
const FEW: usize = 16;

/// A transaction of an import that writes this many entries, retried while the database is unreachable: a restart of
/// the database must not lose a half-done import.
async fn again<T: Send + 'static>(
    records: &Records,
    entries: usize,
    f: impl Fn(&mut Tx<'_>) -> Result<T, Refused> + Clone + Send + 'static,
) -> Result<T, Refused> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let written = if entries > FEW {
            records.store().write_portion(f.clone()).await
        } else {
            records.store().write_step(f.clone()).await
        };
        match (written, pauses.next()) {
            (Err(problem), Some(pause)) if problem.is_passing() => {
                records.store().clock().sleep(pause).await;
            }
            (outcome, _) => return outcome,
        }
    }
}

/// The last transaction of a failed import. If it fails, too, [`lease::recover`] does it.
async fn fail(records: &Records, work: &Arc<Work>, problem: &Refused) {
    let Some(scan) = work.scan else { return };
    let (by, reason) = (work.by.clone(), problem.detail());
    let failed = records.store().write(move |tx| {
        lease::release(tx, scan)?;
        scans::fail(tx, scan, &reason, &by)
    });
    if let Err(problem) = failed.await {
        tracing::error!(%scan, %problem, "a failed import could not be marked as failed");
    }
}
