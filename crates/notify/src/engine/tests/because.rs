//! Why each recipient gets a message: in the message itself and in the inbox row.

use std::{collections::BTreeMap, time::Duration};

use access::{Role, testing as people};
use base::{Id, Kind};
use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    fixture::{Answer, Arrival, FakeReceiver, Fixture, Received, fixtures, next},
};

const BLUE: &str = "https://hooks.slack.com/services/T/B/blue";
const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";

async fn member(fixture: &Fixture, name: &str) -> Id {
    let user = people::user(&fixture.store, &format!("{name}@example.com")).await;
    people::member(&fixture.store, fixture.company, user, Role::Analyst).await;
    user
}

async fn arrived(received: &mut Received, count: usize) -> BTreeMap<String, Arrival> {
    let mut all = BTreeMap::new();
    for _ in 0..count {
        let one = next(received).await;
        all.insert(one.to.clone(), one);
    }
    all
}

/// The reason in this person's newest inbox row.
async fn row(fixture: &Fixture, user: Id) -> String {
    let rows = fixture.get(user, "/notifications").await;
    let why = &rows["items"][0]["data"]["why"];
    why.as_str().unwrap_or_else(|| panic!("{rows}")).to_owned()
}

// promise: C8
#[tokio::test]
async fn every_recipient_of_an_event_reads_why_they_get_it() {
    for fixture in fixtures().await {
        let ida = member(&fixture, "ida").await;
        let blue = fixture.team("Blue", &[], &[(Channel::Slack, BLUE)]).await;
        let red = fixture.team("Red", &[ida], &[]).await;
        for rule in [
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [HOOK]}}),
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "low",
                "recipients": {"emails": ["soc@elsewhere.example"], "user_ids": [fixture.ben]}}),
        ] {
            let (status, answer) = fixture
                .call(fixture.root, "POST", "/notification-rules", rule)
                .await;
            assert_eq!(status, 201, "{answer}");
        }
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let event = fixture.event(Kind::FindingAssigned, &[fixture.ana], &[blue, red]);
        let link = format!("https://campanile.example/inbox?why={}", event.id);
        fixture.emit(event).await;
        let all = arrived(&mut received, 6).await;
        let mine = Some(link);
        for (to, why, url) in [
            (
                "ana@example.com",
                Some("You get this because the finding is assigned to you."),
                &mine,
            ),
            (
                "ben@example.com",
                Some("You get this because a notification rule names you."),
                &mine,
            ),
            (
                "ida@example.com",
                Some("You get this because your team Red is responsible and has no chat channel."),
                &mine,
            ),
            (
                "soc@elsewhere.example",
                Some("This address gets this because a notification rule names it."),
                &None,
            ),
            (
                BLUE,
                Some("This channel gets this because the team Blue is responsible."),
                &None,
            ),
            (HOOK, None, &None),
        ] {
            let one = &all[to];
            assert_eq!((one.why.as_deref(), &one.why_url), (why, url), "{}", fixture.name);
        }
        for (user, to) in [(fixture.ana, "ana@example.com"), (ida, "ida@example.com")] {
            assert_eq!(
                Some(row(&fixture, user).await),
                all[to].why,
                "{}: the inbox says the same",
                fixture.name
            );
        }
        engine.stop().await;
    }
}

// promise: C8
#[tokio::test]
async fn a_retried_message_is_unchanged_and_one_without_details_names_no_team() {
    for fixture in fixtures().await {
        let ida = member(&fixture, "ida").await;
        let red = fixture.team("Red", &[ida], &[]).await;
        let (fake, mut received) = FakeReceiver::new();
        let later = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
        fake.answers("ida@example.com", &[later, Answer::Outcome(Outcome::Delivered)]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[], &[red]).await;
        let first = next(&mut received).await;
        let ended = "select count(*) from delivery_attempts where ended_at > 0";
        fixture.until(ended, 1).await;
        fixture
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        fixture.clock.advance(Duration::from_mins(6));
        assert_eq!(next(&mut received).await, first, "{}", fixture.name);
        fixture.until(ended, 2).await;
        people::minimal_messages(&fixture.store, fixture.company, true).await;
        fixture.assign(&[], &[red]).await;
        assert_eq!(
            next(&mut received).await.why.as_deref(),
            Some("You get this because your team is responsible and has no chat channel."),
            "{}",
            fixture.name
        );
        // The inbox stays on this server.
        assert_eq!(
            row(&fixture, ida).await,
            "You get this because your team Red is responsible and has no chat channel."
        );
        engine.stop().await;
    }
}

// promise: C8
#[tokio::test]
async fn a_summary_refers_to_the_inbox_for_each_reason() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let options = Options {
            pause: Duration::ZERO,
            burst: 1,
            ..Options::default()
        };
        let engine = fixture.engine_with(&fake, options);
        for _ in 0..3 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        next(&mut received).await;
        fixture
            .until("select count(*) from deliveries where state = 'bundled'", 1)
            .await;
        fixture.clock.advance(Duration::from_mins(1));
        let summary = next(&mut received).await;
        assert_eq!(summary.title, "Summary: 2 notifications", "{}", fixture.name);
        assert_eq!(
            summary.why.as_deref(),
            Some(
                "You get this because there were many notifications for you in a short time. Your inbox shows the \
                 reason for each."
            )
        );
        engine.stop().await;
    }
}
