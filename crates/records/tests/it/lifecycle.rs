//! The lifecycle of a finding, step by step through the API.

use serde_json::{Value, json};

use testkit::text;

use crate::world::{Person, World};

/// A status, the path to it from `open`, and its successors. Based on the issue, not on the code.
const LIFE: [(&str, &[&str], &[&str]); 7] = [
    ("open", &[], &["in_progress", "false_positive", "duplicate"]),
    (
        "in_progress",
        &["in_progress"],
        &["retest", "open", "false_positive", "duplicate"],
    ),
    (
        "retest",
        &["in_progress", "retest"],
        &["closed", "in_progress", "false_positive", "duplicate"],
    ),
    ("closed", &["in_progress", "retest", "closed"], &["open"]),
    ("accepted_risk", &["accepted_risk"], &["open"]),
    ("false_positive", &["false_positive"], &["open"]),
    ("duplicate", &["duplicate"], &["open"]),
];

const TERMINAL: [&str; 4] = ["closed", "accepted_risk", "false_positive", "duplicate"];

/// Changes a finding through these statuses.
async fn walk(world: &World, path: &str, way: &[&str]) -> Value {
    for status in way {
        step(world, &world.analyst, path, status).await;
    }
    world.get(&world.viewer, path).await.expect(200)
}

async fn step(world: &World, by: &Person, path: &str, status: &str) -> Value {
    if status == "accepted_risk" {
        world.accept(path, 30).await;
        return world.get(by, path).await.expect(200);
    }
    let body = json!({"status": status, "comment": "So it is."});
    world.post(by, &format!("{path}/status"), body).await.expect(200)
}

async fn history(world: &World, path: &str) -> Vec<Value> {
    let answer = world.get(&world.viewer, &format!("{path}/history")).await;
    answer.expect(200)["items"].as_array().unwrap().clone()
}

// promise: B1
// promise: B2
// promise: V2
// promise: H1
#[tokio::test]
async fn each_pair_of_statuses_changes_with_one_event_or_is_rejected() {
    for world in World::all().await {
        for (from, way, next) in LIFE {
            for (to, ..) in LIFE {
                let path = world.finding(json!({})).await;
                let before = walk(&world, &path, way).await;
                let steps = history(&world, &path).await;
                world.events().await;
                assert_eq!(before["status"], from);
                assert_eq!(before["allowed_statuses"], json!(next), "after {from}");
                let body = json!({"status": to, "comment": "Because."});
                let answer = world.post(&world.analyst, &format!("{path}/status"), body).await;
                if next.contains(&to) {
                    assert_eq!(answer.expect(200)["status"], to);
                    let mut events = world.events().await;
                    if from == "accepted_risk" {
                        // The acceptance ends with it.
                        assert_eq!(events.remove(0).kind.name(), "approval.updated");
                    }
                    let [event] = events.as_slice() else {
                        panic!("{from} to {to}: {events:?}")
                    };
                    let open = ["open", "in_progress", "retest"];
                    let kind = if open.contains(&to) && !open.contains(&from) {
                        "finding.reopened"
                    } else {
                        "finding.status_changed"
                    };
                    assert_eq!(event.kind.name(), kind, "{from} to {to}");
                    assert_eq!(event.actor, Some(world.analyst.id));
                    assert_eq!(event.text("from_status"), Some(from));
                    assert_eq!(event.text("status"), Some(to));
                    assert_eq!(event.text("comment"), Some("Because."));
                    assert_eq!(event.severity, Some(base::Severity::High));
                    let now = history(&world, &path).await;
                    assert_eq!(now[1..], steps[..], "{from} to {to}");
                    let actor = json!({"id": world.analyst.id, "name": "analyst"});
                    let at = world.clock.now();
                    let step = json!({"from": from, "to": to, "comment": "Because.", "actor": actor,
                        "scan_id": null, "event_id": event.id, "at": at, "changes": []});
                    assert_eq!(now[0], step);
                } else {
                    answer.problem(409);
                    assert_eq!(world.kinds().await, [""; 0], "{from} to {to}");
                    assert_eq!(world.get(&world.viewer, &path).await.expect(200), before);
                    assert_eq!(history(&world, &path).await, steps);
                }
            }
        }
    }
}

