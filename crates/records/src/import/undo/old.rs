//! Deletes what old imports overwrote: they can no longer be undone.

use base::Id;
use store::{Store, Tx, params};

use super::{FORGET, PORTION, WITHIN};
use crate::Refused;

/// How many targets one import cleans up.
const TARGETS: usize = 10;

/// Deletes it in portions. If that fails, a later import does it.
pub(in crate::import) async fn forget_old(store: &Store, mut targets: Vec<Id>) {
    targets.truncate(TARGETS);
    let looking = targets.clone();
    let mut any = store.read(move |tx| is_any(tx, &looking)).await;
    while let Ok(true) = any {
        let (targets, portion) = (targets.clone(), store.portion(PORTION));
        any = store.write_portion(move |tx| forget(tx, &targets, portion)).await;
    }
    if let Err(problem) = any {
        tracing::warn!(%problem, "the records of what old imports overwrote are kept for now");
    }
}

const OLD: &str = "select i.scan_id, i.finding_id from scan_coverage c join scans s on s.id = c.scan_id \
     join import_changes i on i.scan_id = c.scan_id where c.target_id = $1 and s.created_at < $2 limit $3";

/// Whether records of old imports of these targets are still kept.
fn is_any(tx: &mut Tx<'_>, targets: &[Id]) -> Result<bool, Refused> {
    let before = tx.now().before(WITHIN);
    for target in targets {
        if tx.one::<(Id, Id)>(OLD, params![target, before, 1])?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes some of them; returns whether there are more.
fn forget(tx: &mut Tx<'_>, targets: &[Id], portion: usize) -> Result<bool, Refused> {
    let before = tx.now().before(WITHIN);
    let mut left = portion;
    for target in targets {
        let old: Vec<(Id, Id)> = tx.all(OLD, params![target, before, left])?;
        for (scan, finding) in &old {
            tx.execute(FORGET, params![scan, finding])?;
        }
        left -= old.len().min(left);
        if left == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
