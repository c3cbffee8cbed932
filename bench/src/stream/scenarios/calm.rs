//! A few events a second to everyone: the cost of each when there is nothing to coalesce.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
    step::{Load, step},
};

const TIME: Duration = Duration::from_secs(4);
/// Frames per second beyond which servers that write each frame separately would only be late.
const ONE_BY_ONE: f64 = 200_000.0;

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&Kind::ALL) {
        bench.block_on(measure(bench, kind, &mut report));
    }
    report.print();
    for rate in [10, 100] {
        let cpu = cpu(rate);
        report.hold(&cpu, Some(Kind::Bare), &Bound::AtMost(1.2));
        report.hold(&cpu, Some(Kind::Each), &Bound::AtMost(1.2));
    }
}

fn cpu(rate: u32) -> String {
    format!("{rate} events/s: CPU s per million frames")
}

async fn measure(bench: &Bench, kind: Kind, report: &mut Report) {
    let mut server = bench.start(kind, bench.population());
    let mut clients = Clients::new();
    clients.connect(&server, 0..bench.connections).await;
    for rate in [10, 100] {
        let gathers = matches!(kind, Kind::Bare | Kind::Ours);
        if !gathers && f64::from(rate) * bench.connections as f64 > ONE_BY_ONE {
            continue;
        }
        let step = step(&mut server, &clients, Load::new(rate.into(), TIME)).await;
        report.note(kind, &cpu(rate), step.cpu_per_million);
        report.note(kind, &format!("{rate} events/s: p50 ms"), step.p50);
        report.note(kind, &format!("{rate} events/s: p99 ms"), step.p99);
        report.note(kind, &format!("{rate} events/s: frames lost"), step.lost as f64);
    }
}
