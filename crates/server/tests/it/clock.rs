//! The SLA clock in the real process: when the process crashes midway, and when two processes run.

use std::{collections::BTreeMap, time::Duration};

use base::{Bus, Clock, Event, Id, Kind};
use campanile::{app, config::Config};
use reqwest::Method;
use serde_json::json;

use crate::support::{Client, Database, Process, World, databases, eventually};

/// Where it crashes, on the Nth pass: in a transaction, and after one.
const CRASH_POINTS: &[(&str, u64)] = &[
    ("clock.remembered", 1),
    ("clock.acted", 1),
    ("clock.remembered", 2),
    ("clock.acted", 2),
    ("clock.remembered", 3),
    ("clock.acted", 3),
];
/// How many findings are created per run.
const FINDINGS: usize = 4;
/// How soon they are due.
const SOON: Duration = Duration::from_millis(500);

/// Creates findings that are due soon while the server runs; returns the acknowledged ones.
async fn create(client: &Client, world: &World) -> Vec<Id> {
    let mut created = Vec::new();
    for _ in 0..FINDINGS {
        let due = Clock::system().now().after(SOON);
        let finding = json!({
            "company_id": world.company, "title": "x", "severity": "critical", "sla_due_at": due,
            "assignee_user_ids": [world.analyst],
        });
        let request = client
            .request(Method::POST, "/findings")
            .header("content-type", "application/json")
            .body(finding.to_string());
        let Ok(answer) = request.send().await else { break };
        let Ok(text) = answer.text().await else { break };
        let finding: serde_json::Value = serde_json::from_str(&text).unwrap();
        created.push(finding["id"].as_str().unwrap().parse().unwrap());
    }
    created
}

/// How many warnings and breaches were sent per finding, deadline and step.
async fn sent(database: &Database) -> BTreeMap<(Id, Kind, String), usize> {
    const SLA_EVENTS: &str = "select body from events where kind in ('sla.warning', 'sla.breached')";
    let config = Config::load(None, database.settings(&[])).unwrap();
    let store = app::open_store(&config, &Clock::system(), Bus::new())
        .await
        .unwrap();
    let rows: Vec<(String,)> = store.read(|tx| tx.all(SLA_EVENTS, &[])).await.unwrap();
    store.close().await;
    let mut sent = BTreeMap::new();
    for (body,) in rows {
        let event: Event = serde_json::from_str(&body).unwrap();
        let step = format!("{} {}", event.data["deadline"], event.data["step_hours"]);
        *sent.entry((event.subject.id, event.kind, step)).or_default() += 1;
    }
    sent
}

async fn ended(process: &mut Process) {
    let end = async {
        while !process.ended() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(5), end).await.is_err() {
        process.kill();
    }
}

/// How many breaches were reported for a finding.
fn breaches(sent: &BTreeMap<(Id, Kind, String), usize>, id: Id) -> usize {
    sent.keys()
        .filter(|(sent, kind, _)| *sent == id && *kind == Kind::SlaBreached)
        .count()
}

/// Waits until each of these is reported, and checks that none is reported twice. There may be more findings:
/// a crashed server may have saved one without acknowledging it.
async fn once(database: &Database, created: &[Id]) {
    eventually("every breach", || async {
        let sent = sent(database).await;
        let twice: Vec<_> = sent.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{}: {twice:?}", database.name);
        created.iter().all(|id| breaches(&sent, *id) > 0).then_some(())
    })
    .await;
    let sent = sent(database).await;
    for id in created {
        assert_eq!(breaches(&sent, *id), 1, "{}: {id}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_sends_each_step_once() {
    for database in databases().await {
        let (world, manager) = {
            let process = Process::start(&database, &[]).unwrap();
            let admin = process.admin().await;
            let world = World::create(&admin, process.address()).await;
            (world.clone(), world.sign_in("mara").await)
        };
        let mut created = Vec::new();
        for (place, count) in CRASH_POINTS {
            let settings = [("CAMPANILE_FAILPOINT", format!("{place}={count}"))];
            // It may crash on what the previous one left before it listens.
            let Some(mut process) = Process::start(&database, &settings) else {
                continue;
            };
            created.extend(create(&manager.clone().at(process.address()), &world).await);
            ended(&mut process).await;
        }
        assert!(!created.is_empty(), "{}", database.name);
        let _process = Process::start(&database, &[]).unwrap();
        once(&database, &created).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_send_each_step_once() {
    const KEY: &str = "a key of thirty-two characters ..";
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let mut settings = vec![("CAMPANILE_SECRET_KEY", KEY.to_owned())];
    let first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let manager = world.sign_in("mara").await;
    let folder = tempfile::tempdir().unwrap();
    settings.push(("CAMPANILE_DATA_DIR", folder.path().display().to_string()));
    let second = Process::start(&database, &settings).unwrap();
    let mut created = Vec::new();
    for _ in 0..5 {
        for process in [&first, &second] {
            created.extend(create(&manager.clone().at(process.address()), &world).await);
        }
    }
    assert_eq!(created.len(), 10 * FINDINGS);
    once(&database, &created).await;
}
