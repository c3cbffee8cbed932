//! The SLA clock in the real process, which dies in the midst of what it does, and beside a second one.

use std::{collections::BTreeMap, time::Duration};

use base::{Bus, Clock, Event, Id, Kind};
use campanile::{app, config::Config};
use reqwest::Method;
use serde_json::json;

use crate::support::{Client, Database, Process, World, databases, eventually};

/// Where it dies, when that is passed for the Nth time: in a transaction, and after one.
const DEATHS: &[(&str, u64)] = &[
    ("clock.remembered", 1),
    ("clock.acted", 1),
    ("clock.remembered", 2),
    ("clock.acted", 2),
    ("clock.remembered", 3),
    ("clock.acted", 3),
];
/// How many findings are made in each life.
const FINDINGS: usize = 4;
/// How soon they are due.
const SOON: Duration = Duration::from_millis(500);

/// Makes findings that are due soon, as long as there is a server; those that it acknowledged.
async fn make(client: &Client, world: &World) -> Vec<Id> {
    let mut made = Vec::new();
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
        made.push(finding["id"].as_str().unwrap().parse().unwrap());
    }
    made
}

/// What was told: how often of each finding, deadline and step.
async fn told(database: &Database) -> BTreeMap<(Id, Kind, String), usize> {
    const TOLD: &str = "select body from events where kind in ('sla.warning', 'sla.breached')";
    let config = Config::load(None, database.settings(&[])).unwrap();
    let store = app::open_store(&config, &Clock::system(), Bus::new())
        .await
        .unwrap();
    let rows: Vec<(String,)> = store.read(|tx| tx.all(TOLD, &[])).await.unwrap();
    store.close().await;
    let mut told = BTreeMap::new();
    for (body,) in rows {
        let event: Event = serde_json::from_str(&body).unwrap();
        let step = format!("{} {}", event.data["deadline"], event.data["step_hours"]);
        *told.entry((event.subject.id, event.kind, step)).or_default() += 1;
    }
    told
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

/// How many breaches of a finding were told.
fn breaches(told: &BTreeMap<(Id, Kind, String), usize>, id: Id) -> usize {
    told.keys()
        .filter(|(told, kind, _)| *told == id && *kind == Kind::SlaBreached)
        .count()
}

/// Waits until each of these was told of, and looks that nothing was told twice. There may be more findings than these:
/// a server that died may have kept one without saying so.
async fn once(database: &Database, made: &[Id]) {
    eventually("every breach", || async {
        let told = told(database).await;
        let twice: Vec<_> = told.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{}: {twice:?}", database.name);
        made.iter().all(|id| breaches(&told, *id) > 0).then_some(())
    })
    .await;
    let told = told(database).await;
    for id in made {
        assert_eq!(breaches(&told, *id), 1, "{}: {id}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_while_it_tells_tells_each_step_once() {
    for database in databases().await {
        let (world, manager) = {
            let process = Process::start(&database, &[]).unwrap();
            let admin = process.admin().await;
            let world = World::make(&admin, process.address()).await;
            (world.clone(), world.sign_in("mara").await)
        };
        let mut made = Vec::new();
        for (place, count) in DEATHS {
            let settings = [("CAMPANILE_FAILPOINT", format!("{place}={count}"))];
            // It may die of what the one before left before it listens.
            let Some(mut process) = Process::start(&database, &settings) else {
                continue;
            };
            made.extend(make(&manager.clone().at(process.address()), &world).await);
            ended(&mut process).await;
        }
        assert!(!made.is_empty(), "{}", database.name);
        let _process = Process::start(&database, &[]).unwrap();
        once(&database, &made).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_tell_each_step_once() {
    const KEY: &str = "a key of thirty-two characters ..";
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let mut settings = vec![("CAMPANILE_SECRET_KEY", KEY.to_owned())];
    let first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::make(&admin, first.address()).await;
    let manager = world.sign_in("mara").await;
    let folder = tempfile::tempdir().unwrap();
    settings.push(("CAMPANILE_DATA_DIR", folder.path().display().to_string()));
    let second = Process::start(&database, &settings).unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        for process in [&first, &second] {
            made.extend(make(&manager.clone().at(process.address()), &world).await);
        }
    }
    assert_eq!(made.len(), 10 * FINDINGS);
    once(&database, &made).await;
}
