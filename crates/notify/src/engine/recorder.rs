//! Records the outcomes of attempts: many in one transaction. An outcome that the database rejects blocks no other: it
//! is held and retried until its lease expires.

use std::sync::Arc;

use base::{Throttle, Time};
use store::Error;
use tokio::sync::{mpsc, watch};

use super::{
    sender::Sent,
    shared::{Shared, log_waiting, recorded},
};
use crate::deliveries;

/// How many outcomes one transaction writes.
const BATCH: usize = 256;

/// How many rejected outcomes are held. Beyond that no more are taken, so that sending waits too.
const HELD: usize = BATCH;

/// How many times recording an outcome is tried once the engine is stopping.
const LAST_ATTEMPTS: u32 = 3;

/// An outcome that could not be written, and why.
struct Unwritten {
    done: Sent,
    error: Error,
}

/// Records until every sender is gone.
pub(super) async fn run(shared: Arc<Shared>, mut sent: mpsc::Receiver<Sent>, stopped: watch::Receiver<bool>) {
    let clock = shared.store.clock().clone();
    let mut batch = Vec::with_capacity(BATCH);
    let mut held: Vec<Unwritten> = Vec::new();
    let mut retry_at = Time::default();
    loop {
        let room = HELD.saturating_sub(held.len());
        tokio::select! {
            taken = sent.recv_many(&mut batch, room), if room > 0 => {
                if taken == 0 {
                    break;
                }
                let rejected = record(&shared, std::mem::take(&mut batch), &stopped).await;
                if held.is_empty() {
                    retry_at = clock.steady().after(shared.options.pause);
                }
                rejected.iter().for_each(log_once);
                held.extend(rejected);
            }
            () = clock.sleep(retry_at.since(clock.steady())), if !held.is_empty() => {
                held = retry(&shared, held, &stopped).await;
                retry_at = clock.steady().after(shared.options.pause);
            }
        }
    }
    let left = record(&shared, outcomes(held), &stopped).await;
    left.iter().for_each(give_up);
}

/// Outcomes that are still rejected and whose lease has not expired.
async fn retry(shared: &Shared, held: Vec<Unwritten>, stopped: &watch::Receiver<bool>) -> Vec<Unwritten> {
    // On the monotonic clock: a clock change is no reason to give up an outcome.
    let steady = shared.store.clock().steady();
    let lasts = |one: &Unwritten| {
        let held = one.done.held.as_ref();
        held.is_some_and(|held| held.since().after(shared.options.lease) > steady)
    };
    let left = record(shared, outcomes(held), stopped).await;
    let (held, over): (Vec<_>, Vec<_>) = left.into_iter().partition(lasts);
    over.iter().for_each(give_up);
    held
}

fn outcomes(held: Vec<Unwritten>) -> Vec<Sent> {
    held.into_iter().map(|one| one.done).collect()
}

fn log_once(Unwritten { done, error }: &Unwritten) {
    tracing::error!(
        delivery = %done.delivery, attempt = done.number, %error,
        "an outcome could not be recorded; retrying until its lease expires"
    );
}

/// Its lease expires, and it counts as unknown then.
fn give_up(Unwritten { done, error }: &Unwritten) {
    tracing::error!(
        delivery = %done.delivery, attempt = done.number, outcome = done.attempt.outcome.name(), %error,
        "an outcome was not recorded and will count as unknown"
    );
}

/// Records them, however long the database takes to respond. Returns those it rejects.
async fn record(shared: &Shared, done: Vec<Sent>, stopped: &watch::Receiver<bool>) -> Vec<Unwritten> {
    if done.is_empty() {
        return Vec::new();
    }
    let done: Arc<[Sent]> = done.into();
    let Err(error) = write(shared, &done, stopped).await else {
        return Vec::new();
    };
    let mut rejected = Vec::new();
    for one in done.iter() {
        let alone = done.len() > 1 && !error.is_passing();
        // One of them is broken: the others must not suffer.
        let error = if alone {
            match write(shared, &Arc::from([one.clone()]), stopped).await {
                Ok(()) => continue,
                Err(error) => error,
            }
        } else {
            error.clone()
        };
        let done = one.clone();
        rejected.push(Unwritten { done, error });
    }
    rejected
}

async fn write(shared: &Shared, done: &Arc<[Sent]>, stopped: &watch::Receiver<bool>) -> Result<(), Error> {
    static LAST_LOGGED: Throttle = Throttle::new();
    let mut tries = 0;
    loop {
        let batch = Arc::clone(done);
        let written = shared.store.write(move |tx| deliveries::record(tx, &batch)).await;
        let error = match written {
            Ok(waits) => {
                recorded(shared, done, waits);
                return Ok(());
            }
            Err(error) => error,
        };
        tries += 1;
        if !error.is_passing() || (*stopped.borrow() && tries >= LAST_ATTEMPTS) {
            return Err(error);
        }
        log_waiting(&LAST_LOGGED, "recording outcomes", &error);
        shared.store.clock().sleep(shared.options.pause).await;
    }
}
