//! Signing in and out.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::{
    Access, AccessChange, Caller, Json, Peer, Problem, Refused, Secret, User,
    audit::{self, Action, By, Entry},
    credentials::{self, Kind},
    end_credentials,
    http::no_store,
    limits::{self, Attempt},
    networks,
    password::{self, HashFor, Password},
    schema::Line,
    sessions::Origin,
    unsaved::{self, Unsaved},
    users, validate,
};

/// The longest address that is checked, in characters.
const LONGEST: usize = 1_000;

/// Credentials to sign in with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The email address, regardless of case.
    #[schema(value_type = Line<{ LONGEST }>)]
    email: String,
    /// The password.
    #[schema(value_type = Password)]
    password: Secret,
}

/// A new session.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LoggedIn {
    /// For `Authorization: Bearer`. Browsers do not need to store it: they have the cookie.
    token: String,
    /// When the session expires at the latest; it expires earlier if it is idle for too long (`login.idle_minutes`).
    expires_at: Time,
    /// The signed-in user.
    user: User,
}

/// Sign in
///
/// Returns a session as a token and as the cookie `campanile_session`, over https `__Host-campanile_session`. It replaces
/// the session of the request, if any. A wrong password and an unknown address get the same response.
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
    caller: Result<Caller, Problem>,
    peer: Option<Peer>,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    let mut check = validate::Check::new();
    let email = check.line("email", &login.email, LONGEST);
    check.take(password::comparable("password", &login.password));
    check.done()?;
    let key = validate::email_key(&email);
    let network = peer.map(|peer| limits::network(peer.0));
    let share = access.shares().sign_in(&key, network, access.clock().steady())?;
    let attempt = attempt(&access, &key, peer).await;
    let attempt = attempt
        .map_err(Problem::too_many)
        .inspect_err(|_| access.shares().give_back(share))?;
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    let sign_in = SignIn {
        peer,
        from: Origin::new(peer, agent.unwrap_or_default()),
        replaces: caller.ok().filter(|caller| !caller.is_token),
    };
    let answer = check_password(&access, sign_in, key, login.password).await;
    // Only a wrong password counts: neither success nor our own failure was a guess.
    if !matches!(&answer, Ok(None)) {
        access.limits().give_back(access.store(), attempt).await;
    }
    // Only success counts here, so that nobody uses up someone else's limit.
    if !matches!(&answer, Ok(Some(_))) {
        access.shares().give_back(share);
    }
    let logged_in = answer?.ok_or_else(wrong_credentials)?;
    let max_age = logged_in.expires_at.since(access.clock().now()).as_secs();
    let cookie = cookie(&access, &logged_in.token, max_age)?;
    let mut response = Json(logged_in).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    no_store(&mut response);
    Ok(response)
}

/// Counts an attempt on this account from this address. If others have used both up, a user who signed in from there before
/// may still try.
async fn attempt(access: &Access, key: &str, peer: Option<Peer>) -> Result<Attempt, Duration> {
    let (limits, now) = (access.limits(), access.clock().steady());
    let address = peer.map(|peer| peer.0);
    let attempt = match limits.attempt(key, address, now) {
        Ok(attempt) => limits.share(access, attempt).await,
        Err(wait) => Err(wait),
    };
    match (attempt, address) {
        (Err(wait), Some(address)) => {
            // Before the database is queried, and kept if the address is unknown: this limits the queries too.
            let attempt = limits.attempt_known(key, address, now)?;
            let known = is_known_network(access, key, address).await;
            let attempt = known.then_some(attempt).ok_or(wait)?;
            limits.share(access, attempt).await
        }
        (attempt, _) => attempt,
    }
}

async fn is_known_network(access: &Access, key: &str, address: IpAddr) -> bool {
    let key = key.to_owned();
    let known = access
        .store()
        .read(move |tx| networks::is_known(tx, &key, address));
    known.await.unwrap_or(false)
}

fn wrong_credentials() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "The email address or password is wrong.",
    )
}

/// Where a user signs in from, and with which session.
#[derive(Clone)]
struct SignIn {
    peer: Option<Peer>,
    from: Origin,
    /// The session that the new one replaces.
    replaces: Option<Caller>,
}

#[derive(Clone)]
struct Account {
    id: Id,
    hash: String,
    disabled: bool,
}

const ACCOUNT: &str = "select id, password_hash, disabled from users where email_key = $1";

