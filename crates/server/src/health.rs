//! `/healthz`, `/readyz` and `/metrics`: for the machine that looks after this one.

use std::{sync::Arc, time::Duration};

use access::Problem;
use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use realtime::Hub;
use store::Store;

use crate::telemetry::Metrics;

/// How long the database may take before it counts as away: whoever asks here has a short patience of its own.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the three look at.
#[derive(Clone)]
pub struct Health {
    /// The data.
    pub store: Store,
    /// The live stream.
    pub hub: Hub,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The three routes.
pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Ready once the database answers and its tables are those of this program: the start ends before it listens
/// where they are not.
async fn ready(State(health): State<Health>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(PATIENCE, health.store.check()).await {
        Ok(Ok(())) => Ok("ready\n"),
        _ => Err(Problem::unavailable()),
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
    // Without the database the rest still tells something, and no figure is one of before.
    let queue = tokio::time::timeout(PATIENCE, health.store.read(notify::deliveries::queue)).await;
    health.metrics.queue(queue.ok().and_then(Result::ok).as_ref());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], health.metrics.text()).into_response()
}
