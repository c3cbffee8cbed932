//! Teams: the URLs of their messages are checked, sealed, masked, and one per channel.

use access::{Role, testing as people};
use base::Id;
use serde_json::{Value as Json, json};

use crate::{
    channel::Channel,
    destinations,
    fixture::{Fixture, fixtures},
};

const SLACK: &str = "https://hooks.slack.com/services/T0000/B0000/secretsecretabcd";
const TEAMS: &str = "https://example.webhook.office.com/webhookb2/secretsecretwxyz";
const CHAT: &str = "https://discord.com/api/webhooks/1/secretsecretefgh";

async fn manager(fixture: &Fixture) -> Id {
    let manager = people::user(&fixture.store, "mara@example.com").await;
    people::member(&fixture.store, fixture.company, manager, Role::Manager).await;
    manager
}

/// Where the team's messages are sent.
async fn opened(fixture: &Fixture, team: &Json) -> Vec<(Channel, String, String)> {
    let team: Id = team["id"].as_str().unwrap().parse().unwrap();
    let vault = fixture.access.vault().clone();
    let stored = fixture
        .store
        .read(move |tx| destinations::of_owners(tx, &[team.into()]))
        .await
        .unwrap();
    let mut urls: Vec<_> = stored
        .iter()
        .map(|stored| {
            let url = stored.opened(&vault).unwrap();
            (stored.channel, url.expose().to_owned(), stored.template.clone())
        })
        .collect();
    urls.sort();
    urls
}

// promise: C9
#[tokio::test]
async fn urls_are_sealed_shown_masked_and_one_per_channel() {
    for fixture in fixtures().await {
        let manager = manager(&fixture).await;
        let body = json!({"company_id": fixture.company, "name": "Red", "slack_webhook_url": SLACK,
            "teams_webhook_url": TEAMS, "chat_webhook_url": CHAT, "chat_template": "discord"});
        let (status, made) = fixture.call(manager, "POST", "/teams", body).await;
        assert_eq!(status, 201, "{}: {made}", fixture.name);
        assert_eq!(made["slack_webhook_url"], "https://hooks.slack.com/…abcd");
        assert_eq!(
            made["teams_webhook_url"],
            "https://example.webhook.office.com/…wxyz"
        );
        assert_eq!(made["chat_webhook_url"], "https://discord.com/…efgh");
        assert_eq!(
            (&made["chat_template"], &made["company_name"]),
            (&json!("discord"), &json!("Acme"))
        );
        let all = vec![
            (Channel::Slack, SLACK.to_owned(), String::new()),
            (Channel::Teams, TEAMS.to_owned(), String::new()),
            (Channel::Chat, CHAT.to_owned(), "discord".to_owned()),
        ];
        assert_eq!(opened(&fixture, &made).await, all);
        // A form that sends back the mask changes nothing; null and an empty text remove a URL.
        let path = format!("/teams/{}", made["id"].as_str().unwrap());
        let change = json!({"slack_webhook_url": made["slack_webhook_url"], "teams_webhook_url": null,
            "chat_template": "mattermost"});
        let (status, changed) = fixture.call(manager, "PATCH", &path, change).await;
        assert_eq!(
            (status, &changed["teams_webhook_url"]),
            (200, &Json::Null),
            "{changed}"
        );
        let left = vec![
            (Channel::Slack, SLACK.to_owned(), String::new()),
            (Channel::Chat, CHAT.to_owned(), "mattermost".to_owned()),
        ];
        assert_eq!(opened(&fixture, &made).await, left);
        let other = format!("{SLACK}2");
        let change = json!({"name": "Blue", "slack_webhook_url": other});
        assert_eq!(fixture.call(manager, "PATCH", &path, change).await.0, 200);
        assert_eq!(opened(&fixture, &made).await[0].1, other, "in place of the other");
        assert_eq!(opened(&fixture, &made).await.len(), 2);
        assert_eq!(fixture.call(manager, "DELETE", &path, Json::Null).await.0, 204);
        assert_eq!(
            fixture
                .count("select count(*) from destinations where team_id is not null")
                .await,
            0
        );
    }
}

// promise: S1
#[tokio::test]
async fn a_url_of_another_host_is_rejected_when_it_is_saved() {
    for fixture in fixtures().await {
        for (field, url) in [
            ("slack_webhook_url", TEAMS),
            ("teams_webhook_url", SLACK),
            ("chat_webhook_url", "https://evil.example/hook"),
            ("slack_webhook_url", "http://hooks.slack.com/services/T/B/x"),
            ("slack_webhook_url", " "),
            (
                "slack_webhook_url",
                "https://hooks.slack.com.evil.example/services/T/B/x",
            ),
        ] {
            let mut body = json!({"company_id": fixture.company, "name": "Red", field: url});
            if field == "chat_webhook_url" {
                body["chat_template"] = "ntfy".into();
            }
            let (status, refused) = fixture.call(fixture.root, "POST", "/teams", body).await;
            assert_eq!(
                (status, &refused["errors"][0]["field"]),
                (422, &json!(field)),
                "{refused}"
            );
            assert!(!refused.to_string().contains("evil.example"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_field_that_does_not_fit_is_named() {
    for fixture in fixtures().await {
        for (more, field) in [
            (json!({"pager_webhook_url": SLACK}), "pager_webhook_url"),
            (json!({"slack_webhook_url": 5}), "slack_webhook_url"),
            (json!({"slack_enabled": true}), "slack_enabled"),
            (json!({"chat_webhook_url": CHAT}), "chat_template"),
            (json!({"chat_template": "discord"}), "chat_template"),
            (
                json!({"chat_webhook_url": CHAT, "chat_template": "irc"}),
                "chat_template",
            ),
        ] {
            let mut body = json!({"company_id": fixture.company, "name": "Red"});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let (status, refused) = fixture.call(fixture.root, "POST", "/teams", body).await;
            assert_eq!(
                (status, &refused["errors"][0]["field"]),
                (422, &json!(field)),
                "{refused}"
            );
        }
    }
}
