//! Startup: one server per data folder, which nobody else can read, and the port opens at once.

use std::{
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use base::{Bus, Clock};
use reqwest::Method;
use serde_json::{Value, json};
use store::{Store, params};

use crate::support::{Client, Command, Database, Process, Server, World, empty_databases, eventually};

// issue 18, line 8
// promise: L6
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_data_folder_refuses_to_start() {
    for database in empty_databases().await {
        let mut first = Process::start(&database, &[]).unwrap();
        let refused = Command::new(&database, &[], &["serve"]).fails();
        let folder = database.data_dir().canonicalize().unwrap();
        assert!(
            refused.contains(&folder.display().to_string()),
            "{}: {refused}",
            database.name
        );
        // Everything else works next to it.
        Command::new(&database, &[], &["migrate"]).succeeds();
        Command::new(&database, &[], &["config"]).succeeds();
        Command::new(&database, &[], &["openapi"]).succeeds();
        Command::new(&database, &[], &["admin", "password", "eva@campanile.test"])
            .with_input("quite a long password")
            .succeeds();
        Client::sign_in(first.address(), "eva@campanile.test", "quite a long password").await;
        // A crash releases it.
        first.kill();
        eventually("its end", || {
            let ended = first.ended();
            async move { ended.then_some(()) }
        })
        .await;
        assert!(Process::start(&database, &[]).is_some(), "{}", database.name);
    }
}

/// Every file and folder below that others may read, write or enter.
fn open_to_others(path: &Path, found: &mut Vec<String>) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        found.push(format!("{} {mode:o}", path.display()));
    }
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            open_to_others(&entry.unwrap().path(), found);
        }
    }
}

// issue 18, line 14
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_writes_is_private() {
    for database in empty_databases().await {
        let folder = database.data_dir();
        // As an earlier version left it.
        for part in ["mail", "spool"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
            std::fs::set_permissions(folder.join(part), PermissionsExt::from_mode(0o755)).unwrap();
        }
        for file in ["mail/old.eml", "node"] {
            std::fs::write(folder.join(file), "").unwrap();
            std::fs::set_permissions(folder.join(file), PermissionsExt::from_mode(0o644)).unwrap();
        }
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let mut settings = Vec::new();
        if database.name == "SQLite" {
            let url = format!("sqlite://{}", folder.join("campanile.db").display());
            settings.push(("CAMPANILE_DATABASE_URL", url));
        }
        let process = Process::start(&database, &settings).unwrap();
        let admin = process.admin().await;
        let world = World::create(&admin, process.address()).await;
        let report = include_bytes!("../../src/demo/report.sarif").to_vec();
        let target = format!("company_id={}&project_id={}", world.company, world.project);
        admin.import(&target, report).await.expect(201);
        let finding = world.finding(&admin, "critical").await;
        let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
        admin
            .post(&format!("/findings/{finding}/assignees"), assignees)
            .await
            .expect(200);
        eventually("a mail", || async {
            let page = admin.get("/deliveries?state=written").await.expect(200);
            page["items"].get(0).cloned()
        })
        .await;
        let mut found = Vec::new();
        open_to_others(&folder, &mut found);
        assert!(found.is_empty(), "{}: {found:?}", database.name);
        assert!(std::fs::read_dir(folder.join("mail")).unwrap().count() > 1);
    }
}

/// An address that nobody listens on now.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The response of a path at the root, once the port is open.
async fn probe(client: &Client, path: &str) -> (u16, String) {
    eventually("an answer", || async {
        let response = client.request(Method::GET, path).send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    })
    .await
}

/// Begins to start a server on this address; the process is killed when dropped.
struct Starting(std::process::Child);

