//! One hostile tenant next to a quiet one (promise U3): how long the quiet one's calls take alone, and while the other keeps
//! 32 connections busy with the most expensive permitted calls: bulk changes, searches, imports, reports, streams,
//! sign-ins, changes of passwords. In one run on one server, a process of its own with the default settings.
//!
//! `cargo build --release --package campanile --package bench && \
//!     scripts/with-postgres target/release/bench-neighbour [seconds] [findings]`
//!
//! On SQLite, and on PostgreSQL if `CAMPANILE_TEST_POSTGRES` names a server, as `scripts/with-postgres` does. With
//! PostgreSQL the CPU time is that of the server without the database's. Debug builds work too.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

mod hostile;
mod http;
mod quiet;
mod server;
mod tenant;

use std::{net::Ipv4Addr, thread, time::Duration};

use base::Clock;
use hostile::Hostile;
use quiet::{CALLS, measure};
use server::Server;
use store::testing;
use tenant::Tenant;

/// How long the hostile tenant is at work before it counts.
const WARM: Duration = Duration::from_secs(5);
/// Findings of the quiet tenant.
const FEW: usize = 2_000;
/// What is aimed at: so many times as long.
const AIM: f64 = 3.0;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>().unwrap());
    let seconds = Duration::from_secs(arguments.next().unwrap_or(60).into());
    let findings = usize::try_from(arguments.next().unwrap_or(20_000)).unwrap();
    println!("| database | call | count | p50 alone | p50 beside | times | p99 alone | p99 beside | times |");
    println!("|---|---|---|---|---|---|---|---|---|");
    run("SQLite", None, seconds, findings);
    if let Ok(server) = std::env::var(testing::POSTGRES) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let url = runtime
            .block_on(testing::postgres_url(&server, &Clock::system()))
            .unwrap();
        run("PostgreSQL", Some(&url), seconds, findings);
    }
}

fn run(name: &str, database: Option<&str>, seconds: Duration, findings: usize) {
    let server = Server::start(database);
    let [here, there] = [1, 2].map(|host| Ipv4Addr::new(127, 0, 0, host));
    let quiet = Tenant::make((&server, here), "quiet", quiet::PEOPLE, FEW);
    let hostile = Tenant::make((&server, there), "hostile", hostile::PEOPLE, findings);
    thread::sleep(WARM);
    let start = server.busy();
    let alone = measure(&quiet, seconds);
    let between = server.busy();
    let at_work = Hostile::begin(&hostile);
    thread::sleep(WARM);
    let begun = server.busy();
    let beside = measure(&quiet, seconds);
    let end = server.busy();
    let answers = at_work.end();
    let mut within = true;
    for ((call, alone), beside) in CALLS.iter().zip(&alone).zip(&beside) {
        let [p50, p99] = [50, 99].map(|percent| {
            let (alone, beside) = (alone.at(percent), beside.at(percent));
            within &= percent == 50 || beside <= AIM * alone;
            format!("{alone:.1} ms | {beside:.1} ms | {:.2}", beside / alone)
        });
        let count = alone.count().min(beside.count());
        println!("| {name} | {call} | {count} | {p50} | {p99} |");
    }
    println!();
    println!(
        "{name}: {:.1} s of processor time alone, {:.1} s beside, in {} s each; p99 within {AIM} times: {within}",
        between - start,
        end - begun,
        seconds.as_secs()
    );
    println!("The hostile tenant was answered: {answers}");
    println!();
}
