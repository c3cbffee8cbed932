//! Many messages to one person in a minute: single ones up to the limit, then one summary, and nothing lost.

use std::time::Duration;

use access::testing as people;
use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    house::{Answer, DELIVERED, House, Mailbag, Post, Running, houses, next},
};

const MINUTE: Duration = Duration::from_mins(1);
const INBOX: &str = "select count(*) from notifications";
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const BUNDLED: &str = "select count(*) from deliveries where state = 'bundled'";
const CANCELLED: &str = "select count(*) from deliveries where state = 'cancelled'";
const ANA: &str = "ana@example.com";

/// An engine that sends three single messages a minute.
fn three(house: &House, post: &Post, node: &str) -> Running {
    let options = Options {
        node: node.into(),
        pause: Duration::ZERO,
        burst: 3,
        ..Options::default()
    };
    house.engine_with(post, options)
}

/// Assigns this many findings to Ana.
async fn assign(house: &House, count: usize) {
    for _ in 0..count {
        house.assign(&[house.ana], &[]).await;
    }
}

/// The titles of the next messages.
async fn titles(bag: &mut Mailbag, count: usize) -> Vec<String> {
    let mut titles = Vec::new();
    for _ in 0..count {
        titles.push(next(bag).await.title);
    }
    titles
}

/// What the trace of an event says about Ana's mail.
async fn mail(house: &House, event: base::Id) -> serde_json::Value {
    let trace = house.get(house.root, &format!("/events/{event}/trace")).await;
    let entries = trace["entries"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["channel"] == "email")
        .unwrap()
        .clone()
}

const SINGLE: &str = "Finding assigned: SQL injection";

