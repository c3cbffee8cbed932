//! Who may ask, and what they may see.

use access::{Role, testing as people};
use base::{Audience, Kind, Subject, SubjectType};
use serde_json::{Value as Json, json};

use super::{happen, houses};
use crate::house::{House, Post};

const URL: &str = "https://receiver.example/hooks/0123456789abcdef";

async fn status(house: &House, user: base::Id, path: &str) -> u16 {
    house.call(user, "GET", path, Json::Null).await.0
}

// promise: O8
#[tokio::test]
async fn managers_ask_about_their_company_and_everyone_about_themselves() {
    for house in houses().await {
        let (ana, ben, root) = (house.ana, house.ben, house.root);
        let mara = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, mara, Role::Manager).await;
        let other = people::company(&house.store, "Other").await;
        let max = people::user(&house.store, "max@example.com").await;
        people::member(&house.store, other, max, Role::Manager).await;
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let id = happen(&house, house.event(Kind::FindingAssigned, &[ana], &[])).await;
        let whole = format!("/events/{id}/trace");
        let of = |user: base::Id| format!("/events/{id}/trace?user_id={user}");
        let me = format!("/events/{id}/trace?user_id=me");
        let none = format!("/events/{}/trace", house.clock.id());
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
            let got = status(&house, who, &path).await;
            assert_eq!(got, expected, "{}: {path}", house.name);
        }
        let mine = house.get(ana, &me).await;
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
            house.get(ben, &me).await["sentence"],
            "You were not notified: you are not responsible for this finding and no rule names you."
        );
        // A notified user may read why, even without access to the company.
        people::leave(&house.store, house.company, ana).await;
        assert_eq!(status(&house, ana, &me).await, 200, "{}", house.name);
        people::leave(&house.store, house.company, ben).await;
        assert_eq!(status(&house, ben, &me).await, 404, "{}", house.name);
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn managers_do_not_see_whom_platform_wide_rules_name() {
    for house in houses().await {
        let mara = people::user(&house.store, "mara@example.com").await;
        people::member(&house.store, house.company, mara, Role::Manager).await;
        let other = people::user(&house.store, "other@example.com").await;
        let elsewhere = people::company(&house.store, "Elsewhere").await;
        let team = people::team(&house.access, elsewhere, "Zeppelin crew", &[]).await;
        for rule in [
            json!({"event_type": "finding.assigned", "channel": "slack", "recipients": {"team_ids": [team]}}),
            json!({"event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [URL]}}),
            json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "low",
                "recipients": {"emails": ["soc@elsewhere.example"], "user_ids": [other]}}),
        ] {
            let (status, answer) = house.call(house.root, "POST", "/notification-rules", rule).await;
            assert_eq!(status, 201, "{answer}");
        }
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let id = happen(&house, house.event(Kind::FindingAssigned, &[house.ana], &[])).await;
        let path = format!("/events/{id}/trace");
        let all = house.get(house.root, &path).await;
        let seen = house.get(mara, &path).await;
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
            assert!(all.contains(secret), "{}: {secret}", house.name);
            assert!(!text.contains(secret), "{}: {secret}: {text}", house.name);
        }
        assert!(text.contains(&house.ana.to_string()), "{text}");
        engine.stop().await;
    }
}

// promise: O8
#[tokio::test]
async fn nobody_else_may_ask_about_an_event_for_one_person() {
    for house in houses().await {
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        let mut event = house.event(Kind::DeliveryFailed, &[house.ana], &[]);
        event.audience = Audience::User(house.ana);
        event.subject = Subject {
            kind: SubjectType::Destination,
            id: house.clock.id(),
        };
        let id = happen(&house, event).await;
        let me = format!("/events/{id}/trace?user_id=me");
        assert_eq!(status(&house, house.ana, &me).await, 200, "{}", house.name);
        assert_eq!(status(&house, house.ben, &me).await, 404, "{}", house.name);
        let whole = format!("/events/{id}/trace");
        assert_eq!(status(&house, house.ana, &whole).await, 404);
        assert_eq!(status(&house, house.root, &whole).await, 200);
        engine.stop().await;
    }
}
