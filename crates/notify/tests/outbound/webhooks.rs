//! Webhooks: what a receiver reads, in which format, and signed with what.

use std::time::Duration;

use notify::{
    channels::{Channel, Outcome, webhook},
    testing::Answering,
};

use crate::world::{WEBHOOK, World};

// promise: C3
#[tokio::test]
async fn a_webhook_is_signed_and_the_same_in_every_attempt() {
    let world = World::new();
    let sink = world.sink(Answering::status(503)).await;
    let channels = world.channels(&sink);
    let mut outbound = world.outbound(&channels.check(Channel::Webhook, WEBHOOK).unwrap());
    outbound.body = Some(webhook::body(&outbound.message));
    assert_eq!(
        channels.send(Channel::Webhook, &outbound).await.outcome,
        Outcome::RefusedForNow { retry_after: None }
    );
    sink.answer(Answering::status(204));
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(
        channels.send(Channel::Webhook, &outbound).await.outcome,
        Outcome::Delivered
    );
    let requests = sink.requests();
    assert_eq!(requests[0].body, requests[1].body);
    let key =
        webhook::SigningKey::parse(&channels.webhook_secrets(WEBHOOK, outbound.signing).current).unwrap();
    for (request, time) in requests.iter().zip([1_790_000_000, 1_790_000_060]) {
        let id = outbound.delivery_id.to_string();
        assert_eq!(request.header("webhook-id"), id);
        assert_eq!(request.header("webhook-timestamp"), time.to_string());
        let body = std::str::from_utf8(&request.body).unwrap();
        assert_eq!(request.header("webhook-signature"), key.sign(&id, time, body));
    }
    let envelope = requests[0].json();
    assert_eq!(envelope["type"], "finding.status_changed");
    assert_eq!(envelope["timestamp"], "2026-09-21T14:13:20Z");
    let data = &envelope["data"];
    assert_eq!(data["severity"], "critical");
    assert_eq!(data["subject"]["title"], "SQL injection in login");
    assert_eq!(data["event_id"], outbound.message.event_id.to_string());
    assert!(
        data["link"]
            .as_str()
            .unwrap()
            .starts_with("https://campanile.example/findings/")
    );
}

// promise: C3
#[tokio::test]
async fn while_two_secrets_are_valid_a_webhook_has_a_signature_of_each() {
    let world = World::new();
    let sink = world.sink(Answering::status(204)).await;
    let channels = world.channels(&sink);
    let mut outbound = world.outbound(&channels.check(Channel::Webhook, WEBHOOK).unwrap());
    outbound.signing = webhook::Signing {
        version: 2,
        rotated_at: world.clock.now(),
    };
    let secrets = channels.webhook_secrets(WEBHOOK, outbound.signing);
    let first = channels
        .webhook_secrets(WEBHOOK, webhook::Signing::default())
        .current;
    let (previous, until) = secrets.previous.unwrap();
    assert_eq!(
        (&previous, until),
        (&first, world.clock.now().after(webhook::OVERLAP))
    );
    channels.send(Channel::Webhook, &outbound).await;
    world.clock.advance(webhook::OVERLAP);
    channels.send(Channel::Webhook, &outbound).await;
    let requests = sink.requests();
    let id = outbound.delivery_id.to_string();
    let sign = |secret: &str, at: usize| {
        let time = requests[at].header("webhook-timestamp").parse().unwrap();
        let body = std::str::from_utf8(&requests[at].body).unwrap();
        webhook::SigningKey::parse(secret).unwrap().sign(&id, time, body)
    };
    let both = format!("{} {}", sign(&secrets.current, 0), sign(&previous, 0));
    assert_eq!(requests[0].header("webhook-signature"), both);
    assert_eq!(requests[1].header("webhook-signature"), sign(&secrets.current, 1));
}

// promise: C3
#[tokio::test]
async fn a_cloud_event_has_its_media_type_and_is_signed_like_an_envelope() {
    let world = World::new();
    let sink = world.sink(Answering::status(204)).await;
    let channels = world.channels(&sink);
    let mut outbound = world.outbound(&channels.check(Channel::Webhook, WEBHOOK).unwrap());
    for (format, content_type) in [
        (webhook::Format::Cloudevents, "application/cloudevents+json"),
        (webhook::Format::Standard, "application/json"),
    ] {
        outbound.body = Some(format.body(&outbound.message, "https://campanile.example"));
        channels.send(Channel::Webhook, &outbound).await;
        let request = sink.requests().pop().unwrap();
        let types = request.headers.iter().filter(|(name, _)| name == "content-type");
        assert_eq!(
            types.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
            [content_type]
        );
        assert_eq!(
            Some(String::from_utf8(request.body.clone()).unwrap()),
            outbound.body
        );
        let secret = channels.webhook_secrets(WEBHOOK, outbound.signing).current;
        let signature = webhook::SigningKey::parse(&secret).unwrap().sign(
            &outbound.delivery_id.to_string(),
            1_790_000_000,
            outbound.body.as_deref().unwrap(),
        );
        assert_eq!(request.header("webhook-signature"), signature);
    }
}
