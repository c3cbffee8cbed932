//! The process dies between commit and dispatch, again and again: nothing is lost, no inbox row is doubled.

use std::collections::BTreeMap;

use base::{Bus, Clock, Id};
use campanile::{app, config::Config};
use serde_json::json;
use store::Error;

use crate::support::{Client, Database, PASSWORD, Process, World, databases, eventually};

/// How often it dies on each database; the environment may ask for more.
const KILLS: usize = 60;
/// The places it dies at, and how often each is passed first at most.
const PLACES: &[(&str, u64)] = &[
    ("store.committed", 12),
    ("notify.planned", 6),
    ("notify.before_send", 6),
    ("notify.sent", 6),
];

// promise: B2, B3, F2, I1
#[tokio::test(flavor = "multi_thread")]
async fn dying_between_commit_and_dispatch_loses_nothing_and_doubles_no_row() {
    let kills = std::env::var("CAMPANILE_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    for database in databases().await {
        let (world, finding) = {
            let process = Process::start(&database, &[]).unwrap();
            let world = World::make(&process.admin().await, process.address()).await;
            let manager = world.sign_in("mara").await;
            let finding = world.finding(&manager, "critical").await;
            (world, finding)
        };
        let clock = Clock::system();
        let mut died = 0;
        let mut told = 0;
        while died < kills {
            let (place, most) = PLACES[died % PLACES.len()];
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "small"
            )]
            let count = 1 + (clock.fraction() * most as f64) as u64;
            let failpoint = [("CAMPANILE_FAILPOINT", format!("{place}={count}"))];
            if let Some(mut process) = Process::start(&database, &failpoint) {
                told += until_it_dies(&mut process, &world, &finding).await;
            }
            died += 1;
        }
        check(&database, told).await;
        println!(
            "{}: {died} deaths, {told} assignments acknowledged",
            database.name
        );
    }
}

/// Assigns and unassigns until the process is gone; how many assignments were acknowledged.
async fn until_it_dies(process: &mut Process, world: &World, finding: &str) -> usize {
    let Some(manager) = try_sign_in(process, "mara@campanile.test").await else {
        return 0;
    };
    let path = format!("/findings/{finding}/assignees");
    let mut told = 0;
    loop {
        // Nobody first: the last process may have died with the two assigned, and the same set again says nothing.
        for users in [json!([]), json!([world.analyst, world.manager])] {
            let assigned = !users.as_array().unwrap().is_empty();
            let request = manager
                .request(reqwest::Method::POST, &path)
                .header("content-type", "application/json")
                .body(json!({"user_ids": users, "team_ids": []}).to_string());
            match request.send().await {
                Ok(answer) if answer.status() == 200 && assigned => told += 1,
                Ok(answer) => assert!(answer.status() == 200 || assigned, "{}", answer.status()),
                Err(_) => {
                    eventually("the end of the process", || {
                        let ended = process.ended();
                        async move { ended.then_some(()) }
                    })
                    .await;
                    return told;
                }
            }
        }
    }
}

/// Signing in writes, so the process may die of it.
async fn try_sign_in(process: &Process, email: &str) -> Option<Client> {
    let client = Client::new(process.address());
    let request = client
        .request(reqwest::Method::POST, "/auth/login")
        .header("content-type", "application/json")
        .body(json!({"email": email, "password": PASSWORD}).to_string());
    let answer = request.send().await.ok()?.text().await.ok()?;
    let answer: serde_json::Value = serde_json::from_str(&answer).ok()?;
    Some(client.with_token(answer["token"].as_str()?))
}

/// Lets a server finish what is left, then compares the tables with each other and with what the client was told.
async fn check(database: &Database, told: usize) {
    let process = Process::start(database, &[]).unwrap();
    let admin = process.admin().await;
    eventually("the end of all deliveries", || async {
        let left = admin.get("/deliveries?state=pending").await.expect(200);
        let sending = admin.get("/deliveries?state=sending").await.expect(200);
        let done = |page: &serde_json::Value| page["items"].as_array().unwrap().is_empty();
        (done(&left) && done(&sending)).then_some(())
    })
    .await;
    let (status, _) = tokio::task::spawn_blocking(move || process.terminate())
        .await
        .unwrap();
    assert!(status.success());

    let config = Config::load(None, database.settings(&[])).unwrap();
    let store = app::open_store(&config, &Clock::system(), Bus::new())
        .await
        .unwrap();
    let (assigned, unplanned, rows) = store
        .read(|tx| {
            let assigned: Vec<(Id, String)> =
                tx.all("select id, body from events where kind = 'finding.assigned'", &[])?;
            let unplanned: Vec<(Id,)> = tx.all("select id from events where planned_at = 0", &[])?;
            let rows: Vec<(Id, Id, i64)> = tx.all(
                "select event_id, user_id, count(*) from notifications group by event_id, user_id",
                &[],
            )?;
            Ok::<_, Error>((assigned, unplanned, rows))
        })
        .await
        .unwrap();
    assert!(unplanned.is_empty(), "{}: events nobody planned", database.name);
    let mut per_event: BTreeMap<Id, usize> = BTreeMap::new();
    for (event, _, count) in rows {
        assert_eq!(count, 1, "{}: an inbox row is doubled", database.name);
        *per_event.entry(event).or_default() += 1;
    }
    let announced = assigned
        .iter()
        .filter(|(_, body)| !body.contains("\"assignee_users\":[]"));
    let mut events = 0;
    for (event, _) in announced {
        events += 1;
        assert_eq!(
            per_event.get(event),
            Some(&2),
            "{}: one row for each of two people",
            database.name
        );
    }
    assert!(
        events >= told,
        "{}: {events} events for {told} acknowledged assignments",
        database.name
    );
    store.close().await;
}
