//! Projects: from one day to another, each change with its one event.

use serde_json::{Value, json};

use testkit::text;

use crate::world::World;

// promise: B1
// promise: B2
#[tokio::test]
async fn a_project_is_created_changed_and_deleted_with_one_event_each() {
    for world in World::all().await {
        world.events().await;
        let body = json!({"company_id": world.ours, "name": " Web ", "starts_on": "2028-02-29"});
        let made = world.post(&world.manager, "/projects", body).await.expect(201);
        let now = world.in_days(0);
        let expected = json!({"id": made["id"], "company_id": world.ours, "company_name": "Ours", "name": "Web",
            "description": "", "status": "planned", "starts_on": "2028-02-29", "ends_on": null,
            "owners": {"user_ids": [], "team_ids": [], "users": [], "teams": []}, "tags": [],
            "created_at": now, "updated_at": now});
        assert_eq!(made, expected);
        let path = format!("/projects/{}", text(&made["id"]));
        let event = world.event("project.created", &world.manager, &path).await;
        let data = json!({"company_id": world.ours, "company_name": "Ours", "project_id": made["id"],
            "project_name": "Web", "title": "Web", "status": "planned", "actor_name": "manager"});
        assert_eq!(Value::Object(event.data), data);
        for (field, value) in [
            ("name", json!("Shop")),
            ("description", json!("One\ntwo")),
            ("status", json!("completed")),
            ("ends_on", json!("2028-02-29")),
            ("starts_on", Value::Null),
            ("ends_on", Value::Null),
        ] {
            world.pass_days(1);
            let mut expected = world.get(&world.viewer, &path).await.expect(200);
            let body = json!({field: value});
            let view = world.patch(&world.manager, &path, body.clone()).await.expect(200);
            expected[field] = value;
            expected["updated_at"] = json!(world.in_days(0));
            assert_eq!(view, expected, "{field}");
            assert_eq!(world.get(&world.viewer, &path).await.expect(200), expected);
            let event = world.event("project.updated", &world.manager, &path).await;
            assert_eq!(event.data["changed"], json!([field]));
            world.pass_days(1);
            assert_eq!(
                world.patch(&world.manager, &path, body).await.expect(200),
                expected
            );
            assert_eq!(world.kinds().await, [""; 0], "{field}");
        }
        world.delete(&world.manager, &path).await.expect(204);
        let event = world.event("project.deleted", &world.manager, &path).await;
        assert_eq!(event.text("project_name"), Some("Shop"));
        world.get(&world.manager, &path).await.problem(404);
    }
}

#[tokio::test]
async fn a_project_does_not_end_before_it_starts() {
    for world in World::all().await {
        world.events().await;
        let body = json!({"company_id": world.ours, "name": "x", "starts_on": "2026-03-02", "ends_on": "2026-03-01"});
        assert_eq!(
            world.post(&world.manager, "/projects", body).await.fields(),
            ["ends_on"]
        );
        assert_eq!(world.kinds().await, [""; 0]);
        let body = json!({"company_id": world.ours, "name": "x", "starts_on": "2026-03-02", "ends_on": "2026-03-02"});
        let made = world.post(&world.manager, "/projects", body).await.expect(201);
        let path = format!("/projects/{}", text(&made["id"]));
        world.events().await;
        for body in [
            json!({"ends_on": "2026-03-01"}),
            json!({"starts_on": "2026-03-03"}),
        ] {
            world.patch(&world.manager, &path, body).await.fields();
        }
        assert_eq!(world.get(&world.viewer, &path).await.expect(200), made);
        assert_eq!(world.kinds().await, [""; 0]);
        let body = json!({"starts_on": "2026-04-01", "ends_on": "2026-04-01"});
        world.patch(&world.manager, &path, body).await.expect(200);
        assert_eq!(world.kinds().await, ["project.updated"]);
    }
}

#[tokio::test]
async fn a_project_with_findings_or_scans_cannot_be_deleted() {
    for world in World::all().await {
        let id = world.project(world.ours, "Web").await;
        let path = format!("/projects/{id}");
        let finding = world.finding(json!({"project_id": id})).await;
        let body = json!({"company_id": world.ours, "name": "x", "project_id": id, "status": "completed"});
        let scan = world.post(&world.analyst, "/scans", body).await.expect(201);
        for next in [finding, format!("/scans/{}", text(&scan["id"]))] {
            world.events().await;
            world.delete(&world.manager, &path).await.problem(409);
            assert_eq!(world.kinds().await, [""; 0]);
            world.delete(&world.manager, &next).await.expect(204);
        }
        world.delete(&world.manager, &path).await.expect(204);
    }
}

#[tokio::test]
async fn deleting_a_project_while_a_finding_is_created_leaves_no_orphan() {
    for world in World::all().await {
        for _ in 0..8 {
            let id = world.project(world.ours, "Web").await;
            let path = format!("/projects/{id}");
            let body = json!({"company_id": world.ours, "title": "x", "severity": "low", "project_id": id});
            let (made, gone) = tokio::join!(
                world.post(&world.analyst, "/findings", body),
                world.delete(&world.manager, &path)
            );
            match (made.status.as_u16(), gone.status.as_u16()) {
                (201, 409) | (422, 204) => {}
                other => panic!("{}: {other:?}", world.database),
            }
        }
    }
}
