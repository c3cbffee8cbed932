//! The caller's sessions.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;

use crate::{
    Access, InSession, Json, Page, PageQuery, Path, Problem, Query,
    audit::{self, Action, By, Entry},
    credentials::Kind,
    end_credentials::{self, Extent},
    sessions::{self, Session},
};

/// List your sessions
///
/// Requires a session.
#[utoipa::path(
    get, path = "/sessions", tag = "sessions", operation_id = "list_sessions", params(PageQuery),
    responses(
        (status = 200, description = "A page of sessions, newest first", body = Page<Session>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    InSession(caller): InSession,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<Id>()?);
    let idle = access.options().session_idle;
    let rows = access
        .store()
        .read(move |tx| sessions::list(tx, caller.user_id, idle, (before, limit + 1)))
        .await?;
    let page = Page::cut(rows, limit, |session| session.id);
    Ok(Json(page.map(|session| Session {
        current: session.id == caller.session,
        ..session
    })))
}

/// End a session
///
/// Signs that device out and ends its open streams. Requires a session.
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
    InSession(caller): InSession,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    if let Some(ended) = access.unsaved().end(caller.user_id, id) {
        access.announce(&[ended]);
        return Ok(StatusCode::NO_CONTENT);
    }
    access
        .change(move |tx| {
            let (_, ended) = end_credentials::one(tx, caller.user_id, Kind::Session, id)?;
            let entry = Entry::new(Action::SessionEnded, caller.user_id, &*caller.name)
                .says("session_id", id.to_string());
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(((), vec![ended]))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to end.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Others {
    /// Whether to also revoke your API tokens and calendar feeds; by default they stay valid.
    end_tokens: Option<bool>,
}

/// Sign out everywhere else
///
/// Ends all other sessions and their open streams, and with `end_tokens=true` your API tokens and calendar feeds. Requires a session.
#[utoipa::path(
    post, path = "/sessions/end-others", tag = "sessions", operation_id = "end_other_sessions", params(Others),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn end_others(
    State(access): State<Access>,
    InSession(caller): InSession,
    Query(others): Query<Others>,
) -> Result<StatusCode, Problem> {
    let extent = Extent::with_tokens(others.end_tokens.unwrap_or(false));
    access.announce(&access.unsaved().end_others(caller.user_id, caller.session));
    let unsaved = access.clone();
    access
        .change(move |tx| {
            let ended = end_credentials::all(tx, caller.user_id, Some(caller.session), extent)?;
            unsaved.unsaved().keep_on(caller.session, tx.now());
            if !ended.is_empty() {
                let field = match extent {
                    Extent::Sessions => "other_sessions",
                    Extent::Everything => "other_credentials",
                };
                let entry =
                    Entry::new(Action::SessionEnded, caller.user_id, &*caller.name).says(field, ended.len());
                audit::note(tx, &By::caller(&caller), entry)?;
            }
            Ok(((), ended))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
