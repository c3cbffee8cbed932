//! A URL that the secret key cannot decrypt: its messages wait, say so, and are sent once it can.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::{
    channel::Channel,
    fixture::{DELIVERED, FakeReceiver, Fixture, Received, fixtures, next},
};

const SLACK: &str = "https://hooks.slack.com/services/T0123456/B0123456/abcdefabcdefabcdefabcdef";
const HOOK: &str = "https://receiver.example/hooks/campanile";
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const WORDS: &str = "the secret key cannot decrypt this URL";

async fn change(fixture: &Fixture, sql: &'static str) {
    fixture.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
}

/// It cannot be decrypted: it was sealed with another key, or is damaged.
const SEAL: &str = "update destinations set sealed = 'AA' || sealed where sealed <> ''";
const OPEN: &str = "update destinations set sealed = substr(sealed, 3) where sealed like 'AA%'";
const NEW: &str = "update notification_meta set value = value + 1 where name = 'rules'";

/// The owner of the URL, and the person in the event.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RecoverFrom {
    Team,
    Person,
    Rule,
}

async fn event_for(fixture: &Fixture, whose: RecoverFrom) -> base::Id {
    // So that nothing else is sent.
    change(
        fixture,
        "update notification_rules set enabled = 0 where channel = 'email'",
    )
    .await;
    change(fixture, NEW).await;
    match whose {
        RecoverFrom::Team => {
            let team = fixture.team("Red", &[], &[(Channel::Slack, SLACK)]).await;
            change(fixture, SEAL).await;
            fixture.assign(&[], &[team]).await
        }
        RecoverFrom::Person => {
            let chat = json!({"slack_webhook_url": SLACK, "slack_enabled": true});
            let (status, body) = fixture.call(fixture.ana, "PUT", "/me/chat", chat).await;
            assert_eq!(status, 200, "{body}");
            let wish = json!({"finding.assigned:slack": true});
            let path = "/me/notification-preferences";
            assert_eq!(fixture.call(fixture.ana, "PUT", path, wish).await.0, 200);
            change(fixture, SEAL).await;
            fixture.assign(&[fixture.ana], &[]).await
        }
        RecoverFrom::Rule => {
            let rule = json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [HOOK]}});
            let (status, body) = fixture
                .call(fixture.root, "POST", "/notification-rules", rule)
                .await;
            assert_eq!(status, 201, "{body}");
            change(fixture, SEAL).await;
            change(fixture, NEW).await;
            fixture.assign(&[], &[]).await
        }
    }
}

async fn waits(fixture: &Fixture, event: base::Id, received: &mut Received) {
    fixture.until(PENDING, 1).await;
    let reason = "select count(*) from deliveries where reason = 'the secret key cannot decrypt this URL'";
    fixture.until(reason, 1).await;
    assert!(received.try_recv().is_err(), "{}", fixture.name);
    let path = format!("/deliveries?event_id={event}&state=pending");
    let list = fixture.get(fixture.root, &path).await;
    assert_eq!(list["items"][0]["reason"], WORDS, "{}: {list}", fixture.name);
    let trace = fixture.get(fixture.root, &format!("/events/{event}/trace")).await;
    let entries = trace["entries"].as_array().unwrap();
    let waiting: Vec<&Json> = entries
        .iter()
        .filter(|entry| entry["reason"] == "pending")
        .collect();
    assert_eq!(waiting.len(), 1, "{trace}");
    let explanation = waiting[0]["explanation"].as_str().unwrap();
    assert!(explanation.contains(WORDS), "{explanation}");
    let known = fixture.get(fixture.root, "/destinations").await;
    let closed = known["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["opens"] == false);
    assert_eq!(closed.count(), 1, "{known}");
}

// promise: S4
// promise: O8
#[tokio::test]
async fn a_message_to_an_undecryptable_url_waits_until_it_can_be_decrypted() {
    for whose in [RecoverFrom::Team, RecoverFrom::Person, RecoverFrom::Rule] {
        for fixture in fixtures().await {
            let (fake, mut received) = FakeReceiver::new();
            let engine = fixture.engine(&fake);
            let event = event_for(&fixture, whose).await;
            waits(&fixture, event, &mut received).await;
            // However often it is checked, it still waits.
            for _ in 0..3 {
                fixture.clock.advance(Duration::from_mins(1));
                fixture.until(PENDING, 1).await;
            }
            change(&fixture, OPEN).await;
            change(&fixture, NEW).await;
            fixture.clock.advance(Duration::from_mins(1));
            let to = if whose == RecoverFrom::Rule { HOOK } else { SLACK };
            assert_eq!(next(&mut received).await.to, to, "{}: {whose:?}", fixture.name);
            fixture.until(DELIVERED, 1).await;
            engine.stop().await;
            assert!(received.try_recv().is_err());
        }
    }
}

#[tokio::test]
async fn a_start_with_the_right_key_checks_at_once_and_a_url_saved_again_works() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let event = event_for(&fixture, RecoverFrom::Team).await;
        waits(&fixture, event, &mut received).await;
        engine.stop().await;
        let team = fixture
            .rows("select owner from destinations where owner_kind = 'team'")
            .await;
        fixture
            .save_url(team[0].0.parse().unwrap(), Channel::Slack, SLACK)
            .await;
        let engine = fixture.engine(&fake);
        assert_eq!(next(&mut received).await.to, SLACK, "{}", fixture.name);
        fixture.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}
