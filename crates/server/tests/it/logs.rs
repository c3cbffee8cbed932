//! The log, at its most verbose level, contains no secret.

use std::fs::File;

use reqwest::Method;
use serde_json::{Value, json};

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
        let world = World::create(&admin, process.address()).await;
        let analyst = world.sign_in("ana").await;
        let created = admin.post("/tokens", json!({"name": "ci"})).await;
        let token = created.text("token");
        created.expect(201);
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
            let page = admin.get("/deliveries?state=written").await.expect(200);
            page["items"].get(0).cloned()
        })
        .await;
        tokio::task::spawn_blocking(move || process.terminate())
            .await
            .unwrap();

        let log = std::fs::read_to_string(log).unwrap();
        assert!(
            log.contains("\"route\":\"/api/v1/auth/login\""),
            "{}: requests are logged",
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

/// The log lines about refused requests, by status.
fn denied(log: &str, status: u16) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["message"] == "denied" && line["status"] == status)
        .collect()
}

// issue 18, line 4
#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_are_logged_once_a_minute() {
    let database = databases().await.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let more = [
        ("CAMPANILE_LOG__LEVEL", "info".to_owned()),
        ("CAMPANILE_LOGIN__ATTEMPTS", "5".to_owned()),
    ];
    let process = Process::start_with_log(&database, &more, File::create(&log).unwrap().into()).unwrap();
    let admin = process.admin().await;
    let nobody = crate::support::Client::new(process.address());
    for n in 0..5 {
        let wrong = json!({"email": "someone@campanile.test", "password": format!("hunter2-{n}")});
        nobody.post("/auth/login", wrong).await.expect(401);
    }
    let refused = json!({"email": "someone@campanile.test", "password": "hunter2"});
    nobody.post("/auth/login", refused).await.expect(429);
    let wrong = json!({"current_password": "hunter2", "new_password": "quite another password"});
    admin.post("/me/password", wrong).await.expect(422);
    let too_short = json!({"current_password": "hunter2", "new_password": "short"});
    admin.post("/me/password", too_short).await.expect(422);
    let token = admin.post("/tokens", json!({"name": "ci"})).await.text("token");
    let by_token = admin.clone().with_token(&token);
    for _ in 0..3 {
        let request = by_token.request(Method::GET, "/sessions?x=hunter2");
        by_token
            .send(request.header("x-request-id", "job-17"))
            .await
            .expect(403);
    }
    tokio::task::spawn_blocking(move || process.terminate())
        .await
        .unwrap();

    let log = std::fs::read_to_string(log).unwrap();
    for (status, route) in [
        (401, "/api/v1/auth/login"),
        (429, "/api/v1/auth/login"),
        (422, "/api/v1/me/password"),
        (403, "/api/v1/sessions"),
    ] {
        let lines = denied(&log, status);
        assert_eq!(lines.len(), 1, "{status}: {log}");
        let line = &lines[0];
        assert_eq!(
            (&line["route"], &line["peer"]),
            (&json!(route), &json!("127.0.0.1"))
        );
        assert_eq!(line["times"], 1, "{line}");
        assert!(!line["request_id"].as_str().unwrap().is_empty(), "{line}");
        assert!(line["reason"].as_str().unwrap().len() > 10, "{line}");
    }
    assert_eq!(denied(&log, 403)[0]["request_id"], "job-17");
    for secret in ["hunter2", &token] {
        assert!(!log.contains(secret), "{secret}");
    }
}
