//! Writers that PostgreSQL rolls back because of each other: the store retries them.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicUsize, Ordering},
};

use base::{Bus, Clock};
use store::{Error, Options, Store, params, testing};

use crate::{INSERT, TABLES, count, event, insert};

const N: &str = "select n from things where id = $1";
const SET: &str = "update things set n = $2 where id = $1";
const WRITERS: usize = 16;
const WRITES: usize = 32;

/// A store on PostgreSQL, if a server is configured; with this at the end of its URL.
async fn postgres(more: &str) -> Option<Store> {
    let server = std::env::var(testing::POSTGRES).ok()?;
    let clock = Clock::system();
    let url = testing::postgres_url(&server, &clock).await.unwrap();
    let store = Store::open(Options::new(format!("{url}{more}")), clock, Bus::new())
        .await
        .unwrap();
    store.migrate(TABLES).await.unwrap();
    Some(store)
}

// promise: B2
#[tokio::test(flavor = "multi_thread")]
async fn contending_writers_all_succeed() {
    let serializable = postgres("&options=-c%20default_transaction_isolation%3Dserializable").await;
    let sqlite = testing::sqlite(Clock::system()).await.unwrap();
    sqlite.migrate(TABLES).await.unwrap();
    for (name, store) in [("PostgreSQL", serializable), ("SQLite", Some(sqlite))] {
        let Some(store) = store else { continue };
        let counter = insert(&store, 0).await.unwrap();
        let mut bus = store.bus().subscribe();
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..WRITES {
                        let done = store.write(move |tx| {
                            let n = tx.one::<(i64,)>(N, params![counter])?.unwrap().0;
                            tx.execute(SET, params![counter, n + 1])?;
                            let id = tx.id();
                            tx.execute(INSERT, params![id, id, n, None::<&str>, 0.5])?;
                            let event = event(tx.clock(), id);
                            tx.emit(event)
                        });
                        done.await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let all = i64::try_from(WRITERS * WRITES).unwrap();
        let read = store.read(move |tx| tx.one::<(i64,)>(N, params![counter]));
        assert_eq!(read.await.unwrap(), Some((all,)), "{name}: none was lost");
        assert_eq!(count(&store).await, all + 1, "{name}: none was applied twice");
        let events = store.read(|tx| tx.one::<(i64,)>("select count(*) from events", &[]));
        assert_eq!(events.await.unwrap(), Some((all,)), "{name}");
        let mut heard = 0;
        while let Ok(batch) = bus.try_recv() {
            heard += batch.len();
        }
        assert_eq!(
            heard,
            WRITERS * WRITES,
            "{name}: what was rolled back is not announced"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loser_of_a_deadlock_is_retried() {
    let Some(store) = postgres("").await else { return };
    let (a, b) = (insert(&store, 0).await.unwrap(), insert(&store, 0).await.unwrap());
    let (meet, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = [(a, b), (b, a)]
        .into_iter()
        .map(|(first, second)| {
            let (store, meet, runs) = (store.clone(), Arc::clone(&meet), Arc::clone(&runs));
            tokio::spawn(async move {
                let done = store.write(move |tx| {
                    tx.execute("update things set n = n + 1 where id = $1", params![first])?;
                    // Both hold their first row when they want their second.
                    if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                        meet.wait();
                    }
                    tx.execute("update things set n = n + 1 where id = $1", params![second])
                });
                done.await
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.await.unwrap(), Ok(1));
    }
    assert_eq!(runs.load(Ordering::SeqCst), 3, "one of them ran again");
    for id in [a, b] {
        let n = store.read(move |tx| tx.one::<(i64,)>(N, params![id]));
        assert_eq!(n.await.unwrap(), Some((2,)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_contention_is_reported_and_leaves_the_connection_usable() {
    const RAISE: &str = "do $$ begin raise exception using errcode = '40001'; end $$";
    let Some(store) = postgres("").await else { return };
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let failed: Result<u64, Error> = store
        .write(move |tx| {
            counted.fetch_add(1, Ordering::SeqCst);
            let id = tx.id();
            tx.execute(INSERT, params![id, id, 1, None::<&str>, 0.5])?;
            tx.execute(RAISE, &[])
        })
        .await;
    assert_eq!(failed, Err(Error::Contended));
    assert_eq!(runs.load(Ordering::SeqCst), 10);
    insert(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);
}
