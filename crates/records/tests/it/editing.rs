//! What changes in a finding, and what does not.

use serde_json::{Value, json};

use crate::world::World;

// promise: B1
#[tokio::test]
async fn omitted_fields_are_unchanged_and_each_change_has_one_event() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        let path = world
            .finding(json!({"description": "Long.", "location": "src/a.rs:1", "cwe": "CWE-89"}))
            .await;
        world.events().await;
        for (field, value) in [
            ("title", json!("Another title")),
            ("description", json!("Two\nlines")),
            ("severity", json!("low")),
            ("location", json!("src/b.rs:2")),
            ("location", Value::Null),
            ("cwe", json!("CWE-79")),
            ("cwe", Value::Null),
            ("project_id", json!(project)),
            ("project_id", Value::Null),
            ("sla_due_at", json!(world.in_days(11))),
            ("retest_due_at", json!(world.in_days(12))),
            ("retest_due_at", Value::Null),
        ] {
            world.pass_days(1);
            let mut expected = world.get(&world.viewer, &path).await.expect(200);
            let body = json!({field: value});
            let view = world.patch(&world.analyst, &path, body.clone()).await.expect(200);
            expected[field] = value.clone();
            expected["updated_at"] = json!(world.in_days(0));
            let mut changed = json!([field]);
            if field == "severity" {
                expected["sla_due_at"] = view["sla_due_at"].clone();
                changed = json!(["severity", "sla_due_at"]);
            }
            if field == "project_id" {
                expected["project_name"] = if value.is_null() {
                    Value::Null
                } else {
                    json!("Web")
                };
            }
            for (one, all) in [("location", "locations"), ("cwe", "cwes")] {
                if field == one {
                    expected[all] = if value.is_null() {
                        json!([])
                    } else {
                        json!([value])
                    };
                    expected["locations_count"] = json!(expected["locations"].as_array().unwrap().len());
                }
            }
            assert_eq!(view, expected, "{field}");
            assert_eq!(world.get(&world.viewer, &path).await.expect(200), expected);
            let kind = if field == "severity" {
                "finding.severity_changed"
            } else {
                "finding.updated"
            };
            let event = world.event(kind, &world.analyst, &path).await;
            assert_eq!(event.data["changed"], changed);
            // The same again changes nothing, not even the time, and emits nothing.
            world.pass_days(1);
            let again = world.patch(&world.analyst, &path, body).await.expect(200);
            assert_eq!(again, expected, "{field}");
            assert_eq!(world.kinds().await, [""; 0], "{field}");
        }
        for body in [
            json!({}),
            json!({"title": null, "severity": null, "description": null}),
        ] {
            world.patch(&world.analyst, &path, body).await.expect(200);
            assert_eq!(world.kinds().await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn details_and_assignees_change_together_or_not_at_all() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        let before = world.get(&world.viewer, &path).await.expect(200);
        world.events().await;
        let body = json!({"title": "New", "assignee_user_ids": [world.stranger.id]});
        let answer = world.patch(&world.analyst, &path, body).await;
        assert_eq!(answer.fields(), ["assignee_user_ids[0]"]);
        assert_eq!(world.kinds().await, [""; 0]);
        assert_eq!(world.get(&world.viewer, &path).await.expect(200), before);
        let body = json!({"title": "New", "assignee_user_ids": [world.viewer.id]});
        let view = world.patch(&world.analyst, &path, body).await.expect(200);
        assert_eq!(view["title"], "New");
        assert_eq!(
            view["assignees"]["users"],
            json!([{"id": world.viewer.id, "name": "viewer"}])
        );
        // Two changes, each with its one event.
        assert_eq!(world.kinds().await, ["finding.updated", "finding.assigned"]);
    }
}

#[tokio::test]
async fn a_finding_is_returned_as_it_was_created() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        world.events().await;
        let body = json!({
            "company_id": world.ours, "project_id": project, "title": "  <b>SQL\u{202e} injection</b> ",
            "description": "One\r\ntwo", "severity": "urgent", "location": " src/a.rs:1 ", "cwe": "",
            "retest_due_at": world.in_days(3),
        });
        let view = world.post(&world.analyst, "/findings", body).await.expect(201);
        let (now, id) = (world.in_days(0), view["id"].clone());
        let expected = json!({
            "id": id, "company_id": world.ours, "company_name": "Ours", "project_id": project,
            "project_name": "Web", "asset_id": null, "asset_name": null, "scan_id": null, "title": "<b>SQL injection</b>", "description": "One\ntwo",
            "severity": "urgent", "status": "open", "location": "src/a.rs:1", "rule_id": null, "tool": null,
            "cwe": null, "sla_due_at": world.in_days(2), "retest_due_at": world.in_days(3), "closed_at": null,
            "created_at": now, "updated_at": now, "last_seen_at": now, "assignees": {"users": [], "teams": []},
            "allowed_statuses": ["in_progress", "false_positive", "duplicate"],
            "gone_at": null, "accepted_without_approval": false, "identifiers": [], "cwes": [], "cvss": null,
            "component": null, "references": [], "locations": ["src/a.rs:1"], "locations_count": 1, "snippet": null,
            "found_at": null, "statement": null, "target": null, "target_id": null, "related_id": null,
            "tags": [],
        });
        assert_eq!(view, expected);
        let path = format!("/findings/{}", id.as_str().unwrap());
        assert_eq!(world.get(&world.viewer, &path).await.expect(200), expected);
        let event = world.event("finding.created", &world.analyst, &path).await;
        assert_eq!(event.severity, Some(base::Severity::Urgent));
        let data = json!({
            "company_id": world.ours, "company_name": "Ours", "project_id": project, "project_name": "Web",
            "actor_name": "analyst", "finding_id": id, "title": "<b>SQL injection</b>", "status": "open",
            "location": "src/a.rs:1", "retest_due_at": world.in_days(3), "sla_due_at": world.in_days(2),
        });
        assert_eq!(Value::Object(event.data), data);
    }
}