#[tokio::test]
async fn messages_over_the_limit_are_one_summary_and_the_inbox_has_all() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 8).await;
        assert_eq!(titles(&mut bag, 3).await, [SINGLE; 3], "{}", house.name);
        house.until(INBOX, 8).await;
        house.until(DELIVERED, 3).await;
        assert_eq!((house.count(PENDING).await, house.count(BUNDLED).await), (1, 4));
        house.clock.advance(Duration::from_millis(59_999));
        house.assign(&[house.ben], &[]).await;
        assert_eq!(next(&mut bag).await.to, "ben@example.com", "another person's own");
        assert!(
            bag.try_recv().is_err(),
            "{}: not before a minute is over",
            house.name
        );
        house.clock.advance(Duration::from_millis(1));
        assert_eq!(titles(&mut bag, 1).await, ["Summary: 5 notifications"]);
        house.until(DELIVERED, 5).await;
        assign(&house, 1).await;
        assert_eq!(titles(&mut bag, 1).await, [SINGLE], "a new minute");
        house.until(DELIVERED, 6).await;
        assert_eq!(house.count(BUNDLED).await, 4, "{}", house.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_single_message_over_the_limit_is_sent_as_itself() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 4).await;
        assert_eq!(titles(&mut bag, 3).await, [SINGLE; 3]);
        house.until(PENDING, 1).await;
        house.clock.advance(MINUTE);
        assert_eq!(titles(&mut bag, 1).await, [SINGLE], "{}", house.name);
        house.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn the_minute_slides() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 1).await;
        titles(&mut bag, 1).await;
        house.clock.advance(Duration::from_secs(50));
        assign(&house, 2).await;
        titles(&mut bag, 2).await;
        house.clock.advance(Duration::from_secs(20));
        // Two from the last sixty seconds still count.
        assign(&house, 3).await;
        titles(&mut bag, 1).await;
        house.until(BUNDLED, 1).await;
        assert!(bag.try_recv().is_err(), "{}", house.name);
        house.clock.advance(MINUTE);
        assert_eq!(titles(&mut bag, 1).await, ["Summary: 2 notifications"]);
        house.until(DELIVERED, 5).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn each_channel_has_its_own_limit_and_teams_have_none() {
    const CHAT: &str = "https://hooks.slack.com/services/T0/B0/anas";
    const TEAM: &str = "https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z";
    for house in houses().await {
        let chat = json!({"slack_webhook_url": CHAT, "slack_enabled": true});
        assert_eq!(house.call(house.ana, "PUT", "/me/chat", chat).await.0, 200);
        let on = json!({"finding.assigned:slack": true});
        let answer = house
            .call(house.ana, "PUT", "/me/notification-preferences", on)
            .await;
        assert_eq!(answer.0, 200);
        let team = house.team("Blue", &[], &[(Channel::Teams, TEAM)]).await;
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        for _ in 0..4 {
            house.assign(&[house.ana], &[team]).await;
        }
        let mut to = Vec::new();
        for _ in 0..10 {
            to.push(next(&mut bag).await.to);
        }
        let count = |url: &str| to.iter().filter(|to| *to == url).count();
        assert_eq!(
            (count(ANA), count(CHAT), count(TEAM)),
            (3, 3, 4),
            "{}",
            house.name
        );
        house.until(PENDING, 2).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn two_nodes_and_a_restart_share_one_count_and_one_summary() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let (one, other) = (three(&house, &post, "a"), three(&house, &post, "b"));
        assign(&house, 20).await;
        house.until(INBOX, 20).await;
        house.until(DELIVERED, 3).await;
        one.kill().await;
        other.stop().await;
        let engine = three(&house, &post, "a");
        assign(&house, 10).await;
        house.until(INBOX, 30).await;
        house.until(BUNDLED, 26).await;
        assert_eq!(titles(&mut bag, 3).await, [SINGLE; 3]);
        assert!(bag.try_recv().is_err(), "{}", house.name);
        house.clock.advance(MINUTE);
        assert_eq!(titles(&mut bag, 1).await, ["Summary: 27 notifications"]);
        house.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn scope_and_preference_are_checked_again_for_each_event_of_a_summary() {
    for house in houses().await {
        let other = people::company(&house.store, "Other").await;
        people::member(&house.store, other, house.ana, access::Role::Analyst).await;
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 3).await;
        titles(&mut bag, 3).await;
        let elsewhere = || {
            let mut event = house.event(base::Kind::FindingAssigned, &[house.ana], &[]);
            event.audience = base::Audience::Company(other);
            event
        };
        // The one that opens the summary is canceled, and one in its middle.
        let lost = house.emit(elsewhere()).await;
        let led = house.assign(&[house.ana], &[]).await;
        let kept = house.assign(&[house.ana], &[]).await;
        house.emit(elsewhere()).await;
        house.until(BUNDLED, 3).await;
        people::leave(&house.store, other, house.ana).await;
        house.clock.advance(MINUTE);
        assert_eq!(
            titles(&mut bag, 1).await,
            ["Summary: 2 notifications"],
            "{}",
            house.name
        );
        house.until(DELIVERED, 4).await;
        house.until(CANCELLED, 2).await;
        assert_eq!(house.count(BUNDLED).await, 1);
        let traces = [
            mail(&house, lost).await,
            mail(&house, led).await,
            mail(&house, kept).await,
        ];
        let said = traces
            .each_ref()
            .map(|entry| (&entry["told"], entry["reason"].as_str().unwrap()));
        assert_eq!(
            said,
            [
                (&json!(false), "out_of_scope"),
                (&json!(true), "assignee"),
                (&json!(true), "assignee")
            ]
        );
        let why = traces
            .each_ref()
            .map(|entry| entry["explanation"].as_str().unwrap());
        assert_eq!(why[0], "the event's company is outside their scope");
        assert_eq!(why[2], "one of many in a minute: bundled in a summary");
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn a_summary_is_not_sent_if_no_event_in_it_may_be() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 9).await;
        titles(&mut bag, 3).await;
        house.until(BUNDLED, 5).await;
        people::leave(&house.store, house.company, house.ana).await;
        house.clock.advance(MINUTE);
        house.until(CANCELLED, 6).await;
        assert!(bag.try_recv().is_err(), "{}", house.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_summary_hides_the_details_of_a_company_that_requires_it() {
    for house in houses().await {
        let other = people::company(&house.store, "Other").await;
        people::member(&house.store, other, house.ana, access::Role::Analyst).await;
        let (post, mut bag) = Post::new();
        let engine = three(&house, &post, "a");
        assign(&house, 4).await;
        titles(&mut bag, 3).await;
        let mut event = house.event(base::Kind::FindingAssigned, &[house.ana], &[]);
        event.audience = base::Audience::Company(other);
        house.emit(event).await;
        house.until(BUNDLED, 1).await;
        people::minimal_messages(&house.store, other, true).await;
        house.clock.advance(MINUTE);
        let entries = next(&mut bag).await.entries;
        assert_eq!(entries[0].title, "Finding assigned: SQL injection");
        assert_eq!(entries[0].detail, "Acme");
        assert!(
            entries[1].title.starts_with("Finding assigned: A finding (…"),
            "{}: {entries:?}",
            house.name
        );
        house.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn events_in_a_rejected_summary_notified_nobody() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let (taken, refused) = (Outcome::Delivered, Outcome::RefusedForGood);
        post.answers(ANA, &[taken, taken, taken, refused].map(Answer::Outcome));
        let engine = three(&house, &post, "a");
        assign(&house, 4).await;
        let event = house.assign(&[house.ana], &[]).await;
        titles(&mut bag, 3).await;
        house.until(BUNDLED, 1).await;
        house.clock.advance(MINUTE);
        next(&mut bag).await;
        house
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        let entry = mail(&house, event).await;
        assert_eq!(
            (&entry["told"], &entry["reason"]),
            (&json!(false), &json!("refused")),
            "{}",
            house.name
        );
        assert_eq!(
            entry["explanation"],
            "the destination rejected the message permanently"
        );
        assert_eq!(entry["delivery"]["state"], "bundled");
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_summary_that_is_retried_collects_nothing_more() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let (taken, later) = (Outcome::Delivered, Outcome::RefusedForNow { retry_after: None });
        let answers = [taken, taken, taken, later, taken].map(Answer::Outcome);
        post.answers(ANA, &answers);
        let engine = three(&house, &post, "a");
        assign(&house, 5).await;
        titles(&mut bag, 3).await;
        house.until(BUNDLED, 1).await;
        house.clock.advance(MINUTE);
        let refused = next(&mut bag).await;
        house.until(PENDING, 1).await;
        assign(&house, 1).await;
        assert_eq!(titles(&mut bag, 1).await, [SINGLE], "{}", house.name);
        house.clock.advance(Duration::from_secs(10));
        assert_eq!(next(&mut bag).await, refused, "the same message");
        house.until(DELIVERED, 5).await;
        engine.stop().await;
    }
}
