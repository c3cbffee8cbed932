//! The live stream with real access control and store, on each database: writes reach the right
//! tabs after the commit, and revoked access also ends open streams.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot continue fails"
)]

#[path = "../../realtime/tests/it/support/client.rs"]
#[expect(dead_code, reason = "shared with the stream's own tests")]
mod client;
#[path = "stream/failing.rs"]
mod failing;
#[path = "stream/other_process.rs"]
mod other_process;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use access::{Access, Role, http, testing as people};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    middleware,
    routing::{delete, get, patch, post},
};
use base::{Audience, Bus, Clock, Event, Id, Kind, Subject, SubjectType};
use client::Client;
use realtime::{Bridge, Hub, Options, Streams};
use serde_json::{Value, json};
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;

const SETS: &[store::MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS];
const PATH: &str = "/stream";

/// How many connections each server has to its database.
const CONNECTIONS: usize = 4;

/// A database.
#[derive(Clone)]
struct TestDatabase {
    database: &'static str,
    url: String,
    clock: Clock,
    /// Kept alive as long.
    _folder: Arc<TempDir>,
}

impl TestDatabase {
    /// An empty database of each available kind.
    async fn each(clock: &Clock) -> Vec<Self> {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let file = format!("sqlite://{}", folder.path().join("test.db").display());
        let mut urls = vec![("SQLite", file)];
        if let Ok(server) = std::env::var(store::testing::POSTGRES) {
            let url = store::testing::postgres_url_with(&server, clock, SETS)
                .await
                .unwrap();
            urls.push(("PostgreSQL", url));
        }
        let place = |(database, url)| Self {
            database,
            url,
            clock: clock.clone(),
            _folder: Arc::clone(&folder),
        };
        urls.into_iter().map(place).collect()
    }

    async fn store(&self) -> Store {
        let mut options = store::Options::new(&self.url);
        options.connections = CONNECTIONS;
        let store = Store::open(options, self.clock.clone(), Bus::new())
            .await
            .unwrap();
        store.migrate(SETS).await.unwrap();
        store
    }
}

/// A server with one company, on one database.
struct Fixture {
    database: &'static str,
    place: TestDatabase,
    store: Store,
    access: Access,
    hub: Hub,
    router: Router,
    address: SocketAddr,
    company: Id,
    /// An administrator's token.
    root: String,
}

async fn fixtures() -> Vec<Fixture> {
    fixtures_with(Clock::system()).await
}

async fn fixtures_with(clock: Clock) -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for place in TestDatabase::each(&clock).await {
        let store = place.store().await;
        let access = people::access(&store);
        let company = people::company(&store, "Acme").await;
        let admin = people::admin(&store, "root@example.com").await;
        let root = people::session(&access, admin).await;
        fixtures.push(Fixture::start(place, access, (company, root)).await);
    }
    fixtures
}

impl Fixture {
    async fn start(place: TestDatabase, access: Access, (company, root): (Id, String)) -> Self {
        let store = access.store().clone();
        let (hub, shards) = Hub::new(&Options::default(), store.clock().clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        tokio::spawn(Bridge::new(hub.clone(), store.bus(), &access).run());
        let streams = Streams::new(hub.clone(), access.clone(), store.clock().clone());
        let guarded = Router::new()
            .route("/stream/tickets", post(realtime::http::ticket))
            .with_state(streams.clone())
            .merge(user_routes().with_state(access.clone()))
            .layer(middleware::from_fn_with_state(
                access.clone(),
                access::authenticate,
            ));
        let router = Router::new()
            .route(PATH, get(realtime::http::stream))
            .with_state(streams)
            .merge(guarded);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router.clone()).into_future());
        Self {
            database: place.database,
            place,
            store,
            access,
            hub,
            router,
            address,
            company,
            root,
        }
    }

    /// Another server on the same database.
    async fn second_server(&self) -> Self {
        let access = people::access(&self.place.store().await);
        let known = (self.company, self.root.clone());
        Self::start(self.place.clone(), access, known).await
    }

    async fn member(&self, email: &str) -> Id {
        let user = people::user(&self.store, email).await;
        people::member(&self.store, self.company, user, Role::Viewer).await;
        user
    }

    async fn try_open(&self, token: &str) -> Result<Client, client::Refusal> {
        let bearer = format!("Authorization: Bearer {token}");
        Client::open(self.address, PATH, &[&bearer]).await
    }

    async fn open(&self, token: &str) -> Client {
        let mut client = self.try_open(token).await.unwrap();
        assert_eq!(client.next().await.unwrap(), json!({"type": "ping"}));
        client
    }

    /// Records a change of a project of the company, with its event.
    async fn change(&self) -> String {
        let subject = Subject {
            kind: SubjectType::Project,
            id: self.store.clock().id(),
        };
        let audience = Audience::Company(self.company);
        let event = Event::new(self.store.clock(), Kind::ProjectUpdated, audience, subject);
        let id = event.id.to_string();
        self.store.write(move |tx| tx.emit(event)).await.unwrap();
        id
    }

    /// A request of the API.
    async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 100_000).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

