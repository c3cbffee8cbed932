//! One story on every database: what a caller may rely on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base::{Audience, Bus, Clock, Event, Id, Kind, Scope, Severity, Subject, SubjectType};
use store::{Error, MigrationSet, Options, Select, Store, outbox, params, testing};

const TABLES: &[MigrationSet] = &[
    store::MIGRATIONS,
    MigrationSet {
        owner: "story",
        steps: &[(
            "0001-things",
            "create table things (id text not null primary key, company_id text not null, n bigint not null, \
             note text, ratio double precision not null)",
        )],
    },
];

const INSERT: &str = "insert into things (id, company_id, n, note, ratio) values ($1, $2, $3, $4, $5)";
const COUNT: &str = "select count(*) from things";

async fn stores() -> Vec<(&'static str, Store)> {
    testing::stores_with(Clock::system(), TABLES).await
}

async fn insert(store: &Store, n: i64) -> Result<Id, Error> {
    store
        .write(move |tx| {
            let id = tx.id();
            tx.execute(INSERT, params![id, id, n, None::<&str>, 0.5])?;
            Ok(id)
        })
        .await
}

async fn count(store: &Store) -> i64 {
    store
        .read(|tx| tx.one::<(i64,)>(COUNT, &[]))
        .await
        .unwrap()
        .unwrap()
        .0
}

fn event(clock: &Clock, company: Id) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let mut event = Event::new(clock, Kind::FindingCreated, Audience::Company(company), subject);
    event.severity = Some(Severity::High);
    event
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    for (name, store) in stores().await {
        let row = store
            .write(|tx| {
                let id = tx.id();
                tx.execute(INSERT, params![id, id, i64::MIN, None::<&str>, 0.1])?;
                let sql = "update things set n = n + 1 where id = $1 returning id, n, note, ratio";
                Ok::<_, Error>((id, tx.one::<(Id, i64, Option<String>, f64)>(sql, params![id])?))
            })
            .await
            .unwrap();
        assert_eq!(row.1, Some((row.0, i64::MIN + 1, None, 0.1)), "{name}");
        let other = Id::from_parts(1, [0; 10]);
        for (scope, seen) in [
            (Scope::All, 1),
            (Scope::of([row.0]), 1),
            (Scope::of([other]), 0),
            (Scope::of([]), 0),
        ] {
            let found = store
                .read(move |tx| {
                    Select::new("select id from things where 1 = 1")
                        .scope("company_id", &scope)
                        .filter("n < ?", Some(0))
                        .filter("note = ?", None::<&str>)
                        .all::<(Id,)>(tx)
                })
                .await
                .unwrap();
            assert_eq!(found.len(), seen, "{name}");
        }
    }
}

