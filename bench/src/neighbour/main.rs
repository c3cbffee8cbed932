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
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

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

/// How long the hostile tenant runs before the measurement.
const WARM: Duration = Duration::from_secs(5);
/// Findings of the quiet tenant.
const FEW: usize = 2_000;
/// The goal: at most this many times as long.
const AIM: f64 = 3.0;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>().unwrap());
    let seconds = Duration::from_secs(arguments.next().unwrap_or(60).into());
    let findings = usize::try_from(arguments.next().unwrap_or(20_000)).unwrap();
    println!(
        "| database | call | count | p50 alone | p50 with the hostile tenant | times | p99 alone | p99 with the hostile tenant | times |"
    );
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
    let with_hostile = measure(&quiet, seconds);
    let end = server.busy();
    let answers = at_work.end();
    let mut within = true;
    for ((call, alone), with_hostile) in CALLS.iter().zip(&alone).zip(&with_hostile) {
        let [p50, p99] = [50, 99].map(|percent| {
            let (alone, with_hostile) = (alone.at(percent), with_hostile.at(percent));
            within &= percent == 50 || with_hostile <= AIM * alone;
            format!(
                "{alone:.1} ms | {with_hostile:.1} ms | {:.2}",
                with_hostile / alone
            )
        });
        let count = alone.count().min(with_hostile.count());
        println!("| {name} | {call} | {count} | {p50} | {p99} |");
    }
    println!();
    println!(
        "{name}: {:.1} s of processor time alone, {:.1} s with the hostile tenant, in {} s each; p99 within {AIM} times: {within}",
        between - start,
        end - begun,
        seconds.as_secs()
    );
    println!("Responses to the hostile tenant: {answers}");
    println!();
}
