//! A rule chooses the format of its webhooks.

use base::Kind;
use serde_json::{Value as Json, json};

use crate::{
    channels::Outcome,
    fixture::{Answer, FakeReceiver, Fixture, fixtures, next},
};

const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";
const OTHER: &str = "https://other.example/hooks/0123456789abcdef";

fn rule(channel: &str, urls: &[&str], format: Option<&str>) -> Json {
    let recipients = json!({"urls": urls});
    json!({"event_type": "report.ready", "channel": channel, "recipients": recipients, "format": format})
}

async fn create(fixture: &Fixture, body: Json) -> (u16, Json) {
    fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await
}

fn form(body: Option<String>) -> &'static str {
    let body: Json = serde_json::from_str(&body.unwrap()).unwrap();
    match (body["specversion"].as_str(), body["timestamp"].as_str()) {
        (Some("1.0"), None) => "cloudevents",
        (None, Some(_)) => "standard",
        _ => panic!("{body}"),
    }
}

#[tokio::test]
async fn each_rules_url_gets_its_form_and_a_retry_the_one_it_was_planned_in() {
    for fixture in fixtures().await {
        let (status, clouds) = create(&fixture, rule("webhook", &[HOOK], Some("cloudevents"))).await;
        assert_eq!((status, &clouds["format"]), (201, &json!("cloudevents")));
        let mut plain = rule("webhook", &[OTHER], None);
        plain["company_id"] = json!(fixture.company);
        assert_eq!(create(&fixture, plain).await.1["format"], "standard");
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            HOOK,
            &[
                Answer::Outcome(Outcome::RefusedForGood),
                Answer::Outcome(Outcome::Delivered),
            ],
        );
        let engine = fixture.engine(&fake);
        let event = fixture.emit(fixture.event(Kind::ReportReady, &[], &[])).await;
        let mut first = None;
        for _ in 0..2 {
            let arrived = next(&mut received).await;
            if arrived.to == HOOK {
                let body: Json = serde_json::from_str(arrived.body.as_deref().unwrap()).unwrap();
                assert_eq!(body["id"], json!(event));
                assert_eq!(body["source"], "https://campanile.example");
                assert_eq!(body["company"], json!(fixture.company));
                first = Some(arrived.clone());
            }
            let expected = if arrived.to == HOOK {
                "cloudevents"
            } else {
                "standard"
            };
            assert_eq!(form(arrived.body), expected, "{}: {}", fixture.name, arrived.to);
        }
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        let path = format!("/notification-rules/{}", clouds["id"].as_str().unwrap());
        let (_, changed) = fixture
            .call(fixture.root, "PATCH", &path, json!({"format": "standard"}))
            .await;
        assert_eq!(changed["format"], "standard");
        let first = first.unwrap();
        let again = format!("/deliveries/{}/redeliver", first.delivery);
        assert_eq!(
            fixture.call(fixture.root, "POST", &again, Json::Null).await.0,
            202
        );
        assert_eq!(
            next(&mut received).await,
            first,
            "{}: the same bytes",
            fixture.name
        );
        fixture.emit(fixture.event(Kind::ReportReady, &[], &[])).await;
        for _ in 0..2 {
            assert_eq!(form(next(&mut received).await.body), "standard");
        }
        engine.stop().await;
    }
}

#[tokio::test]
async fn only_webhooks_have_a_form() {
    for fixture in fixtures().await {
        for (channel, format) in [
            ("email", "cloudevents"),
            ("in_app", "standard"),
            ("slack", "cloudevents"),
            ("teams", "standard"),
            ("webhook", "xml"),
        ] {
            let (status, problem) = create(&fixture, rule(channel, &[], Some(format))).await;
            assert_eq!(status, 422, "{channel}: {problem}");
        }
        let (_, made) = create(&fixture, rule("email", &[], None)).await;
        assert_eq!(made["format"], Json::Null, "{}: {made}", fixture.name);
        let path = format!("/notification-rules/{}", made["id"].as_str().unwrap());
        let change = json!({"format": "cloudevents"});
        assert_eq!(fixture.call(fixture.root, "PATCH", &path, change).await.0, 422);
        let change = json!({"channel": "webhook", "format": "cloudevents",
            "recipients": {"urls": ["https://receiver.example/hook"]}});
        let (_, changed) = fixture.call(fixture.root, "PATCH", &path, change).await;
        assert_eq!(changed["format"], "cloudevents", "{changed}");
        let (_, kept) = fixture
            .call(fixture.root, "PATCH", &path, json!({"enabled": false}))
            .await;
        assert_eq!(kept["format"], "cloudevents");
        for (channel, urls, format) in [
            ("email", json!([]), Json::Null),
            (
                "webhook",
                json!(["https://receiver.example/hook"]),
                json!("standard"),
            ),
        ] {
            let change = json!({"channel": channel, "recipients": {"urls": urls}});
            let (_, changed) = fixture.call(fixture.root, "PATCH", &path, change).await;
            assert_eq!(changed["format"], format, "{}", fixture.name);
        }
    }
}
