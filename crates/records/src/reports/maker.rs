//! The making of reports: one at a time, in portions, each a short transaction.
//!
//! Owns: the claim on a report, and what becomes of one whose maker died. Must not: be waited for by a request.
//!
//! A node that makes a report says so with every part it writes. One that has said nothing for [`LEASE`] is gone, and
//! another begins the report anew; the first, should it live, finds its claim gone and stops.

use std::time::Duration;

use access::{PageQuery, Problem};
use base::{Id, Kind, Scope, Severity, Time, bus::Batch};
use store::{Store, Tx, outbox, params};
use tokio::sync::broadcast;

use super::{Report, Status, change, list, render::Writer};
use crate::findings::{self, Finding};

/// How long a node may go without writing a part before it counts as gone.
pub const LEASE: Duration = Duration::from_secs(30);

/// The most findings of a report.
pub const MAX_FINDINGS: u64 = 100_000;

/// How many findings are read and written at a time.
const PORTION: u32 = 100;

/// Makes the reports that are asked for, one after the other.
pub struct Maker {
    store: Store,
    wake: broadcast::Receiver<Batch>,
}

impl Maker {
    /// A maker over these tables, woken by what is written to them from now on.
    pub fn new(store: Store) -> Self {
        let wake = store.bus().subscribe();
        Self { store, wake }
    }

    /// Makes reports until it is dropped.
    pub async fn run(mut self) {
        loop {
            match self.make_next().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(problem) => tracing::warn!(%problem, "reports wait"),
            }
            self.wait().await;
        }
    }

    /// Until a report is asked for here, or one of another node may be without a maker.
    async fn wait(&mut self) {
        let clock = self.store.clock().clone();
        let asked = async {
            loop {
                match self.wake.recv().await {
                    Ok(batch) if batch.iter().all(|event| event.kind != Kind::ReportRequested) => {}
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                }
            }
        };
        tokio::select! {
            () = asked => {}
            () = clock.sleep(LEASE) => {}
        }
    }

    /// Makes the report that has waited longest, if any; whether there was one.
    ///
    /// # Errors
    /// The store's. The report is begun anew when its lease is over.
    pub async fn make_next(&self) -> Result<bool, Problem> {
        let Some((report, claim)) = self.store.write(claim).await? else {
            return Ok(false);
        };
        let (id, scope) = (report.id, Scope::of([report.place.company.id]));
        let mut work = Work {
            store: &self.store,
            report,
            claim,
            part: 0,
        };
        match work.make(&scope).await {
            // Deleted, or taken over: it is not ours any more.
            Err(problem) if problem.status() == 409 => tracing::info!(report = %id, "a report was given up"),
            other => other?,
        }
        Ok(true)
    }
}

const WAITING: &str = "select id from reports where status in ('pending', 'running') and claimed_at <= $1 \
     order by id limit 1";
const CLAIM: &str = "update reports set status = 'running', claimed_at = $2 where id = $1";
const FORGET: &str = "delete from report_parts where report_id = $1";

/// The report that has waited longest, ours from now on, with the time by which it is known to be.
fn claim(tx: &mut Tx<'_>) -> Result<Option<(Report, Time)>, Problem> {
    let now = tx.now();
    let sql = format!("{WAITING}{}", outbox::skip_locked(tx));
    let Some((id,)) = tx.one::<(Id,)>(&sql, params![now.before(LEASE)])? else {
        return Ok(None);
    };
    tx.execute(CLAIM, params![id, now])?;
    tx.execute(FORGET, params![id])?;
    Ok(Some((list::get(tx, id, &Scope::All)?, now)))
}

/// A report that is being made.
struct Work<'a> {
    store: &'a Store,
    report: Report,
    claim: Time,
    part: i64,
}

const RENEW: &str =
    "update reports set claimed_at = $3 where id = $1 and claimed_at = $2 and status = 'running'";
const WRITE: &str = "insert into report_parts (report_id, part, body) values ($1, $2, $3)";

