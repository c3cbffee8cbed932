//! The caller's sessions.

use axum::{extract::State, http::StatusCode};
use base::Id;

use crate::{
    Access, Caller, Json, Page, PageQuery, Path, Problem, Query,
    audit::{self, Action, By, Entry},
    credentials::{self, Kind},
    sessions::{self, Session},
};

/// Where the caller is signed in
#[utoipa::path(
    get, path = "/sessions", tag = "sessions", operation_id = "list_sessions", params(PageQuery),
    responses(
        (status = 200, description = "A page of sessions, the newest first", body = Page<Session>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<Id>()?);
    let rows = access
        .store()
        .read(move |tx| sessions::list(tx, caller.user_id, before, limit + 1))
        .await?;
    let page = Page::cut(rows, limit, |session| session.id.to_string());
    Ok(Json(page.map(|session| Session {
        current: session.id == caller.session,
        ..session
    })))
}

/// End a session
///
/// Whoever uses it is signed out, and its open streams end.
#[utoipa::path(
    delete, path = "/sessions/{id}", tag = "sessions", operation_id = "delete_session",
    params(("id" = Id, Path, description = "The session")),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    access
        .change(move |tx| {
            let (_, ended) = credentials::end(tx, caller.user_id, Kind::Session, id)?;
            let entry = Entry::new(Action::SessionEnded, caller.user_id, &*caller.name)
                .says("session_id", id.to_string());
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(((), vec![ended]))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions but this one
///
/// For a session: an API token would leave none.
#[utoipa::path(
    post, path = "/sessions/end-others", tag = "sessions", operation_id = "end_other_sessions",
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn end_others(State(access): State<Access>, caller: Caller) -> Result<StatusCode, Problem> {
    caller.in_session("Other sessions are ended in a session, not with a token.")?;
    access
        .change(move |tx| {
            let ended = credentials::end_sessions(tx, caller.user_id, Some(caller.session))?;
            if !ended.is_empty() {
                let entry = Entry::new(Action::SessionEnded, caller.user_id, &*caller.name)
                    .says("other_sessions", ended.len());
                audit::note(tx, &By::caller(&caller), entry)?;
            }
            Ok(((), ended))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
