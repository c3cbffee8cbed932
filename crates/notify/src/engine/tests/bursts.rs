//! Many messages to one person in a minute: single ones up to the limit, then one summary, and nothing lost.

use std::time::Duration;

use access::testing as people;
use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, Received, Running, fixtures, next},
};

const MINUTE: Duration = Duration::from_mins(1);
const INBOX: &str = "select count(*) from notifications";
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const BUNDLED: &str = "select count(*) from deliveries where state = 'bundled'";
const CANCELLED: &str = "select count(*) from deliveries where state = 'cancelled'";
const ANA: &str = "ana@example.com";

/// An engine that sends three single messages a minute.
fn three(fixture: &Fixture, fake: &FakeReceiver, node: &str) -> Running {
    let options = Options {
        node: node.into(),
        pause: Duration::ZERO,
        burst: 3,
        ..Options::default()
    };
    fixture.engine_with(fake, options)
}

/// Assigns this many findings to Ana.
async fn assign(fixture: &Fixture, count: usize) {
    for _ in 0..count {
        fixture.assign(&[fixture.ana], &[]).await;
    }
}

/// The titles of the next messages.
async fn titles(received: &mut Received, count: usize) -> Vec<String> {
    let mut titles = Vec::new();
    for _ in 0..count {
        titles.push(next(received).await.title);
    }
    titles
}

