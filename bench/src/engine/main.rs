//! The speed of the delivery engine, part by part, each with a baseline of the same run. Everything is in this process
//! and on loopback; the database is SQLite with `synchronous = full`, then the PostgreSQL that
//! `CAMPANILE_TEST_POSTGRES` names, if set. CPU seconds are those of the whole process, callers and receivers
//! included, and of the PostgreSQL server.
//!
//! `CAMPANILE_BENCH_DATABASE` limits it to one, `sqlite` or `postgres`.
//!
//! `cargo run --release -p bench --bin bench-engine [part …]`, of `plan`, `events`, `webhooks`, `hung`, `backlog`,
//! `inbox` and `mails`.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]
#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

mod emit;
mod events;
mod figures;
mod fixture;
mod hung;
mod inbox;
mod mails;
mod plan;
mod sink;
mod webhooks;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTS: [&str; 7] = ["plan", "events", "webhooks", "hung", "backlog", "inbox", "mails"];

/// How often each figure is measured; compared figures alternate. `CAMPANILE_BENCH_ROUNDS` sets another number.
fn rounds() -> usize {
    let set = std::env::var("CAMPANILE_BENCH_ROUNDS").ok();
    set.map_or(3, |set| set.parse().unwrap())
}

#[tokio::main]
async fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|part| !PARTS.contains(&part.as_str())) {
        println!("no such part: {unknown}; there are {}", PARTS.join(", "));
        std::process::exit(2);
    }
    for part in PARTS {
        if !named.is_empty() && !named.iter().any(|name| name == part) {
            continue;
        }
        println!("-- {part}");
        match part {
            "plan" => plan::run().await,
            "events" => events::run().await,
            "webhooks" => webhooks::run().await,
            "hung" => hung::run().await,
            "backlog" => hung::backlog().await,
            "inbox" => inbox::run().await,
            _ => mails::run().await,
        }
    }
}
