//! The caller's own inbox over HTTP. Every query is keyed by the caller (promise I6).

use access::{Caller, Json, Page, PageQuery, Path, Problem, Query};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, Kind};
use serde::Deserialize;

use super::{Filter, Notification, Summary};
use crate::{http::State, reads};

/// Filters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only read (`true`) or unread ones (`false`).
    read: Option<bool>,
    /// Only those of this event type.
    event_type: Option<Kind>,
}

/// The caller's notifications, newest first; the cursor is the `created_at` of the previous page's last row.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(ListQuery, PageQuery), responses(
    (status = 200, description = "One page", body = Page<Notification>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_notifications(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Notification>>, Problem> {
    let limit = page.limit()?;
    let filter = Filter {
        read: query.read,
        event_type: query.event_type,
        before: page.after()?,
    };
    let channels = state.channels;
    let rows = state
        .access
        .store()
        .read(move |tx| {
            super::list(
                tx,
                caller.user_id,
                filter,
                limit as usize + 1,
                channels.public_url(),
            )
        })
        .await?;
    Ok(Json(Page::cut(rows, limit, |last| last.created_at)))
}

/// How many notifications the caller has, in total and unread.
#[utoipa::path(get, path = "/notifications/summary", tag = "notifications", responses(
    (status = 200, description = "The exact counts", body = Summary),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn summarize(Extract(state): Extract<State>, caller: Caller) -> Result<Json<Summary>, Problem> {
    let summary = state
        .access
        .store()
        .read(move |tx| super::summary(tx, caller.user_id))
        .await?;
    Ok(Json(summary))
}

/// Marks one of the caller's notifications as read.
#[utoipa::path(post, path = "/notifications/{id}/read", tag = "notifications",
    params(("id" = Id, Path, description = "The notification")),
    responses(
        (status = 204, description = "The notification is read"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn mark_read(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    let (found, first) = state
        .access
        .store()
        .write(move |tx| {
            let found = super::read(tx, caller.user_id, id)?;
            Ok::<_, store::Error>((found, reads::by_row(tx, caller.user_id, id)?))
        })
        .await?;
    if found {
        state.doorbell.read(first);
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

/// Marks every notification of the caller as read.
#[utoipa::path(post, path = "/notifications/read-all", tag = "notifications", responses(
    (status = 204, description = "All notifications are read"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn mark_all_read(Extract(state): Extract<State>, caller: Caller) -> Result<StatusCode, Problem> {
    state
        .access
        .store()
        .write(move |tx| super::read_all(tx, caller.user_id))
        .await?;
    state.doorbell.read(Vec::new());
    Ok(StatusCode::NO_CONTENT)
}
