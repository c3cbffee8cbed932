//! Deletes a finding: decisions about it and its history are kept.
//!
//! Owns: the tables `deleted_findings`, `deleted_finding_moves` and `deleted_finding_comments`. Must not: decide who
//! may delete, or write the audit log; the handler does.

use base::{Id, Kind, Scope};
use store::{Error, Select, Tx, params};

use super::{event, finding::Finding, history};
use crate::{By, Refused, column::id_or_none};

const DECIDED: &str = "select id from approvals where finding_id = $1 and decided_at > 0 limit 1";
const KEEP: &str = "insert into deleted_findings (id, company_id, title, deleted_by, deleted_at) \
     values ($1, $2, $3, $4, $5)";
const KEEP_MOVES: &str = "insert into deleted_finding_moves (id, finding_id, from_status, to_status, comment, actor_id, \
     scan_id, at, changes, event_id) select id, finding_id, from_status, to_status, comment, actor_id, scan_id, at, \
     changes, event_id from finding_moves where finding_id = $1";
const KEEP_COMMENTS: &str = "insert into deleted_finding_comments (id, finding_id, author_id, body, created_at, \
     updated_at) select id, finding_id, author_id, body, created_at, updated_at from finding_comments \
     where finding_id = $1";
const DELETE: &str = "delete from findings where id = $1 and company_id = $2";

/// Deletes a locked finding: `finding.deleted`. Its history and comments are kept.
///
/// # Errors
/// 409 if an approval of it was decided: the decision, with its author and time, is kept with its finding.
pub fn delete(tx: &mut Tx<'_>, finding: &Finding, by: &By) -> Result<(), Refused> {
    if tx.one::<(Id,)>(DECIDED, params![finding.id])?.is_some() {
        return Err(Refused::conflict(
            "This finding has a decided risk acceptance, so it cannot be deleted. Close it instead.",
        ));
    }
    let deleted = event::of(tx, Kind::FindingDeleted, finding, by);
    let kept = params![
        finding.id,
        finding.place.company.id,
        &finding.title,
        id_or_none(by.id()),
        tx.now()
    ];
    tx.execute(KEEP, kept)?;
    tx.execute(KEEP_MOVES, params![finding.id])?;
    tx.execute(KEEP_COMMENTS, params![finding.id])?;
    tx.execute(DELETE, params![finding.id, finding.place.company.id])?;
    tx.emit(deleted)?;
    Ok(())
}

const KEPT: &str = "select d.id from deleted_findings d where 1 = 1";

/// The history of a deleted finding of a scope; none if there was no such finding.
///
/// # Errors
/// The store's.
pub(super) fn history(
    tx: &mut Tx<'_>,
    finding: Id,
    scope: &Scope,
) -> Result<Option<Vec<history::Move>>, Error> {
    let kept: Option<(Id,)> = Select::new(KEPT)
        .scope("d.company_id", scope)
        .filter("d.id = ?", Some(finding))
        .one(tx)?;
    kept.map(|_| history::of_deleted(tx, finding, scope)).transpose()
}
