//! A server that must not start while deliveries are pending: with a wrong secret key, with none, or next to another server.

use futures_util::future::join_all;

use super::ledger::Ledger;
use crate::support::{Command, Database, databases, eventually};

/// Leaves messages that were received and not confirmed, by killing the process.
async fn leave_behind(ledger: &Ledger<'_>) {
    let process = ledger.start();
    ledger.outside.webhook.hold(true);
    ledger.assign_some(&process, 4).await;
    eventually("pending posts", || async {
        (ledger.outside.webhook.requests().len() == 4).then_some(())
    })
    .await;
    drop(process);
    ledger.outside.webhook.hold(false);
}

/// What is left to do, and what was received so far.
async fn snapshot(ledger: &Ledger<'_>) -> (i64, i64, usize, usize) {
    const ROWS: &str = "select count(*) from deliveries where state in ('pending', 'sending')";
    const ATTEMPTS: &str = "select count(*) from delivery_attempts";
    (
        ledger.count(ROWS).await,
        ledger.count(ATTEMPTS).await,
        ledger.outside.webhook.requests().len(),
        ledger.outside.mail.mails().len(),
    )
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_sends_nothing_and_loses_nothing() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(wrong_key)).await {
        println!("{line}");
    }
}

async fn wrong_key(database: &Database) -> String {
    const KEY: &str = "CAMPANILE_SECRET_KEY";
    let name = database.name;
    let right = [(KEY, "the right key of thirty-two bytes".to_owned())];
    let ledger = Ledger::open(database, &right).await;
    leave_behind(&ledger).await;
    let before = snapshot(&ledger).await;
    assert!(before.0 >= 4, "{name}: {before:?}");
    let wrong = ledger.settings(&[(KEY, "another key of thirty-two bytes ..".to_owned())]);
    let none = ledger.settings(&[(KEY, String::new())]);
    // Like a second node without the setting, or a restore without the file.
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = [
        (KEY, String::new()),
        ("CAMPANILE_DATA_DIR", folder.path().display().to_string()),
    ];
    let elsewhere = ledger.settings(&elsewhere);
    for (settings, words) in [
        (&wrong, "secret key is not the one"),
        (&none, "there is no secret key"),
        (&elsewhere, "there is no secret key"),
    ] {
        let refused = Command::new(database, settings, &["serve"]).fails();
        assert!(refused.contains(words), "{name}: {refused}");
        assert_eq!(snapshot(&ledger).await, before, "{name}");
    }
    let process = ledger.start();
    ledger.assign_some(&process, 2).await;
    ledger.idle().await;
    drop(process);
    // The four posts pending when the process was killed are resent.
    let counted = ledger.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    assert!(counted.unknowns >= 4, "{name}: {counted}");
    format!("{name}: wrong key, {counted}")
}

// issue 18, line 8
// promise: L6
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_data_folder_does_not_affect_the_first() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(second_server)).await {
        println!("{line}");
    }
}

async fn second_server(database: &Database) -> String {
    let name = database.name;
    let ledger = Ledger::open(database, &[]).await;
    let process = ledger.start();
    ledger.outside.webhook.hold(true);
    ledger.assign_some(&process, 4).await;
    eventually("pending posts", || async {
        (ledger.outside.webhook.requests().len() == 4).then_some(())
    })
    .await;
    for _ in 0..2 {
        let refused = Command::new(database, &ledger.settings(&[]), &["serve"]).fails();
        assert!(refused.contains("another server is using"), "{name}: {refused}");
    }
    // Read-only commands work while it runs.
    Command::new(database, &ledger.settings(&[]), &["migrate"]).succeeds();
    assert_eq!(ledger.outside.webhook.requests().len(), 4, "{name}: sent again");
    ledger.outside.webhook.hold(false);
    ledger.assign_some(&process, 2).await;
    ledger.idle().await;
    drop(process);
    let counted = ledger.check().await;
    assert_eq!((counted.copies, counted.unknowns), (0, 0), "{name}: {counted}");
    format!("{name}: two servers, {counted}")
}