#[tokio::test]
async fn closed_findings_have_an_end_and_reopened_ones_have_none() {
    for world in World::all().await {
        for (end, way, _) in LIFE.into_iter().filter(|(status, ..)| TERMINAL.contains(status)) {
            let path = world.finding(json!({"retest_due_at": world.in_days(9)})).await;
            let (deadline, created) = {
                let made = world.get(&world.viewer, &path).await.expect(200);
                assert_eq!(made["closed_at"], Value::Null);
                (made["sla_due_at"].clone(), made["created_at"].clone())
            };
            world.pass_days(1);
            let ended = walk(&world, &path, way).await;
            assert_eq!(ended["closed_at"], world.in_days(0), "{end}");
            assert_eq!(ended["updated_at"], world.in_days(0), "{end}");
            world.pass_days(1);
            let again = step(&world, &world.analyst, &path, "open").await;
            assert_eq!(again["closed_at"], Value::Null, "{end}");
            assert_eq!(again["retest_due_at"], Value::Null, "{end}");
            assert_eq!(again["sla_due_at"], deadline, "{end}");
            assert_eq!(again["created_at"], created, "{end}");
        }
    }
}

#[tokio::test]
async fn a_retest_has_a_date_until_the_fix_fails() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        let asked = walk(&world, &path, &["in_progress", "retest"]).await;
        assert_eq!(asked["retest_due_at"], world.in_days(14));
        let failed = step(&world, &world.analyst, &path, "in_progress").await;
        assert_eq!(failed["retest_due_at"], Value::Null);
        // A future date was set on purpose, a past one was not.
        for (set, expected) in [(3, 3), (0, 14)] {
            let body = json!({"retest_due_at": world.in_days(set)});
            world.patch(&world.analyst, &path, body).await.expect(200);
            let asked = step(&world, &world.analyst, &path, "retest").await;
            assert_eq!(asked["retest_due_at"], world.in_days(expected));
            step(&world, &world.analyst, &path, "in_progress").await;
        }
    }
}

#[tokio::test]
async fn a_comment_is_trimmed_bounded_and_optional() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        let to = format!("{path}/status");
        world.events().await;
        for comment in ["x".repeat(2_001), "a\0b".to_owned(), "\u{1b}[2J".to_owned()] {
            let body = json!({"status": "in_progress", "comment": comment});
            assert_eq!(world.post(&world.analyst, &to, body).await.fields(), ["comment"]);
        }
        assert_eq!(world.kinds().await, [""; 0]);
        for (comment, status, kept) in [
            (json!("  Two\r\nlines \n"), "in_progress", json!("Two\nlines")),
            (json!("  \n"), "open", Value::Null),
            (Value::Null, "in_progress", Value::Null),
            (json!("é".repeat(2_000)), "open", json!("é".repeat(2_000))),
        ] {
            let body = json!({"status": status, "comment": comment});
            world.post(&world.manager, &to, body).await.expect(200);
            let event = world.event("finding.status_changed", &world.manager, &path).await;
            assert_eq!(event.text("comment"), kept.as_str());
            assert_eq!(history(&world, &path).await[0]["comment"], kept);
        }
        assert_eq!(history(&world, &path).await.len(), 4);
    }
}

#[tokio::test]
async fn removing_a_finding_from_the_list_requires_a_reason() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        let id = path.strip_prefix("/findings/").unwrap();
        world.events().await;
        for status in ["false_positive", "duplicate"] {
            for comment in [Value::Null, json!(""), json!(" \n"), json!("\u{200b}")] {
                let body = json!({"status": status, "comment": comment});
                let one = world.post(&world.analyst, &format!("{path}/status"), body).await;
                assert_eq!(one.fields(), ["comment"], "{comment}");
                let body = json!({"status": status, "comment": comment, "finding_ids": [id]});
                let many = world.post(&world.analyst, "/findings/bulk/status", body).await;
                assert_eq!(many.fields(), ["comment"], "{comment}");
            }
            assert_eq!(world.kinds().await, [""; 0]);
            let body = json!({"status": status, "comment": "A test fixture."});
            world
                .post(&world.analyst, &format!("{path}/status"), body)
                .await
                .expect(200);
            step(&world, &world.analyst, &path, "open").await;
            world.events().await;
        }
    }
}

