//! What a frame to an open tab costs: the real hub behind the real endpoint (bridge, scope, credentials looked up in
//! memory), against a bare broadcaster that coalesces too, in turns in one run. Servers are processes of their own,
//! so that their CPU time and memory are theirs alone; the clients share the machine with them.
//!
//! `cargo run --release -p bench --bin bench-stream [connections] [rounds]`
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

mod bare;
mod clients;
mod ours;
mod server;

use std::time::Duration;

use clients::Clients;
use server::Server;

/// Events a second, from calm to more than any server here holds.
const LADDER: [u64; 8] = [25, 50, 100, 200, 400, 800, 1_600, 3_200];
/// How long each step lasts.
const STEP: Duration = Duration::from_secs(2);
/// What a step may take for a frame from its event to the client, 99 of 100.
const HELD: Duration = Duration::from_secs(1);

/// What one server did in one round.
struct Figures {
    /// Memory per idle connection, in KB.
    idle_kb: f64,
    /// CPU seconds of the server per million frames at 10 events a second.
    calm_cpu: f64,
    calm_p99: Duration,
    /// The most frames a second that were held, and their cost.
    held: f64,
    held_cpu: f64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("serve-bare") => bare::serve(),
        Some("serve-ours") => ours::serve(),
        first => {
            let connections = first.map_or(2_000, |text| text.parse().unwrap());
            let rounds = arguments.next().map_or(3, |text| text.parse().unwrap());
            compare(connections, rounds);
        }
    }
}

fn compare(connections: usize, rounds: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!("{connections} connections");
    let mut ratios: [Vec<f64>; 3] = Default::default();
    for round in 1..=rounds {
        let [bare, ours] = ["serve-bare", "serve-ours"].map(|kind| {
            let figures = runtime.block_on(measure(kind, connections));
            println!(
                "round {round} {kind}: {:.2} KB per idle connection; 10 events/s: {:.1} CPU s per million frames, \
                 p99 {:.1} ms; held {:.0} frames/s at {:.2} CPU s per million",
                figures.idle_kb,
                figures.calm_cpu,
                figures.calm_p99.as_secs_f64() * 1e3,
                figures.held,
                figures.held_cpu
            );
            figures
        });
        ratios[0].push(ours.held / bare.held);
        ratios[1].push(ours.calm_cpu / bare.calm_cpu);
        ratios[2].push(ours.held_cpu / bare.held_cpu);
    }
    let [held, calm, cost] = ratios.map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    });
    println!(
        "ours to bare, median: frames/s held {held:.2}, CPU at 10 events/s {calm:.2}, CPU per frame held {cost:.2}"
    );
}

async fn measure(kind: &str, connections: usize) -> Figures {
    let mut server = Server::start(kind);
    // One connection first, so that what comes once is not counted with the others.
    let clients = Clients::new();
    clients.connect(server.address, 1).await;
    let before = server.resident_kb();
    clients.connect(server.address, connections - 1).await;
    let idle_kb = (server.resident_kb() - before) / (connections - 1) as f64;

    let calm = server.step(&clients, 10, STEP * 2).await;
    let mut best = (calm.frames_a_second, calm.cpu_per_million);
    for rate in LADDER {
        let step = server.step(&clients, rate, STEP).await;
        if step.lost > 0 || step.p99 > HELD {
            break;
        }
        best = (step.frames_a_second, step.cpu_per_million);
    }
    Figures {
        idle_kb,
        calm_cpu: calm.cpu_per_million,
        calm_p99: calm.p99,
        held: best.0,
        held_cpu: best.1,
    }
}
