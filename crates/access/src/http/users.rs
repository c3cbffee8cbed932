//! People.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;

use crate::{
    Access, AccessChange, Caller, Json, Page, PageQuery, Path, Problem, Query, Secret, User,
    audit::{self, Action, By, Entry},
    credentials,
    http::NAME,
    password, search,
    users::{self, Change, NewRow},
    validate::{self, Check},
};

/// A person to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The email address; unique in any spelling of upper and lower case.
    email: String,
    /// The name, one line of at most 200 characters.
    name: String,
    /// The password, 8 to 256 characters; without one they cannot sign in yet.
    password: Option<Secret>,
    /// Whether they administer the platform.
    is_admin: Option<bool>,
}

/// What changes of a person; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The email address. An administrator's to change.
    email: Option<String>,
    /// The name.
    name: Option<String>,
    /// The password. It ends their other sessions.
    password: Option<Secret>,
    /// Whether they administer the platform. An administrator's to change.
    is_admin: Option<bool>,
    /// Whether they are kept from signing in; it ends their sessions. An administrator's to change.
    disabled: Option<bool>,
}

/// Which people.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only members of this company.
    company_id: Option<Id>,
    /// Only those with this in name or email address, in any case of letters.
    text: Option<String>,
}

/// The people the caller may see
///
/// An administrator all, everyone else those they share a company with.
#[utoipa::path(
    get, path = "/users", tag = "users", params(Filter, PageQuery),
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
#[utoipa::path(
    post, path = "/users", tag = "users", request_body = NewUser,
    responses(
        (status = 201, description = "Added", body = User),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    caller: Caller,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), Problem> {
    caller.admin()?;
    let mut check = Check::new();
    let email = check.take(validate::email("email", &new.email));
    let name = check.line("name", &new.name, NAME);
    if let Some(password) = &new.password {
        check.take(password::acceptable("password", password));
    }
    check.done()?;
    let row = NewRow {
        email,
        name,
        password_hash: hashed(&access, new.password).await?.unwrap_or_default(),
        is_admin: new.is_admin.unwrap_or(false),
    };
    let by = By::caller(&caller);
    let write = access.store().write(move |tx| {
        let user = users::insert(tx, &row)?;
        let mut entry = Entry::new(Action::UserCreated, user.id, &*user.name).made(&user);
        if !row.password_hash.is_empty() {
            entry = entry.says("password", "set");
        }
        audit::note(tx, &by, entry)?;
        Ok::<_, Problem>(user)
    });
    Ok((StatusCode::CREATED, Json(write.await?)))
}

/// A person
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", params(("id" = Id, Path, description = "The user")),
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
/// Everyone may change their own name and, in a session, their own password; the rest is an administrator's.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", params(("id" = Id, Path, description = "The user")),
    request_body = UserChange,
    responses(
        (status = 200, description = "Changed", body = User),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<UserChange>,
) -> Result<Json<User>, Problem> {
    if !caller.is_admin {
        find(&access, caller.clone(), id).await?;
        own_only(&caller, id, &body)?;
    }
    let own_session = (id == caller.user_id && !caller.is_token).then_some(caller.session);
    if id == caller.user_id && body.password.is_some() && caller.is_token {
        // A token that leaked must not become the account.
        return Err(Problem::forbidden(
            "One's own password is changed in a session, not with a token.",
        ));
    }
    let by = By::caller(&caller);
    let change = checked(&access, body).await?;
    access
        .change(move |tx| {
            let new_password = change.password_hash.is_some();
            let ends_sessions = new_password || change.disabled == Some(true);
            let (was, user) = users::update(tx, id, change)?;
            let mut entry = Entry::new(Action::UserUpdated, id, &*was.name).changed(&was, &user);
            if new_password {
                entry = entry.says("password", "changed");
            }
            audit::note(tx, &by, entry)?;
            let mut changes = vec![AccessChange::User(id)];
            if ends_sessions {
                let keep = own_session.filter(|_| !user.disabled);
                changes.extend(credentials::end_sessions(tx, id, keep)?);
            }
            Ok((Json(user), changes))
        })
        .await
}

fn own_only(caller: &Caller, id: Id, body: &UserChange) -> Result<(), Problem> {
    let more = body.email.is_some() || body.is_admin.is_some() || body.disabled.is_some();
    if id != caller.user_id || more {
        return Err(Problem::forbidden(
            "You may change your own name and password; the rest is an administrator's.",
        ));
    }
    Ok(())
}

async fn checked(access: &Access, body: UserChange) -> Result<Change, Problem> {
    let mut check = Check::new();
    let email = body
        .email
        .map(|email| check.take(validate::email("email", &email)));
    let name = body.name.map(|name| check.line("name", &name, NAME));
    if let Some(password) = &body.password {
        check.take(password::acceptable("password", password));
    }
    check.done()?;
    Ok(Change {
        email,
        name,
        password_hash: hashed(access, body.password).await?,
        is_admin: body.is_admin,
        disabled: body.disabled,
    })
}

async fn hashed(access: &Access, password: Option<Secret>) -> Result<Option<String>, Problem> {
    match password {
        Some(password) => access.passwords().hash(password).await.map(Some),
        None => Ok(None),
    }
}

/// Remove a person
///
/// With their memberships, sessions and tokens. 409 where records still name them: disable them then.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users", params(("id" = Id, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    if !caller.is_admin {
        find(&access, caller.clone(), id).await?;
        caller.admin()?;
    }
    let by = By::caller(&caller);
    access
        .change(move |tx| {
            let mut changes = credentials::end_sessions(tx, id, None)?;
            let was = users::delete(tx, id)?;
            let entry = Entry::new(Action::UserDeleted, id, &*was.name).gone(&was);
            audit::note(tx, &by, entry)?;
            changes.push(AccessChange::User(id));
            Ok(((), changes))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
