//! A page and the summary of an inbox with a million rows, and of one with a thousand, in one database.

use std::time::{Duration, Instant};

use base::{Id, Kind, Time};
use notify::inbox::{self, Filter};
use store::params;

use crate::{
    emit::{self, Shape},
    figures::Times,
    fixture::{Database, Fixture},
};

const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;

/// How many rows one transaction adds.
const CHUNK: u64 = 50_000;

/// How often each query is run.
const ASKED: u64 = 500;

/// A query.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    Summary,
    First,
    Somewhere,
    Unread,
    OfKind,
}

const ASKS: [(Ask, &str); 5] = [
    (Ask::Summary, "summary"),
    (Ask::First, "first page"),
    (Ask::Somewhere, "page at a cursor"),
    (Ask::Unread, "unread page at a cursor"),
    (Ask::OfKind, "page of one event type"),
];

pub(crate) async fn run() {
    for database in Database::all() {
        let fixture = Fixture::new(database, None).await;
        let began = Instant::now();
        for (user, rows) in [(0, FEW), (1, MANY)] {
            fill(&fixture, fixture.users[user], rows).await;
        }
        println!(
            "{}: filled in {:.0} s",
            database.name(),
            began.elapsed().as_secs_f64()
        );
        for (ask, name) in ASKS {
            let (mut few, mut many) = (Vec::new(), Vec::new());
            for n in 0..ASKED {
                few.push(time(&fixture, fixture.users[0], FEW, (ask, n)).await);
                many.push(time(&fixture, fixture.users[1], MANY, (ask, n)).await);
            }
            let (few, many) = (Times::new(few), Times::new(many));
            println!(
                "{}, {name}: median {:.3} ms of 1,000,000 rows, {:.3} ms of 1,000, ratio {:.2}; p99 {:.2} and {:.2} ms",
                database.name(),
                many.median(),
                few.median(),
                many.median() / few.median(),
                many.p99(),
                few.p99()
            );
        }
        fixture.store.close().await;
    }
}

const ROWS: &str =
    "with recursive n (i) as (select cast($1 as bigint) union all select i + 1 from n where i + 1 < $2)";
// The last twelve digits of an id are a counter.
const ID: &str = "substr(cast($3 as text), 1, 24) || substr(cast(1000000000000 + i as text), 2)";
/// When the first row was created, and how far apart they are.
const FIRST: i64 = 1_700_000_000_000_000_000;
const APART: i64 = 1_000;

async fn fill(fixture: &Fixture, user: Id, rows: u64) {
    let event = emit::event(fixture, Shape::Inbox, 0);
    let (id, body) = (event.id.to_string(), serde_json::to_string(&event).unwrap());
    for first in (0..rows).step_by(usize::try_from(CHUNK).unwrap()) {
        let (id, body, last) = (id.clone(), body.clone(), rows.min(first + CHUNK));
        let written = fixture.store.write(move |tx| {
            let events = format!(
                "{ROWS} insert into events (id, kind, at, company_id, planned_at, body) \
                 select {ID}, 'finding.status_changed', i, 'none', 1, replace($4, $3, {ID}) from n"
            );
            tx.execute(&events, params![first, last, id.clone(), body])?;
            let notifications = format!(
                "{ROWS} insert into notifications (id, user_id, event_id, event_type, created_at, read_at) \
                 select {ID}, $4, {ID}, 'finding.status_changed', {FIRST} + i * {APART}, i % 2 from n"
            );
            tx.execute(&notifications, params![first, last, id, user])
        });
        written.await.unwrap();
    }
    let counters = "insert into inbox_counters (user_id, total, unread, last_at, all_read_at) values ($1, $2, $3, $4, 0)";
    let last = at(rows - 1);
    let counted = fixture
        .store
        .write(move |tx| tx.execute(counters, params![user, rows, rows / 2, last]));
    counted.await.unwrap();
    let analyze = fixture.store.write(|tx| tx.execute("analyze", &[]));
    analyze.await.unwrap();
}

fn at(row: u64) -> Time {
    Time::from_nanos(FIRST + row.cast_signed() * APART)
}

async fn time(fixture: &Fixture, user: Id, rows: u64, (ask, n): (Ask, u64)) -> Duration {
    const PAGE: usize = 26;
    // Positions all over the inbox, far enough from its end for a full page.
    let place = 100 + (n * 7_919) % (rows - 100);
    let filter = Filter {
        before: (ask != Ask::First).then(|| at(place)),
        read: (ask == Ask::Unread).then_some(false),
        event_type: (ask == Ask::OfKind).then_some(Kind::FindingStatusChanged),
    };
    let began = Instant::now();
    let found = fixture.store.read(move |tx| {
        if ask == Ask::Summary {
            return inbox::summary(tx, user).map(|summary| usize::try_from(summary.total).unwrap());
        }
        let rows = inbox::list(tx, user, filter, PAGE, "https://campanile.example")?;
        assert!(
            rows.iter().all(|row| row.title.contains("SQL injection")),
            "every row has its text"
        );
        Ok(rows.len())
    });
    let found: Result<usize, store::Error> = found.await;
    let took = began.elapsed();
    let expected = if ask == Ask::Summary {
        usize::try_from(rows).unwrap()
    } else {
        PAGE
    };
    assert_eq!(found.unwrap(), expected);
    took
}
