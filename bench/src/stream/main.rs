//! The cost of the live stream, scenario by scenario, compared with two baselines of the same run: a bare broadcaster
//! (no credentials, no limits: the floor) and Nchan (nginx with its module, from the machine's packages). Servers are
//! separate processes, so that their CPU time and memory are measured separately; the clients are this process and share
//! the machine with them. Servers alternate in rounds, a fresh one each time; figures are medians with their range.
//!
//! `cargo run --release -p bench --bin bench-stream -- [--connections N] [--rounds N] [NAME…]`
//!
//! Without a name all scenarios run, with 10,000 connections in 3 rounds. Those that need fewer connections
//! (`stalled`, `revoke`) use a tenth. `--help` names them. All scenarios together take about half an hour; under other load
//! only the ratios are meaningful.
//!
//! "Ours" is the server's accept loop, endpoint, bridge and hub, with users, companies and sessions in a SQLite
//! database; not the middleware of the whole server, and not the store's writes: events are put on the bus as the store
//! does after a commit. Memory is resident memory, with shared pages counted proportionally.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]
#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

mod bench;
mod clients;
mod http;
mod kernel;
mod orders;
mod process;
mod report;
mod scenarios;
mod server;
mod servers;
mod step;

use bench::Bench;
use scenarios::ALL;
use servers::{bare, nchan, ours};

/// The server uses it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match texts[..] {
        ["serve-bare", companies] => bare::serve(companies.parse().unwrap(), bare::Writing::Gathered),
        ["serve-each", companies] => bare::serve(companies.parse().unwrap(), bare::Writing::Each),
        ["serve-nchan", companies, folder] => nchan::serve(companies.parse().unwrap(), folder.as_ref()),
        ["serve-ours", folder, connections] => ours::serve(folder.as_ref(), connections.parse().unwrap()),
        ["seed", folder, connections, companies] => ours::seed(
            folder.as_ref(),
            connections.parse().unwrap(),
            companies.parse().unwrap(),
        ),
        _ => {
            let connections = option(&mut arguments, "--connections").unwrap_or(10_000);
            let rounds = option(&mut arguments, "--rounds").unwrap_or(3);
            measure(connections, rounds, &arguments);
        }
    }
}

/// Takes an option and its number out of the arguments.
fn option(arguments: &mut Vec<String>, name: &str) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument == name)?;
    let taken: Vec<String> = arguments.drain(at..arguments.len().min(at + 2)).collect();
    let number = taken.get(1).and_then(|text| text.parse().ok());
    if number.is_none() {
        refuse(&format!("{name} needs a number"));
    }
    number
}

fn measure(connections: usize, rounds: usize, names: &[String]) {
    let known = |name: &String| ALL.iter().any(|scenario| scenario.name == name);
    if !names.iter().all(known) {
        println!("bench-stream [--connections N] [--rounds N] [NAME…]; N is 10,000 and 3. Names:");
        for scenario in ALL {
            println!("  {:<10} {}", scenario.name, scenario.about);
        }
        std::process::exit(i32::from(!names.iter().any(|name| name == "--help")));
    }
    if connections == 0 || !connections.is_multiple_of(1_000) || rounds == 0 {
        refuse("--connections must be a multiple of 1,000, --rounds at least 1");
    }
    process::allow_descriptors(connections + 500).unwrap_or_else(|problem| refuse(&problem));
    let bench = Bench::new(connections, rounds);
    println!(
        "{connections} connections, {rounds} rounds, events of {} bytes",
        orders::size()
    );
    for scenario in ALL {
        if names.is_empty() || names.iter().any(|name| name == scenario.name) {
            println!("\n## {}: {}\n", scenario.name, scenario.about);
            (scenario.run)(&bench);
        }
    }
}

fn refuse(problem: &str) -> ! {
    println!("{problem}");
    std::process::exit(1)
}
