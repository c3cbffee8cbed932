//! Jobs per second of the real store on SQLite with `synchronous = full`, compared with the same job with one commit
//! each on a bare connection, alternating in one run. A job is: read a record, update it, one event row, three inbox
//! rows.
//!
//! `cargo run --release -p bench --bin bench-store [jobs a round] [callers]`
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use base::{Audience, Bus, Clock, Event, Id, Kind, Severity, Subject, SubjectType};
use rusqlite::Connection;
use store::{Error, MigrationSet, Options, Store, Tx, params};

const RECORDS: u64 = 1000;
const ROUNDS: usize = 5;
const TABLES: &[MigrationSet] = &[
    store::MIGRATIONS,
    MigrationSet {
        owner: "bench",
        steps: &[(
            "0001",
            "create table records (n bigint not null primary key, title text not null, version bigint not null);
             create table inbox (id text not null primary key, user_id text not null, event_id text not null,
               created_at bigint not null);
             create unique index inbox_once on inbox (user_id, event_id);",
        )],
    },
];

const READ: &str = "select title, version from records where n = $1";
const UPDATE: &str = "update records set version = $2 where n = $1";
const INBOX: &str = "insert into inbox (id, user_id, event_id, created_at) values ($1, $2, $3, $4)";

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let jobs = arguments.next().map_or(20_000, Result::unwrap);
    let callers = arguments.next().map_or(64, Result::unwrap);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir_in(".").unwrap();
    let clock = Clock::system();
    let store = runtime.block_on(prepare(
        folder.path().join("store.db").display().to_string(),
        clock.clone(),
    ));
    let bare = prepare_bare(&folder.path().join("bare.db"));
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let grouped = measured(|| runtime.block_on(through_store(&store, jobs, callers)), jobs);
        // A tenth of the jobs is enough for the slow variant.
        let single = measured(|| one_commit_each(&bare, &clock, jobs / 10), jobs / 10);
        println!(
            "round {round}: store {:.0} jobs/s ({:.3} CPU s per 1,000), one commit a job {:.0} jobs/s \
             ({:.3} CPU s per 1,000), ratio {:.1}",
            grouped.0,
            grouped.1,
            single.0,
            single.1,
            grouped.0 / single.0
        );
        ratios.push(grouped.0 / single.0);
    }
    ratios.sort_by(f64::total_cmp);
    println!("{callers} callers, median ratio {:.1}", ratios[ROUNDS / 2]);
    runtime.block_on(store.close());
}

/// Jobs per second and CPU seconds per 1,000 jobs of this process.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn measured(work: impl FnOnce(), jobs: u64) -> (f64, f64) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    work();
    (
        jobs as f64 / start.elapsed().as_secs_f64(),
        (cpu_seconds() - cpu) * 1000.0 / jobs as f64,
    )
}

/// User and system time of this process, from /proc/self/stat (fields 14 and 15, in 1/100 s).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

async fn prepare(path: String, clock: Clock) -> Store {
    let store = Store::open(Options::new(format!("sqlite://{path}")), clock, Bus::new())
        .await
        .unwrap();
    store.migrate(TABLES).await.unwrap();
    store
        .write(|tx| {
            for n in 0..RECORDS {
                tx.execute(
                    "insert into records (n, title, version) values ($1, 'a record', 0)",
                    params![n],
                )?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    store
}

async fn through_store(store: &Store, jobs: u64, callers: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= jobs {
                        return;
                    }
                    store.write(move |tx| job(tx, n % RECORDS)).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

fn job(tx: &mut Tx<'_>, n: u64) -> Result<(), Error> {
    let (_, version) = tx
        .one::<(String, i64)>(READ, params![n])?
        .ok_or(Error::Fault("no such record"))?;
    tx.execute(UPDATE, params![n, version + 1])?;
    let event = event(tx.clock());
    let (id, now) = (event.id, event.at);
    tx.emit(event)?;
    for _ in 0..3 {
        let (row, user) = (tx.id(), tx.id());
        tx.execute(INBOX, params![row, user, id, now])?;
    }
    Ok(())
}

fn event(clock: &Clock) -> Event {
    let company = Audience::Company(Id::from_parts(1, [1; 10]));
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let mut event = Event::new(clock, Kind::FindingUpdated, company, subject);
    event.severity = Some(Severity::High);
    event
}

fn prepare_bare(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full;")
        .unwrap();
    for set in TABLES {
        for (_, sql) in set.steps {
            connection.execute_batch(sql).unwrap();
        }
    }
    for n in 0..RECORDS {
        connection
            .execute(
                "insert into records (n, title, version) values (?1, 'a record', 0)",
                [n.to_string()],
            )
            .unwrap();
    }
    connection
}

fn one_commit_each(connection: &Connection, clock: &Clock, jobs: u64) {
    let execute = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql).unwrap().execute(values).unwrap();
    };
    for n in (0..jobs).map(|n| i64::try_from(n % RECORDS).unwrap()) {
        execute("begin immediate", &[]);
        let version: i64 = connection
            .prepare_cached("select version from records where n = ?1")
            .unwrap()
            .query_row([n], |row| row.get(0))
            .unwrap();
        execute(
            "update records set version = ?2 where n = ?1",
            &[&n, &(version + 1)],
        );
        let event = event(clock);
        let (id, company) = (
            event.id.to_string(),
            event.audience.company().map(|id| id.to_string()),
        );
        execute(
            "insert into events (id, kind, at, company_id, planned_at, body) values (?1, ?2, ?3, ?4, 0, ?5)",
            &[
                &id,
                &event.kind.name(),
                &event.at.nanos(),
                &company,
                &format!("{event:?}"),
            ],
        );
        for _ in 0..3 {
            execute(
                "insert into inbox (id, user_id, event_id, created_at) values (?1, ?2, ?3, ?4)",
                &[
                    &clock.id().to_string(),
                    &clock.id().to_string(),
                    &id,
                    &event.at.nanos(),
                ],
            );
        }
        execute("commit", &[]);
    }
}
