//! The process is killed during an import.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::support::{Client, Database, databases, eventually};

/// How many entries the scan report has: several portions of 250.
const ENTRIES: usize = 1_500;
/// A start that waited for the previous import's lease would take longer than this, also on a busy machine: the lease has at least 25 seconds
/// left. `starting.rs` tests how quickly it starts on an idle machine.
const START: Duration = Duration::from_secs(20);

const FINDINGS: &str = "select count(*) from findings where first_scan_id <> ''";
/// Half a minute passes, as if the server had been restarted that much later.
const LATER: &str = "update target_leases set renewed_at = renewed_at - 31000000000";

/// A scan report of critical findings, each with its own location.
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

/// Imports the scan report; returns the response, unless the server has crashed.
async fn import(ledger: &Ledger<'_>, client: &Client) -> Option<(u16, Value)> {
    let (company, project) = (&ledger.world.company, &ledger.world.project);
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
async fn a_killed_import_loses_and_duplicates_no_finding_and_no_message() {
    let databases = databases().await;
    for line in join_all(databases.iter().map(interrupted_import)).await {
        println!("{line}");
    }
}

async fn interrupted_import(database: &Database) -> String {
    let name = database.name;
    let ledger = Ledger::open(database, &[]).await;
    let mut process = ledger.start();
    let admin = process.admin().await;
    ledger.assign_some(&process, 2).await;
    let killed = async {
        eventually("the first portion", || async {
            (ledger.count(FINDINGS).await > 0).then_some(())
        })
        .await;
        process.kill();
    };
    let (answer, ()) = tokio::join!(import(&ledger, &admin), killed);
    assert_eq!(answer, None, "{name}: it finished before the kill");
    drop(process);
    let first = ledger.count(FINDINGS).await;
    assert!(
        first > 0 && first < i64::try_from(ENTRIES).unwrap(),
        "{name}: {first}"
    );

    // While the import may still be running, everything else continues.
    let start = Instant::now();
    let process = ledger.start();
    let admin = process.admin().await;
    let took = start.elapsed();
    assert!(took < START, "{name}: {took:?}");
    ledger.assign_some(&process, 2).await;
    let (status, body) = import(&ledger, &admin).await.unwrap();
    assert_eq!(status, 409, "{name}: it waited for the lease: {body}");
    drop(process);

    assert_eq!(ledger.change(LATER).await, 1, "{name}");
    let process = ledger.start();
    let admin = process.admin().await;
    eventually("the end of the interrupted import", || async {
        let scans = admin.get("/scans?status=failed").await.expect(200);
        (scans["items"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    let (status, body) = import(&ledger, &admin).await.unwrap();
    assert_eq!(status, 201, "{name}: {body}");
    ledger.assign_some(&process, 2).await;
    ledger.idle().await;
    once_each(&ledger).await;
    drop(process);
    let counted = ledger.check().await;
    assert!(counted.copies <= counted.unknowns, "{name}: {counted}");
    format!("{name}: import interrupted after {first} of {ENTRIES}, open again in {took:?}, {counted}")
}

/// Each entry is one finding, whose event is in one of the manager's digests; she has each digest once in the inbox and once as a
/// mail.
async fn once_each(ledger: &Ledger<'_>) {
    const PLACES: &str = "select count(distinct location) from findings where first_scan_id <> ''";
    const CREATED: &str =
        "select count(*) from events where kind = 'finding.created' and bundle_id <> '' and planned_at > 0";
    const MEMBERS: &str = "select count(*) from event_set_members m join event_sets s on s.id = m.set_id \
         join event_groups g on g.id = s.group_id where g.closed_at > 0 and s.event_type = 'finding.created'";
    const DIGESTS: &str = "select count(distinct s.group_id) from event_sets s";
    const ROWS: &str = "select count(*) from notifications n join event_digests d on d.id = n.digest_id";
    const MAILS: &str = "select count(*) from deliveries n join event_digests d on d.id = n.digest_id \
         where n.channel = 'email' and n.state = 'delivered'";
    let name = ledger.database.name;
    let entries = i64::try_from(ENTRIES).unwrap();
    for (what, sql) in [
        ("findings", FINDINGS),
        ("places", PLACES),
        ("events", CREATED),
        ("members", MEMBERS),
    ] {
        assert_eq!(ledger.count(sql).await, entries, "{name}: {what}");
    }
    let digests = ledger.count(DIGESTS).await;
    assert_eq!(
        digests, 2,
        "{name}: one of the interrupted import, one of the rest"
    );
    for (what, sql) in [("rows", ROWS), ("mails", MAILS)] {
        assert_eq!(ledger.count(sql).await, digests, "{name}: {what}");
    }
}
