//! What ends a stream.

use std::time::{Duration, Instant};

use access::AccessChange;
use base::{Clock, Time};
use realtime::Options;

use crate::support::{TestServer, eventually};

// promise: E8
#[tokio::test]
async fn revoked_access_ends_the_stream_and_nothing_follows() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let member = server.access.member(&[company]);
    let witness = server.access.member(&[company]);
    let mut witness = server.open(&server.access.sign_in(witness)).await;
    let token = server.access.sign_in(member);
    for round in 0..50 {
        let mut client = server.open(&token).await;
        let before = server.project_created(company);
        if round % 2 == 0 {
            // In the other half of the rounds the frame is still pending.
            assert_eq!(client.next_id().await, Some(before.clone()));
        }
        server.access.set_member(member, company, false);
        let after = server.project_created(company);
        let started = Instant::now();
        for frame in client.rest().await {
            assert_eq!(frame["id"], before, "published before the change");
        }
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!(witness.next_id().await, Some(before));
        assert_eq!(witness.next_id().await, Some(after));
        let mut again = server.open(&token).await;
        server.project_created(company);
        assert!(again.quiet().await, "the new scope");
        assert!(witness.next_id().await.is_some());
        server.access.set_member(member, company, true);
        assert_eq!(again.next().await, None, "a new scope needs a new stream");
    }
}

// promise: E8
#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_no_other() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let user = server.access.member(&[company]);
    let (one, other) = (server.access.sign_in(user), server.access.sign_in(user));
    let mut ended = [server.open(&one).await, server.open(&one).await];
    let mut open = server.open(&other).await;
    server.access.sign_out(&one);
    let id = server.project_created(company);
    for client in &mut ended {
        assert_eq!(client.next().await, None);
    }
    assert_eq!(open.next_id().await, Some(id));
    assert_eq!(server.try_open(&one).await.unwrap_err().status, 401);
    eventually("their places are free", || server.hub.metrics().connections == 1).await;
}

// promise: E8
#[tokio::test]
async fn a_session_that_expires_ends_its_stream() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let server = TestServer::start_on(&Options::default(), Clock::manual(start));
    let user = server.access.administrator();
    let token = server.access.sign_in_for(user, Duration::from_secs(7));
    let mut client = server.open(&token).await;
    server.clock.advance(Duration::from_secs(6));
    assert!(client.quiet().await);
    server.clock.advance(Duration::from_secs(1));
    server.project_created(server.clock.id());
    assert_eq!(client.next().await, None);
}

// issue 18, line 4
#[tokio::test]
async fn a_stream_checks_its_session_again_before_the_idle_timeout() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let server = TestServer::start_on(&Options::default(), Clock::manual(start));
    let user = server.access.administrator();
    let token = server.access.sign_in_idle(user, Duration::from_secs(100));
    let mut client = server.open(&token).await;
    server.clock.advance(Duration::from_secs(39));
    assert!(client.quiet().await);
    server.clock.advance(Duration::from_secs(11));
    server.project_created(server.clock.id());
    assert_eq!(client.next().await, None);
    assert!(server.try_open(&token).await.is_ok(), "it is still valid");
}

// promise: E8
#[tokio::test]
async fn a_change_during_the_lookup_is_not_missed() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let user = server.access.member(&[company]);
    let token = server.access.sign_in(user);
    let mut once = true;
    server.access.set_meanwhile(Box::new(move |access| {
        if std::mem::take(&mut once) {
            access.set_member(user, company, false);
        }
    }));
    let mut client = server.try_open(&token).await.unwrap();
    assert_eq!(server.access.asked(), 2, "asked again");
    server.project_created(company);
    // The bridge may receive the change only now and end a stream that already has the new scope: no harm.
    if let Some(ping) = client.next().await {
        assert_eq!(ping["type"], "ping");
    }
    assert!(client.nothing().await, "the scope after the change");

    server
        .access
        .set_meanwhile(Box::new(move |access| access.announce(AccessChange::User(user))));
    let refusal = server.try_open(&token).await.unwrap_err();
    assert_eq!(refusal.status, 503, "every lookup was outdated");

    let other = server.clock.id();
    server
        .access
        .set_meanwhile(Box::new(move |access| access.announce(AccessChange::User(other))));
    server.open(&token).await;

    let ending = token.clone();
    server
        .access
        .set_meanwhile(Box::new(move |access| access.sign_out(&ending)));
    let refusal = server.try_open(&token).await.unwrap_err();
    assert_eq!(refusal.status, 401, "signed out meanwhile");
}

#[tokio::test]
async fn closing_ends_every_stream_cleanly() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(server.open(&token).await);
    }
    let id = server.project_created(company);
    tokio::task::yield_now().await;
    server.hub.close(Duration::from_millis(200)).await;
    for client in &mut clients {
        assert_eq!(client.next_id().await.as_ref(), Some(&id));
        assert_eq!(client.next().await, None, "a proper end, not an abort");
    }
    let refusal = server.try_open(&token).await.unwrap_err();
    assert_eq!((refusal.status, refusal.retry_after.is_some()), (503, true));
    eventually("nothing is left", || server.hub.metrics().connections == 0).await;
}
