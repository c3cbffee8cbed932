//! A small world: two companies, users of every role, teams, and the routes of the records.

use std::{cell::RefCell, time::Duration};

use access::{Access, Role, testing};
use axum::Router;
use base::{Audience, Clock, Event, Id, bus::Batch};
use records::{Records, Settings};
use serde_json::{Value, json};
use store::{MigrationSet, Store, params};
use tokio::sync::broadcast;

use testkit::{Answer, Client, text};

pub(crate) use testkit::{Person, over};

static TABLES: [MigrationSet; 3] = [store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

/// Noon of the day on which the first world of a test begins; the next one continues where that ended.
const START: &str = "2026-03-01T12:00:00Z";

/// Everything a test needs.
pub(crate) struct World {
    pub(crate) database: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    router: Router,
    /// The main company of the tests, and another.
    pub(crate) ours: Id,
    pub(crate) theirs: Id,
    pub(crate) viewer: Person,
    pub(crate) analyst: Person,
    pub(crate) manager: Person,
    /// A manager of the other company.
    pub(crate) stranger: Person,
    pub(crate) admin: Person,
    pub(crate) team: Id,
    pub(crate) their_team: Id,
    announced: RefCell<broadcast::Receiver<Batch>>,
    last: RefCell<String>,
}

impl World {
    /// The world on each available database.
    pub(crate) async fn all() -> Vec<Self> {
        let mut worlds = Vec::new();
        let clock = Clock::manual(START.parse().unwrap());
        for (database, store) in store::testing::stores_with(clock, &TABLES).await {
            worlds.push(Self::new(database, store).await);
        }
        worlds
    }

    async fn new(database: &'static str, store: Store) -> Self {
        let access = testing::access(&store);
        let ours = testing::company(&store, "Ours").await;
        let theirs = testing::company(&store, "Theirs").await;
        let admin = testing::admin(&store, "admin@example.org").await;
        Self {
            database,
            router: router(&access, &store, Settings::default()),
            ours,
            theirs,
            viewer: Person::create(&access, "viewer", &[ours], Role::Viewer).await,
            analyst: Person::create(&access, "analyst", &[ours], Role::Analyst).await,
            manager: Person::create(&access, "manager", &[ours], Role::Manager).await,
            stranger: Person::create(&access, "stranger", &[theirs], Role::Manager).await,
            admin: Person::of(&access, admin).await,
            team: testing::team(&access, ours, "Red", &[]).await,
            their_team: testing::team(&access, theirs, "Blue", &[]).await,
            announced: RefCell::new(store.bus().subscribe()),
            last: RefCell::default(),
            clock: store.clock().clone(),
            access,
            store,
        }
    }

    /// The same with other limits on reports.
    pub(crate) fn with_reports(mut self, reports: records::reports::Limits) -> Self {
        let settings = Settings {
            reports,
            ..Settings::default()
        };
        self.router = router(&self.access, &self.store, settings);
        self
    }

    /// Another member of a company.
    pub(crate) async fn member(&self, company: Id, name: &str) -> Person {
        Person::create(&self.access, name, &[company], Role::Analyst).await
    }

    /// Another manager of a company.
    pub(crate) async fn manager_of(&self, company: Id, name: &str) -> Person {
        Person::create(&self.access, name, &[company], Role::Manager).await
    }

    /// Sends a request with a JSON body.
    pub(crate) async fn send(&self, by: &Person, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        self.raw(by, method, path, bytes).await
    }

    /// Sends a request with any body.
    pub(crate) async fn raw(&self, by: &Person, method: &str, path: &str, body: Vec<u8>) -> Answer {
        self.typed(by, method, path, ("application/json", body)).await
    }

    /// Sends a request with any body of any type.
    pub(crate) async fn typed(
        &self,
        by: &Person,
        method: &str,
        path: &str,
        (kind, body): (&str, Vec<u8>),
    ) -> Answer {
        let client = Client::new(&self.router, self.database).bearer(&by.token);
        client.raw(method, path, Some((kind, body))).await
    }

    pub(crate) async fn get(&self, by: &Person, path: &str) -> Answer {
        self.send(by, "GET", path, None).await
    }

    pub(crate) async fn post(&self, by: &Person, path: &str, body: Value) -> Answer {
        self.send(by, "POST", path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, by: &Person, path: &str, body: Value) -> Answer {
        self.send(by, "PATCH", path, Some(&body)).await
    }

    pub(crate) async fn delete(&self, by: &Person, path: &str) -> Answer {
        self.send(by, "DELETE", path, None).await
    }

    /// A finding of ours with these fields, created by the analyst; returns its path.
    pub(crate) async fn finding(&self, fields: Value) -> String {
        let mut body = json!({"company_id": self.ours, "title": "SQL injection", "severity": "high"});
        over(&mut body, fields);
        let made = self.post(&self.analyst, "/findings", body).await.expect(201);
        format!("/findings/{}", text(&made["id"]))
    }

    /// Requests that the risk of a finding be accepted for this many days, as the analyst; returns the request's path.
    pub(crate) async fn request(&self, finding: &str, days: u64) -> String {
        let id = finding.strip_prefix("/findings/").unwrap();
        let body = json!({"finding_id": id, "reason": " Behind the VPN ", "expires_at": self.in_days(days)});
        let made = self.post(&self.analyst, "/approvals", body).await.expect(201);
        format!("/approvals/{}", text(&made["id"]))
    }

    /// Decides the current version of a request.
    pub(crate) async fn decide(&self, by: &Person, request: &str, decision: &str) -> Answer {
        let version = self.get(&self.admin, request).await.expect(200)["version"].clone();
        let body = json!({"decision": decision, "version": version});
        self.post(by, &format!("{request}/decision"), body).await
    }

    /// Accepts the risk of a finding for this many days: requested by the analyst, approved by the manager.
    pub(crate) async fn accept(&self, finding: &str, days: u64) -> String {
        let request = self.request(finding, days).await;
        self.decide(&self.manager, &request, "approved").await.expect(200);
        request
    }

    /// A project of a company, created by the administrator; returns its id.
    pub(crate) async fn project(&self, company: Id, name: &str) -> Id {
        let body = json!({"company_id": company, "name": name});
        let made = self.post(&self.admin, "/projects", body).await.expect(201);
        text(&made["id"]).parse().unwrap()
    }

    /// The time in this many days, as the API writes it.
    pub(crate) fn in_days(&self, days: u64) -> String {
        self.clock
            .now()
            .after(Duration::from_hours(24 * days))
            .to_string()
    }

    /// Lets time pass.
    pub(crate) fn pass_days(&self, days: u64) {
        self.clock.advance(Duration::from_hours(24 * days));
    }

    /// What was written since the last call, after checking that the bus received the same (promise B2).
    pub(crate) async fn events(&self) -> Vec<Event> {
        const SINCE: &str = "select id, body from events where id > $1 order by id";
        let last = self.last.borrow().clone();
        let rows = self
            .store
            .read(move |tx| tx.all::<(String, String)>(SINCE, params![last]));
        let rows = rows.await.unwrap();
        let written: Vec<Event> = rows
            .iter()
            .map(|(_, body)| serde_json::from_str(body).unwrap())
            .collect();
        let mut announced = Vec::new();
        while let Ok(batch) = self.announced.borrow_mut().try_recv() {
            announced.extend(batch.iter().cloned());
        }
        assert_eq!(written, announced, "{}", self.database);
        if let Some((id, _)) = rows.last() {
            id.clone_into(&mut self.last.borrow_mut());
        }
        written
    }

    /// The one event written since the last call, after checking that it is of this kind, about this record of ours and
    /// by this user.
    pub(crate) async fn event(&self, kind: &str, by: &Person, path: &str) -> Event {
        let events = self.events().await;
        let [event] = events.as_slice() else {
            panic!("{}: not one {kind} but {events:?}", self.database);
        };
        assert_eq!(event.kind.name(), kind, "{}", self.database);
        assert_eq!(event.audience, Audience::Company(self.ours));
        assert_eq!(event.actor, Some(by.id));
        let subject = format!("/{}s/{}", event.subject.kind.name(), event.subject.id);
        assert_eq!(subject, path, "{}", self.database);
        assert_eq!(event.subject.kind.name(), event.kind.category());
        assert_eq!(event.at, self.clock.now());
        assert_eq!(event.severity.is_some(), event.kind.category() == "finding");
        event.clone()
    }

    /// The names of what was written since the last call.
    pub(crate) async fn kinds(&self) -> Vec<&'static str> {
        self.events()
            .await
            .iter()
            .map(|event| event.kind.name())
            .collect()
    }
}

fn router(access: &Access, store: &Store, settings: Settings) -> Router {
    let (router, _) = records::router::records()
        .merge(records::router::bulk())
        .split_for_parts();
    testkit::guarded(router.with_state(Records::new(store.clone(), settings)), access)
}
