//! The SLA clock: announces what is due at the right time, once.
//!
//! Owns: the timer, which sleeps until the next instant at which one of its [`SOURCES`] has something to do; a change
//! that may bring that instant forward wakes it. What was announced is recorded in the transaction of the event. Must
//! not: know what to announce; each source does. Nor rely on being woken: it checks on its own every [`MAX_SLEEP`].

mod acceptances;
mod agreements;
pub(crate) mod source;
mod sweep;
pub(crate) mod waiting;

use std::{future::Future, sync::Arc, time::Duration};

use base::{Event, Kind, Time, bus::Batch, failpoint};
use store::Tx;
use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};

use crate::{Records, Refused, Settings, approvals, findings};
use source::Source;

/// What the clock checks.
const SOURCES: &[Source] = &[
    findings::due::SOURCE,
    APPROVALS,
    acceptances::SOURCE,
    agreements::SOURCE,
];

/// Risk acceptances that expire: their findings are reopened.
const APPROVALS: Source = Source {
    name: "approvals",
    concerns: |kind| matches!(kind, Kind::ApprovalDecided),
    next: |tx, _| approvals::next_expiry(tx),
    act: |tx, settings, limit| approvals::expire(tx, *settings, limit),
    postpone: None,
};

/// Records per transaction: few, because on SQLite all other writers wait for it.
const PORTION: u32 = 200;
/// Findings per transaction after the hours of a ladder changed.
const SWEPT: u32 = 500;
/// Maximum sleep: the system clock may be set, and another node may have stopped after a write.
const MAX_SLEEP: Duration = Duration::from_secs(30);
/// How long changes are gathered before it checks their effect.
const GATHER: Duration = Duration::from_millis(50);
/// How long it waits if another node holds the due records.
const BUSY: Duration = Duration::from_millis(50);
/// How long it waits after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// After how many failures a record is postponed, and for how long.
const MAX_FAILURES: u32 = 3;
const POSTPONED: Duration = Duration::from_hours(1);

/// The clock. [`run`](Self::run) it once per process.
pub struct SlaClock {
    records: Records,
    wake: Arc<Notify>,
    /// Consecutive failures of each source.
    failures: [u32; SOURCES.len()],
}

/// The state of the tables.
struct Check {
    /// Which sources have something to do now.
    due: Vec<usize>,
    /// When the next of the others has.
    next: Option<Time>,
    /// Whether findings are waiting for a changed ladder.
    swept: bool,
}

impl SlaClock {
    /// A clock over these records.
    pub fn new(records: Records) -> Self {
        Self {
            wake: Arc::clone(&records.wake),
            records,
            failures: [0; SOURCES.len()],
        }
    }

    /// Announces what is due until `shutdown` resolves. The rest follows after the next start.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        // Before the first read, so that nothing is missed.
        let mut events = self.records.store().bus().subscribe();
        let work = async {
            while let Err(problem) = self.begin().await {
                tracing::warn!(%problem, "the SLA clock is waiting for the database");
                self.records.store().clock().sleep(PAUSE).await;
            }
            loop {
                let until = match self.catch_up().await {
                    Ok(next) => next,
                    Err(problem) => {
                        tracing::warn!(%problem, "the SLA clock is waiting");
                        Some(self.now().after(PAUSE))
                    }
                };
                self.wait(until, &mut events).await;
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = work => {}
        }
    }

    /// Checks whether the settings changed while it was not running, and sets an expiry for risks accepted before an
    /// approval was required. [`run`](Self::run) does so first.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin(&self) -> Result<(), Refused> {
        let settings = self.records.settings();
        self.records
            .write(move |tx| sweep::note_settings(tx, &settings))
            .await?;
        while self.records.write(|tx| approvals::adopt(tx, PORTION)).await? > 0 {}
        Ok(())
    }

    /// Does everything that is due; returns when there is something to do next.
    ///
    /// # Errors
    /// The store's: the affected records are still due.
    pub async fn catch_up(&mut self) -> Result<Option<Time>, Refused> {
        loop {
            let check = self.check().await?;
            if check.due.is_empty() {
                if !check.swept {
                    return Ok(check.next);
                }
                let settings = self.records.settings();
                self.records
                    .write(move |tx| sweep::advance(tx, &settings, SWEPT))
                    .await?;
                continue;
            }
            let mut done = 0;
            let mut failed = None;
            for index in check.due {
                match self.act(index).await {
                    Ok(some) => done += some,
                    Err(problem) => failed = Some(problem),
                }
            }
            match failed {
                Some(problem) => return Err(problem),
                None if done == 0 => return Ok(Some(self.now().after(BUSY))),
                None => {}
            }
        }
    }

    async fn check(&self) -> Result<Check, Refused> {
        let settings = self.records.settings();
        let read = move |tx: &mut Tx<'_>| {
            let mut check = Check {
                due: Vec::new(),
                next: None,
                swept: sweep::pending(tx)?,
            };
            let now = tx.now();
            for (index, source) in SOURCES.iter().enumerate() {
                match (source.next)(tx, &settings)? {
                    Some(next) if next <= now => check.due.push(index),
                    next => check.next = check.next.into_iter().chain(next).min(),
                }
            }
            Ok(check)
        };
        self.records.read(read).await
    }

    /// One portion of one source. After a failure it takes one record at a time, to find the one that fails.
    async fn act(&mut self, index: usize) -> Result<usize, Refused> {
        let (source, failures) = (&SOURCES[index], self.failures[index]);
        let limit = if failures == 0 { PORTION } else { 1 };
        let settings = self.records.settings();
        let acted = self
            .records
            .write(move |tx| (source.act)(tx, &settings, limit))
            .await;
        match &acted {
            Ok(_) => self.failures[index] = 0,
            Err(refused) if refused.is_passing() => {}
            Err(refused) => {
                tracing::error!(problem = %refused, source = source.name, "what is due could not be announced");
                self.failures[index] += 1;
                if let Some(postpone) = source.postpone
                    && self.failures[index] > MAX_FAILURES
                {
                    let until = self.now().after(POSTPONED);
                    self.records.write(move |tx| postpone(tx, until)).await?;
                    self.failures[index] = 0;
                }
            }
        }
        failpoint::hit("clock.acted");
        acted
    }

    async fn wait(&self, next: Option<Time>, events: &mut broadcast::Receiver<Batch>) {
        let clock = self.records.store().clock();
        let again = clock.now().after(MAX_SLEEP);
        tokio::select! {
            () = clock.sleep_until(next.map_or(again, |next| next.min(again))) => {}
            () = self.wake.notified() => {}
            () = announced(events) => clock.sleep(GATHER).await,
        }
    }

    fn now(&self) -> Time {
        self.records.store().clock().now()
    }
}

/// Does what is due in this transaction, for at most `limit` records of each source; returns when there is something to
/// do next. The clock does the same with a transaction for each source.
///
/// # Errors
/// The store's.
pub fn act(tx: &mut Tx<'_>, settings: &Settings, limit: u32) -> Result<Option<Time>, Refused> {
    let mut next = None;
    for source in SOURCES {
        (source.act)(tx, settings, limit)?;
        next = next.into_iter().chain((source.next)(tx, settings)?).min();
    }
    Ok(next)
}

/// Waits for a change that may bring the next instant forward.
async fn announced(events: &mut broadcast::Receiver<Batch>) {
    let concerns = |event: &Event| SOURCES.iter().any(|source| (source.concerns)(event.kind));
    loop {
        match events.recv().await {
            Ok(batch) if !batch.iter().any(concerns) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => break,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
