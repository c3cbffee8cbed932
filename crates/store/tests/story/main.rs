//! What callers may rely on, tested on every database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot continue has failed"
)]

mod contended;
mod leases;
mod load;
mod trouble;
mod turns;

use base::{Audience, Bus, Clock, Event, Id, Kind, Scope, Severity, Subject, SubjectType};
use store::{Error, MigrationSet, Options, Row, Select, Store, outbox, params, testing};

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
async fn values_round_trip() {
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
async fn an_event_is_stored_and_announced_with_its_change_or_not_at_all() {
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
                let events = outbox::unplanned(tx, outbox::Grouping::Single, 10, |_| true)?.events;
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
        let left = store
            .write(|tx| outbox::unplanned(tx, outbox::Grouping::Single, 10, |_| true))
            .await
            .unwrap()
            .events;
        assert!(left.is_empty(), "{name}");
    }
}

// promise: B2
#[tokio::test]
async fn changes_before_an_ignored_failure_are_not_kept() {
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
            "{name}: PostgreSQL has rolled back everything"
        );
        let events: Option<(i64,)> = store
            .read(|tx| tx.one("select count(*) from events", &[]))
            .await
            .unwrap();
        assert_eq!(events, Some((0,)), "{name}");
        assert!(bus.try_recv().is_err(), "{name}: announced but not stored");
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
async fn a_commit_waits_for_the_disk_and_references_are_enforced() {
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

#[cfg(unix)]
// PostgreSQL caches the plan it made for a statement while the table was small.
#[tokio::test]
async fn a_change_uses_an_index_even_on_a_small_table() {
    for (name, store) in stores().await {
        insert(&store, 1).await.unwrap();
        let (explain, column) = match name {
            "SQLite" => ("explain query plan", 3),
            _ => ("explain", 0),
        };
        let ids: Vec<String> = (0..64).map(|n| format!("'{n}'")).collect();
        let change = format!("update things set n = 2 where id in ({})", ids.join(", "));
        let plan = store.write(move |tx| {
            let lines: Vec<Row> = tx.all(&format!("{explain} {change}"), &[])?;
            let words: Result<Vec<String>, Error> = lines.iter().map(|line| line.get(column)).collect();
            words
        });
        let plan = plan.await.unwrap().join("\n");
        assert!(plan.to_lowercase().contains("index"), "{name}: {plan}");
    }
}

#[tokio::test]
async fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(format!("sqlite://{}", folder.path().join("a.db").display()));
    let store = Store::open(options, Clock::system(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn two_concurrent_starts_create_the_tables_once() {
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
                            let events = outbox::unplanned(tx, outbox::Grouping::Single, 7, |_| true)?.events;
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
        let left = store
            .write(|tx| outbox::unplanned(tx, outbox::Grouping::Single, 1000, |_| true))
            .await
            .unwrap()
            .events;
        assert_eq!((all.len(), left.len()), (200, 0), "{name}");
    }
}
