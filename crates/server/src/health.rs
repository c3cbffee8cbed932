//! `/healthz`, `/readyz` and `/metrics`: for the machine that looks after this one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use access::Problem;
use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use realtime::Hub;
use store::{Error, Load, Store};

use crate::{door::Stage, telemetry::Metrics};

/// How long the database may take before it counts as away: whoever asks here has a short patience of its own.
const PATIENCE: Duration = Duration::from_secs(3);

/// For how long what a try to write said is taken for true.
const FRESH: Duration = Duration::from_secs(5);

/// What the three look at.
#[derive(Clone)]
pub struct Health {
    /// The data.
    pub store: Store,
    /// The live stream.
    pub hub: Hub,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the database takes changes.
    pub probe: Probe,
    /// What counts the records that were opened and not written down.
    pub doorbell: notify::Doorbell,
}

/// The three routes.
pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// The same, and the answer to everything else, while the server starts.
pub(crate) fn starting(stage: Stage) -> Router {
    Router::new().route("/healthz", get(alive)).fallback(move || {
        let stage = stage.now();
        async move { Problem::unavailable_because(format!("The server is not ready: {stage}.")) }
    })
}

async fn alive() -> &'static str {
    "alive\n"
}

/// For how long no change may begin before whoever asks hears of it.
const BLOCKED: Duration = Duration::from_secs(5);

/// Ready once the database answers and takes changes.
async fn ready(State(health): State<Health>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(PATIENCE, health.store.check()).await {
        Ok(Ok(())) => {}
        _ => return Err(Problem::unavailable_because("The database does not answer.")),
    }
    begins(health.store.load()).map_err(Problem::unavailable_because)?;
    let taken = health.probe.look(&health.store).await;
    taken.map(|()| "ready\n").map_err(Problem::unavailable_because)
}

/// Whether changes begin in time; if not, what is wrong, in words.
fn begins(load: Load) -> Result<(), String> {
    let blocked = load.blocked();
    if blocked < BLOCKED {
        return Ok(());
    }
    let (seconds, waiting) = (blocked.as_secs(), load.waiting);
    Err(format!(
        "The database is blocked: no change has begun for {seconds} seconds, and {waiting} wait."
    ))
}

/// Whether the database takes changes, tried at most once in a while. Clones share what it said.
#[derive(Clone, Default)]
pub struct Probe(Arc<Mutex<Tried>>);

#[derive(Default)]
struct Tried {
    /// When the last try that is over was over, and what it said.
    last: Option<(Instant, Result<(), Error>)>,
    /// Since when one is under way.
    since: Option<Instant>,
}

impl Probe {
    /// Whether changes are taken; if not, why, in words.
    async fn look(&self, store: &Store) -> Result<(), String> {
        let due = {
            let tried = self.lock();
            let fresh = tried.last.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
            tried.since.is_none() && !fresh
        };
        if due {
            let (probe, store) = (self.clone(), store.clone());
            self.lock().since = Some(Instant::now());
            let trying = tokio::spawn(async move {
                let said = store.try_change().await;
                let mut tried = probe.lock();
                tried.last = Some((Instant::now(), said));
                tried.since = None;
            });
            // Whoever asked has a short patience; the try goes on without them.
            let _ = tokio::time::timeout(PATIENCE, trying).await;
        }
        self.lock().said()
    }

    fn lock(&self) -> MutexGuard<'_, Tried> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tried {
    fn said(&self) -> Result<(), String> {
        if let Some(since) = self.since.filter(|since| since.elapsed() >= PATIENCE) {
            let seconds = since.elapsed().as_secs();
            return Err(format!(
                "The database has not taken a change for {seconds} seconds."
            ));
        }
        match self.last.as_ref().map(|(_, said)| said) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(Error::Full)) => Err("The database has no room left: only reading is possible.".into()),
            Some(Err(Error::ReadOnly)) => Err("The database is read-only: only reading is possible.".into()),
            Some(Err(_)) => Err("The database takes no changes.".into()),
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    let stream = health.hub.metrics();
    for (what, value) in [
        ("connections", stream.connections),
        ("published", stream.published),
        ("sent", stream.sent),
        ("dropped", stream.dropped),
        ("resyncs", stream.resyncs),
        ("unread", stream.unread),
        ("refused", stream.refused),
    ] {
        health.metrics.stream(what, value);
    }
    health.metrics.openings_dropped(health.doorbell.dropped());
    health.metrics.writes(health.store.load());
    // Without the database the rest still tells something, and no figure is one of before.
    let queue = tokio::time::timeout(PATIENCE, health.store.read(notify::deliveries::queue)).await;
    health.metrics.queue(queue.ok().and_then(Result::ok).as_ref());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], health.metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use base::{Bus, Clock};
    use store::Options;

    use super::*;

    fn tried(error: Option<Error>) -> Result<(), String> {
        let said = error.map_or(Ok(()), Err);
        let last = Some((Instant::now(), said));
        Tried { last, since: None }.said()
    }

    #[test]
    fn says_why_changes_are_not_taken() {
        assert_eq!(tried(None), Ok(()));
        for (error, word) in [
            (Error::Full, "room"),
            (Error::ReadOnly, "read-only"),
            (Error::Unavailable, "no changes"),
        ] {
            assert!(tried(Some(error)).unwrap_err().contains(word));
        }
    }

    // promise: U3
    #[test]
    fn says_when_no_change_begins() {
        let load = |waited, running, single| Load {
            waiting: 7,
            waited: Duration::from_secs(waited),
            running: Duration::from_secs(running),
            single,
        };
        assert_eq!(begins(load(1, 4, true)), Ok(()));
        // Of several at once one may take long.
        assert_eq!(begins(load(1, 60, false)), Ok(()));
        for blocked in [load(6, 0, false), load(6, 1, true), load(0, 6, true)] {
            let said = begins(blocked).unwrap_err();
            assert!(said.contains("6 seconds") && said.contains("7 wait"), "{said}");
        }
    }

    // issue 18, line 9
    #[tokio::test]
    async fn a_full_database_is_noticed_and_room_again_too() {
        const FILL: &str = "insert into write_probe (id, filler) values ($1, $2)";
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
        options.max_pages = Some(60);
        let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
        store.migrate(&[store::MIGRATIONS]).await.unwrap();
        assert_eq!(Probe::default().look(&store).await, Ok(()));
        let fill = |number: usize| {
            let store = store.clone();
            let row = move |tx: &mut store::Tx<'_>| {
                tx.execute(FILL, store::params![number.to_string(), "x".repeat(4_000)])
            };
            async move { store.write(row).await }
        };
        let mut number = 0;
        while fill(number).await.is_ok() {
            number += 1;
        }
        let probe = Probe::default();
        assert!(probe.look(&store).await.unwrap_err().contains("room"));
        store
            .write(|tx| tx.execute("delete from write_probe", &[]))
            .await
            .unwrap();
        assert!(probe.look(&store).await.is_err(), "it was tried a moment ago");
        assert_eq!(Probe::default().look(&store).await, Ok(()));
    }
}
