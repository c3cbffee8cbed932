//! Writes down what became of attempts: many in one transaction.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Sent, Shared, written_down};
use crate::deliveries;

/// How many outcomes one transaction writes.
const BATCH: usize = 256;

/// How many times an outcome is tried to be written once the engine is to stop.
const LAST_TRIES: u32 = 3;

/// Records until every sender is gone.
pub(super) async fn run(shared: Arc<Shared>, mut sent: mpsc::Receiver<Sent>, stopped: watch::Receiver<bool>) {
    let mut batch = Vec::with_capacity(BATCH);
    while sent.recv_many(&mut batch, BATCH).await > 0 {
        let done: Arc<[Sent]> = std::mem::take(&mut batch).into();
        record(&shared, done, &stopped).await;
    }
}

async fn record(shared: &Shared, done: Arc<[Sent]>, stopped: &watch::Receiver<bool>) {
    let mut tries = 0;
    while let Err(error) = try_record(shared, Arc::clone(&done)).await {
        tries += 1;
        let passing = matches!(error, store::Error::Unavailable | store::Error::Full);
        if !passing && done.len() > 1 {
            // One of them is broken: the others are not to suffer for it.
            for one in done.iter() {
                Box::pin(record(shared, Arc::from([one.clone()]), stopped)).await;
            }
            return;
        }
        if !passing || (*stopped.borrow() && tries >= LAST_TRIES) {
            // Its lease runs out, and it counts as unknown then.
            tracing::error!(%error, attempts = done.len(), "outcomes could not be recorded");
            return;
        }
        tracing::warn!(%error, "recording outcomes waits for the database");
        shared.store.clock().sleep(shared.options.pause).await;
    }
}

async fn try_record(shared: &Shared, done: Arc<[Sent]>) -> Result<(), store::Error> {
    let batch = Arc::clone(&done);
    let waits = shared
        .store
        .write(move |tx| deliveries::record(tx, &batch))
        .await?;
    written_down(shared, &done, waits);
    Ok(())
}
