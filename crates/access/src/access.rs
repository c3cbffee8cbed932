//! The single handle to users and companies.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Clock, Id, Time};
use store::Store;

use crate::{
    Caller, Problem, SECURE_SESSION_COOKIE, SESSION_COOKIE, Vault,
    audit::FailedSignIns,
    caller_cache::CallerCache,
    changes::{self, Announcer},
    credentials, idempotency,
    limits::Limits,
    networks,
    password::Passwords,
    shared_rates,
    shares::{ShareLimits, Shares},
    unsaved::UnsavedSessions,
};

/// How many uses of credentials are kept until the next sweep; any more are not recorded.
const USES: usize = 50_000;

/// How signing in behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// After how long without use it expires.
    pub session_idle: Duration,
    /// The high-entropy text that secrets at rest are sealed with.
    pub secret_key: crate::Secret,
    /// Whether the console is reached over https only: the cookie then has a name that only https can set.
    pub cookie_secure: bool,
    /// The console's URL, such as `https://campanile.example`; may be empty.
    pub public_url: String,
    /// Limits on sign-in attempts.
    pub login: LoginLimits,
    /// Limits on what one user may do concurrently, and how often.
    pub shares: ShareLimits,
}

/// Limits on sign-in attempts: a number of wrong passwords at once, then one more each interval.
#[derive(Debug, Clone, Copy)]
pub struct LoginLimits {
    /// Wrong passwords at once for one account.
    pub account_burst: u32,
    /// After how long an account gets one more.
    pub account_interval: Duration,
    /// Wrong passwords at once from one address (IPv6: one /64).
    pub peer_burst: u32,
    /// After how long an address gets one more.
    pub peer_interval: Duration,
}

impl LoginLimits {
    /// This number of wrong passwords in a row for an account, then one each `wait`. An address, which may be shared by a whole
    /// office, gets five times that.
    pub fn new(attempts: u32, wait: Duration) -> Self {
        Self {
            account_burst: attempts,
            account_interval: wait,
            peer_burst: attempts.saturating_mul(5),
            peer_interval: wait / 5,
        }
    }
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self::new(10, Duration::from_mins(5))
    }
}

impl Options {
    /// The defaults with this key.
    pub fn new(secret_key: crate::Secret) -> Self {
        Self {
            session_lifetime: Duration::from_hours(7 * 24),
            session_idle: Duration::from_hours(8),
            secret_key,
            cookie_secure: false,
            public_url: String::new(),
            login: LoginLimits::default(),
            shares: ShareLimits::default(),
        }
    }
}

/// Users and companies, and the state of every handler in [`http`](crate::http). Clones share it.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    options: Options,
    origin: String,
    announcer: Announcer,
    caller_cache: CallerCache,
    passwords: Passwords,
    limits: Limits,
    shares: Shares,
    failed_sign_ins: FailedSignIns,
    unsaved: UnsavedSessions,
    used: Mutex<BTreeMap<Id, Time>>,
}

impl Access {
    /// Access over the tables of `store`.
    pub fn new(store: Store, options: Options) -> Self {
        let vault = Vault::new(options.secret_key.expose(), store.clock());
        Self::with_vault(store, options, vault)
    }

    /// The same with a vault whose keys are not derived from the options' text.
    pub fn with_vault(store: Store, options: Options, vault: Vault) -> Self {
        Self(Arc::new(Inner {
            vault,
            origin: origin(&options.public_url),
            announcer: Announcer::new(),
            caller_cache: CallerCache::default(),
            passwords: Passwords::new(store.clock()),
            limits: Limits::new(&options.login),
            shares: Shares::new(options.shares),
            failed_sign_ins: FailedSignIns::default(),
            unsaved: UnsavedSessions::default(),
            used: Mutex::default(),
            store,
            options,
        }))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The vault that seals secrets.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.0.store.clock()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Counts one more live stream opened by this user.
    ///
    /// # Errors
    /// 429 if the user opens them much faster than browsers reconnect.
    pub fn may_open_stream(&self, user: Id) -> Result<(), Problem> {
        self.shares().stream(user, self.clock().steady())
    }

    pub(crate) fn shares(&self) -> &Shares {
        &self.0.shares
    }

    pub(crate) fn failed_sign_ins(&self) -> &FailedSignIns {
        &self.0.failed_sign_ins
    }

    pub(crate) fn unsaved(&self) -> &UnsavedSessions {
        &self.0.unsaved
    }

    /// The clock was set by this many nanoseconds: state in memory that depends on the time is reloaded or shifted.
    pub fn clock_was_set(&self, by: i64) {
        self.unsaved().end_earlier(by);
        for at in self.used_lately().values_mut() {
            *at = Time::from_nanos(at.nanos().saturating_add(by.min(0)));
        }
        self.announce(&[crate::AccessChange::Unknown]);
    }

    /// The name of the cookie that holds a session.
    pub fn session_cookie(&self) -> &'static str {
        if self.options().cookie_secure {
            SECURE_SESSION_COOKIE
        } else {
            SESSION_COOKIE
        }
    }

