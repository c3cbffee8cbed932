//! The process dies under load, again and again, and what else may go wrong does: nothing is lost, no inbox row is doubled, and
//! nobody outside gets more copies than attempts whose outcome nobody knows.

mod book;
mod checker;
mod clock_set;
mod cut_off;
mod poison;
mod refused;
mod suspended;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use base::Clock;
use futures_util::future::join_all;

use crate::support::{Client, Database, Process, databases, eventually};
use book::Book;

pub(crate) use checker::open;

/// How often it dies on each database; `CAMPANILE_TEST_KILLS` may ask for more.
const KILLS: usize = 150;
/// Every second death is at one of these places, when it is passed for the Nth time, N up to this.
const PLACES: &[(&str, u64)] = &[
    ("store.committed", 12),
    ("notify.planning", 6),
    ("notify.planned", 6),
    ("notify.before_send", 12),
    ("notify.sent", 12),
];
/// The other deaths are a SIGKILL after so many acknowledged requests at most.
const ACKNOWLEDGED: u64 = 16;
/// How many people write at once.
const CALLERS: usize = 4;
/// Every so many findings are a team's too: a chat takes one message a second.
const TEAM: u64 = 24;

// promise: B2, B3, F1, F2, I1
#[tokio::test(flavor = "multi_thread")]
async fn dying_under_load_loses_nothing_and_doubles_no_row() {
    let kills = std::env::var("CAMPANILE_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let databases = databases().await;
    for line in join_all(databases.iter().map(|database| die(database, kills))).await {
        println!("{line}");
    }
}

/// Lets the server on this database die so often, then compares all that there is to compare. What came of it, in
/// words.
async fn die(database: &Database, kills: usize) -> String {
    let book = Book::open(database, &[]).await;
    let clock = Clock::system();
    for death in 0..kills {
        let (mut settings, mut kill_after) = (book.settings(&[]), u64::MAX);
        if death % 2 == 0 {
            let (place, most) = PLACES[death / 2 % PLACES.len()];
            let failpoint = format!("{place}={}", upto(&clock, most));
            settings.push(("CAMPANILE_FAILPOINT", failpoint));
        } else {
            kill_after = upto(&clock, ACKNOWLEDGED);
        }
        if let Some(process) = Process::start(database, &settings) {
            let manager = book.manager(&process);
            live(process, &manager, &book, kill_after).await;
        }
    }
    let counted = book.check().await;
    format!(
        "{}: {kills} deaths, {} acknowledged, {counted}",
        database.name,
        book.acknowledged()
    )
}

/// A number from 1 to `most`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small"
)]
fn upto(clock: &Clock, most: u64) -> u64 {
    1 + (clock.fraction() * most as f64) as u64
}

/// One life: people make findings with assignees until the process dies of a failpoint, or is killed while others are
/// at it.
async fn live(process: Process, manager: &Client, book: &Book<'_>, kill_after: u64) {
    let process = Arc::new(Mutex::new(process));
    let acknowledged = AtomicU64::new(0);
    let write = || async {
        while book
            .assign(manager, |number| number.is_multiple_of(TEAM))
            .await
            .is_some()
        {
            if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == kill_after {
                process.lock().unwrap().kill();
            }
        }
    };
    join_all((0..CALLERS).map(|_| write())).await;
    eventually("the end of the process", || {
        let ended = process.lock().unwrap().ended();
        async move { ended.then_some(()) }
    })
    .await;
}
