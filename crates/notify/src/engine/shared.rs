//! What the loops of the engine share.

use std::sync::{Arc, Mutex, PoisonError};

use access::Access;
use base::{Id, Throttle, Time};
use futures_util::future::BoxFuture;
use store::Store;
use tokio::sync::watch;

use super::{lanes::Lanes, settings::Options};
use crate::{
    channel::Channel,
    channels::{Attempt, Channels, Outbound},
    deliveries::{self, Lease, RecoverFrom},
    doorbell::Doorbell,
    rules,
};

/// Sends one message: [`Channels::send`], or a test's own.
pub type Send = Arc<dyn Fn(Channel, Outbound) -> BoxFuture<'static, Attempt> + std::marker::Send + Sync>;

/// What the loops share.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) access: Access,
    pub(super) channels: Channels,
    pub(super) send: Send,
    pub(super) options: Options,
    pub(super) rules: Arc<rules::Cache>,
    pub(super) lanes: Arc<Lanes>,
    pub(super) pace: Arc<deliveries::Pace>,
    pub(super) doorbell: Doorbell,
    pub(super) trying: Trying,
    pub(super) in_flight: deliveries::InFlight,
    /// Distinguishes this process from others, and from earlier ones.
    pub(super) process: i64,
}

/// Which event the planner tried alone, so that the one that fails can be quarantined.
#[derive(Debug, Default)]
pub(super) struct Trying(Mutex<Option<Id>>);

impl Trying {
    pub(super) fn store(&self, event: Option<Id>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = event;
    }

    pub(super) fn take(&self) -> Option<Id> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    pub(super) fn lease(&self) -> Lease {
        Lease {
            node: Arc::clone(&self.options.node),
            until: self.now().after(self.options.lease),
            in_flight: self.in_flight.clone(),
        }
    }

    pub(super) fn now(&self) -> Time {
        self.store.clock().now()
    }
}

/// How many deliveries one transaction recovers.
const RECOVERED: usize = 500;

/// Gives up attempts that nobody will finish, and announces what waits because of it.
pub(super) async fn recover(shared: &Shared, from: RecoverFrom) -> Result<(), store::Error> {
    loop {
        let (from, in_flight) = (from.clone(), shared.in_flight.clone());
        let (done, waits) = shared
            .store
            .write(move |tx| deliveries::recover(tx, (&from, &in_flight), RECOVERED))
            .await?;
        recorded(shared, &done, waits);
        if done.len() < RECOVERED {
            return Ok(());
        }
        tracing::info!(
            found = done.len(),
            "recovered deliveries whose outcome was never recorded"
        );
    }
}

/// Outcomes are committed: notifies observers, and announces what waits because of them.
pub(super) fn recorded(shared: &Shared, done: &[deliveries::AttemptResult], waits: deliveries::Recorded) {
    for one in done {
        shared.options.observer.notify(one.ended());
    }
    for (lane, due) in waits {
        shared.lanes.waits(&lane, due);
    }
}

/// Logs that a loop waits for the database: once a minute, however often it retries.
pub(super) fn log_waiting(logged: &Throttle, what: &'static str, error: &store::Error) {
    if let Some(times) = logged.due() {
        tracing::warn!(%error, times, "{what} waits for the database");
    }
}

/// Waits until the engine is to stop.
pub(super) async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // Without a sender there is nothing left to work for.
    let _ = stopped.wait_for(|stop| *stop).await;
}
