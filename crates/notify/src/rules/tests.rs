//! Rules, preferences and personal chats over HTTP, on both databases.

use serde_json::{Value as Json, json};

use crate::fixture::{FakeReceiver, Fixture, fixtures, next, within};

const RULES: &str = "/notification-rules";

async fn create(fixture: &Fixture, body: Json) -> (u16, Json) {
    fixture.call(fixture.root, "POST", RULES, body).await
}

fn field(problem: &Json) -> &str {
    problem["errors"][0]["field"].as_str().unwrap_or_default()
}

// promise: R7
#[tokio::test]
async fn a_fresh_install_has_rules_and_a_deleted_one_stays_deleted() {
    for fixture in fixtures().await {
        let rules = fixture.get(fixture.root, "/notification-rules?limit=200").await;
        let rules = rules["items"].as_array().unwrap();
        assert!(rules.len() > 15);
        let on = |kind: &str, channel: &str| {
            rules
                .iter()
                .any(|rule| rule["event_type"] == kind && rule["channel"] == channel)
        };
        for (kind, channel) in [
            ("finding.assigned", "in_app"),
            ("finding.assigned", "email"),
            ("finding.status_changed", "in_app"),
            ("sla.breached", "email"),
            ("scan.completed", "in_app"),
        ] {
            assert!(on(kind, channel), "{kind} {channel}");
        }
        let path = format!("{RULES}/{}", rules[0]["id"].as_str().unwrap());
        assert_eq!(
            fixture.call(fixture.root, "DELETE", &path, Json::Null).await.0,
            204
        );
        assert_eq!(
            fixture.call(fixture.root, "DELETE", &path, Json::Null).await.0,
            404
        );
        fixture.store.migrate(crate::fixture::SETS).await.unwrap();
        assert_eq!(
            fixture.call(fixture.root, "GET", &path, Json::Null).await.0,
            404,
            "{}",
            fixture.name
        );
    }
}

// promise: R1
#[tokio::test]
async fn only_administrators_create_read_change_and_delete_a_rule() {
    for fixture in fixtures().await {
        let url = "https://receiver.example/hooks/0123456789abcdef";
        let body = json!({"event_type": "finding.created", "channel": "webhook", "min_severity": "high",
            "recipients": {"urls": [url, url]}});
        assert_eq!(
            fixture.call(fixture.ana, "POST", RULES, body.clone()).await.0,
            403
        );
        assert_eq!(fixture.call(fixture.ana, "GET", RULES, Json::Null).await.0, 403);
        let (status, rule) = create(&fixture, body).await;
        assert_eq!(status, 201, "{}: {rule}", fixture.name);
        assert_eq!(
            rule["recipients"]["urls"],
            json!(["https://receiver.example/…cdef"])
        );
        assert_eq!(rule["enabled"], true);
        assert_eq!(rule["company_id"], Json::Null);
        let path = format!("{RULES}/{}", rule["id"].as_str().unwrap());
        assert_eq!(fixture.get(fixture.root, &path).await, rule);
        let secrets = fixture
            .get(fixture.root, &format!("{path}/webhook-secrets"))
            .await;
        let secret = secrets["items"][0]["secret"].as_str().unwrap();
        assert!(secret.starts_with("whsec_"), "{secret}");
        let kept = fixture
            .rows("select sealed || label || target_key || template from destinations")
            .await;
        assert!(!kept[0].0.contains("0123456789abcdef"), "sealed at rest");
        // The masked URL keeps the existing one, another is added.
        let change = json!({"min_severity": null, "enabled": false,
            "recipients": {"urls": ["https://receiver.example/…cdef", "https://other.example/hooks/x"]}});
        let (status, changed) = fixture.call(fixture.root, "PATCH", &path, change).await;
        assert_eq!(status, 200, "{changed}");
        assert_eq!(changed["min_severity"], Json::Null);
        assert_eq!(changed["enabled"], false);
        assert_eq!(changed["recipients"]["urls"].as_array().unwrap().len(), 2);
        let again = fixture
            .get(fixture.root, &format!("{path}/webhook-secrets"))
            .await;
        assert_eq!(
            again["items"][0]["secret"], secret,
            "the same URL, the same secret"
        );
        let (status, off) = fixture
            .call(fixture.root, "PATCH", &path, json!({"recipients": {"urls": []}}))
            .await;
        assert_eq!(
            (status, field(&off)),
            (422, "recipients.urls"),
            "it could never send anything"
        );
    }
}