/// What the trace of an event says about Ana's mail.
async fn mail(fixture: &Fixture, event: base::Id) -> serde_json::Value {
    let trace = fixture.get(fixture.root, &format!("/events/{event}/trace")).await;
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
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 8).await;
        assert_eq!(titles(&mut received, 3).await, [SINGLE; 3], "{}", fixture.name);
        fixture.until(INBOX, 8).await;
        fixture.until(DELIVERED, 3).await;
        assert_eq!(
            (fixture.count(PENDING).await, fixture.count(BUNDLED).await),
            (1, 4)
        );
        fixture.clock.advance(Duration::from_millis(59_999));
        fixture.assign(&[fixture.ben], &[]).await;
        assert_eq!(
            next(&mut received).await.to,
            "ben@example.com",
            "another person's own"
        );
        assert!(
            received.try_recv().is_err(),
            "{}: not before a minute is over",
            fixture.name
        );
        fixture.clock.advance(Duration::from_millis(1));
        assert_eq!(titles(&mut received, 1).await, ["Summary: 5 notifications"]);
        fixture.until(DELIVERED, 5).await;
        assign(&fixture, 1).await;
        assert_eq!(titles(&mut received, 1).await, [SINGLE], "a new minute");
        fixture.until(DELIVERED, 6).await;
        assert_eq!(fixture.count(BUNDLED).await, 4, "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_single_message_over_the_limit_is_sent_as_itself() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 4).await;
        assert_eq!(titles(&mut received, 3).await, [SINGLE; 3]);
        fixture.until(PENDING, 1).await;
        fixture.clock.advance(MINUTE);
        assert_eq!(titles(&mut received, 1).await, [SINGLE], "{}", fixture.name);
        fixture.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn the_minute_slides() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 1).await;
        titles(&mut received, 1).await;
        fixture.clock.advance(Duration::from_secs(50));
        assign(&fixture, 2).await;
        titles(&mut received, 2).await;
        fixture.clock.advance(Duration::from_secs(20));
        // Two from the last sixty seconds still count.
        assign(&fixture, 3).await;
        titles(&mut received, 1).await;
        fixture.until(BUNDLED, 1).await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        fixture.clock.advance(MINUTE);
        assert_eq!(titles(&mut received, 1).await, ["Summary: 2 notifications"]);
        fixture.until(DELIVERED, 5).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn each_channel_has_its_own_limit_and_teams_have_none() {
    const CHAT: &str = "https://hooks.slack.com/services/T0/B0/anas";
    const TEAM: &str = "https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z";
    for fixture in fixtures().await {
        let chat = json!({"slack_webhook_url": CHAT, "slack_enabled": true});
        assert_eq!(fixture.call(fixture.ana, "PUT", "/me/chat", chat).await.0, 200);
        let on = json!({"finding.assigned:slack": true});
        let answer = fixture
            .call(fixture.ana, "PUT", "/me/notification-preferences", on)
            .await;
        assert_eq!(answer.0, 200);
        let team = fixture.team("Blue", &[], &[(Channel::Teams, TEAM)]).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        for _ in 0..4 {
            fixture.assign(&[fixture.ana], &[team]).await;
        }
        let mut to = Vec::new();
        for _ in 0..10 {
            to.push(next(&mut received).await.to);
        }
        let count = |url: &str| to.iter().filter(|to| *to == url).count();
        assert_eq!(
            (count(ANA), count(CHAT), count(TEAM)),
            (3, 3, 4),
            "{}",
            fixture.name
        );
        fixture.until(PENDING, 2).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn two_nodes_and_a_restart_share_one_count_and_one_summary() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (one, other) = (three(&fixture, &fake, "a"), three(&fixture, &fake, "b"));
        assign(&fixture, 20).await;
        fixture.until(INBOX, 20).await;
        fixture.until(DELIVERED, 3).await;
        one.kill().await;
        other.stop().await;
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 10).await;
        fixture.until(INBOX, 30).await;
        fixture.until(BUNDLED, 26).await;
        assert_eq!(titles(&mut received, 3).await, [SINGLE; 3]);
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        fixture.clock.advance(MINUTE);
        assert_eq!(titles(&mut received, 1).await, ["Summary: 27 notifications"]);
        fixture.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn scope_and_preference_are_checked_again_for_each_event_of_a_summary() {
    for fixture in fixtures().await {
        let other = people::company(&fixture.store, "Other").await;
        people::member(&fixture.store, other, fixture.ana, access::Role::Analyst).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 3).await;
        titles(&mut received, 3).await;
        let elsewhere = || {
            let mut event = fixture.event(base::Kind::FindingAssigned, &[fixture.ana], &[]);
            event.audience = base::Audience::Company(other);
            event
        };
        // The one that opens the summary is canceled, and one in its middle.
        let lost = fixture.emit(elsewhere()).await;
        let led = fixture.assign(&[fixture.ana], &[]).await;
        let kept = fixture.assign(&[fixture.ana], &[]).await;
        fixture.emit(elsewhere()).await;
        fixture.until(BUNDLED, 3).await;
        people::leave(&fixture.store, other, fixture.ana).await;
        fixture.clock.advance(MINUTE);
        assert_eq!(
            titles(&mut received, 1).await,
            ["Summary: 2 notifications"],
            "{}",
            fixture.name
        );
        fixture.until(DELIVERED, 4).await;
        fixture.until(CANCELLED, 2).await;
        assert_eq!(fixture.count(BUNDLED).await, 1);
        let traces = [
            mail(&fixture, lost).await,
            mail(&fixture, led).await,
            mail(&fixture, kept).await,
        ];
        let actual = traces
            .each_ref()
            .map(|entry| (&entry["told"], entry["reason"].as_str().unwrap()));
        assert_eq!(
            actual,
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
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 9).await;
        titles(&mut received, 3).await;
        fixture.until(BUNDLED, 5).await;
        people::leave(&fixture.store, fixture.company, fixture.ana).await;
        fixture.clock.advance(MINUTE);
        fixture.until(CANCELLED, 6).await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_summary_hides_the_details_of_a_company_that_requires_it() {
    for fixture in fixtures().await {
        let other = people::company(&fixture.store, "Other").await;
        people::member(&fixture.store, other, fixture.ana, access::Role::Analyst).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 4).await;
        titles(&mut received, 3).await;
        let mut event = fixture.event(base::Kind::FindingAssigned, &[fixture.ana], &[]);
        event.audience = base::Audience::Company(other);
        fixture.emit(event).await;
        fixture.until(BUNDLED, 1).await;
        people::minimal_messages(&fixture.store, other, true).await;
        fixture.clock.advance(MINUTE);
        let entries = next(&mut received).await.entries;
        assert_eq!(entries[0].title, "Finding assigned: SQL injection");
        assert_eq!(entries[0].detail, "Acme");
        assert!(
            entries[1].title.starts_with("Finding assigned: A finding (…"),
            "{}: {entries:?}",
            fixture.name
        );
        fixture.until(DELIVERED, 4).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn events_in_a_rejected_summary_notified_nobody() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (accepted, refused) = (Outcome::Delivered, Outcome::RefusedForGood);
        fake.answers(ANA, &[accepted, accepted, accepted, refused].map(Answer::Outcome));
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 4).await;
        let event = fixture.assign(&[fixture.ana], &[]).await;
        titles(&mut received, 3).await;
        fixture.until(BUNDLED, 1).await;
        fixture.clock.advance(MINUTE);
        next(&mut received).await;
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        let entry = mail(&fixture, event).await;
        assert_eq!(
            (&entry["told"], &entry["reason"]),
            (&json!(false), &json!("refused")),
            "{}",
            fixture.name
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
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let (accepted, later) = (Outcome::Delivered, Outcome::RefusedForNow { retry_after: None });
        let answers = [accepted, accepted, accepted, later, accepted].map(Answer::Outcome);
        fake.answers(ANA, &answers);
        let engine = three(&fixture, &fake, "a");
        assign(&fixture, 5).await;
        titles(&mut received, 3).await;
        fixture.until(BUNDLED, 1).await;
        fixture.clock.advance(MINUTE);
        let refused = next(&mut received).await;
        fixture.until(PENDING, 1).await;
        assign(&fixture, 1).await;
        assert_eq!(titles(&mut received, 1).await, [SINGLE], "{}", fixture.name);
        fixture.clock.advance(Duration::from_secs(10));
        assert_eq!(next(&mut received).await, refused, "the same message");
        fixture.until(DELIVERED, 5).await;
        engine.stop().await;
    }
}
