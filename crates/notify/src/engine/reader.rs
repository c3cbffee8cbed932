//! Records who read what first, and notifies the managers of what nobody read in time (promise A4).
//!
//! Always in this order, so that nothing is announced as unread that someone has read.

use std::{sync::Arc, time::Duration};

use base::{Throttle, Time, failpoint};
use store::Error;
use tokio::sync::watch;

use super::shared::{Shared, log_waiting, stopping};
use crate::{
    opened::{FirstRead, Opening},
    reads::{self, unread},
};

/// How many opened records one transaction processes.
const OPENINGS: usize = 100;
/// How many unread events, or sets of them, one transaction decides on.
const PORTION: u32 = 50;
/// How long one that fails is postponed.
const POSTPONED: Duration = Duration::from_hours(1);

pub(super) async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut failures = 0;
    let logged = Throttle::new();
    exclude(&shared).await;
    while !*stopped.borrow() {
        let until = match step(&shared, &mut failures).await {
            Ok(next) => next,
            Err(error) => {
                log_waiting(&logged, "announcing unread events", &error);
                Some(shared.now().after(shared.options.pause))
            }
        };
        let clock = shared.store.clock();
        let tick = clock.now().after(shared.options.tick);
        tokio::select! {
            () = clock.sleep_until(until.map_or(tick, |until| until.min(tick))) => {}
            () = shared.doorbell.0.reader.notified() => {}
            () = stopping(&mut stopped) => {}
        }
    }
    if let Err(error) = record_opened(&shared).await {
        tracing::warn!(%error, "which records people opened last was not recorded");
    }
}

/// Removes expectations that other settings created.
async fn exclude(shared: &Shared) {
    let escalation = shared.options.escalation.clone();
    let done = shared
        .store
        .write(move |tx| unread::exclude(tx, &escalation))
        .await;
    if let Err(error) = done {
        tracing::warn!(%error, "unread events are still announced by the previous settings");
    }
}

/// Does what is due; when to check again.
async fn step(shared: &Shared, failures: &mut u32) -> Result<Option<Time>, Error> {
    notify(shared, shared.doorbell.0.opened.counted());
    record_opened(shared).await?;
    while shared.store.read(reads::waits).await?
        && let Some(first) = shared.store.write(reads::catch_up).await?
    {
        notify(shared, first);
    }
    announce(shared, failures).await
}

fn notify(shared: &Shared, first: Vec<FirstRead>) {
    for read in first {
        shared.options.read_observer.notify(read);
    }
}

/// Records what people opened.
async fn record_opened(shared: &Shared) -> Result<(), Error> {
    let opened = &shared.doorbell.0.opened;
    let clock = shared.store.clock();
    opened.again(clock.steady());
    let mut kept = Vec::new();
    let written = record_waiting(shared, &mut kept).await;
    opened.keep(&kept, clock.steady());
    written
}

/// The same for what waits; `kept` gets what must be processed again.
async fn record_waiting(shared: &Shared, kept: &mut Vec<Opening>) -> Result<(), Error> {
    let opened = &shared.doorbell.0.opened;
    loop {
        let some = Arc::new(opened.take(OPENINGS));
        if some.is_empty() {
            return Ok(());
        }
        let writing = Arc::clone(&some);
        let written = shared.store.write(move |tx| reads::opened(tx, &writing)).await;
        match written {
            Ok((first, again)) => {
                notify(shared, first);
                kept.extend(again);
            }
            Err(error) if error.is_passing() || error == Error::Closed => {
                opened.give_back(&some);
                return Err(error);
            }
            Err(error) => {
                opened.drop_all(&some);
                tracing::error!(%error, "which records people opened could not be recorded");
            }
        }
    }
}

/// Notifies the managers of what is due.
async fn announce(shared: &Shared, failures: &mut u32) -> Result<Option<Time>, Error> {
    loop {
        let next = shared.store.read(unread::next).await?;
        if next.is_none_or(|next| next > shared.now()) {
            return Ok(next);
        }
        let escalation = shared.options.escalation.clone();
        let limit = if *failures == 0 { PORTION } else { 1 };
        let decided = shared
            .store
            .write(move |tx| unread::decide(tx, &escalation, limit))
            .await;
        failpoint::hit("notify.escalated");
        match decided {
            // Another node does it.
            Ok(0) => return Ok(Some(shared.now().after(shared.options.pause))),
            Ok(_) => *failures = 0,
            Err(error) if error.is_passing() || error == Error::Closed => return Err(error),
            Err(error) => {
                *failures += 1;
                if *failures <= shared.options.tries {
                    return Err(error);
                }
                tracing::error!(%error, "the managers could not be notified of unread events");
                let until = shared.now().after(POSTPONED);
                shared.store.write(move |tx| unread::postpone(tx, until)).await?;
                *failures = 0;
            }
        }
    }
}
