//! Waits for the time at which a warning that nobody read goes to the managers.

use std::{sync::Arc, time::Duration};

use base::{Time, failpoint};
use store::Error;
use tokio::sync::watch;

use super::{Shared, stopping};
use crate::escalations;

/// How many warnings one transaction decides on.
const PORTION: u32 = 50;
/// For how long one that fails is put off.
const ASIDE: Duration = Duration::from_hours(1);

pub(super) async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut failures = 0;
    if shared.options.escalation.after.is_zero() {
        expect_none(&shared).await;
        stopping(&mut stopped).await;
    }
    while !*stopped.borrow() {
        let until = match step(&shared, &mut failures).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "warnings that nobody read wait for the database");
                Some(shared.now().after(shared.options.pause))
            }
        };
        let clock = shared.store.clock();
        let tick = clock.now().after(shared.options.tick);
        tokio::select! {
            () = clock.sleep_until(until.map_or(tick, |until| until.min(tick))) => {}
            () = shared.doorbell.0.escalator.notified() => {}
            () = stopping(&mut stopped) => {}
        }
    }
}

/// What was expected under other settings is expected no more.
async fn expect_none(shared: &Shared) {
    if let Err(error) = shared.store.write(escalations::expect_none).await {
        tracing::warn!(%error, "warnings that nobody reads are still expected to be read");
    }
}

/// Decides on what is due; when to look again.
async fn step(shared: &Shared, failures: &mut u32) -> Result<Option<Time>, Error> {
    let escalation = &shared.options.escalation;
    loop {
        let next = shared.store.read(escalations::next).await?;
        if next.is_none_or(|next| next > shared.now()) {
            return Ok(next);
        }
        let stands = Arc::clone(&escalation.stands);
        let limit = if *failures == 0 { PORTION } else { 1 };
        let decided = shared
            .store
            .write(move |tx| escalations::decide(tx, &stands, limit))
            .await;
        failpoint::hit("notify.escalated");
        match decided {
            // Another node is at it.
            Ok(0) => return Ok(Some(shared.now().after(shared.options.pause))),
            Ok(_) => *failures = 0,
            Err(error @ (Error::Unavailable | Error::Full | Error::Closed)) => return Err(error),
            Err(error) => {
                *failures += 1;
                if *failures <= shared.options.tries {
                    return Err(error);
                }
                tracing::error!(%error, "a warning that nobody read could not go to the managers");
                let until = shared.now().after(ASIDE);
                shared
                    .store
                    .write(move |tx| escalations::put_off(tx, until))
                    .await?;
                *failures = 0;
            }
        }
    }
}