fn user_routes() -> Router<Access> {
    Router::new()
        .route("/auth/logout", post(http::auth::logout))
        .route("/tokens", post(http::tokens::create))
        .route("/tokens/{id}", delete(http::tokens::delete))
        .route("/users/{id}", patch(http::users::update))
        .route("/companies/{id}", delete(http::companies::delete))
        .route(
            "/companies/{id}/members/{user_id}",
            axum::routing::put(http::members::put).delete(http::members::delete),
        )
}

// promise: B3, E7
#[tokio::test]
async fn a_commit_reaches_users_with_access() {
    for fixture in fixtures().await {
        let (store, access) = (&fixture.store, &fixture.access);
        let member = fixture.member("ana@example.com").await;
        let stranger = people::user(store, "eve@example.com").await;
        let mut seeing = [
            fixture.open(&people::session(access, member).await).await,
            fixture.open(&people::token(access, member).await).await,
            fixture.open(&fixture.root).await,
        ];
        let mut other = fixture.open(&people::session(access, stranger).await).await;
        let id = fixture.change().await;
        for client in &mut seeing {
            assert_eq!(client.next_id().await.as_ref(), Some(&id), "{}", fixture.database);
        }
        let failed = store
            .write(|tx| {
                let subject = Subject {
                    kind: SubjectType::Project,
                    id: tx.id(),
                };
                let audience = Audience::Company(subject.id);
                tx.emit(Event::new(tx.clock(), Kind::ProjectUpdated, audience, subject))?;
                Err::<(), _>(store::Error::Fault("the change fails"))
            })
            .await;
        assert!(failed.is_err());
        for client in seeing.iter_mut().chain([&mut other]) {
            assert!(
                client.quiet().await,
                "{}: nothing that did not commit",
                fixture.database
            );
        }
    }
}

