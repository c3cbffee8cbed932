//! A delivery and an event that this version cannot read: all others continue, and these are sent once they can be read.

use std::time::Instant;

use futures_util::future::join_all;
use notify::testing::Answering;

use super::ledger::Ledger;
use crate::support::{Client, Database, Process, databases, eventually};

/// An assignment that is committed and not planned.
const UNPLANNED: &str = "select count(*) from events where planned_at = 0 and kind = 'finding.assigned'";
/// How many crashes until there is one: it plans the finding first, but occasionally both at once.
const CRASHES: u64 = 20;

/// Corrupts a pending delivery and an unplanned assignment, as if a later version had written them.
const CORRUPT: [&str; 2] = [
    "update deliveries set recipient_kind = 'satellite' where id in \
     (select id from deliveries where state = 'pending' and channel = 'webhook' order by id limit 1)",
    "update events set body = replace(body, 'finding.assigned', 'finding.teleported') where id in \
     (select id from events where planned_at = 0 and kind = 'finding.assigned' order by id limit 1)",
];
const REPAIR: [&str; 2] = [
    "update deliveries set recipient_kind = 'url' where recipient_kind = 'satellite'",
    "update events set body = replace(body, 'finding.teleported', 'finding.assigned') \
     where body like '%finding.teleported%'",
];

// issue 18, line 10
// promise: L4
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_rows_block_nothing_and_are_not_lost() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(poison)).await {
        println!("{line}");
    }
}

async fn poison(database: &Database) -> String {
    let name = database.name;
    let ledger = Ledger::open(database, &[]).await;
    pending_posts(&ledger).await;
    assignment_without_plan(&ledger).await;
    for sql in CORRUPT {
        assert_eq!(ledger.change(sql).await, 1, "{name}: {sql}");
    }
    // However often they were attempted meanwhile.
    ledger
        .change("update deliveries set next_at = 0 where state = 'pending'")
        .await;
    ledger.outside.webhook.answer(Answering::status(204));
    let process = ledger.start();
    let admin = process.admin().await;
    // Pending and new deliveries and the lists: all but these two continue.
    let start = Instant::now();
    ledger.assign_some(&process, 4).await;
    ledger.idle().await;
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
    let before = ledger.outside.webhook.requests().len();
    drop((admin, process));
    for sql in REPAIR {
        assert_eq!(ledger.change(sql).await, 1, "{name}: {sql}");
    }
    // As after an upgrade. (A running server retries every 20 seconds.)
    let process = ledger.start();
    let admin = process.admin().await;
    eventually("both to be read", || async {
        set_aside(&admin).await.is_empty().then_some(())
    })
    .await;
    ledger.idle().await;
    assert_eq!(ledger.outside.webhook.requests().len(), before + 2, "{name}");
    drop((admin, process));
    let counted = ledger.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    format!("{name}: poison, the others within {took:?}, {counted}")
}

/// Waits for deliveries that were attempted and will be retried.
async fn pending_posts(ledger: &Ledger<'_>) {
    const WAITING: &str = "select count(*) from deliveries where state = 'pending' and channel = 'webhook'";
    ledger.outside.webhook.answer(Answering::Slam);
    let process = ledger.start();
    ledger.assign_some(&process, 3).await;
    eventually("pending deliveries", || async {
        (ledger.count(WAITING).await == 3).then_some(())
    })
    .await;
}

/// Crashes the server between the commit of an assignment and its plan.
async fn assignment_without_plan(ledger: &Ledger<'_>) {
    let failpoint = [("CAMPANILE_FAILPOINT", "notify.planning=2".to_owned())];
    for _ in 0..CRASHES {
        if let Some(mut process) = Process::start(ledger.database, &ledger.settings(&failpoint)) {
            let manager = ledger.manager(&process);
            while ledger.assign(&manager, |_| false).await.is_some() {}
            eventually("the end of the process", || {
                let ended = process.ended();
                async move { ended.then_some(()) }
            })
            .await;
        }
        if ledger.count(UNPLANNED).await > 0 {
            return;
        }
    }
    panic!("{}: every assignment is planned", ledger.database.name);
}

/// What is quarantined, sorted.
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
