//! `/healthz`, `/readyz` and `/metrics`: for monitoring.

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

use crate::{startup::Stage, telemetry::Metrics};

/// How long the database may take before it counts as unavailable: probes have short timeouts of their own.
const TIMEOUT: Duration = Duration::from_secs(3);

/// For how long the result of a test write is reused.
const FRESH: Duration = Duration::from_secs(5);

/// What the three endpoints use.
#[derive(Clone)]
pub struct Health {
    /// The store.
    pub store: Store,
    /// The live stream.
    pub hub: Hub,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Whether the database accepts writes.
    pub probe: Probe,
    /// Counts opened records that were not saved.
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

/// The same, and the response to everything else, while the server starts.
pub(crate) fn starting(stage: Stage) -> Router {
    Router::new().route("/healthz", get(alive)).fallback(move || {
        let stage = stage.now();
        async move { Problem::unavailable_because(format!("The server is not ready: {stage}.")) }
    })
}

async fn alive() -> &'static str {
    "alive\n"
}

/// For how long no write may begin before it is reported.
const BLOCKED: Duration = Duration::from_secs(5);

/// Ready once the database answers and accepts writes.
async fn ready(State(health): State<Health>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(TIMEOUT, health.store.check()).await {
        Ok(Ok(())) => {}
        _ => return Err(Problem::unavailable_because("The database does not answer.")),
    }
    writes_begin(health.store.load()).map_err(Problem::unavailable_because)?;
    let taken = health.probe.check_writes(&health.store).await;
    taken.map(|()| "ready\n").map_err(Problem::unavailable_because)
}

/// Whether writes begin in time; if not, the reason as text.
fn writes_begin(load: Load) -> Result<(), String> {
    let blocked = load.blocked();
    if blocked < BLOCKED {
        return Ok(());
    }
    let (seconds, waiting) = (blocked.as_secs(), load.waiting);
    Err(format!(
        "The database is blocked: no write has started for {seconds} seconds, and {waiting} are waiting."
    ))
}

/// Whether the database accepts writes, tested at most once in a while. Clones share the result.
#[derive(Clone, Default)]
pub struct Probe(Arc<Mutex<TestWrite>>);

#[derive(Default)]
struct TestWrite {
    /// When the last test ended, and its result.
    last: Option<(Instant, Result<(), Error>)>,
    /// Since when one is running.
    since: Option<Instant>,
}

impl Probe {
    /// Whether writes are accepted; if not, the reason as text.
    async fn check_writes(&self, store: &Store) -> Result<(), String> {
        let due = {
            let state = self.lock();
            let fresh = state.last.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
            state.since.is_none() && !fresh
        };
        if due {
            let (probe, store) = (self.clone(), store.clone());
            self.lock().since = Some(Instant::now());
            let trying = tokio::spawn(async move {
                let result = store.try_change().await;
                let mut state = probe.lock();
                state.last = Some((Instant::now(), result));
                state.since = None;
            });
            // The probe may time out; the test goes on without it.
            let _ = tokio::time::timeout(TIMEOUT, trying).await;
        }
        self.lock().result()
    }

    fn lock(&self) -> MutexGuard<'_, TestWrite> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TestWrite {
    fn result(&self) -> Result<(), String> {
        if let Some(since) = self.since.filter(|since| since.elapsed() >= TIMEOUT) {
            let seconds = since.elapsed().as_secs();
            return Err(format!(
                "The database has not accepted a write for {seconds} seconds."
            ));
        }
        match self.last.as_ref().map(|(_, result)| result) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(Error::Full)) => Err("The database is full: only reading is possible.".into()),
            Some(Err(Error::ReadOnly)) => Err("The database is read-only: only reading is possible.".into()),
            Some(Err(_)) => Err("The database does not accept writes.".into()),
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
    // Without the database the other metrics are still useful, and none is outdated.
    let queue = tokio::time::timeout(TIMEOUT, health.store.read(notify::deliveries::queue)).await;
    health.metrics.queue(queue.ok().and_then(Result::ok).as_ref());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], health.metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use base::{Bus, Clock};
    use store::Options;

    use super::*;

    fn state_of(error: Option<Error>) -> Result<(), String> {
        let result = error.map_or(Ok(()), Err);
        let last = Some((Instant::now(), result));
        TestWrite { last, since: None }.result()
    }

    #[test]
    fn reports_why_writes_are_not_accepted() {
        assert_eq!(state_of(None), Ok(()));
        for (error, word) in [
            (Error::Full, "full"),
            (Error::ReadOnly, "read-only"),
            (Error::Unavailable, "does not accept writes"),
        ] {
            assert!(state_of(Some(error)).unwrap_err().contains(word));
        }
    }

    // promise: U3
    #[test]
    fn reports_when_no_write_begins() {
        let load = |waited, running, single| Load {
            waiting: 7,
            waited: Duration::from_secs(waited),
            running: Duration::from_secs(running),
            single,
        };
        assert_eq!(writes_begin(load(1, 4, true)), Ok(()));
        // If several run at once, a single one is allowed to take long.
        assert_eq!(writes_begin(load(1, 60, false)), Ok(()));
        for blocked in [load(6, 0, false), load(6, 1, true), load(0, 6, true)] {
            let result = writes_begin(blocked).unwrap_err();
            assert!(
                result.contains("6 seconds") && result.contains("7 are waiting"),
                "{result}"
            );
        }
    }

    // issue 18, line 9
    #[tokio::test]
    async fn detects_a_full_database_and_free_space() {
        const FILL: &str = "insert into write_probe (id, filler) values ($1, $2)";
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
        options.max_pages = Some(60);
        let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
        store.migrate(&[store::MIGRATIONS]).await.unwrap();
        assert_eq!(Probe::default().check_writes(&store).await, Ok(()));
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
        assert!(probe.check_writes(&store).await.unwrap_err().contains("full"));
        store
            .write(|tx| tx.execute("delete from write_probe", &[]))
            .await
            .unwrap();
        assert!(
            probe.check_writes(&store).await.is_err(),
            "it was tested a moment ago"
        );
        assert_eq!(Probe::default().check_writes(&store).await, Ok(()));
    }
}
