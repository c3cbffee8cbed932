//! Every failure of the look-up refuses, without a frame and without anyone in the hub: with the real access, and
//! databases that really fail.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use access::testing as people;
use base::{Bus, Clock, Time};
use store::{Error, Requester, Store};
use tokio::sync::mpsc as started;

use super::{CONNECTIONS, House, client::Refusal, houses, houses_with};

fn manual() -> Clock {
    Clock::manual(Time::from_nanos(1_700_000_000_000_000_000))
}

impl House {
    /// Runs a statement by the database's own hand.
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

/// Keeps the database from answering look-ups until it is dropped: on SQLite by holding every connection that reads,
/// on PostgreSQL by a lock that another process holds on the table.
struct Blocked {
    _ends: Vec<mpsc::Sender<()>>,
}

impl Blocked {
    async fn start(house: &House, there: &House) -> Self {
        let (store, lock, count) = match house.database {
            "SQLite" => (house.store.clone(), None, CONNECTIONS),
            _ => (
                there.store.clone(),
                Some("lock table credentials in access exclusive mode"),
                1,
            ),
        };
        let (begun, mut all) = started::channel(CONNECTIONS);
        let mut ends = Vec::new();
        for number in 0..count {
            // None may have all connections.
            let holder = [Requester::Server, Requester::Stranger][number % 2];
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            // A change may run again, so that it has to be copied.
            let ended = Arc::new(Mutex::new(ended));
            let (store, begun) = (store.clone(), begun.clone());
            let hold = move |tx: &mut store::Tx<'_>| {
                if let Some(lock) = lock {
                    tx.execute(lock, &[])?;
                }
                begun.blocking_send(()).unwrap();
                // Until the other end is dropped.
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
async fn a_database_that_is_slow_refuses_after_five_seconds() {
    let clock = manual();
    for house in houses_with(clock.clone()).await {
        let (there, session) = (house.beside().await, house.session().await);
        let blocked = Blocked::start(&house, &there).await;
        let began = Instant::now();
        let passing = async {
            loop {
                clock.advance(Duration::from_secs(1));
                there.store.check().await.unwrap();
            }
        };
        let refusal = tokio::select! {
            refusal = house.try_open(&session) => refusal.unwrap_err(),
            () = passing => unreachable!(),
        };
        house.refused(&refusal, 503);
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "by the clock of the test"
        );
        drop(blocked);
        house.open(&session).await;
    }
}

// promise: E8
#[tokio::test]
async fn a_database_that_is_away_refuses() {
    for house in houses().await {
        let session = house.session().await;
        house.store.close().await;
        let refusal = house.try_open(&session).await.unwrap_err();
        house.refused(&refusal, 503);
    }
}

// promise: E8
#[tokio::test]
async fn a_look_up_that_fails_in_the_database_refuses() {
    for house in houses().await {
        let (there, session) = (house.beside().await, house.session().await);
        for table in ["credentials", "users", "memberships"] {
            there
                .run(&format!("alter table {table} rename to elsewhere"))
                .await;
            let refusal = house.try_open(&session).await.unwrap_err();
            house.refused(&refusal, 500);
            there
                .run(&format!("alter table elsewhere rename to {table}"))
                .await;
        }
        house.open(&session).await;
    }
}

/// The look-ups that wait for the lock lose their connections; how many.
const END_WAITING: &str = "with waiting as materialized (select pid from pg_stat_activity \
     where datname = current_database() and wait_event_type = 'Lock') \
     select count(*) from waiting where pg_terminate_backend(pid)";

// promise: E8
#[tokio::test]
async fn a_connection_that_breaks_during_the_look_up_refuses() {
    for house in houses().await {
        if house.database == "SQLite" {
            continue;
        }
        let (there, session) = (house.beside().await, house.session().await);
        let blocked = Blocked::start(&house, &there).await;
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
        let (refusal, ()) = tokio::join!(house.try_open(&session), end);
        house.refused(&refusal.unwrap_err(), 503);
        drop(blocked);
        house.open(&session).await;
    }
}

// promise: E8
#[tokio::test]
async fn a_database_that_is_gone_refuses_and_one_that_is_back_lets_in() {
    for house in houses().await {
        if house.database == "SQLite" {
            continue;
        }
        let session = house.session().await;
        let (root, rest) = house.place.url.rsplit_once('/').unwrap();
        let (name, query) = rest.split_once('?').unwrap();
        let options = store::Options::new(format!("{root}/postgres?{query}"));
        let server = Store::open(options, house.place.clock.clone(), Bus::new())
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
            let refusal = house.try_open(&session).await.unwrap_err();
            house.refused(&refusal, 503);
        }
        run(
            &server,
            &format!("alter database {name} with allow_connections true"),
        )
        .await;
        house.open(&session).await;
    }
}
