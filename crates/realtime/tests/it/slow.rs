//! Clients, and a bridge, that do not keep up.

use std::time::{Duration, Instant};

use base::{Audience, Clock, Event, Id, Kind, Time};
use realtime::Options;
use serde_json::json;

use crate::support::{Station, client::Client, eventually};

/// An event of about a kilobyte: soon more than the buffers between here and a client hold.
fn large(station: &Station, company: Id) -> Event {
    let mut event = station.event(Kind::ProjectUpdated, Audience::Company(company));
    event.data.insert("title".to_owned(), "x".repeat(1_000).into());
    event
}

/// Reads until so many frames were received or told as dropped: how many of each, and how often it was told.
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
async fn a_stalled_client_delays_nobody_and_is_told_what_it_missed() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut stalled = station.open(&token).await;
    let mut readers = Vec::new();
    for _ in 0..5 {
        readers.push(station.open(&token).await);
    }
    let (rounds, burst) = (60, 50);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let started = Instant::now();
        for _ in 0..burst {
            station.commit(vec![large(&station, company)]);
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
    // Once what was on the socket's side of the buffer has gone, and once before where that filled in two steps.
    assert!((1..=2).contains(&resyncs), "{resyncs}");
    assert!(dropped > all / 2, "{received} received, {dropped} dropped");
    let id = station.project_created(company);
    assert_eq!(stalled.next_id().await, Some(id), "and it goes on");
    let metrics = station.hub.metrics();
    assert_eq!((metrics.dropped, metrics.resyncs), (dropped, resyncs));
}

// promise: E5
#[tokio::test]
async fn a_burst_larger_than_the_buffer_is_lost_by_nobody_who_reads() {
    let station = Station::start(&Options {
        frames: 8,
        ..Options::default()
    });
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut reader = station.open(&token).await;
    let events = || station.event(Kind::ProjectUpdated, Audience::Company(company));
    let burst: Vec<Event> = std::iter::repeat_with(events).take(100).collect();
    let ids: Vec<String> = burst.iter().map(|event| event.id.to_string()).collect();
    station.commit(burst);
    for id in ids {
        assert_eq!(reader.next_id().await, Some(id));
    }
    assert_eq!(station.hub.metrics().dropped, 0);
}

// promise: E5
#[tokio::test]
async fn what_a_socket_has_not_sent_counts_as_waiting() {
    let bytes = 64 * 1024;
    let station = Station::start(&Options {
        bytes,
        ..Options::default()
    });
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut stalled = station.open(&token).await;
    // Until nothing more goes anywhere, then what would fill the buffer twice more.
    let mut published = 0;
    while station.hub.metrics().dropped == 0 {
        station.commit(vec![large(&station, company)]);
        published += 1;
        tokio::task::yield_now().await;
    }
    let sent = station.hub.metrics().sent;
    for _ in 0..2 * bytes / 1_000 {
        station.commit(vec![large(&station, company)]);
        published += 1;
        tokio::task::yield_now().await;
    }
    station.caught_up().await;
    assert!(
        station.hub.metrics().sent <= sent + 1,
        "the stranger's frame alone"
    );
    let (received, dropped, _) = account(&mut stalled, published).await;
    assert_eq!(received + dropped, published);
}

#[tokio::test]
async fn a_client_that_never_reads_loses_its_connection() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let station = Station::start_on(&Options::default(), Clock::manual(start));
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let unread = station.open(&token).await;
    for _ in 0..2_000 {
        station.commit(vec![large(&station, company)]);
        tokio::task::yield_now().await;
    }
    eventually("the buffer is full", || station.hub.metrics().dropped > 0).await;
    for beat in 0..4 {
        assert_eq!(station.hub.metrics().unread, 0, "after {beat} heartbeats");
        station.clock.advance(Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eventually("it is hung up on", || station.hub.metrics().unread == 1).await;
    eventually("its place is free", || station.hub.metrics().connections == 0).await;
    drop(unread);
}

// promise: E5
#[tokio::test]
async fn falling_behind_the_bus_is_told_to_everyone() {
    let station = Station::start(&Options::default());
    let token = station.gate.sign_in(station.gate.member(&[]));
    let mut client = station.open(&token).await;
    let event = station.event(Kind::ProjectCreated, Audience::Company(station.clock.id()));
    // Without a pause the bridge has no turn: this test has one thread.
    for _ in 0..base::bus::CAPACITY + 10 {
        station.commit(vec![event.clone()]);
    }
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": "resync", "dropped": 10})
    );
}
