//! Every route with an API token: what outlives the token, or grants more than it, requires a session.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Client, Fixture,
    table::{ROUTES, Route},
};
use crate::support::databases;

/// Routes that an API token may not call.
#[rustfmt::skip]
const IN_A_SESSION: &[(&str, &str)] = &[
    ("PUT", "/companies/{id}/members/{user_id}"), ("DELETE", "/companies/{id}/members/{user_id}"),
    ("POST", "/me/calendar-feeds"), ("DELETE", "/me/calendar-feeds/{id}"),
    ("PUT", "/me/chat"),
    ("POST", "/me/password"),
    ("GET", "/sessions"), ("POST", "/sessions/end-others"), ("DELETE", "/sessions/{id}"),
    ("POST", "/tokens"), ("DELETE", "/tokens/{id}"),
    ("POST", "/users"), ("PATCH", "/users/{id}"), ("DELETE", "/users/{id}"),
    ("GET", "/users/{id}/credentials"), ("DELETE", "/users/{id}/credentials"),
    ("DELETE", "/users/{id}/credentials/{credential_id}"),
];

/// Writing routes that an API token may call: records, and settings that grant nobody more access. A route that
/// creates users, credentials or destinations belongs on the other list.
#[rustfmt::skip]
const BY_A_TOKEN: &[(&str, &str)] = &[
    ("POST", "/agreements"), ("PATCH", "/agreements/{id}"), ("DELETE", "/agreements/{id}"),
    ("POST", "/announcements"), ("DELETE", "/announcements/{id}"),
    ("POST", "/approvals"), ("PATCH", "/approvals/{id}"), ("DELETE", "/approvals/{id}"),
    ("POST", "/approvals/{id}/decision"),
    ("POST", "/assets"), ("PATCH", "/assets/{id}"), ("DELETE", "/assets/{id}"),
    // With their own credentials: a password, the session that ends.
    ("POST", "/auth/login"), ("POST", "/auth/logout"),
    ("POST", "/companies"), ("PATCH", "/companies/{id}"), ("DELETE", "/companies/{id}"),
    ("PUT", "/companies/{id}/ownership-rules"), ("POST", "/companies/{id}/ownership-rules/codeowners"),
    ("PUT", "/companies/{id}/sla-days"), ("PUT", "/companies/{id}/sla-warnings"),
    ("POST", "/deliveries/redeliver"), ("POST", "/deliveries/send-now"), ("POST", "/deliveries/{id}/redeliver"),
    ("POST", "/destinations/test"),
    ("POST", "/events"),
    ("POST", "/findings"), ("PATCH", "/findings/{id}"), ("DELETE", "/findings/{id}"),
    ("POST", "/findings/bulk/assignees"), ("POST", "/findings/bulk/status"),
    ("POST", "/findings/{id}/assignees"), ("POST", "/findings/{id}/status"),
    ("POST", "/findings/{id}/comments"), ("PATCH", "/findings/{id}/comments/{comment_id}"),
    ("DELETE", "/findings/{id}/comments/{comment_id}"),
    ("POST", "/findings/{id}/follow"), ("DELETE", "/findings/{id}/follow"),
    ("PATCH", "/me"),
    ("PUT", "/me/notification-preferences"),
    ("POST", "/me/views"), ("PATCH", "/me/views/{id}"), ("DELETE", "/me/views/{id}"),
    // Rules and teams without URLs.
    ("POST", "/notification-rules"), ("PATCH", "/notification-rules/{id}"), ("DELETE", "/notification-rules/{id}"),
    ("POST", "/notification-rules/dry-run"), ("POST", "/notification-rules/{id}/webhook-secrets/rotate"),
    ("POST", "/notifications/read-all"), ("POST", "/notifications/{id}/read"),
    ("POST", "/projects"), ("PATCH", "/projects/{id}"), ("DELETE", "/projects/{id}"),
    ("POST", "/projects/{id}/follow"), ("DELETE", "/projects/{id}/follow"),
    ("POST", "/reports"), ("PATCH", "/reports/{id}"), ("DELETE", "/reports/{id}"),
    ("POST", "/scans"), ("PATCH", "/scans/{id}"), ("DELETE", "/scans/{id}"),
    ("POST", "/scans/import"), ("POST", "/scans/table-preview"), ("POST", "/scans/{id}/undo"),
    ("POST", "/stream/tickets"),
    ("POST", "/targets/{id}/retire"),
    ("POST", "/teams"), ("PATCH", "/teams/{id}"), ("DELETE", "/teams/{id}"),
    ("POST", "/unsubscribe"),
];

