//! Two companies, people who may see one, both or none of them, and the calendar's route over the records.

use access::{Access, Role, testing};
use axum::Router;
use base::{Clock, Id, Severity, Time};
use calendar::Calendar;
use records::{Date, Named, findings, scans};
use serde_json::Value;
use store::{MigrationSet, Store};
use testkit::{Answer, Client};

use crate::add;

static TABLES: [MigrationSet; 3] = [store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

/// The start time of every test.
pub(crate) const START: &str = "2026-03-31T12:00:00Z";

/// A user with a token.
pub(crate) struct Person {
    pub(crate) id: Id,
    token: String,
    /// What a login returns.
    session: String,
}

pub(crate) struct World {
    pub(crate) database: &'static str,
    pub(crate) store: Store,
    pub(crate) access: Access,
    router: Router,
    pub(crate) ours: Named,
    pub(crate) theirs: Named,
    /// Two more, for tests that need many.
    pub(crate) more: [Named; 2],
    /// A viewer of ours, a member of both, of these and one more, one of none, an administrator.
    pub(crate) viewer: Person,
    pub(crate) both: Person,
    pub(crate) three: Person,
    pub(crate) nobody: Person,
    pub(crate) admin: Person,
}

/// A finding that a test needs.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) status: findings::Status,
    pub(crate) severity: Severity,
    pub(crate) sla: Option<Time>,
    pub(crate) retest: Option<Time>,
}

/// An open one without dates.
pub(crate) const PLAIN: Wanted = Wanted {
    status: findings::Status::Open,
    severity: Severity::High,
    sla: None,
    retest: None,
};

impl World {
    /// The world on each database.
    pub(crate) async fn all() -> Vec<Self> {
        Self::all_with(&Clock::manual(START.parse().unwrap())).await
    }

    /// The same with this clock.
    pub(crate) async fn all_with(clock: &Clock) -> Vec<Self> {
        let (mut worlds, clock) = (Vec::new(), clock.clone());
        for (database, store) in store::testing::stores_with(clock, &TABLES).await {
            worlds.push(Self::new(database, store).await);
        }
        worlds
    }

    async fn new(database: &'static str, store: Store) -> Self {
        let access = testing::access(&store);
        let ours = company(&store, "Ours").await;
        let theirs = company(&store, "Theirs").await;
        let more = [company(&store, "Third").await, company(&store, "Fourth").await];
        let admin = testing::admin(&store, "admin@example.org").await;
        let all = [ours.id, theirs.id, more[0].id];
        Self {
            database,
            router: router(&access),
            viewer: person(&access, "viewer", &all[..1]).await,
            both: person(&access, "both", &all[..2]).await,
            three: person(&access, "three", &all).await,
            nobody: person(&access, "nobody", &[]).await,
            admin: Person {
                id: admin,
                token: testing::token(&access, admin).await,
                session: testing::session(&access, admin).await,
            },
            ours,
            theirs,
            more,
            access,
            store,
        }
    }

    /// Requests the calendar: the status, the media type and the JSON.
    pub(crate) async fn ask(&self, by: Option<&Person>, query: &str) -> (u16, String, Value) {
        let client = self.client(by.map(|person| &*person.token));
        let answer = client.get(&format!("/calendar?{query}")).await;
        (answer.status.as_u16(), answer.media().to_owned(), answer.json())
    }

    /// Sends a request in a person's session.
    pub(crate) async fn send(
        &self,
        by: Option<&Person>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let client = self.client(by.map(|person| &*person.session));
        client.send(method, path, body).await
    }

    /// Fetches a feed by its path, optionally with the tag of an existing copy.
    pub(crate) async fn fetch(&self, path: &str, tag: Option<&str>) -> Answer {
        let mut client = self.client(None);
        if let Some(tag) = tag {
            client = client.with("if-none-match", tag);
        }
        client.get(path).await
    }

    /// Posts with an API token.
    pub(crate) async fn send_with_token(&self, by: &Person, path: &str, body: &Value) -> Answer {
        self.client(Some(&by.token)).send("POST", path, Some(body)).await
    }

    fn client(&self, credential: Option<&str>) -> Client {
        let client = Client::new(&self.router, self.database);
        match credential {
            Some(credential) => client.bearer(credential),
            None => client,
        }
    }

    /// The whole answer.
    pub(crate) async fn feed(&self, by: &Person, query: &str) -> Value {
        let (status, _, json) = self.ask(Some(by), query).await;
        assert_eq!(status, 200, "{}: {query}: {json}", self.database);
        json
    }

    /// The ids of the entries, in their order.
    pub(crate) async fn ids(&self, by: &Person, query: &str) -> Vec<String> {
        let feed = self.feed(by, query).await;
        let items = feed["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) async fn project(&self, company: &Named, days: [Option<Date>; 2]) -> Named {
        let company = company.clone();
        let made = self.store.write(move |tx| add::project(tx, &company, days));
        made.await.unwrap()
    }

    pub(crate) async fn agreement(&self, company: &Named, status: &'static str, expires: Date) -> Id {
        let company = company.id;
        let made = self
            .store
            .write(move |tx| add::agreement(tx, company, status, Some(expires)));
        made.await.unwrap()
    }

    pub(crate) async fn acceptance(
        &self,
        company: &Named,
        finding: Id,
        status: &'static str,
        ends: Time,
    ) -> Id {
        let company = company.id;
        let made = self
            .store
            .write(move |tx| add::acceptance(tx, company, finding, (status, ends)));
        made.await.unwrap()
    }

    pub(crate) async fn scan(
        &self,
        company: &Named,
        project: Option<&Named>,
        status: scans::Status,
        at: Time,
    ) -> Id {
        let place = add::place(company, project);
        let made = self.store.write(move |tx| add::scan(tx, &place, status, at));
        made.await.unwrap()
    }

    /// A finding, as `wanted` describes and assigned to these people.
    pub(crate) async fn finding(
        &self,
        company: &Named,
        project: Option<&Named>,
        wanted: Wanted,
        users: &[Id],
    ) -> Id {
        let (place, users) = (add::place(company, project), users.to_vec());
        let made = self
            .store
            .write(move |tx| add::finding(tx, &place, &wanted, &users));
        made.await.unwrap()
    }

    /// Deletes every record.
    pub(crate) async fn clear(&self) {
        self.store.write(add::clear).await.unwrap();
    }
}

async fn company(store: &Store, name: &str) -> Named {
    Named {
        id: testing::company(store, name).await,
        name: name.to_owned(),
    }
}

async fn person(access: &Access, name: &str, companies: &[Id]) -> Person {
    let made = testkit::Person::create(access, name, companies, Role::Viewer).await;
    Person {
        session: testing::session(access, made.id).await,
        id: made.id,
        token: made.token,
    }
}

fn router(access: &Access) -> Router {
    let (router, _) = calendar::router().split_for_parts();
    let state = Calendar::new(access.clone(), "https://campanile.example");
    testkit::guarded(router.with_state(state), access)
}

/// A time as the API writes it.
pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A plain finding with these dates.
pub(crate) fn due(sla: Option<&str>, retest: Option<&str>) -> Wanted {
    Wanted {
        sla: sla.map(time),
        retest: retest.map(time),
        ..PLAIN
    }
}