// promise: B2
#[tokio::test]
async fn an_event_is_kept_and_announced_with_its_change_or_not_at_all() {
    for (name, store) in stores().await {
        let mut bus = store.bus().subscribe();
        let clock = store.clock().clone();
        let company = clock.id();
        let (kept, lost) = (event(&clock, company), event(&clock, company));
        let (kept_id, second) = (kept.id, lost.clone());
        let failed: Result<(), Error> = store
            .write(move |tx| {
                tx.emit(lost)?;
                Err(Error::Fault("changed its mind"))
            })
            .await;
        assert_eq!(failed, Err(Error::Fault("changed its mind")), "{name}");
        store.write(move |tx| tx.emit(kept)).await.unwrap();
        let batch = bus.recv().await.unwrap();
        assert_eq!(
            batch.iter().map(|event| event.id).collect::<Vec<_>>(),
            [kept_id],
            "{name}"
        );
        let planned = store
            .write(move |tx| {
                let events = outbox::unplanned(tx, 10)?;
                for event in &events {
                    outbox::planned(tx, event.id)?;
                }
                let elsewhere = Scope::of([tx.id()]);
                assert_eq!(outbox::event(tx, kept_id, &elsewhere)?, None, "scope");
                assert!(outbox::event(tx, kept_id, &Scope::of([company]))?.is_some());
                assert_eq!(outbox::event(tx, second.id, &Scope::All)?, None);
                Ok::<_, Error>(events)
            })
            .await
            .unwrap();
        assert_eq!(
            planned.iter().map(|event| event.id).collect::<Vec<_>>(),
            [kept_id],
            "{name}"
        );
        let left = store.write(|tx| outbox::unplanned(tx, 10)).await.unwrap();
        assert!(left.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_panic_and_a_failure_harm_nobody_beside_them() {
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
        assert_eq!(count(&store).await, 51, "{name}: and it reads on");
    }
}

// promise: B2
#[tokio::test]
async fn what_a_closure_passes_over_is_not_kept_by_half() {
    for (name, store) in stores().await {
        let id = insert(&store, 0).await.unwrap();
        let mut bus = store.bus().subscribe();
        let event = event(store.clock(), id);
        let swallowed: Result<(), Error> = store
            .write(move |tx| {
                tx.emit(event)?;
                let again = tx.execute(INSERT, params![id, id, 1, None::<&str>, 0.5]);
                assert_eq!(again, Err(Error::Unique));
                Ok(())
            })
            .await;
        assert_eq!(
            swallowed,
            Err(Error::Unique),
            "{name}: PostgreSQL has undone all of it"
        );
        let events: Option<(i64,)> = store
            .read(|tx| tx.one("select count(*) from events", &[]))
            .await
            .unwrap();
        assert_eq!(events, Some((0,)), "{name}");
        assert!(bus.try_recv().is_err(), "{name}: announced, and not there");
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    for (name, store) in stores().await {
        let written: Result<u64, Error> = store
            .read(|tx| {
                let id = tx.id();
                tx.execute(INSERT, params![id, id, 1, None::<&str>, 0.5])
            })
            .await;
        assert!(written.is_err(), "{name}");
        assert_eq!(count(&store).await, 0, "{name}");
    }
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_and_references_hold() {
    let store = testing::sqlite(Clock::system()).await.unwrap();
    let pragmas = store
        .write(|tx| {
            let synchronous = tx.one::<(i64,)>("pragma synchronous", &[])?;
            let foreign_keys = tx.one::<(i64,)>("pragma foreign_keys", &[])?;
            Ok::<_, Error>((
                synchronous,
                foreign_keys,
                tx.one::<(String,)>("pragma journal_mode", &[])?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(
        pragmas,
        (Some((2,)), Some((1,)), Some(("wal".to_owned(),))),
        "2 is FULL"
    );
    let reading = store.read(|tx| tx.one::<(i64,)>("pragma query_only", &[])).await;
    assert_eq!(reading, Ok(Some((1,))));
}

#[tokio::test]
async fn two_that_start_at_once_make_the_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let mut urls = vec![format!("sqlite://{}", folder.path().join("a.db").display())];
    if let Ok(server) = std::env::var(testing::POSTGRES) {
        urls.push(testing::postgres_url(&server, &clock).await.unwrap());
    }
    for url in urls {
        let nodes: Vec<_> = (0..6)
            .map(|_| {
                let (url, clock) = (url.clone(), clock.clone());
                tokio::spawn(async move {
                    let store = Store::open(Options::new(url), clock, Bus::new()).await?;
                    store.migrate(TABLES).await?;
                    Ok::<_, Error>(store)
                })
            })
            .collect();
        for node in nodes {
            let store = node.await.unwrap().unwrap();
            insert(&store, 1).await.unwrap();
        }
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
async fn what_was_acknowledged_is_there_after_closing_with_a_full_queue() {
    /// More than the writer's queue holds: some wait before it when the store closes.
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
async fn after_closing_all_is_in_the_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
    let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    insert(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1, "a reader is open");
    store.close().await;
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.db"], "nothing is left in a log beside it");
}

#[tokio::test]
async fn a_full_disk_refuses_writes_clearly_and_reads_go_on() {
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
        assert!(kept < 1000, "64 pages hold no thousand rows of 2,000 bytes");
    };
    assert_eq!(refused, Error::Full);
    assert_eq!(count(&store).await, kept);
    store
        .write(|tx| tx.execute("delete from things", &[]))
        .await
        .unwrap();
    insert(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1, "and it writes again when there is room");
}

#[tokio::test]
async fn migrations_refuse_an_edited_step_and_a_newer_database() {
    const EDITED: &[MigrationSet] = &[
        store::MIGRATIONS,
        MigrationSet {
            owner: "story",
            steps: &[("0001-things", "create table things (id text)")],
        },
    ];
    const OLDER: &[MigrationSet] = &[store::MIGRATIONS];
    const BROKEN: &[MigrationSet] = &[
        store::MIGRATIONS,
        TABLES[1],
        MigrationSet {
            owner: "later",
            steps: &[("1", "create table one (a text)"), ("2", "create nonsense")],
        },
    ];
    for (name, store) in stores().await {
        store.migrate(TABLES).await.unwrap();
        for wrong in [EDITED, OLDER] {
            assert!(
                matches!(store.migrate(wrong).await, Err(Error::Migration(_))),
                "{name}"
            );
        }
        assert!(store.migrate(BROKEN).await.is_err(), "{name}");
        let one = store
            .read(|tx| tx.one::<(i64,)>("select count(*) from one", &[]))
            .await;
        assert!(one.is_err(), "{name}: all or nothing");
        insert(&store, 1).await.unwrap();
    }
}

#[tokio::test]
async fn two_nodes_never_claim_one_event() {
    for (name, store) in stores().await {
        let clock = store.clock().clone();
        let events: Vec<_> = (0..200).map(|_| event(&clock, clock.id())).collect();
        store
            .write(move |tx| events.into_iter().try_for_each(|event| tx.emit(event)))
            .await
            .unwrap();
        let claimers = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store
                        .write(|tx| {
                            let events = outbox::unplanned(tx, 7)?;
                            for event in &events {
                                outbox::planned(tx, event.id)?;
                            }
                            Ok::<_, Error>(events)
                        })
                        .await
                        .unwrap();
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|event| event.id));
                }
            })
        });
        let claimers: Vec<_> = claimers.collect();
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        all.sort_unstable();
        all.dedup();
        let left = store.write(|tx| outbox::unplanned(tx, 1000)).await.unwrap();
        assert_eq!((all.len(), left.len()), (200, 0), "{name}");
    }
}

#[tokio::test]
async fn a_database_that_goes_away_is_told_soon_and_found_again() {
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
async fn a_database_that_does_not_answer_is_not_waited_for() {
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
    assert_eq!(store.write(change).await, Ok(1), "and it goes on");
}
