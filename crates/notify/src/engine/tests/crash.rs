//! What a crash leaves behind, and how the next start recovers.

use std::time::Duration;

use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next, within},
};

const UNKNOWN: &str = "select count(*) from delivery_attempts where outcome = 'unknown'";

// promise: B3
#[tokio::test]
async fn an_unfinished_attempt_is_repeated_by_the_next_start() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[Answer::Hangs, Answer::Outcome(Outcome::Delivered)],
        );
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        let first = next(&mut received).await;
        engine.kill().await;
        let engine = fixture.engine(&fake);
        assert_eq!(
            next(&mut received).await,
            first,
            "{}: at once, the same message",
            fixture.name
        );
        fixture.until(DELIVERED, 1).await;
        assert_eq!(fixture.count(UNKNOWN).await, 1);
        assert_eq!(fixture.count("select count(*) from notifications").await, 1);
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_attempt_is_recorded_before_anything_is_sent() {
    const OPEN: &str = "select count(*) from delivery_attempts where ended_at = 0";
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Hangs]);
        // At once with the plan, and by a claim.
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        assert_eq!(fixture.count(OPEN).await, 1, "{}", fixture.name);
        engine.kill().await;
        let engine = fixture.engine(&fake);
        next(&mut received).await;
        assert_eq!(fixture.count(OPEN).await, 1, "{}", fixture.name);
        engine.kill().await;
    }
}

#[tokio::test]
async fn a_server_that_crashes_repeatedly_does_not_use_up_the_attempts() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[Answer::Hangs, Answer::Hangs, Answer::Outcome(Outcome::Delivered)],
        );
        fixture.assign(&[fixture.ana], &[]).await;
        for _ in 0..2 {
            let engine = fixture.engine(&fake);
            next(&mut received).await;
            engine.kill().await;
        }
        for _ in 0..20 {
            let engine = fixture.engine(&fake);
            fixture
                .until("select count(*) from deliveries where state = 'pending'", 1)
                .await;
            engine.kill().await;
        }
        assert!(
            received.try_recv().is_err(),
            "{}: not before it is due",
            fixture.name
        );
        fixture.clock.advance(Duration::from_secs(5));
        let engine = fixture.engine(&fake);
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_chat_post_with_unknown_outcome_is_retried_only_once() {
    for fixture in fixtures().await {
        let slack = "https://hooks.slack.com/services/T0/B0/secret";
        let team = fixture.team("Red", &[], &[(Channel::Slack, slack)]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(slack, &[Answer::Hangs]);
        fixture.assign(&[], &[team]).await;
        for _ in 0..2 {
            let engine = fixture.engine(&fake);
            next(&mut received).await;
            engine.kill().await;
        }
        let engine = fixture.engine(&fake);
        fixture
            .until("select count(*) from deliveries where state = 'unknown'", 1)
            .await;
        fixture.clock.advance(Duration::from_hours(100));
        engine.stop().await;
        assert!(received.try_recv().is_err(), "{}: no third copy", fixture.name);
        assert_eq!(fixture.count(UNKNOWN).await, 2);
    }
}

#[tokio::test]
async fn a_lost_node_is_replaced_when_its_lease_expires() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[Answer::Hangs, Answer::Outcome(Outcome::Delivered)],
        );
        let named = |node: &str| crate::engine::Options {
            node: node.into(),
            ..crate::engine::Options::default()
        };
        let lost = fixture.engine_with(&fake, named("lost"));
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        lost.kill().await;
        let other = fixture.engine_with(&fake, named("other"));
        fixture.clock.advance(Duration::from_mins(1));
        assert!(
            received.try_recv().is_err(),
            "{}: it may still be at it",
            fixture.name
        );
        for _ in 0..10 {
            fixture.clock.advance(Duration::from_secs(30));
            tokio::task::yield_now().await;
        }
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        other.stop().await;
    }
}

const BROKEN: &str = "create unique index broken on delivery_attempts (outcome) where outcome = 'delivered'";

async fn change(fixture: &Fixture, sql: &'static str) {
    fixture.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
}

#[tokio::test]
async fn an_outcome_that_the_database_rejects_blocks_no_other_and_is_recorded_later() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ben@example.com", &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        // A second one cannot be written, whatever is tried.
        change(&fixture, BROKEN).await;
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        for refused in 1..=3 {
            fixture.assign(&[fixture.ben], &[]).await;
            next(&mut received).await;
            fixture
                .until("select count(*) from deliveries where state = 'refused'", refused)
                .await;
        }
        assert_eq!(fixture.count(DELIVERED).await, 1, "{}", fixture.name);
        change(&fixture, "drop index broken").await;
        fixture.until(DELIVERED, 2).await;
        engine.stop().await;
        assert!(
            received.try_recv().is_err(),
            "{}: nothing is sent twice",
            fixture.name
        );
    }
}

#[tokio::test]
async fn an_engine_stops_with_an_unrecorded_outcome_and_the_next_start_recovers_it() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        change(&fixture, BROKEN).await;
        fixture.assign(&[fixture.ana], &[]).await;
        let first = next(&mut received).await;
        within(engine.stop()).await;
        change(&fixture, "drop index broken").await;
        let engine = fixture.engine(&fake);
        fixture.until(UNKNOWN, 1).await;
        assert_eq!(next(&mut received).await, first, "{}", fixture.name);
        fixture.until(DELIVERED, 2).await;
        engine.stop().await;
    }
}
