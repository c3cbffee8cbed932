//! A server that must not start while there is something to send: with another secret key, with none, or beside another one.

use futures_util::future::join_all;

use super::book::Book;
use crate::support::{Command, Database, databases, eventually};

/// Leaves messages behind that were taken and not confirmed, by a process that is killed.
async fn leave_behind(book: &Book<'_>) {
    let process = book.start();
    book.outside.webhook.hold(true);
    book.assign_some(&process, 4).await;
    eventually("posts under way", || async {
        (book.outside.webhook.requests().len() == 4).then_some(())
    })
    .await;
    drop(process);
    book.outside.webhook.hold(false);
}

/// What is left to do, and what arrived so far.
async fn picture(book: &Book<'_>) -> (i64, i64, usize, usize) {
    const ROWS: &str = "select count(*) from deliveries where state in ('pending', 'sending')";
    const ATTEMPTS: &str = "select count(*) from delivery_attempts";
    (
        book.count(ROWS).await,
        book.count(ATTEMPTS).await,
        book.outside.webhook.requests().len(),
        book.outside.mail.mails().len(),
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
    let book = Book::open(database, &right).await;
    leave_behind(&book).await;
    let before = picture(&book).await;
    assert!(before.0 >= 4, "{name}: {before:?}");
    let wrong = book.settings(&[(KEY, "another key of thirty-two bytes ..".to_owned())]);
    let none = book.settings(&[(KEY, String::new())]);
    // As a second node without the setting, or a restore without the file.
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = [
        (KEY, String::new()),
        ("CAMPANILE_DATA_DIR", folder.path().display().to_string()),
    ];
    let elsewhere = book.settings(&elsewhere);
    for (settings, words) in [
        (&wrong, "secret key is not the one"),
        (&none, "there is no secret key"),
        (&elsewhere, "there is no secret key"),
    ] {
        let refused = Command::new(database, settings, &["serve"]).fails();
        assert!(refused.contains(words), "{name}: {refused}");
        assert_eq!(picture(&book).await, before, "{name}");
    }
    let process = book.start();
    book.assign_some(&process, 2).await;
    book.idle().await;
    drop(process);
    // The four posts that were under way when the process was killed come again.
    let counted = book.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    assert!(counted.unknowns >= 4, "{name}: {counted}");
    format!("{name}: wrong key, {counted}")
}

// issue 18, line 8
// promise: L6
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_data_folder_takes_nothing_from_the_first() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(second_server)).await {
        println!("{line}");
    }
}

async fn second_server(database: &Database) -> String {
    let name = database.name;
    let book = Book::open(database, &[]).await;
    let process = book.start();
    book.outside.webhook.hold(true);
    book.assign_some(&process, 4).await;
    eventually("posts under way", || async {
        (book.outside.webhook.requests().len() == 4).then_some(())
    })
    .await;
    for _ in 0..2 {
        let refused = Command::new(database, &book.settings(&[]), &["serve"]).fails();
        assert!(refused.contains("another server is running"), "{name}: {refused}");
    }
    // What only looks at the data works beside it.
    Command::new(database, &book.settings(&[]), &["migrate"]).succeeds();
    assert_eq!(book.outside.webhook.requests().len(), 4, "{name}: sent again");
    book.outside.webhook.hold(false);
    book.assign_some(&process, 2).await;
    book.idle().await;
    drop(process);
    let counted = book.check().await;
    assert_eq!((counted.copies, counted.unknowns), (0, 0), "{name}: {counted}");
    format!("{name}: two servers, {counted}")
}
