//! Destinations that reject permanently are turned off, with one notification, and turned on again on request.

use std::{future::Future, time::Duration};

use access::{Role, testing as people};
use base::Id;
use serde_json::{Value as Json, json};

use super::{OUTAGE, REFUSALS};
use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
    testing::{Answering, HttpSink},
};

const NO: Answer = Answer::Outcome(Outcome::RefusedForGood);
const YES: Answer = Answer::Outcome(Outcome::Delivered);
const REFUSED: &str = "select count(*) from deliveries where state = 'refused'";
const CANCELLED: &str = "select count(*) from deliveries where state = 'cancelled'";
const OFF: &str = "select count(distinct target_key) from destinations where off_at > 0";
const TOLD: &str = "select count(*) from notifications where event_type = 'destination.switched_off'";
const SLACK: &str = "https://hooks.slack.com/services/T0/B0/secret";
const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";

/// The person's notifications about destinations: titles and bodies.
async fn notifications(fixture: &Fixture, user: Id) -> Vec<Json> {
    let path = "/notifications?event_type=destination.switched_off";
    let page = fixture.get(user, path).await;
    page["items"].as_array().unwrap().clone()
}

async fn webhook(fixture: &Fixture) -> String {
    hook_at(fixture, HOOK).await
}

async fn hook_at(fixture: &Fixture, url: &str) -> String {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
    let (status, rule) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    assert_eq!(status, 201, "{rule}");
    format!("/notification-rules/{}", rule["id"].as_str().unwrap())
}

async fn report(fixture: &Fixture) -> Id {
    fixture
        .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
        .await
}

#[tokio::test]
async fn a_url_that_is_gone_is_turned_off_at_once_with_one_notification() {
    for fixture in fixtures().await {
        let manager = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, manager, Role::Manager).await;
        let team = fixture.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(SLACK, &[Answer::Gone]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[], &[team]).await;
        next(&mut received).await;
        fixture.until(TOLD, 2).await;
        let event = fixture.assign(&[], &[team]).await;
        fixture.until(CANCELLED, 1).await;
        assert!(received.try_recv().is_err(), "{}: not tried", fixture.name);
        for user in [manager, fixture.root] {
            let notifications = notifications(&fixture, user).await;
            assert_eq!(notifications.len(), 1, "{}", fixture.name);
            assert_eq!(notifications[0]["type"], "destination");
            assert!(
                notifications[0]["title"]
                    .as_str()
                    .unwrap()
                    .contains("hooks.slack.com/…")
            );
            assert!(notifications[0]["data"]["destination_id"].is_string());
            assert!(!notifications[0].to_string().contains("T0/B0/secret"));
        }
        assert!(notifications(&fixture, fixture.ana).await.is_empty());
        let list = fixture
            .get(
                fixture.root,
                &format!("/deliveries?event_id={event}&channel=slack"),
            )
            .await;
        let reason = list["items"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("turned off"), "{reason}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn rejections_in_a_row_turn_off_and_a_delivery_resets_the_count() {
    for fixture in fixtures().await {
        webhook(&fixture).await;
        let most = usize::try_from(REFUSALS).unwrap();
        let mut answers = vec![NO; most - 1];
        answers.push(YES);
        answers.extend(vec![NO; most]);
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &answers);
        let engine = fixture.engine(&fake);
        for _ in 0..answers.len() {
            assert_eq!(fixture.count(OFF).await, 0, "{}", fixture.name);
            let before = fixture.count(REFUSED).await + fixture.count(DELIVERED).await;
            report(&fixture).await;
            next(&mut received).await;
            let ended = "select count(*) from deliveries where state in ('refused', 'delivered')";
            fixture.until(ended, before + 1).await;
        }
        assert_eq!(fixture.count(OFF).await, 1);
        fixture.until(TOLD, 1).await;
        report(&fixture).await;
        fixture.until(CANCELLED, 1).await;
        assert!(received.try_recv().is_err());
        engine.stop().await;
    }
}

