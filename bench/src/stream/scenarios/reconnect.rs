//! All connections opened as fast as the clients can: the first time, and again after all were dropped.

use std::time::Duration;

use crate::{
    bench::{Bench, until},
    clients::Clients,
    report::{Bound, Report},
    server::{Kind, Server},
    step::Load,
};

const AGAIN: &str = "connections/s, again";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours, Kind::Nchan]) {
        bench.block_on(measure(bench, kind, &mut report));
    }
    report.print();
    report.hold(AGAIN, None, &Bound::AtLeast(12_000.0));
}

async fn measure(bench: &Bench, kind: Kind, report: &mut Report) {
    let mut server = bench.start(kind, bench.population());
    let count = bench.connections as f64;
    for name in ["connections/s, first", AGAIN] {
        let cpu = server.cpu_seconds();
        let mut clients = Clients::new();
        let took = clients.connect(&server, 0..bench.connections).await;
        report.note(kind, name, count / took.as_secs_f64());
        let cost = (server.cpu_seconds() - cpu) * 1e3 / (count / 1e3);
        report.note(kind, &format!("{name}: CPU ms per thousand"), cost);
        drop(clients);
        gone(&mut server).await;
    }
}

/// Waits until the server has released the dropped clients; some servers notice only when writing.
async fn gone(server: &mut Server) {
    server.publish(Load::new(10.0, Duration::from_secs(1)));
    server.published();
    let limit = Duration::from_secs(20);
    until(limit, "the server keeps disconnected clients", || {
        server.descriptors() < 200
    })
    .await;
}
