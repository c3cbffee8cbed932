//! The trace over the real engine, on both databases: for everyone, for one person, and who may ask.

mod asking;
mod groups;

use access::{Role, testing as people};
use base::{Event, Id, Kind, Severity};
use serde_json::{Value as Json, json};

use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const UNPLANNED: &str = "select count(*) from events where planned_at = 0";

/// What an administrator sees about everyone.
async fn whole(fixture: &Fixture, event: Id) -> Json {
    fixture.get(fixture.root, &format!("/events/{event}/trace")).await
}

/// What an administrator sees about one person: whether they were notified, and the sentence.
async fn of(fixture: &Fixture, event: Id, user: Id) -> (bool, String) {
    let path = format!("/events/{event}/trace?user_id={user}");
    let answer = fixture.get(fixture.root, &path).await;
    let sentence = answer["sentence"].as_str().unwrap().to_owned();
    (answer["notified"].as_bool().unwrap(), sentence)
}

fn low(fixture: &Fixture, kind: Kind, users: &[Id]) -> Event {
    let mut event = fixture.event(kind, users, &[]);
    event.severity = Some(Severity::Low);
    event
}

/// Emits it, and waits until it is planned and its messages have ended.
async fn happen(fixture: &Fixture, event: Event) -> Id {
    let id = fixture.emit(event).await;
    fixture.until(UNPLANNED, 0).await;
    let open = "select count(*) from deliveries where state in ('pending', 'sending')";
    fixture.until(open, 0).await;
    id
}

