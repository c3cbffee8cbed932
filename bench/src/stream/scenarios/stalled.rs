//! One client that stops reading: the effect on the others, and the memory held for it.

use std::time::Duration;

use crate::{
    bench::{Bench, Population},
    clients::Clients,
    kernel::send_memory,
    report::{Bound, Report},
    server::Kind,
    step::{Load, step},
};

const RATE: f64 = 200.0;
/// Long enough to exceed the buffer limit.
const TIME: Duration = Duration::from_secs(10);

const P50: &str = "p50 of the others, with / without it";
const P99: &str = "p99 of the others, with / without it";
const KERNEL: &str = "KB held for it by the kernel";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours]) {
        bench.block_on(measure(bench, kind, &mut report));
    }
    report.print();
    report.hold(P50, None, &Bound::AtMost(1.1));
    report.hold(P99, None, &Bound::AtMost(1.1));
    let buffer = realtime::Options::default().bytes as f64 / 1024.0;
    println!("In addition to the kernel's buffer, the hub holds at most {buffer:.0} KB per client.");
    report.hold(KERNEL, None, &Bound::AtMost(256.0 - buffer));
}

async fn measure(bench: &Bench, kind: Kind, report: &mut Report) {
    let population = Population {
        connections: bench.connections / 10,
        companies: 1,
    };
    let mut server = bench.start(kind, population);
    let mut others = Clients::new();
    let mut stalled = Clients::narrow();
    stalled.connect(&server, 0..1).await;
    others.connect(&server, 1..population.connections).await;
    let without = step(&mut server, &others, Load::new(RATE, TIME)).await;
    stalled.stop_reading();
    let with = step(&mut server, &others, Load::new(RATE, TIME)).await;
    report.note(kind, "p50 ms of the others, without", without.p50);
    report.note(kind, "p99 ms of the others, without", without.p99);
    report.note(kind, "p50 ms of the others, with", with.p50);
    report.note(kind, "p99 ms of the others, with", with.p99);
    report.note(kind, P50, with.p50 / without.p50);
    report.note(kind, P99, with.p99 / without.p99);
    report.note(
        kind,
        "frames lost by the others",
        (with.lost + without.lost) as f64,
    );
    if let Some(bytes) = send_memory(server.address.port(), &stalled.ports()) {
        report.note(kind, KERNEL, bytes / 1024.0);
    }
}