#[tokio::test]
async fn many_rejections_at_once_are_one_notification() {
    for fixture in fixtures().await {
        webhook(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(HOOK, &[Answer::Gone]);
        for _ in 0..20 {
            report(&fixture).await;
        }
        let engine = fixture.engine(&fake);
        let over = "select count(*) from deliveries where state in ('refused', 'cancelled')";
        fixture.until(over, 20).await;
        fixture
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert_eq!(fixture.count(TOLD).await, 1, "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn saving_the_url_again_turns_it_on() {
    for fixture in fixtures().await {
        let path = webhook(&fixture).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[Answer::Gone, YES]);
        let engine = fixture.engine(&fake);
        report(&fixture).await;
        next(&mut received).await;
        fixture.until(OFF, 1).await;
        // The masked URL, as a form sends it back, changes nothing.
        let urls = fixture.get(fixture.root, &path).await["recipients"]["urls"].clone();
        let masked = json!({"recipients": {"urls": urls}});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, masked).await.0, 200);
        assert_eq!(fixture.count(OFF).await, 1, "{}", fixture.name);
        let again = json!({"recipients": {"urls": [HOOK]}});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, again).await.0, 200);
        assert_eq!(fixture.count(OFF).await, 0);
        report(&fixture).await;
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_person_is_notified_of_their_own_chat_and_saves_it_again() {
    for fixture in fixtures().await {
        let chat = json!({"slack_webhook_url": SLACK, "slack_enabled": true});
        assert_eq!(
            fixture.call(fixture.ana, "PUT", "/me/chat", chat.clone()).await.0,
            200
        );
        let on = json!({"finding.assigned:slack": true});
        fixture
            .call(fixture.ana, "PUT", "/me/notification-preferences", on)
            .await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(SLACK, &[Answer::Gone, YES]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        fixture.until(OFF, 1).await;
        fixture.until(TOLD, 2).await;
        assert_eq!(
            notifications(&fixture, fixture.ana).await.len(),
            1,
            "{}",
            fixture.name
        );
        fixture.call(fixture.ana, "PUT", "/me/chat", chat).await;
        assert_eq!(fixture.count(OFF).await, 0);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_teams_url_that_is_saved_again_is_on_for_the_next_message() {
    for fixture in fixtures().await {
        let team = fixture.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(SLACK, &[Answer::Gone, YES]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[], &[team]).await;
        next(&mut received).await;
        fixture.until(OFF, 1).await;
        fixture.clock.advance(Duration::from_secs(1));
        fixture.save_url(team, Channel::Slack, SLACK).await;
        fixture.assign(&[], &[team]).await;
        next(&mut received).await;
        fixture.until(OFF, 0).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn only_a_delivered_test_message_turns_it_on() {
    for fixture in fixtures().await {
        let fixture = fixture.reaching_this_machine();
        let sink = HttpSink::start(None, Answering::status(500)).await;
        let url = format!("http://{}/hook", sink.address());
        hook_at(&fixture, &url).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(&url, &[Answer::Gone, YES]);
        let engine = fixture.engine(&fake);
        report(&fixture).await;
        next(&mut received).await;
        fixture.until(OFF, 1).await;
        for (status, delivered, off) in [(500, false, 1), (410, false, 1), (204, true, 0)] {
            sink.answer(Answering::status(status));
            let body = json!({"channel": "webhook", "url": url});
            let (_, result) = fixture
                .call(fixture.root, "POST", "/destinations/test", body)
                .await;
            assert_eq!(result["delivered"], delivered, "{}: {result}", fixture.name);
            assert_eq!(fixture.count(OFF).await, off, "{}: {status}", fixture.name);
        }
        report(&fixture).await;
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

const FAILED: &str = "select count(*) from notifications where event_type = 'delivery.failed'";
const UNPLANNED: &str = "select count(*) from events where planned_at = 0";
const ENDED: &str = "select count(*) from deliveries where state in ('refused', 'delivered')";

/// Triggers one message, waits until it has ended, and returns how many notifications of failures there were by then.
async fn failures(fixture: &Fixture, event: impl Future<Output = Id>) -> i64 {
    let before = fixture.count(ENDED).await;
    event.await;
    fixture.until(ENDED, before + 1).await;
    fixture.until(UNPLANNED, 0).await;
    fixture.count(FAILED).await
}

// promise: S4
#[tokio::test]
async fn rejections_between_deliveries_are_one_outage_until_an_hour_without_one() {
    for fixture in fixtures().await {
        webhook(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(HOOK, &[NO, YES, NO, YES, NO, YES, NO, YES, NO]);
        let engine = fixture.engine(&fake);
        for _ in 0..4 {
            assert_eq!(failures(&fixture, report(&fixture)).await, 1, "{}", fixture.name);
            fixture.clock.advance(OUTAGE / 4);
            assert_eq!(failures(&fixture, report(&fixture)).await, 1, "{}", fixture.name);
            let page = fixture.get(fixture.root, "/destinations").await;
            assert_eq!(
                page["items"][0]["failing_since"],
                Json::Null,
                "it took one: {page}"
            );
            fixture.clock.advance(OUTAGE / 4);
        }
        fixture.clock.advance(OUTAGE);
        assert_eq!(
            failures(&fixture, report(&fixture)).await,
            2,
            "{}: another",
            fixture.name
        );
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn an_hour_without_deliveries_is_announced_even_after_recent_rejections() {
    for fixture in fixtures().await {
        webhook(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(HOOK, &[NO, YES, NO]);
        let engine = fixture.engine(&fake);
        // In quarters of an hour since the previous one, with how many notifications there were by then.
        for (quarters, times) in [(0, 1), (1, 1), (1, 1), (1, 1), (3, 2), (8, 2)] {
            fixture.clock.advance(OUTAGE / 4 * quarters);
            assert_eq!(
                failures(&fixture, report(&fixture)).await,
                times,
                "{}: after {quarters}",
                fixture.name
            );
        }
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn an_address_rejected_from_time_to_time_is_one_outage() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        fake.answers("ana@example.com", &[NO, YES, NO, YES, NO]);
        let engine = fixture.engine(&fake);
        let assign = async || fixture.assign(&[fixture.ana], &[]).await;
        // To her and to the administrator.
        for _ in 0..4 {
            assert_eq!(failures(&fixture, assign()).await, 2, "{}", fixture.name);
            fixture.clock.advance(OUTAGE / 4);
        }
        fixture.clock.advance(OUTAGE);
        assert_eq!(failures(&fixture, assign()).await, 4, "{}: another", fixture.name);
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn a_new_failure_after_saving_the_url_is_news() {
    for fixture in fixtures().await {
        let path = webhook(&fixture).await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(HOOK, &[NO]);
        let engine = fixture.engine(&fake);
        assert_eq!(failures(&fixture, report(&fixture)).await, 1, "{}", fixture.name);
        let again = json!({"recipients": {"urls": [HOOK]}});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, again).await.0, 200);
        assert_eq!(failures(&fixture, report(&fixture)).await, 2, "{}", fixture.name);
        engine.stop().await;
    }
}
