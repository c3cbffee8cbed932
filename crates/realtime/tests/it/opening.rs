//! Who gets a stream, and what comes first.

use std::time::Duration;

use base::{Clock, Time};
use realtime::Options;
use serde_json::json;

use crate::support::{PATH, TICKETS, TestServer, client::Client, eventually, test_access::Fault};

// promise: E1
#[tokio::test]
async fn opens_for_a_bearer_token_a_query_token_a_cookie_and_a_ticket() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let bearer = format!("Authorization: Bearer {token}");
    let cookie = format!("Cookie: theme=dark; campanile_session={token}; a=b");
    let (status, ticket) = Client::post(server.address, TICKETS, &[&bearer]).await;
    assert_eq!(status, 201);
    let ticket: serde_json::Value = serde_json::from_str(&ticket).unwrap();
    let until: Time = ticket["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(until.since(server.clock.now()) <= Duration::from_secs(30));
    let by_ticket = format!("{PATH}?ticket={}", ticket["ticket"].as_str().unwrap());
    let by_token = format!("{PATH}?token={token}");
    for (path, headers) in [
        (PATH, vec![bearer.as_str()]),
        (by_token.as_str(), vec![]),
        (PATH, vec![cookie.as_str()]),
        (by_ticket.as_str(), vec![]),
    ] {
        let mut client = Client::open(server.address, path, &headers).await.unwrap();
        assert_eq!(client.next().await.unwrap(), json!({"type": "ping"}));
        let id = server.project_created(company);
        assert_eq!(client.next_id().await, Some(id));
        assert_eq!(client.header("content-type"), Some("text/event-stream"));
        assert_eq!(client.header("cache-control"), Some("no-store"));
        assert_eq!(client.header("x-accel-buffering"), Some("no"));
        assert_eq!(client.header("content-encoding"), None);
    }
    let used = Client::open(server.address, &by_ticket, &[]).await;
    assert_eq!(used.unwrap_err().status, 401, "a ticket is valid once");
}

// promise: E1
#[tokio::test]
async fn refuses_missing_and_invalid_credentials_and_uses_the_first_present() {
    let server = TestServer::start(&Options::default());
    let token = server.access.sign_in(server.access.administrator());
    let cookie = format!("Cookie: campanile_session={token}");
    let by_token = format!("{PATH}?token={token}");
    let bad = "Authorization: Bearer nonsense";
    let basic = "Authorization: Basic eDp5";
    for (path, headers) in [
        (PATH, vec![]),
        ("/api/v1/stream?token=", vec![]),
        (PATH, vec![bad]),
        (PATH, vec![bad, cookie.as_str()]),
        (by_token.as_str(), vec![bad]),
        ("/api/v1/stream?ticket=nonsense", vec![cookie.as_str()]),
        ("/api/v1/stream?token=nonsense", vec![cookie.as_str()]),
        (PATH, vec!["Cookie: campanile_session="]),
        (PATH, vec![basic]),
        (PATH, vec![basic, cookie.as_str()]),
    ] {
        let refusal = Client::open(server.address, path, &headers).await;
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.status, 401, "{path} {headers:?}");
        assert!(!refusal.body.contains("data:"), "no frame");
    }
    let (status, _) = Client::post(server.address, TICKETS, &[]).await;
    assert_eq!(status, 401);
    assert_eq!(server.hub.metrics().connections, 0);
}

// promise: E1
#[tokio::test]
async fn a_ticket_ends_with_its_session() {
    let server = TestServer::start(&Options::default());
    let token = server.access.sign_in(server.access.administrator());
    let bearer = format!("Authorization: Bearer {token}");
    let (_, ticket) = Client::post(server.address, TICKETS, &[&bearer]).await;
    let ticket: serde_json::Value = serde_json::from_str(&ticket).unwrap();
    server.access.sign_out(&token);
    let path = format!("{PATH}?ticket={}", ticket["ticket"].as_str().unwrap());
    let refusal = Client::open(server.address, &path, &[]).await.unwrap_err();
    assert_eq!(refusal.status, 401);
}

// promise: E2
#[tokio::test]
async fn pings_at_once_and_comments_every_twenty_seconds() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let server = TestServer::start_on(&Options::default(), Clock::manual(start));
    let token = server.access.sign_in(server.access.administrator());
    let mut clients = [server.open(&token).await, server.open(&token).await];
    for client in &mut clients {
        assert!(client.quiet().await);
        assert_eq!(client.comments, 0);
    }
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(20));
        for client in &mut clients {
            client.comment().await;
        }
    }
    let [first, second] = clients.map(|client| client.retry.unwrap());
    assert!((1_000..=5_000).contains(&first) && first != second, "spread");
}

// promise: E8
#[tokio::test]
async fn a_failed_lookup_refuses_without_a_frame() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let server = TestServer::start_on(&Options::default(), Clock::manual(start));
    let token = server.access.sign_in(server.access.administrator());
    for (fault, status) in [
        (Fault::Unauthorized, 401),
        (Fault::Forbidden, 403),
        (Fault::Unavailable, 503),
        (Fault::Internal, 500),
        (Fault::Hangs, 503),
    ] {
        server.access.set_fault(Some(fault));
        let asked = server.access.asked();
        let patience = async {
            if matches!(fault, Fault::Hangs) {
                eventually("a look-up", || server.access.asked() > asked).await;
                server.clock.advance(Duration::from_secs(5));
            }
        };
        let (refusal, ()) = tokio::join!(server.try_open(&token), patience);
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.status, status, "{fault:?}");
        assert_eq!(refusal.retry_after.is_some(), status == 503, "{fault:?}");
        assert!(!refusal.body.contains("data:"), "{fault:?}");
        assert_eq!(server.hub.metrics().connections, 0, "{fault:?}");
    }
    server.access.set_fault(None);
    server.open(&token).await;
    let user = server.access.administrator();
    let over = server.access.sign_in_for(user, Duration::ZERO);
    let refusal = server.try_open(&over).await.unwrap_err();
    assert_eq!(refusal.status, 401, "expired");
}

#[tokio::test]
async fn too_many_streams_are_refused_with_a_retry_time() {
    let server = TestServer::start(&Options {
        per_user: 2,
        total: 3,
        ..Options::default()
    });
    let token = server.access.sign_in(server.access.administrator());
    let _open = [server.open(&token).await, server.open(&token).await];
    let refusal = server.try_open(&token).await.unwrap_err();
    assert_eq!((refusal.status, refusal.retry_after.is_some()), (429, true));
    let other = server.access.sign_in(server.access.administrator());
    let _third = server.open(&other).await;
    let refusal = server.try_open(&other).await.unwrap_err();
    assert_eq!((refusal.status, refusal.retry_after.is_some()), (503, true));
}
