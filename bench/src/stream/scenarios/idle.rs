//! Memory of an idle connection.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
    step::Load,
};

/// After this time the threads that opened the streams have ended, and deferred work is done.
const SETTLED: Duration = Duration::from_secs(15);

/// How many are open at a time before the measurement.
const FEW: usize = 10;
/// The first write to a disconnected client is answered by a reset, the second fails.
const FINAL_WRITES: Load = Load::new(2.0, Duration::from_secs(2));

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
    let mut server = bench.start(kind, bench.population());
    // Each once beforehand and few at a time, so that what lookups fill, such as the database's caches, is not counted.
    for first in (0..bench.connections).step_by(FEW) {
        let mut clients = Clients::new();
        clients.connect(&server, first..first + FEW).await;
    }
    // A server that only writes notices that they have closed.
    server.publish(FINAL_WRITES);
    server.published();
    // Some of them first, so that the memory for opening many at once is not counted either.
    let some = bench.connections / 5;
    let mut clients = Clients::new();
    clients.connect(&server, 0..some).await;
    tokio::time::sleep(SETTLED).await;
    let before = server.memory_kb();
    clients.connect(&server, some..bench.connections).await;
    tokio::time::sleep(SETTLED).await;
    (server.memory_kb() - before) / (bench.connections - some) as f64
}
