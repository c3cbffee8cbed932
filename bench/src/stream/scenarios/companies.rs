//! Many small companies: each event goes to ten clients.

use std::time::Duration;

use crate::{
    bench::{Bench, Population},
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
    step::{Load, Step, step},
};

const MEMBERS: usize = 10;
const LOAD: Load = Load::new(4_000.0, Duration::from_secs(5));

const CPU: &str = "CPU s per million frames";
const P99: &str = "p99 ms";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours, Kind::Nchan]) {
        let step = bench.block_on(measure(bench, kind));
        report.note(kind, CPU, step.cpu_per_million);
        report.note(kind, "p50 ms", step.p50);
        report.note(kind, P99, step.p99);
        report.note(kind, "frames lost", step.lost as f64);
    }
    report.print();
    report.hold(P99, None, &Bound::AtMost(2.0));
    report.hold(CPU, Some(Kind::Bare), &Bound::AtMost(1.25));
}

async fn measure(bench: &Bench, kind: Kind) -> Step {
    let population = Population {
        connections: bench.connections,
        companies: bench.connections / MEMBERS,
    };
    let mut server = bench.start(kind, population);
    let mut clients = Clients::new();
    clients.connect(&server, 0..bench.connections).await;
    step(&mut server, &clients, LOAD).await
}
