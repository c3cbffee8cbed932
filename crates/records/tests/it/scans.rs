//! Scans: scheduled, running, ended, each change with its one event.

use serde_json::{Value, json};

use testkit::text;

use crate::world::World;

const STATUSES: [&str; 4] = ["scheduled", "running", "completed", "failed"];
const KINDS: [&str; 4] = ["scan.scheduled", "scan.started", "scan.completed", "scan.failed"];

async fn scan(world: &World, fields: Value) -> (String, Value) {
    let mut body = json!({"company_id": world.ours, "name": "Nightly", "tool": "Saw"});
    crate::world::over(&mut body, fields);
    let view = world.post(&world.analyst, "/scans", body).await.expect(201);
    (format!("/scans/{}", text(&view["id"])), view)
}

// promise: B1
// promise: B2
// promise: V2
#[tokio::test]
async fn each_pair_of_statuses_changes_with_one_event_or_is_rejected() {
    for world in World::all().await {
        for (from, may) in STATUSES.iter().zip([".xxx", "..xx", "....", "...."]) {
            for ((to, kind), may) in STATUSES.iter().zip(KINDS).zip(may.chars()) {
                let fields = json!({"status": from, "scheduled_at": world.in_days(1)});
                let (path, before) = scan(&world, fields).await;
                world.events().await;
                world.pass_days(2);
                let answer = world.patch(&world.manager, &path, json!({"status": to})).await;
                if may == 'x' {
                    let mut expected = before.clone();
                    let now = json!(world.in_days(0));
                    expected["status"] = json!(to);
                    expected["updated_at"] = now.clone();
                    let stamp = if *to == "running" {
                        "started_at"
                    } else {
                        "finished_at"
                    };
                    expected[stamp] = now;
                    assert_eq!(answer.expect(200), expected, "{from} to {to}");
                    let event = world.event(kind, &world.manager, &path).await;
                    assert_eq!(event.data["changed"], json!(["status"]));
                    // The user who created it is notified of its end.
                    let notified = if *to == "running" {
                        vec![]
                    } else {
                        vec![world.analyst.id]
                    };
                    assert_eq!(event.assignee_users, notified, "{from} to {to}");
                    assert_eq!(world.get(&world.viewer, &path).await.expect(200), expected);
                } else {
                    if from == to {
                        assert_eq!(answer.expect(200), before);
                    } else {
                        answer.problem(409);
                    }
                    assert_eq!(world.get(&world.viewer, &path).await.expect(200), before);
                    assert_eq!(world.kinds().await, [""; 0], "{from} to {to}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_scan_can_be_created_in_any_status() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        for (status, kind) in STATUSES.into_iter().zip(KINDS) {
            world.events().await;
            let fields = json!({"status": status, "scheduled_at": world.in_days(1), "project_id": project,
                "error": if status == "failed" { json!("It broke.") } else { Value::Null }});
            let (path, view) = scan(&world, fields).await;
            let now = json!(world.in_days(0));
            let at = |fits: bool| if fits { now.clone() } else { Value::Null };
            let expected = json!({
                "id": view["id"], "company_id": world.ours, "company_name": "Ours", "project_id": project,
                "project_name": "Web", "name": "Nightly", "tool": "Saw", "status": status,
                "scheduled_at": world.in_days(1), "started_at": at(status == "running"),
                "finished_at": at(["completed", "failed"].contains(&status)), "counts": null, "report": null, "undone_at": null,
                "error": if status == "failed" { json!("It broke.") } else { Value::Null },
                "created_by": world.analyst.id, "created_at": now, "updated_at": now,
            });
            assert_eq!(view, expected);
            assert_eq!(world.get(&world.viewer, &path).await.expect(200), expected);
            let event = world.event(kind, &world.analyst, &path).await;
            assert_eq!(event.text("scan_id"), view["id"].as_str());
            assert_eq!(event.text("project_name"), Some("Web"));
            assert_eq!(event.text("error"), (status == "failed").then_some("It broke."));
        }
        // Without a status, its time decides.
        world.events().await;
        let (path, view) = scan(&world, json!({"scheduled_at": world.in_days(3)})).await;
        assert_eq!(view["status"], "scheduled");
        world.event("scan.scheduled", &world.analyst, &path).await;
        let (path, view) = scan(&world, json!({})).await;
        assert_eq!(view["status"], "running");
        world.event("scan.started", &world.analyst, &path).await;
    }
}

#[tokio::test]
async fn a_scheduled_scan_has_a_time() {
    for world in World::all().await {
        world.events().await;
        let body = json!({"company_id": world.ours, "name": "x", "status": "scheduled"});
        assert_eq!(
            world.post(&world.analyst, "/scans", body).await.fields(),
            ["scheduled_at"]
        );
        assert_eq!(world.kinds().await, [""; 0]);
        let (path, before) = scan(&world, json!({"scheduled_at": world.in_days(3)})).await;
        world.events().await;
        let body = json!({"scheduled_at": null});
        assert_eq!(
            world.patch(&world.analyst, &path, body.clone()).await.fields(),
            ["scheduled_at"]
        );
        assert_eq!(world.get(&world.viewer, &path).await.expect(200), before);
        assert_eq!(world.kinds().await, [""; 0]);
        let later = json!({"scheduled_at": world.in_days(5)});
        let view = world.patch(&world.analyst, &path, later).await.expect(200);
        assert_eq!(view["scheduled_at"], world.in_days(5));
        let event = world.event("scan.updated", &world.analyst, &path).await;
        assert_eq!(event.data["changed"], json!(["scheduled_at"]));
        world
            .patch(&world.analyst, &path, json!({"status": "running"}))
            .await
            .expect(200);
        let view = world.patch(&world.analyst, &path, body).await.expect(200);
        assert_eq!(view["scheduled_at"], Value::Null);
    }
}

#[tokio::test]
async fn omitted_fields_are_unchanged_and_the_same_again_emits_nothing() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        let (path, _) = scan(&world, json!({"status": "failed"})).await;
        world.events().await;
        for (field, value) in [
            ("name", json!("Weekly")),
            ("tool", json!("Axe")),
            ("tool", Value::Null),
            ("error", json!("No disk.")),
            ("error", Value::Null),
            ("project_id", json!(project)),
            ("project_id", Value::Null),
        ] {
            world.pass_days(1);
            let mut expected = world.get(&world.viewer, &path).await.expect(200);
            let body = json!({field: value});
            let view = world.patch(&world.analyst, &path, body.clone()).await.expect(200);
            expected[field] = value.clone();
            expected["updated_at"] = json!(world.in_days(0));
            if field == "project_id" {
                expected["project_name"] = if value.is_null() {
                    Value::Null
                } else {
                    json!("Web")
                };
            }
            assert_eq!(view, expected, "{field}");
            let event = world.event("scan.updated", &world.analyst, &path).await;
            assert_eq!(event.data["changed"], json!([field]));
            world.pass_days(1);
            assert_eq!(
                world.patch(&world.analyst, &path, body).await.expect(200),
                expected
            );
            assert_eq!(world.kinds().await, [""; 0], "{field}");
        }
    }
}

#[tokio::test]
async fn a_scan_is_deleted_unless_it_runs_and_its_findings_drop_the_reference() {
    for world in World::all().await {
        let (path, view) = scan(&world, json!({})).await;
        let id = text(&view["id"]);
        let finding = world.finding(json!({})).await;
        let (scan_id, finding_id) = (id.clone(), finding.rsplit('/').next().unwrap().to_owned());
        let found = world.store.write(move |tx| {
            tx.execute(
                "update findings set first_scan_id = $1, last_scan_id = $1 where id = $2",
                store::params![scan_id, finding_id],
            )
        });
        assert_eq!(found.await, Ok(1));
        let of_scan = format!("/findings?scan_id={id}");
        assert_eq!(world.get(&world.viewer, &of_scan).await.ids().len(), 1);
        assert_eq!(
            world.get(&world.viewer, &finding).await.expect(200)["scan_id"],
            json!(id)
        );
        world.events().await;
        world.delete(&world.manager, &path).await.problem(409);
        assert_eq!(world.kinds().await, [""; 0]);
        world
            .patch(&world.analyst, &path, json!({"status": "failed"}))
            .await
            .expect(200);
        world.events().await;
        world.delete(&world.manager, &path).await.expect(204);
        let event = world.event("scan.deleted", &world.manager, &path).await;
        assert_eq!(event.text("name"), Some("Nightly"));
        world.get(&world.manager, &path).await.problem(404);
        assert_eq!(
            world.get(&world.viewer, &finding).await.expect(200)["scan_id"],
            Value::Null
        );
        assert_eq!(world.get(&world.viewer, &of_scan).await.ids(), [""; 0]);
    }
}
