//! One import at a time: who may write a tool's findings in a place, and what becomes of an import that broke off.
//!
//! Owns: the table `import_leases`. Must not: touch findings.
//!
//! An import holds a lease for each of its tools and renews them with every portion, in the portion's transaction.
//! So a portion that is written proves that the import still holds them, and an import whose process is gone is
//! known by leases that nobody renews.

use std::time::Duration;

use access::Problem;
use base::{Id, Time};
use store::{Store, Tx, params};

use crate::{By, Place, column::id_or_none, scans};

/// How long an import may go without writing before it counts as broken off.
pub const LEASE: Duration = Duration::from_secs(30);

/// What a scan says whose import broke off.
const BROKE_OFF: &str = "The import broke off: the server was stopped, or the database was out of reach.";

const HOLDER: &str = "select scan_id, renewed_at from import_leases \
     where company_id = $1 and project_id = $2 and tool = $3";
const TAKE: &str = "insert into import_leases (company_id, project_id, tool, scan_id, renewed_at) \
     values ($1, $2, $3, $4, $5) on conflict do nothing";

/// Takes the lease of a tool in a place for a scan; one that broke off is taken over, and its scan failed.
///
/// # Errors
/// 409 while another import holds it.
pub(super) fn take(tx: &mut Tx<'_>, place: &Place, tool: &str, scan: Id) -> Result<(), Problem> {
    let project = id_or_none(place.project.as_ref().map(|project| project.id));
    let now = tx.now();
    let key = params![place.company.id, &project, tool].to_vec();
    let holder = tx.one::<(Id, Time)>(HOLDER, &key)?;
    if let Some((other, renewed_at)) = holder
        && renewed_at.after(LEASE) <= now
    {
        give_up(tx, other)?;
    }
    let taken = tx.execute(TAKE, params![place.company.id, project, tool, scan, now])?;
    if taken == 1 {
        return Ok(());
    }
    Err(Problem::conflict(format!(
        "A report of {tool} is being imported here right now. Try again when it is done."
    )))
}

const RENEW: &str = "update import_leases set renewed_at = $2 where scan_id = $1";

/// Renews the leases of a scan, of which there are so many.
///
/// # Errors
/// 409 where they are gone: the scan was deleted, or counted as broken off.
pub(super) fn renew(tx: &mut Tx<'_>, scan: Id, tools: usize) -> Result<(), Problem> {
    let now = tx.now();
    if tx.execute(RENEW, params![scan, now])? == tools as u64 {
        return Ok(());
    }
    Err(Problem::conflict(
        "The scan of this import was deleted or given up meanwhile.",
    ))
}

const OF_SCAN: &str = "select renewed_at from import_leases where scan_id = $1 limit 1";

/// Whether a report is being imported into a scan.
///
/// # Errors
/// The store's.
pub(crate) fn is_importing(tx: &mut Tx<'_>, scan: Id) -> Result<bool, store::Error> {
    Ok(tx.one::<(Time,)>(OF_SCAN, params![scan])?.is_some())
}

const RELEASE: &str = "delete from import_leases where scan_id = $1";

/// Gives the leases of a scan back.
pub(super) fn release(tx: &mut Tx<'_>, scan: Id) -> Result<(), store::Error> {
    tx.execute(RELEASE, params![scan]).map(drop)
}

/// Ends an import that broke off: its scan failed, its leases free.
fn give_up(tx: &mut Tx<'_>, scan: Id) -> Result<(), Problem> {
    release(tx, scan)?;
    scans::fail(tx, scan, BROKE_OFF, &By::SYSTEM)
}

/// How many broken imports one transaction ends.
const SWEEP: i64 = 100;

const EXPIRED: &str = "select distinct scan_id from import_leases where renewed_at <= $1 limit $2";
const OLDEST: &str = "select renewed_at from import_leases where renewed_at < $1 order by renewed_at limit 1";

/// Ends the imports that a process left behind: their scans are failed, with `scan.failed`. How many there were.
///
/// Run it as a task when the server starts. An import that was just broken off is known for sure only when its
/// lease is over, so this takes up to [`LEASE`] where there is one, and no time where there is none. Imports of
/// other nodes that are alive are left alone.
///
/// # Errors
/// The store's.
pub async fn recover(store: &Store) -> Result<usize, Problem> {
    let start = store.clock().now();
    let mut ended = 0;
    loop {
        let (now_ended, next) = store.write(move |tx| sweep(tx, start)).await?;
        ended += now_ended;
        match next {
            Some(renewed_at) => store.clock().sleep_until(renewed_at.after(LEASE)).await,
            None => return Ok(ended),
        }
    }
}

/// Ends what is over; of what may still be alive and is older than `start`, when the oldest was renewed.
fn sweep(tx: &mut Tx<'_>, start: Time) -> Result<(usize, Option<Time>), Problem> {
    let over = tx.now().before(LEASE);
    let expired: Vec<(Id,)> = tx.all(EXPIRED, params![over, SWEEP])?;
    for (scan,) in &expired {
        tracing::warn!(%scan, "an import broke off");
        give_up(tx, *scan)?;
    }
    let oldest = tx.one::<(Time,)>(OLDEST, params![start])?;
    Ok((expired.len(), oldest.map(|(renewed_at,)| renewed_at)))
}
