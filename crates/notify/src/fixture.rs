//! A fixture for the tests of this crate: both databases, a company with people, an engine whose messages go to the
//! test instead of out.

mod receiver;
mod running;

use std::{future::Future, time::Duration};

use access::{Access, Role, testing as people};
use axum::Router;
use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType, Time};
use serde_json::Value as Json;
use store::{MigrationSet, Store};
use testkit::Client;

use crate::{
    Doorbell, Engine,
    channel::Channel,
    channels::{Channels, SigningMaster, destination::Hosts, email},
    destinations::{New, Owner},
    egress, engine, router,
    target::UrlTarget,
};

/// The fixture's tables.
pub(crate) static SETS: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, crate::MIGRATIONS];

pub(crate) use receiver::{Answer, Arrival, FakeReceiver, Received, next};
pub(crate) use running::Running;

/// How long a test waits for something: far longer than it takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The start time of every test.
pub(crate) const START: Time = Time::from_nanos(1_790_000_000_000_000_000);

/// How many messages were accepted.
pub(crate) const DELIVERED: &str = "select count(*) from deliveries where state = 'delivered'";

/// A company with people, on one database.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) channels: Channels,
    pub(crate) doorbell: Doorbell,
    pub(crate) company: Id,
    /// Members of the company: `ana@example.com` and `ben@example.com`.
    pub(crate) ana: Id,
    pub(crate) ben: Id,
    /// An administrator of the platform.
    pub(crate) root: Id,
}

/// The same fixture on each database.
pub(crate) async fn fixtures() -> Vec<Fixture> {
    fixtures_with(SETS).await
}

/// The same with these tables: those of an earlier version, which the test migrates.
pub(crate) async fn fixtures_with(sets: &'static [MigrationSet]) -> Vec<Fixture> {
    let clock = Clock::manual(START);
    let mut fixtures = Vec::new();
    for (name, store) in store::testing::stores_with(clock.clone(), sets).await {
        let access = people::access(&store);
        let company = people::company(&store, "Acme").await;
        let ana = people::user(&store, "ana@example.com").await;
        let ben = people::user(&store, "ben@example.com").await;
        let root = people::admin(&store, "root@example.com").await;
        for user in [ana, ben] {
            people::member(&store, company, user, Role::Analyst).await;
        }
        fixtures.push(Fixture {
            name,
            clock: clock.clone(),
            store,
            access,
            channels: channels(&clock, egress::Options::default()),
            doorbell: Doorbell::new(),
            company,
            ana,
            ben,
            root,
        });
    }
    fixtures
}

fn channels(clock: &Clock, egress: egress::Options) -> Channels {
    let options = crate::channels::Options {
        public_url: "https://campanile.example".to_owned(),
        hosts: Hosts::default(),
        egress,
        email: email::Options {
            smtp_url: None,
            from: "campanile@example.com".to_owned(),
            folder: std::env::temp_dir(),
            ca_file: None,
            timeout: Duration::from_secs(1),
        },
        signing: SigningMaster(vec![7; 32]),
        chat_timeout: Duration::from_secs(1),
        webhook_timeout: Duration::from_secs(1),
    };
    Channels::new(options, clock.clone()).unwrap()
}

impl Fixture {
    /// The same fixture, whose webhooks may lead to this machine.
    pub(crate) fn reaching_this_machine(mut self) -> Self {
        let egress = egress::Options {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..egress::Options::default()
        };
        self.channels = channels(&self.clock, egress);
        self
    }

    /// The same fixture, with this resolve entry: `host:port:address`.
    pub(crate) fn resolving(mut self, to: &str) -> Self {
        let egress = egress::Options {
            resolve: vec![to.parse().unwrap()],
            ..egress::Options::default()
        };
        self.channels = channels(&self.clock, egress);
        self
    }

    /// An event of the company, with a title.
    pub(crate) fn event(&self, kind: Kind, users: &[Id], teams: &[Id]) -> Event {
        let subject = Subject {
            kind: SubjectType::Finding,
            id: self.clock.id(),
        };
        let mut event = Event::new(&self.clock, kind, Audience::Company(self.company), subject);
        event.severity = kind.about().severity.then_some(Severity::High);
        event.assignee_users = users.to_vec();
        event.assignee_teams = teams.to_vec();
        event.data.insert("title".into(), "SQL injection".into());
        event.data.insert("company_name".into(), "Acme".into());
        event
    }

    /// Emits it.
    pub(crate) async fn emit(&self, event: Event) -> Id {
        let id = event.id;
        self.store.write(move |tx| tx.emit(event)).await.unwrap();
        id
    }

    /// Assigns a high finding to these people.
    pub(crate) async fn assign(&self, users: &[Id], teams: &[Id]) -> Id {
        self.emit(self.event(Kind::FindingAssigned, users, teams)).await
    }

    /// A team of the company, with its URLs, which are not checked here.
    pub(crate) async fn team(&self, name: &str, members: &[Id], urls: &[(Channel, &str)]) -> Id {
        let team = people::team(&self.access, self.company, name, members).await;
        for (channel, url) in urls {
            self.save_url(team, *channel, url).await;
        }
        team
    }

