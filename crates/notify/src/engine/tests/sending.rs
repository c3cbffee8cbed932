//! Messages: outcomes, retries, lanes, stopping.

use std::time::Duration;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    fixture::{Answer, DELIVERED, FakeReceiver, fixtures, next, within},
};

const LATER: Answer = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const ENDED: &str = "select count(*) from delivery_attempts where ended_at > 0";

#[tokio::test]
async fn a_temporary_rejection_is_retried_when_due() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[LATER, LATER, TAKEN]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        let first = next(&mut received).await;
        fixture.until(ENDED, 1).await;
        fixture.until(PENDING, 1).await;
        fixture.clock.advance(Duration::from_secs(4));
        assert!(received.try_recv().is_err(), "{}: not yet", fixture.name);
        fixture.clock.advance(Duration::from_secs(2));
        assert_eq!(next(&mut received).await, first, "the same message again");
        fixture.until(ENDED, 2).await;
        fixture.until(PENDING, 1).await;
        fixture.clock.advance(Duration::from_mins(6));
        assert_eq!(next(&mut received).await, first);
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_permanent_rejection_is_not_retried() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        fixture.clock.advance(Duration::from_hours(100));
        engine.stop().await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
    }
}

// promise: B4
// promise: S3
#[tokio::test]
async fn a_destination_that_hangs_blocks_no_other() {
    for fixture in fixtures().await {
        let slack = "https://hooks.slack.com/services/T0/B0/hung";
        let team = fixture.team("Red", &[], &[(Channel::Slack, slack)]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(slack, &[Answer::Hangs]);
        let options = Options {
            parallel: 8,
            per_lane: 2,
            ..Options::default()
        };
        let mut engine = fixture.engine_with(&fake, options);
        for _ in 0..50 {
            fixture.assign(&[fixture.ana], &[team]).await;
        }
        fixture.until(DELIVERED, 50).await;
        let mut hung = 0;
        while let Ok(arrived) = received.try_recv() {
            hung += i32::from(arrived.to == slack);
        }
        assert_eq!(hung, 2, "{}: no more than the lane's turns", fixture.name);
        // Stopping does not wait for it longer than the grace period.
        engine.request_stop();
        let stopped = tokio::spawn(engine.stop());
        while !stopped.is_finished() {
            fixture.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    }
}

// promise: S3
#[tokio::test]
async fn nine_hung_urls_of_a_host_do_not_affect_the_tenth() {
    for fixture in fixtures().await {
        let url = |number: usize| format!("https://receiver.example/hooks/{number}/0123456789abcdef");
        let urls: Vec<String> = (0..10).map(url).collect();
        let body = serde_json::json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
        let (status, rule) = fixture
            .call(fixture.root, "POST", "/notification-rules", body)
            .await;
        assert_eq!(status, 201, "{rule}");
        let (fake, mut received) = FakeReceiver::new();
        for url in &urls[..9] {
            fake.answers(url, &[Answer::Hangs]);
        }
        let options = Options {
            parallel: 24,
            per_lane: 2,
            ..Options::default()
        };
        let mut engine = fixture.engine_with(&fake, options);
        for _ in 0..30 {
            fixture
                .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
                .await;
        }
        fixture.until(DELIVERED, 30).await;
        let mut hung = 0;
        while let Ok(arrived) = received.try_recv() {
            hung += i32::from(arrived.to != urls[9]);
        }
        assert_eq!(hung, 18, "{}: no more than the turns of each", fixture.name);
        engine.request_stop();
        let stopped = tokio::spawn(engine.stop());
        while !stopped.is_finished() {
            fixture.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_send_that_panics_affects_no_other_and_is_quarantined() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Panics]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        fixture.until(DELIVERED, 1).await;
        for attempt in 1..=3 {
            fixture.until(ENDED, 1 + attempt).await;
            fixture.clock.advance(Duration::from_hours(1));
        }
        fixture
            .until("select count(*) from deliveries where state = 'failed'", 1)
            .await;
        let reason = fixture
            .rows("select reason from deliveries where state = 'failed'")
            .await;
        assert!(reason[0].0.starts_with("quarantined"), "{reason:?}");
        engine.stop().await;
        received.close();
    }
}

#[tokio::test]
async fn a_webhook_gets_the_same_bytes_in_every_attempt() {
    for fixture in fixtures().await {
        let url = "https://receiver.example/hook";
        let body = serde_json::json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(url, &[LATER, TAKEN]);
        let engine = fixture.engine(&fake);
        // A report: an administrator would be responsible for a finding, too.
        fixture
            .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
            .await;
        let first = next(&mut received).await;
        fixture.until(PENDING, 1).await;
        fixture.clock.advance(Duration::from_secs(10));
        let second = next(&mut received).await;
        assert!(
            first
                .body
                .as_ref()
                .is_some_and(|body| body.contains("report.ready"))
        );
        assert_eq!(first, second, "{}", fixture.name);
        within(engine.stop()).await;
    }
}

#[tokio::test]
async fn a_message_that_may_no_longer_be_sent_blocks_nothing_behind_it() {
    for fixture in fixtures().await {
        let [old, new] = ["old", "new"].map(|name| format!("https://hooks.slack.com/services/T0/B0/{name}"));
        let team = async |name, url: &str| fixture.team(name, &[], &[(Channel::Slack, url)]).await;
        let (gone, stays) = (team("Gone", &old).await, team("Stays", &new).await);
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(&old, &[LATER]);
        fake.answers(&new, &[LATER, TAKEN]);
        let options = Options {
            per_lane: 1,
            ..Options::default()
        };
        let engine = fixture.engine_with(&fake, options);
        for _ in 0..4 {
            fixture.assign(&[], &[gone]).await;
        }
        fixture.until(ENDED, 4).await;
        fixture.clock.advance(Duration::from_secs(2));
        fixture.assign(&[], &[stays]).await;
        fixture.until(ENDED, 5).await;
        fixture.until(PENDING, 5).await;
        fixture.forget_team(gone).await;
        fixture.clock.advance(Duration::from_secs(20));
        while next(&mut received).await.to != new {}
        assert_eq!(next(&mut received).await.to, new, "{}", fixture.name);
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn no_more_mails_are_in_flight_than_connections_to_the_mail_server() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Hangs]);
        let engine = fixture.engine(&fake);
        for _ in 0..20 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        fixture.until("select count(*) from deliveries", 20).await;
        for _ in 0..crate::channels::email::CONNECTIONS {
            next(&mut received).await;
        }
        fixture
            .until(
                PENDING,
                20 - i64::try_from(crate::channels::email::CONNECTIONS).unwrap(),
            )
            .await;
        assert!(
            received.try_recv().is_err(),
            "{}: it would wait with its time running",
            fixture.name
        );
        engine.kill().await;
    }
}
