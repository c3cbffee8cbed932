//! Every failed lookup refuses the stream, without a frame and without a connection in the hub: with real access control, and
//! databases that really fail.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use access::testing as people;
use base::{Bus, Clock, Time};
use store::{Error, Requester, Store};
use tokio::sync::mpsc as started;

use super::{CONNECTIONS, Fixture, client::Refusal, fixtures, fixtures_with};

fn manual() -> Clock {
    Clock::manual(Time::from_nanos(1_700_000_000_000_000_000))
}

impl Fixture {
    /// Runs a statement directly on the database.
    pub(super) async fn run(&self, sql: &str) {
        run(&self.store, sql).await;
    }

    async fn session(&self) -> String {
        let ana = self.member("ana@example.com").await;
        people::session(&self.access, ana).await
    }

    #[track_caller]
    fn refused(&self, refusal: &Refusal, status: u16) {
        assert_eq!(refusal.status, status, "{}: {}", self.database, refusal.body);
        assert_eq!(
            refusal.retry_after.is_some(),
            status == 503,
            "{}: {}",
            self.database,
            refusal.body
        );
        assert!(!refusal.body.contains("data:"), "{}", refusal.body);
        assert_eq!(self.hub.metrics().connections, 0, "{}", self.database);
    }
}

async fn run(store: &Store, sql: &str) {
    let text = sql.to_owned();
    let done: Result<u64, Error> = store.write(move |tx| tx.execute(&text, &[])).await;
    done.expect(sql);
}

/// Keeps the database from answering lookups until dropped: on SQLite by holding every reading connection,
/// on PostgreSQL by a lock that another process holds on the table.
struct Blocked {
    _ends: Vec<mpsc::Sender<()>>,
}

impl Blocked {
    async fn start(fixture: &Fixture, there: &Fixture) -> Self {
        let (store, lock, count) = match fixture.database {
            "SQLite" => (fixture.store.clone(), None, CONNECTIONS),
            _ => (
                there.store.clone(),
                Some("lock table credentials in access exclusive mode"),
                1,
            ),
        };
        let (begun, mut all) = started::channel(CONNECTIONS);
        let mut ends = Vec::new();
        for number in 0..count {
            // No requester may have all connections.
            let holder = [Requester::Server, Requester::Stranger][number % 2];
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            // A write may run again, so it has to be cloned.
            let ended = Arc::new(Mutex::new(ended));
            let (store, begun) = (store.clone(), begun.clone());
            let hold = move |tx: &mut store::Tx<'_>| {
                if let Some(lock) = lock {
                    tx.execute(lock, &[])?;
                }
                begun.blocking_send(()).unwrap();
                // Until the sender is dropped.
                let _ = ended.lock().unwrap().recv();
                Ok::<_, Error>(())
            };
            match lock {
                Some(_) => tokio::spawn(holder.scope(async move { store.write(hold).await })),
                None => tokio::spawn(holder.scope(async move { store.read(hold).await })),
            };
        }
        for _ in 0..count {
            all.recv().await.unwrap();
        }
        Self { _ends: ends }
    }
}

// promise: E8
#[tokio::test]
async fn a_slow_database_refuses_after_five_seconds() {
    let clock = manual();
    for fixture in fixtures_with(clock.clone()).await {
        let (there, session) = (fixture.second_server().await, fixture.session().await);
        let blocked = Blocked::start(&fixture, &there).await;
        let began = Instant::now();
        let passing = async {
            loop {
                clock.advance(Duration::from_secs(1));
                there.store.check().await.unwrap();
            }
        };
        let refusal = tokio::select! {
            refusal = fixture.try_open(&session) => refusal.unwrap_err(),
            () = passing => unreachable!(),
        };
        fixture.refused(&refusal, 503);
        assert!(began.elapsed() < Duration::from_secs(5), "by the test's clock");
        drop(blocked);
        fixture.open(&session).await;
    }
}

// promise: E8
#[tokio::test]
async fn an_unavailable_database_refuses() {
    for fixture in fixtures().await {
        let session = fixture.session().await;
        fixture.store.close().await;
        let refusal = fixture.try_open(&session).await.unwrap_err();
        fixture.refused(&refusal, 503);
    }
}

// promise: E8
#[tokio::test]
async fn a_lookup_that_fails_in_the_database_refuses() {
    for fixture in fixtures().await {
        let (there, session) = (fixture.second_server().await, fixture.session().await);
        for table in ["credentials", "users", "memberships"] {
            there
                .run(&format!("alter table {table} rename to elsewhere"))
                .await;
            let refusal = fixture.try_open(&session).await.unwrap_err();
            fixture.refused(&refusal, 500);
            there
                .run(&format!("alter table elsewhere rename to {table}"))
                .await;
        }
        fixture.open(&session).await;
    }
}

/// Terminates the connections of lookups waiting for the lock; returns how many.
const END_WAITING: &str = "with waiting as materialized (select pid from pg_stat_activity \
     where datname = current_database() and wait_event_type = 'Lock') \
     select count(*) from waiting where pg_terminate_backend(pid)";

// promise: E8
#[tokio::test]
async fn a_connection_that_breaks_during_the_lookup_refuses() {
    for fixture in fixtures().await {
        if fixture.database == "SQLite" {
            continue;
        }
        let (there, session) = (fixture.second_server().await, fixture.session().await);
        let blocked = Blocked::start(&fixture, &there).await;
        let end = async {
            loop {
                let ended: Result<Option<(i64,)>, Error> =
                    there.store.read(|tx| tx.one(END_WAITING, &[])).await;
                let ended = ended.unwrap();
                if ended != Some((0,)) {
                    break;
                }
            }
        };
        let (refusal, ()) = tokio::join!(fixture.try_open(&session), end);
        fixture.refused(&refusal.unwrap_err(), 503);
        drop(blocked);
        fixture.open(&session).await;
    }
}

// promise: E8
#[tokio::test]
async fn an_unreachable_database_refuses_and_a_recovered_one_accepts() {
    for fixture in fixtures().await {
        if fixture.database == "SQLite" {
            continue;
        }
        let session = fixture.session().await;
        let (root, rest) = fixture.place.url.rsplit_once('/').unwrap();
        let (name, query) = rest.split_once('?').unwrap();
        let options = store::Options::new(format!("{root}/postgres?{query}"));
        let server = Store::open(options, fixture.place.clock.clone(), Bus::new())
            .await
            .unwrap();
        run(
            &server,
            &format!("alter database {name} with allow_connections false"),
        )
        .await;
        run(
            &server,
            &format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
        )
        .await;
        for _ in 0..3 {
            let refusal = fixture.try_open(&session).await.unwrap_err();
            fixture.refused(&refusal, 503);
        }
        run(
            &server,
            &format!("alter database {name} with allow_connections true"),
        )
        .await;
        fixture.open(&session).await;
    }
}