// promise: E8
#[tokio::test]
async fn revoking_access_ends_the_streams_that_depend_on_it() {
    for fixture in fixtures().await {
        let ana = fixture.member("ana@example.com").await;
        let company = fixture.company;
        let member = format!("/companies/{company}/members/{ana}");
        let user = format!("/users/{ana}");
        let mut witness = fixture.open(&fixture.root).await;
        let role = json!({"role": "viewer"});
        // What revokes access, what restores it, and whether a new stream is refused meanwhile.
        for (method, path, body, back, refused) in [
            (
                "DELETE",
                &member,
                json!(null),
                Some(("PUT", &member, &role)),
                false,
            ),
            (
                "PATCH",
                &user,
                json!({"disabled": true}),
                Some(("PATCH", &user, &json!({"disabled": false}))),
                true,
            ),
            (
                "DELETE",
                &format!("/companies/{company}"),
                json!(null),
                None,
                false,
            ),
        ] {
            let token = people::session(&fixture.access, ana).await;
            let mut client = fixture.open(&token).await;
            let before = fixture.change().await;
            assert_eq!(client.next_id().await, Some(before.clone()));
            assert_eq!(witness.next_id().await, Some(before));
            let (status, answer) = fixture.call(&fixture.root, method, path, body).await;
            assert!(
                status.is_success(),
                "{}: {method} {path} {status} {answer}",
                fixture.database
            );
            let after = fixture.change().await;
            let started = Instant::now();
            assert_eq!(client.next().await, None, "{}: {method} {path}", fixture.database);
            assert!(started.elapsed() < Duration::from_secs(1));
            assert_eq!(witness.next_id().await, Some(after));
            if refused {
                assert_eq!(fixture.try_open(&token).await.unwrap_err().status, 401);
            } else {
                let mut again = fixture.open(&token).await;
                let unseen = fixture.change().await;
                assert!(again.quiet().await);
                assert_eq!(witness.next_id().await, Some(unseen));
            }
            if let Some((method, path, body)) = back {
                let (status, _) = fixture.call(&fixture.root, method, path, body.clone()).await;
                assert!(status.is_success());
            }
        }
    }
}

// promise: E8
#[tokio::test]
async fn the_end_of_a_session_or_token_ends_its_streams() {
    for fixture in fixtures().await {
        let ana = fixture.member("ana@example.com").await;
        let session = people::session(&fixture.access, ana).await;
        let (status, made) = fixture
            .call(&session, "POST", "/tokens", json!({"name": "feed"}))
            .await;
        assert_eq!(status, StatusCode::CREATED);
        let token = made["token"].as_str().unwrap();
        let (mut by_session, mut by_token) = (fixture.open(&session).await, fixture.open(token).await);

        let path = format!("/tokens/{}", made["id"].as_str().unwrap());
        let (status, _) = fixture.call(&session, "DELETE", &path, Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let id = fixture.change().await;
        assert_eq!(by_token.next().await, None, "{}", fixture.database);
        assert_eq!(by_session.next_id().await, Some(id));
        assert_eq!(fixture.try_open(token).await.unwrap_err().status, 401);

        let (status, _) = fixture.call(&session, "POST", "/auth/logout", Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        fixture.change().await;
        assert_eq!(by_session.next().await, None, "{}", fixture.database);
        assert_eq!(fixture.try_open(&session).await.unwrap_err().status, 401);
    }
}

// promise: E1
#[tokio::test]
async fn a_ticket_opens_one_stream_for_the_session_that_asked() {
    for fixture in fixtures().await {
        let ana = fixture.member("ana@example.com").await;
        let session = people::session(&fixture.access, ana).await;
        let cookie = format!("Cookie: campanile_session={session}");
        let (status, _) = Client::post(fixture.address, "/stream/tickets", &[]).await;
        assert_eq!(status, 401);
        let (status, _) = Client::post(fixture.address, "/stream/tickets", &[&cookie]).await;
        assert_eq!(status, 403, "a write with the cookie must be ours");
        let ours = "Sec-Fetch-Site: same-origin";
        let (status, ticket) = Client::post(fixture.address, "/stream/tickets", &[&cookie, ours]).await;
        assert_eq!(status, 201);
        let ticket: Value = serde_json::from_str(&ticket).unwrap();
        let path = format!("{PATH}?ticket={}", ticket["ticket"].as_str().unwrap());
        let mut client = Client::open(fixture.address, &path, &[]).await.unwrap();
        assert_eq!(client.next_type().await.as_deref(), Some("ping"));
        let id = fixture.change().await;
        assert_eq!(client.next_id().await, Some(id));
        let again = Client::open(fixture.address, &path, &[]).await.unwrap_err();
        assert_eq!(again.status, 401);
        let bearer = format!("Authorization: Bearer {}", ticket["ticket"].as_str().unwrap());
        let other_process = Client::post(fixture.address, "/stream/tickets", &[&bearer]).await;
        assert_eq!(other_process.0, 401, "a ticket is for the stream only");
    }
}
