//! A delivery and an event that this version cannot read: all others go on, and these go out once they can be read.

use std::time::Instant;

use futures_util::future::join_all;
use notify::testing::Answering;

use super::book::Book;
use crate::support::{Client, Database, Process, databases, eventually};

/// An assignment that is committed and not planned.
const UNPLANNED: &str = "select count(*) from events where planned_at = 0 and kind = 'finding.assigned'";
/// How often the server may die until there is one: what it plans first is the finding, but now and then both at once.
const DEATHS: u64 = 20;

/// Breaks a post that waits, and an assignment that nobody has planned, which a later version would write so.
const BREAK: [&str; 2] = [
    "update deliveries set recipient_kind = 'satellite' where id in \
     (select id from deliveries where state = 'pending' and channel = 'webhook' order by id limit 1)",
    "update events set body = replace(body, 'finding.assigned', 'finding.teleported') where id in \
     (select id from events where planned_at = 0 and kind = 'finding.assigned' order by id limit 1)",
];
const MEND: [&str; 2] = [
    "update deliveries set recipient_kind = 'url' where recipient_kind = 'satellite'",
    "update events set body = replace(body, 'finding.teleported', 'finding.assigned') \
     where body like '%finding.teleported%'",
];

// issue 18, line 10
// promise: L4
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_hold_nobody_up_and_are_not_lost() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(poison)).await {
        println!("{line}");
    }
}

async fn poison(database: &Database) -> String {
    let name = database.name;
    let book = Book::open(database, &[]).await;
    posts_that_wait(&book).await;
    assignment_without_plan(&book).await;
    for sql in BREAK {
        assert_eq!(book.change(sql).await, 1, "{name}: {sql}");
    }
    // However often they were tried meanwhile.
    book.change("update deliveries set next_at = 0 where state = 'pending'")
        .await;
    book.outside.webhook.answer(Answering::status(204));
    let process = book.start();
    let admin = process.admin().await;
    // What waits, what is new and the lists: all but these two go on.
    let start = Instant::now();
    book.assign_some(&process, 4).await;
    book.idle().await;
    let (aside, took) = (set_aside(&admin).await, start.elapsed());
    assert_eq!(aside, ["delivery", "event"], "{name}");
    for path in ["/deliveries", "/activity", "/notifications", "/findings"] {
        admin.get(path).await.expect(200);
    }
    let metrics = admin.get("/metrics").await.expect(200);
    for what in ["delivery", "event"] {
        let line = format!("campanile_set_aside{{what=\"{what}\"}} 1\n");
        assert!(metrics.as_str().unwrap().contains(&line), "{name}: {metrics}");
    }
    let before = book.outside.webhook.requests().len();
    drop((admin, process));
    for sql in MEND {
        assert_eq!(book.change(sql).await, 1, "{name}: {sql}");
    }
    // As after an upgrade. (A server that runs on looks every 20 seconds.)
    let process = book.start();
    let admin = process.admin().await;
    eventually("both to be read", || async {
        set_aside(&admin).await.is_empty().then_some(())
    })
    .await;
    book.idle().await;
    assert_eq!(book.outside.webhook.requests().len(), before + 2, "{name}");
    drop((admin, process));
    let counted = book.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    format!("{name}: poison, the others within {took:?}, {counted}")
}

/// Posts that were tried, and are to be tried again.
async fn posts_that_wait(book: &Book<'_>) {
    const WAITING: &str = "select count(*) from deliveries where state = 'pending' and channel = 'webhook'";
    book.outside.webhook.answer(Answering::Slam);
    let process = book.start();
    book.assign_some(&process, 3).await;
    eventually("posts that wait", || async {
        (book.count(WAITING).await == 3).then_some(())
    })
    .await;
}

/// Lets the server die between the commit of an assignment and its plan.
async fn assignment_without_plan(book: &Book<'_>) {
    let failpoint = [("CAMPANILE_FAILPOINT", "notify.planning=2".to_owned())];
    for _ in 0..DEATHS {
        if let Some(mut process) = Process::start(book.database, &book.settings(&failpoint)) {
            let manager = book.manager(&process);
            while book.assign(&manager, |_| false).await.is_some() {}
            eventually("the end of the process", || {
                let ended = process.ended();
                async move { ended.then_some(()) }
            })
            .await;
        }
        if book.count(UNPLANNED).await > 0 {
            return;
        }
    }
    panic!("{}: every assignment is planned", book.database.name);
}

/// What is set aside, in the order of the words.
async fn set_aside(admin: &Client) -> Vec<String> {
    let page = admin.get("/deliveries/set-aside").await.expect(200);
    let items = page["items"].as_array().unwrap();
    let mut what: Vec<String> = items
        .iter()
        .map(|item| item["what"].as_str().unwrap().to_owned())
        .collect();
    what.sort();
    what
}
