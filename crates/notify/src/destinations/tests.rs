//! Every URL is listed once for each owner, masked, with how it answered lately.

use std::time::Duration;

use access::testing as people;
use serde_json::{Value as Json, json};

use crate::{
    channels::Outcome,
    house::{Answer, House, Post, houses, next},
};

const SLACK: &str = "https://hooks.slack.com/services/T0/B0/secret";
const TEAMS: &str = "https://acme.webhook.office.com/webhookb2/1234@5678/IncomingWebhook/secret/9999";
const HOOK: &str = "https://receiver.example/hooks/secret6789abcdef";
const OFF: &str = "select count(*) from destination_health where off_at > 0";
const TOLD: &str = "select count(*) from notifications where event_type = 'destination.switched_off'";

/// A rule with a URL, a team with two, a person with one.
async fn furnish(house: &House) -> [String; 3] {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "company_id": house.company,
        "recipients": {"urls": [HOOK]}});
    let (_, rule) = house.call(house.root, "POST", "/notification-rules", body).await;
    let team = people::team(
        &house.access,
        house.company,
        "Red",
        &[],
        [Some(SLACK), Some(TEAMS)],
    )
    .await;
    let chat = json!({"slack_webhook_url": format!("{SLACK}2"), "slack_enabled": false});
    assert_eq!(house.call(house.ana, "PUT", "/me/chat", chat).await.0, 200);
    let rule = rule["id"].as_str().unwrap().to_owned();
    [rule, team.to_string(), house.ana.to_string()]
}

fn named(item: &Json) -> [&str; 3] {
    ["recipient_type", "channel", "name"].map(|field| item[field].as_str().unwrap_or(""))
}

async fn list(house: &House) -> Vec<Json> {
    let page = house.get(house.root, "/destinations").await;
    assert!(!page.to_string().contains("secret"), "{page}");
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_is_listed_with_its_owner_and_masked() {
    for house in houses().await {
        assert_eq!(
            house.call(house.ana, "GET", "/destinations", Json::Null).await.0,
            403
        );
        let [rule, team, ana] = furnish(&house).await;
        let items = list(&house).await;
        let names: Vec<_> = items.iter().map(named).collect();
        let expected = [
            ["url", "webhook", ""],
            ["team", "slack", "Red"],
            ["team", "teams", "Red"],
            ["user", "slack", "ana"],
        ];
        assert_eq!(names, expected, "{}", house.name);
        assert_eq!(items[0]["rule_id"], rule);
        assert_eq!(items[1]["recipient"], team);
        assert_eq!(items[3]["recipient"], ana);
        for at in [0, 1, 2] {
            assert_eq!(items[at]["company_id"], json!(house.company), "{at}");
        }
        let wanted: Vec<_> = items.iter().map(|item| &item["wanted"]).collect();
        assert_eq!(wanted, [true, true, true, false], "her chat is switched off");
        assert!(
            items
                .iter()
                .all(|item| item["on"] == true && item["refusals"] == 0)
        );
        assert_eq!(items[0]["destination"], "https://receiver.example/…cdef");
    }
}

#[tokio::test]
async fn pages_hold_each_once() {
    for house in houses().await {
        furnish(&house).await;
        let whole = list(&house).await;
        for limit in 1..=4 {
            let mut found = Vec::new();
            let mut path = format!("/destinations?limit={limit}");
            loop {
                let page = house.get(house.root, &path).await;
                found.extend(page["items"].as_array().unwrap().clone());
                assert!(found.len() <= whole.len(), "{}: {limit}", house.name);
                let Some(cursor) = page["next_cursor"].as_str() else {
                    break;
                };
                path = format!("/destinations?limit={limit}&cursor={cursor}");
            }
            assert_eq!(found, whole, "{}: {limit}", house.name);
        }
        let bad = house
            .call(house.root, "GET", "/destinations?cursor=x", Json::Null)
            .await;
        assert_eq!(bad.0, 422);
    }
}

#[tokio::test]
async fn one_that_refused_says_so_until_it_is_saved_again() {
    for house in houses().await {
        let [_, team, _] = furnish(&house).await;
        let team = team.parse().unwrap();
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[Answer::Outcome(Outcome::RefusedForGood)]);
        post.answers(SLACK, &[Answer::Gone]);
        let engine = house.engine(&post);
        house.emit(house.event(base::Kind::ReportReady, &[], &[])).await;
        house.assign(&[], &[team]).await;
        for _ in 0..3 {
            next(&mut bag).await;
        }
        house
            .until("select count(*) from deliveries where state = 'refused'", 2)
            .await;
        house.until(OFF, 1).await;
        house.until(TOLD, 1).await;
        let items = list(&house).await;
        assert_eq!(
            (&items[0]["on"], &items[0]["refusals"]),
            (&json!(true), &json!(1))
        );
        let slack = &items[1];
        assert_eq!(
            (&slack["on"], &slack["off_at"]),
            (&json!(false), &json!(house.clock.now()))
        );
        assert!(slack["off_reason"].as_str().unwrap().contains("the test says so"));
        let told = house
            .get(house.root, "/notifications?event_type=destination.switched_off")
            .await;
        assert_eq!(
            told["items"][0]["data"]["destination_id"],
            slack["destination_id"]
        );
        assert_eq!(items[2]["on"], true, "{}: the team's other one", house.name);
        house.clock.advance(Duration::from_secs(1));
        people::save_slack_again(&house.access, team, SLACK).await;
        assert_eq!(list(&house).await[1]["on"], true, "{}", house.name);
        engine.stop().await;
    }
}
