//! One user or company can use up only their own share (promise U3).

use std::{net::SocketAddr, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::support::{Answer, Client, PASSWORD, Server, World, databases, eventually};

/// A call whose body never arrives while this is kept.
async fn stalled(address: SocketAddr, by: &Client, path: &str) -> TcpStream {
    let token = by.token.as_deref().unwrap();
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Asks until the share is exhausted. A call that arrives before a stalled one waits in its place, and the stalled one is refused: then
/// one more is needed.
async fn exhaust<A: Future<Output = Answer>, S: Future<Output = TcpStream>>(
    ask: impl Fn() -> A,
    held: &mut Vec<TcpStream>,
    stalled: impl Fn() -> S,
) {
    for _ in 0..30 {
        match tokio::time::timeout(Duration::from_secs(1), ask()).await {
            Ok(answer) if answer.status == 429 => return,
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(_) => held.push(stalled().await),
        }
    }
    panic!("the share is not exhausted");
}

/// Checks that this call is refused with a time to retry.
async fn refused(by: &Client, method: Method, path: &str, body: Option<&Value>) {
    let mut request = by.request(method, path);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let retry = response.headers().get("retry-after").cloned();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, 429, "{path}: {text}");
    let seconds: u64 = retry.unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{path}: {seconds}");
}

// promise: U3
#[tokio::test(flavor = "multi_thread")]
async fn constant_password_changes_do_not_block_sign_ins() {
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let world = World::create(&server.admin().await, server.address()).await;
        let ana = world.sign_in("ana").await;
        let mut storm = JoinSet::new();
        for _ in 0..90 {
            let ana = ana.clone();
            storm.spawn(async move {
                let body = json!({"current_password": PASSWORD, "new_password": PASSWORD});
                ana.post("/me/password", body).await.status.as_u16()
            });
        }
        let mut answers = Vec::new();
        for _ in 0..5 {
            let who = json!({"email": "otto@campanile.test", "password": PASSWORD});
            answers.push(
                Client::new(server.address())
                    .post("/auth/login", who)
                    .await
                    .status
                    .as_u16(),
            );
        }
        let storm = storm.join_all().await;
        assert_eq!(answers, [200; 5], "{}: during {storm:?}", database.name);
        assert!(
            storm.contains(&429) && !storm.contains(&503),
            "{}: {storm:?}",
            database.name
        );
        server.stop().await;
    }
}

// promise: U3
#[tokio::test(flavor = "multi_thread")]
async fn one_user_cannot_use_up_the_server_or_bulk_changes() {
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let world = World::create(&server.admin().await, server.address()).await;
        let (ana, otto) = (world.sign_in("ana").await, world.sign_in("otto").await);
        let address = server.address();
        let mut held = Vec::new();
        for path in ["/findings/bulk/status", "/findings/bulk/assignees"].repeat(5) {
            held.push(stalled(address, &ana, path).await);
        }
        // One is running and four wait; the others were refused.
        let bulk = json!({"finding_ids": [world.project], "status": "open"});
        let ask = || ana.post("/findings/bulk/status", bulk.clone());
        exhaust(ask, &mut held, || stalled(address, &ana, "/findings/bulk/status")).await;
        refused(&ana, Method::POST, "/findings/bulk/status", Some(&bulk)).await;
        assert_eq!(ana.get("/me").await.status, 200, "other calls go on");
        let theirs = otto.post("/findings/bulk/status", bulk.clone()).await;
        assert_eq!(theirs.status, 404, "{}", theirs.body);

        for _ in 0..40 {
            held.push(stalled(address, &ana, "/findings").await);
        }
        let ask = || ana.get("/me");
        exhaust(ask, &mut held, || stalled(address, &ana, "/findings")).await;
        refused(&ana, Method::GET, "/me", None).await;
        assert_eq!(otto.get("/me").await.status, 200);
        drop(held);
        eventually("the share again", || async {
            (ana.get("/me").await.status == 200).then_some(())
        })
        .await;
        server.stop().await;
    }
}

// promise: U3
#[tokio::test(flavor = "multi_thread")]
async fn searches_tests_and_previews_are_limited_per_user() {
    let limits = [
        ("CAMPANILE_LIMITS__SEARCHES_PER_MINUTE", "3".to_owned()),
        ("CAMPANILE_LIMITS__TESTS_PER_MINUTE", "3".to_owned()),
        ("CAMPANILE_LIMITS__RULE_PREVIEWS_PER_MINUTE", "3".to_owned()),
    ];
    for database in databases().await {
        let server = Server::start(&database, &limits).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let (mara, otto) = (world.sign_in("mara").await, world.sign_in("otto").await);
        let test = json!({"channel": "slack", "url": "https://hooks.slack.com/services/T1/B1/x"});
        let rule = json!({"event_type": "scan.failed", "channel": "email", "company_id": world.company,
            "recipients": {"user_ids": [world.analyst]}});
        for (method, path, body) in [
            (Method::GET, "/findings?text=x", None),
            (Method::POST, "/destinations/test", Some(&test)),
            (Method::POST, "/notification-rules/dry-run", Some(&rule)),
        ] {
            let call = async |by: &Client| {
                let answer = match body {
                    Some(body) => by.call(method.clone(), path, body.clone()).await,
                    None => by.get(path).await,
                };
                answer.status.as_u16()
            };
            for _ in 0..3 {
                assert_ne!(call(&mara).await, 429, "{}: {path}", database.name);
            }
            refused(&mara, method.clone(), path, body).await;
            assert_ne!(call(&otto).await, 429, "{}: {path}", database.name);
        }
        assert_eq!(mara.get("/findings").await.status, 200, "a list is not a search");
        for path in searchable() {
            refused(&mara, Method::GET, &format!("{path}?text=x"), None).await;
        }
        server.stop().await;
    }
}

/// Every searchable list of the OpenAPI document.
fn searchable() -> Vec<String> {
    let document: Value = serde_json::from_str(&campanile::router::document_text()).unwrap();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parameters = operations["get"]["parameters"].as_array().into_iter().flatten();
        let names: Vec<_> = parameters.map(|one| one["name"].as_str().unwrap()).collect();
        assert!(
            !names.contains(&"q") && !names.contains(&"search"),
            "{path}: searches are called text"
        );
        if names.contains(&"text") {
            found.push(path.strip_prefix("/api/v1").unwrap().to_owned());
        }
    }
    assert!(found.len() >= 8, "{found:?}");
    found
}

// issue 18, line 3; promise: U3
#[tokio::test(flavor = "multi_thread")]
async fn opening_streams_constantly_is_refused_for_that_user_only() {
    let database = databases().await.remove(0);
    let server = Server::start(&database, &[]).await;
    let world = World::create(&server.admin().await, server.address()).await;
    let (ana, otto) = (world.sign_in("ana").await, world.sign_in("otto").await);
    let open = async |by: &Client| by.request(Method::GET, "/stream").send().await.unwrap().status();
    let mut opened = 0;
    while open(&ana).await == 200 {
        opened += 1;
        assert!(opened < 1_000, "it never ends");
    }
    assert!(
        opened >= 200,
        "as many as browsers open after a restart: {opened}"
    );
    refused(&ana, Method::GET, "/stream", None).await;
    assert_eq!(open(&otto).await, 200);
}
