//! Every route by an API token: what lasts beyond the token, or gives more than it, takes a session.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Client, Stage,
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

/// Routes that write and that an API token may call: records, and settings that give nobody more than they have. A route that
/// makes people, credentials or destinations belongs on the other list.
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

const SENTENCE: &str = "An API token cannot manage people, credentials or destinations. Sign in to do this.";

fn is_on(list: &[(&str, &str)], route: &Route) -> bool {
    list.contains(&(route.0, route.1))
}

// issue 18, line 4
#[test]
fn every_route_that_writes_says_whether_a_token_may_call_it() {
    for route in ROUTES.iter().filter(|(method, ..)| *method != "GET") {
        let lists = [IN_A_SESSION, BY_A_TOKEN];
        let on = lists.iter().filter(|list| is_on(list, route)).count();
        assert_eq!(on, 1, "{} {}", route.0, route.1);
    }
}

async fn tokens(stage: &Stage) -> Vec<Client> {
    let mut clients = Vec::new();
    for owner in [&stage.admin, &stage.viewer] {
        let made = owner.post("/tokens", json!({"name": "leaked"})).await;
        clients.push(owner.clone().with_token(&made.text("token")));
        made.expect(201);
    }
    clients
}

// issue 18, line 4
// promise: U2
#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_no_people_no_credentials_and_no_chats() {
    for database in databases().await {
        let stage = Stage::set(&database).await;
        let tokens = tokens(&stage).await;
        for route in ROUTES {
            let what = format!("{}: {} {}", database.name, route.0, route.1);
            for token in &tokens {
                if is_on(IN_A_SESSION, route) {
                    let answer = stage.call(token, route, &stage.real).await;
                    assert_eq!(answer.status, 403, "{what}: {}", answer.text);
                    let problem: Value = serde_json::from_str(&answer.text).unwrap();
                    assert_eq!(problem["detail"], SENTENCE, "{what}");
                } else if route.0 != "DELETE" {
                    let answer = stage.call(token, route, &stage.real).await;
                    assert!(!answer.text.contains(SENTENCE), "{what}: {}", answer.text);
                }
            }
        }
        assert_eq!(stage.admin.get("/me").await.status, 200, "its session goes on");
        stage.server.stop().await;
    }
}

// issue 18, line 4
// promise: U2
#[tokio::test(flavor = "multi_thread")]
async fn a_token_sets_no_url_that_outlives_it() {
    for database in databases().await {
        let stage = Stage::set(&database).await;
        let token = tokens(&stage).await.remove(0);
        let company = &stage.real["companies"];
        let url = "https://hooks.slack.com/services/T9/B9/leaked-leaked-leaked";
        let team = json!({"company_id": company, "name": "Red", "slack_webhook_url": url});
        let rule = json!({"event_type": "asset.deleted", "channel": "webhook",
            "recipients": {"urls": ["https://receiver.example.com/leaked"]}});
        for (path, body) in [("/teams", team), ("/notification-rules", rule)] {
            let refused = token.post(path, body.clone()).await;
            assert_eq!(refused.text("detail"), SENTENCE, "{}: {path}", database.name);
            refused.expect(403);
            stage.admin.post(path, body).await.expect(201);
        }
        let team = format!("/teams/{}", stage.real["teams"]);
        let url = json!({"slack_webhook_url": url});
        token.call(Method::PATCH, &team, url).await.expect(403);
        // What it shows masked may be sent back, and a URL removed.
        let shown = token.get(&team).await.expect(200)["slack_webhook_url"].clone();
        assert!(shown.as_str().unwrap().contains('…'), "{shown}");
        for url in [shown, Value::Null] {
            let same = json!({"slack_webhook_url": url});
            token.call(Method::PATCH, &team, same).await.expect(200);
        }
        stage.server.stop().await;
    }
}