const SENTENCE: &str = "An API token cannot manage users, credentials or destinations. Sign in to do this.";

fn is_on(list: &[(&str, &str)], route: &Route) -> bool {
    list.contains(&(route.0, route.1))
}

// issue 18, line 4
#[test]
fn every_writing_route_defines_whether_a_token_may_call_it() {
    for route in ROUTES.iter().filter(|(method, ..)| *method != "GET") {
        let lists = [IN_A_SESSION, BY_A_TOKEN];
        let on = lists.iter().filter(|list| is_on(list, route)).count();
        assert_eq!(on, 1, "{} {}", route.0, route.1);
    }
}

async fn tokens(fixture: &Fixture) -> Vec<Client> {
    let mut clients = Vec::new();
    for owner in [&fixture.admin, &fixture.viewer] {
        let created = owner.post("/tokens", json!({"name": "leaked"})).await;
        clients.push(owner.clone().with_token(&created.text("token")));
        created.expect(201);
    }
    clients
}

// issue 18, line 4
// promise: U2
#[tokio::test(flavor = "multi_thread")]
async fn a_token_cannot_create_users_credentials_or_chats() {
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        let tokens = tokens(&fixture).await;
        for route in ROUTES {
            let what = format!("{}: {} {}", database.name, route.0, route.1);
            for token in &tokens {
                if is_on(IN_A_SESSION, route) {
                    let answer = fixture.call(token, route, &fixture.real).await;
                    assert_eq!(answer.status, 403, "{what}: {}", answer.text);
                    let problem: Value = serde_json::from_str(&answer.text).unwrap();
                    assert_eq!(problem["detail"], SENTENCE, "{what}");
                } else if route.0 != "DELETE" {
                    let answer = fixture.call(token, route, &fixture.real).await;
                    assert!(!answer.text.contains(SENTENCE), "{what}: {}", answer.text);
                }
            }
        }
        assert_eq!(fixture.admin.get("/me").await.status, 200, "its session goes on");
        fixture.server.stop().await;
    }
}

// issue 18, line 4
// promise: U2
#[tokio::test(flavor = "multi_thread")]
async fn a_token_cannot_set_a_url_that_outlives_it() {
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        let token = tokens(&fixture).await.remove(0);
        let company = &fixture.real["companies"];
        let url = "https://hooks.slack.com/services/T9/B9/leaked-leaked-leaked";
        let team = json!({"company_id": company, "name": "Red", "slack_webhook_url": url});
        let rule = json!({"event_type": "asset.deleted", "channel": "webhook",
            "recipients": {"urls": ["https://receiver.example.com/leaked"]}});
        for (path, body) in [("/teams", team), ("/notification-rules", rule)] {
            let refused = token.post(path, body.clone()).await;
            assert_eq!(refused.text("detail"), SENTENCE, "{}: {path}", database.name);
            refused.expect(403);
            fixture.admin.post(path, body).await.expect(201);
        }
        let team = format!("/teams/{}", fixture.real["teams"]);
        let url = json!({"slack_webhook_url": url});
        token.call(Method::PATCH, &team, url).await.expect(403);
        // A masked value may be sent back, and a URL removed.
        let shown = token.get(&team).await.expect(200)["slack_webhook_url"].clone();
        assert!(shown.as_str().unwrap().contains('…'), "{shown}");
        for url in [shown, Value::Null] {
            let same = json!({"slack_webhook_url": url});
            token.call(Method::PATCH, &team, same).await.expect(200);
        }
        fixture.server.stop().await;
    }
}
