//! One import from its first row to its last event.
//!
//! Owns: the order of an import (scan, portions, closing, end) and what happens when it breaks. Must not: parse, or
//! know what a portion does.

use std::{fmt::Display, fs::File, sync::Arc, time::Duration};

use access::Problem;
use axum::http::StatusCode;
use base::{Id, Scope};
use formats::{Found, Outcome, Surveyed, ToolRun};
use serde::Serialize;
use store::Tx;
use tokio::sync::mpsc;

use super::{
    lease,
    portion::{self, PORTION, Tally, Work},
};
use crate::{
    By, Place, Records,
    scans::{self, Counts, Scan},
};

/// How many skipped results an answer names; the count is of all.
pub const MAX_SKIPPED: usize = 1_000;

/// A result that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SkippedResult)]
pub struct Skipped {
    /// Where it stands in the report, such as `runs[0].results[3]`.
    pub r#where: String,
    /// Why it was not imported.
    pub reason: String,
}

/// A checked report, and where it goes.
pub(super) struct Job {
    pub(super) report: Box<dyn Surveyed>,
    pub(super) file: File,
    pub(super) scope: Scope,
    pub(super) company: Id,
    pub(super) project: Option<Id>,
    pub(super) by: By,
}

/// What an import did.
pub(super) struct Done {
    pub(super) scan: Scan,
    pub(super) counts: Counts,
    pub(super) skipped: Vec<Skipped>,
}

/// Imports a report. It runs to its end whoever still waits for it; where it breaks, its scan is failed.
pub(super) async fn run(records: Records, job: Job) -> Result<Done, Problem> {
    let Job {
        report,
        file,
        scope,
        company,
        project,
        by,
    } = job;
    let tools = report.tools();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.clone()).collect();
    let settings = records.settings();
    let work = records
        .store()
        .write(move |tx| {
            let place = Place::find(tx, &scope, company, project)?;
            begin(tx, place, by, names, settings)
        })
        .await?;
    let work = Arc::new(work);
    match through(&records, &work, report, file, tools).await {
        Ok(done) => Ok(done),
        Err(problem) => {
            fail(&records, &work, &problem).await;
            Err(problem)
        }
    }
}

/// The first transaction: the scan, its event, and the right to write.
fn begin(
    tx: &mut Tx<'_>,
    place: Place,
    by: By,
    tools: Vec<String>,
    settings: crate::Settings,
) -> Result<Work, Problem> {
    let scan = scans::start(tx, &tools.join(", "), &place, &by)?;
    for tool in &tools {
        lease::take(tx, &place, tool, scan.id)?;
    }
    Ok(Work {
        place,
        by: by.importing(scan.id),
        scan: scan.id,
        tools,
        settings,
    })
}

/// Everything between the first transaction and the last, and the last.
async fn through(
    records: &Records,
    work: &Arc<Work>,
    report: Box<dyn Surveyed>,
    file: File,
    tools: Vec<ToolRun>,
) -> Result<Done, Problem> {
    let read = u64::from(report.entries());
    let (sender, mut portions) = mpsc::channel(2);
    let reader = tokio::task::spawn_blocking(move || hand_out(report.as_ref(), file, &sender));
    let mut tally = Tally::default();
    while let Some((tool, found)) = portions.recv().await {
        let (work, found) = (work.clone(), Arc::new(found));
        tally.add(
            again(records, move |tx| {
                let tool = work.tools.get(tool).map_or("", String::as_str);
                portion::apply(tx, &work, tool, &found)
            })
            .await?,
        );
    }
    let (skipped, named) = reader.await.map_err(|_| Problem::internal())??;
    for (tool, run) in tools.into_iter().enumerate() {
        let mut more = run.complete;
        while more {
            let work = work.clone();
            let closed = again(records, move |tx| {
                portion::close(tx, &work, work.tools.get(tool).map_or("", String::as_str))
            });
            let (closed, others) = closed.await?;
            tally.add(closed);
            more = others;
        }
    }
    let counts = counts(read, skipped, &tally);
    let (last, people) = (work.clone(), tally);
    let scan = again(records, move |tx| {
        lease::release(tx, last.scan)?;
        scans::complete(tx, last.scan, counts, (&people.users, &people.teams), &last.by)
    })
    .await?;
    Ok(Done {
        scan,
        counts,
        skipped: named,
    })
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

/// Reads the results again and hands them over in portions, each of one tool; how many were skipped, and the first
/// of them by name.
fn hand_out(
    report: &dyn Surveyed,
    mut file: File,
    portions: &mpsc::Sender<(usize, Vec<Found>)>,
) -> Result<(u64, Vec<Skipped>), Problem> {
    let (mut skipped, mut named) = (0, Vec::new());
    let (mut tool, mut found) = (0, Vec::with_capacity(PORTION));
    let mut each = |place: &dyn Display, outcome| {
        match outcome {
            Outcome::Skipped(reason) => {
                skipped += 1;
                if named.len() < MAX_SKIPPED {
                    let r#where = place.to_string();
                    named.push(Skipped { r#where, reason });
                }
            }
            Outcome::Found(of, finding) => {
                if found.len() == PORTION || of != tool {
                    let full = std::mem::replace(&mut found, Vec::with_capacity(PORTION));
                    // Nobody takes them any more where the import broke.
                    if !full.is_empty() && portions.blocking_send((tool, full)).is_err() {
                        return false;
                    }
                }
                tool = of;
                found.push(*finding);
            }
        }
        true
    };
    report.each(&mut file, &mut each).map_err(|error| {
        tracing::error!(%error, "a report that was checked could not be read again");
        Problem::internal()
    })?;
    if !found.is_empty() {
        let _ = portions.blocking_send((tool, found));
    }
    Ok((skipped, named))
}

/// Waits between attempts where the database is out of reach.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// A transaction of an import, tried again while the database is out of reach: a restart of it is no reason to lose
/// what is half done. Each is such that doing it twice changes nothing.
async fn again<T: Send + 'static>(
    records: &Records,
    f: impl Fn(&mut Tx<'_>) -> Result<T, Problem> + Clone + Send + 'static,
) -> Result<T, Problem> {
    for pause in PAUSES {
        match records.store().write(f.clone()).await {
            Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => {
                records.store().clock().sleep(pause).await;
            }
            outcome => return outcome,
        }
    }
    records.store().write(f).await
}

/// The last transaction of an import that broke. Where it does not work out either, [`lease::recover`] does it.
async fn fail(records: &Records, work: &Arc<Work>, problem: &Problem) {
    let (scan, by, reason) = (work.scan, work.by.clone(), problem.detail().to_owned());
    let failed = records.store().write(move |tx| {
        lease::release(tx, scan)?;
        scans::fail(tx, scan, &reason, &by)
    });
    if let Err(problem) = failed.await {
        tracing::error!(%scan, %problem, "a broken import could not be marked");
    }
}
