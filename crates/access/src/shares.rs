//! Limits on what one user may do concurrently, and how often, so that nobody makes others wait (promise U3).
//!
//! Owns: the limits on concurrent requests, and on expensive ones. Must not: know a route; the code that assembles the routes
//! defines which of them are expensive.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use base::{Bounds, Full, Id, Time, Turn, Turns};
use store::Requester;

use crate::{
    Access, Problem,
    caller::Outcome,
    rates::{Counted, Rate, Rates},
};

/// The parameter of every searchable list.
const SEARCH: &str = "text";

/// After how long to retry if too much is in progress.
const BUSY: Duration = Duration::from_secs(1);

/// The most of a body that is read before its call is refused, in bytes.
const MAX_UNREAD: usize = 64 * 1024;

/// Searches: two per user at once, and few enough in total that other reads do not wait for them.
const SEARCHES: Bounds = Bounds {
    at_once: 4,
    each: 2,
    waiting: 8,
    waiting_in_all: 256,
};
/// Test messages to destinations: a receiver may be slow.
const TESTS: Bounds = Bounds::each(2);
/// Previews of rules with past events.
const DRY_RUNS: Bounds = Bounds {
    at_once: 2,
    each: 1,
    waiting: 1,
    waiting_in_all: 64,
};
/// Bulk changes: one per user at a time.
const BULK: Bounds = Bounds {
    waiting: 4,
    waiting_in_all: usize::MAX,
    ..Bounds::each(1)
};

/// How often one account signs in from one address with the right password.
const SIGN_INS: Rate = Rate {
    burst: 30,
    interval: Duration::from_secs(1),
};

/// How often one user opens a live stream: all tabs at once after a restart, several times over.
const STREAMS: Rate = Rate {
    burst: 240,
    interval: Duration::from_millis(500),
};

/// The limits for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareLimits {
    /// How many concurrent requests.
    pub requests: usize,
    /// How many searches per minute.
    pub searches: u32,
    /// How many tests of destinations per minute.
    pub tests: u32,
    /// How many rule previews per minute.
    pub dry_runs: u32,
}

impl Default for ShareLimits {
    fn default() -> Self {
        Self {
            requests: 32,
            searches: 120,
            tests: 10,
            dry_runs: 10,
        }
    }
}

/// Calls that are much more expensive than others, each kind with its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Costly {
    /// A search in a list.
    Search,
    /// A test message to a destination.
    Test,
    /// Previewing a rule with past events.
    DryRun,
    /// A bulk change.
    Bulk,
}

impl Costly {
    const fn bounds(self) -> Bounds {
        match self {
            Self::Search => SEARCHES,
            Self::Test => TESTS,
            Self::DryRun => DRY_RUNS,
            Self::Bulk => BULK,
        }
    }

    fn rate(self, limits: &ShareLimits) -> Option<Rate> {
        match self {
            Self::Search => Some(Rate::a_minute(limits.searches)),
            Self::Test => Some(Rate::a_minute(limits.tests)),
            Self::DryRun => Some(Rate::a_minute(limits.dry_runs)),
            Self::Bulk => None,
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Search => "You have sent too many searches. Try again later.",
            Self::Test => "You have sent too many test messages. Try again later.",
            Self::DryRun => "You have previewed too many rules. Try again later.",
            Self::Bulk => "Another bulk change of yours is running. Try again when it is done.",
        }
    }
}

/// The shares of all signed-in users.
pub(crate) struct Shares {
    limits: ShareLimits,
    requests: Turns<Id>,
    searches: Turns<Id>,
    tests: Turns<Id>,
    dry_runs: Turns<Id>,
    bulk: Turns<Id>,
    rates: Rates,
    sign_ins: Rates,
    streams: Rates,
}

impl Shares {
    pub(crate) fn new(limits: ShareLimits) -> Self {
        let of = |costly: Costly| Turns::new(costly.bounds());
        Self {
            limits,
            requests: Turns::new(Bounds::each(limits.requests)),
            searches: of(Costly::Search),
            tests: of(Costly::Test),
            dry_runs: of(Costly::DryRun),
            bulk: of(Costly::Bulk),
            rates: Rates::new(),
            sign_ins: Rates::new(),
            streams: Rates::new(),
        }
    }

