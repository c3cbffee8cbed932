//! One import at a time: which import may write the findings of a target, and what happens to an interrupted import.
//!
//! Owns: the table `target_leases`. Must not: touch findings.
//!
//! An import holds a lease for each of its targets. Every portion checks in its own transaction that it still does: a
//! lease that was taken over names another scan, and never this one again. So a portion that is written proves that the
//! import holds them all, and an import whose process has died is recognised by leases that are no longer renewed.

use std::time::Duration;

use base::{Id, Time};
use store::{Tx, Value, params};

use super::running::Running;
use crate::{By, Records, Refused, rows, scans};

/// How long an import may go without writing before it counts as interrupted.
pub const LEASE: Duration = Duration::from_secs(30);
/// How old a lease may become before a portion renews it.
const FRESH: Duration = Duration::from_secs(5);

/// The error of a scan whose import was interrupted.
const BROKE_OFF: &str =
    "The import was interrupted: the server was stopped, or the database could not be reached.";

const HOLDER: &str = "select scan_id, renewed_at from target_leases where target_id = $1";
const TAKE: &str = "insert into target_leases (target_id, scan_id, renewed_at)";

/// Takes the leases of these targets for a scan; those of an interrupted import are taken over, and its scan fails. The
/// name is that of the tool.
///
/// # Errors
/// 409 while another import holds one of them.
pub(super) fn take(
    tx: &mut Tx<'_>,
    running: &Running,
    targets: &[(Id, String)],
    scan: Id,
) -> Result<(), Refused> {
    let now = tx.now();
    for (target, tool) in targets {
        match tx.one::<(Id, Time)>(HOLDER, params![target])? {
            Some((other, renewed_at)) if !running.holds(other) && is_over(renewed_at, now) => {
                give_up(tx, other)?;
            }
            Some(_) => return Err(busy(tool)),
            None => {}
        }
    }
    let row = |(target, _): &(Id, String)| vec![Value::from(target), scan.into(), now.into()];
    match rows::insert(tx, (TAKE, ""), targets.iter().map(row).collect()) {
        Err(store::Error::Unique) => Err(busy(targets.first().map_or("the tool", |(_, tool)| tool))),
        other => Ok(other.map(drop)?),
    }
}

/// Whether such a lease is no longer renewed. One in the future is from before the clock was set back.
fn is_over(renewed_at: Time, now: Time) -> bool {
    renewed_at.after(LEASE) <= now || renewed_at > now.after(LEASE)
}

fn busy(tool: &str) -> Refused {
    Refused::conflict(format!(
        "A scan report of {tool} is being imported for the same target. Try again when it is done."
    ))
}

const HELD: &str = "select count(*), min(renewed_at) from target_leases where scan_id = $1";
const RENEW: &str = "update target_leases set renewed_at = $2 where scan_id = $1";

/// Checks that a scan holds its leases, `count` in number, and renews them.
///
/// # Errors
/// 409 if one is gone: the scan was deleted, or counted as interrupted.
pub(super) fn renew(tx: &mut Tx<'_>, scan: Id, count: usize) -> Result<(), Refused> {
    let now = tx.now();
    let held: Option<(i64, Option<Time>)> = tx.one(HELD, params![scan])?;
    let (held, oldest) = held.unwrap_or_default();
    if usize::try_from(held) != Ok(count) {
        return Err(Refused::Lost(
            "The scan of this import was deleted or marked as failed in the meantime.".to_owned(),
        ));
    }
    if oldest.is_some_and(|oldest| oldest.after(FRESH) <= now || oldest > now) {
        tx.execute(RENEW, params![scan, now])?;
    }
    Ok(())
}

const OF_SCAN: &str = "select renewed_at from target_leases where scan_id = $1 limit 1";

/// Whether a scan report is being imported into a scan.
///
/// # Errors
/// The store's.
pub(crate) fn is_importing(tx: &mut Tx<'_>, scan: Id) -> Result<bool, store::Error> {
    Ok(tx.one::<(Time,)>(OF_SCAN, params![scan])?.is_some())
}

/// Whether the import of a scan is still running. An interrupted one is ended: its scan fails.
///
/// # Errors
/// The store's.
pub(super) fn is_running(tx: &mut Tx<'_>, running: &Running, scan: Id) -> Result<bool, Refused> {
    let now = tx.now();
    match tx.one::<(Time,)>(OF_SCAN, params![scan])? {
        Some((renewed_at,)) if !running.holds(scan) && is_over(renewed_at, now) => {
            give_up(tx, scan).map(|()| false)
        }
        renewed => Ok(renewed.is_some()),
    }
}

/// Whether a scan report of a target is being imported.
///
/// # Errors
/// The store's.
pub(crate) fn holds(tx: &mut Tx<'_>, target: Id) -> Result<bool, store::Error> {
    Ok(tx.one::<(Id, Time)>(HOLDER, params![target])?.is_some())
}

const RELEASE: &str = "delete from target_leases where scan_id = $1";

/// Releases the leases of a scan.
pub(super) fn release(tx: &mut Tx<'_>, scan: Id) -> Result<(), store::Error> {
    tx.execute(RELEASE, params![scan]).map(drop)
}

/// Ends an interrupted import: its scan fails, its leases are released.
fn give_up(tx: &mut Tx<'_>, scan: Id) -> Result<(), Refused> {
    release(tx, scan)?;
    scans::fail(tx, scan, BROKE_OFF, &By::SYSTEM)
}

/// How many interrupted imports one transaction ends.
const SWEEP: i64 = 100;

const EXPIRED: &str =
    "select distinct scan_id from target_leases where (renewed_at <= $1 or renewed_at > $2) limit $3";
const OLDEST: &str = "select renewed_at from target_leases where renewed_at < $1 order by renewed_at limit 1";

/// Ends the imports that a dead process left behind: their scans fail, with `scan.failed`. Returns how many there were.
///
/// Run it as a task when the server starts. An import that was just interrupted is known for certain only when its
/// lease has expired, so this takes up to [`LEASE`] if there is one, and no time if there is none. Running imports of
/// other nodes are left alone.
///
/// # Errors
/// The store's.
pub async fn recover(records: &Records) -> Result<usize, Refused> {
    let (store, running) = (records.store(), records.running());
    let start = store.clock().now();
    let mut ended = 0;
    loop {
        let running = running.clone();
        let (now_ended, next) = store.write(move |tx| sweep(tx, &running, start)).await?;
        ended += now_ended;
        match next {
            Some(renewed_at) => store.clock().sleep_until(renewed_at.after(LEASE)).await,
            None => return Ok(ended),
        }
    }
}

/// Ends the expired ones; for those that may still be running and are older than `start`, returns when the oldest was
/// renewed.
fn sweep(tx: &mut Tx<'_>, running: &Running, start: Time) -> Result<(usize, Option<Time>), Refused> {
    let (over, future) = (tx.now().before(LEASE), tx.now().after(LEASE));
    let mut expired: Vec<(Id,)> = tx.all(EXPIRED, params![over, future, SWEEP])?;
    expired.retain(|(scan,)| !running.holds(*scan));
    for (scan,) in &expired {
        tracing::warn!(%scan, "an import was interrupted");
        give_up(tx, *scan)?;
    }
    let oldest = tx.one::<(Time,)>(OLDEST, params![start])?;
    Ok((expired.len(), oldest.map(|(renewed_at,)| renewed_at)))
}
