//! The process stands still for a while, as on a machine that is suspended.

use std::time::Duration;

use futures_util::future::join_all;
use notify::testing::HttpSink;

use super::book::Book;
use crate::support::{Client, Database, PASSWORD, Process, databases, eventually};

/// For how long, in seconds: longer than the lease of a message under the brief timeouts below (20), and than the engine waits between two
/// looks at the tables (20), so that all of it is over when the process wakes up. `CAMPANILE_TEST_SUSPEND_SECONDS` may ask for more:
/// with 140 the timeouts are the usual ones, whose lease is two minutes.
const SECONDS: u64 = 22;
/// From here on the usual timeouts will do.
const USUAL: u64 = 125;
/// How long an attempt may take otherwise.
const BRIEF: u64 = 5;

fn seconds() -> u64 {
    let wanted = std::env::var("CAMPANILE_TEST_SUSPEND_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(SECONDS)
}

fn timeouts() -> Vec<(&'static str, String)> {
    if seconds() >= USUAL {
        return Vec::new();
    }
    [
        "CAMPANILE_OUTBOUND__WEBHOOK_TIMEOUT",
        "CAMPANILE_OUTBOUND__CHAT_TIMEOUT",
        "CAMPANILE_OUTBOUND__EMAIL_TIMEOUT",
    ]
    .map(|name| (name, BRIEF.to_string()))
    .to_vec()
}

/// Whether the other sides take messages and do not answer yet.
fn hold(book: &Book<'_>, held: bool) {
    for sink in [&book.outside.webhook, &book.outside.slack, &book.outside.teams] {
        sink.hold(held);
    }
    book.outside.mail.hold(held);
}

/// How many messages arrived: mails, and posts to the webhook, Slack and Teams.
fn arrived(book: &Book<'_>) -> [usize; 4] {
    let outside = &book.outside;
    let posts = [&outside.webhook, &outside.slack, &outside.teams].map(|sink| sink.requests().len());
    [outside.mail.mails().len(), posts[0], posts[1], posts[2]]
}

/// How many of them were answered.
fn answered(book: &Book<'_>) -> [usize; 4] {
    let outside = &book.outside;
    let posts = [&outside.webhook, &outside.slack, &outside.teams].map(HttpSink::answered);
    [outside.mail.confirmed(), posts[0], posts[1], posts[2]]
}

async fn until(what: &'static str, look: impl Fn() -> bool) {
    eventually(what, || {
        let found = look();
        async move { found.then_some(()) }
    })
    .await;
}

// issue 18, line 11
// promise: L5
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stood_still_sends_nothing_again() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(stand_still)).await {
        println!("{line}");
    }
}

async fn stand_still(database: &Database) -> String {
    let book = Book::open(database, &timeouts()).await;
    let process = book.start();
    let manager = book.manager(&process);
    hold(&book, true);
    for _ in 0..3 {
        book.assign(&manager, |number| number == 0).await.unwrap();
    }
    // Everything that there is to send is under way.
    until("every message", || arrived(&book) == [6, 3, 1, 1]).await;
    process.suspend();
    hold(&book, false);
    until("every answer", || answered(&book) == [6, 3, 1, 1]).await;
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    // On a connection that is there already, and on a new one.
    let address = process.address();
    let call = manager.get("/me");
    let sign_in = Client::sign_in(address, "ana@campanile.test", PASSWORD);
    let wake_up = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        process.resume();
    };
    let (me, ana, ()) = tokio::join!(call, sign_in, wake_up);
    me.expect(200);
    ana.get("/me").await.expect(200);
    book.idle().await;
    assert_eq!(arrived(&book), [6, 3, 1, 1], "{}: sent again", database.name);
    book.assign_some(&process, 2).await;
    book.idle().await;
    drop(process);
    let counted = book.check().await;
    assert_eq!(
        (counted.copies, counted.unknowns),
        (0, 0),
        "{}: {counted}",
        database.name
    );
    format!("{}: {} s, {counted}", database.name, seconds())
}

// issue 18, line 11
// promise: L5
#[tokio::test(flavor = "multi_thread")]
async fn what_a_suspended_node_left_another_sends_and_every_copy_is_on_record() {
    const KEY: &str = "a key of thirty-two characters ..";
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let key = [("CAMPANILE_SECRET_KEY", KEY.to_owned())];
    let book = Book::open(&database, &[&timeouts()[..], &key].concat()).await;
    let first = book.start();
    hold(&book, true);
    book.assign_some(&first, 2).await;
    until("every message", || arrived(&book) == [4, 2, 0, 0]).await;
    first.suspend();
    hold(&book, false);
    until("every answer", || answered(&book) == [4, 2, 0, 0]).await;
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    let folder = tempfile::tempdir().unwrap();
    let own = [("CAMPANILE_DATA_DIR", folder.path().display().to_string())];
    // Its first look finds what the first node has held for longer than a lease.
    let second = Process::start(&database, &book.settings(&own)).unwrap();
    until("every message again", || arrived(&book) == [8, 4, 0, 0]).await;
    first.resume();
    book.idle().await;
    book.assign_some(&first, 2).await;
    book.assign_some(&second, 2).await;
    book.idle().await;
    drop((first, second));
    let counted = book.check().await;
    assert_eq!((counted.copies, counted.unknowns), (6, 6), "{counted}");
    println!("two nodes: {} s, {counted}", seconds());
}