impl Work<'_> {
    async fn make(&mut self, scope: &Scope) -> Result<(), Problem> {
        let mut writer = Writer::new(self.report.clone(), self.store.clock().now());
        for severity in self.severities() {
            let mut cursor = None;
            loop {
                let (found, next) = self.portion(scope, severity, cursor).await?;
                if writer.count() + found.len() as u64 > MAX_FINDINGS {
                    return self
                        .fail("It would hold more than 100,000 findings. Narrow it down.")
                        .await;
                }
                if !found.is_empty() {
                    let body = writer.findings(&found)?;
                    self.write(body).await?;
                }
                if next.is_none() {
                    break;
                }
                cursor = next;
            }
        }
        let (head, tail) = writer.frame()?;
        self.finish(writer.count(), writer.size(), (head, tail)).await
    }

    /// The severities of the report, the worst first.
    fn severities(&self) -> Vec<Severity> {
        let wanted = &self.report.contents.severities;
        Severity::ALL
            .into_iter()
            .rev()
            .filter(|severity| wanted.is_empty() || wanted.contains(severity))
            .collect()
    }

    async fn portion(
        &self,
        scope: &Scope,
        severity: Severity,
        cursor: Option<String>,
    ) -> Result<(Vec<Finding>, Option<String>), Problem> {
        let filter = findings::Filter {
            company: Some(self.report.place.company.id),
            project: self.report.place.project.as_ref().map(|project| project.id),
            statuses: self.report.contents.statuses.clone(),
            severities: vec![severity],
            ..findings::Filter::default()
        };
        let (scope, page) = (
            scope.clone(),
            PageQuery {
                limit: Some(PORTION),
                cursor,
            },
        );
        let page = self
            .store
            .read(move |tx| findings::list(tx, &scope, &filter, findings::Sort::default(), &page))
            .await?;
        Ok((page.items, page.next_cursor))
    }

    /// Writes the next part, as long as the report is ours.
    async fn write(&mut self, body: String) -> Result<(), Problem> {
        // The first part is the head, which is known last.
        self.part += 1;
        let (id, claim, part) = (self.report.id, self.claim, self.part);
        let written = self.store.write(move |tx| {
            let now = renew(tx, id, claim)?;
            tx.execute(WRITE, params![id, part, body])?;
            Ok::<_, Problem>(now)
        });
        self.claim = written.await?;
        Ok(())
    }

    async fn finish(
        &mut self,
        findings: u64,
        size: u64,
        (head, tail): (String, String),
    ) -> Result<(), Problem> {
        let (mut report, claim, last) = (self.report.clone(), self.claim, self.part + 1);
        report.status = Status::Ready;
        (report.findings, report.size) = (findings, size);
        let finished = self.store.write(move |tx| {
            renew(tx, report.id, claim)?;
            tx.execute(WRITE, params![report.id, 0, head])?;
            tx.execute(WRITE, params![report.id, last, tail])?;
            let report = named_now(tx, report)?;
            Ok::<_, Problem>(change::finish(tx, &report)?)
        });
        finished.await
    }

    async fn fail(&mut self, error: &str) -> Result<(), Problem> {
        let (mut report, claim) = (self.report.clone(), self.claim);
        report.status = Status::Failed;
        error.clone_into(&mut report.error);
        let failed = self.store.write(move |tx| {
            renew(tx, report.id, claim)?;
            tx.execute(FORGET, params![report.id])?;
            let report = named_now(tx, report)?;
            Ok::<_, Problem>(change::finish(tx, &report)?)
        });
        failed.await
    }
}

/// The report with the name it has by now.
fn named_now(tx: &mut Tx<'_>, mut report: Report) -> Result<Report, Problem> {
    report.name = list::get(tx, report.id, &Scope::of([report.place.company.id]))?.name;
    Ok(report)
}

/// Says that a report is still being made here.
///
/// # Errors
/// 409 where it is not ours any more.
fn renew(tx: &mut Tx<'_>, id: Id, claim: Time) -> Result<Time, Problem> {
    // Later than the last time, also where the clock was set back.
    let now = tx.now().max(claim.after(Duration::from_nanos(1)));
    match tx.execute(RENEW, params![id, claim, now])? {
        1 => Ok(now),
        _ => Err(Problem::conflict(
            "The report was deleted or taken over meanwhile.",
        )),
    }
}
