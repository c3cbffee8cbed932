//! Updates of findings by an import: those it matched, and those it no longer found.

use std::collections::BTreeMap;

use base::{Id, Time};
use store::{Error, Select, Tx, params, rows};

use super::{finding::Finding, row};

/// The findings with these ids in a company, locked until the end of this transaction.
///
/// # Errors
/// The store's.
pub fn get_for_update(tx: &mut Tx<'_>, company: Id, ids: &[Id]) -> Result<BTreeMap<Id, Finding>, Error> {
    let lock = tx.for_update("f");
    by_ids(tx, company, ids, &lock)
}

/// The findings with these ids in a company, read-only.
///
/// # Errors
/// The store's.
pub fn get(tx: &mut Tx<'_>, company: Id, ids: &[Id]) -> Result<BTreeMap<Id, Finding>, Error> {
    by_ids(tx, company, ids, "")
}

fn by_ids(tx: &mut Tx<'_>, company: Id, ids: &[Id], lock: &str) -> Result<BTreeMap<Id, Finding>, Error> {
    let mut found = BTreeMap::new();
    for chunk in rows::portions(ids) {
        let select = Select::new(row::SELECT)
            .filter("f.company_id = ?", Some(company))
            .within("f.id", chunk)
            .push(lock, Vec::new());
        let findings = row::all(tx, &select)?;
        found.extend(findings.into_iter().map(|finding| (finding.id, finding)));
    }
    Ok(found)
}

/// Notes that this scan found these findings again. That alone is not a change: no event.
///
/// # Errors
/// The store's.
pub fn seen(tx: &mut Tx<'_>, scan: Id, ids: &[Id]) -> Result<(), Error> {
    let now = tx.now();
    for chunk in rows::portions(ids) {
        Select::new("update findings set ")
            .push(
                "last_scan_id = ?, last_seen_at = ?, gone_at = 0 where 1 = 1",
                vec![scan.into(), now.into()],
            )
            .within("id", chunk)
            .execute(tx)?;
    }
    Ok(())
}

/// Notes that the latest complete scan report of their target, of this time, does not contain these findings.
///
/// # Errors
/// The store's.
pub fn gone(tx: &mut Tx<'_>, at: Time, ids: &[Id]) -> Result<(), Error> {
    for chunk in rows::portions(ids) {
        Select::new("update findings set ")
            .push("gone_at = ? where gone_at = 0", vec![at.into()])
            .within("id", chunk)
            .execute(tx)?;
    }
    Ok(())
}

const ASKED: &str = "select max(at) from finding_moves where finding_id = $1 and to_status = 'retest'";

/// Since when a finding has been waiting for a retest.
///
/// # Errors
/// The store's.
pub fn retest_since(tx: &mut Tx<'_>, finding: Id) -> Result<Option<Time>, Error> {
    let row: Option<(Option<Time>,)> = tx.one(ASKED, params![finding])?;
    Ok(row.and_then(|(at,)| at))
}
