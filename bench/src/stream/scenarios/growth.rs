//! How cost and latency grow with connections and companies.

use std::time::Duration;

use crate::{
    bench::{Bench, Population},
    clients::Clients,
    report::Report,
    server::Kind,
    step::{Load, step},
};

const TIME: Duration = Duration::from_secs(4);
/// Events a second as connections grow, all of one company.
const EVENTS: f64 = 100.0;
/// Frames a second as companies grow.
const FRAMES: f64 = 20_000.0;

const CPU: &str = "CPU s per million";
const P50: &str = "p50 ms";
const P99: &str = "p99 ms";
const MEMORY: &str = "server MB";

pub(crate) fn run(bench: &Bench) {
    let all = bench.connections;
    let by_connections: Vec<(Population, f64)> = [all / 100, all / 10, all]
        .map(|connections| {
            let companies = 1;
            (
                Population {
                    connections,
                    companies,
                },
                EVENTS,
            )
        })
        .into();
    let powers = (0..).map(|power| 10_usize.pow(power));
    let by_companies: Vec<(Population, f64)> = powers
        .take_while(|companies| all.is_multiple_of(*companies))
        .map(|companies| {
            let rate = FRAMES * companies as f64 / all as f64;
            let connections = all;
            (
                Population {
                    connections,
                    companies,
                },
                rate,
            )
        })
        .collect();
    for (rows, about) in [
        (by_connections, format!("one company, {EVENTS} events/s")),
        (by_companies, format!("{FRAMES} frames/s over all companies")),
    ] {
        println!("{about}:\n");
        table(bench, &rows);
    }
}

fn table(bench: &Bench, rows: &[(Population, f64)]) {
    let kinds = [Kind::Bare, Kind::Ours];
    let mut reports: Vec<Report> = rows.iter().map(|_| Report::new()).collect();
    for kind in bench.turns(&kinds) {
        for ((population, rate), report) in rows.iter().zip(&mut reports) {
            bench.block_on(measure(bench, kind, (*population, *rate), report));
        }
    }
    let figures = [CPU, P50, P99, MEMORY];
    let heads = kinds.map(|kind| {
        figures
            .map(|figure| format!("{figure}, {}", kind.name()))
            .join(" | ")
    });
    println!("| connections | companies | events/s | {} |", heads.join(" | "));
    println!("|{}", "---|".repeat(3 + kinds.len() * figures.len()));
    for ((population, rate), report) in rows.iter().zip(&reports) {
        let cells = kinds.map(|kind| figures.map(|figure| report.median(kind, figure)).join(" | "));
        let Population {
            connections,
            companies,
        } = population;
        println!("| {connections} | {companies} | {rate} | {} |", cells.join(" | "));
    }
    println!();
}

async fn measure(bench: &Bench, kind: Kind, (population, rate): (Population, f64), report: &mut Report) {
    let mut server = bench.start(kind, population);
    let mut clients = Clients::new();
    clients.connect(&server, 0..population.connections).await;
    let step = step(&mut server, &clients, Load::new(rate, TIME)).await;
    if step.lost > 0 {
        println!(
            "{}, {} companies: {} frames lost",
            kind.name(),
            population.companies,
            step.lost
        );
    }
    report.note(kind, CPU, step.cpu_per_million);
    report.note(kind, P50, step.p50);
    report.note(kind, P99, step.p99);
    report.note(kind, MEMORY, server.memory_kb() / 1024.0);
}
