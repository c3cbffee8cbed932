//! One in ten clients stops reading, under large events: the effect on the others, and the memory held for each.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    kernel::send_memory,
    report::{Bound, Report},
    server::{Kind, Server},
    step::{Load, step},
};

/// Large events, to exceed the buffer limit without many writes.
const LOAD: Load = Load {
    rate: 5.0,
    time: Duration::from_secs(12),
    pad: 8 * 1024,
};

const P99: &str = "p99 of the others, with / without them";
const MEMORY: &str = "KB more in the server, for each of them";
const KERNEL: &str = "KB held by the kernel, for each of them";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours]) {
        bench.block_on(measure(bench, kind, &mut report));
    }
    report.print();
    report.hold(P99, None, &Bound::AtMost(1.2));
    let buffer = realtime::Options::default().bytes as f64 / 1024.0;
    report.hold(MEMORY, None, &Bound::AtMost(buffer));
    report.hold(KERNEL, None, &Bound::AtMost(256.0 - buffer));
}

async fn measure(bench: &Bench, kind: Kind, report: &mut Report) {
    let mut server = bench.start(kind, bench.population());
    let mut others = Clients::new();
    let mut unread = Clients::narrow();
    let count = bench.connections / 10;
    unread.connect(&server, 0..count).await;
    others.connect(&server, count..bench.connections).await;
    let without = step(&mut server, &others, LOAD).await;
    let before = settled_kb(&server).await;
    unread.stop_reading();
    let with = step(&mut server, &others, LOAD).await;
    let after = settled_kb(&server).await;
    report.note(kind, "p99 ms of the others, without", without.p99);
    report.note(kind, "p99 ms of the others, with", with.p99);
    report.note(kind, P99, with.p99 / without.p99);
    report.note(
        kind,
        "frames lost by the others",
        (with.lost + without.lost) as f64,
    );
    report.note(kind, "server MB, without", before / 1024.0);
    report.note(kind, "server MB, with", after / 1024.0);
    report.note(kind, MEMORY, (after - before) / count as f64);
    if let Some(bytes) = send_memory(server.address.port(), &unread.ports()) {
        report.note(kind, KERNEL, bytes / 1024.0 / count as f64);
    }
}

/// Memory after temporary allocations were released.
async fn settled_kb(server: &Server) -> f64 {
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.memory_kb()
}
