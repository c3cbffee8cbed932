//! The store under failure: panics, full disks, unavailable databases, closing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base::{Bus, Clock};
use store::{Error, Options, Store, params, testing};

use crate::{INSERT, TABLES, count, event, insert, stores};

#[tokio::test]
async fn a_panic_and_a_failure_do_not_affect_others() {
    for (name, store) in stores().await {
        insert(&store, 0).await.unwrap();
        let good = (0..50).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, n).await })
        });
        let good: Vec<_> = good.collect();
        let bad = (0..20).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        let id = tx.id();
                        tx.execute(INSERT, params![id, id, 1000, None::<&str>, 0.5])?;
                        assert!(n % 2 == 0, "a bug in a closure");
                        tx.execute(INSERT, params![id, id, 1000, None::<&str>, 0.5])
                    })
                    .await
            })
        });
        let bad: Vec<_> = bad.collect();
        for job in good {
            assert!(job.await.unwrap().is_ok(), "{name}");
        }
        for (n, job) in bad.into_iter().enumerate() {
            let expected = if n % 2 == 0 {
                Error::Unique
            } else {
                Error::Panicked
            };
            assert_eq!(job.await.unwrap(), Err(expected), "{name}");
        }
        assert_eq!(count(&store).await, 51, "{name}");
        let panicked: Result<(), Error> = store.read(|_| panic!("a bug in a read")).await;
        assert_eq!(panicked, Err(Error::Panicked), "{name}");
        assert_eq!(count(&store).await, 51, "{name}: and it still reads");
    }
}

#[tokio::test]
async fn closing_finishes_what_was_accepted() {
    for (name, store) in stores().await {
        let accepted = Arc::new(AtomicUsize::new(0));
        let jobs: Vec<_> = (0..500)
            .map(|n| {
                let (store, accepted) = (store.clone(), Arc::clone(&accepted));
                tokio::spawn(async move {
                    if insert(&store, n).await.is_ok() {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        store.close().await;
        for job in jobs {
            job.await.unwrap();
        }
        assert_eq!(insert(&store, 0).await, Err(Error::Closed), "{name}");
        assert_eq!(store.check().await, Err(Error::Closed), "{name}");
        assert!(accepted.load(Ordering::Relaxed) > 0, "{name}");
    }
}

#[tokio::test]
async fn acknowledged_changes_exist_after_closing_with_a_full_queue() {
    /// More than the writer's queue holds: some wait outside it when the store closes.
    const CALLERS: i64 = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
    let store = Store::open(options.clone(), Clock::system(), Bus::new())
        .await
        .unwrap();
    store.migrate(TABLES).await.unwrap();
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, n).await })
        })
        .collect();
    insert(&store, CALLERS).await.unwrap();
    store.close().await;
    let mut acknowledged = 1;
    for caller in callers {
        match caller.await.unwrap() {
            Ok(_) => acknowledged += 1,
            Err(error) => assert_eq!(error, Error::Closed),
        }
    }
    let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    assert_eq!(count(&store).await, acknowledged);
}

#[tokio::test]
async fn after_closing_everything_is_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
    let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    insert(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1, "a reader is open");
    store.close().await;
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.db"], "nothing is left in a log file");
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_allows_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
    options.max_pages = Some(64);
    let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    let mut kept = 0;
    let refused = loop {
        let note = "x".repeat(2000);
        let written = store
            .write(move |tx| {
                let id = tx.id();
                tx.execute(INSERT, params![id, id, 1, note, 0.5])
            })
            .await;
        match written {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "64 pages cannot hold a thousand rows of 2,000 bytes");
    };
    assert_eq!(refused, Error::Full);
    assert_eq!(count(&store).await, kept);
    store
        .write(|tx| tx.execute("delete from things", &[]))
        .await
        .unwrap();
    insert(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1, "and it writes again when there is space");
}

#[tokio::test]
async fn an_unavailable_database_is_reported_soon_and_recovers() {
    let Ok(server) = std::env::var(testing::POSTGRES) else {
        return;
    };
    let clock = Clock::system();
    let url = testing::postgres_url(&server, &clock).await.unwrap();
    let name = url
        .rsplit_once('/')
        .unwrap()
        .1
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let store = Store::open(Options::new(url), clock.clone(), Bus::new())
        .await
        .unwrap();
    store.migrate(TABLES).await.unwrap();
    insert(&store, 1).await.unwrap();

    let (admin, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let away = format!(
        "alter database {name} allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    );
    admin.simple_query(&away).await.unwrap();
    for _ in 0..3 {
        let answer = tokio::time::timeout(Duration::from_secs(5), insert(&store, 2)).await;
        assert_eq!(answer.expect("an answer, not a hang"), Err(Error::Unavailable));
    }
    admin
        .simple_query(&format!("alter database {name} allow_connections true"))
        .await
        .unwrap();
    insert(&store, 3).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn an_unresponsive_database_times_out() {
    let Ok(server) = std::env::var(testing::POSTGRES) else {
        return;
    };
    let clock = Clock::system();
    let url = testing::postgres_url(&server, &clock).await.unwrap();
    let mut options = Options::new(url.clone());
    options.answer = Duration::from_millis(300);
    let store = Store::open(options, clock, Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    let id = insert(&store, 1).await.unwrap();

    let (other, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    other
        .batch_execute("begin; lock table things in access exclusive mode")
        .await
        .unwrap();
    let change =
        move |tx: &mut store::Tx<'_>| tx.execute("update things set n = 2 where id = $1", params![id]);
    for _ in 0..3 {
        let answer = tokio::time::timeout(Duration::from_secs(5), store.write(change)).await;
        assert_eq!(answer.expect("an answer, not a hang"), Err(Error::Unavailable));
    }
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(store.write(change).await, Ok(1), "and it still works");
}

// promise: B2
#[tokio::test]
async fn a_posted_statement_counts_like_one_that_is_awaited() {
    for (name, store) in stores().await {
        let id = insert(&store, 0).await.unwrap();
        let seen = store
            .write(move |tx| {
                for number in 1..=3 {
                    let id = tx.id();
                    tx.post(INSERT, params![id, id, number, None::<&str>, 0.5])?;
                }
                tx.post("update things set n = n + 10 where n >= $1", params![2])?;
                let seen: Vec<(i64,)> = tx.all("select n from things where n > 0 order by n", &[])?;
                tx.post("update things set n = 4 where n = $1", params![1])?;
                Ok::<_, Error>(seen)
            })
            .await
            .unwrap();
        assert_eq!(
            seen,
            [(1,), (12,), (13,)],
            "{name}: in order, before the next statement"
        );
        assert_eq!(count(&store).await, 4, "{name}");
        let mut heard = store.bus().subscribe();
        for reads in [false, true] {
            let kept = store
                .write(move |tx| {
                    let new = tx.id();
                    tx.post(INSERT, params![new, new, 5, None::<&str>, 0.5])?;
                    tx.emit(event(tx.clock(), new))?;
                    tx.post(INSERT, params![id, id, 6, None::<&str>, 0.5])?;
                    if reads {
                        tx.all::<(i64,)>("select count(*) from things", &[])?;
                    }
                    Ok::<_, Error>(())
                })
                .await;
            assert_eq!(kept, Err(Error::Unique), "{name}: the commit fails with it");
            assert_eq!(count(&store).await, 4, "{name}: nothing of it is kept");
        }
        assert!(heard.try_recv().is_err(), "{name}: nothing of it is published");
        insert(&store, 7).await.unwrap();
        assert_eq!(count(&store).await, 5, "{name}: and the next change works");
    }
}
