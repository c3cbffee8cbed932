//! The database at startup: waits for it, and adopts its clock.

use std::time::{Duration, Instant};

use anyhow::Context;
use base::{Bus, Clock};
use store::Store;

use crate::config::Config;

/// How often to try the database while it is not available yet, and how often to log it.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Opens the database, once it is available.
///
/// # Errors
/// The cause, worded for a terminal.
pub async fn open_store(config: &Config, clock: &Clock, bus: Bus) -> anyhow::Result<Store> {
    let mut options = store::Options::new(&config.database_url);
    options.connections = config.connections;
    let store = Store::open(options, clock.clone(), bus)
        .await
        .context("the database cannot be opened")?;
    let start = Instant::now();
    let mut logged_at: Option<Instant> = None;
    loop {
        match store.answers().await {
            Err(store::Error::Unavailable) if start.elapsed() < config.database_wait => {}
            answer => {
                answer.context("the database cannot be opened")?;
                follow_clock(&store).await?;
                return Ok(store);
            }
        }
        if logged_at.is_none_or(|logged_at| logged_at.elapsed() >= LOG_INTERVAL) {
            logged_at = Some(Instant::now());
            let seconds = config.database_wait.saturating_sub(start.elapsed()).as_secs();
            tracing::warn!("the database is not available yet: waiting for up to {seconds} seconds");
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// The difference between clocks, in nanoseconds, from which the operator is warned.
const MAX_SKEW: i64 = 2_000_000_000;

/// Uses the clock of the database's machine for everything, because all servers share it.
async fn follow_clock(store: &Store) -> anyhow::Result<()> {
    let by = store.set_clock().await.context("the database cannot be opened")?;
    if by.abs() >= MAX_SKEW {
        let seconds = by / 1_000_000_000;
        tracing::warn!(
            seconds,
            "the clock of the database's machine is ahead of this machine's: it is used"
        );
    }
    Ok(())
}
