//! The process dies under load, again and again: nothing is lost, no inbox row is doubled, and nobody outside gets
//! more copies than attempts whose outcome nobody knows.

mod checker;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use base::Clock;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Database, Outside, Process, WEBHOOK, World, databases, eventually};

/// How often it dies on each database; `CAMPANILE_TEST_KILLS` may ask for more.
const KILLS: usize = 150;
/// Every second death is at one of these places, when it is passed for the Nth time, N up to this.
const PLACES: &[(&str, u64)] = &[
    ("store.committed", 12),
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

pub(crate) use checker::open;

/// What the clients were told, over all lives of the server.
#[derive(Default)]
struct Told {
    /// Numbers the findings, so that no two are alike.
    next: AtomicU64,
    /// The findings whose assignment was acknowledged.
    findings: Mutex<BTreeSet<String>>,
}

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
    let outside = Outside::start().await;
    let mut settings = outside.settings();
    // The checker asks for a message of its own for each finding.
    settings.push(("CAMPANILE_DELIVERY__BURST_PER_MINUTE", "0".to_owned()));
    let (world, manager) = {
        let process = Process::start(database, &settings).unwrap();
        let admin = process.admin().await;
        let world = World::make(&admin, process.address()).await;
        let rule = json!({
            "event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
        });
        admin.post("/notification-rules", rule).await.id();
        let manager = world.sign_in("mara").await;
        // Who assigns is one of the assignees, too.
        let own = json!({"notify_own_actions": true});
        let answer = manager.call(reqwest::Method::PATCH, "/me", own).await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        (world.clone(), manager)
    };
    let clock = Clock::system();
    let told = Told::default();
    for death in 0..kills {
        let mut settings = settings.clone();
        let kill_after = if death % 2 == 0 {
            let (place, most) = PLACES[death / 2 % PLACES.len()];
            let failpoint = format!("{place}={}", upto(&clock, most));
            settings.push(("CAMPANILE_FAILPOINT", failpoint));
            u64::MAX
        } else {
            upto(&clock, ACKNOWLEDGED)
        };
        if let Some(process) = Process::start(database, &settings) {
            let manager = manager.clone().at(process.address());
            live(process, &manager, &world, &told, kill_after).await;
        }
    }
    let told = told.findings.into_inner().unwrap();
    let receipts = checker::check(database, &outside, &world, &told).await;
    format!(
        "{}: {kills} deaths, {} acknowledged, {receipts}",
        database.name,
        told.len()
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
async fn live(process: Process, manager: &Client, world: &World, told: &Told, kill_after: u64) {
    let process = Arc::new(Mutex::new(process));
    let acknowledged = AtomicU64::new(0);
    let write = || async {
        while let Some(id) = assign(manager, world, told).await {
            told.findings.lock().unwrap().insert(id);
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

/// Makes a finding and assigns it to two people, sometimes to a team too. Its id, unless the server has gone.
async fn assign(manager: &Client, world: &World, told: &Told) -> Option<String> {
    let number = told.next.fetch_add(1, Ordering::Relaxed);
    let teams: &[&String] = if number.is_multiple_of(TEAM) {
        &[&world.team]
    } else {
        &[]
    };
    let finding = json!({
        "company_id": world.company, "title": format!("finding {number}"), "severity": "high",
    });
    let finding = post(manager, "/findings", &finding, 201).await?;
    let id = finding["id"].as_str().unwrap().to_owned();
    let assignees = json!({"user_ids": [world.analyst, world.manager], "team_ids": teams});
    post(manager, &format!("/findings/{id}/assignees"), &assignees, 200).await?;
    Some(id)
}

/// The answer to a post, unless the server has gone.
async fn post(client: &Client, path: &str, body: &Value, expected: u16) -> Option<Value> {
    let request = client
        .request(reqwest::Method::POST, path)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    assert_eq!(status, expected, "{text}");
    Some(serde_json::from_str(&text).unwrap())
}
