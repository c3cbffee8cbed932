//! The live stream over the real access and the real store, on each database: what is written reaches the right
//! tabs after its commit, and what access takes away it takes from open streams too.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

#[path = "../../realtime/tests/it/support/client.rs"]
#[expect(dead_code, reason = "shared with the stream's own tests")]
mod client;
#[path = "stream/elsewhere.rs"]
mod elsewhere;
#[path = "stream/failing.rs"]
mod failing;

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

/// Where the data is.
#[derive(Clone)]
struct Place {
    database: &'static str,
    url: String,
    clock: Clock,
    /// What must live as long.
    _folder: Arc<TempDir>,
}

impl Place {
    /// An empty database of each kind at hand.
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
struct House {
    database: &'static str,
    place: Place,
    store: Store,
    access: Access,
    hub: Hub,
    router: Router,
    address: SocketAddr,
    company: Id,
    /// An administrator's token.
    root: String,
}

async fn houses() -> Vec<House> {
    houses_with(Clock::system()).await
}

async fn houses_with(clock: Clock) -> Vec<House> {
    let mut houses = Vec::new();
    for place in Place::each(&clock).await {
        let store = place.store().await;
        let access = people::access(&store);
        let company = people::company(&store, "Acme").await;
        let admin = people::admin(&store, "root@example.com").await;
        let root = people::session(&access, admin).await;
        houses.push(House::start(place, access, (company, root)).await);
    }
    houses
}

impl House {
    async fn start(place: Place, access: Access, (company, root): (Id, String)) -> Self {
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
            .merge(people_routes().with_state(access.clone()))
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
    async fn beside(&self) -> Self {
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

fn people_routes() -> Router<Access> {
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
async fn a_commit_reaches_those_who_may_see_it() {
    for house in houses().await {
        let (store, access) = (&house.store, &house.access);
        let member = house.member("ana@example.com").await;
        let stranger = people::user(store, "eve@example.com").await;
        let mut seeing = [
            house.open(&people::session(access, member).await).await,
            house.open(&people::token(access, member).await).await,
            house.open(&house.root).await,
        ];
        let mut other = house.open(&people::session(access, stranger).await).await;
        let id = house.change().await;
        for client in &mut seeing {
            assert_eq!(client.next_id().await.as_ref(), Some(&id), "{}", house.database);
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
                house.database
            );
        }
    }
}

// promise: E8
#[tokio::test]
async fn whatever_takes_access_away_ends_the_streams_that_rested_on_it() {
    for house in houses().await {
        let ana = house.member("ana@example.com").await;
        let company = house.company;
        let member = format!("/companies/{company}/members/{ana}");
        let user = format!("/users/{ana}");
        let mut witness = house.open(&house.root).await;
        let role = json!({"role": "viewer"});
        // What takes it away, what gives it back, and whether a new stream is refused meanwhile.
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
            let token = people::session(&house.access, ana).await;
            let mut client = house.open(&token).await;
            let before = house.change().await;
            assert_eq!(client.next_id().await, Some(before.clone()));
            assert_eq!(witness.next_id().await, Some(before));
            let (status, answer) = house.call(&house.root, method, path, body).await;
            assert!(
                status.is_success(),
                "{}: {method} {path} {status} {answer}",
                house.database
            );
            let after = house.change().await;
            let started = Instant::now();
            assert_eq!(client.next().await, None, "{}: {method} {path}", house.database);
            assert!(started.elapsed() < Duration::from_secs(1));
            assert_eq!(witness.next_id().await, Some(after));
            if refused {
                assert_eq!(house.try_open(&token).await.unwrap_err().status, 401);
            } else {
                let mut again = house.open(&token).await;
                let unseen = house.change().await;
                assert!(again.quiet().await);
                assert_eq!(witness.next_id().await, Some(unseen));
            }
            if let Some((method, path, body)) = back {
                let (status, _) = house.call(&house.root, method, path, body.clone()).await;
                assert!(status.is_success());
            }
        }
    }
}

// promise: E8
#[tokio::test]
async fn the_end_of_a_session_or_token_ends_its_streams() {
    for house in houses().await {
        let ana = house.member("ana@example.com").await;
        let session = people::session(&house.access, ana).await;
        let (status, made) = house
            .call(&session, "POST", "/tokens", json!({"name": "feed"}))
            .await;
        assert_eq!(status, StatusCode::CREATED);
        let token = made["token"].as_str().unwrap();
        let (mut by_session, mut by_token) = (house.open(&session).await, house.open(token).await);

        let path = format!("/tokens/{}", made["id"].as_str().unwrap());
        let (status, _) = house.call(&session, "DELETE", &path, Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let id = house.change().await;
        assert_eq!(by_token.next().await, None, "{}", house.database);
        assert_eq!(by_session.next_id().await, Some(id));
        assert_eq!(house.try_open(token).await.unwrap_err().status, 401);

        let (status, _) = house.call(&session, "POST", "/auth/logout", Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        house.change().await;
        assert_eq!(by_session.next().await, None, "{}", house.database);
        assert_eq!(house.try_open(&session).await.unwrap_err().status, 401);
    }
}

// promise: E1
#[tokio::test]
async fn a_ticket_opens_one_stream_for_the_session_that_asked() {
    for house in houses().await {
        let ana = house.member("ana@example.com").await;
        let session = people::session(&house.access, ana).await;
        let cookie = format!("Cookie: campanile_session={session}");
        let (status, _) = Client::post(house.address, "/stream/tickets", &[]).await;
        assert_eq!(status, 401);
        let (status, _) = Client::post(house.address, "/stream/tickets", &[&cookie]).await;
        assert_eq!(status, 403, "a write with the cookie must be ours");
        let ours = "Sec-Fetch-Site: same-origin";
        let (status, ticket) = Client::post(house.address, "/stream/tickets", &[&cookie, ours]).await;
        assert_eq!(status, 201);
        let ticket: Value = serde_json::from_str(&ticket).unwrap();
        let path = format!("{PATH}?ticket={}", ticket["ticket"].as_str().unwrap());
        let mut client = Client::open(house.address, &path, &[]).await.unwrap();
        assert_eq!(client.next_type().await.as_deref(), Some("ping"));
        let id = house.change().await;
        assert_eq!(client.next_id().await, Some(id));
        let again = Client::open(house.address, &path, &[]).await.unwrap_err();
        assert_eq!(again.status, 401);
        let bearer = format!("Authorization: Bearer {}", ticket["ticket"].as_str().unwrap());
        let elsewhere = Client::post(house.address, "/stream/tickets", &[&bearer]).await;
        assert_eq!(elsewhere.0, 401, "a ticket is for the stream only");
    }
}