// promise: R4
#[tokio::test]
async fn a_duplicate_rule_is_rejected_even_without_a_severity_or_concurrently() {
    for fixture in fixtures().await {
        for severity in [json!(null), json!("high")] {
            let body = json!({"event_type": "asset.created", "channel": "email", "min_severity": severity});
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let (fixture, body) = (fixture.clone(), body.clone());
                tasks.spawn(async move { create(&fixture, body).await.0 });
            }
            let mut statuses = Vec::new();
            while let Some(status) = within(tasks.join_next()).await {
                statuses.push(status.unwrap());
            }
            statuses.sort_unstable();
            assert_eq!(
                statuses,
                [201, 409, 409, 409, 409, 409, 409, 409],
                "{}",
                fixture.name
            );
        }
        let body = json!({"event_type": "asset.created", "channel": "email", "company_id": fixture.company});
        assert_eq!(
            create(&fixture, body).await.0,
            201,
            "for one company is another rule"
        );
        let made = fixture
            .get(fixture.root, "/notification-rules?event_type=asset.created")
            .await;
        assert_eq!(made["items"].as_array().unwrap().len(), 3);
        let path = format!("{RULES}/{}", made["items"][0]["id"].as_str().unwrap());
        let (status, _) = fixture
            .call(fixture.root, "PATCH", &path, json!({"min_severity": "high"}))
            .await;
        assert_eq!(status, 409, "{}", fixture.name);
        let unchanged = fixture.get(fixture.root, &path).await;
        assert_eq!(unchanged, made["items"][0]);
    }
}

// promise: S1
#[tokio::test]
async fn invalid_recipients_are_rejected_by_name() {
    for fixture in fixtures().await {
        let nobody = fixture.clock.id();
        for (body, named) in [
            (
                json!({"event_type": "notification.created", "channel": "email"}),
                "event_type",
            ),
            (
                json!({"event_type": "nonsense", "channel": "email"}),
                "event_type",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "pigeon"}),
                "channel",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "email", "company_id": nobody}),
                "company_id",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "email", "recipients": {"emails": ["x"]}}),
                "recipients.emails[0]",
            ),
            (
                // No mail could ever be sent there.
                json!({"event_type": "asset.updated", "channel": "email",
                    "recipients": {"emails": ["a@b.example", "a@127.0.0.1"]}}),
                "recipients.emails[1]",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "email", "recipients": {"user_ids": [nobody]}}),
                "recipients.user_ids[0]",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "email", "recipients": {"urls": ["https://a.example/"]}}),
                "recipients.urls",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "slack", "recipients": {"urls": ["https://hooks.slack.com.evil.example/services/a"]}}),
                "recipients.urls[0]",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "teams", "recipients": {"urls": ["https://webhook.office.com.evil.example/x"]}}),
                "recipients.urls[0]",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "webhook", "recipients": {"urls": ["https://127.0.0.1/x"]}}),
                "recipients.urls[0]",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "slack", "recipients": {"user_ids": [fixture.ana]}}),
                "recipients.user_ids",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "in_app", "recipients": {"emails": ["a@b.c"]}}),
                "recipients.emails",
            ),
            (
                json!({"event_type": "asset.updated", "channel": "email", "colour": "red"}),
                "colour",
            ),
        ] {
            let (status, problem) = create(&fixture, body.clone()).await;
            assert_eq!((status, field(&problem)), (422, named), "{body}: {problem}");
            assert!(
                !problem.to_string().contains("evil"),
                "a URL is not repeated: {problem}"
            );
        }
    }
}

// promise: R1
#[tokio::test]
async fn a_new_rule_applies_to_the_next_event_and_a_deleted_one_to_none() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        let body = json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "high",
            "recipients": {"emails": [" Desk@Outside.example "]}});
        let (status, rule) = create(&fixture, body).await;
        assert_eq!(status, 201, "{rule}");
        fixture.assign(&[], &[]).await;
        // Nobody is assigned: an administrator is responsible for it, too.
        let mut to = [next(&mut received).await.to, next(&mut received).await.to];
        to.sort();
        assert_eq!(to, ["desk@outside.example", "root@example.com"]);
        let path = format!("{RULES}/{}", rule["id"].as_str().unwrap());
        fixture.call(fixture.root, "DELETE", &path, Json::Null).await;
        fixture.assign(&[fixture.ben], &[]).await;
        assert_eq!(
            next(&mut received).await.to,
            "ben@example.com",
            "{}",
            fixture.name
        );
        engine.stop().await;
        assert!(received.try_recv().is_err());
    }
}

