//! The rate of messages to one URL, and that no other destination waits for it.

use std::time::Duration;

use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);

fn slack(name: &str) -> String {
    format!("https://hooks.slack.com/services/T0/B0/{name}")
}

async fn team(fixture: &Fixture, name: &str) -> base::Id {
    fixture.team(name, &[], &[(Channel::Slack, &slack(name))]).await
}

#[tokio::test]
async fn slack_gets_a_burst_then_one_a_second_and_another_url_its_own() {
    for fixture in fixtures().await {
        let (red, blue) = (team(&fixture, "red").await, team(&fixture, "blue").await);
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        for _ in 0..9 {
            fixture.assign(&[], &[red]).await;
        }
        for _ in 0..5 {
            assert_eq!(next(&mut received).await.to, slack("red"));
        }
        fixture.until(PENDING, 4).await;
        fixture.assign(&[], &[blue]).await;
        assert_eq!(next(&mut received).await.to, slack("blue"), "{}", fixture.name);
        for left in (0..4).rev() {
            fixture.clock.advance(Duration::from_millis(900));
            fixture.until(PENDING, left + 1).await;
            assert!(received.try_recv().is_err(), "{}: not yet", fixture.name);
            fixture.clock.advance(Duration::from_millis(100));
            next(&mut received).await;
            fixture.until(PENDING, left).await;
        }
        fixture.until(DELIVERED, 10).await;
        assert!(received.try_recv().is_err());
        engine.stop().await;
    }
}

#[tokio::test]
async fn messages_waiting_since_before_a_restart_are_paced_too() {
    for fixture in fixtures().await {
        let red = team(&fixture, "red").await;
        for _ in 0..7 {
            fixture.assign(&[], &[red]).await;
        }
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(&slack("red"), &[Answer::Wait(Duration::from_secs(1))]);
        let engine = fixture.engine(&fake);
        fixture.until(PENDING, 7).await;
        engine.stop().await;
        while received.try_recv().is_ok() {}
        fake.answers(&slack("red"), &[TAKEN]);
        fixture.clock.advance(Duration::from_mins(1));
        let engine = fixture.engine(&fake);
        fixture.until(DELIVERED, 5).await;
        fixture.until(PENDING, 2).await;
        fixture.clock.advance(Duration::from_secs(2));
        fixture.until(DELIVERED, 7).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_url_that_asks_for_a_pause_gets_it_from_every_message() {
    for fixture in fixtures().await {
        let url = "https://receiver.example/hooks/0123456789abcdef";
        let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(url, &[Answer::Wait(Duration::from_mins(2)), TAKEN]);
        let engine = fixture.engine(&fake);
        let report = || fixture.emit(fixture.event(base::Kind::ReportReady, &[], &[]));
        report().await;
        next(&mut received).await;
        fixture.until(PENDING, 1).await;
        report().await;
        fixture.until(PENDING, 2).await;
        fixture.clock.advance(Duration::from_secs(119));
        fixture
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        fixture.clock.advance(Duration::from_mins(1));
        fixture.until(DELIVERED, 2).await;
        engine.stop().await;
    }
}

// promise: S3
#[tokio::test]
async fn nine_hung_hosts_of_ten_do_not_affect_the_tenth() {
    for fixture in fixtures().await {
        let host = |number: usize| format!("https://receiver{number}.example/hook");
        let urls: Vec<_> = (0..10).map(host).collect();
        let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (fake, _bag) = FakeReceiver::new();
        for url in &urls[..9] {
            fake.answers(url, &[Answer::Hangs]);
        }
        // Room for all that can hang and little more.
        let options = Options {
            parallel: 20,
            per_lane: 2,
            grace: Duration::ZERO,
            ..Options::default()
        };
        let engine = fixture.engine_with(&fake, options);
        for _ in 0..100 {
            fixture
                .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
                .await;
        }
        fixture.until(DELIVERED, 100).await;
        engine.kill().await;
    }
}
