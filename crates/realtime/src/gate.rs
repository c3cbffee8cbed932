//! The question a stream asks before it opens: who is this, and what may they see.
//!
//! Owns: the question, its deadline, and that no change between the answer and the first frame is missed.
//! Must not: answer it; that is `access`.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use access::{Access, AccessChange, Caller, Problem, SESSION_COOKIE};
use base::{Clock, Id, Time};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::{
    connection::{Hangup, Reader},
    feed::Feed,
    frame::Form,
    hub::{Hub, Refused},
};

/// How long a look-up may take before the stream is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a look-up is repeated because access changed meanwhile.
const TRIES: usize = 3;
/// After how long somebody with too many streams may try again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// The answer of a look-up, on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Caller, Problem>> + Send + 'a>>;

/// Who answers.
pub trait Gate: Send + Sync + 'static {
    /// Whose credential this is: a session's or an API token's text.
    fn caller<'a>(&'a self, credential: &'a str) -> Answer<'a>;
    /// What has changed about who may see what, from now on.
    fn changes(&self) -> broadcast::Receiver<AccessChange>;
    /// Whether this person may open one more now; how many are open is counted elsewhere.
    ///
    /// # Errors
    /// 429 for somebody who opens them much faster than a browser comes back.
    fn may_open(&self, _user: Id) -> Result<(), Problem> {
        Ok(())
    }
    /// The name of the cookie that holds a session.
    fn cookie(&self) -> &'static str {
        SESSION_COOKIE
    }
}

impl Gate for Access {
    fn caller<'a>(&'a self, credential: &'a str) -> Answer<'a> {
        Box::pin(self.known_caller(credential))
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

/// Lets readers into the hub.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) hub: Hub,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) clock: Clock,
}

impl Door {
    /// Opens the stream of whom the credential belongs to. Any failure refuses (promise E8).
    pub(crate) async fn open(
        &self,
        form: Form,
        credential: &str,
        hangup: Option<Hangup>,
    ) -> Result<Feed, Problem> {
        for attempt in 0..TRIES {
            // Listening before asking: what changes after the answer was made is heard here, until the hub has
            // the connection and hears it itself.
            let mut changes = self.gate.changes();
            let caller = self.ask(credential).await?;
            let (user, session) = (caller.user_id, caller.session);
            if attempt == 0 {
                self.gate.may_open(user)?;
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

    /// When the stream ends without a reason from outside. An open one does not count as a use of its session: one whose client
    /// has gone looks the same for a while. So it ends halfway to the idle end, spread over a fifth of that time, and a client
    /// that is still there opens it again, which is a use.
    fn end_of(&self, caller: &Caller) -> Time {
        let now = self.clock.now();
        let half = caller.idle_at.since(now) / 2;
        let earlier = half.mul_f64(self.clock.fraction() / 5.0);
        caller.expires_at.min(now.after(half.saturating_sub(earlier)))
    }

    async fn ask(&self, credential: &str) -> Result<Caller, Problem> {
        let caller = tokio::select! {
            caller = self.gate.caller(credential) => caller?,
            () = self.clock.sleep(PATIENCE) => return Err(Problem::unavailable()),
        };
        if caller.expires_at <= self.clock.now() {
            return Err(Problem::unauthorized());
        }
        Ok(caller)
    }
}

/// Whether something that was heard is about this reader, or may have been.
fn concerns(changes: &mut broadcast::Receiver<AccessChange>, about: impl Fn(AccessChange) -> bool) -> bool {
    loop {
        match changes.try_recv() {
            Ok(change) if about(change) => return true,
            Ok(_) => {}
            Err(TryRecvError::Empty) => return false,
            // What was said is not known, or nobody would say it any more.
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
