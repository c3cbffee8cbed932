//! The process is killed in the middle of an import.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::book::Book;
use crate::support::{Client, Database, databases, eventually};

/// How many entries the report has: several portions of 250.
const ENTRIES: usize = 1_500;
/// A start that waited for the lease of the import before it would take longer than this, also on a busy machine: a lease has 25 seconds
/// left at least. How quickly it starts on an idle one is the business of `starting.rs`.
const START: Duration = Duration::from_secs(20);

const FINDINGS: &str = "select count(*) from findings where first_scan_id <> ''";
/// Half a minute goes by: as if the server had been started again so much later.
const LATER: &str = "update target_leases set renewed_at = renewed_at - 31000000000";

/// A report of critical findings, each of a place of its own.
fn report() -> Vec<u8> {
    let entry = |number: usize| {
        json!({
            "check_id": format!("rule-{number}"), "path": format!("src/part{number}.py"),
            "start": {"line": 7, "col": 1}, "end": {"line": 7, "col": 20},
            "extra": {"message": format!("entry {number}"), "severity": "CRITICAL", "lines": format!("call({number})")},
        })
    };
    let results: Vec<Value> = (0..ENTRIES).map(entry).collect();
    let scanned: Vec<String> = (0..ENTRIES)
        .map(|number| format!("src/part{number}.py"))
        .collect();
    json!({"version": "1.90.0", "errors": [], "paths": {"scanned": scanned}, "results": results})
        .to_string()
        .into_bytes()
}

/// Imports the report: the answer, unless the server has gone.
async fn import(book: &Book<'_>, client: &Client) -> Option<(u16, Value)> {
    let (company, project) = (&book.world.company, &book.world.project);
    let path = format!("/scans/import?company_id={company}&project_id={project}");
    let request = client
        .request(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(report());
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap()))
}

// issue 18, line 9
// promise: M3, L6
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_loses_and_doubles_no_finding_and_no_message() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(cut_off)).await {
        println!("{line}");
    }
}

async fn cut_off(database: &Database) -> String {
    let name = database.name;
    let book = Book::open(database, &[]).await;
    let mut process = book.start();
    let admin = process.admin().await;
    book.assign_some(&process, 2).await;
    let killed = async {
        eventually("the first portion", || async {
            (book.count(FINDINGS).await > 0).then_some(())
        })
        .await;
        process.kill();
    };
    let (answer, ()) = tokio::join!(import(&book, &admin), killed);
    assert_eq!(answer, None, "{name}: it was done before the end");
    drop(process);
    let first = book.count(FINDINGS).await;
    assert!(
        first > 0 && first < i64::try_from(ENTRIES).unwrap(),
        "{name}: {first}"
    );

    // While the import may still be alive, everything else goes on.
    let start = Instant::now();
    let process = book.start();
    let admin = process.admin().await;
    let took = start.elapsed();
    assert!(took < START, "{name}: {took:?}");
    book.assign_some(&process, 2).await;
    let (status, body) = import(&book, &admin).await.unwrap();
    assert_eq!(status, 409, "{name}: it waited for the lease: {body}");
    drop(process);

    assert_eq!(book.change(LATER).await, 1, "{name}");
    let process = book.start();
    let admin = process.admin().await;
    eventually("the end of what was cut off", || async {
        let scans = admin.get("/scans?status=failed").await.expect(200);
        (scans["items"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    let (status, body) = import(&book, &admin).await.unwrap();
    assert_eq!(status, 201, "{name}: {body}");
    book.assign_some(&process, 2).await;
    book.idle().await;
    once_each(&book).await;
    drop(process);
    let counted = book.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    format!("{name}: import cut off after {first} of {ENTRIES}, open again in {took:?}, {counted}")
}

/// Each entry is one finding, whose event is in one of the manager's digests, each of which she has once in the inbox and once as a
/// mail.
async fn once_each(book: &Book<'_>) {
    const PLACES: &str = "select count(distinct location) from findings where first_scan_id <> ''";
    const CREATED: &str =
        "select count(*) from events where kind = 'finding.created' and bundle_id <> '' and planned_at > 0";
    const MEMBERS: &str = "select count(*) from event_set_members m join event_sets s on s.id = m.set_id \
         join event_groups g on g.id = s.group_id where g.closed_at > 0 and s.event_type = 'finding.created'";
    const DIGESTS: &str = "select count(distinct s.group_id) from event_sets s";
    const ROWS: &str = "select count(*) from notifications n join event_digests d on d.id = n.digest_id";
    const MAILS: &str = "select count(*) from deliveries n join event_digests d on d.id = n.digest_id \
         where n.channel = 'email' and n.state = 'delivered'";
    let name = book.database.name;
    let entries = i64::try_from(ENTRIES).unwrap();
    for (what, sql) in [
        ("findings", FINDINGS),
        ("places", PLACES),
        ("events", CREATED),
        ("members", MEMBERS),
    ] {
        assert_eq!(book.count(sql).await, entries, "{name}: {what}");
    }
    let digests = book.count(DIGESTS).await;
    assert_eq!(digests, 2, "{name}: of what was cut off, and of the rest");
    for (what, sql) in [("rows", ROWS), ("mails", MAILS)] {
        assert_eq!(book.count(sql).await, digests, "{name}: {what}");
    }
}
