//! Users.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;
use store::Tx;

use crate::{
    Access, AccessChange, Caller, Create, Created, InSession, Json, Page, PageQuery, Path, Problem, Query,
    Secret, User,
    audit::{self, Action, By, Entry},
    end_credentials::{self, Extent},
    http::NAME,
    password::{HashFor, NewPassword},
    password_rules,
    schema::{Email, Name, OptionalLine},
    search,
    users::{self, Change, NewRow},
    validate::{self, Check},
};

/// A user to create.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The email address; unique regardless of case.
    #[schema(value_type = Email)]
    email: String,
    /// The name, one line of at most 200 characters.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
    /// The password: 12 to 256 characters of any kind, but not one of the most common passwords and not the user's email
    /// address. Without one, the user cannot sign in yet.
    #[schema(value_type = Option<NewPassword>)]
    password: Option<Secret>,
    /// Whether the user is a platform administrator.
    is_admin: Option<bool>,
}

/// Changes to a user; omitted fields stay unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The email address. Only for administrators.
    #[schema(value_type = Option<Email>)]
    email: Option<String>,
    /// The name.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// A new password, with the same requirements. Ends the user's sessions, API tokens and calendar feeds. Only for administrators,
    /// and not for your own account: use `POST /me/password`.
    #[schema(value_type = Option<NewPassword>)]
    password: Option<Secret>,
    /// Whether the user is a platform administrator. Only for administrators.
    is_admin: Option<bool>,
    /// Whether the account is disabled. Permanently ends the user's sessions, API tokens and calendar feeds. Only for
    /// administrators.
    disabled: Option<bool>,
}

/// Filters for users.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only members of this company.
    company_id: Option<Id>,
    /// Only users whose name or email address contains this text, regardless of case.
    #[param(inline, value_type = Option<OptionalLine<{ search::LONGEST }>>)]
    text: Option<String>,
}

/// List users
///
/// Administrators see all users, others those they share a company with.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "list_users", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of users, oldest first", body = Page<User>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<User>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let text = search::search_text(filter.text)?;
    let rows = access
        .store()
        .read(move |tx| {
            let who = (&caller.scope, caller.user_id);
            search::find(
                text.as_deref(),
                (after, limit + 1),
                |after, limit| users::list(tx, who, filter.company_id, after, limit),
                |user| (user.id, vec![&user.name, &user.email]),
            )
        })
        .await?;
    Ok(Json(Page::cut(rows, limit, |user| user.id)))
}

/// Create a user
///
/// Requires a session and an administrator.
#[utoipa::path(
    post, path = "/users", tag = "users", operation_id = "create_user", request_body = NewUser,
    responses(
        (status = 201, description = "Added", body = User),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    InSession(caller): InSession,
    Create(once, new): Create<NewUser>,
) -> Result<Created<User>, Problem> {
    caller.admin()?;
    let mut check = Check::new();
    let email = check.take(validate::email("email", &new.email));
    let name = check.name("name", &new.name, NAME);
    if let Some(password) = &new.password {
        check.take(password_rules::acceptable("password", password, &new.email));
    }
    check.done()?;
    let row = NewRow {
        email,
        name,
        password_hash: hashed(&access, caller.user_id, new.password)
            .await?
            .unwrap_or_default(),
        is_admin: new.is_admin.unwrap_or(false),
    };
    let by = By::caller(&caller);
    let create = move |tx: &mut Tx<'_>| {
        let user = users::insert(tx, &row)?;
        let mut entry = Entry::new(Action::UserCreated, user.id, &*user.name).made(&user);
        if !row.password_hash.is_empty() {
            entry = entry.says("password", "set");
        }
        audit::note(tx, &by, entry)?;
        Ok(user)
    };
    access.store().write(move |tx| once.run(tx, create)).await
}

