//! Memory of a connection on which nothing happens.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
};

/// After so long the threads that opened the streams have ended, and what comes after an answer has come.
const SETTLED: Duration = Duration::from_secs(15);

const MEMORY: &str = "KB per idle connection";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours, Kind::Nchan]) {
        report.note(kind, MEMORY, bench.block_on(memory(bench, kind)));
    }
    report.print();
    report.hold(MEMORY, None, &Bound::AtMost(0.5));
    report.hold(MEMORY, Some(Kind::Nchan), &Bound::AtMost(0.05));
}

async fn memory(bench: &Bench, kind: Kind) -> f64 {
    let server = bench.start(kind, bench.house());
    // Half of them first, so that what comes once is not counted with the others.
    let half = bench.connections / 2;
    let mut clients = Clients::new();
    clients.connect(&server, 0..half).await;
    tokio::time::sleep(SETTLED).await;
    let before = server.memory_kb();
    clients.connect(&server, half..bench.connections).await;
    tokio::time::sleep(SETTLED).await;
    (server.memory_kb() - before) / (bench.connections - half) as f64
}
