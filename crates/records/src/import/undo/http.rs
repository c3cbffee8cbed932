//! The endpoint for undoing an import.

use access::{Caller, Json, Path, Problem, Role, audit};
use axum::extract::State;
use base::Id;
use serde::Serialize;
use store::Requester;

use super::UndoCounts;
use crate::{By, import::Import, scans};

/// The result of undoing an import.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Undone {
    /// The scan, marked undone.
    scan: scans::View,
    /// The counts of its findings.
    counts: UndoCounts,
}

/// Undo the import of a scan
///
/// Removes what it created, reopens what it closed, closes what it reopened, and restores what it overwrote, except for
/// findings that users have changed since. Only the latest import of its targets can be undone, within 30 days; the
/// previous scan report is then the latest one again. The scan is kept and marked as undone, and everyone who was
/// notified about it gets one message.
#[utoipa::path(
    post, path = "/scans/{id}/undo", tag = "scans", operation_id = "undo_import", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "Undone", body = Undone),
        (status = 409, description = "It can no longer be undone; the detail states why", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn undo(
    State(import): State<Import>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Undone>, Problem> {
    let scope = caller.scope.clone();
    let found = import
        .records
        .store()
        .read(move |tx| scans::get(tx, id, &scope))
        .await?;
    caller.may(found.place.company.id, Role::Analyst)?;
    // As a task of its own: it is completed even if the caller disconnects.
    let by = (By::caller(&caller), audit::By::caller(&caller));
    let running = tokio::spawn(Requester::inherited(super::undo(import.records.clone(), id, by)));
    let (scan, counts) = running.await.map_err(|_| Problem::internal())??;
    Ok(Json(Undone {
        scan: scan.into(),
        counts,
    }))
}
