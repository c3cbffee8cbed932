//! Generates reports: one per company at a time, in portions, each a short transaction.
//!
//! Owns: the claim on a report, the turns between companies, and taking over a report whose node died. Must not: be
//! waited for by a request.
//!
//! A node that generates a report renews its lease with every part it writes ([`store::lease`]). One that has not written
//! for [`LEASE`] counts as dead, and another starts the report again; if the first one is still running, it finds its
//! lease gone and stops.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use access::PageQuery;
use base::{Id, Kind, Scope, Severity, bus::Batch};
use futures_util::{StreamExt, stream::FuturesUnordered};
use store::{Lease, Store, Tx, lease::Taken, outbox, params};
use tokio::sync::{Semaphore, broadcast};

use super::{
    change, list, quota,
    quota::Limits,
    render::Writer,
    report::{Report, Status},
};
use crate::{
    Refused,
    findings::{self, Finding},
};

/// How long a node may go without writing a part before it counts as dead.
pub const LEASE: Duration = Duration::from_secs(30);

/// The leases of reports that are being generated.
const LEASES: Lease = Lease {
    table: "report_leases",
    subject: "report_id",
    holder: "holder",
    length: LEASE,
    fresh: Duration::from_secs(5),
};

/// Maximum number of findings in a report.
pub const MAX_FINDINGS: u64 = 100_000;

/// How many findings are read and written at a time.
const PORTION: u32 = 100;

/// For how many companies reports are generated at once, and for how many of them a portion is read or written at the
/// same time.
const COMPANIES: usize = 32;
const PORTIONS: usize = 2;

/// Generates requested reports.
pub struct Maker {
    store: Store,
    wake: broadcast::Receiver<Batch>,
    limits: Limits,
    /// Reports take turns for the next portion, so a small one does not wait for a large one.
    portions: Arc<Semaphore>,
    /// The companies whose reports are being generated here.
    making: BTreeSet<Id>,
    /// The last turn of each company with more reports waiting.
    turns: HashMap<Id, u64>,
    turn: u64,
}

impl Maker {
    /// A maker over these tables, woken by writes to them from now on.
    pub fn new(store: Store) -> Self {
        let wake = store.bus().subscribe();
        Self {
            store,
            wake,
            limits: Limits::default(),
            portions: Arc::new(Semaphore::new(PORTIONS)),
            making: BTreeSet::new(),
            turns: HashMap::new(),
            turn: 0,
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Generates reports until it is dropped.
    pub async fn run(mut self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < COMPANIES {
                match self.begin().await {
                    Ok(Some(work)) => under_way.push(work.run()),
                    Ok(None) => break,
                    Err(problem) => {
                        tracing::warn!(%problem, "reports are waiting");
                        break;
                    }
                }
            }
            tokio::select! {
                Some((company, made)) = under_way.next() => {
                    self.making.remove(&company);
                    if let Err(problem) = made {
                        tracing::warn!(%problem, "a report is waiting");
                    }
                }
                () = self.wait() => {}
            }
        }
    }

    /// Waits until a report is requested here, or one of another node may have lost its maker.
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

    /// Generates the next report, if any; returns whether there was one.
    ///
    /// # Errors
    /// The store's. The report is started again when its lease has expired.
    pub async fn make_next(&mut self) -> Result<bool, Refused> {
        let Some(work) = self.begin().await? else {
            return Ok(false);
        };
        let (company, made) = work.run().await;
        self.making.remove(&company);
        made.map(|()| true)
    }

    /// The next report, claimed.
    async fn begin(&mut self) -> Result<Option<Work>, Refused> {
        let waiting = self.store.read(|tx| {
            let free = format!("{WAITING} and {} group by company_id", free());
            tx.all::<(Id, Id)>(&free, &LEASES.bounds(tx.now()))
        });
        let mut waiting = waiting.await?;
        self.turns
            .retain(|company, _| waiting.iter().any(|(waits, _)| waits == company));
        waiting.retain(|(company, _)| !self.making.contains(company));
        // The company without a turn so far, or with the oldest one; among several, the one whose report has waited longest.
        waiting.sort_by_key(|(company, first)| (self.turns.get(company).copied(), *first));
        for (company, first) in waiting {
            let Some((report, claim)) = self.store.write(move |tx| claim(tx, first)).await? else {
                // Another node was faster.
                continue;
            };
            self.turn += 1;
            self.turns.insert(company, self.turn);
            self.making.insert(company);
            return Ok(Some(Work {
                store: self.store.clone(),
                limits: self.limits,
                portions: Arc::clone(&self.portions),
                report,
                claim,
                part: 0,
            }));
        }
        Ok(None)
    }
}

const WAITING: &str = "select company_id, min(id) from reports where status in ('pending', 'running')";
const UNFINISHED: &str = "select id from reports where id = $1 and status in ('pending', 'running')";
// A node of an earlier version sees by the time that it has lost the report.
const CLAIM: &str = "update reports set status = 'running', claimed_at = $2 where id = $1";
const FORGET: &str = "delete from report_parts where report_id = $1";

/// The condition that nobody is at work on a report: no lease, or one that is over.
fn free() -> String {
    format!(
        "not exists (select 1 from report_leases where report_id = reports.id and not {})",
        LEASES.over("$1", "$2")
    )
}

/// The report, now claimed, with the holder of its lease; none if another node has it by now.
fn claim(tx: &mut Tx<'_>, id: Id) -> Result<Option<(Report, Id)>, Refused> {
    let (now, holder) = (tx.now(), tx.id());
    let sql = format!("{UNFINISHED}{}", outbox::skip_locked(tx));
    if tx.one::<(Id,)>(&sql, params![id])?.is_none() {
        return Ok(None);
    }
    if let Taken::Busy { .. } = LEASES.take(tx, &[id], holder, |_| false)? {
        return Ok(None);
    }
    tx.execute(CLAIM, params![id, now])?;
    tx.execute(FORGET, params![id])?;
    Ok(Some((list::get(tx, id, &Scope::All)?, holder)))
}

/// A report that is being generated.
struct Work {
    store: Store,
    limits: Limits,
    portions: Arc<Semaphore>,
    report: Report,
    claim: Id,
    part: i64,
}

const WRITE: &str = "insert into report_parts (report_id, part, body) values ($1, $2, $3)";

impl Work {
    /// Generates it; returns the company, whose next report may then be generated.
    async fn run(mut self) -> (Id, Result<(), Refused>) {
        let (id, company) = (self.report.id, self.report.place.company.id);
        let made = match self.make(&Scope::of([company])).await {
            // Deleted, or taken over: it is no longer ours.
            Err(Refused::Lost(_)) => {
                tracing::info!(report = %id, "a report was given up");
                Ok(())
            }
            made => made,
        };
        (company, made)
    }

