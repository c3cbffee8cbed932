//! What ends a stream.

use std::time::{Duration, Instant};

use access::AccessChange;
use base::{Clock, Time};
use realtime::Options;

use crate::support::{Station, eventually};

// promise: E8
#[tokio::test]
async fn access_taken_away_ends_the_stream_and_nothing_follows() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let member = station.gate.member(&[company]);
    let witness = station.gate.member(&[company]);
    let mut witness = station.open(&station.gate.sign_in(witness)).await;
    let token = station.gate.sign_in(member);
    for round in 0..50 {
        let mut client = station.open(&token).await;
        let before = station.project_created(company);
        if round % 2 == 0 {
            // The other half of the rounds leave the frame on its way.
            assert_eq!(client.next_id().await, Some(before.clone()));
        }
        station.gate.set_member(member, company, false);
        let after = station.project_created(company);
        let started = Instant::now();
        for frame in client.rest().await {
            assert_eq!(frame["id"], before, "published before the change");
        }
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!(witness.next_id().await, Some(before));
        assert_eq!(witness.next_id().await, Some(after));
        let mut again = station.open(&token).await;
        station.project_created(company);
        assert!(again.quiet().await, "the new scope");
        assert!(witness.next_id().await.is_some());
        station.gate.set_member(member, company, true);
        assert_eq!(again.next().await, None, "a new scope is a new stream");
    }
}

// promise: E8
#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_no_other() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let user = station.gate.member(&[company]);
    let (one, other) = (station.gate.sign_in(user), station.gate.sign_in(user));
    let mut ended = [station.open(&one).await, station.open(&one).await];
    let mut open = station.open(&other).await;
    station.gate.sign_out(&one);
    let id = station.project_created(company);
    for client in &mut ended {
        assert_eq!(client.next().await, None);
    }
    assert_eq!(open.next_id().await, Some(id));
    assert_eq!(station.try_open(&one).await.unwrap_err().status, 401);
    eventually("their places are free", || station.hub.metrics().connections == 1).await;
}

// promise: E8
#[tokio::test]
async fn a_session_that_expires_ends_its_stream() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let station = Station::start_on(&Options::default(), Clock::manual(start));
    let user = station.gate.administrator();
    let token = station.gate.sign_in_for(user, Duration::from_secs(7));
    let mut client = station.open(&token).await;
    station.clock.advance(Duration::from_secs(6));
    assert!(client.quiet().await);
    station.clock.advance(Duration::from_secs(1));
    station.project_created(station.clock.id());
    assert_eq!(client.next().await, None);
}

// issue 18, line 4
#[tokio::test]
async fn a_stream_asks_for_its_session_again_before_that_ends_without_use() {
    let start = Time::from_nanos(1_700_000_000_000_000_000);
    let station = Station::start_on(&Options::default(), Clock::manual(start));
    let user = station.gate.administrator();
    let token = station.gate.sign_in_idle(user, Duration::from_secs(100));
    let mut client = station.open(&token).await;
    station.clock.advance(Duration::from_secs(39));
    assert!(client.quiet().await);
    station.clock.advance(Duration::from_secs(11));
    station.project_created(station.clock.id());
    assert_eq!(client.next().await, None);
    assert!(station.try_open(&token).await.is_ok(), "it is still good");
}

// promise: E8
#[tokio::test]
async fn a_change_during_the_look_up_is_not_missed() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let user = station.gate.member(&[company]);
    let token = station.gate.sign_in(user);
    let mut once = true;
    station.gate.set_meanwhile(Box::new(move |gate| {
        if std::mem::take(&mut once) {
            gate.set_member(user, company, false);
        }
    }));
    let mut client = station.try_open(&token).await.unwrap();
    assert_eq!(station.gate.asked(), 2, "asked again");
    station.project_created(company);
    // The bridge may hear of the change only now and end a stream that has the new scope already: no harm.
    if let Some(ping) = client.next().await {
        assert_eq!(ping["type"], "ping");
    }
    assert!(client.nothing().await, "the scope after the change");

    station
        .gate
        .set_meanwhile(Box::new(move |gate| gate.announce(AccessChange::User(user))));
    let refusal = station.try_open(&token).await.unwrap_err();
    assert_eq!(refusal.status, 503, "no answer holds");

    let other = station.clock.id();
    station
        .gate
        .set_meanwhile(Box::new(move |gate| gate.announce(AccessChange::User(other))));
    station.open(&token).await;

    let ending = token.clone();
    station
        .gate
        .set_meanwhile(Box::new(move |gate| gate.sign_out(&ending)));
    let refusal = station.try_open(&token).await.unwrap_err();
    assert_eq!(refusal.status, 401, "signed out meanwhile");
}

#[tokio::test]
async fn closing_ends_every_stream_in_good_order() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(station.open(&token).await);
    }
    let id = station.project_created(company);
    tokio::task::yield_now().await;
    station.hub.close(Duration::from_millis(200)).await;
    for client in &mut clients {
        assert_eq!(client.next_id().await.as_ref(), Some(&id));
        assert_eq!(client.next().await, None, "a proper end, not a cut");
    }
    let refusal = station.try_open(&token).await.unwrap_err();
    assert_eq!((refusal.status, refusal.retry_after.is_some()), (503, true));
    eventually("nothing is left", || station.hub.metrics().connections == 0).await;
}
