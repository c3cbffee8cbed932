//! One import at a time: which import may write the findings of a target, and what happens to an interrupted import.
//!
//! Owns: the table `target_leases`. Must not: touch findings.
//!
//! An import holds a lease for each of its targets ([`store::lease`]), and every portion renews them in its transaction.

use std::time::Duration;

use base::{Id, Time};
use store::{Lease, Tx, lease::Taken};

use super::running::Running;
use crate::{By, Records, Refused, scans};

/// How long an import may go without writing before it counts as interrupted.
pub const LEASE: Duration = Duration::from_secs(30);

/// The leases of targets.
const LEASES: Lease = Lease {
    table: "target_leases",
    subject: "target_id",
    holder: "scan_id",
    length: LEASE,
    fresh: Duration::from_secs(5),
};

/// The error of a scan whose import was interrupted.
const BROKE_OFF: &str =
    "The import was interrupted: the server was stopped, or the database could not be reached.";

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
    let ids: Vec<Id> = targets.iter().map(|(target, _)| *target).collect();
    match LEASES.take(tx, &ids, scan, |other| running.holds(other))? {
        Taken::Busy { index } => Err(busy(targets.get(index).map_or("the tool", |(_, tool)| tool))),
        Taken::Over(interrupted) => interrupted
            .into_iter()
            .try_for_each(|other| scans::fail(tx, other, BROKE_OFF, &By::SYSTEM)),
    }
}

fn busy(tool: &str) -> Refused {
    Refused::conflict(format!(
        "A scan report of {tool} is being imported for the same target. Try again when it is done."
    ))
}

/// Checks that a scan holds its leases, `count` in number, and renews them.
///
/// # Errors
/// 409 if one is gone: the scan was deleted, or counted as interrupted.
pub(super) fn renew(tx: &mut Tx<'_>, scan: Id, count: usize) -> Result<(), Refused> {
    if LEASES.renew(tx, scan, count)? {
        return Ok(());
    }
    Err(Refused::Lost(
        "The scan of this import was deleted or marked as failed in the meantime.".to_owned(),
    ))
}

/// Whether a scan report is being imported into a scan.
///
/// # Errors
/// The store's.
pub(crate) fn is_importing(tx: &mut Tx<'_>, scan: Id) -> Result<bool, store::Error> {
    Ok(LEASES.holds(tx, scan)?.is_some())
}

/// Whether the import of a scan is still running. An interrupted one is ended: its scan fails.
///
/// # Errors
/// The store's.
pub(super) fn is_running(tx: &mut Tx<'_>, running: &Running, scan: Id) -> Result<bool, Refused> {
    let now = tx.now();
    match LEASES.holds(tx, scan)? {
        Some(renewed_at) if !running.holds(scan) && LEASES.is_over(renewed_at, now) => {
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
    Ok(LEASES.held(tx, target)?.is_some())
}

/// Releases the leases of a scan.
pub(super) fn release(tx: &mut Tx<'_>, scan: Id) -> Result<(), store::Error> {
    LEASES.release(tx, scan)
}

/// Ends an interrupted import: its scan fails, its leases are released.
fn give_up(tx: &mut Tx<'_>, scan: Id) -> Result<(), Refused> {
    release(tx, scan)?;
    scans::fail(tx, scan, BROKE_OFF, &By::SYSTEM)
}

/// How many interrupted imports one transaction ends.
const SWEEP: i64 = 100;

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
    let mut expired = LEASES.expired(tx, SWEEP)?;
    expired.retain(|scan| !running.holds(*scan));
    for scan in &expired {
        tracing::warn!(%scan, "an import was interrupted");
        give_up(tx, *scan)?;
    }
    Ok((expired.len(), LEASES.oldest(tx, start)?))
}
