//! The highest sustained frame rate: rates are doubled or halved until one is sustained and one is not, then narrowed down.

use std::time::Duration;

use crate::{
    bench::Bench,
    clients::Clients,
    report::{Bound, Report},
    server::Kind,
    step::{Load, Step, step},
};

/// How long each rate is tested.
const TIME: Duration = Duration::from_secs(3);
/// The allowed p99 from an event to the client, in milliseconds.
const MAX_P99: f64 = 1_000.0;
/// The final ratio between the lowest rate not sustained and the highest one sustained.
const NEAR: f64 = 1.15;
/// The first rate tested, in frames per second.
const FIRST: f64 = 1_000_000.0;
const FIRST_OF_NCHAN: f64 = 60_000.0;

const FRAMES: &str = "frames/s held";
const CPU: &str = "CPU s per million frames at that rate";

pub(crate) fn run(bench: &Bench) {
    let mut report = Report::new();
    for kind in bench.turns(&[Kind::Bare, Kind::Ours, Kind::Nchan]) {
        let held = bench.block_on(most(bench, kind));
        report.note(kind, FRAMES, held.frames_a_second);
        report.note(kind, CPU, held.cpu_per_million);
        report.note(kind, "p99 ms at that rate", held.p99);
    }
    report.print();
    report.hold(FRAMES, Some(Kind::Bare), &Bound::AtLeast(0.8));
    report.hold(FRAMES, Some(Kind::Nchan), &Bound::AtLeast(25.0));
}

async fn most(bench: &Bench, kind: Kind) -> Step {
    let mut server = bench.start(kind, bench.population());
    let mut clients = Clients::new();
    clients.connect(&server, 0..bench.connections).await;
    let first = if kind == Kind::Nchan {
        FIRST_OF_NCHAN
    } else {
        FIRST
    };
    let mut rate = first / bench.connections as f64;
    let (mut held, mut failed): (Option<(f64, Step)>, Option<f64>) = (None, None);
    loop {
        let tried = step(&mut server, &clients, Load::new(rate, TIME)).await;
        if tried.lost == 0 && tried.p99 <= MAX_P99 {
            held = Some((rate, tried));
        } else {
            failed = Some(rate);
            quiet(&clients).await;
        }
        rate = match (&held, failed) {
            (Some((low, _)), Some(high)) if high / low > NEAR => (low * high).sqrt(),
            (Some((low, _)), None) => low * 2.0,
            (None, Some(high)) => high / 2.0,
            _ => break,
        };
        assert!(
            rate * TIME.as_secs_f64() > 1.0,
            "{} sustains no rate",
            kind.name()
        );
    }
    held.unwrap().1
}

/// Waits until late frames have arrived.
async fn quiet(clients: &Clients) {
    for _ in 0..30 {
        let before = clients.frames();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if clients.frames() == before {
            return;
        }
    }
}