    async fn make(&mut self, scope: &Scope) -> Result<(), Refused> {
        let (company, limits) = (self.report.place.company.id, self.limits);
        let room = self.store.read(move |tx| quota::room(tx, company, &limits));
        if let Err(words) = room.await? {
            return self.fail(&words).await;
        }
        let mut writer = Writer::new(self.report.clone(), self.store.clock().now());
        for severity in self.severities() {
            let mut cursor = None;
            loop {
                let _turn = Arc::clone(&self.portions).acquire_owned().await;
                let (found, next) = self.portion(scope, severity, cursor).await?;
                if writer.count() + found.len() as u64 > MAX_FINDINGS {
                    return self
                        .fail("It would contain more than 100,000 findings. Narrow the selection.")
                        .await;
                }
                if !found.is_empty() {
                    // It is slow, and nobody else should wait for it.
                    let rendered = base::spawn_background(move || (writer.findings(&found), writer));
                    let (body, back) = rendered.await.map_err(|_| Refused::Fault)?;
                    writer = back;
                    self.write(body?).await?;
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

    /// The severities of the report, most severe first.
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
    ) -> Result<(Vec<Finding>, Option<String>), Refused> {
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
    async fn write(&mut self, body: String) -> Result<(), Refused> {
        // The first part is the head, which is known last.
        self.part += 1;
        let (id, claim, part) = (self.report.id, self.claim, self.part);
        let written = self.store.write(move |tx| {
            renew(tx, claim)?;
            Ok::<_, Refused>(tx.execute(WRITE, params![id, part, body]).map(drop)?)
        });
        written.await
    }

    async fn finish(
        &mut self,
        findings: u64,
        size: u64,
        (head, tail): (String, String),
    ) -> Result<(), Refused> {
        let (mut report, claim, last) = (self.report.clone(), self.claim, self.part + 1);
        report.status = Status::Ready;
        (report.findings, report.size) = (findings, size);
        let finished = self.store.write(move |tx| {
            renew(tx, claim)?;
            tx.execute(WRITE, params![report.id, 0, head])?;
            tx.execute(WRITE, params![report.id, last, tail])?;
            let report = named_now(tx, report)?;
            LEASES.release(tx, claim)?;
            Ok::<_, Refused>(change::finish(tx, &report)?)
        });
        finished.await
    }

    async fn fail(&mut self, error: &str) -> Result<(), Refused> {
        let (mut report, claim) = (self.report.clone(), self.claim);
        report.status = Status::Failed;
        error.clone_into(&mut report.error);
        let failed = self.store.write(move |tx| {
            renew(tx, claim)?;
            tx.execute(FORGET, params![report.id])?;
            let report = named_now(tx, report)?;
            LEASES.release(tx, claim)?;
            Ok::<_, Refused>(change::finish(tx, &report)?)
        });
        failed.await
    }
}

/// The report with its current name.
fn named_now(tx: &mut Tx<'_>, mut report: Report) -> Result<Report, Refused> {
    report.name = list::get(tx, report.id, &Scope::of([report.place.company.id]))?.name;
    Ok(report)
}

/// Confirms that a report is still being generated here.
///
/// # Errors
/// 409 if it is no longer ours.
fn renew(tx: &mut Tx<'_>, claim: Id) -> Result<(), Refused> {
    if LEASES.renew(tx, claim, 1)? {
        return Ok(());
    }
    Err(Refused::Lost(
        "The report was deleted or taken over in the meantime.".to_owned(),
    ))
}
