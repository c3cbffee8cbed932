//! The log, at its most talkative, has no secret in it.

use std::fs::File;

use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Process, World, databases, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log() {
    for database in databases().await {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let more = [
            ("CAMPANILE_LOG__LEVEL", "debug".to_owned()),
            (
                "CAMPANILE_SECRET_KEY",
                "the key that seals what is stored".to_owned(),
            ),
        ];
        let process = Process::start_with_log(&database, &more, File::create(&log).unwrap().into()).unwrap();
        let admin = process.admin().await;
        let world = World::make(&admin, process.address()).await;
        let analyst = world.sign_in("ana").await;
        let made = admin.post("/tokens", json!({"name": "ci"})).await;
        let token = made.text("token");
        made.expect(201);
        let ticket = admin.post("/stream/tickets", json!({})).await.text("ticket");
        let refused = analyst.get(&format!("/companies?token={token}")).await;
        refused.expect(200);
        drop(
            analyst
                .request(Method::GET, &format!("/stream?token={token}"))
                .send()
                .await
                .unwrap(),
        );
        drop(
            analyst
                .request(Method::GET, &format!("/stream?ticket={ticket}"))
                .send()
                .await
                .unwrap(),
        );
        let feed = analyst.post("/me/calendar-feeds", json!({})).await.text("url");
        let feed_key = feed.rsplit('=').next().unwrap().to_owned();
        for key in [&feed_key, &feed_key.to_lowercase()] {
            let path = format!("/calendar.ics?key={key}");
            drop(analyst.request(Method::GET, &path).send().await.unwrap());
        }
        let wrong = json!({"email": "ana@campanile.test", "password": "hunter2hunter2"});
        admin.post("/auth/login", wrong).await.expect(401);
        let chat = json!({"slack_webhook_url": "https://hooks.slack.com/services/T1/B1/personalsecret"});
        analyst.call(Method::PUT, "/me/chat", chat).await.expect(200);
        let finding = world.finding(&admin, "critical").await;
        let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
        admin
            .post(&format!("/findings/{finding}/assignees"), assignees)
            .await
            .expect(200);
        eventually("a mail", || async {
            let page = admin.get("/deliveries?state=delivered").await.expect(200);
            page["items"].get(0).cloned()
        })
        .await;
        tokio::task::spawn_blocking(move || process.terminate())
            .await
            .unwrap();

        let log = std::fs::read_to_string(log).unwrap();
        assert!(
            log.contains("\"route\":\"/api/v1/auth/login\""),
            "{}: requests are in it",
            database.name
        );
        let key = &more[1].1;
        for secret in [
            &token,
            &ticket,
            PASSWORD,
            "hunter2",
            "secretsecret",
            "personalsecret",
            "$argon2",
            "cms_",
            "cmf_",
            &feed_key,
            key,
        ] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{}: {secret}", database.name);
        }
        if let Some((_, rest)) = database
            .url
            .split_once("://")
            .filter(|(_, rest)| rest.contains('@'))
        {
            let password = rest
                .split('@')
                .next()
                .and_then(|user| user.split_once(':'))
                .map(|(_, password)| password);
            let password = password.unwrap_or("no password in the URL");
            assert!(
                !log.contains(password),
                "{}: the database's password",
                database.name
            );
        }
    }
}
