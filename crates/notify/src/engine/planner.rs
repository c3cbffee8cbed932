//! Takes unplanned events, in the order they happened, and records who is notified.

use std::sync::Arc;

use base::{Event, Id, Throttle, Time, failpoint};
use store::{Error, Tx, outbox};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use super::{
    batch,
    sender::Sender,
    shared::{Shared, log_waiting, stopping},
};

/// How often an error occurred, and how careful to be because of it.
struct Caution {
    /// How many events the next transaction takes: one after a failure, to find the broken one.
    limit: u32,
    /// How many more to take one by one.
    one_by_one: u32,
    /// How often the oldest event failed alone.
    failures: u32,
}

pub(super) async fn run(
    shared: Arc<Shared>,
    mut events: broadcast::Receiver<Arc<[Event]>>,
    mut sender: Sender,
    mut stopped: watch::Receiver<bool>,
) {
    let full = shared.options.batch.max(1);
    let mut caution = Caution {
        limit: full,
        one_by_one: 0,
        failures: 0,
    };
    let logged = Throttle::new();
    let mut schedule = Schedule::default();
    while !*stopped.borrow() {
        if let Err(error) = check(&shared, &mut schedule).await {
            log_waiting(&logged, "planning", &error);
        }
        match step(&shared, &mut sender, &mut caution).await {
            Ok(true) => {}
            Ok(false) => {
                tokio::select! {
                    () = wake(&shared, &mut events) => {}
                    () = stopping(&mut stopped) => {}
                }
            }
            Err(error) => {
                log_waiting(&logged, "planning", &error);
                tokio::select! {
                    () = shared.store.clock().sleep(shared.options.pause) => {}
                    () = stopping(&mut stopped) => {}
                }
            }
        }
    }
    sender.finish().await;
}

/// Plans one batch; whether there may be more. An error is a temporary one.
async fn step(shared: &Arc<Shared>, sender: &mut Sender, caution: &mut Caution) -> Result<bool, Error> {
    let (planning, limit) = (Arc::clone(shared), caution.limit);
    let planned = shared
        .store
        .write(move |tx| batch::plan(tx, &planning, limit))
        .await;
    if planned.is_err() {
        shared.rules.forget();
    }
    match planned {
        Ok(batch) => {
            failpoint::hit("notify.planned");
            caution.succeeded(batch.events, shared.options.batch.max(1));
            let more = batch.events > 0 || batch.more;
            if batch.unread {
                shared.doorbell.0.reader.notify_one();
            }
            for read in batch.reads {
                shared.options.read_observer.notify(read);
            }
            for (lane, due) in batch.waits {
                shared.lanes.waits(&lane, due);
            }
            for (delivery, slot) in batch.claimed {
                sender.send(delivery, slot);
            }
            Ok(more)
        }
        Err(error) if error.is_passing() || error == Error::Closed => Err(error),
        Err(error) => {
            if caution.failed(shared.options.batch.max(1)) >= shared.options.tries.max(1) {
                caution.failures = 0;
                // If it was not an event that failed, it is retried like everything else.
                let Some(tried) = shared.trying.take() else {
                    return Err(error);
                };
                quarantine(shared, tried, &error).await?;
            }
            Ok(true)
        }
    }
}

impl Caution {
    fn succeeded(&mut self, events: usize, full: u32) {
        self.failures = 0;
        if self.limit < full {
            let done = u32::try_from(events).unwrap_or(u32::MAX);
            self.one_by_one = self.one_by_one.saturating_sub(done);
            if events == 0 || self.one_by_one == 0 {
                self.limit = full;
            }
        }
    }

    /// How often the oldest event failed alone.
    fn failed(&mut self, full: u32) -> u32 {
        if self.limit == 1 {
            self.failures += 1;
        } else {
            // The broken one is somewhere in this batch.
            self.limit = 1;
        }
        self.one_by_one = full;
        self.failures
    }
}

/// An event that cannot be planned must not block the others: it is quarantined, with the reason.
async fn quarantine(shared: &Shared, event: Id, error: &Error) -> Result<(), Error> {
    let fault = error.to_string();
    let write = move |tx: &mut Tx<'_>| batch::quarantine(tx, event, &fault);
    shared.store.write(write).await?;
    tracing::error!(%event, %error, "an event was quarantined: it could not be planned");
    Ok(())
}

/// When quarantined events are checked, and after which one to continue.
#[derive(Default)]
struct Schedule {
    at: Time,
    after: Option<Id>,
}

/// How many of them one check reads.
const PAGE: usize = 500;

/// Whether quarantined events can be read now: by this version, at its start and from time to time.
async fn check(shared: &Shared, schedule: &mut Schedule) -> Result<(), Error> {
    let steady = shared.store.clock().steady();
    if steady < schedule.at {
        return Ok(());
    }
    let after = schedule.after;
    let read = move |tx: &mut Tx<'_>| outbox::readable_again(tx, after, PAGE);
    let (read, next) = shared.store.read(read).await?;
    if !read.is_empty() {
        tracing::info!(count = read.len(), "quarantined events can be read again");
        let again = move |tx: &mut Tx<'_>| batch::release(tx, &read);
        shared.store.write(again).await?;
    }
    (schedule.after, schedule.at) = (next, steady.after(shared.options.tick));
    Ok(())
}

/// Waits until there may be something to plan.
async fn wake(shared: &Shared, events: &mut broadcast::Receiver<Arc<[Event]>>) {
    let tick = shared.store.clock().sleep(shared.options.tick);
    tokio::select! {
        () = plannable(events) => {}
        () = shared.doorbell.0.planner.notified() => {}
        () = tick => {}
    }
}

async fn plannable(events: &mut broadcast::Receiver<Arc<[Event]>>) {
    loop {
        match events.recv().await {
            // The engine's own announcements wake nothing.
            Ok(batch) if !batch.iter().any(is_plannable) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => break,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    // Anything else that arrived by now is in the table as well.
    while events.try_recv().is_ok() {}
}

fn is_plannable(event: &Event) -> bool {
    event.kind.about().notifies
}
