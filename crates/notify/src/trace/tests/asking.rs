//! Who may ask, and what they may see.

use access::{Role, testing as people};
use base::{Audience, Kind, Subject, SubjectType};
use serde_json::{Value as Json, json};

use super::{fixtures, happen};
use crate::fixture::{FakeReceiver, Fixture};

const URL: &str = "https://receiver.example/hooks/0123456789abcdef";

async fn status(fixture: &Fixture, user: base::Id, path: &str) -> u16 {
    fixture.call(user, "GET", path, Json::Null).await.0
}

// promise: O8
#[tokio::test]
async fn managers_ask_about_their_company_and_everyone_about_themselves() {
    for fixture in fixtures().await {
        let (ana, ben, root) = (fixture.ana, fixture.ben, fixture.root);
        let mara = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, mara, Role::Manager).await;
        let other = people::company(&fixture.store, "Other").await;
        let max = people::user(&fixture.store, "max@example.com").await;
        people::member(&fixture.store, other, max, Role::Manager).await;
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let id = happen(&fixture, fixture.event(Kind::FindingAssigned, &[ana], &[])).await;
        let whole = format!("/events/{id}/trace");
        let of = |user: base::Id| format!("/events/{id}/trace?user_id={user}");
        let me = format!("/events/{id}/trace?user_id=me");
        let none = format!("/events/{}/trace", fixture.clock.id());
        for (who, path, expected) in [
            (root, whole.clone(), 200),
            (root, of(max), 200),
            (mara, whole.clone(), 200),
            (mara, of(ana), 200),
            (mara, me.clone(), 200),
            (mara, of(max), 404),
            (ana, whole.clone(), 403),
            (ana, of(ben), 403),
            (ana, of(ana), 200),
            (ben, me.clone(), 200),
            (max, whole.clone(), 404),
            (max, of(max), 404),
            (max, me.clone(), 404),
            (max, none.clone(), 404),
            (root, none, 404),
        ] {
            let got = status(&fixture, who, &path).await;
            assert_eq!(got, expected, "{}: {path}", fixture.name);
        }
        let mine = fixture.get(ana, &me).await;
        assert_eq!(mine["notified"], true);
        assert_eq!(
            mine["sentence"],
            "You were notified in the inbox and by email, because the finding is assigned to you."
        );
        assert!(mine["entries"][0]["notification_id"].is_string(), "{mine}");
        for entry in mine["entries"].as_array().unwrap() {
            let attempts = &entry["delivery"]["attempts"];
            assert!(attempts.is_null() || *attempts == json!([]), "{mine}");
        }
        assert_eq!(
            fixture.get(ben, &me).await["sentence"],
            "You were not notified: you are not responsible for this finding and no rule names you."
        );
        // A notified user may read why, even without access to the company.
        people::leave(&fixture.store, fixture.company, ana).await;
        assert_eq!(status(&fixture, ana, &me).await, 200, "{}", fixture.name);
        people::leave(&fixture.store, fixture.company, ben).await;
        assert_eq!(status(&fixture, ben, &me).await, 404, "{}", fixture.name);
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn managers_do_not_see_whom_platform_wide_rules_name() {
    for fixture in fixtures().await {
        let mara = people::user(&fixture.store, "mara@example.com").await;
        people::member(&fixture.store, fixture.company, mara, Role::Manager).await;
        let other = people::user(&fixture.store, "other@example.com").await;
        let elsewhere = people::company(&fixture.store, "Elsewhere").await;
        let team = people::team(&fixture.access, elsewhere, "Zeppelin crew", &[]).await;
        for rule in [
            json!({"event_type": "finding.assigned", "channel": "slack", "recipients": {"team_ids": [team]}}),
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [URL]}}),
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "low",
                "recipients": {"emails": ["soc@elsewhere.example"], "user_ids": [other]}}),
        ] {
            let (status, answer) = fixture
                .call(fixture.root, "POST", "/notification-rules", rule)
                .await;
            assert_eq!(status, 201, "{answer}");
        }
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let id = happen(
            &fixture,
            fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]),
        )
        .await;
        let path = format!("/events/{id}/trace");
        let all = fixture.get(fixture.root, &path).await;
        let seen = fixture.get(mara, &path).await;
        assert_eq!(all["summary"], seen["summary"]);
        assert_eq!(
            seen["summary"],
            "1 person, 1 email address and 1 webhook were notified."
        );
        let (all, text) = (all.to_string(), seen.to_string());
        for secret in [
            "soc@elsewhere.example",
            "receiver.example",
            "other",
            &other.to_string(),
            "Zeppelin crew",
            &team.to_string(),
        ] {
            assert!(all.contains(secret), "{}: {secret}", fixture.name);
            assert!(!text.contains(secret), "{}: {secret}: {text}", fixture.name);
        }
        assert!(text.contains(&fixture.ana.to_string()), "{text}");
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn nobody_else_may_ask_about_an_event_for_one_person() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let mut event = fixture.event(Kind::DeliveryFailed, &[fixture.ana], &[]);
        event.audience = Audience::User(fixture.ana);
        event.subject = Subject {
            kind: SubjectType::Destination,
            id: fixture.clock.id(),
        };
        let id = happen(&fixture, event).await;
        let me = format!("/events/{id}/trace?user_id=me");
        assert_eq!(status(&fixture, fixture.ana, &me).await, 200, "{}", fixture.name);
        assert_eq!(status(&fixture, fixture.ben, &me).await, 404, "{}", fixture.name);
        let whole = format!("/events/{id}/trace");
        assert_eq!(status(&fixture, fixture.ana, &whole).await, 404);
        assert_eq!(status(&fixture, fixture.root, &whole).await, 200);
        engine.stop().await;
    }
}
