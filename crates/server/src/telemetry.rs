//! Logs and metrics.

use std::{sync::atomic::AtomicU64, time::Duration};

use notify::{deliveries::Queue, engine::Ended};
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
    attempts: Family<Attempt, Counter>,
    outcomes: Family<Last, Histogram, fn() -> Histogram>,
    deliveries: Family<Standing, Gauge>,
    oldest_due: Gauge<f64, AtomicU64>,
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
struct Attempt {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Last {
    channel: &'static str,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    state: &'static str,
}

/// Bounds of the request histogram in seconds.
const BOUNDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Bounds of the time from an event to the last outcome, in seconds: from at once to the end of the schedule of
/// retries.
const OUTCOME_BOUNDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 7_200.0, 86_400.0,
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
        let attempts = Family::default();
        registry.register(
            "delivery_attempts",
            "Attempts to deliver that ended, by channel and outcome",
            attempts.clone(),
        );
        let outcomes = Family::new_with_constructor(outcome_histogram as fn() -> Histogram);
        registry.register(
            "delivery_seconds",
            "Time from an event to the end of a delivery, by channel and final state",
            outcomes.clone(),
        );
        let deliveries = Family::default();
        registry.register(
            "deliveries",
            "Deliveries that are not over or ended badly, by state",
            deliveries.clone(),
        );
        let oldest_due = Gauge::default();
        registry.register(
            "delivery_oldest_due_seconds",
            "For how long the delivery that waits longest has been due",
            oldest_due.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            stream,
            attempts,
            outcomes,
            deliveries,
            oldest_due,
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

    /// Counts an attempt of the delivery engine.
    pub fn attempt(&self, ended: Ended) {
        let channel = ended.channel.name();
        let labels = Attempt {
            channel,
            outcome: ended.outcome.name(),
        };
        self.attempts.get_or_create(&labels).inc();
        if let (Some(state), Some(took)) = (ended.last, ended.took) {
            let labels = Last {
                channel,
                state: state.name(),
            };
            self.outcomes.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// Sets how long the queue of the delivery engine is; without one there is no figure.
    pub fn queue(&self, queue: Option<&Queue>) {
        self.deliveries.clear();
        for (state, count) in queue.map(|queue| queue.states.as_slice()).unwrap_or_default() {
            let labels = Standing { state: state.name() };
            self.deliveries.get_or_create(&labels).set(*count);
        }
        let oldest = queue.map_or(f64::NAN, |queue| queue.oldest_due.as_secs_f64());
        self.oldest_due.set(oldest);
    }

    /// The text of the exposition format, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn outcome_histogram() -> Histogram {
    Histogram::new(OUTCOME_BOUNDS)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
