//! Webhook, Slack and Teams: the whole path from a message to what the other side read.

use std::time::Duration;

use notify::{
    channels::destination,
    channels::{Channel, Channels, Outcome},
    testing::Answering,
};
use serde_json::Value;

use crate::world::{SLACK, TEAMS, WEBHOOK, World};

const HTTP: [(Channel, &str); 3] = [
    (Channel::Webhook, WEBHOOK),
    (Channel::Slack, SLACK),
    (Channel::Teams, TEAMS),
];

// promise: S1
#[tokio::test]
async fn saved_urls_are_checked_against_the_operators_hosts_when_used() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let gov = "https://hooks.slack-gov.com/services/T0/B0/x";
    let usual = world.channels(&sink);
    let mut options = world.options(&sink);
    options.hosts = destination::Hosts {
        chat: Vec::new(),
        slack_gov: true,
        teams: vec!["eu.webhook.office.com".parse().unwrap()],
    };
    let others = Channels::new(options, world.clock.clone()).unwrap();
    for (channels, channel, url) in [(&usual, Channel::Slack, gov), (&others, Channel::Teams, TEAMS)] {
        assert!(channels.check(channel, url).is_err(), "saving {channel}");
        let attempt = channels.send(channel, &world.outbound(url)).await;
        assert_eq!(attempt.outcome, Outcome::RefusedForGood, "sending {channel}");
        assert_eq!(attempt.status, None, "{channel}: by our own guard");
    }
    assert_eq!(sink.connections(), 0);
    assert!(others.check(Channel::Slack, gov).is_ok());
    assert!(usual.check(Channel::Teams, TEAMS).is_ok());
    let attempt = usual.send(Channel::Teams, &world.outbound(TEAMS)).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
}

// promise: C4
#[tokio::test]
async fn slack_gets_blocks() {
    let world = World::new();
    let sink = world.sink(Answering::With(200, Vec::new(), b"ok".to_vec())).await;
    let attempt = world
        .channels(&sink)
        .send(Channel::Slack, &world.outbound(SLACK))
        .await;
    assert_eq!(
        (attempt.outcome, attempt.answer.as_str()),
        (Outcome::Delivered, "ok")
    );
    let request = &sink.requests()[0];
    assert_eq!(request.header("host"), "hooks.slack.com");
    let json = request.json();
    assert_eq!(json["text"], "🔴 Status changed: SQL injection in login");
    let types: Vec<_> = json["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["type"])
        .collect();
    assert_eq!(
        types,
        [
            "header", "section", "section", "section", "section", "section", "actions", "context"
        ]
    );
}

// promise: C5
#[tokio::test]
async fn teams_gets_one_card() {
    let world = World::new();
    let sink = world.sink(Answering::status(202)).await;
    let attempt = world
        .channels(&sink)
        .send(Channel::Teams, &world.outbound(TEAMS))
        .await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    let request = &sink.requests()[0];
    assert_eq!(request.header("host"), "acme.webhook.office.com");
    let json = request.json();
    assert_eq!(json["type"], "message");
    assert_eq!(json["attachments"].as_array().unwrap().len(), 1);
    let card = &json["attachments"][0]["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
}

#[tokio::test]
async fn every_channel_judges_answers_by_one_table() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let channels = world.channels(&sink);
    for (channel, url) in HTTP {
        let outbound = world.outbound(url);
        for status in [
            200, 201, 202, 204, 301, 307, 400, 401, 403, 404, 408, 410, 413, 425, 429, 500, 502, 503, 504,
        ] {
            sink.answer(Answering::With(
                status,
                vec!["retry-after: 9".to_owned()],
                format!("no: {url}").into_bytes(),
            ));
            let attempt = channels.send(channel, &outbound).await;
            let expected = match status {
                200..300 => Outcome::Delivered,
                408 | 425 | 429 | 500.. => Outcome::RefusedForNow {
                    retry_after: Some(Duration::from_secs(9)),
                },
                _ => Outcome::RefusedForGood,
            };
            assert_eq!(
                (attempt.outcome, attempt.status),
                (expected, Some(status)),
                "{channel} {status}"
            );
            assert_eq!(attempt.gone, status == 410);
            let shown = format!("{attempt:?}{outbound:?}");
            assert!(!shown.contains("s3cr3t") && !shown.contains("abcdef"), "{shown}");
        }
        sink.answer(Answering::Hang);
        assert_eq!(
            channels.send(channel, &outbound).await.outcome,
            Outcome::Unknown,
            "{channel}"
        );
        sink.answer(Answering::Slam);
        let outcome = channels.send(channel, &outbound).await.outcome;
        assert_eq!(outcome, Outcome::RefusedForNow { retry_after: None }, "{channel}");
    }
}

// promise: S1
#[tokio::test]
async fn a_url_of_another_channel_is_rejected_before_any_connection() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let channels = world.channels(&sink);
    for (channel, url) in [
        (Channel::Slack, WEBHOOK),
        (Channel::Slack, TEAMS),
        (Channel::Slack, "http://hooks.slack.com/services/a/b/c"),
        (
            Channel::Slack,
            "https://hooks.slack.com@receiver.example/services/a/b/c",
        ),
        (Channel::Teams, WEBHOOK),
        (Channel::Teams, SLACK),
        (
            Channel::Teams,
            "https://acme-webhook.office.com.receiver.example/x",
        ),
        (Channel::Webhook, "https://127.0.0.1/"),
        (Channel::Webhook, "https://user:s3cr3t@receiver.example/"),
        (Channel::Email, WEBHOOK),
        (Channel::InApp, WEBHOOK),
    ] {
        let attempt = channels.send(channel, &world.outbound(url)).await;
        assert_eq!(attempt.outcome, Outcome::RefusedForGood, "{channel} {url}");
        let reason = channels.check(channel, url).unwrap_err();
        assert!(
            !format!("{attempt:?}{reason}").contains("receiver"),
            "{attempt:?} {reason}"
        );
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_test_message_takes_the_same_path() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let channels = world.channels(&sink);
    for (channel, url) in HTTP {
        let mut outbound = world.outbound(url);
        outbound.message = notify::message::test(world.clock.id(), world.clock.now(), channels.public_url());
        assert_eq!(
            channels.send(channel, &outbound).await.outcome,
            Outcome::Delivered
        );
    }
    let requests = sink.requests();
    assert_eq!(requests[0].json()["type"], "campanile.test");
    assert_eq!(requests[0].json()["data"]["subject"], Value::Null);
}

#[test]
fn a_saved_url_is_canonical() {
    let url = "HTTPS://Hooks.Slack.com:443/services/T0/B0/x";
    let canonical = destination::slack(url, &destination::Hosts::default()).unwrap();
    assert_eq!(canonical.expose(), "https://hooks.slack.com/services/T0/B0/x");
}
