//! SIGTERM under load: it stops in time and loses nothing acknowledged.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::support::{Process, Server, World, databases};

const CALLERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_under_load_ends_in_time_and_loses_nothing() {
    for database in databases().await {
        let process = Process::start(&database, &[]).unwrap();
        let world = World::create(&process.admin().await, process.address()).await;
        let manager = world.sign_in("mara").await;
        let mut stream = manager.stream().await;
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (manager, acknowledged) = (manager.clone(), Arc::clone(&acknowledged));
                let finding = json!({
                    "company_id": world.company, "title": "under load", "severity": "low",
                    "assignee_user_ids": [world.analyst],
                });
                tokio::spawn(async move {
                    // Until the server has stopped.
                    while let Ok(response) = manager
                        .request(reqwest::Method::POST, "/findings")
                        .header("content-type", "application/json")
                        .body(finding.to_string())
                        .send()
                        .await
                    {
                        let status = response.status();
                        let Ok(text) = response.text().await else { break };
                        if status == 201 {
                            let finding: serde_json::Value = serde_json::from_str(&text).unwrap();
                            acknowledged
                                .lock()
                                .unwrap()
                                .insert(finding["id"].as_str().unwrap().to_owned());
                        }
                    }
                })
            })
            .collect();
        stream.until("finding.created").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (status, took) = tokio::task::spawn_blocking(move || process.terminate())
            .await
            .unwrap();
        assert!(status.success(), "{}: {status}", database.name);
        assert!(took < Duration::from_secs(10), "{}: {took:?}", database.name);
        for caller in callers {
            caller.await.unwrap();
        }
        let acknowledged = acknowledged.lock().unwrap().clone();
        assert!(
            acknowledged.len() > CALLERS,
            "{}: {} findings",
            database.name,
            acknowledged.len()
        );

        let again = Process::start(&database, &[]).unwrap();
        let manager =
            crate::support::Client::sign_in(again.address(), "mara@campanile.test", crate::support::PASSWORD)
                .await;
        let mut found = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = manager
                .get(&format!("/findings?limit=200{cursor}"))
                .await
                .expect(200);
            found.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert!(acknowledged.is_subset(&found), "{}: lost some", database.name);
        println!(
            "{}: {} findings acknowledged, stopped in {took:?}",
            database.name,
            acknowledged.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_token_is_saved_at_shutdown() {
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let admin = server.admin().await;
        let created = admin.post("/tokens", json!({"name": "ci"})).await;
        let program = admin.clone().with_token(&created.text("token"));
        program.get("/me").await.expect(200);
        server.stop().await;
        let server = Server::start(&database, &[]).await;
        let tokens = server.admin().await.get("/tokens").await.expect(200);
        assert!(
            tokens["items"][0]["last_used_at"].is_string(),
            "{}: {tokens}",
            database.name
        );
        server.stop().await;
    }
}
