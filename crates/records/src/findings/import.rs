//! What an import asks of the findings: those it may know already, those it no longer found.

use std::collections::BTreeMap;

use base::Id;
use store::{Error, Select, Tx, Value};

use super::{Finding, Status, row};
use crate::{Place, column::id_or_none};

/// How many ids one statement names: below every database's bound on parameters.
pub const CHUNK: usize = 500;

/// The findings that the tool knows by these fingerprints in this place, by fingerprint. Nobody else changes them
/// until the end of this transaction.
///
/// # Errors
/// The store's.
pub fn by_fingerprints(
    tx: &mut Tx<'_>,
    place: &Place,
    tool: &str,
    fingerprints: &[String],
) -> Result<BTreeMap<String, Finding>, Error> {
    let mut found = BTreeMap::new();
    for chunk in fingerprints.chunks(CHUNK) {
        let lock = tx.for_update("f");
        let select = of_tool(place, tool)
            .within("f.fingerprint", chunk)
            .push(&lock, Vec::new());
        let findings = row::all(tx, &select)?;
        found.extend(
            findings
                .into_iter()
                .map(|finding| (finding.fingerprint.clone(), finding)),
        );
    }
    Ok(found)
}

/// The open findings of the tool in this place that this scan did not find, the first [`CHUNK`] of them: close them
/// and ask again. Nobody else changes them until the end of this transaction.
///
/// # Errors
/// The store's.
pub fn not_found_by(tx: &mut Tx<'_>, place: &Place, tool: &str, scan: Id) -> Result<Vec<Finding>, Error> {
    let lock = tx.for_update("f");
    let select = of_tool(place, tool)
        .filter("f.last_scan_id <> ?", Some(scan))
        .within("f.status", Status::OPEN)
        .push(&format!(" order by f.id limit ?{lock}"), vec![Value::from(CHUNK)]);
    row::all(tx, &select)
}

/// Notes that this scan found these findings again. That alone is no change of theirs: no event.
///
/// # Errors
/// The store's.
pub fn seen(tx: &mut Tx<'_>, scan: Id, ids: &[Id]) -> Result<(), Error> {
    let now = tx.now();
    for chunk in ids.chunks(CHUNK) {
        Select::new("update findings set ")
            .push(
                "last_scan_id = ?, last_seen_at = ? where 1 = 1",
                vec![scan.into(), now.into()],
            )
            .within("id", chunk)
            .execute(tx)?;
    }
    Ok(())
}

fn of_tool(place: &Place, tool: &str) -> Select {
    let project = id_or_none(place.project.as_ref().map(|project| project.id));
    Select::new(row::SELECT)
        .filter("f.company_id = ?", Some(place.company.id))
        .filter("f.project_id = ?", Some(project))
        .filter("f.tool = ?", Some(tool))
}