// promise: R5
// promise: R6
#[tokio::test]
async fn a_person_switches_cells_and_nothing_else_changes() {
    for fixture in fixtures().await {
        let path = "/me/notification-preferences";
        let before = fixture.get(fixture.ana, path).await;
        assert_eq!(before["finding.assigned:email"], true);
        assert_eq!(before["finding.assigned:in_app"], true);
        assert_eq!(before["finding.assigned:slack"], false, "chat is off by default");
        let body = json!({"email_finding_assigned": true, "finding.assigned:email": false,
            "in_app_scan_completed": false});
        let (status, after) = fixture.call(fixture.ana, "PUT", path, body).await;
        assert_eq!(status, 200, "{after}");
        let mut expected = before.clone();
        expected["finding.assigned:email"] = json!(false);
        expected["scan.completed:in_app"] = json!(false);
        assert_eq!(after, expected, "{}", fixture.name);
        let bad = json!({"finding.assigned:in_app": false, "finding.assigned:pigeon": true});
        let (status, problem) = fixture.call(fixture.ana, "PUT", path, bad).await;
        assert_eq!((status, field(&problem)), (422, "finding.assigned:pigeon"));
        assert_eq!(
            fixture.get(fixture.ana, path).await,
            expected,
            "nothing was changed"
        );
        assert_eq!(fixture.get(fixture.ben, path).await, before);
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let body = json!({"event_type": "finding.assigned", "channel": "email", "min_severity": "low",
            "recipients": {"emails": ["ANA@example.com"]}});
        assert_eq!(create(&fixture, body).await.0, 201);
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        assert_eq!(
            next(&mut received).await.to,
            "ben@example.com",
            "{}",
            fixture.name
        );
        fixture.until("select count(*) from notifications", 2).await;
        engine.stop().await;
        assert!(received.try_recv().is_err());
    }
}

// promise: F5
#[tokio::test]
async fn a_personal_chat_is_masked_and_notified_once_opted_in_and_turned_on() {
    for fixture in fixtures().await {
        let url = "https://hooks.slack.com/services/T0/B0/abcdefghijkl";
        let (status, chat) = fixture
            .call(
                fixture.ana,
                "PUT",
                "/me/chat",
                json!({"slack_webhook_url": url, "slack_enabled": true}),
            )
            .await;
        assert_eq!(status, 200, "{chat}");
        let masked = "https://hooks.slack.com/…ijkl";
        let expected = json!({"slack_webhook_url": masked, "slack_enabled": true,
            "teams_webhook_url": null, "teams_enabled": false,
            "chat_webhook_url": null, "chat_template": null, "chat_enabled": false});
        assert_eq!(chat, expected);
        let (_, same) = fixture
            .call(
                fixture.ana,
                "PUT",
                "/me/chat",
                json!({"slack_webhook_url": masked}),
            )
            .await;
        assert_eq!(same, expected, "{}", fixture.name);
        let bad = json!({"slack_enabled": false, "teams_webhook_url": "https://evil.example/x"});
        let (status, problem) = fixture.call(fixture.ana, "PUT", "/me/chat", bad).await;
        assert_eq!((status, field(&problem)), (422, "teams_webhook_url"), "{problem}");
        assert_eq!(
            fixture.get(fixture.ana, "/me/chat").await,
            expected,
            "nothing was changed"
        );
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        let mut to = [next(&mut received).await.to, next(&mut received).await.to];
        to.sort();
        assert_eq!(
            to,
            ["ana@example.com", url],
            "an assignment is on in a chat that was turned on"
        );
        let body = json!({"finding.assigned:slack": true, "finding.assigned:email": false});
        fixture
            .call(fixture.ana, "PUT", "/me/notification-preferences", body)
            .await;
        fixture.assign(&[fixture.ana], &[]).await;
        assert_eq!(next(&mut received).await.to, url, "{}", fixture.name);
        fixture
            .call(fixture.ana, "PUT", "/me/chat", json!({"slack_webhook_url": null}))
            .await;
        fixture.assign(&[fixture.ana], &[]).await;
        fixture.until("select count(*) from notifications", 3).await;
        engine.stop().await;
        assert!(received.try_recv().is_err());
        assert_eq!(
            fixture.get(fixture.ana, "/me/chat").await["slack_webhook_url"],
            Json::Null
        );
    }
}

