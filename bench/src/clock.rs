//! The SLA clock with many open findings: its memory, its cost while nothing is due, and the lateness of its events.
//! On SQLite, and on PostgreSQL if `CAMPANILE_TEST_POSTGRES` names a server.
//!
//! `cargo run --release -p bench --bin bench-clock [findings] [seconds]`
//!
//! Lateness is from the deadline to the time at which the event is on the bus, after its commit. The clock runs alone:
//! its events are not planned.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

use std::time::Duration;

use base::{Audience, Bus, Clock, Event, Id, Kind, Severity, Subject, SubjectType, Time, bus::Batch};
use records::{Records, Settings, SlaClock};
use store::{Options, Store, params};
use tokio::sync::{broadcast, oneshot};

/// The server uses it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many are due per second in the measured stream, and how many in one instant.
const RATE: u64 = 50;
const AT_ONCE: u64 = 10_000;
/// Preparation time before the first of them.
const AHEAD: Duration = Duration::from_secs(15);

fn main() {
    let texts: Vec<String> = std::env::args().skip(1).collect();
    if let [measure, database, url, seconds] = texts.as_slice()
        && measure == "measure"
    {
        let seconds = seconds.parse().unwrap();
        return runtime().block_on(measured(database, url, seconds));
    }
    let mut arguments = texts.iter().map(|text| text.parse::<u64>().unwrap());
    let findings = arguments.next().unwrap_or(1_000_000);
    let seconds = arguments.next().unwrap_or(60);
    println!("{findings} open findings, {seconds} s idle and {seconds} s of a stream");
    let folder = tempfile::tempdir_in(".").unwrap();
    let file = format!("sqlite://{}", folder.path().join("clock.db").display());
    let mut databases = vec![("SQLite", file)];
    if let Ok(server) = std::env::var(store::testing::POSTGRES) {
        let url = runtime().block_on(store::testing::postgres_url(&server, &Clock::system()));
        databases.push(("PostgreSQL", url.unwrap()));
    }
    for (database, url) in databases {
        let seconds = seconds.to_string();
        runtime().block_on(seeded(&url, findings));
        // A separate process: memory left over from seeding is not the clock's.
        let own = std::env::current_exe().unwrap();
        let measured = std::process::Command::new(own)
            .args(["measure", database, &url, &seconds])
            .status();
        assert!(measured.unwrap().success(), "{database}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build().unwrap()
}

async fn seeded(url: &str, findings: u64) {
    let bench = Bench::open(url).await;
    bench.store.migrate(campanile::app::MIGRATIONS).await.unwrap();
    let company = access::testing::company(&bench.store, "Acme").await;
    bench.seed(company, findings).await;
    bench.store.close().await;
}

async fn measured(database: &str, url: &str, seconds: u64) {
    let bench = Bench::open(url).await;
    bench.store.check().await.unwrap();
    let before = memory();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = SlaClock::new(Records::new(bench.store.clone(), Settings::default()));
    let running = tokio::spawn(running.run(async {
        let _ = stopped.await;
    }));
    let clock = bench.store.clock();
    clock.sleep(Duration::from_secs(5)).await;
    let cpu = cpu_seconds();
    clock.sleep(Duration::from_secs(seconds)).await;
    println!(
        "{database}: {:.1} MiB more than before the clock ({before:.1}), {:.2} CPU s in {seconds} s idle",
        memory() - before,
        cpu_seconds() - cpu
    );
    let stream = RATE * seconds;
    let late = bench.fall_due(0..stream, |n| Duration::from_nanos(n * 1_000_000_000 / RATE));
    report(database, &format!("{RATE} a second"), &late.await);
    let late = bench.fall_due(stream..stream + AT_ONCE, |_| Duration::ZERO);
    report(database, &format!("{AT_ONCE} in one instant"), &late.await);
    stop.send(()).unwrap();
    running.await.unwrap();
    println!("{database}: {:.1} MiB more at the end", memory() - before);
    bench.store.close().await;
}

struct Bench {
    store: Store,
}

// Portable: both databases number rows like this. At least 19 days to their first warning, then one every 25 s.
const SEED: &str = "with recursive n (i) as (select cast($1 as bigint) union all select i + 1 from n where i < $2) \
     insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, title, description, \
     severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, retest_due_at, closed_at, \
     closed_by_scan, created_by, search, created_at, updated_at, last_seen_at, asset_id, clock_at) \
     select '01900000-0000-7000-8000-' || cast(100000000000 + i as text), cast($3 as text), '', 'semgrep', \
     'fingerprint ' || cast(i as text), 'rule-' || cast(i % 100 as text), 'src/file.rs:' || cast(i as text), 'CWE-79', \
     'Cross-site scripting ' || cast(i as text), 'A description of some length, as scanners write it.', 'high', 3, \
     'open', '', '', cast($4 as bigint) + i * 25000000000, 0, 0, 0, 0, '', 'cross-site scripting', $5, $5, $5, '', \
     cast($4 as bigint) + i * 25000000000 - 604800000000000 from n";
const DUE: &str = "update findings set sla_due_at = $2, clock_at = $2 where id = $1";
/// All its warnings were sent.
const WARNED: &str =
    "insert into finding_steps (finding_id, kind, deadline, step, told_at) values ($1, 'sla', $2, 4, 1)";
const PORTION: u64 = 10_000;

impl Bench {
    async fn open(url: &str) -> Self {
        let store = Store::open(Options::new(url), Clock::system(), Bus::new()).await;
        Self {
            store: store.unwrap(),
        }
    }

    async fn seed(&self, company: Id, findings: u64) {
        let now = self.store.clock().now();
        let first = now.after(Duration::from_hours(26 * 24));
        for from in (0..findings).step_by(usize::try_from(PORTION).unwrap()) {
            let last = (from + PORTION).min(findings) - 1;
            self.store
                .write(move |tx| tx.execute(SEED, params![from, last, company, first, now]))
                .await
                .unwrap();
        }
    }

    /// Makes these findings due, each with its delay after a start; returns how late they were reported, in milliseconds.
    async fn fall_due(
        &self,
        which: std::ops::Range<u64>,
        after: impl Fn(u64) -> Duration + Copy + Send + 'static,
    ) -> Vec<f64> {
        let events = self.store.bus().subscribe();
        let start = self.store.clock().now().after(AHEAD);
        let (first, count) = (which.start, which.end - which.start);
        for from in (0..count).step_by(1000) {
            self.store
                .write(move |tx| {
                    for n in from..(from + 1000).min(count) {
                        let id = format!("01900000-0000-7000-8000-{}", 100_000_000_000 + first + n);
                        let due = start.after(after(n));
                        tx.execute(DUE, params![&*id, due])?;
                        tx.execute(WARNED, params![id, due])?;
                    }
                    // The event that the API emits with such a change, which wakes the clock.
                    tx.emit(changed(tx.clock()))
                })
                .await
                .unwrap();
        }
        assert!(self.store.clock().now() < start, "the preparation took too long");
        self.received(events, count).await
    }

    #[expect(clippy::cast_precision_loss, reason = "less than a day")]
    async fn received(&self, mut events: broadcast::Receiver<Batch>, count: u64) -> Vec<f64> {
        let mut late = Vec::new();
        while (late.len() as u64) < count {
            let batch = events.recv().await.unwrap();
            let now = self.store.clock().now();
            for event in batch.iter().filter(|event| event.kind == Kind::SlaBreached) {
                let deadline: Time = event.text("deadline").unwrap().parse().unwrap();
                late.push(now.since(deadline).as_micros() as f64 / 1000.0);
            }
        }
        late.sort_by(f64::total_cmp);
        late
    }
}

fn changed(clock: &Clock) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let company = Audience::Company(clock.id());
    let mut event = Event::new(clock, Kind::FindingUpdated, company, subject);
    event.severity = Some(Severity::High);
    event
}

fn report(database: &str, what: &str, late: &[f64]) {
    let at = |share: usize| late[(late.len() - 1) * share / 100];
    println!(
        "{database}: {what}: {} events, late by p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
        late.len(),
        at(50),
        at(99),
        at(100)
    );
}

/// Resident memory of this process in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}

/// User and system time of this process, from /proc/self/stat (fields 14 and 15, in 1/100 s).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
