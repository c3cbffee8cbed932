//! The check before a stream opens: who is the caller, and what may they see.
//!
//! Owns: the check, its deadline, and that no change between the result and the first frame is missed.
//! Must not: decide it; that is `access`.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use access::{Access, AccessChange, Caller, Problem, SESSION_COOKIE, Secret};
use base::{Clock, Id, Time};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::{
    connection::{Hangup, Reader},
    feed::Feed,
    frame::Form,
    hub::{Hub, Refused},
};

/// How long a lookup may take before the stream is refused.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a lookup is repeated because access changed meanwhile.
const MAX_LOOKUPS: usize = 3;
/// After how long a user with too many streams may retry.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// The pending result of a lookup.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Caller, Problem>> + Send + 'a>>;

/// The pending result of issuing a ticket: it, and until when it is valid.
pub type Issued<'a> = Pin<Box<dyn Future<Output = Result<(String, Time), Problem>> + Send + 'a>>;

/// The pending result of redeeming a ticket: the credential behind it, if it is valid.
pub type Redeemed<'a> = Pin<Box<dyn Future<Output = Result<Option<Secret>, Problem>> + Send + 'a>>;

/// Identifies callers.
pub trait Identify: Send + Sync + 'static {
    /// The caller with this credential: the text of a session or API token.
    fn caller<'a>(&'a self, credential: &'a str) -> Answer<'a>;
    /// A ticket for the session with this credential.
    fn issue<'a>(&'a self, session: Id, credential: &'a str) -> Issued<'a>;
    /// The credential behind a ticket, which is used up in any case.
    fn redeem<'a>(&'a self, ticket: &'a str) -> Redeemed<'a>;
    /// Access changes from now on.
    fn changes(&self) -> broadcast::Receiver<AccessChange>;
    /// Whether this user may open one more now; open ones are counted elsewhere.
    ///
    /// # Errors
    /// 429 if the user opens them much faster than browsers reconnect.
    fn may_open(&self, _user: Id) -> Result<(), Problem> {
        Ok(())
    }
    /// The name of the cookie that holds a session.
    fn cookie(&self) -> &'static str {
        SESSION_COOKIE
    }
}

impl Identify for Access {
    fn caller<'a>(&'a self, credential: &'a str) -> Answer<'a> {
        Box::pin(self.cached_caller(credential))
    }

    fn issue<'a>(&'a self, session: Id, credential: &'a str) -> Issued<'a> {
        Box::pin(self.issue_ticket(session, credential))
    }

    fn redeem<'a>(&'a self, ticket: &'a str) -> Redeemed<'a> {
        Box::pin(self.redeem_ticket(ticket))
    }

    fn changes(&self) -> broadcast::Receiver<AccessChange> {
        Access::changes(self)
    }

    fn may_open(&self, user: Id) -> Result<(), Problem> {
        self.may_open_stream(user)
    }

    fn cookie(&self) -> &'static str {
        self.session_cookie()
    }
}

/// Admits readers to the hub.
#[derive(Clone)]
pub(crate) struct Admission {
    pub(crate) hub: Hub,
    pub(crate) callers: Arc<dyn Identify>,
    pub(crate) clock: Clock,
}

impl Admission {
    /// Opens a stream for the owner of the credential. Any failure refuses it (promise E8).
    pub(crate) async fn open(
        &self,
        form: Form,
        credential: &str,
        hangup: Option<Hangup>,
    ) -> Result<Feed, Problem> {
        for attempt in 0..MAX_LOOKUPS {
            // Subscribes before the lookup: changes after the lookup arrive here, until the hub has
            // the connection and receives them itself.
            let mut changes = self.callers.changes();
            let caller = self.look_up(credential).await?;
            let (user, session) = (caller.user_id, caller.session);
            if attempt == 0 {
                self.callers.may_open(user)?;
            }
            let reader = Reader {
                user,
                session,
                expires_at: self.end_of(&caller),
                scope: caller.scope,
                hangup: hangup.clone(),
            };
            let feed = self.hub.open_as(form, reader)?;
            if !concerns(&mut changes, |change| match change {
                AccessChange::User(id) => id == user,
                AccessChange::Session(id) => id == session,
                AccessChange::Unknown => true,
            }) {
                return Ok(feed);
            }
        }
        Err(Problem::unavailable())
    }

    /// When the stream ends without an external reason. An open stream does not count as a use of its session: one whose client
    /// has disconnected looks the same for a while. So it ends halfway to the idle timeout, spread over a fifth of that time, and a client
    /// that is still connected reopens it, which is a use.
    fn end_of(&self, caller: &Caller) -> Time {
        let now = self.clock.now();
        let half = caller.idle_at.since(now) / 2;
        let earlier = half.mul_f64(self.clock.fraction() / 5.0);
        caller.expires_at.min(now.after(half.saturating_sub(earlier)))
    }

    /// The credential behind a ticket, within the time for a lookup.
    pub(crate) async fn redeem(&self, ticket: &str) -> Result<Option<Secret>, Problem> {
        tokio::select! {
            redeemed = self.callers.redeem(ticket) => redeemed,
            () = self.clock.sleep(LOOKUP_TIMEOUT) => Err(Problem::unavailable()),
        }
    }

    async fn look_up(&self, credential: &str) -> Result<Caller, Problem> {
        let caller = tokio::select! {
            caller = self.callers.caller(credential) => caller?,
            () = self.clock.sleep(LOOKUP_TIMEOUT) => return Err(Problem::unavailable()),
        };
        if caller.expires_at <= self.clock.now() {
            return Err(Problem::unauthorized());
        }
        Ok(caller)
    }
}

/// Whether a received change concerns this reader, or may concern it.
fn concerns(changes: &mut broadcast::Receiver<AccessChange>, about: impl Fn(AccessChange) -> bool) -> bool {
    loop {
        match changes.try_recv() {
            Ok(change) if about(change) => return true,
            Ok(_) => {}
            Err(TryRecvError::Empty) => return false,
            // Changes were missed, or no more can arrive.
            Err(TryRecvError::Lagged(_) | TryRecvError::Closed) => return true,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::User => Self::too_many(RETRY_AFTER),
            Refused::Full | Refused::Closing => Self::unavailable(),
        }
    }
}
