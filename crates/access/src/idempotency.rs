//! A repeated request creates nothing again: the header `Idempotency-Key`.
//!
//! Owns: the table `idempotency_keys`, the format of a key, and the response to a repeated request.
//! Must not: know what is created, or store a secret: the response passed in is stored as is.
//!
//! The row of a key is written in the transaction of the creation, so one exists exactly if the other does. It is
//! written first: of two requests with one key, the second waits there for the first, and then finds its response. A refused
//! request leaves no row. A creation in many transactions (an import) writes the created record's id in the first,
//! and its response in the last.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderName, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use base::{Id, Time};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{Store, Tx, params};

use crate::{Caller, Json, Problem, extract};

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// How long a key is valid.
pub const KEPT: Duration = Duration::from_hours(24);

/// The most characters of a key.
pub const LENGTH: usize = 255;

/// How many keys a user may have at once.
const MOST: u64 = 10_000;

/// The key of a request, and the hash of the request as far as it has been read. Most requests have none.
#[derive(Clone, Default)]
pub struct Key(Option<Keyed>);

#[derive(Clone)]
struct Keyed {
    user: Id,
    key: String,
    request: Sha256,
}

impl Key {
    /// Adds the next part of the body as received.
    pub fn read(&mut self, part: &[u8]) {
        if let Some(keyed) = &mut self.0 {
            keyed.request.update(part);
        }
    }

    /// The body has been read.
    pub fn whole(self) -> Once {
        Once(self.0.map(|Keyed { user, key, request }| Known {
            user,
            key,
            request: hex(&request.finalize()),
        }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given: Vec<_> = parts.headers.get_all(&HEADER).iter().cloned().collect();
        let Some(first) = given.first() else {
            return Ok(Self::default());
        };
        let caller = Caller::from_request_parts(parts, state).await?;
        let visible =
            |text: &&str| (1..=LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte > b' ');
        let (Some(key), 1) = (first.to_str().ok().filter(visible), given.len()) else {
            return Err(Problem::field(
                "Idempotency-Key",
                format!("expected once, with 1 to {LENGTH} visible ASCII characters"),
            ));
        };
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let request = Sha256::new_with_prefix(format!("{} {target}\n", parts.method));
        Ok(Self(Some(Keyed {
            user: caller.user_id,
            key: key.to_owned(),
            request,
        })))
    }
}

/// The JSON body of a creating call, as for [`Json`], and its idempotency key.
#[derive(Clone)]
pub struct Create<T>(pub Once, pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Create<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let mut key = Key::from_request_parts(&mut parts, state).await?;
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = bytes.map_err(|rejection| extract::body_problem(rejection.status()))?;
        key.read(&bytes);
        let Json(body) = Json::from_request(Request::from_parts(parts, Body::from(bytes)), state).await?;
        Ok(Self(key.whole(), body))
    }
}

/// Makes a call create once, if it has a key.
#[derive(Debug, Clone, Default)]
pub struct Once(Option<Known>);

#[derive(Debug, Clone)]
struct Known {
    user: Id,
    key: String,
    /// The hash of method, path and body.
    request: String,
}

/// The response to a creating call.
#[derive(Debug, Clone)]
pub enum Created<T> {
    /// What was created.
    New(T),
    /// The first response, with `"repeated": true`.
    Repeated(Value),
}

impl<T> Created<T> {
    /// Adds what only the first response contains: it is not stored.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Created<U> {
        match self {
            Self::New(made) => Created::New(f(made)),
            Self::Repeated(answer) => Created::Repeated(answer),
        }
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        match self {
            Self::New(made) => (StatusCode::CREATED, Json(made)).into_response(),
            Self::Repeated(answer) => (StatusCode::CREATED, Json(answer)).into_response(),
        }
    }
}

const CLAIM: &str = "insert into idempotency_keys (user_id, key, request, record_id, answer, created_at) \
     values ($1, $2, $3, '', '', $4) on conflict (user_id, key) do update \
     set request = excluded.request, record_id = '', answer = '', created_at = excluded.created_at \
     where idempotency_keys.created_at <= $5";
const FOUND: &str =
    "select k.request, k.record_id, k.answer from idempotency_keys k where k.user_id = $1 and k.key = $2";
const RECLAIM: &str = "update idempotency_keys set request = $3, record_id = '', created_at = $4 where user_id = $1 and key = $2";
const LEADS_TO: &str = "update idempotency_keys set record_id = $3 where user_id = $1 and key = $2";
const ANSWER: &str = "update idempotency_keys set answer = $3 where user_id = $1 and key = $2";

impl Once {
    /// Creates something with `f`, or returns the response of the first time. What `f` returns is stored, so it
    /// must not contain a secret. Conditions on the caller, such as their role, are checked before.
    ///
    /// # Errors
    /// Those of `f`; 409 if the key was used for another request, 429 if the user has too many keys.
    pub fn run<T: Serialize>(
        self,
        tx: &mut Tx<'_>,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, Problem>,
    ) -> Result<Created<T>, Problem> {
        if let Some(answer) = self.begin(tx, |_, _| Ok(true))? {
            return Ok(Created::Repeated(answer));
        }
        let made = f(tx)?;
        self.end(tx, &made)?;
        Ok(Created::New(made))
    }

