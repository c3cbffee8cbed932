//! The database at a start: waited for, and its clock taken over.

use std::time::{Duration, Instant};

use anyhow::Context;
use base::{Bus, Clock};
use store::Store;

use crate::config::Config;

/// How often the database is asked for while it is not there yet, and how often that is said.
const ASK: Duration = Duration::from_secs(1);
const SAY: Duration = Duration::from_secs(10);

/// Opens the database, once it is there.
///
/// # Errors
/// What stands in the way, for a person at a terminal.
pub async fn open_store(config: &Config, clock: &Clock, bus: Bus) -> anyhow::Result<Store> {
    let mut options = store::Options::new(&config.database_url);
    options.connections = config.connections;
    let store = Store::open(options, clock.clone(), bus)
        .await
        .context("the database cannot be opened")?;
    let start = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        match store.answers().await {
            Err(store::Error::Unavailable) if start.elapsed() < config.database_wait => {}
            answer => {
                answer.context("the database cannot be opened")?;
                follow_clock(&store).await?;
                return Ok(store);
            }
        }
        if said.is_none_or(|said| said.elapsed() >= SAY) {
            said = Some(Instant::now());
            let seconds = config.database_wait.saturating_sub(start.elapsed()).as_secs();
            tracing::warn!("the database is not there yet: waiting for it, {seconds} seconds at most");
        }
        tokio::time::sleep(ASK).await;
    }
}

/// From how far apart clocks are a matter for the operator.
const APART: i64 = 2_000_000_000;

/// Dates everything by the clock of the database's machine, which all servers have in common.
async fn follow_clock(store: &Store) -> anyhow::Result<()> {
    let by = store.set_clock().await.context("the database cannot be opened")?;
    if by.abs() >= APART {
        let seconds = by / 1_000_000_000;
        tracing::warn!(
            seconds,
            "the clock of the database's machine is ahead of this one's by so much: it counts"
        );
    }
    Ok(())
}
