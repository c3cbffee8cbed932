//! People.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;
use store::Tx;

use crate::{
    Access, AccessChange, Caller, Create, Created, InSession, Json, Page, PageQuery, Path, Problem, Query,
    Secret, User,
    audit::{self, Action, By, Entry},
    ending::{self, Extent},
    http::NAME,
    password::{NewPassword, Whose},
    password_rules,
    schema::{Email, Name, OptionalLine},
    search,
    users::{self, Change, NewRow},
    validate::{self, Check},
};

/// A person to add.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The email address; unique in any spelling of upper and lower case.
    #[schema(value_type = Email)]
    email: String,
    /// The name, one line of at most 200 characters.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
    /// The password: 12 to 256 characters, of any kind, but none of the most common passwords and not their own email
    /// address. Without one they cannot sign in yet.
    #[schema(value_type = Option<NewPassword>)]
    password: Option<Secret>,
    /// Whether they administer the platform.
    is_admin: Option<bool>,
}

/// What changes of a person; what is left out stays.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The email address. An administrator's to change.
    #[schema(value_type = Option<Email>)]
    email: Option<String>,
    /// The name.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// The password, under the rules of a new one. It ends their sessions, API tokens and calendar feeds. An administrator's to
    /// set, and not for oneself: that is `POST /me/password`.
    #[schema(value_type = Option<NewPassword>)]
    password: Option<Secret>,
    /// Whether they administer the platform. An administrator's to change.
    is_admin: Option<bool>,
    /// Whether they are kept from signing in. It ends their sessions, API tokens and calendar feeds for good. An
    /// administrator's to change.
    disabled: Option<bool>,
}

/// Which people.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only members of this company.
    company_id: Option<Id>,
    /// Only those with this in name or email address, in any case of letters.
    #[param(inline, value_type = Option<OptionalLine<{ search::LONGEST }>>)]
    text: Option<String>,
}

/// The people the caller may see
///
/// An administrator all, everyone else those they share a company with.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "list_users", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of people, oldest first", body = Page<User>),
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
    let text = search::wanted(filter.text)?;
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
    Ok(Json(Page::cut(rows, limit, |user| user.id.to_string())))
}

/// Add a person
///
/// In a session, as an administrator.
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

/// A person
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
    access
        .store()
        .read(move |tx| users::find(tx, id, &caller.scope, caller.user_id))
        .await
}

/// Change a person
///
/// In a session. Everyone may change their own name; the rest is an administrator's.
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
        // Without the one until now, an unlocked screen would become the account.
        return Err(Problem::field(
            "password",
            "change your own password with POST /api/v1/me/password, which asks for the current one",
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
                let ended = ending::all(tx, id, None, Extent::Everything)?;
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
            "You may change your own name; the rest is an administrator's.",
        ));
    }
    Ok(())
}

/// What is to change of the person with this address, validated.
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
        Some(password) => access.passwords().hash(Whose::User(by), password).await.map(Some),
        None => Ok(None),
    }
}

/// Remove a person
///
/// In a session, as an administrator: with their memberships, sessions and tokens. 409 where records still name them: disable them then.
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
            // Held first, in the order of every other change of people.
            users::lock_administrators(tx)?;
            let mut changes = ending::all(tx, id, None, Extent::Everything)?;
            let was = users::delete(tx, id)?;
            let entry = Entry::new(Action::UserDeleted, id, &*was.name).gone(&was);
            audit::note(tx, &by, entry)?;
            changes.push(AccessChange::User(id));
            Ok(((), changes))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
