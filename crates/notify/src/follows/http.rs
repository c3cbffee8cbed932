//! Following a finding or a project over HTTP.

use access::{Caller, Path, Problem};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, SubjectType};

use crate::http::State;

/// Follow a finding: be notified of it like its assignees
#[utoipa::path(post, path = "/findings/{id}/follow", tag = "findings", operation_id = "follow_finding",
    params(("id" = Id, Path, description = "The finding")),
    responses(
        (status = 204, description = "The caller follows the record"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn follow_finding(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    set(&state, caller, (SubjectType::Finding, id), true).await
}

/// Stop following a finding
#[utoipa::path(delete, path = "/findings/{id}/follow", tag = "findings", operation_id = "unfollow_finding",
    params(("id" = Id, Path, description = "The finding")),
    responses(
        (status = 204, description = "The caller does not follow the record"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn unfollow_finding(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    set(&state, caller, (SubjectType::Finding, id), false).await
}

/// Follow a project: be notified of all its findings like their assignees
#[utoipa::path(post, path = "/projects/{id}/follow", tag = "projects", operation_id = "follow_project",
    params(("id" = Id, Path, description = "The project")),
    responses(
        (status = 204, description = "The caller follows the record"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn follow_project(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    set(&state, caller, (SubjectType::Project, id), true).await
}

/// Stop following a project
#[utoipa::path(delete, path = "/projects/{id}/follow", tag = "projects", operation_id = "unfollow_project",
    params(("id" = Id, Path, description = "The project")),
    responses(
        (status = 204, description = "The caller does not follow the record"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn unfollow_project(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    set(&state, caller, (SubjectType::Project, id), false).await
}

async fn set(
    state: &State,
    caller: Caller,
    (kind, record): (SubjectType, Id),
    on: bool,
) -> Result<StatusCode, Problem> {
    let company_of = std::sync::Arc::clone(&state.company_of);
    let set = state.access.store().write(move |tx| {
        let company = company_of(tx, kind, record)?;
        if !company.is_some_and(|company| caller.scope.allows(company)) {
            return Err(Problem::not_found());
        }
        if on {
            super::follow(tx, caller.user_id, kind, record)?;
        } else {
            super::unfollow(tx, caller.user_id, record)?;
        }
        Ok::<_, Problem>(())
    });
    set.await?;
    Ok(StatusCode::NO_CONTENT)
}
