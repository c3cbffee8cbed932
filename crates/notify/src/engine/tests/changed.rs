//! Changes between the plan and an attempt: people who lost access are not notified (promises F6, R5).

use std::time::Duration;

use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const LATER: Answer = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const CANCELLED: &str = "select count(*) from deliveries where state = 'cancelled'";
const REASON: &str = "select reason from deliveries where state = 'cancelled'";
const OUTSIDE: &str = "outside@example.com";

/// A rule for reports that names an external address; its path.
async fn rule(fixture: &Fixture) -> String {
    let body = json!({"event_type": "report.ready", "channel": "email", "recipients": {"emails": [OUTSIDE]}});
    let (status, rule) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    assert_eq!(status, 201, "{rule}");
    format!("/notification-rules/{}", rule["id"].as_str().unwrap())
}

/// A report is ready, and the first delivery attempt was rejected temporarily.
async fn refused_once(fixture: &Fixture, fake: &FakeReceiver) -> crate::fixture::Running {
    fake.answers(OUTSIDE, &[LATER]);
    let engine = fixture.engine(fake);
    let event = fixture.event(base::Kind::ReportReady, &[], &[]);
    fixture.emit(event).await;
    fixture.until(PENDING, 1).await;
    engine
}

// promise: R5
#[tokio::test]
async fn an_opt_out_wins_even_if_the_address_became_a_users_meanwhile() {
    for fixture in fixtures().await {
        rule(&fixture).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = refused_once(&fixture, &fake).await;
        next(&mut received).await;
        let user = access::testing::user(&fixture.store, "Outside@Example.com").await;
        access::testing::member(&fixture.store, fixture.company, user, access::Role::Viewer).await;
        let off = json!({"report.ready:email": false});
        fixture
            .call(user, "PUT", "/me/notification-preferences", off)
            .await;
        fixture.clock.advance(Duration::from_secs(10));
        fixture.until(CANCELLED, 1).await;
        assert_eq!(fixture.rows(REASON).await[0].0, "opted_out");
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn an_address_that_no_rule_names_any_more_is_not_retried() {
    for fixture in fixtures().await {
        let path = rule(&fixture).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = refused_once(&fixture, &fake).await;
        next(&mut received).await;
        let change = json!({"recipients": {"emails": []}});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, change).await.0, 200);
        fixture.clock.advance(Duration::from_secs(10));
        fixture.until(CANCELLED, 1).await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn a_rule_limited_to_another_company_sends_nothing_more_of_this_one() {
    for fixture in fixtures().await {
        let other = access::testing::company(&fixture.store, "Other").await;
        let url = "https://receiver.example/hook";
        let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
        let (_, made) = fixture
            .call(fixture.root, "POST", "/notification-rules", body)
            .await;
        let path = format!("/notification-rules/{}", made["id"].as_str().unwrap());
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(url, &[LATER]);
        let engine = fixture.engine(&fake);
        fixture
            .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
            .await;
        next(&mut received).await;
        fixture.until(PENDING, 1).await;
        let change = json!({"company_id": other});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, change).await.0, 200);
        fixture.clock.advance(Duration::from_secs(10));
        fixture.until(CANCELLED, 1).await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn waiting_messages_respect_a_company_that_now_hides_details() {
    const SLACK: &str = "https://hooks.slack.com/services/T0/B0/red";
    const HOOK: &str = "https://receiver.example/hook";
    for fixture in fixtures().await {
        let team = fixture.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
        let body =
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [HOOK]}});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (fake, mut received) = FakeReceiver::new();
        for to in ["ana@example.com", SLACK, HOOK] {
            fake.answers(to, &[LATER, Answer::Outcome(Outcome::Delivered)]);
        }
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[team]).await;
        for _ in 0..3 {
            assert_eq!(next(&mut received).await.title, "Finding assigned: SQL injection");
        }
        fixture.until(PENDING, 3).await;
        access::testing::minimal_messages(&fixture.store, fixture.company, true).await;
        fixture.clock.advance(Duration::from_secs(10));
        for _ in 0..3 {
            let arrived = next(&mut received).await;
            if arrived.to == HOOK {
                let body = arrived.body.unwrap();
                assert!(
                    body.contains("SQL injection"),
                    "{}: server to server as it was: {body}",
                    fixture.name
                );
            } else {
                let to = &arrived.to;
                assert!(
                    arrived.title.starts_with("Finding assigned: A finding (…"),
                    "{to}: {}",
                    arrived.title
                );
            }
        }
        fixture.until(DELIVERED, 3).await;
        // What is planned from now on, with an immediate first attempt.
        fixture.assign(&[fixture.ana], &[]).await;
        while next(&mut received).await.title.contains("SQL injection") {}
        // The inbox is read by its signed-in owner.
        let inbox = fixture.get(fixture.ana, "/notifications").await;
        assert_eq!(inbox["items"][0]["title"], "Finding assigned: SQL injection");
        engine.stop().await;
    }
}
