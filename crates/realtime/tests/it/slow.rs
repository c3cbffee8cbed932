//! Clients, and a bridge, that do not keep up.

use std::time::{Duration, Instant};

use base::{Audience, Clock, Event, Id, Kind, Time};
use realtime::Options;
use serde_json::json;

use crate::support::{TestServer, client::Client, eventually};

/// An event of about a kilobyte: they soon fill the buffers on the way to a client.
fn large(server: &TestServer, company: Id) -> Event {
    let mut event = server.event(Kind::ProjectUpdated, Audience::Company(company));
    event.data.insert("title".to_owned(), "x".repeat(1_000).into());
    event
}

/// Reads until this many frames were received or reported as dropped; returns how many of each, and how many reports.
async fn account(client: &mut Client, frames: u64) -> (u64, u64, u64) {
    let (mut received, mut dropped, mut resyncs) = (0, 0, 0);
    while received + dropped < frames {
        let frame = client.next().await.unwrap();
        if frame["type"] == "resync" {
            dropped += frame["dropped"].as_u64().unwrap();
            resyncs += 1;
        } else {
            received += 1;
        }
    }
    (received, dropped, resyncs)
}

// promise: E5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_client_delays_nobody_and_gets_a_gap_report() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut stalled = server.open(&token).await;
    let mut readers = Vec::new();
    for _ in 0..5 {
        readers.push(server.open(&token).await);
    }
    let (rounds, burst) = (60, 50);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let started = Instant::now();
        for _ in 0..burst {
            server.commit(vec![large(&server, company)]);
        }
        for reader in &mut readers {
            for _ in 0..burst {
                assert_eq!(reader.next_type().await.as_deref(), Some("project.updated"));
            }
        }
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let all = rounds * burst;
    let (received, dropped, resyncs) = account(&mut stalled, all).await;
    assert_eq!(received + dropped, all);
    // Once after the socket's part of the buffer is sent, and possibly once before if it filled in two steps.
    assert!((1..=2).contains(&resyncs), "{resyncs}");
    assert!(dropped > all / 2, "{received} received, {dropped} dropped");
    let id = server.project_created(company);
    assert_eq!(stalled.next_id().await, Some(id), "and it continues");
    let metrics = server.hub.metrics();
    assert_eq!((metrics.dropped, metrics.resyncs), (dropped, resyncs));
}

// promise: E5
#[tokio::test]
async fn a_reading_client_loses_nothing_of_a_burst_larger_than_the_buffer() {
    let server = TestServer::start(&Options {
        frames: 8,
        ..Options::default()
    });
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut reader = server.open(&token).await;
    let events = || server.event(Kind::ProjectUpdated, Audience::Company(company));
    let burst: Vec<Event> = std::iter::repeat_with(events).take(100).collect();
    let ids: Vec<String> = burst.iter().map(|event| event.id.to_string()).collect();
    server.commit(burst);
    for id in ids {
        assert_eq!(reader.next_id().await, Some(id));
    }
    assert_eq!(server.hub.metrics().dropped, 0);
}

// promise: E5
#[tokio::test]
async fn unsent_socket_data_counts_as_pending() {
    let bytes = 64 * 1024;
    let server = TestServer::start(&Options {
        bytes,
        ..Options::default()
    });
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let mut stalled = server.open(&token).await;
    // Until nothing more can be sent, then enough to fill the buffer twice more.
    let mut published = 0;
    while server.hub.metrics().dropped == 0 {
        server.commit(vec![large(&server, company)]);
        published += 1;
        tokio::task::yield_now().await;
    }
    let sent = server.hub.metrics().sent;
    for _ in 0..2 * bytes / 1_000 {
        server.commit(vec![large(&server, company)]);
        published += 1;
        tokio::task::yield_now().await;
    }
    server.caught_up().await;
    assert!(server.hub.metrics().sent <= sent + 1, "only the stranger's frame");
    let (received, dropped, _) = account(&mut stalled, published).await;
    assert_eq!(received + dropped, published);
}

#[tokio::test]
async fn a_client_that_never_reads_loses_its_connection() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let server = TestServer::start_on(&Options::default(), Clock::manual(start));
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let unread = server.open(&token).await;
    for _ in 0..2_000 {
        server.commit(vec![large(&server, company)]);
        tokio::task::yield_now().await;
    }
    eventually("the buffer is full", || server.hub.metrics().dropped > 0).await;
    for beat in 0..4 {
        assert_eq!(server.hub.metrics().unread, 0, "after {beat} heartbeats");
        server.clock.advance(Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eventually("it is disconnected", || server.hub.metrics().unread == 1).await;
    eventually("its slot is free", || server.hub.metrics().connections == 0).await;
    drop(unread);
}

// promise: E5
#[tokio::test]
async fn falling_behind_the_bus_is_reported_to_everyone() {
    let server = TestServer::start(&Options::default());
    let token = server.access.sign_in(server.access.member(&[]));
    let mut client = server.open(&token).await;
    let event = server.event(Kind::ProjectCreated, Audience::Company(server.clock.id()));
    // Without a pause the bridge gets no turn: this test has one thread.
    for _ in 0..base::bus::CAPACITY + 10 {
        server.commit(vec![event.clone()]);
    }
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": "resync", "dropped": 10})
    );
}