// promise: R5
#[tokio::test]
async fn the_sources_show_what_can_reach_a_person_and_a_new_chat_starts_with_what_matters() {
    for fixture in fixtures().await {
        let path = "/me/notification-sources";
        let before = fixture.get(fixture.ana, path).await;
        let assigned = &before["finding.assigned:email"];
        assert_eq!(assigned["possible"], true, "{}: {assigned}", fixture.name);
        assert!(assigned["sources"][0]["rule_id"].is_string());
        assert_eq!(
            before["asset.created:email"],
            json!({"possible": false, "sources": []})
        );
        assert_eq!(before["finding.assigned:slack"]["possible"], false);
        let body = json!({"retest.due:slack": false});
        fixture
            .call(fixture.ana, "PUT", "/me/notification-preferences", body)
            .await;
        let chat = json!({"slack_webhook_url": "https://hooks.slack.com/services/T0/B0/abcdefabcdef",
            "slack_enabled": true});
        let (status, answer) = fixture.call(fixture.ana, "PUT", "/me/chat", chat).await;
        assert_eq!(status, 200, "{answer}");
        let matrix = fixture.get(fixture.ana, "/me/notification-preferences").await;
        for (cell, on) in [
            ("finding.assigned:slack", true),
            ("sla.breached:slack", true),
            ("retest.due:slack", false),
            ("finding.updated:slack", false),
            ("finding.assigned:teams", false),
        ] {
            assert_eq!(matrix[cell], on, "{cell}");
        }
        let after = fixture.get(fixture.ana, path).await;
        assert_eq!(
            after["finding.assigned:slack"]["sources"][0]["kind"], "chat",
            "{after}"
        );
    }
}

// promise: O4
#[tokio::test]
async fn managers_create_allowed_rules_for_their_company() {
    for fixture in fixtures().await {
        let mara = access::testing::user(&fixture.store, "mara@example.com").await;
        access::testing::member(&fixture.store, fixture.company, mara, access::Role::Manager).await;
        let other = access::testing::company(&fixture.store, "Other").await;
        let of = |company: Json, recipients: Json| {
            json!({"event_type": "finding.created", "channel": "email", "min_severity": "high",
                "company_id": company, "recipients": recipients})
        };
        let own = json!(fixture.company);
        for (body, expected) in [
            (of(Json::Null, json!({})), 403),
            (of(json!(other), json!({})), 404),
            (of(own.clone(), json!({"emails": ["a@outside.example"]})), 422),
            (
                of(
                    own.clone(),
                    json!({"user_ids": [fixture.root], "roles": ["manager"]}),
                ),
                201,
            ),
        ] {
            let (status, answer) = fixture.call(mara, "POST", RULES, body.clone()).await;
            assert_eq!(status, expected, "{}: {body}: {answer}", fixture.name);
        }
        let mut limited = of(
            own.clone(),
            json!({"emails": ["desk@acme.example"], "owners": true}),
        );
        limited["filters"] = json!({"tags": ["PCI", "pci"]});
        let (status, rule) = fixture.call(mara, "POST", RULES, limited.clone()).await;
        assert_eq!(status, 201, "{rule}");
        assert_eq!(rule["filters"], json!({"tags": ["pci"]}));
        limited["filters"] = json!({"tags": ["pci"]});
        assert_eq!(
            fixture.call(mara, "POST", RULES, limited).await.0,
            409,
            "the same filters"
        );
        let listed = fixture.get(mara, "/notification-rules?limit=200").await;
        let listed = listed["items"].as_array().unwrap();
        let platform = listed.iter().find(|rule| rule["company_id"].is_null()).unwrap();
        let path = format!("{RULES}/{}", platform["id"].as_str().unwrap());
        assert_eq!(
            fixture
                .call(mara, "PATCH", &path, json!({"enabled": false}))
                .await
                .0,
            403
        );
        assert_eq!(fixture.call(fixture.ana, "GET", RULES, Json::Null).await.0, 403);
        let hook = json!({"event_type": "finding.created", "channel": "webhook", "recipients": {}});
        let (status, problem) = create(&fixture, hook).await;
        assert_eq!((status, field(&problem)), (422, "recipients.urls"));
    }
}