#[tokio::test]
async fn changes_and_assignments_are_part_of_the_history() {
    for world in World::all().await {
        let path = world.finding(json!({"location": "a.rs:1"})).await;
        world.events().await;
        let change = json!({"title": "XSS", "location": null, "severity": "low"});
        world.patch(&world.manager, &path, change).await.expect(200);
        let kind = "finding.severity_changed";
        let updated = world.event(kind, &world.manager, &path).await;
        let body = json!({"user_ids": [world.analyst.id], "team_ids": [world.team]});
        world
            .post(&world.manager, &format!("{path}/assignees"), body)
            .await
            .expect(200);
        let assigned = world.event("finding.assigned", &world.manager, &path).await;
        let steps = history(&world, &path).await;
        assert_eq!(steps[0]["event_id"], json!(assigned.id));
        assert_eq!(steps[1]["event_id"], json!(updated.id));
        let changed = |field: &str, before: Value, after: Value| json!({"field": field, "before": before, "after": after});
        assert_eq!(
            steps[0]["changes"],
            json!([
                changed("assignee_user_ids", Value::Null, json!("analyst")),
                changed("assignee_team_ids", Value::Null, json!("Red")),
            ])
        );
        let details = steps[1]["changes"].as_array().unwrap();
        assert_eq!(details[0], changed("title", json!("SQL injection"), json!("XSS")));
        assert_eq!(details[1], changed("severity", json!("high"), json!("low")));
        assert_eq!(details[2], changed("location", json!("a.rs:1"), Value::Null));
        assert_eq!(details[3]["field"], "sla_due_at");
        for step in &steps {
            assert_eq!((&step["from"], &step["to"]), (&Value::Null, &Value::Null));
            assert_eq!(step["actor"]["name"], "manager");
        }
    }
}

#[tokio::test]
async fn a_deleted_finding_keeps_its_history_and_is_announced_once() {
    for world in World::all().await {
        let body = json!({"assignee_user_ids": [world.viewer.id], "assignee_team_ids": [world.team]});
        let path = world.finding(body).await;
        walk(&world, &path, &["in_progress"]).await;
        let comment = json!({"body": "Seen in production."});
        world
            .post(&world.analyst, &format!("{path}/comments"), comment)
            .await
            .expect(201);
        let steps = history(&world, &path).await;
        world.events().await;
        world.delete(&world.analyst, &path).await.problem(403);
        assert_eq!(world.delete(&world.manager, &path).await.expect(204), Value::Null);
        let event = world.event("finding.deleted", &world.manager, &path).await;
        assert_eq!(event.text("title"), Some("SQL injection"));
        assert_eq!(event.text("status"), Some("in_progress"));
        assert_eq!(event.assignee_users, [world.viewer.id]);
        assert_eq!(event.assignee_teams, [world.team]);
        world.delete(&world.manager, &path).await.problem(404);
        world.get(&world.manager, &path).await.problem(404);
        // promise: H5
        assert_eq!(history(&world, &path).await, steps);
        let theirs = world.get(&world.stranger, &format!("{path}/history")).await;
        theirs.problem(404);
        let kept = world
            .store
            .read(|tx| tx.all::<(String,)>("select body from deleted_finding_comments", &[]));
        assert_eq!(kept.await.unwrap(), [("Seen in production.".to_owned(),)]);
        let noted = world.store.read(|tx| {
            tx.all::<(String, String, String)>(
                "select subject_id, subject_name, actor_name from audit_entries where action = 'finding.deleted'",
                &[],
            )
        });
        let id = path.strip_prefix("/findings/").unwrap().to_owned();
        let entry = (id, "SQL injection".to_owned(), "manager".to_owned());
        assert_eq!(noted.await.unwrap(), [entry], "{}", world.database);
        let left = world.store.read(|tx| {
            tx.one::<(i64, i64, i64)>(
                "select (select count(*) from finding_moves), (select count(*) from finding_users), \
                 (select count(*) from finding_teams)",
                &[],
            )
        });
        assert_eq!(left.await.unwrap(), Some((0, 0, 0)));
        assert_eq!(world.kinds().await, [""; 0]);
    }
}

#[tokio::test]
async fn of_two_concurrent_changes_the_second_sees_the_first() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        world.events().await;
        let to = format!("{path}/status");
        let body = json!({"status": "in_progress"});
        let (one, other) = tokio::join!(
            world.post(&world.analyst, &to, body.clone()),
            world.post(&world.manager, &to, body)
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{}", world.database);
        assert_eq!(world.kinds().await, ["finding.status_changed"]);
        let steps = history(&world, &path).await;
        assert_eq!(steps.len(), 1);
        assert_eq!(text(&steps[0]["to"]), "in_progress");
    }
}
