//! The process is stopped for a while, as on a suspended machine.

use std::time::Duration;

use futures_util::future::join_all;
use notify::testing::HttpSink;

use super::ledger::Ledger;
use crate::support::{Client, Database, PASSWORD, Process, databases, eventually};

/// For how long, in seconds: longer than the lease of a message with the short timeouts below (20), and than the engine's interval between two
/// polls (20), so that both have passed when the process resumes. `CAMPANILE_TEST_SUSPEND_SECONDS` can raise it:
/// with 140 the default timeouts are used, whose lease is two minutes.
const SECONDS: u64 = 22;
/// From here on the default timeouts are used.
const LONG_SUSPENSION: u64 = 125;
/// The timeout of an attempt otherwise.
const SHORT_TIMEOUT: u64 = 5;

fn seconds() -> u64 {
    let wanted = std::env::var("CAMPANILE_TEST_SUSPEND_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(SECONDS)
}

fn timeouts() -> Vec<(&'static str, String)> {
    if seconds() >= LONG_SUSPENSION {
        return Vec::new();
    }
    [
        "CAMPANILE_OUTBOUND__WEBHOOK_TIMEOUT",
        "CAMPANILE_OUTBOUND__CHAT_TIMEOUT",
        "CAMPANILE_OUTBOUND__EMAIL_TIMEOUT",
    ]
    .map(|name| (name, SHORT_TIMEOUT.to_string()))
    .to_vec()
}

/// Sets whether the receivers accept messages without responding yet.
fn hold(ledger: &Ledger<'_>, held: bool) {
    for sink in [
        &ledger.outside.webhook,
        &ledger.outside.slack,
        &ledger.outside.teams,
    ] {
        sink.hold(held);
    }
    ledger.outside.mail.hold(held);
}

/// How many messages were received: mails, and posts to the webhook, Slack and Teams.
fn arrived(ledger: &Ledger<'_>) -> [usize; 4] {
    let outside = &ledger.outside;
    let posts = [&outside.webhook, &outside.slack, &outside.teams].map(|sink| sink.requests().len());
    [outside.mail.mails().len(), posts[0], posts[1], posts[2]]
}

/// How many of them got a response.
fn answered(ledger: &Ledger<'_>) -> [usize; 4] {
    let outside = &ledger.outside;
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
async fn a_suspended_process_sends_nothing_twice() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(suspend)).await {
        println!("{line}");
    }
}

async fn suspend(database: &Database) -> String {
    let ledger = Ledger::open(database, &timeouts()).await;
    let process = ledger.start();
    let manager = ledger.manager(&process);
    hold(&ledger, true);
    for _ in 0..3 {
        ledger.assign(&manager, |number| number == 0).await.unwrap();
    }
    // Everything to be sent is in progress.
    until("every message", || arrived(&ledger) == [6, 3, 1, 1]).await;
    process.suspend();
    hold(&ledger, false);
    until("every answer", || answered(&ledger) == [6, 3, 1, 1]).await;
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    // On an existing connection, and on a new one.
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
    ledger.idle().await;
    assert_eq!(arrived(&ledger), [6, 3, 1, 1], "{}: sent again", database.name);
    ledger.assign_some(&process, 2).await;
    ledger.idle().await;
    drop(process);
    let counted = ledger.check().await;
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
async fn another_node_sends_what_a_suspended_one_left_and_every_copy_is_recorded() {
    const KEY: &str = "a key of thirty-two characters ..";
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let key = [("CAMPANILE_SECRET_KEY", KEY.to_owned())];
    let ledger = Ledger::open(&database, &[&timeouts()[..], &key].concat()).await;
    let first = ledger.start();
    hold(&ledger, true);
    ledger.assign_some(&first, 2).await;
    until("every message", || arrived(&ledger) == [4, 2, 0, 0]).await;
    first.suspend();
    hold(&ledger, false);
    until("every answer", || answered(&ledger) == [4, 2, 0, 0]).await;
    tokio::time::sleep(Duration::from_secs(seconds())).await;
    let folder = tempfile::tempdir().unwrap();
    let own = [("CAMPANILE_DATA_DIR", folder.path().display().to_string())];
    // Its first poll finds what the first node has held for longer than a lease.
    let second = Process::start(&database, &ledger.settings(&own)).unwrap();
    until("every message again", || arrived(&ledger) == [8, 4, 0, 0]).await;
    first.resume();
    ledger.idle().await;
    ledger.assign_some(&first, 2).await;
    ledger.assign_some(&second, 2).await;
    ledger.idle().await;
    drop((first, second));
    let counted = ledger.check().await;
    assert_eq!((counted.copies, counted.unknowns), (6, 6), "{counted}");
    println!("two nodes: {} s, {counted}", seconds());
}