impl Starting {
    fn start(database: &Database, address: SocketAddr, more: &[(&str, String)]) -> Self {
        let listen = [("CAMPANILE_LISTEN", address.to_string())];
        let settings = database.settings(&[&listen[..], more].concat());
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_campanile"))
            .env_clear()
            .envs(settings)
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn store_of(database: &Database) -> Store {
    let options = store::Options::new(&database.url);
    Store::open(options, Clock::system(), Bus::new()).await.unwrap()
}

/// Holds a lock that migrations wait for, for this long.
fn hold_migrations(store: Store, postgres: bool, time: Duration) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let held = store.write(move |tx| {
            if postgres {
                tx.all::<(String,)>("select pg_advisory_xact_lock(727275)::text", &[])?;
            }
            std::thread::sleep(time);
            Ok::<_, store::Error>(())
        });
        held.await.unwrap();
    })
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn while_migrations_run_it_is_alive_and_not_ready() {
    for database in empty_databases().await {
        let store = store_of(&database).await;
        let held = hold_migrations(
            store.clone(),
            database.name == "PostgreSQL",
            Duration::from_secs(3),
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        let address = free();
        let _server = Starting::start(&database, address, &[]);
        let client = Client::new(address);
        assert_eq!(probe(&client, "/healthz").await.0, 200, "{}", database.name);
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{}: the port",
            database.name
        );
        let (status, words) = probe(&client, "/readyz").await;
        assert_eq!(status, 503, "{}: {words}", database.name);
        let status = eventually("the word", || async {
            let (status, words) = probe(&client, "/readyz").await;
            words.contains("migrating").then_some(status)
        })
        .await;
        assert_eq!(status, 503, "{}", database.name);
        let answer = client.get("/me").await;
        assert_eq!(answer.status, 503, "{}: {:?}", database.name, answer.body);
        held.await.unwrap();
        eventually("readiness", || async {
            (probe(&client, "/readyz").await.0 == 200).then_some(())
        })
        .await;
        store.close().await;
    }
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_does_not_delay_startup() {
    for database in empty_databases().await {
        let process = Process::start(&database, &[]).unwrap();
        let admin = process.admin().await;
        let world = World::create(&admin, process.address()).await;
        let report = include_bytes!("../../src/demo/report.sarif").to_vec();
        let query = format!("company_id={}&project_id={}", world.company, world.project);
        admin.import(&query, report).await.expect(201);
        assert!(process.terminate().0.success());
        // What a process leaves behind that crashes during an import.
        let store = store_of(&database).await;
        let lease = "insert into target_leases (target_id, scan_id, renewed_at) \
             select t.id, (select min(id) from scans), $1 from scan_targets t limit 1";
        let left = store.write(move |tx| {
            let now = tx.now();
            tx.execute(lease, params![now])
        });
        assert_eq!(left.await.unwrap(), 1, "{}", database.name);
        store.close().await;
        let start = Instant::now();
        let again = Process::start(&database, &[]).unwrap();
        again.admin().await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{}: {:?}",
            database.name,
            start.elapsed()
        );
    }
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn startup_waits_for_an_unavailable_database() {
    let Some(database) = empty_databases()
        .await
        .into_iter()
        .find(|it| it.name == "PostgreSQL")
    else {
        return;
    };
    let (user, rest) = database.url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let closed_address = free();
    let url = [(
        "CAMPANILE_DATABASE_URL",
        format!("{user}@{closed_address}/{name}"),
    )];
    let brief = [&url[..], &[("CAMPANILE_DATABASE__WAIT_SECONDS", "1".to_owned())]].concat();
    let refused = Command::new(&database, &brief, &["serve"]).fails();
    assert!(
        refused.contains("not available yet") && refused.contains("cannot be opened"),
        "{refused}"
    );

    let address = free();
    let _server = Starting::start(&database, address, &url);
    let client = Client::new(address);
    let (status, words) = probe(&client, "/readyz").await;
    assert_eq!(
        (status, words.contains("waiting for the database")),
        (503, true),
        "{words}"
    );
    let (server, listener) = (
        server.to_owned(),
        tokio::net::TcpListener::bind(closed_address).await.unwrap(),
    );
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                let mut to = tokio::net::TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    eventually("readiness", || async {
        (probe(&client, "/readyz").await.0 == 200).then_some(())
    })
    .await;
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_writer_makes_it_not_ready() {
    for database in empty_databases().await {
        let server = Server::start(&database, &[]).await;
        let client = Client::new(server.address());
        client.get("/readyz").await.expect(200);
        let store = store_of(&database).await;
        let lock = if database.name == "PostgreSQL" {
            "lock table write_probe in exclusive mode"
        } else {
            "delete from write_probe"
        };
        let (held, release) = std::sync::mpsc::channel::<()>();
        let release = std::sync::Arc::new(std::sync::Mutex::new(release));
        let holder = store.clone();
        let blocking = tokio::spawn(async move {
            let blocked = holder.write(move |tx| {
                tx.execute(lock, &[])?;
                let _ = release.lock().unwrap().recv();
                Ok::<_, store::Error>(())
            });
            blocked.await.unwrap();
        });
        let words = eventually("the reason", || async {
            let answer = client.get("/readyz").await;
            (answer.status == 503).then_some(answer.body)
        })
        .await;
        assert!(
            words["detail"]
                .as_str()
                .is_some_and(|words| words.contains("write")),
            "{words}"
        );
        drop(held);
        blocking.await.unwrap();
        eventually("readiness", || async {
            (client.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        store.close().await;
        server.stop().await;
    }
}

/// The address of the newest session.
async fn address_of_session(client: &Client) -> Value {
    let sessions = client.get("/sessions").await.expect(200);
    sessions["items"][0]["address"].clone()
}

async fn sign_in_from(client: &Client, from: &str, password: &str) -> (u16, Value) {
    let body = json!({"email": crate::support::ADMIN, "password": password}).to_string();
    let request = client
        .request(Method::POST, "/auth/login")
        .header("content-type", "application/json")
        .header("x-forwarded-for", from)
        .body(body);
    let answer = client.send(request).await;
    (answer.status.as_u16(), answer.body)
}

// issue 18, line 5
#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_each_client_has_its_own_address() {
    for database in empty_databases().await {
        let trusted = [("CAMPANILE_TRUSTED_PROXIES", "127.0.0.1/32".to_owned())];
        let server = Server::start(&database, &trusted).await;
        let client = Client::new(server.address());
        for number in 0..60 {
            let email = json!({"email": format!("{number}@example.com"), "password": "wrong password"});
            let request = client
                .request(Method::POST, "/auth/login")
                .header("content-type", "application/json")
                .header("x-forwarded-for", "203.0.113.9")
                .body(email.to_string());
            let status = client.send(request).await.status.as_u16();
            assert_eq!(
                status,
                if number < 50 { 401 } else { 429 },
                "{}: {number}",
                database.name
            );
        }
        let password = crate::support::ADMIN_PASSWORD;
        assert_eq!(
            sign_in_from(&client, "203.0.113.9", password).await.0,
            429,
            "{}",
            database.name
        );
        let (status, body) = sign_in_from(&client, "203.0.113.9, 198.51.100.7", password).await;
        assert_eq!(status, 200, "{}: {body}", database.name);
        let own = client.clone().with_token(body["token"].as_str().unwrap());
        assert_eq!(
            address_of_session(&own).await,
            "198.51.100.7",
            "{}",
            database.name
        );
        server.stop().await;
    }
}
