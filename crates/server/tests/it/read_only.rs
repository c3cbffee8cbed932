//! A start on a read-only database: reading and signing in work, and it reports why it is not ready.

use reqwest::Method;
use serde_json::json;
use store::testing;

use crate::support::{Client, Database, Process, World, databases};

async fn ready(client: &Client) -> (u16, String) {
    let response = client.request(Method::GET, "/readyz").send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Creates users and a finding, and stops cleanly.
async fn prepare(database: &Database, settings: &[(&str, String)]) -> World {
    let process = Process::start(database, settings).unwrap();
    let admin = process.admin().await;
    let world = World::create(&admin, process.address()).await;
    world.finding(&admin, "low").await;
    let ended = tokio::task::spawn_blocking(move || process.terminate()).await;
    assert!(ended.unwrap().0.success());
    world
}

/// Reading and signing in work, writing does not, and the reason is given.
async fn only_reads(process: &Process, world: &World, (reason, status): (&str, u16)) {
    let admin = process.admin().await;
    let list = admin.get("/findings").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let finding = json!({"company_id": world.company, "title": "x", "severity": "low"});
    let refused = admin.post("/findings", finding).await;
    assert_eq!(refused.status.as_u16(), status, "{:?}", refused.body);
    let (status, words) = ready(&admin).await;
    assert_eq!(status, 503, "{words}");
    assert!(words.contains(reason), "{words}");
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_read_only_postgresql_reads_and_reports_it() {
    let Some(database) = databases().await.into_iter().find(|one| one.name == "PostgreSQL") else {
        println!("skipped: {} names no server", testing::POSTGRES);
        return;
    };
    let world = prepare(&database, &[]).await;
    let name = database
        .url
        .split('?')
        .next()
        .and_then(|url| url.rsplit('/').next());
    let sql = format!(
        "alter database {} set default_transaction_read_only = on",
        name.unwrap()
    );
    let store = super::crash::open(&database).await;
    let set = store.write(move |tx| tx.execute(&sql, &[]));
    set.await.unwrap();
    store.close().await;
    let process = Process::start(&database, &[]).expect("a start");
    only_reads(&process, &world, ("read-only", 503)).await;
}
