//! Users' credentials, for administrators: to list them, and to revoke stolen ones.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde_json::json;

use crate::{
    Access, AccessChange, Caller, InSession, Json, Page, PageQuery, Path, Problem, Query, User,
    audit::{self, Action, By, Entry},
    end_credentials::{self, Extent},
    user_credentials::{self, Credential, CredentialKind},
    users,
};

/// The user, for an administrator; others get 403 or 404, depending on whether they have access to the user.
async fn person(access: &Access, caller: &Caller, id: Id) -> Result<User, Problem> {
    let (scope, me) = (caller.scope.clone(), caller.user_id);
    let found = access
        .store()
        .read(move |tx| users::find(tx, id, &scope, me))
        .await?;
    caller.admin()?;
    Ok(found)
}

/// List a user's credentials
///
/// The user's sessions, API tokens and calendar feeds. Requires a session and an administrator.
#[utoipa::path(
    get, path = "/users/{id}/credentials", tag = "users", operation_id = "list_credentials",
    params(("id" = Id, Path, description = "The user"), PageQuery),
    responses(
        (status = 200, description = "A page of credentials, newest first", body = Page<Credential>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Credential>>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<Id>()?);
    person(&access, &caller, id).await?;
    let idle = access.options().session_idle;
    let rows = access
        .store()
        .read(move |tx| user_credentials::list(tx, id, idle, (before, limit + 1)))
        .await?;
    let page = Page::cut(rows, limit, |credential| credential.id);
    Ok(Json(page))
}

/// Revoke a user's credential
///
/// Its open streams end with it. Requires a session and an administrator.
#[utoipa::path(
    delete, path = "/users/{id}/credentials/{credential_id}", tag = "users", operation_id = "delete_credential",
    params(
        ("id" = Id, Path, description = "The user"),
        ("credential_id" = Id, Path, description = "The session, API token or calendar feed"),
    ),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path((id, credential)): Path<(Id, Id)>,
) -> Result<StatusCode, Problem> {
    let person = person(&access, &caller, id).await?;
    if let Some(ended) = access.unsaved().end(id, credential) {
        access.announce(&[ended]);
        return Ok(StatusCode::NO_CONTENT);
    }
    access
        .change(move |tx| {
            let (kind, name, ended) = user_credentials::end(tx, id, credential)?;
            let entry = match kind {
                CredentialKind::Session => Entry::new(Action::SessionEnded, id, &*person.name)
                    .says("session_id", credential.to_string()),
                CredentialKind::Token => Entry::new(Action::TokenDeleted, credential, &*name)
                    .gone(&json!({"name": name, "user_id": id})),
                CredentialKind::Feed => Entry::new(Action::FeedDeleted, credential, &*name)
                    .gone(&json!({"name": name, "user_id": id})),
            };
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(((), vec![ended]))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign a user out everywhere
///
/// Ends the user's sessions, API tokens and calendar feeds, and their open streams. Requires a session and an administrator.
/// If the user is the caller, the calling session stays.
#[utoipa::path(
    delete, path = "/users/{id}/credentials", tag = "users", operation_id = "delete_credentials",
    params(("id" = Id, Path, description = "The user")),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_all(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    let person = person(&access, &caller, id).await?;
    let keep = (id == caller.user_id).then_some(caller.session);
    let unsaved = access.clone();
    access
        .change(move |tx| {
            let ended = end_credentials::all(tx, id, keep, Extent::Everything)?;
            unsaved.unsaved().keep_on(caller.session, tx.now());
            if !ended.is_empty() {
                let entry = Entry::new(Action::SessionEnded, id, &*person.name)
                    .says("credentials_ended", ended.len());
                audit::note(tx, &By::caller(&caller), entry)?;
            }
            // Sessions in memory are covered by the user's change.
            let mut changes = vec![AccessChange::User(id)];
            changes.extend(ended);
            Ok(((), changes))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
