//! Findings whose risk was accepted before an approval was required: they stay accepted, with an expiry.
//!
//! Owns: that expiry. Must not: accept anything; nothing else writes such an approval.

use std::time::Duration;

use base::Id;
use store::{Error, Tx, params};

use super::approval::Status;

/// How long they stay accepted after the first start of a version that requires approvals: enough time to request one.
const TRANSITION: Duration = Duration::from_hours(24 * 90);
const REASON: &str = "Accepted before an approval was required.";

const WITHOUT: &str = "select f.id, f.company_id, f.severity from findings f where f.status = 'accepted_risk' \
     and not exists (select 1 from approvals a where a.finding_id = f.id \
     and a.status in ('approved', 'unapproved')) order by f.id limit $1";
const INSERT: &str = "insert into approvals (id, company_id, finding_id, reason, status, expires_at, requested_by, \
     decided_by, decided_at, comment, created_at, updated_at, version, accepted_severity) \
     values ($1, $2, $3, $4, $5, $6, '', '', 0, '', $7, $7, 1, $8) on conflict do nothing";

/// Sets an expiry for those that have none, at most `limit` of them; returns how many. Nobody is notified: the list of
/// findings and the calendar show them, and their expiry is announced like any other.
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
            now.after(TRANSITION),
            now,
            severity
        ];
        tx.execute(INSERT, values)?;
    }
    Ok(findings.len())
}