    /// Begins a creation; returns the response if it was done before. One in progress counts for as long as
    /// `is_alive` returns true for its record.
    ///
    /// # Errors
    /// 409 if the key was used for another request, or the creation is in progress; 429 if the user has too many
    /// keys.
    pub fn begin(
        &self,
        tx: &mut Tx<'_>,
        is_alive: impl FnOnce(&mut Tx<'_>, Id) -> Result<bool, Problem>,
    ) -> Result<Option<Value>, Problem> {
        let Some(known) = &self.0 else { return Ok(None) };
        let now = tx.now();
        if known.claim(tx, now)? {
            return bounded(tx, known.user, now).map(|()| None);
        }
        let lock = tx.for_update("k");
        let found: Option<(String, String, String)> =
            tx.one(&format!("{FOUND}{lock}"), params![known.user, &known.key])?;
        // Deleted between the two statements, after 24 hours.
        let (request, record, answer) = found.ok_or_else(Problem::unavailable)?;
        let is_same = request == known.request;
        if !answer.is_empty() {
            return if is_same {
                repeated(&answer).map(Some)
            } else {
                Err(used())
            };
        }
        let record: Id = record.parse().map_err(|_| Problem::internal())?;
        if is_alive(tx, record)? {
            return Err(if is_same { under_way(record) } else { used() });
        }
        tx.execute(RECLAIM, params![known.user, &known.key, &known.request, now])?;
        Ok(None)
    }

    /// Saves the record of a creation that has begun.
    ///
    /// # Errors
    /// The store's.
    pub fn leads_to(&self, tx: &mut Tx<'_>, record: Id) -> Result<(), store::Error> {
        let Some(known) = &self.0 else { return Ok(()) };
        tx.execute(LEADS_TO, params![known.user, &known.key, record])
            .map(drop)
    }

    /// Ends a creation that has begun: this response is returned from now on.
    ///
    /// # Errors
    /// The store's.
    pub fn end<T: Serialize>(&self, tx: &mut Tx<'_>, made: &T) -> Result<(), store::Error> {
        let Some(known) = &self.0 else { return Ok(()) };
        let answer = serde_json::to_string(made).map_err(|error| store::Error::Decode(error.to_string()))?;
        tx.execute(ANSWER, params![known.user, &known.key, answer])
            .map(drop)
    }
}

impl Known {
    /// Writes the row of the key; returns whether there was no valid one.
    fn claim(&self, tx: &mut Tx<'_>, now: Time) -> Result<bool, Problem> {
        let claimed = tx.execute(
            CLAIM,
            params![self.user, &self.key, &self.request, now, now.before(KEPT)],
        );
        match claimed {
            Ok(rows) => Ok(rows > 0),
            // The user was deleted meanwhile, and their credentials too.
            Err(store::Error::Foreign) => Err(Problem::unauthorized()),
            Err(other) => Err(other.into()),
        }
    }
}

const KEYS: &str =
    "select count(*), min(created_at) from idempotency_keys where user_id = $1 and created_at > $2";

/// Checks that the user does not exceed the limit of keys, including the new one.
fn bounded(tx: &mut Tx<'_>, user: Id, now: Time) -> Result<(), Problem> {
    let keys: Option<(u64, Option<Time>)> = tx.one(KEYS, params![user, now.before(KEPT)])?;
    let (count, oldest) = keys.unwrap_or_default();
    if count <= MOST {
        return Ok(());
    }
    let free = oldest.unwrap_or(now).after(KEPT).since(now);
    Err(Problem::busy(
        free,
        format!("More than {MOST} idempotency keys were used in the last 24 hours."),
    ))
}

/// The stored answer, marked.
fn repeated(answer: &str) -> Result<Value, Problem> {
    let mut answer: Value = serde_json::from_str(answer).map_err(|_| Problem::internal())?;
    answer
        .as_object_mut()
        .ok_or_else(Problem::internal)?
        .insert("repeated".to_owned(), true.into());
    Ok(answer)
}

fn used() -> Problem {
    Problem::conflict("This Idempotency-Key was used for a different request in the last 24 hours.")
}

fn under_way(record: Id) -> Problem {
    Problem::conflict(format!(
        "The first request with this Idempotency-Key is still being processed; it creates {record}."
    ))
    .about(record)
}

/// Rows that one transaction deletes, and transactions of one sweep.
const PORTION: u64 = 500;
const PORTIONS: usize = 20;

const EXPIRED: &str = "delete from idempotency_keys where (user_id, key) in \
     (select user_id, key from idempotency_keys where created_at <= $1 order by created_at limit $2)";

/// Deletes expired keys, a few at a time.
pub(crate) async fn prune(store: &Store) -> Result<(), Problem> {
    for _ in 0..PORTIONS {
        let deleted = store.write(|tx| {
            let since = tx.now().before(KEPT);
            tx.execute(EXPIRED, params![since, PORTION])
        });
        if deleted.await? < PORTION {
            break;
        }
    }
    Ok(())
}
