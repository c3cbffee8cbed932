//! Findings whose risk was accepted before that needed an approval: they stay accepted, and get an end.
//!
//! Owns: that end. Must not: accept anything; nobody else writes such an approval.

use std::time::Duration;

use base::Id;
use store::{Error, Tx, params};

use super::Status;

/// How long they stay accepted from the first start that asks for approvals: time enough to request one.
const STAY: Duration = Duration::from_hours(24 * 90);
const REASON: &str = "Accepted before an approval was needed.";

const WITHOUT: &str = "select f.id, f.company_id, f.severity from findings f where f.status = 'accepted_risk' \
     and not exists (select 1 from approvals a where a.finding_id = f.id \
     and a.status in ('approved', 'unapproved')) order by f.id limit $1";
const INSERT: &str = "insert into approvals (id, company_id, finding_id, reason, status, expires_at, requested_by, \
     decided_by, decided_at, comment, created_at, updated_at, version, accepted_severity) \
     values ($1, $2, $3, $4, $5, $6, '', '', 0, '', $7, $7, 1, $8) on conflict do nothing";

/// Gives those that have none an end, at most `limit` of them; how many. Nobody is notified of it: the list of findings
/// and the calendar have them, and their end is announced as that of others.
///
/// # Errors
/// The store's.
pub fn adopt(tx: &mut Tx<'_>, limit: u32) -> Result<usize, Error> {
    let now = tx.now();
    let without = format!("{WITHOUT}{}", tx.for_update("f"));
    let findings: Vec<(Id, Id, String)> = tx.all(&without, params![limit])?;
    for (finding, company, severity) in &findings {
        let id = tx.id();
        let values = params![
            id,
            *company,
            *finding,
            REASON,
            Status::Unapproved,
            now.after(STAY),
            now,
            severity
        ];
        tx.execute(INSERT, values)?;
    }
    Ok(findings.len())
}
