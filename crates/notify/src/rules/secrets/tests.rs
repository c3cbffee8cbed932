//! A secret is rotated without a post that a receiver would have to reject.

use std::time::Duration;

use base::Kind;
use serde_json::{Value as Json, json};

use crate::{
    channels::webhook::{OVERLAP, Signing, SigningKey},
    fixture::{FakeReceiver, Fixture, Received, fixtures, next},
    testing::{Answering, HttpSink},
};

const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";
const OTHER: &str = "https://other.example/hooks/0123456789abcdef";

async fn rule(fixture: &Fixture, urls: &[&str]) -> String {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
    let (status, rule) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    assert_eq!(status, 201, "{rule}");
    format!(
        "/notification-rules/{}/webhook-secrets",
        rule["id"].as_str().unwrap()
    )
}

async fn rotate(fixture: &Fixture, path: &str, body: Json) -> (u16, Json) {
    fixture
        .call(fixture.root, "POST", &format!("{path}/rotate"), body)
        .await
}

/// The signing of the next message after a report.
async fn reported(fixture: &Fixture, received: &mut Received) -> Signing {
    fixture.emit(fixture.event(Kind::ReportReady, &[], &[])).await;
    next(received).await.signing
}

#[tokio::test]
async fn both_secrets_are_valid_for_a_day_after_a_rotation() {
    for fixture in fixtures().await {
        let path = rule(&fixture, &[HOOK]).await;
        let first = fixture.get(fixture.root, &path).await["items"][0].clone();
        assert_eq!(
            (&first["previous"], &first["rotated_at"]),
            (&Json::Null, &Json::Null)
        );
        let (status, page) = rotate(&fixture, &path, json!({})).await;
        assert_eq!(status, 200, "{page}");
        let second = &page["items"][0];
        assert_ne!(second["secret"], first["secret"]);
        let now = fixture.clock.now();
        let until = now.after(OVERLAP);
        assert_eq!(
            second["previous"],
            json!({"secret": first["secret"], "until": until})
        );
        assert_eq!(second["rotated_at"], json!(now));
        assert_eq!(fixture.get(fixture.root, &path).await, page, "{}", fixture.name);
        let (status, _) = rotate(&fixture, &path, json!({})).await;
        assert_eq!(
            status, 409,
            "{}: a receiver may know the first one only",
            fixture.name
        );
        fixture.clock.advance(OVERLAP);
        let later = fixture.get(fixture.root, &path).await["items"][0].clone();
        assert_eq!(
            (&later["secret"], &later["previous"]),
            (&second["secret"], &Json::Null)
        );
        let (_, page) = rotate(&fixture, &path, json!({})).await;
        assert_eq!(page["items"][0]["previous"]["secret"], second["secret"]);
        assert_ne!(
            page["items"][0]["secret"], first["secret"],
            "no secret comes back"
        );
    }
}

#[tokio::test]
async fn messages_are_signed_with_the_secrets_valid_when_sent() {
    for fixture in fixtures().await {
        let path = rule(&fixture, &[HOOK]).await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        assert_eq!(reported(&fixture, &mut received).await, Signing::default());
        let first = fixture.clock.now();
        rotate(&fixture, &path, json!({})).await;
        let rotated = |version, rotated_at| Signing { version, rotated_at };
        assert_eq!(
            reported(&fixture, &mut received).await,
            rotated(2, first),
            "{}",
            fixture.name
        );
        fixture.clock.advance(Duration::from_secs(1));
        let (status, _) = rotate(&fixture, &path, json!({"drop_previous": true})).await;
        assert_eq!(status, 200);
        let now = fixture.clock.now();
        assert_eq!(
            reported(&fixture, &mut received).await,
            rotated(3, now),
            "{}",
            fixture.name
        );
        engine.stop().await;
    }
}

#[tokio::test]
async fn one_url_is_rotated_by_its_masked_text() {
    for fixture in fixtures().await {
        let path = rule(&fixture, &[HOOK, OTHER]).await;
        let before = fixture.get(fixture.root, &path).await;
        let url = &before["items"][1]["url"];
        let (status, after) = rotate(&fixture, &path, json!({"url": url})).await;
        assert_eq!(status, 200, "{after}");
        assert_eq!(after["items"][0], before["items"][0], "{}", fixture.name);
        assert_ne!(after["items"][1]["secret"], before["items"][1]["secret"]);
        let (status, _) = rotate(&fixture, &path, json!({})).await;
        assert_eq!(status, 409);
        assert_eq!(
            fixture.get(fixture.root, &path).await,
            after,
            "{}: all or none",
            fixture.name
        );
        let (status, problem) = rotate(&fixture, &path, json!({"url": HOOK})).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("url")));
        let none = json!({"event_type": "report.ready", "channel": "email"});
        let (_, none) = fixture
            .call(fixture.root, "POST", "/notification-rules", none)
            .await;
        let none = format!(
            "/notification-rules/{}/webhook-secrets",
            none["id"].as_str().unwrap()
        );
        assert_eq!(rotate(&fixture, &none, json!({})).await.0, 422);
        let (status, _) = fixture
            .call(fixture.ana, "POST", &format!("{path}/rotate"), json!({}))
            .await;
        assert_eq!(status, 403);
    }
}

// promise: C3
#[tokio::test]
async fn a_test_message_bears_both_signatures() {
    for fixture in fixtures().await {
        let fixture = fixture.reaching_this_machine();
        let sink = HttpSink::start(None, Answering::status(204)).await;
        let url = format!("http://{}/hook", sink.address());
        let path = rule(&fixture, &[&url]).await;
        rotate(&fixture, &path, json!({})).await;
        let secrets = fixture.get(fixture.root, &path).await["items"][0].clone();
        let body = json!({"channel": "webhook", "url": url});
        let (_, result) = fixture
            .call(fixture.root, "POST", "/destinations/test", body)
            .await;
        assert_eq!(result["delivered"], true, "{result}");
        let request = sink.requests().remove(0);
        let (id, body) = (
            request.header("webhook-id"),
            String::from_utf8(request.body.clone()).unwrap(),
        );
        let at = fixture.clock.now().timestamp().as_second();
        let sign = |secret: &Json| {
            SigningKey::parse(secret.as_str().unwrap())
                .unwrap()
                .sign(id, at, &body)
        };
        let both = [&secrets["secret"], &secrets["previous"]["secret"]].map(sign);
        assert_eq!(
            request.header("webhook-signature"),
            both.join(" "),
            "{}",
            fixture.name
        );
    }
}

#[tokio::test]
async fn of_two_who_rotate_at_once_one_does() {
    for fixture in fixtures().await {
        let path = rule(&fixture, &[HOOK]).await;
        let calls = (0..8).map(|_| rotate(&fixture, &path, json!({})));
        let mut done: Vec<u16> = futures_util::future::join_all(calls)
            .await
            .into_iter()
            .map(|(status, _)| status)
            .collect();
        done.sort_unstable();
        assert_eq!(done, [200, 409, 409, 409, 409, 409, 409, 409], "{}", fixture.name);
        assert_eq!(fixture.count("select version from webhook_secrets").await, 2);
    }
}