/// Get a user
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", operation_id = "get_user", params(("id" = Id, Path, description = "The user")),
    responses(
        (status = 200, description = "The person", body = User),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<User>, Problem> {
    find(&access, caller, id).await.map(Json)
}

async fn find(access: &Access, caller: Caller, id: Id) -> Result<User, Problem> {
    let found = access
        .store()
        .read(move |tx| users::find(tx, id, &caller.scope, caller.user_id));
    Ok(found.await?)
}

/// Update a user
///
/// Users may change their own name; everything else requires an administrator. Requires a session.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", operation_id = "update_user", params(("id" = Id, Path, description = "The user")),
    request_body = UserChange,
    responses(
        (status = 200, description = "Changed", body = User),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
    Json(body): Json<UserChange>,
) -> Result<Json<User>, Problem> {
    let present = find(&access, caller.clone(), id).await?;
    if !caller.is_admin {
        own_only(&caller, id, &body)?;
    }
    if id == caller.user_id && body.password.is_some() {
        // Without the current password, anyone at an unlocked screen could take over the account.
        return Err(Problem::field(
            "password",
            "change your own password with POST /api/v1/me/password, which requires the current one",
        ));
    }
    let by = By::caller(&caller);
    let change = checked(&access, (caller.user_id, &present.email), body).await?;
    access
        .change(move |tx| {
            let new_password = change.password_hash.is_some();
            let shuts_out = new_password || change.disabled == Some(true);
            let (was, user) = users::update(tx, id, change)?;
            let mut entry = Entry::new(Action::UserUpdated, id, &*was.name).changed(&was, &user);
            if new_password {
                entry = entry.says("password", "changed");
            }
            let mut changes = vec![AccessChange::User(id)];
            if shuts_out {
                let ended = end_credentials::all(tx, id, None, Extent::Everything)?;
                if !ended.is_empty() {
                    entry = entry.says("credentials_ended", ended.len());
                }
                changes.extend(ended);
            }
            audit::note(tx, &by, entry)?;
            Ok((Json(user), changes))
        })
        .await
}

fn own_only(caller: &Caller, id: Id, body: &UserChange) -> Result<(), Problem> {
    let more = body.email.is_some() || body.is_admin.is_some() || body.disabled.is_some();
    if id != caller.user_id || more {
        return Err(Problem::forbidden(
            "You may change your own name; everything else requires an administrator.",
        ));
    }
    Ok(())
}

/// The validated changes to the user with this address.
async fn checked(access: &Access, (by, present): (Id, &str), body: UserChange) -> Result<Change, Problem> {
    let mut check = Check::new();
    if let Some(password) = &body.password {
        let address = body.email.as_deref().unwrap_or(present);
        check.take(password_rules::acceptable("password", password, address));
    }
    let email = body
        .email
        .map(|email| check.take(validate::email("email", &email)));
    let name = body.name.map(|name| check.name("name", &name, NAME));
    check.done()?;
    Ok(Change {
        email,
        name,
        password_hash: hashed(access, by, body.password).await?,
        is_admin: body.is_admin,
        disabled: body.disabled,
    })
}

async fn hashed(access: &Access, by: Id, password: Option<Secret>) -> Result<Option<String>, Problem> {
    match password {
        Some(password) => access
            .passwords()
            .hash(HashFor::User(by), password)
            .await
            .map(Some),
        None => Ok(None),
    }
}

/// Delete a user
///
/// Also deletes their memberships, sessions and tokens. 409 if records still refer to the user: disable the account instead. Requires a session and an administrator.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users", operation_id = "delete_user", params(("id" = Id, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    if !caller.is_admin {
        find(&access, caller.clone(), id).await?;
        caller.admin()?;
    }
    let by = By::caller(&caller);
    access
        .change(move |tx| {
            // Locked first, in the same order as every other change of users.
            users::lock_administrators(tx)?;
            let mut changes = end_credentials::all(tx, id, None, Extent::Everything)?;
            let was = users::delete(tx, id)?;
            let entry = Entry::new(Action::UserDeleted, id, &*was.name).gone(&was);
            audit::note(tx, &by, entry)?;
            changes.push(AccessChange::User(id));
            Ok(((), changes))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
