//! Destinations that reject permanently are turned off, with one notification, and turned on again on request.

use std::{future::Future, time::Duration};

use access::{Role, testing as people};
use base::Id;
use serde_json::{Value as Json, json};

use super::{OUTAGE, REFUSALS};
use crate::{
    channel::Channel,
    channels::Outcome,
    house::{Answer, DELIVERED, House, Post, houses, next},
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
async fn told(house: &House, user: Id) -> Vec<Json> {
    let path = "/notifications?event_type=destination.switched_off";
    let page = house.get(user, path).await;
    page["items"].as_array().unwrap().clone()
}

async fn hook(house: &House) -> String {
    hook_at(house, HOOK).await
}

async fn hook_at(house: &House, url: &str) -> String {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
    let (status, rule) = house.call(house.root, "POST", "/notification-rules", body).await;
    assert_eq!(status, 201, "{rule}");
    format!("/notification-rules/{}", rule["id"].as_str().unwrap())
}

async fn report(house: &House) -> Id {
    house.emit(house.event(base::Kind::ReportReady, &[], &[])).await
}

#[tokio::test]
async fn a_url_that_is_gone_is_turned_off_at_once_with_one_notification() {
    for house in houses().await {
        let manager = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, manager, Role::Manager).await;
        let team = house.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
        let (post, mut bag) = Post::new();
        post.answers(SLACK, &[Answer::Gone]);
        let engine = house.engine(&post);
        house.assign(&[], &[team]).await;
        next(&mut bag).await;
        house.until(TOLD, 2).await;
        let event = house.assign(&[], &[team]).await;
        house.until(CANCELLED, 1).await;
        assert!(bag.try_recv().is_err(), "{}: not tried", house.name);
        for user in [manager, house.root] {
            let told = told(&house, user).await;
            assert_eq!(told.len(), 1, "{}", house.name);
            assert_eq!(told[0]["type"], "destination");
            assert!(told[0]["title"].as_str().unwrap().contains("hooks.slack.com/…"));
            assert!(told[0]["data"]["destination_id"].is_string());
            assert!(!told[0].to_string().contains("T0/B0/secret"));
        }
        assert!(told(&house, house.ana).await.is_empty());
        let list = house
            .get(house.root, &format!("/deliveries?event_id={event}&channel=slack"))
            .await;
        let reason = list["items"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("turned off"), "{reason}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn rejections_in_a_row_turn_off_and_a_delivery_resets_the_count() {
    for house in houses().await {
        hook(&house).await;
        let most = usize::try_from(REFUSALS).unwrap();
        let mut answers = vec![NO; most - 1];
        answers.push(YES);
        answers.extend(vec![NO; most]);
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &answers);
        let engine = house.engine(&post);
        for _ in 0..answers.len() {
            assert_eq!(house.count(OFF).await, 0, "{}", house.name);
            let before = house.count(REFUSED).await + house.count(DELIVERED).await;
            report(&house).await;
            next(&mut bag).await;
            let ended = "select count(*) from deliveries where state in ('refused', 'delivered')";
            house.until(ended, before + 1).await;
        }
        assert_eq!(house.count(OFF).await, 1);
        house.until(TOLD, 1).await;
        report(&house).await;
        house.until(CANCELLED, 1).await;
        assert!(bag.try_recv().is_err());
        engine.stop().await;
    }
}

#[tokio::test]
async fn many_rejections_at_once_are_one_notification() {
    for house in houses().await {
        hook(&house).await;
        let (post, _bag) = Post::new();
        post.answers(HOOK, &[Answer::Gone]);
        for _ in 0..20 {
            report(&house).await;
        }
        let engine = house.engine(&post);
        let over = "select count(*) from deliveries where state in ('refused', 'cancelled')";
        house.until(over, 20).await;
        house
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert_eq!(house.count(TOLD).await, 1, "{}", house.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn saving_the_url_again_turns_it_on() {
    for house in houses().await {
        let path = hook(&house).await;
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[Answer::Gone, YES]);
        let engine = house.engine(&post);
        report(&house).await;
        next(&mut bag).await;
        house.until(OFF, 1).await;
        // The masked URL, as a form sends it back, changes nothing.
        let urls = house.get(house.root, &path).await["recipients"]["urls"].clone();
        let masked = json!({"recipients": {"urls": urls}});
        assert_eq!(house.call(house.root, "PATCH", &path, masked).await.0, 200);
        assert_eq!(house.count(OFF).await, 1, "{}", house.name);
        let again = json!({"recipients": {"urls": [HOOK]}});
        assert_eq!(house.call(house.root, "PATCH", &path, again).await.0, 200);
        assert_eq!(house.count(OFF).await, 0);
        report(&house).await;
        next(&mut bag).await;
        house.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_person_is_notified_of_their_own_chat_and_saves_it_again() {
    for house in houses().await {
        let chat = json!({"slack_webhook_url": SLACK, "slack_enabled": true});
        assert_eq!(
            house.call(house.ana, "PUT", "/me/chat", chat.clone()).await.0,
            200
        );
        let on = json!({"finding.assigned:slack": true});
        house
            .call(house.ana, "PUT", "/me/notification-preferences", on)
            .await;
        let (post, _bag) = Post::new();
        post.answers(SLACK, &[Answer::Gone, YES]);
        let engine = house.engine(&post);
        house.assign(&[house.ana], &[]).await;
        house.until(OFF, 1).await;
        house.until(TOLD, 2).await;
        assert_eq!(told(&house, house.ana).await.len(), 1, "{}", house.name);
        house.call(house.ana, "PUT", "/me/chat", chat).await;
        assert_eq!(house.count(OFF).await, 0);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_teams_url_that_is_saved_again_is_on_for_the_next_message() {
    for house in houses().await {
        let team = house.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
        let (post, mut bag) = Post::new();
        post.answers(SLACK, &[Answer::Gone, YES]);
        let engine = house.engine(&post);
        house.assign(&[], &[team]).await;
        next(&mut bag).await;
        house.until(OFF, 1).await;
        house.clock.advance(Duration::from_secs(1));
        house.save_url(team, Channel::Slack, SLACK).await;
        house.assign(&[], &[team]).await;
        next(&mut bag).await;
        house.until(OFF, 0).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn only_a_delivered_test_message_turns_it_on() {
    for house in houses().await {
        let house = house.reaching_this_machine();
        let sink = HttpSink::start(None, Answering::status(500)).await;
        let url = format!("http://{}/hook", sink.address());
        hook_at(&house, &url).await;
        let (post, mut bag) = Post::new();
        post.answers(&url, &[Answer::Gone, YES]);
        let engine = house.engine(&post);
        report(&house).await;
        next(&mut bag).await;
        house.until(OFF, 1).await;
        for (status, delivered, off) in [(500, false, 1), (410, false, 1), (204, true, 0)] {
            sink.answer(Answering::status(status));
            let body = json!({"channel": "webhook", "url": url});
            let (_, result) = house.call(house.root, "POST", "/destinations/test", body).await;
            assert_eq!(result["delivered"], delivered, "{}: {result}", house.name);
            assert_eq!(house.count(OFF).await, off, "{}: {status}", house.name);
        }
        report(&house).await;
        next(&mut bag).await;
        house.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

const FAILED: &str = "select count(*) from notifications where event_type = 'delivery.failed'";
const UNPLANNED: &str = "select count(*) from events where planned_at = 0";
const ENDED: &str = "select count(*) from deliveries where state in ('refused', 'delivered')";

/// Triggers one message, waits until it has ended, and returns how many notifications of failures there were by then.
async fn failures(house: &House, event: impl Future<Output = Id>) -> i64 {
    let before = house.count(ENDED).await;
    event.await;
    house.until(ENDED, before + 1).await;
    house.until(UNPLANNED, 0).await;
    house.count(FAILED).await
}

// promise: S4
#[tokio::test]
async fn rejections_between_deliveries_are_one_outage_until_an_hour_without_one() {
    for house in houses().await {
        hook(&house).await;
        let (post, _bag) = Post::new();
        post.answers(HOOK, &[NO, YES, NO, YES, NO, YES, NO, YES, NO]);
        let engine = house.engine(&post);
        for _ in 0..4 {
            assert_eq!(failures(&house, report(&house)).await, 1, "{}", house.name);
            house.clock.advance(OUTAGE / 4);
            assert_eq!(failures(&house, report(&house)).await, 1, "{}", house.name);
            let page = house.get(house.root, "/destinations").await;
            assert_eq!(
                page["items"][0]["failing_since"],
                Json::Null,
                "it took one: {page}"
            );
            house.clock.advance(OUTAGE / 4);
        }
        house.clock.advance(OUTAGE);
        assert_eq!(
            failures(&house, report(&house)).await,
            2,
            "{}: another",
            house.name
        );
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn an_hour_without_deliveries_is_announced_even_after_recent_rejections() {
    for house in houses().await {
        hook(&house).await;
        let (post, _bag) = Post::new();
        post.answers(HOOK, &[NO, YES, NO]);
        let engine = house.engine(&post);
        // In quarters of an hour since the previous one, with how many notifications there were by then.
        for (quarters, times) in [(0, 1), (1, 1), (1, 1), (1, 1), (3, 2), (8, 2)] {
            house.clock.advance(OUTAGE / 4 * quarters);
            assert_eq!(
                failures(&house, report(&house)).await,
                times,
                "{}: after {quarters}",
                house.name
            );
        }
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn an_address_rejected_from_time_to_time_is_one_outage() {
    for house in houses().await {
        let (post, _bag) = Post::new();
        post.answers("ana@example.com", &[NO, YES, NO, YES, NO]);
        let engine = house.engine(&post);
        let assign = async || house.assign(&[house.ana], &[]).await;
        // To her and to the administrator.
        for _ in 0..4 {
            assert_eq!(failures(&house, assign()).await, 2, "{}", house.name);
            house.clock.advance(OUTAGE / 4);
        }
        house.clock.advance(OUTAGE);
        assert_eq!(failures(&house, assign()).await, 4, "{}: another", house.name);
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn a_new_failure_after_saving_the_url_is_news() {
    for house in houses().await {
        let path = hook(&house).await;
        let (post, _bag) = Post::new();
        post.answers(HOOK, &[NO]);
        let engine = house.engine(&post);
        assert_eq!(failures(&house, report(&house)).await, 1, "{}", house.name);
        let again = json!({"recipients": {"urls": [HOOK]}});
        assert_eq!(house.call(house.root, "PATCH", &path, again).await.0, 200);
        assert_eq!(failures(&house, report(&house)).await, 2, "{}", house.name);
        engine.stop().await;
    }
}
