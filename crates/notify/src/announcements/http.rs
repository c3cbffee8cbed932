//! Announcements over HTTP: administrators create them, everyone reads them.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query,
    schema::{Line, Statement},
    validate::Check,
};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, Time, text};
use serde::Deserialize;
use store::Tx;

use super::{Announcement, New};
use crate::http::State;

/// The longest title, in characters.
const TITLE: usize = 200;
/// The longest body, in characters.
const BODY: usize = 2_000;

/// A new announcement.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnnouncement {
    /// The title: one line of at most 200 characters.
    #[schema(value_type = Line<{ TITLE }>)]
    title: String,
    /// The body: at most 2,000 characters.
    #[schema(value_type = Statement<{ BODY }>)]
    body: String,
    /// Until when it is shown; by default until it is withdrawn.
    until: Option<Time>,
}

/// The current announcements, newest first.
#[utoipa::path(get, path = "/announcements", tag = "announcements", params(PageQuery), responses(
    (status = 200, description = "One page", body = Page<Announcement>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_announcements(
    Extract(state): Extract<State>,
    _caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Announcement>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let store = state.access.store();
    let current = store.read(move |tx| super::current(tx, after, limit + 1)).await?;
    Ok(Json(Page::cut(current, limit, |last| last.id)))
}

/// Announces something to everyone, in-app, by email and in every open tab. Administrators only.
#[utoipa::path(post, path = "/announcements", tag = "announcements", request_body = NewAnnouncement, responses(
    (status = 201, description = "The announcement is now shown", body = Announcement),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create_announcement(
    Extract(state): Extract<State>,
    caller: Caller,
    Create(once, body): Create<NewAnnouncement>,
) -> Result<Created<Announcement>, Problem> {
    caller.admin()?;
    let create = move |tx: &mut Tx<'_>| {
        let new = body.checked(tx.now())?;
        Ok(super::announce(tx, new, &caller)?)
    };
    state.access.store().write(move |tx| once.run(tx, create)).await
}

impl NewAnnouncement {
    fn checked(self, now: Time) -> Result<New, Problem> {
        let mut check = Check::new();
        let title = check.line("title", &self.title, TITLE);
        let body = text::block(&check.statement("body", &self.body, BODY), BODY);
        check.that(
            self.until.is_none_or(|until| until > now),
            "until",
            "must be in the future",
        );
        check.done()?;
        Ok(New {
            title,
            body,
            until: self.until,
        })
    }
}

/// Withdraws an announcement: it is no longer shown.
#[utoipa::path(delete, path = "/announcements/{id}", tag = "announcements",
    params(("id" = Id, Path, description = "The announcement")),
    responses(
        (status = 204, description = "The announcement is withdrawn"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn withdraw_announcement(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    caller.admin()?;
    let store = state.access.store();
    if store.write(move |tx| super::withdraw(tx, id, &caller)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}
