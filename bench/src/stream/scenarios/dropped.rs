//! All clients dropped at once. They reconnect by their rules, each after the delay sent by the server. Meanwhile a
//! client reads the API on the same listener at a steady rate; a call is measured from its scheduled start.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    bench::Bench,
    clients::Clients,
    http::Requester,
    report::{Bound, Report},
    server::{Kind, Server},
    step::Load,
};

/// How long the calm state is measured.
const CALM: Duration = Duration::from_secs(10);
/// The interval between two reads of the API.
const EVERY: Duration = Duration::from_millis(20);

const BACK: &str = "s until all were back";
const WORSE: &str = "p99 of an API read, storm / calm";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours, Kind::Nchan]) {
        bench.block_on(measure(bench, kind, &mut report));
    }
    report.print();
    report.hold(BACK, None, &Bound::AtMost(30.0));
    report.hold(WORSE, None, &Bound::AtMost(2.0));
}

async fn measure(bench: &Bench, kind: Kind, report: &mut Report) {
    let mut server = bench.start(kind, bench.population());
    let mut clients = Clients::new();
    clients.connect(&server, 0..bench.connections).await;
    // Events are published occasionally throughout; the broadcaster only notices disconnects when writing.
    server.publish(Load::new(1.0, Duration::from_mins(1)));
    // The baselines have no API.
    let reading = (kind == Kind::Ours).then(|| Reading::start(&server));
    let calm = Instant::now();
    tokio::time::sleep(CALM).await;
    let retries = clients.retries();
    let cpu = server.cpu_seconds();
    let storm = Instant::now();
    drop(clients);
    let took = Clients::new().connect_after(&server, &retries).await;
    let over = Instant::now();
    report.note(kind, BACK, took.as_secs_f64());
    report.note(kind, "CPU s of the server meanwhile", server.cpu_seconds() - cpu);
    if let Some(reading) = reading {
        let reads = reading.stop();
        let (calm, storm) = (p99(&reads, calm, storm), p99(&reads, storm, over));
        report.note(kind, "p99 ms of an API read, calm", calm);
        report.note(kind, "p99 ms of an API read, storm", storm);
        report.note(kind, WORSE, storm / calm);
    }
}

/// When a read was due, and how long after that its response arrived.
type Read = (Instant, Duration);

struct Reading {
    stop: Arc<AtomicBool>,
    /// A separate thread, so that it does not wait for the clients.
    thread: JoinHandle<Vec<Read>>,
}

impl Reading {
    fn start(server: &Server) -> Self {
        let stop: Arc<AtomicBool> = Arc::default();
        let mut asker = Requester::new(server.address);
        let (credential, stopped) = (server.credential(0), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut reads = Vec::new();
            let mut due = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                assert_eq!(asker.ask("GET /me", &credential, b""), 200);
                reads.push((due, due.elapsed()));
                due += EVERY;
            }
            reads
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<Read> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The p99 of reads that were due in this time, in milliseconds.
fn p99(reads: &[Read], from: Instant, to: Instant) -> f64 {
    let within = reads.iter().filter(|(due, _)| (from..to).contains(due));
    let mut took: Vec<Duration> = within.map(|(_, took)| *took).collect();
    took.sort_unstable();
    took[took.len() * 99 / 100].as_secs_f64() * 1e3
}
