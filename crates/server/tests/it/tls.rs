//! TLS in the server's own process: both versions of HTTP, the stream over each, renewed certificates.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use base::{Clock, Time};
use campanile::app::App;
use futures_util::StreamExt;
use notify::testing::Ca;
use reqwest::{Method, Version, header};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{ADMIN, ADMIN_PASSWORD, Client, Database, PASSWORD, World, databases, eventually};

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// How soon a revoked stream ends.
const SOON: Duration = Duration::from_secs(1);

/// More frames than the buffers between a server and a client that does not read can hold.
const ENOUGH: usize = 1_000;

/// The whole server with TLS, and the authority that its clients trust.
struct Fixture {
    app: App,
    clock: Clock,
    authority: PathBuf,
    folder: TempDir,
}

impl Fixture {
    async fn start(database: &Database, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, settings) = issue(&folder);
        let app = database.start(&settings, clock.clone()).await;
        Self {
            app,
            clock,
            authority,
            folder,
        }
    }

    fn client(&self, version: Version) -> Client {
        Client::secure(self.app.address(), version, &self.authority)
    }

    async fn admin(&self) -> Client {
        self.client(Version::HTTP_2)
            .signed_in(ADMIN, ADMIN_PASSWORD)
            .await
    }

    async fn person(&self, name: &str, version: Version) -> Client {
        let email = format!("{name}@campanile.test");
        self.client(version).signed_in(&email, PASSWORD).await
    }
}

/// Issues a certificate of a new authority where the server expects it; returns the authority's certificate and the settings.
fn issue(folder: &TempDir) -> (PathBuf, [(&'static str, String); 2]) {
    let ca = Ca::new();
    let (cert, key) = ca.server_files(folder.path(), &["127.0.0.1"]);
    let settings = [
        ("CAMPANILE_TLS__CERT_FILE", cert.display().to_string()),
        ("CAMPANILE_TLS__KEY_FILE", key.display().to_string()),
    ];
    (ca.file(folder.path()), settings)
}

fn manual() -> Clock {
    Clock::manual(Time::from_nanos(1_790_000_000_000_000_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_http_work_and_the_cookie_is_secure() {
    for database in databases().await {
        let fixture = Fixture::start(&database, Clock::system()).await;
        for version in VERSIONS {
            let client = fixture.client(version);
            let health = client.request(Method::GET, "/healthz").send().await.unwrap();
            assert_eq!((health.status().as_u16(), health.version()), (200, version));
            let login = json!({"email": ADMIN, "password": ADMIN_PASSWORD}).to_string();
            let login = client
                .request(Method::POST, "/auth/login")
                .header(header::CONTENT_TYPE, "application/json")
                .body(login);
            let login = login.send().await.unwrap();
            assert_eq!(login.status(), 200, "{version:?}");
            let cookie = login.headers()[header::SET_COOKIE].to_str().unwrap();
            assert!(cookie.contains("; Secure"), "{cookie}");
        }
        fixture.app.stop().await;
    }
}

// promise: E7
#[tokio::test(flavor = "multi_thread")]
async fn the_stream_works_over_both_versions() {
    for database in databases().await {
        let fixture = Fixture::start(&database, Clock::system()).await;
        let admin = fixture.admin().await;
        let world = World::create(&admin, fixture.app.address()).await;
        let path = format!("/projects/{}", world.project);
        for version in VERSIONS {
            let mut ana = fixture.person("ana", version).await.stream().await;
            let mut otto = fixture.person("otto", version).await.stream().await;
            let change = json!({"name": format!("Web shop over {version:?}")});
            admin.call(Method::PATCH, &path, change).await.expect(200);
            let frame = ana.until("project.updated").await;
            assert_eq!(frame["subject"]["id"], world.project, "{version:?}");
            // The next one is the first he may see.
            let own = json!({"company_id": world.other, "name": "Own"});
            let own = admin.post("/projects", own).await.id();
            let frame = otto.next().await.unwrap();
            assert_eq!(frame["subject"]["id"], own, "{version:?}: {frame}");
        }
        fixture.app.stop().await;
    }
}

// promise: E8
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session() {
    for database in databases().await {
        let fixture = Fixture::start(&database, Clock::system()).await;
        World::create(&fixture.admin().await, fixture.app.address()).await;
        for version in VERSIONS {
            let ana = fixture.person("ana", version).await;
            let mut frames = ana.stream().await;
            let began = Instant::now();
            assert_eq!(ana.post("/auth/logout", Value::Null).await.status, 204);
            assert_eq!(frames.next().await, None, "{version:?}");
            assert!(began.elapsed() < SOON, "{version:?}: {:?}", began.elapsed());
        }
        fixture.app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_stream_ends_without_blocking_others() {
    let database = databases().await.remove(0);
    let fixture = Fixture::start(&database, manual()).await;
    let admin = fixture.admin().await;
    let world = World::create(&admin, fixture.app.address()).await;
    for (version, unread) in VERSIONS.into_iter().zip(1..) {
        let mut stalled = fixture.person("ana", version).await.stream().await;
        let mut witness = fixture.person("mara", version).await.stream().await;
        let witness = tokio::spawn(async move {
            for _ in 0..ENOUGH {
                witness.until("project.created").await;
            }
        });
        // About half a kilobyte each.
        let project = json!({"company_id": world.company, "name": "x".repeat(300)});
        futures_util::stream::iter(0..ENOUGH)
            .for_each_concurrent(8, |_| async {
                admin.post("/projects", project.clone()).await.id();
            })
            .await;
        witness.await.unwrap();
        let expected = format!("campanile_stream{{what=\"unread\"}} {unread}");
        eventually("the end of the stream", || async {
            fixture.clock.advance(Duration::from_secs(20));
            let figures = admin.get("/metrics").await.body;
            figures.as_str()?.contains(&expected).then_some(())
        })
        .await;
        while stalled.next().await.is_some() {}
    }
    fixture.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let database = databases().await.remove(0);
    let fixture = Fixture::start(&database, manual()).await;
    let first = fixture.client(Version::HTTP_2);
    assert_eq!(first.get("/healthz").await.status, 200);
    for _ in 0..2 {
        let broken = fixture.folder.path().join("server.key");
        std::fs::write(&broken, "not a key").unwrap();
        fixture.clock.advance(Duration::from_mins(2));
        assert_eq!(fixture.client(Version::HTTP_11).get("/healthz").await.status, 200);
        let (authority, _) = issue(&fixture.folder);
        eventually("the renewed certificate", || async {
            fixture.clock.advance(Duration::from_mins(2));
            let client = Client::secure(fixture.app.address(), Version::HTTP_2, &authority);
            client.request(Method::GET, "/healthz").send().await.ok()
        })
        .await;
    }
    // Existing connections stay.
    assert_eq!(first.get("/healthz").await.status, 200);
    fixture.app.stop().await;
}
