//! The identifiers of findings by name, for looking up a vulnerability.
//!
//! Owns: the table `finding_identifiers`, which duplicates a part of a finding's details.

use store::{Error, Tx, Value, params};

use super::finding::Finding;
use crate::rows;

const CLEAR: &str = "delete from finding_identifiers where finding_id = $1";
const INSERT: &str = "insert into finding_identifiers (finding_id, identifier, company_id)";

/// Writes the identifiers of a new or changed finding.
pub(super) fn write(tx: &mut Tx<'_>, finding: &Finding) -> Result<(), Error> {
    if finding.created_at != finding.updated_at {
        tx.execute(CLEAR, params![finding.id])?;
    }
    let rows = finding.details.identifiers.iter().map(|name| {
        vec![
            Value::from(finding.id),
            Value::from(key(name)),
            Value::from(finding.place.company.id),
        ]
    });
    rows::insert(tx, (INSERT, "on conflict do nothing"), rows.collect()).map(drop)
}

/// The lookup key of an identifier: in upper case.
pub(super) fn key(name: &str) -> String {
    name.trim().to_uppercase()
}
