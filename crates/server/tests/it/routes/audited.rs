//! Every route against the audit log: a change of the platform adds one entry, a refused one none, and no secret
//! that was sent is in the log.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Client, Fixture,
    table::{Needs, ROUTES, path},
    with_json,
};
use crate::support::{databases, eventually};

/// Routes that change the platform: the action they log, and a body that changes something.
type Audited = (&'static str, &'static str, &'static str, fn(&super::Ids) -> Value);

const SLACK: &str = "https://hooks.slack.com/services/T9/B9/hush-hush-hush";
const WEBHOOK: &str = "https://receiver.example.com/hush-hush-hush";
const PASSWORD: &str = "hush-hush-hush 1";

/// In this order: deletions come last.
#[rustfmt::skip]
const AUDITED: &[Audited] = &[
    ("POST", "/companies", "company.created", |_| json!({"name": "Another"})),
    ("PATCH", "/companies/{id}", "company.updated", |_| json!({"minimal_messages": true})),
    ("PUT", "/companies/{id}/sla-days", "settings.changed", |_| json!({"critical": 3})),
    ("PUT", "/companies/{id}/sla-warnings", "settings.changed", |_| json!({"hours": [48, 2]})),
    ("PUT", "/companies/{id}/ownership-rules", "settings.changed",
        |ids| json!({"items": [{"match": {"path": "src/"}, "team_ids": [ids["teams"]]}]})),
    ("POST", "/me/calendar-feeds", "feed.created", |_| json!({"mine": true})),
    ("DELETE", "/me/calendar-feeds/{id}", "feed.deleted", |_| Value::Null),
    ("PATCH", "/me", "user.updated", |_| json!({"name": "The administrator"})),
    ("DELETE", "/sessions/{id}", "session.ended", |_| Value::Null),
    ("POST", "/me/password", "user.updated",
        |_| json!({"current_password": "correct horse battery", "new_password": "correct horse battery"})),
    ("PUT", "/companies/{id}/members/{user_id}", "member.role_changed", |_| json!({"role": "manager"})),
    ("POST", "/users", "user.created",
        |_| json!({"email": "another@campanile.test", "name": "Another", "password": PASSWORD})),
    ("DELETE", "/users/{id}/credentials/{credential_id}", "session.ended", |_| Value::Null),
    ("DELETE", "/users/{id}/credentials", "session.ended", |_| Value::Null),
    ("PATCH", "/users/{id}", "user.updated", |_| json!({"password": PASSWORD})),
    ("POST", "/teams", "team.created",
        |ids| json!({"company_id": ids["companies"], "name": "Green", "slack_webhook_url": SLACK})),
    ("PATCH", "/teams/{id}", "team.updated", |_| json!({"slack_webhook_url": SLACK})),
    ("POST", "/tokens", "token.created", |_| json!({"name": "ci"})),
    ("DELETE", "/tokens/{id}", "token.deleted", |_| Value::Null),
    ("PUT", "/me/chat", "chat.updated", |_| json!({"slack_webhook_url": SLACK})),
    ("POST", "/notification-rules", "rule.created",
        |_| json!({"event_type": "finding.commented", "channel": "webhook", "recipients": {"urls": [WEBHOOK]}})),
    ("PATCH", "/notification-rules/{id}", "rule.updated", |_| json!({"enabled": false})),
    ("POST", "/notification-rules/{id}/webhook-secrets/rotate", "webhook_secrets.rotated", |_| json!({})),
    ("POST", "/destinations/test", "destination.tested",
        |_| json!({"channel": "email", "email": "x@campanile.test"})),
    ("POST", "/deliveries/{id}/redeliver", "delivery.redelivered", |_| Value::Null),
    ("POST", "/deliveries/redeliver", "destination.redelivered",
        |ids| json!({"destination_of": ids["deliveries"], "since": "2026-01-01T00:00:00Z"})),
    ("POST", "/deliveries/send-now", "destination.sent_now", |_| json!({"channel": "email"})),
    ("DELETE", "/notification-rules/{id}", "rule.deleted", |_| Value::Null),
    ("POST", "/announcements", "announcement.created", |_| json!({"title": "Maintenance", "body": "Tonight."})),
    ("DELETE", "/announcements/{id}", "announcement.withdrawn", |_| Value::Null),
    ("POST", "/targets/{id}/retire", "target.retired", |_| json!({"comment": "gone"})),
    ("POST", "/scans/{id}/undo", "import.undone", |_| Value::Null),
    ("DELETE", "/findings/{id}", "finding.deleted", |_| Value::Null),
    ("DELETE", "/teams/{id}", "team.deleted", |_| Value::Null),
    ("DELETE", "/companies/{id}/members/{user_id}", "member.removed", |_| Value::Null),
    ("DELETE", "/users/{id}", "user.deleted", |_| Value::Null),
    ("DELETE", "/companies/{id}", "company.deleted", |_| Value::Null),
    ("POST", "/auth/login", "session.started",
        |_| json!({"email": "admin@campanile.test", "password": "correct horse battery"})),
    ("POST", "/sessions/end-others", "session.ended", |_| Value::Null),
    ("POST", "/auth/logout", "session.ended", |_| Value::Null),
];

/// Routes that do not change the platform: records, which have their own histories, and personal settings.
#[rustfmt::skip]
const NOT_AUDITED: &[(&str, &str)] = &[
    // Following is personal.
    ("POST", "/findings/{id}/follow"),
    ("DELETE", "/findings/{id}/follow"),
    ("POST", "/projects/{id}/follow"),
    ("DELETE", "/projects/{id}/follow"),
    ("POST", "/agreements"), ("PATCH", "/agreements/{id}"), ("DELETE", "/agreements/{id}"),
    ("POST", "/approvals"), ("PATCH", "/approvals/{id}"), ("DELETE", "/approvals/{id}"),
    ("POST", "/approvals/{id}/decision"),
    ("POST", "/companies/{id}/ownership-rules/codeowners"),
    ("POST", "/assets"), ("PATCH", "/assets/{id}"), ("DELETE", "/assets/{id}"),
    ("POST", "/events"),
    ("POST", "/findings/bulk/assignees"), ("POST", "/findings/bulk/status"),
    ("POST", "/findings/{id}/comments"), ("PATCH", "/findings/{id}/comments/{comment_id}"),
    ("DELETE", "/findings/{id}/comments/{comment_id}"),
    ("POST", "/reports"), ("PATCH", "/reports/{id}"), ("DELETE", "/reports/{id}"),
    ("POST", "/findings"), ("PATCH", "/findings/{id}"),
    ("POST", "/findings/{id}/assignees"), ("POST", "/findings/{id}/status"),
    ("POST", "/me/views"), ("PATCH", "/me/views/{id}"), ("DELETE", "/me/views/{id}"),
    ("PUT", "/me/notification-preferences"), ("POST", "/unsubscribe"),
    ("POST", "/notification-rules/dry-run"),
    ("POST", "/notifications/read-all"), ("POST", "/notifications/{id}/read"),
    ("POST", "/projects"), ("PATCH", "/projects/{id}"), ("DELETE", "/projects/{id}"),
    ("POST", "/scans"), ("POST", "/scans/import"), ("POST", "/scans/table-preview"), ("PATCH", "/scans/{id}"), ("DELETE", "/scans/{id}"),
    ("POST", "/stream/tickets"),
];

#[test]
fn every_writing_route_is_on_one_of_the_lists() {
    for (method, path, ..) in ROUTES.iter().filter(|(method, ..)| *method != "GET") {
        let audited = AUDITED
            .iter()
            .filter(|route| (route.0, route.1) == (*method, *path))
            .count();
        let not = NOT_AUDITED
            .iter()
            .filter(|route| **route == (*method, *path))
            .count();
        assert_eq!(audited + not, 1, "{method} {path}");
    }
}

/// The entries since this one, newest first; updates it to the newest.
async fn since(auditor: &Client, last: &mut String) -> Vec<Value> {
    let page = auditor.get("/audit?limit=200").await.expect(200);
    let items = page["items"].as_array().unwrap();
    let new = items
        .iter()
        .take_while(|entry| entry["id"] != **last)
        .cloned()
        .collect();
    items[0]["id"].as_str().unwrap().clone_into(last);
    new
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_platform_adds_one_entry_and_a_refused_one_none() {
    for database in databases().await {
        let mut fixture = Fixture::set(&database).await;
        let rule =
            json!({"event_type": "finding.deleted", "channel": "webhook", "recipients": {"urls": [WEBHOOK]}});
        let rule = fixture.admin.post("/notification-rules", rule).await.id();
        fixture.real.insert("notification-rules", rule);
        // A company and a user without records can be deleted.
        let company = fixture
            .admin
            .post("/companies", json!({"name": "Empty"}))
            .await
            .id();
        let empty = json!({"email": "empty@campanile.test", "name": "Empty", "password": PASSWORD});
        let user = fixture.admin.post("/users", empty).await.id();
        let member = format!("/companies/{company}/members/{user}");
        fixture
            .admin
            .call(Method::PUT, &member, json!({"role": "viewer"}))
            .await
            .expect(200);
        let team = json!({"company_id": company, "name": "Blue"});
        let team = fixture.admin.post("/teams", team).await.id();
        for _ in 0..2 {
            Client::sign_in(fixture.server.address(), "empty@campanile.test", PASSWORD).await;
        }
        let held = format!("/users/{user}/credentials");
        let credential = fixture.admin.get(&held).await.expect(200)["items"][0]["id"].clone();
        fixture.real.extend([
            ("companies", company),
            ("users", user),
            ("teams", team),
            ("credentials", credential.as_str().unwrap().to_owned()),
        ]);

        let mut last = String::new();
        since(&fixture.admin, &mut last).await;
        let admin = fixture.admin.clone();
        for (method, template, action, body) in AUDITED {
            let what = format!("{}: {method} {template}", database.name);
            let target = path(template, &fixture.real);
            let body = body(&fixture.real);
            let call = |who: &Client| {
                let request = who.request(method.parse().unwrap(), &target);
                let request = match &body {
                    Value::Null => request,
                    body => with_json(request, &body.to_string()),
                };
                let who = who.clone();
                async move { who.send(request).await }
            };
            let needs = ROUTES
                .iter()
                .find(|route| (route.0, route.1) == (*method, *template))
                .unwrap()
                .2;
            if needs > Needs::SignedIn {
                let refused = call(&fixture.stranger).await;
                assert!(refused.status.is_client_error(), "{what}: {}", refused.body);
                assert_eq!(
                    since(&admin, &mut last).await,
                    Vec::<Value>::new(),
                    "{what} refused"
                );
            }
            if *template == "/deliveries/redeliver" {
                // Only completed deliveries can be resent.
                continue;
            }
            let who = match *template {
                "/auth/logout" => {
                    Client::sign_in(
                        fixture.server.address(),
                        "mara@campanile.test",
                        crate::support::PASSWORD,
                    )
                    .await
                }
                // It would end a session.
                "/auth/login" => fixture.anonymous.clone(),
                _ => admin.clone(),
            };
            since(&admin, &mut last).await;
            let answer = call(&who).await;
            assert!(
                answer.status.is_success(),
                "{what}: {} {}",
                answer.status,
                answer.body
            );
            let noted = since(&admin, &mut last).await;
            let actions: Vec<_> = noted
                .iter()
                .map(|entry| entry["action"].as_str().unwrap())
                .collect();
            assert_eq!(actions, [*action], "{what}: {noted:?}");
            assert!(
                noted[0]["actor"]["id"].is_string() && noted[0]["address"] == "127.0.0.1",
                "{what}: {noted:?}"
            );
        }
        let all = admin.get("/audit?limit=200").await.expect(200).to_string();
        assert!(!all.contains("hush-hush"), "{}: a secret in {all}", database.name);
        fixture.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deleter_of_a_report_is_logged() {
    for database in databases().await {
        let fixture = Fixture::set(&database).await;
        let report = json!({"company_id": fixture.real["companies"], "name": "Quarter", "format": "csv"});
        let report = fixture.analyst.post("/reports", report).await.id();
        eventually("the report", || async {
            let report = fixture
                .analyst
                .get(&format!("/reports/{report}"))
                .await
                .expect(200);
            (report["status"] == "ready").then_some(())
        })
        .await;
        let download = format!("/reports/{report}/download");
        fixture.stranger.get(&download).await.expect(404);
        fixture.viewer.get(&download).await.expect(200);
        let page = fixture
            .admin
            .get("/audit?action=report.exported")
            .await
            .expect(200);
        let [entry] = page["items"].as_array().unwrap().as_slice() else {
            panic!("{}: {page}", database.name);
        };
        assert_eq!(
            (&entry["actor"]["name"], &entry["subject_id"]),
            (&json!("vera"), &json!(report))
        );
        assert_eq!(entry["after"], json!({"format": "csv"}), "{}", database.name);
        fixture.server.stop().await;
    }
}
