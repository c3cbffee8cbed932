//! The system clock is changed, or the process is suspended: nothing is late, and nothing is sent or recorded twice.

use std::time::Duration;

use base::Time;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, Running, fixtures, next, within},
};

const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const SENDING: &str = "select count(*) from deliveries where state = 'sending'";
const ATTEMPTS: &str = "select count(*) from delivery_attempts";
const LATER: Answer = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);
const SLACK: &str = "https://hooks.slack.com/services/T0/B0/secret";

/// The clock changes that are tried, in seconds.
const STEPS: [i64; 4] = [-7_200, 7_200, -200, 200];

/// Changes the system clock by this many seconds, and lets the engine notice.
async fn step(fixture: &Fixture, seconds: i64) {
    settle().await;
    let wall = fixture.clock.wall().nanos() + seconds * 1_000_000_000;
    fixture.clock.step(Time::from_nanos(wall));
    fixture.clock.advance(Duration::from_secs(2));
    // With PostgreSQL its own clock counts, which is unchanged.
    if fixture.name == "SQLite" {
        let off = || fixture.clock.now().nanos().abs_diff(fixture.clock.wall().nanos());
        within(async {
            while off() > 1_000_000_000 {
                settle().await;
            }
        })
        .await;
    }
    settle().await;
    fixture.clock.advance(Duration::from_secs(2));
    settle().await;
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn engine(fixture: &Fixture, fake: &FakeReceiver) -> Running {
    fixture.engine_with(fake, Options::default())
}

// promise: L5
#[tokio::test]
async fn a_retry_is_made_in_time_whatever_the_clock_is_set_to() {
    for seconds in STEPS {
        for fixture in fixtures().await {
            let (fake, mut received) = FakeReceiver::new();
            fake.answers("ana@example.com", &[LATER, TAKEN]);
            let engine = engine(&fixture, &fake);
            fixture.assign(&[fixture.ana], &[]).await;
            next(&mut received).await;
            fixture.until(PENDING, 1).await;
            // Due in 5 to 6 seconds, 4 of them pass meanwhile.
            step(&fixture, seconds).await;
            assert_eq!(
                fixture.count(DELIVERED).await,
                0,
                "{}: {seconds}: not before its time",
                fixture.name
            );
            fixture.clock.advance(Duration::from_secs(2));
            next(&mut received).await;
            fixture.until(DELIVERED, 1).await;
            engine.stop().await;
            assert!(received.try_recv().is_err(), "{}: {seconds}: once", fixture.name);
        }
    }
}

// promise: L5
#[tokio::test]
async fn messages_in_flight_are_not_sent_again_when_the_clock_is_set() {
    for seconds in STEPS {
        for fixture in fixtures().await {
            let (fake, mut received) = FakeReceiver::new();
            fake.answers("ana@example.com", &[Answer::Hangs]);
            let engine = engine(&fixture, &fake);
            for _ in 0..5 {
                fixture.assign(&[fixture.ana], &[]).await;
                next(&mut received).await;
            }
            step(&fixture, seconds).await;
            // Until it checks for abandoned messages.
            fixture.clock.advance(Duration::from_secs(20));
            settle().await;
            assert!(
                received.try_recv().is_err(),
                "{}: {seconds}: sent twice",
                fixture.name
            );
            assert_eq!(
                (fixture.count(SENDING).await, fixture.count(ATTEMPTS).await),
                (5, 5)
            );
            engine.kill().await;
        }
    }
}

// promise: L5
#[tokio::test]
async fn a_suspended_process_does_not_recover_what_it_is_still_sending() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (answer, accepted) = tokio::sync::watch::channel(false);
        fake.answers("ana@example.com", &[Answer::When(accepted)]);
        let engine = engine(&fixture, &fake);
        for _ in 0..5 {
            fixture.assign(&[fixture.ana], &[]).await;
            next(&mut received).await;
        }
        // 140 seconds at once: longer than a lease.
        fixture.clock.advance(Duration::from_secs(140));
        settle().await;
        assert_eq!(fixture.count(SENDING).await, 5, "{}", fixture.name);
        answer.send_replace(true);
        fixture.until(DELIVERED, 5).await;
        assert_eq!(
            fixture.count(ATTEMPTS).await,
            5,
            "{}: recorded once",
            fixture.name
        );
        let outcomes = fixture
            .rows("select distinct outcome from delivery_attempts")
            .await;
        assert_eq!(outcomes, [("delivered".to_owned(),)], "{}", fixture.name);
        engine.stop().await;
        assert!(received.try_recv().is_err(), "{}: sent once", fixture.name);
    }
}

// promise: L5
#[tokio::test]
async fn the_pace_of_a_chat_is_kept_whatever_the_clock_is_set_to() {
    for seconds in STEPS {
        for fixture in fixtures().await {
            let red = fixture.team("red", &[], &[(Channel::Slack, SLACK)]).await;
            let (fake, mut received) = FakeReceiver::new();
            let engine = engine(&fixture, &fake);
            for _ in 0..12 {
                fixture.assign(&[], &[red]).await;
            }
            for _ in 0..5 {
                next(&mut received).await;
            }
            fixture.until(PENDING, 7).await;
            step(&fixture, seconds).await;
            // 4 seconds passed, one message in each.
            fixture.until(DELIVERED, 9).await;
            for _ in 0..3 {
                fixture.clock.advance(Duration::from_secs(1));
                settle().await;
            }
            fixture.until(DELIVERED, 12).await;
            // And a new one need not wait longer than the pace requires.
            fixture.assign(&[], &[red]).await;
            fixture.clock.advance(Duration::from_secs(2));
            fixture.until(DELIVERED, 13).await;
            engine.stop().await;
        }
    }
}

// promise: L5
#[tokio::test]
async fn a_session_does_not_last_longer_because_the_clock_is_set_back() {
    const ENDS: &str = "select expires_at from credentials where kind = 'session'";
    for seconds in STEPS {
        for fixture in fixtures().await {
            access::testing::session(&fixture.access, fixture.ana).await;
            let left = async || fixture.count(ENDS).await - fixture.clock.now().nanos();
            let (fake, _bag) = FakeReceiver::new();
            let engine = engine(&fixture, &fake);
            let before = left().await;
            step(&fixture, seconds).await;
            let second = 1_000_000_000;
            let passed = before - left().await;
            // Set forward it ends that much earlier, where the machine's clock counts.
            let least = 4 * second;
            let most = least + seconds.max(0) * second;
            assert!(
                (least - second..=most + second).contains(&passed),
                "{}: {seconds}: {passed}",
                fixture.name
            );
            engine.stop().await;
        }
    }
}
