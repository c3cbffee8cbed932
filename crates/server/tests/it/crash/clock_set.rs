//! The clock is set by two hours, forward and back, while deliveries are pending.

use std::time::{Duration, Instant};

use base::{Clock, Time};
use futures_util::future::join_all;
use notify::testing::Answering;
use tempfile::NamedTempFile;

use super::ledger::Ledger;
use crate::support::{Client, Database, PASSWORD, Process, databases, eventually};

/// How many seconds the clock is ahead after each step of two hours.
const STEPS: [i64; 4] = [7_200, 0, -7_200, 0];
/// Nothing is late by more than this because of a step (issue 18, line 11).
const SOON: Duration = Duration::from_mins(1);

/// The clock in use: the machine's for SQLite, the database's for PostgreSQL.
enum Clocks {
    Machine(NamedTempFile),
    Database,
}

/// Replaces PostgreSQL's clock for this database: our function precedes the built-in one.
const CLOCK: &[&str] = &[
    "create table test_clock (ahead bigint not null)",
    "insert into test_clock (ahead) values (0)",
    "create function clock_timestamp() returns timestamptz language sql volatile as \
     'select pg_catalog.clock_timestamp() + ahead * interval ''1 second'' from public.test_clock'",
    "do 'begin execute format(''alter database %I set search_path to public, pg_catalog'', current_database()); end'",
];

impl Clocks {
    async fn of(database: &Database) -> Self {
        if database.name == "SQLite" {
            return Self::Machine(NamedTempFile::new().unwrap());
        }
        let store = super::open(database).await;
        for sql in CLOCK {
            store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
        }
        store.close().await;
        Self::Database
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Machine(file) => vec![("CAMPANILE_TEST_CLOCK", file.path().display().to_string())],
            Self::Database => Vec::new(),
        }
    }

    /// Sets it this number of seconds ahead of the real one.
    async fn set(&self, database: &Database, ahead: i64) {
        match self {
            Self::Machine(file) => std::fs::write(file.path(), ahead.to_string()).unwrap(),
            Self::Database => {
                let store = super::open(database).await;
                let set = move |tx: &mut store::Tx<'_>| {
                    tx.execute("update test_clock set ahead = $1", store::params![ahead])
                };
                assert_eq!(store.write(set).await.unwrap(), 1);
                store.close().await;
            }
        }
    }
}

/// Waits until the server uses the clock's new time for what it writes. What it wrote is in the book, too.
async fn noticed(ledger: &Ledger<'_>, manager: &Client, ahead: i64) {
    eventually("the step", || async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let finding = ledger.assign(manager, |_| false).await.unwrap();
        let finding = manager.get(&format!("/findings/{finding}")).await.expect(200);
        let written: Time = finding["created_at"].as_str().unwrap().parse().unwrap();
        let now = Clock::system().now().nanos() + ahead * 1_000_000_000;
        (written.nanos().abs_diff(now) < 60_000_000_000).then_some(())
    })
    .await;
}

// issue 18, line 11
// promise: L5
#[tokio::test(flavor = "multi_thread")]
async fn setting_the_clock_by_two_hours_delays_locks_out_and_duplicates_nothing() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(set_the_clock)).await {
        println!("{line}");
    }
}

async fn set_the_clock(database: &Database) -> String {
    let name = database.name;
    let wall = Clocks::of(database).await;
    let ledger = Ledger::open(database, &wall.settings()).await;
    let process = ledger.start();
    let manager = ledger.manager(&process);
    let mut longest = Duration::ZERO;
    for (number, ahead) in STEPS.into_iter().enumerate() {
        sign_in(&process).await;
        let first = ledger.outside.webhook.requests().len();
        if number % 2 == 0 {
            // Received and not confirmed yet.
            ledger.outside.webhook.hold(true);
            ledger.outside.mail.hold(true);
        } else {
            // Attempted, and to be retried.
            ledger.outside.webhook.answer(Answering::Slam);
        }
        let connections = ledger.outside.webhook.connections();
        ledger.assign_some(&process, 3).await;
        eventually("attempts", || async {
            (ledger.outside.webhook.connections() > connections).then_some(())
        })
        .await;
        wall.set(database, ahead).await;
        ledger.outside.webhook.answer(Answering::status(204));
        let start = Instant::now();
        noticed(&ledger, &manager, ahead).await;
        ledger.outside.webhook.hold(false);
        ledger.outside.mail.hold(false);
        sign_in(&process).await;
        ledger.idle().await;
        longest = longest.max(start.elapsed());
        assert!(longest < SOON, "{name}: {ahead}: {longest:?}");
        assert!(
            ledger.outside.webhook.requests().len() >= first + 3,
            "{name}: {ahead}"
        );
    }
    drop(process);
    let counted = ledger.check().await;
    assert_eq!((counted.copies, counted.unknowns), (0, 0), "{name}: {counted}");
    format!("{name}: clock set, {longest:?} at most, {counted}")
}

/// Nobody is locked out.
async fn sign_in(process: &Process) {
    let mara = Client::sign_in(process.address(), "mara@campanile.test", PASSWORD).await;
    mara.get("/me").await.expect(200);
}