    /// Saves a URL of a team, the same or a new one.
    pub(crate) async fn save_url(&self, team: Id, channel: Channel, url: &str) {
        let vault = self.access.vault().clone();
        let url = UrlTarget::new(&vault, access::Secret::new(url));
        let company = Some(self.company);
        let save = move |tx: &mut store::Tx<'_>| {
            let new = New {
                owner: Owner::Team(team),
                company,
                channel,
                url: &url,
            };
            crate::destinations::save(tx, &vault, &new).map(drop)
        };
        self.store.write(save).await.unwrap();
    }

    /// Removes a team, although records may name it.
    pub(crate) async fn forget_team(&self, team: Id) {
        let forget =
            move |tx: &mut store::Tx<'_>| tx.execute("delete from teams where id = $1", store::params![team]);
        self.store.write(forget).await.unwrap();
    }

    /// The rows of a query, each column as text.
    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<(String,)> {
        self.store.read(move |tx| tx.all(sql, &[])).await.unwrap()
    }

    /// Calls the API as this person, in a session: status and body.
    pub(crate) async fn call(&self, user: Id, method: &str, path: &str, body: Json) -> (u16, Json) {
        let session = people::session(&self.access, user).await;
        self.call_with(&session, method, path, body).await
    }

    /// The same with an API token of theirs: what a token does is nobody's own action.
    pub(crate) async fn call_by_token(&self, user: Id, method: &str, path: &str, body: Json) -> (u16, Json) {
        let token = people::token(&self.access, user).await;
        self.call_with(&token, method, path, body).await
    }

    async fn call_with(&self, credential: &str, method: &str, path: &str, body: Json) -> (u16, Json) {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let client = Client::new(&self.router(), self.name).bearer(credential);
        let answer = client.raw(method, path, Some(("application/json", bytes))).await;
        let body = serde_json::from_slice(&answer.bytes).unwrap_or(Json::Null);
        (answer.status.as_u16(), body)
    }

    /// The status for a caller without a session.
    pub(crate) async fn without_session(&self, method: &str, path: &str) -> u16 {
        let client = Client::new(&self.router(), self.name);
        client.send(method, path, None).await.status.as_u16()
    }

    /// The body of a GET, which must answer 200.
    pub(crate) async fn get(&self, user: Id, path: &str) -> Json {
        let (status, body) = self.call(user, "GET", path, Json::Null).await;
        assert_eq!(status, 200, "{}: {path}: {body}", self.name);
        body
    }

    fn router(&self) -> Router {
        let state = crate::http::State {
            access: self.access.clone(),
            channels: self.channels.clone(),
            doorbell: self.doorbell.clone(),
            company_of: self.company_of(),
            unread_after: Duration::from_hours(4),
            managers: crate::http::Managers {
                email_domains: vec!["acme.example".to_owned()],
                hosts: vec!["hooks.acme.example".to_owned()],
            },
        };
        let (router, document) = router::notifications()
            .merge(router::previews())
            .merge(router::tests())
            .split_for_parts();
        assert_eq!(document.paths.paths.len(), 31, "every path is documented");
        testkit::guarded(router.with_state(state), &self.access)
    }

    /// Every record is in the company.
    fn company_of(&self) -> crate::http::CompanyOf {
        let company = self.company;
        std::sync::Arc::new(move |_, _, _| Ok(Some(company)))
    }

    /// The number that a query returns.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let (count,) = self
            .store
            .read(move |tx| tx.one::<(i64,)>(sql, &[]))
            .await
            .unwrap()
            .unwrap();
        count
    }

    /// Waits until the query returns `count`, without a clock: by polling.
    pub(crate) async fn until(&self, sql: &'static str, count: i64) {
        self.counted(sql, count, |now| now == count).await;
    }

    /// Waits until it counts this many or more: if more may follow before anything looks.
    pub(crate) async fn until_at_least(&self, sql: &'static str, count: i64) {
        self.counted(sql, count, |now| now >= count).await;
    }

    async fn counted(&self, sql: &'static str, count: i64, enough: impl Fn(i64) -> bool) {
        let asking = async {
            while !enough(self.count(sql).await) {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, asking).await.is_err() {
            let now = self.count(sql).await;
            panic!("{}: {sql}: {now} instead of {count}", self.name);
        }
    }

    /// Runs an engine until it is stopped.
    pub(crate) fn engine(&self, fake: &FakeReceiver) -> Running {
        // The tests' clock stops while the engine waits for a busy database, so it does not wait.
        let options = engine::Options {
            pause: Duration::ZERO,
            ..engine::Options::default()
        };
        self.engine_with(fake, options)
    }

    /// The same with other options.
    pub(crate) fn engine_with(&self, fake: &FakeReceiver, options: engine::Options) -> Running {
        let engine = Engine::sending(
            self.access.clone(),
            self.channels.clone(),
            self.doorbell.clone(),
            options,
            fake.send(),
        );
        Running::start(engine)
    }
}

/// The result of a future, within a time that no test needs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}
