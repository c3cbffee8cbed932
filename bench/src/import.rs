//! Imports a SARIF report of many results through the real server, the same one again, then one of which a tenth has
//! changed: seconds, CPU seconds, the peak memory above idle, and the latency of other calls meanwhile
//! compared with the same calls before and after.
//!
//! `cargo build --release && cargo run --release -p bench --bin bench-import [results] [database URL]`
//!
//! The server is the release build next to this program, a process of its own with its own folder, on SQLite unless
//! a URL is given. One caller requests pages of findings and the inbox's summary at a steady rate, so that it
//! measures how long calls wait and is not the load itself. The effect of one more busy thread on the machine on
//! the same calls is measured too: with few cores that is much of the effect of an import.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

mod served;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use served::{Caller, Server, report};

/// How often the caller sends requests.
const PERIOD: Duration = Duration::from_millis(20);
/// For how long it sends requests before and after the import.
const BEFORE: Duration = Duration::from_secs(15);
/// Results in the scan report, unless another number is given.
const RESULTS: u64 = 100_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let results = arguments.next().map_or(RESULTS, |text| text.parse().unwrap());
    let server = Server::start(arguments.next());
    let caller = server.sign_in("manager@demo.test", "campanile-demo");
    let company = caller.first("/companies");
    let project = caller.first("/projects");
    let first = report(results, |_| 1);
    println!("{results} results, {} MB", first.len() / 1_000_000);

    let before = latencies(&caller, || thread::sleep(BEFORE));
    let busy = latencies(&caller, spin);
    println!(
        "  p99 {:.1} ms when nothing else runs, {:.1} ms with one busy thread",
        before.at(99),
        busy.at(99)
    );
    let idle = server.memory("VmRSS");
    let target = format!("/scans/import?company_id={company}&project_id={project}");
    let mut previous = 0;
    let changed = report(results, |n| if n % 10 == 7 { 2 } else { 1 });
    let reports = [
        ("first", &first),
        ("again, unchanged", &first),
        ("a tenth changed", &changed),
    ];
    for (round, report) in reports {
        // Writing 5 here resets the peak to the current use.
        std::fs::write(format!("/proc/{}/clear_refs", server.id()), "5").unwrap();
        let mut took = (0.0, 0.0);
        let during = latencies(&caller, || {
            let (started, busy) = (Instant::now(), server.busy());
            let answer = caller.call("POST", &target, "application/sarif+json", report.as_bytes());
            took = (started.elapsed().as_secs_f64(), server.busy() - busy);
            println!("  {round}: {}", answer["counts"]);
        });
        let peak = server.memory("VmHWM");
        println!(
            "  {round}: {:.1} s, {:.1} s of processor time, {:.0} results/s, peak {:.0} MiB above idle ({:.0} MiB idle)",
            took.0,
            took.1,
            f64::from(u32::try_from(results).unwrap()) / took.0,
            mebibytes(peak.saturating_sub(idle.max(previous))),
            mebibytes(idle.max(previous)),
        );
        // With the current number of findings, which has its own cost.
        let after = latencies(&caller, || thread::sleep(BEFORE));
        compare(&before, &during, &after);
        previous = server.memory("VmRSS");
    }
}

/// Compares how long calls took during the import with before and after it.
fn compare(before: &Latencies, during: &Latencies, after: &Latencies) {
    for (name, percent) in [("p50", 50), ("p99", 99), ("worst", 100)] {
        let [before, during, after] = [before, during, after].map(|all| all.at(percent));
        println!(
            "    {name}: {before:.1} ms before, {during:.1} ms during, {after:.1} ms after it: {:.2} and {:.2} times",
            during / before,
            during / after
        );
    }
}

/// One busy thread, for as long as the measurement without an import.
fn spin() {
    let started = Instant::now();
    while started.elapsed() < BEFORE {
        std::hint::spin_loop();
    }
}

fn mebibytes(kilobytes: u64) -> f64 {
    f64::from(u32::try_from(kilobytes).unwrap()) / 1024.0
}

/// Sorted, in milliseconds.
struct Latencies(Vec<f64>);

impl Latencies {
    fn at(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// How long calls take while `work` runs. A late call is measured from its scheduled start.
fn latencies(caller: &Caller, work: impl FnOnce()) -> Latencies {
    let done = Arc::new(AtomicBool::new(false));
    let (asking, over) = (caller.clone(), done.clone());
    let asker = thread::spawn(move || {
        let mut found = Vec::new();
        let mut due = Instant::now();
        while !over.load(Ordering::Relaxed) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let path = if found.len() % 2 == 0 {
                "/findings?limit=25"
            } else {
                "/notifications/summary"
            };
            asking.call("GET", path, "application/json", b"");
            found.push(due.elapsed().as_secs_f64() * 1000.0);
            due += PERIOD;
        }
        found.sort_by(f64::total_cmp);
        Latencies(found)
    });
    work();
    done.store(true, Ordering::Relaxed);
    asker.join().unwrap()
}
