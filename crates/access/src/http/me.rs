//! The caller.

use axum::{extract::State, http::StatusCode};
use base::{Id, Scope};
use serde::{Deserialize, Serialize};
use store::{Error, Select, Tx, params};

use crate::{
    Access, AccessChange, Caller, InSession, Json, Problem, Role, Secret, User,
    audit::{self, Action, By, Entry},
    end_credentials::{self, Extent},
    http::NAME,
    password::{HashFor, NewPassword, Password, comparable},
    password_rules,
    schema::Name,
    users::{self, Change},
    validate::{self, Check},
};

/// The caller and the companies they have access to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The user.
    user: User,
    /// Whether they are a platform administrator.
    is_admin: bool,
    /// Whether they are notified of their own actions.
    notify_own_actions: bool,
    /// The companies they have access to, for an administrator all; at most 1,000 are listed.
    companies: Vec<MyCompany>,
}

/// A company the caller has access to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MyCompany {
    /// Its id.
    id: Id,
    /// Its name.
    name: String,
    /// The caller's role there; null for an administrator who is not a member.
    role: Option<Role>,
}

/// Changes to the caller; omitted fields stay unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// The name, one line of at most 200 characters.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// Whether to be notified of your own actions.
    notify_own_actions: Option<bool>,
}

/// A password change.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The current password.
    #[schema(value_type = Password)]
    current_password: Secret,
    /// The new password: 12 to 256 characters of any kind, but not one of the most common passwords and not your email address.
    #[schema(value_type = NewPassword)]
    new_password: Secret,
    /// Whether to also revoke your API tokens and calendar feeds; by default they stay valid.
    #[serde(default)]
    end_tokens: bool,
}

/// Get the caller
#[utoipa::path(
    get, path = "/me", tag = "auth", operation_id = "get_me",
    responses(
        (status = 200, description = "The caller", body = Me),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(State(access): State<Access>, caller: Caller) -> Result<Json<Me>, Problem> {
    access.store().read(move |tx| me(tx, &caller)).await.map(Json)
}

fn me(tx: &mut Tx<'_>, caller: &Caller) -> Result<Me, Problem> {
    let user = users::find(tx, caller.user_id, &caller.scope, caller.user_id)?;
    let companies = companies(tx, &caller.scope)?
        .into_iter()
        .map(|(id, name)| MyCompany {
            id,
            name,
            role: caller.roles.get(&id).copied(),
        })
        .collect();
    let own: Option<(bool,)> = tx.one(OWN_ACTIONS, params![caller.user_id])?;
    Ok(Me {
        user,
        is_admin: caller.is_admin,
        notify_own_actions: own.is_some_and(|(own,)| own),
        companies,
    })
}

const OWN_ACTIONS: &str = "select notify_own_actions from users where id = $1";
const SET_OWN_ACTIONS: &str = "update users set notify_own_actions = $2 where id = $1";

/// Update your own profile; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/me", tag = "auth", operation_id = "update_me", request_body = MeChange,
    responses(
        (status = 200, description = "The caller", body = Me),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Json(body): Json<MeChange>,
) -> Result<Json<Me>, Problem> {
    let own_actions = body.notify_own_actions;
    let mut check = Check::new();
    let change = Change {
        name: body.name.map(|name| check.name("name", &name, NAME)),
        ..Change::default()
    };
    check.done()?;
    access
        .change(move |tx| {
            let id = caller.user_id;
            if let Some(own) = own_actions {
                tx.execute(SET_OWN_ACTIONS, params![id, own])?;
            }
            let (was, user) = users::update(tx, id, change)?;
            let entry = Entry::new(Action::UserUpdated, id, &*was.name).changed(&was, &user);
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok((Json(me(tx, &caller)?), vec![AccessChange::User(id)]))
        })
        .await
}

/// Change your password
///
/// Requires a session and the current password; wrong ones are limited like sign-ins. Ends all other sessions, and with
/// `end_tokens` also your API tokens and calendar feeds.
#[utoipa::path(
    post, path = "/me/password", tag = "auth", operation_id = "change_password", request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn change_password(
    State(access): State<Access>,
    InSession(caller): InSession,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    check.take(comparable("current_password", &body.current_password));
    check.take(password_rules::acceptable(
        "new_password",
        &body.new_password,
        &caller.email,
    ));
    check.done()?;
    let extent = Extent::with_tokens(body.end_tokens);
    let was = verified(&access, &caller, body.current_password).await?;
    let is = access
        .passwords()
        .hash(HashFor::User(caller.user_id), body.new_password)
        .await?;
    access
        .change(move |tx| {
            let id = caller.user_id;
            if !users::set_password(tx, id, (&was, &is))? {
                return Err(wrong_password());
            }
            let mut entry = Entry::new(Action::UserUpdated, id, &*caller.name).says("password", "changed");
            let ended = end_credentials::all(tx, id, Some(caller.session), extent)?;
            if !ended.is_empty() {
                entry = entry.says("credentials_ended", ended.len());
            }
            audit::note(tx, &By::caller(&caller), entry)?;
            let mut changes = vec![AccessChange::User(id)];
            changes.extend(ended);
            Ok(((), changes))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hash of the caller's password, if this is the current one.
async fn verified(access: &Access, caller: &Caller, password: Secret) -> Result<String, Problem> {
    let (id, peer) = (caller.user_id, caller.peer);
    // Not counted for the address: they are signed in, and others sign in from there.
    let (key, now) = (validate::email_key(&caller.email), access.clock().steady());
    let attempt = access.limits().attempt(&key, None, now);
    let attempt = attempt.map_err(Problem::too_many)?;
    let attempt = access
        .limits()
        .share(access, attempt)
        .await
        .map_err(Problem::too_many)?;
    let answer = async {
        let hash = access
            .store()
            .read(move |tx| users::password_hash(tx, id))
            .await?;
        let known = hash.clone().filter(|hash| !hash.is_empty());
        let fits = access
            .passwords()
            .verify(HashFor::User(id), password, known)
            .await?;
        Ok::<_, Problem>(hash.filter(|_| fits))
    };
    let answer = answer.await;
    // Only a wrong password counts, as when signing in.
    if matches!(&answer, Ok(None)) {
        access.failed_sign_ins().count(id, peer);
    } else {
        access.limits().give_back(access.store(), attempt).await;
    }
    answer?.ok_or_else(wrong_password)
}

fn wrong_password() -> Problem {
    Problem::field("current_password", "the current password is wrong").denied()
}

const COMPANIES: &str = "select id, name from companies where 1 = 1";

fn companies(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<(Id, String)>, Error> {
    Select::new(COMPANIES)
        .scope("id", scope)
        .push(" order by name, id limit 1000", Vec::new())
        .all(tx)
}