/// A session for the right password; none for a wrong one, an unknown address and a disabled account, all
/// after the same work.
async fn check_password(
    access: &Access,
    sign_in: SignIn,
    key: String,
    password: Secret,
) -> Result<Option<LoggedIn>, Problem> {
    let of = key.clone();
    let account = access
        .store()
        .read(move |tx| tx.one::<(Id, String, bool)>(ACCOUNT, params![of]))
        .await?
        .map(|(id, hash, disabled)| Account { id, hash, disabled });
    let hash = account
        .as_ref()
        .map(|account| account.hash.clone())
        .filter(|hash| !hash.is_empty());
    let whose = HashFor::SignIn(&key, sign_in.peer.map(|peer| peer.0));
    let fits = access.passwords().verify(whose, password, hash).await?;
    let Some(account) = account else {
        return Ok(None);
    };
    if !fits || account.disabled {
        access.failed_sign_ins().count(account.id, sign_in.peer);
        return Ok(None);
    }
    let token = Kind::Session.create(access.clock());
    let hash = credentials::hash(token.expose()).ok_or_else(Problem::internal)?;
    let expires_at = access.clock().now().after(access.options().session_lifetime);
    let session = credentials::NewRow {
        user: account.id,
        kind: Kind::Session,
        hash,
        name: String::new(),
        expires_at: Some(expires_at),
        from: sign_in.from.clone(),
    };
    if let Some(old) = &sign_in.replaces
        && let Some(ended) = access.unsaved().end(old.user_id, old.session)
    {
        access.announce(&[ended]);
    }
    let (of, new) = (account.clone(), session.clone());
    let begun = access.change(move |tx| begin(tx, &of, &sign_in, &new)).await;
    let (user, expires_at) = match begun {
        Err(problem) if refuses_writes(&problem) => begin_unsaved(access, account, session, problem).await?,
        begun => (begun?, expires_at),
    };
    Ok(user.map(|user| LoggedIn {
        token: token.expose().to_owned(),
        expires_at,
        user,
    }))
}

/// Whether the database is read-only or full.
fn refuses_writes(problem: &Problem) -> bool {
    [store::Error::ReadOnly, store::Error::Full]
        .into_iter()
        .any(|error| Problem::from(error) == *problem)
}

/// Begins a session in memory: users should be able to read even if nothing can be written.
async fn begin_unsaved(
    access: &Access,
    account: Account,
    new: credentials::NewRow,
    problem: Problem,
) -> Result<(Option<User>, Time), Problem> {
    let now = access.clock().now();
    let session = Unsaved {
        session: access.clock().id(),
        user: account.id,
        password: account.hash,
        began_at: now,
        expires_at: now.after(unsaved::LIFETIME.min(access.options().session_lifetime)),
    };
    let (id, expires_at) = (account.id, session.expires_at);
    if !access.unsaved().keep(new.hash, session, now) {
        return Err(problem);
    }
    tracing::warn!(user = %id, "a session is kept in memory only: the database does not accept writes");
    let user = access
        .store()
        .read(move |tx| users::find(tx, id, &base::Scope::All, id))
        .await?;
    Ok((Some(user), expires_at))
}

const UNCHANGED: &str =
    "update users set password_hash = password_hash where id = $1 and password_hash = $2 and disabled = 0";

/// Begins the session, unless the account changed since its password was compared.
fn begin(
    tx: &mut Tx<'_>,
    account: &Account,
    sign_in: &SignIn,
    new: &credentials::NewRow,
) -> Result<(Option<User>, Vec<AccessChange>), Problem> {
    // An update instead of a select: it locks the row, so that a new password ends this session too.
    if tx.execute(UNCHANGED, params![account.id, &account.hash])? == 0 {
        return Ok((None, Vec::new()));
    }
    let (session, _) = credentials::insert(tx, new)?;
    if let Some(peer) = sign_in.peer {
        networks::record(tx, account.id, peer.0)?;
    }
    let user = users::find(tx, account.id, &base::Scope::All, account.id)?;
    let by = By::session((user.id, &user.name), session, sign_in.peer);
    audit::note(tx, &by, Entry::new(Action::SessionStarted, user.id, &*user.name))?;
    let replaced = match &sign_in.replaces {
        Some(old) => replace(tx, old)?,
        None => None,
    };
    Ok((Some(user), replaced.into_iter().collect()))
}

/// Ends the session that the new one replaces.
fn replace(tx: &mut Tx<'_>, old: &Caller) -> Result<Option<AccessChange>, store::Error> {
    let ended = end_credentials::replaced(tx, old)?;
    if ended.is_some() {
        let entry = Entry::new(Action::SessionEnded, old.user_id, &*old.name).says("replaced", true);
        audit::note(tx, &By::caller(old), entry)?;
    }
    Ok(ended)
}

/// Sign out
///
/// Ends the session and clears the cookie. Without a session there is nothing to end: 204 as well.
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = 403, description = "The credential is an API token, or the request comes from another origin", body = Problem, content_type = "application/problem+json"),
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
                "This is an API token, not a session. Delete it under /tokens.",
            ));
        }
        Ok(caller) => {
            let (user, session) = (caller.user_id, caller.session);
            if let Some(ended) = access.unsaved().end(user, session) {
                access.announce(&[ended]);
                return signed_out(&access);
            }
            access
                .change(
                    move |tx| match end_credentials::one(tx, user, Kind::Session, session) {
                        Ok((_, change)) => {
                            let entry = Entry::new(Action::SessionEnded, user, &*caller.name);
                            audit::note(tx, &By::caller(&caller), entry)?;
                            Ok(((), vec![change]))
                        }
                        // It ended in the meantime.
                        Err(Refused::NotFound) => Ok(((), Vec::new())),
                        Err(refused) => Err(refused.into()),
                    },
                )
                .await?;
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {}
        Err(problem) => return Err(problem),
    }
    signed_out(&access)
}

fn signed_out(access: &Access) -> Result<Response, Problem> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = cookie(access, "", 0)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn cookie(access: &Access, token: &str, max_age: u64) -> Result<HeaderValue, Problem> {
    let name = access.session_cookie();
    let secure = if access.is_secure() { "; Secure" } else { "" };
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::internal())
}
