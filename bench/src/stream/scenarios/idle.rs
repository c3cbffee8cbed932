//! Memory of an idle connection.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
    step::Load,
};

/// After so long the threads that opened the streams have ended, and what comes after an answer has come.
const SETTLED: Duration = Duration::from_secs(15);

/// How many are there at a time before it is measured.
const FEW: usize = 10;
/// The first write to somebody who is gone is answered by a reset, the second fails.
const FAREWELL: Load = Load::new(2.0, Duration::from_secs(2));

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
    let mut server = bench.start(kind, bench.house());
    // Each once before and few at a time, so that what a look-up fills, as the database's caches, is not counted.
    for first in (0..bench.connections).step_by(FEW) {
        let mut clients = Clients::new();
        clients.connect(&server, first..first + FEW).await;
    }
    // A server that only writes finds out that they are gone.
    server.publish(FAREWELL);
    server.published();
    // Some of them first, so that what opening many at once takes is not counted either.
    let some = bench.connections / 5;
    let mut clients = Clients::new();
    clients.connect(&server, 0..some).await;
    tokio::time::sleep(SETTLED).await;
    let before = server.memory_kb();
    clients.connect(&server, some..bench.connections).await;
    tokio::time::sleep(SETTLED).await;
    (server.memory_kb() - before) / (bench.connections - some) as f64
}
