//! The requests to the server over all its runs, and the receiving side of every channel.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use reqwest::Method;
use serde_json::{Value, json};
use store::Store;

use super::checker::{self, Counted};
use crate::support::{Client, Database, Outside, Process, WEBHOOK, World, eventually};

/// A company whose manager assigns findings, and every assignment that was acknowledged.
pub(super) struct Ledger<'a> {
    pub(super) database: &'a Database,
    pub(super) outside: Outside,
    pub(super) world: World,
    /// Mara, a manager. Her calls go to the first server: see [`Client::at`].
    manager: Client,
    settings: Vec<(&'static str, String)>,
    /// Numbers the findings, so that each is different.
    next: AtomicU64,
    /// The findings whose assignment was acknowledged.
    assigned: Mutex<BTreeSet<String>>,
}

/// What the engine still has to do.
const WORK: &str = "select (select count(*) from events where planned_at = 0) \
     + (select count(*) from event_groups where closed_at = 0) \
     + (select count(*) from deliveries where state in ('pending', 'sending'))";

impl<'a> Ledger<'a> {
    /// Creates the company on a server that is then killed. Every server also gets these settings.
    pub(super) async fn open(database: &'a Database, more: &[(&'static str, String)]) -> Self {
        let outside = Outside::start().await;
        let mut settings = outside.settings();
        // The checker expects a separate message for each finding.
        settings.push(("CAMPANILE_DELIVERY__BURST_PER_MINUTE", "0".to_owned()));
        settings.extend_from_slice(more);
        let process = Process::start(database, &settings).unwrap();
        let admin = process.admin().await;
        let world = World::create(&admin, process.address()).await;
        let rule = json!({
            "event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
        });
        admin.post("/notification-rules", rule).await.id();
        let manager = world.sign_in("mara").await;
        // The assigner is also an assignee.
        let own = json!({"notify_own_actions": true});
        manager.call(Method::PATCH, "/me", own).await.expect(200);
        Self {
            database,
            outside,
            world,
            manager,
            settings,
            next: AtomicU64::default(),
            assigned: Mutex::default(),
        }
    }

    /// The settings of every server, plus these.
    pub(super) fn settings(&self, more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        [&self.settings, more].concat()
    }

    /// Starts a server.
    pub(super) fn start(&self) -> Process {
        Process::start(self.database, &self.settings).unwrap()
    }

    /// Mara's client for this server.
    pub(super) fn manager(&self, process: &Process) -> Client {
        self.manager.clone().at(process.address())
    }

    /// Creates a finding and assigns it to two users, and to a team if `team` holds for its number. Returns its id, unless the server has
    /// crashed.
    pub(super) async fn assign(&self, manager: &Client, team: impl Fn(u64) -> bool) -> Option<String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let World {
            company,
            analyst,
            manager: also,
            ..
        } = &self.world;
        let finding =
            json!({"company_id": company, "title": format!("finding {number}"), "severity": "high"});
        let finding = post(manager, "/findings", &finding, 201).await?;
        let id = finding["id"].as_str().unwrap().to_owned();
        let teams: &[&String] = if team(number) { &[&self.world.team] } else { &[] };
        let assignees = json!({"user_ids": [analyst, also], "team_ids": teams});
        post(manager, &format!("/findings/{id}/assignees"), &assignees, 200).await?;
        self.assigned.lock().unwrap().insert(id.clone());
        Some(id)
    }

    /// Assigns this number of findings to users, on a server that keeps running.
    pub(super) async fn assign_some(&self, process: &Process, count: usize) {
        let manager = self.manager(process);
        for _ in 0..count {
            self.assign(&manager, |_| false).await.expect("an answer");
        }
    }

    /// How many assignments were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.assigned.lock().unwrap().len()
    }

    /// The database, accessed directly.
    pub(super) async fn store(&self) -> Store {
        checker::open(self.database).await
    }

    /// The single value of a query.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        let store = self.store().await;
        let read = store.read(move |tx| tx.one::<(i64,)>(sql, &[])).await;
        store.close().await;
        read.unwrap().map_or(0, |(count,)| count)
    }

    /// Changes rows directly; returns how many.
    pub(super) async fn change(&self, sql: &'static str) -> u64 {
        let store = self.store().await;
        let changed = store.write(move |tx| tx.execute(sql, &[])).await;
        store.close().await;
        changed.unwrap()
    }

    /// Waits until a server has nothing left to do: half a minute at most.
    pub(super) async fn idle(&self) {
        let store = self.store().await;
        eventually("the end of the work", || async {
            let (work,) = store.read(|tx| tx.one::<(i64,)>(WORK, &[])).await.unwrap()?;
            (work == 0).then_some(())
        })
        .await;
        store.close().await;
    }

    /// Lets a server finish the remaining work, and checks the results.
    ///
    /// # Panics
    /// If something was lost, or duplicated more often than attempts have unknown outcomes.
    pub(super) async fn check(&self) -> Counted {
        let assigned = self.assigned.lock().unwrap().clone();
        checker::check(self, &assigned).await
    }
}

/// The response to a POST, unless the server has crashed.
async fn post(client: &Client, path: &str, body: &Value, expected: u16) -> Option<Value> {
    let request = client
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    assert_eq!(status, expected, "{text}");
    Some(serde_json::from_str(&text).unwrap())
}
