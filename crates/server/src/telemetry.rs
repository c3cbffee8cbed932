//! Logs and metrics.

use std::{sync::atomic::AtomicU64, time::Duration};

use notify::{
    FirstRead,
    deliveries::{Queue, State},
    engine::Ended,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use store::Load;
use tracing_subscriber::EnvFilter;

/// The client of NATS, which logs each failed attempt as an error. The line logs it once a minute.
const NATS: &str = "async_nats";

/// Starts the log: one JSON record per line, or text for a terminal.
///
/// # Errors
/// If the filter cannot be parsed.
pub fn start_log(level: &str, json: bool) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(level).map_err(|error| anyhow::anyhow!("log.level: {error}"))?;
    if !level.contains(NATS) {
        filter = filter.add_directive(format!("{NATS}=off").parse()?);
    }
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

/// The metrics behind `/metrics`.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    stream: Family<Stream, Gauge>,
    attempts: Family<Attempt, Counter>,
    outcomes: Family<Last, Histogram, fn() -> Histogram>,
    deliveries: Family<Standing, Gauge>,
    set_aside: Family<Stream, Gauge>,
    unreadable: Family<Stream, Gauge>,
    oldest_due: Gauge<f64, AtomicU64>,
    first_reads: Family<OfSeverity, Histogram, fn() -> Histogram>,
    openings_dropped: Gauge,
    writes_waiting: Gauge,
    write_waited: Gauge<f64, AtomicU64>,
    write_running: Gauge<f64, AtomicU64>,
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
struct OfSeverity {
    severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    state: &'static str,
}

/// Bounds of the request histogram in seconds.
const BOUNDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Bounds of the time from an event to the last outcome, in seconds: from immediate to the end of the retry
/// schedule.
const OUTCOME_BOUNDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 7_200.0, 86_400.0,
];

/// Bounds of the time from an event to its first reader, in seconds: from a minute to a month.
const READ_BOUNDS: [f64; 12] = [
    10.0,
    60.0,
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    14_400.0,
    28_800.0,
    86_400.0,
    259_200.0,
    604_800.0,
    2_592_000.0,
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
            "Time to the response headers",
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
            "Completed delivery attempts, by channel and outcome",
            attempts.clone(),
        );
        let outcomes = Family::new_with_constructor(outcome_histogram as fn() -> Histogram);
        registry.register(
            "delivery_seconds",
            "Time from an event to the final state of a delivery, by channel and state",
            outcomes.clone(),
        );
        let deliveries = Family::default();
        registry.register(
            "deliveries",
            "Deliveries that are pending or failed, by state",
            deliveries.clone(),
        );
        let (set_aside, unreadable) = unreadable_metrics(&mut registry);
        let oldest_due = Gauge::default();
        registry.register(
            "delivery_oldest_due_seconds",
            "For how long the longest-waiting delivery has been due",
            oldest_due.clone(),
        );
        let first_reads = Family::new_with_constructor(read_histogram as fn() -> Histogram);
        registry.register(
            "first_read_seconds",
            "Time from an event until the first user read it, by severity",
            first_reads.clone(),
        );
        let openings_dropped = Gauge::default();
        registry.register(
            "openings_dropped",
            "Opened records that were not saved as read because too many were waiting",
            openings_dropped.clone(),
        );
        let (writes_waiting, write_waited, write_running) = writes(&mut registry);
        Self {
            registry,
            requests,
            seconds,
            stream,
            attempts,
            outcomes,
            deliveries,
            set_aside,
            unreadable,
            oldest_due,
            first_reads,
            openings_dropped,
            writes_waiting,
            write_waited,
            write_running,
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

    /// Sets a metric of the live stream.
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

    /// Counts events by the first user who read them.
    pub fn first_read(&self, read: FirstRead) {
        let severity = read.severity.map_or("none", base::Severity::name);
        let histogram = self.first_reads.get_or_create(&OfSeverity { severity });
        for _ in 0..read.events {
            histogram.observe(read.took.as_secs_f64());
        }
    }

    /// Sets how many opened records were dropped.
    pub fn openings_dropped(&self, count: u64) {
        self.openings_dropped
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Sets the number and age of waiting writes.
    pub fn writes(&self, load: Load) {
        self.writes_waiting
            .set(i64::try_from(load.waiting).unwrap_or(i64::MAX));
        self.write_waited.set(load.waited.as_secs_f64());
        self.write_running.set(load.running.as_secs_f64());
    }

    /// Sets the length of the delivery engine's queue; without one there is no value.
    pub fn queue(&self, queue: Option<&Queue>) {
        self.deliveries.clear();
        for (state, count) in queue.map(|queue| queue.states.as_slice()).unwrap_or_default() {
            let labels = Standing { state: state.name() };
            self.deliveries.get_or_create(&labels).set(*count);
        }
        self.set_aside.clear();
        if let Some(queue) = queue {
            let messages = queue.states.iter().find(|(state, _)| *state == State::SetAside);
            for (what, count) in [
                ("event", queue.quarantined_events),
                ("delivery", messages.map_or(0, |(_, count)| *count)),
            ] {
                self.set_aside.get_or_create(&Stream { what }).set(count);
            }
        }
        for (what, count) in store::unreadable::skipped() {
            let gauge = self.unreadable.get_or_create(&Stream { what });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let oldest = queue.map_or(f64::NAN, |queue| queue.oldest_due.as_secs_f64());
        self.oldest_due.set(oldest);
    }

    /// The text in the exposition format, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Metrics of unreadable rows.
fn unreadable_metrics(registry: &mut Registry) -> (Family<Stream, Gauge>, Family<Stream, Gauge>) {
    let (set_aside, unreadable) = (Family::default(), Family::default());
    registry.register(
        "set_aside",
        "Events and deliveries that cannot be read by this version and are quarantined",
        set_aside.clone(),
    );
    registry.register(
        "unreadable_rows",
        "Unreadable rows skipped since the start, by table",
        unreadable.clone(),
    );
    (set_aside, unreadable)
}

/// Metrics of waiting and running writes.
fn writes(registry: &mut Registry) -> (Gauge, Gauge<f64, AtomicU64>, Gauge<f64, AtomicU64>) {
    let (waiting, waited, running) = (Gauge::default(), Gauge::default(), Gauge::default());
    registry.register(
        "writes_waiting",
        "Writes waiting for the database",
        waiting.clone(),
    );
    registry.register(
        "write_waited_seconds",
        "For how long the longest-waiting write has waited",
        waited.clone(),
    );
    registry.register(
        "write_running_seconds",
        "For how long the current write transaction has run; the longest if several",
        running.clone(),
    );
    (waiting, waited, running)
}

fn outcome_histogram() -> Histogram {
    Histogram::new(OUTCOME_BOUNDS)
}

fn read_histogram() -> Histogram {
    Histogram::new(READ_BOUNDS)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