    /// Whether users reach the server over https only.
    pub fn is_secure(&self) -> bool {
        self.options().cookie_secure
    }

    pub(crate) fn public_origin(&self) -> &str {
        &self.0.origin
    }

    pub(crate) fn announcer(&self) -> &Announcer {
        &self.0.announcer
    }

    pub(crate) fn caller_cache(&self) -> &CallerCache {
        &self.0.caller_cache
    }

    /// The caller with this session or API token.
    ///
    /// # Errors
    /// 401 if it is unknown, ended or expired, or its user is disabled; 503 while the database does not
    /// answer.
    pub async fn caller(&self, credential: &str) -> Result<Caller, Problem> {
        let hash = credentials::hash(credential).ok_or_else(Problem::unauthorized)?;
        self.look_up(hash).await
    }

    /// The same, for opening streams: the answer may come from memory if no change has invalidated it. A change made
    /// by another process takes effect within about a second, and so does an unavailable database, which refuses.
    ///
    /// # Errors
    /// Those of [`caller`](Self::caller).
    pub async fn cached_caller(&self, credential: &str) -> Result<Caller, Problem> {
        let hash = credentials::hash(credential).ok_or_else(Problem::unauthorized)?;
        if let Some(caller) = self.caller_cache().find(&hash, self.clock().now()) {
            return self.used(caller);
        }
        let epoch = self.caller_cache().epoch();
        let caller = self.look_up(hash.clone()).await?;
        self.caller_cache().keep(epoch, hash, &caller, self.clock().now());
        Ok(caller)
    }

    async fn look_up(&self, hash: String) -> Result<Caller, Problem> {
        let unsaved = self.unsaved().find(&hash, self.clock().now());
        let idle = self.options().session_idle;
        let caller = self
            .store()
            .read(move |tx| match unsaved {
                Some(session) => credentials::caller_of(tx, &session, idle),
                None => credentials::caller(tx, &hash, idle),
            })
            .await?
            .ok_or_else(Problem::unauthorized)?;
        self.used(caller)
    }

    /// Records that a credential is used, unless it belongs to a session that was idle for too long.
    fn used(&self, mut caller: Caller) -> Result<Caller, Problem> {
        let (now, idle) = (self.clock().now(), self.options().session_idle);
        let mut used = self.used_lately();
        let noted = used.get(&caller.session).map(|at| at.after(idle));
        if noted.map_or(caller.idle_at, |noted| noted.max(caller.idle_at)) <= now {
            return Err(Problem::unauthorized());
        }
        note(&mut used, caller.session, now);
        if !caller.is_token {
            caller.idle_at = now.after(idle);
        }
        Ok(caller)
    }

    pub(crate) fn note_use(&self, credential: Id) {
        let mut used = self.used_lately();
        note(&mut used, credential, self.clock().now());
    }

    /// Housekeeping, for the server to call about once a minute and before it stops: saves when sessions and tokens
    /// were last used (so that no read has to write) and failed sign-ins, removes sessions and tokens that have expired or were idle
    /// for too long, announcing their end, and removes change rows that everyone has read, and networks and idempotency
    /// keys that have expired.
    ///
    /// # Errors
    /// The store's; what could not be saved is saved by the next sweep.
    pub async fn sweep(&self) -> Result<(), Problem> {
        let used = self.used_lately().clone();
        let (noting, idle) = (used.clone(), self.options().session_idle);
        let refused = self.failed_sign_ins().take();
        self.announcer().forget(self.clock().now());
        let swept = self
            .change(move |tx| {
                changes::prune(tx)?;
                networks::prune(tx)?;
                shared_rates::prune(tx)?;
                refused.note(tx)?;
                Ok(((), credentials::sweep(tx, &noting, idle)?))
            })
            .await;
        if swept.is_ok() {
            // Only now: until a use is saved elsewhere, it is kept here.
            self.used_lately().retain(|id, at| used.get(id) != Some(at));
        }
        swept?;
        idempotency::prune(self.store()).await
    }

    fn used_lately(&self) -> MutexGuard<'_, BTreeMap<Id, Time>> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(used: &mut BTreeMap<Id, Time>, credential: Id, now: Time) {
    if used.len() < USES || used.contains_key(&credential) {
        used.insert(credential, now);
    }
}

/// Scheme, host and port of a URL as in a browser's `Origin`.
fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return String::new();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let usual = if scheme == "https" { ":443" } else { ":80" };
    format!(
        "{scheme}://{}",
        authority.strip_suffix(usual).unwrap_or(&authority)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        assert_eq!(
            origin("https://Campanile.example:443/x"),
            "https://campanile.example"
        );
        assert_eq!(origin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(origin("http://[::1]:80/"), "http://[::1]");
        assert_eq!(origin(""), "");
    }
}