    /// Counts a sign-in of this account from this address (see [`network`](crate::limits::network)), until it turns out
    /// to have failed.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn sign_in(
        &self,
        account: &str,
        network: Option<u128>,
        now: Time,
    ) -> Result<Counted, Problem> {
        let counted = self.sign_ins.take((account, network), SIGN_INS, now);
        counted.map_err(Problem::too_many)
    }

    /// That sign-in failed.
    pub(crate) fn give_back(&self, sign_in: Counted) {
        self.sign_ins.give_back(sign_in);
    }

    /// Counts one more live stream opened by this user.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn stream(&self, user: Id, now: Time) -> Result<(), Problem> {
        let counted = self.streams.take(user, STREAMS, now);
        counted
            .map(drop)
            .map_err(|wait| Problem::busy(wait, "You have opened too many live streams. Try again later."))
    }

    /// A turn for an expensive call.
    async fn turn(&self, costly: Costly, user: Id, now: Time) -> Result<Turn<Id>, Problem> {
        if let Some(rate) = costly.rate(&self.limits) {
            let counted = self.rates.take((costly, user), rate, now);
            counted.map_err(|wait| Problem::busy(wait, costly.refusal()))?;
        }
        let turns = match costly {
            Costly::Search => &self.searches,
            Costly::Test => &self.tests,
            Costly::DryRun => &self.dry_runs,
            Costly::Bulk => &self.bulk,
        };
        turns.wait(user).await.map_err(|full| match full {
            Full::Own => Problem::busy(BUSY, costly.refusal()),
            Full::All => Problem::unavailable(),
        })
    }
}

/// Middleware, inside of [`authenticate`](crate::authenticate): limits how many concurrent requests one user has, and how often
/// they search. Callers who are not signed in pass: there are few calls for them.
pub async fn share(State(access): State<Access>, request: Request, next: Next) -> Response {
    let Some(user) = user(&request) else {
        return next.run(request).await;
    };
    let Ok(_request) = access.shares().requests.take(user) else {
        let detail = "You have too many concurrent requests. Try again when some have finished.";
        return refused(&access, request, Problem::busy(BUSY, detail)).await;
    };
    if is_search(&request) {
        return in_turn(&access, Costly::Search, (user, request), next).await;
    }
    next.run(request).await
}

/// Middleware, inside of [`authenticate`](crate::authenticate): for expensive calls.
pub async fn costly(
    State((access, costly)): State<(Access, Costly)>,
    request: Request,
    next: Next,
) -> Response {
    match user(&request) {
        Some(user) => in_turn(&access, costly, (user, request), next).await,
        None => next.run(request).await,
    }
}

async fn in_turn(access: &Access, costly: Costly, (user, request): (Id, Request), next: Next) -> Response {
    let now = access.clock().steady();
    match access.shares().turn(costly, user, now).await {
        Ok(turn) => until_complete(turn, next.run(request)).await,
        Err(problem) => refused(access, request, problem).await,
    }
}

/// Responds once a small body has been read: a connection with an unread body is closed, and a client that sends its next
/// call on it would get no response at all.
async fn refused(access: &Access, request: Request, problem: Problem) -> Response {
    let taken = to_bytes(request.into_body(), MAX_UNREAD);
    tokio::select! {
        _ = taken => {}
        () = access.clock().sleep(BUSY) => {}
    }
    problem.into_response()
}

/// A client that disconnects does not stop a database query, so the turn is held until the response is complete.
async fn until_complete(turn: Turn<Id>, answer: impl Future<Output = Response> + Send + 'static) -> Response {
    let answered = tokio::spawn(Requester::inherited(async move {
        let _turn = turn;
        answer.await
    }));
    match answered.await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Problem::unavailable().into_response(),
        },
    }
}

fn user(request: &Request) -> Option<Id> {
    let outcome = request.extensions().get::<Outcome>()?;
    outcome.0.as_ref().ok().map(|caller| caller.user_id)
}

/// Whether the request searches a list by text.
fn is_search(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::GET
        && query.split('&').any(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // Clients do not need to encode parameter names; one that does may mean this one.
            (name == SEARCH || name.contains('%')) && !value.is_empty()
        })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_search_is_recognised_by_its_parameter() {
        let asked = |method: &str, uri: &str| {
            let request = Request::builder().method(method).uri(uri);
            is_search(&request.body(Body::empty()).unwrap())
        };
        for uri in ["/findings?limit=5&text=x", "/findings?%74ext=x"] {
            assert!(asked("GET", uri), "{uri}");
        }
        for uri in [
            "/findings",
            "/findings?text=",
            "/findings?context=x",
            "/text?a=text",
        ] {
            assert!(!asked("GET", uri), "{uri}");
        }
        assert!(!asked("POST", "/findings?text=x"));
    }

    // promise: U3
    #[tokio::test]
    async fn one_user_uses_up_only_their_own_share() {
        let shares = Shares::new(ShareLimits {
            searches: 3,
            ..ShareLimits::default()
        });
        let (ada, eve) = (Id::from_parts(1, [1; 10]), Id::from_parts(1, [2; 10]));
        let now = Time::from_nanos(1_700_000_000_000_000_000);
        for _ in 0..3 {
            assert!(shares.turn(Costly::Search, eve, now).await.is_ok());
        }
        let refused = shares.turn(Costly::Search, eve, now).await.err().unwrap();
        assert_eq!(refused.status(), 429);
        assert!(shares.turn(Costly::Search, ada, now).await.is_ok());
        assert!(
            shares.turn(Costly::DryRun, eve, now).await.is_ok(),
            "another kind"
        );
        let later = now.after(Duration::from_secs(20));
        assert!(
            shares.turn(Costly::Search, eve, later).await.is_ok(),
            "a third of a minute"
        );
    }
}
