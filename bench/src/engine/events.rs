//! Events through the engine, whose messages are discarded or hang: the cost of accepting, planning and recording.

use rusqlite::Connection;

use crate::{
    emit::{self, Shape},
    figures::{Meter, Rate, rates, ratios, spread},
    fixture::{Database, Fixture, Sending},
    rounds,
};

/// One path through the engine.
struct Case {
    name: &'static str,
    shape: Shape,
    way: Sending,
    burst: u32,
    events: u64,
}

const CASES: [Case; 5] = [
    Case {
        name: "no recipients",
        shape: Shape::Plain,
        way: Sending::Nowhere,
        burst: 0,
        events: 20_000,
    },
    Case {
        name: "3 inbox rows",
        shape: Shape::Inbox,
        way: Sending::Nowhere,
        burst: 0,
        events: 10_000,
    },
    Case {
        name: "3 inbox rows, 3 mails and a webhook, planned; sending hangs",
        shape: Shape::InboxAndMail,
        way: Sending::Hanging,
        burst: 0,
        events: 5_000,
    },
    Case {
        name: "the same, at most 20 mails a minute for each",
        shape: Shape::InboxAndMail,
        way: Sending::Hanging,
        burst: 20,
        events: 5_000,
    },
    Case {
        name: "3 inbox rows, 3 mails and a webhook, planned, sent nowhere, recorded",
        shape: Shape::InboxAndMail,
        way: Sending::Nowhere,
        burst: 0,
        events: 5_000,
    },
];

pub(crate) async fn run() {
    for database in Database::all() {
        let mut figures: [Vec<Rate>; CASES.len()] = Default::default();
        let mut bare = Vec::new();
        for _ in 0..rounds() {
            if database == Database::Sqlite {
                bare.push(commits());
            }
            for (case, figures) in CASES.iter().zip(&mut figures) {
                figures.push(measure(database, case).await);
            }
        }
        if !bare.is_empty() {
            println!(
                "{}, one event row a commit, bare: {}",
                database.name(),
                rates(&bare)
            );
        }
        for (case, figures) in CASES.iter().zip(&figures) {
            print!("{}, {}: {} events", database.name(), case.name, rates(figures));
            if bare.is_empty() {
                println!();
            } else {
                println!(", {} of the bare commits", spread(ratios(figures, &bare), 2));
            }
        }
    }
}

async fn measure(database: Database, case: &Case) -> Rate {
    let fixture = Fixture::new(database, None).await;
    fixture.rule(&["http://127.0.0.1:18009/hook".to_owned()]).await;
    let engine = fixture.engine(case.way, case.burst);
    let meter = Meter::start(fixture.postmaster);
    emit::all(&fixture, case.shape, case.events).await;
    match case.way {
        Sending::Hanging => fixture.planned().await,
        _ if case.shape == Shape::InboxAndMail => fixture.delivered(case.events * 4).await,
        _ => fixture.planned().await,
    }
    let rate = meter.read(case.events);
    let rows = fixture.count("select count(*) from notifications").await;
    let expected = if case.shape == Shape::Plain { 0 } else { 3 };
    assert_eq!(rows, case.events * expected, "every row exists");
    engine.stop().await;
    fixture.store.close().await;
    rate
}

/// Rows of an event's size into a bare connection with `synchronous = full`, one per commit: the limit of this machine.
pub(crate) fn commits() -> Rate {
    const ROWS: u64 = 2_000;
    let folder = tempfile::tempdir_in(".").unwrap();
    let connection = Connection::open(folder.path().join("bare.db")).unwrap();
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full;
             create table events (id integer primary key, body text not null);",
        )
        .unwrap();
    let body = "x".repeat(600);
    let meter = Meter::start(None);
    for n in 0..ROWS {
        let mut insert = connection
            .prepare_cached("insert into events (id, body) values (?1, ?2)")
            .unwrap();
        insert.execute((n.cast_signed(), &body)).unwrap();
    }
    meter.read(ROWS)
}
