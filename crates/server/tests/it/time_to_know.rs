//! Opening a record in a session counts as reading; that is saved after the response, never before it.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use base::{Bus, Clock};
use reqwest::Method;
use serde_json::{Value, json};
use store::Store;

use crate::support::{Client, Database, Outside, Server, World, databases, eventually};

/// How many events of a severity were read.
async fn read(manager: &Client, severity: &str) -> u64 {
    let answer = manager.get("/insights/time-to-know").await.expect(200);
    let severities = answer["severities"].as_array().unwrap();
    let one = severities.iter().find(|one| one["severity"] == severity);
    one.map_or(0, |one| one["read"].as_u64().unwrap())
}

async fn until_read(manager: &Client, severity: &str) {
    eventually("a first read", || async {
        (read(manager, severity).await > 0).then_some(())
    })
    .await;
}

/// A finding that the manager assigned to the analyst, once the analyst is notified of it.
async fn assigned(world: &World, mara: &Client, ana: &Client, severity: &str) -> String {
    let finding = world.finding(mara, severity).await;
    let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
    mara.post(&format!("/findings/{finding}/assignees"), assignees)
        .await
        .expect(200);
    eventually("the notification", || async {
        let inbox = ana
            .get("/notifications?event_type=finding.assigned")
            .await
            .expect(200);
        let items = inbox["items"].as_array().unwrap();
        let about = |row: &Value| row["data"]["finding_id"] == finding.as_str();
        items.iter().any(about).then_some(())
    })
    .await;
    finding
}

// promise: A4
#[tokio::test(flavor = "multi_thread")]
async fn a_record_opened_in_a_session_counts_as_read_and_one_fetched_by_token_does_not() {
    for database in databases().await {
        let outside = Outside::start().await;
        let server = Server::start(&database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let (mara, ana) = (world.sign_in("mara").await, world.sign_in("ana").await);
        let token = ana.post("/tokens", json!({"name": "ci"})).await.expect(201);
        let program = Client::new(server.address()).with_token(token["token"].as_str().unwrap());
        let high = assigned(&world, &mara, &ana, "high").await;
        let low = assigned(&world, &mara, &ana, "low").await;
        let medium = assigned(&world, &mara, &ana, "medium").await;
        // A program, users who were not notified, paths below the record, and a list of all of them.
        program.get(&format!("/findings/{high}")).await.expect(200);
        mara.get(&format!("/findings/{high}")).await.expect(200);
        ana.get(&format!("/findings/{high}/comments")).await.expect(200);
        ana.get("/findings").await.expect(200);
        // A login session, and one of the console.
        ana.get(&format!("/findings/{low}")).await.expect(200);
        until_read(&mara, "low").await;
        let login = json!({"email": "ana@campanile.test", "password": crate::support::PASSWORD});
        let session = ana.post("/auth/login", login).await.text("token");
        let nobody = Client::new(server.address());
        let request = nobody
            .request(Method::GET, &format!("/findings/{medium}"))
            .header("cookie", format!("{}={session}", access::SESSION_COOKIE));
        nobody.send(request).await.expect(200);
        until_read(&mara, "medium").await;
        assert_eq!(read(&mara, "high").await, 0, "{}", database.name);
        let metrics = admin.get("/metrics").await.body.as_str().unwrap().to_owned();
        for line in [
            "campanile_first_read_seconds_count{severity=\"low\"} 1",
            "campanile_first_read_seconds_count{severity=\"medium\"} 1",
            "campanile_openings_dropped 0",
        ] {
            assert!(metrics.contains(line), "{}: {line}: {metrics}", database.name);
        }
        assert!(!metrics.contains("campanile_first_read_seconds_count{severity=\"high\"}"));
        server.stop().await;
    }
}

/// Writes wait while this is held.
struct Lock {
    release: mpsc::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    store: Store,
}

impl Lock {
    async fn new(database: &Database) -> Self {
        let store = Store::open(store::Options::new(&database.url), Clock::system(), Bus::new())
            .await
            .unwrap();
        let on_postgres = database.name == "PostgreSQL";
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (ready, mut waiting) = tokio::sync::mpsc::channel(1);
        let writer = store.clone();
        let task = tokio::spawn(async move {
            let wait = move |tx: &mut store::Tx<'_>| {
                if on_postgres {
                    tx.execute("lock table first_reads in access exclusive mode", &[])?;
                } else {
                    tx.execute("update first_reads set events = events", &[])?;
                }
                ready.blocking_send(()).unwrap();
                let _ = released.lock().unwrap().recv();
                Ok::<_, store::Error>(())
            };
            writer.write(wait).await.unwrap();
        });
        waiting.recv().await.unwrap();
        Self { release, task, store }
    }

    async fn release(self) {
        self.release.send(()).unwrap();
        self.task.await.unwrap();
        self.store.close().await;
    }
}

// promise: A4
// promise: U3
#[tokio::test(flavor = "multi_thread")]
async fn opening_a_record_saves_nothing_before_the_response() {
    for database in databases().await {
        let outside = Outside::start().await;
        let server = Server::start(&database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let (mara, ana) = (world.sign_in("mara").await, world.sign_in("ana").await);
        let finding = assigned(&world, &mara, &ana, "high").await;
        let held = Lock::new(&database).await;
        let began = Instant::now();
        for _ in 0..20 {
            ana.get(&format!("/findings/{finding}")).await.expect(200);
        }
        let took = began.elapsed();
        held.release().await;
        assert!(took < Duration::from_secs(2), "{}: {took:?}", database.name);
        until_read(&mara, "high").await;
        server.stop().await;
    }
}
