//! Adjusts to changes of the system clock: what waits in the tables is moved accordingly, so that nothing is late by
//! the change and no session lasts longer.
//!
//! Between two checks everything continues on the old time. What waits in memory uses the monotonic clock, and is not
//! affected.
//! Must not: touch what has a date of its own, such as a deadline or the expiry of a token.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base::Throttle;
use store::{Error, Tx, outbox, params};
use tokio::sync::watch;

use super::shared::{Shared, log_waiting, stopping};

/// How often the clock is checked.
const CHECK: Duration = Duration::from_secs(2);

/// Smaller differences are not a change: the clock is synchronized in small steps.
const STEP: Duration = Duration::from_secs(2);

pub(super) async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let logged = Throttle::new();
    while !*stopped.borrow() {
        if let Err(error) = check(&shared).await {
            log_waiting(&logged, "checking the clock", &error);
        }
        tokio::select! {
            () = shared.store.clock().sleep(CHECK) => {}
            () = stopping(&mut stopped) => {}
        }
    }
}

async fn check(shared: &Shared) -> Result<(), Error> {
    let Some(shown) = shared.store.reference().await? else {
        return Ok(());
    };
    let clock = shared.store.clock();
    let by = shown.nanos().saturating_sub(clock.now().nanos());
    if u128::from(by.unsigned_abs()) < STEP.as_nanos() {
        clock.adjust(by);
        return Ok(());
    }
    let seconds = by / 1_000_000_000;
    tracing::warn!(seconds, "the system clock was changed: adjusting waiting rows");
    let lease = shared.options.lease;
    let me = shared.process;
    let shift = shared.store.write(move |tx| shift(tx, (by, me), lease));
    // In this order what is written in between is at most early, never late.
    if by < 0 {
        clock.adjust(by);
        if let Err(error) = shift.await {
            clock.adjust(-by);
            return Err(error);
        }
    } else {
        shift.await?;
        clock.adjust(by);
    }
    shared.lanes.shift(by);
    shared.access.clock_was_set(by);
    shared.doorbell.ring();
    Ok(())
}

/// Moves what is in the tables by this many nanoseconds.
fn shift(tx: &mut Tx<'_>, (by, me): (i64, i64), lease: Duration) -> Result<(), Error> {
    if !is_first(tx, (by, me))? {
        return Ok(());
    }
    tx.execute(DUE, params![by])?;
    tx.execute(READS, params![by])?;
    outbox::move_open(tx, by)?;
    if by < 0 {
        // Sessions end no later than they would have. If the clock is set forward they may end early, as they would
        // while the machine sleeps.
        access::sessions_end_earlier(tx, by)?;
        let longest = tx.now().after(lease);
        tx.execute(LEASES, params![longest])?;
    }
    Ok(())
}

/// For how long a change that another node adjusted to is recognized by this node.
const SAME: Duration = Duration::from_mins(2);

const LOCK: &str = "insert into notification_meta (name, value) values ('clock set by', 0) \
     on conflict (name) do update set value = notification_meta.value returning value";
const LAST: &str =
    "select name, value from notification_meta where name in ('clock set at', 'clock set for')";
const NOTE: &str = "insert into notification_meta (name, value) values ($1, $2) \
     on conflict (name) do update set value = excluded.value";

/// Whether this node is the first to see that the clock of the database's machine was set by this much; then it records
/// that.
fn is_first(tx: &mut Tx<'_>, (by, me): (i64, i64)) -> Result<bool, Error> {
    let last_by = tx.one::<(i64,)>(LOCK, &[])?.map_or(0, |(by,)| by);
    let last: BTreeMap<String, i64> = tx.all::<(String, i64)>(LAST, &[])?.into_iter().collect();
    let near = |one: i64, other: i64, within: Duration| u128::from(one.abs_diff(other)) < within.as_nanos();
    // By the time after the change.
    let now = if by < 0 {
        tx.now().nanos()
    } else {
        tx.now().nanos().saturating_add(by)
    };
    let same = last.get("clock set at").is_some_and(|at| near(*at, now, SAME));
    let other = last.get("clock set for").is_some_and(|node| *node != me);
    if same && other && near(last_by, by, STEP) {
        return Ok(false);
    }
    for (name, value) in [("clock set by", by), ("clock set at", now), ("clock set for", me)] {
        tx.execute(NOTE, params![name, value])?;
    }
    Ok(true)
}

const DUE: &str = "update deliveries set next_at = next_at + $1 where state = 'pending'";
const READS: &str = "update first_reads set due_at = due_at + $1 where due_at > 0";
// No lease lasts longer than a new one.
const LEASES: &str = "update deliveries set lease_until = $1 where state = 'sending' and lease_until > $1";
