//! Logs and metrics.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use tracing_subscriber::EnvFilter;

/// Starts the log: a JSON record a line, or text for a terminal.
///
/// # Errors
/// A filter that cannot be read.
pub fn start_log(level: &str, json: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| anyhow::anyhow!("log.level: {error}"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process, as in tests, keeps the first log.
    let _ = if json {
        log.json().flatten_event(true).try_init()
    } else {
        log.try_init()
    };
    Ok(())
}

/// What is counted, for `/metrics`.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    stream: Family<Stream, Gauge>,
    deliveries: Family<Delivery, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stream {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivery {
    channel: String,
    state: String,
}

/// Bounds of the request histogram in seconds.
const BOUNDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("campanile");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered, by route", requests.clone());
        let seconds = Histogram::new(BOUNDS);
        registry.register(
            "http_request_seconds",
            "Time to the head of an answer",
            seconds.clone(),
        );
        let stream = Family::default();
        registry.register(
            "stream",
            "The live stream: open connections, frames sent and dropped",
            stream.clone(),
        );
        let deliveries = Family::default();
        registry.register(
            "deliveries",
            "Deliveries in the table, by channel and state",
            deliveries.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            stream,
            deliveries,
        }
    }

    /// Counts one request. `route` is the pattern of the router, never the path with its ids or query.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = Request {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Sets a figure of the live stream.
    pub fn stream(&self, what: &'static str, value: u64) {
        self.stream
            .get_or_create(&Stream { what })
            .set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// Sets how many deliveries of a channel are in a state.
    pub fn deliveries(&self, counts: impl IntoIterator<Item = (String, String, i64)>) {
        self.deliveries.clear();
        for (channel, state, count) in counts {
            self.deliveries
                .get_or_create(&Delivery { channel, state })
                .set(count);
        }
    }

    /// The text of the exposition format, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