// promise: O8
#[tokio::test]
async fn an_event_that_notified_nobody_shows_why() {
    for fixture in fixtures().await {
        let event = fixture.assign(&[fixture.ana], &[]).await;
        let trace = whole(&fixture, event).await;
        assert_eq!(trace["summary"], "Not planned yet.", "{}", fixture.name);
        assert_eq!(trace["planned_at"], Json::Null);
        assert_eq!(
            of(&fixture, event, fixture.ana).await,
            (
                false,
                "ana has not been notified yet: the event is not planned yet.".to_owned()
            )
        );
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut asset = fixture.event(Kind::AssetCreated, &[], &[]);
        asset.subject.kind = base::SubjectType::Asset;
        for (event, summary) in [
            (
                asset,
                "Nobody was notified, because the event has no recipients and no rule names anyone.",
            ),
            (
                low(&fixture, Kind::FindingUpdated, &[fixture.ana]),
                "Nobody was notified, because no rule for this type of event applies.",
            ),
        ] {
            let id = happen(&fixture, event).await;
            let trace = whole(&fixture, id).await;
            assert_eq!(trace["summary"], summary, "{}: {trace}", fixture.name);
            assert!(trace["planned_at"].is_string(), "{trace}");
        }
        let mut event = fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]);
        event.actor = Some(fixture.ana);
        let id = happen(&fixture, event).await;
        let trace = whole(&fixture, id).await;
        assert_eq!(
            trace["summary"], "Nobody was notified: 1 person did it themselves.",
            "{}: {trace}",
            fixture.name
        );
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn the_summary_counts_people_channels_and_webhooks() {
    for fixture in fixtures().await {
        let urls = [(Channel::Slack, "https://hooks.slack.com/services/T/B/blue")];
        let blue = fixture.team("Blue", &[fixture.ben], &urls).await;
        let hook = json!({"event_type": "finding.assigned", "channel": "webhook",
            "recipients": {"urls": ["https://receiver.example/hooks/0123456789abcdef"]}});
        let (status, _) = fixture
            .call(fixture.root, "POST", "/notification-rules", hook)
            .await;
        assert_eq!(status, 201);
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let id = happen(
            &fixture,
            fixture.event(Kind::FindingAssigned, &[fixture.ana], &[blue]),
        )
        .await;
        let trace = whole(&fixture, id).await;
        assert_eq!(
            trace["summary"], "1 person, 1 channel and 1 webhook were notified.",
            "{}: {trace}",
            fixture.name
        );
        // A member of the team is in it, with the team.
        let entries = trace["entries"].as_array().unwrap();
        let ben = entries
            .iter()
            .find(|entry| entry["recipient"] == json!(fixture.ben))
            .unwrap();
        assert_eq!(
            (&ben["told"], &ben["reason"], &ben["team_id"]),
            (&json!(false), &json!("team_channel"), &json!(blue))
        );
        assert_eq!(
            of(&fixture, id, fixture.ben).await,
            (
                false,
                "ben was notified only through the channel of the team Blue.".to_owned()
            )
        );
        let path = format!("/events/{id}/trace?user_id={}", fixture.ben);
        let answer = fixture.get(fixture.root, &path).await;
        let types: Vec<&str> = answer["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["recipient_type"].as_str().unwrap())
            .collect();
        assert!(types.contains(&"team") && types.contains(&"user"), "{answer}");
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn every_person_has_an_answer_in_one_sentence() {
    for fixture in fixtures().await {
        let (ana, ben) = (fixture.ana, fixture.ben);
        let eve = people::user(&fixture.store, "eve@example.com").await;
        let off = people::user(&fixture.store, "off@example.com").await;
        people::member(&fixture.store, fixture.company, off, Role::Analyst).await;
        people::disable(&fixture.store, off).await;
        let no_mail = json!({"finding.assigned:email": false});
        let path = "/me/notification-preferences";
        assert_eq!(fixture.call(ben, "PUT", path, no_mail).await.0, 200);
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut event = fixture.event(Kind::FindingAssigned, &[ana, ben, eve, off], &[]);
        let actor = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, actor, Role::Analyst).await;
        event.actor = Some(actor);
        let old = people::user(&fixture.store, "olga@example.com").await;
        people::member(&fixture.store, fixture.company, old, Role::Analyst).await;
        let all = json!([ana, ben, eve, off, old]);
        event.data.insert("assignee_user_ids".into(), all);
        let id = happen(&fixture, event).await;
        let stranger = people::user(&fixture.store, "sam@example.com").await;
        let idle = people::user(&fixture.store, "ida@example.com").await;
        people::member(&fixture.store, fixture.company, idle, Role::Analyst).await;
        for (user, notified, sentence) in [
            (
                ana,
                true,
                "ana was notified in the inbox and by email, because the finding is assigned to them.",
            ),
            (
                ben,
                true,
                "ben was notified in the inbox, because the finding is assigned to them, but not by email: they turned it off in their preferences.",
            ),
            (
                eve,
                false,
                "eve was not notified: they have no access to the event's company.",
            ),
            (off, false, "off was not notified: the account is disabled."),
            (
                old,
                false,
                "olga was not notified: they were assigned before, and only new assignees are notified of an assignment.",
            ),
            (actor, false, "mara was not notified: they did it themselves."),
            (
                idle,
                false,
                "ida was not notified: they are not responsible for this finding and no rule names them.",
            ),
            (
                stranger,
                false,
                "sam was not notified: they have no access to the event's company.",
            ),
        ] {
            assert_eq!(
                of(&fixture, id, user).await,
                (notified, sentence.to_owned()),
                "{}",
                fixture.name
            );
        }
        let path = format!("/events/{id}/trace?user_id={}", fixture.clock.id());
        assert_eq!(fixture.call(fixture.root, "GET", &path, Json::Null).await.0, 404);
        let path = format!("/events/{id}/trace?user_id=x");
        assert_eq!(fixture.call(fixture.root, "GET", &path, Json::Null).await.0, 422);
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn the_threshold_or_filter_that_excluded_a_person_is_named() {
    for fixture in fixtures().await {
        let (ana, ben) = (fixture.ana, fixture.ben);
        for rule in [
            json!({"event_type": "finding.commented", "channel": "email", "min_severity": "high",
                "recipients": {"user_ids": [ana]}}),
            json!({"event_type": "finding.commented", "channel": "email", "filters": {"tools": ["trivy"]},
                "recipients": {"emails": ["ben@example.com"]}}),
        ] {
            let (status, answer) = fixture
                .call(fixture.root, "POST", "/notification-rules", rule)
                .await;
            assert_eq!(status, 201, "{answer}");
        }
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mine = happen(&fixture, low(&fixture, Kind::FindingCreated, &[])).await;
        let other = happen(&fixture, low(&fixture, Kind::FindingCommented, &[])).await;
        let root = fixture.root;
        for (event, user, sentence) in [
            (
                mine,
                root,
                "You were not notified: the rules for this type of event that would notify you start at critical, \
                 and this one is low.",
            ),
            (
                other,
                ana,
                "ana was not notified: the rules for this type of event that would notify them start at high, and this \
                 one is low.",
            ),
            (
                other,
                ben,
                "ben was not notified: the rules that would notify them are limited to other projects, assets, tags, \
                 tools or statuses.",
            ),
        ] {
            assert_eq!(
                of(&fixture, event, user).await,
                (false, sentence.to_owned()),
                "{}",
                fixture.name
            );
        }
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn an_undelivered_message_notified_nobody() {
    for fixture in fixtures().await {
        let off = json!({"finding.assigned:in_app": false});
        let path = "/me/notification-preferences";
        assert_eq!(fixture.call(fixture.ana, "PUT", path, off).await.0, 200);
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = fixture.engine(&fake);
        let id = happen(
            &fixture,
            fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]),
        )
        .await;
        next(&mut received).await;
        fixture.until(DELIVERED, 0).await;
        let trace = whole(&fixture, id).await;
        assert_eq!(
            trace["summary"], "Nobody was notified: 1 recipient turned it off and 1 message was rejected.",
            "{}: {trace}",
            fixture.name
        );
        assert_eq!(
            of(&fixture, id, fixture.ana).await.1,
            "ana was not notified: they turned it off in their preferences (in the inbox) and the destination rejected the message permanently (by email)."
        );
        engine.stop().await;
    }
}
