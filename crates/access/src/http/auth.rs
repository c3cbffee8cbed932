//! Signing in and out.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::{
    Access, Caller, Json, Peer, Problem, SESSION_COOKIE, Secret, User,
    audit::{self, Action, By, Entry},
    credentials::{self, Kind},
    sessions::Origin,
    users, validate,
};

/// The most of an address and of a password that is looked at, in characters.
const LONGEST: usize = 1_000;

/// Who signs in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The email address, in any spelling of upper and lower case.
    email: String,
    /// The password.
    password: Secret,
}

/// A new session.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedIn {
    /// For `Authorization: Bearer`. Browsers need not keep it: they have the cookie.
    token: String,
    /// When the session ends.
    expires_at: Time,
    /// Who signed in.
    user: User,
}

/// Sign in
///
/// Answers a session as a token and as the cookie `campanile_session`. A wrong password and an unknown address are
/// answered alike.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", security(()),
    request_body = Login,
    responses(
        (status = 200, description = "Signed in", body = LoggedIn),
        (status = 401, description = "Wrong address or password", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn login(
    State(access): State<Access>,
    peer: Option<Peer>,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    let mut check = validate::Check::new();
    let email = check.line("email", &login.email, LONGEST);
    let short = login.password.expose().chars().take(LONGEST + 1).count() <= LONGEST;
    check.that(short, "password", "it is longer than any password");
    check.done()?;
    let key = validate::email_key(&email);
    let attempt = access
        .limits()
        .attempt(&key, peer.map(|peer| peer.0), access.clock().now())
        .map_err(Problem::too_many)?;
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    let from = (peer, Origin::new(peer, agent.unwrap_or_default()));
    let answer = enter(&access, from, key, login.password).await;
    // Only a wrong password costs: neither success nor our own failure was a guess.
    if !matches!(&answer, Ok(None)) {
        access.limits().give_back(attempt);
    }
    let logged_in = answer?.ok_or_else(wrong)?;
    let max_age = logged_in.expires_at.since(access.clock().now()).as_secs();
    let cookie = cookie(&logged_in.token, max_age, access.options().cookie_secure)?;
    let mut response = Json(logged_in).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    no_store(&mut response);
    Ok(response)
}

fn wrong() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "The email address or the password is wrong.",
    )
}

struct Account {
    id: Id,
    hash: String,
    disabled: bool,
}

const ACCOUNT: &str = "select id, password_hash, disabled from users where email_key = $1";

/// A session for who gives the right password; none for a wrong one, an unknown address and a disabled person, all
/// after the same work.
async fn enter(
    access: &Access,
    (peer, from): (Option<Peer>, Origin),
    key: String,
    password: Secret,
) -> Result<Option<LoggedIn>, Problem> {
    let account = access
        .store()
        .read(move |tx| tx.one::<(Id, String, bool)>(ACCOUNT, params![key]))
        .await?
        .map(|(id, hash, disabled)| Account { id, hash, disabled });
    let hash = account
        .as_ref()
        .map(|account| account.hash.clone())
        .filter(|hash| !hash.is_empty());
    let fits = access.passwords().verify(password, hash).await?;
    let Some(account) = account else {
        return Ok(None);
    };
    if !fits || account.disabled {
        access.refusals().count(account.id, peer);
        return Ok(None);
    }
    let token = Kind::Session.make(access.clock());
    let hash = credentials::hash(token.expose()).ok_or_else(Problem::internal)?;
    let expires_at = access.clock().now().after(access.options().session_lifetime);
    let session = credentials::NewRow {
        user: account.id,
        kind: Kind::Session,
        hash,
        name: String::new(),
        expires_at: Some(expires_at),
        from,
    };
    let user = access
        .store()
        .write(move |tx| begin(tx, &account, peer, &session))
        .await?;
    Ok(user.map(|user| LoggedIn {
        token: token.expose().to_owned(),
        expires_at,
        user,
    }))
}

const STILL: &str =
    "update users set password_hash = password_hash where id = $1 and password_hash = $2 and disabled = 0";

/// Begins the session, unless the account changed since its password was compared.
fn begin(
    tx: &mut Tx<'_>,
    account: &Account,
    peer: Option<Peer>,
    new: &credentials::NewRow,
) -> Result<Option<User>, Problem> {
    // An update and no select: it locks the row, so that a new password ends this session too.
    if tx.execute(STILL, params![account.id, &account.hash])? == 0 {
        return Ok(None);
    }
    let (session, _) = credentials::insert(tx, new)?;
    let user = users::find(tx, account.id, &base::Scope::All, account.id)?;
    let by = By::session((user.id, &user.name), session, peer);
    audit::note(tx, &by, Entry::new(Action::SessionStarted, user.id, &*user.name))?;
    Ok(Some(user))
}

/// Sign out
///
/// Ends the session and clears the cookie. Without a session there is nothing to end: 204 as well.
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth",
    responses(
        (status = 204, description = "Signed out"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn logout(
    State(access): State<Access>,
    caller: Result<Caller, Problem>,
) -> Result<Response, Problem> {
    match caller {
        Ok(caller) if caller.is_token => {
            return Err(Problem::forbidden(
                "This is an API token and no session: delete it under /tokens.",
            ));
        }
        Ok(caller) => {
            let (user, session) = (caller.user_id, caller.session);
            access
                .change(
                    move |tx| match credentials::end(tx, user, Kind::Session, session) {
                        Ok((_, change)) => {
                            let entry = Entry::new(Action::SessionEnded, user, &*caller.name);
                            audit::note(tx, &By::caller(&caller), entry)?;
                            Ok(((), vec![change]))
                        }
                        // It ended in the meantime.
                        Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(((), Vec::new())),
                        Err(problem) => Err(problem),
                    },
                )
                .await?;
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {}
        Err(problem) => return Err(problem),
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = cookie("", 0, access.options().cookie_secure)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn cookie(token: &str, max_age: u64, secure: bool) -> Result<HeaderValue, Problem> {
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::internal())
}

/// An answer with a secret in it is kept by nobody on the way.
pub(crate) fn no_store(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
