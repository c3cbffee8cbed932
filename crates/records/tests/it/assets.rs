//! Assets and agreements: each change with its one event, and what depends on them.

use serde_json::{Value, json};

use testkit::text;

use crate::world::World;

/// A change of a field, after which only that field and `updated_at` of the record differ, with one event; the same
/// again emits nothing.
async fn changes(world: &World, path: &str, kind: &str, field: &str, value: Value) {
    world.pass_days(1);
    let mut expected = world.get(&world.viewer, path).await.expect(200);
    let body = json!({field: value});
    let view = world.patch(&world.manager, path, body.clone()).await.expect(200);
    expected[field] = value;
    expected["updated_at"] = json!(world.in_days(0));
    assert_eq!(view, expected, "{field}");
    assert_eq!(world.get(&world.viewer, path).await.expect(200), expected);
    let event = world.event(kind, &world.manager, path).await;
    assert_eq!(event.data["changed"], json!([field]));
    world.pass_days(1);
    assert_eq!(
        world.patch(&world.manager, path, body).await.expect(200),
        expected
    );
    assert_eq!(world.kinds().await, [""; 0], "{field}");
}

// promise: B1
// promise: B2
#[tokio::test]
async fn an_asset_is_created_changed_and_deleted_with_one_event_each() {
    for world in World::all().await {
        world.events().await;
        let body = json!({"company_id": world.ours, "name": " Shop ", "kind": "application"});
        let made = world.post(&world.analyst, "/assets", body).await.expect(201);
        let now = world.in_days(0);
        let expected = json!({"id": made["id"], "company_id": world.ours, "company_name": "Ours", "name": "Shop",
            "kind": "application", "identifier": null, "description": "", "criticality": "medium",
            "status": "active", "owners": {"user_ids": [], "team_ids": [], "users": [], "teams": []}, "tags": [],
            "created_at": now, "updated_at": now});
        assert_eq!(made, expected);
        let path = format!("/assets/{}", text(&made["id"]));
        let event = world.event("asset.created", &world.analyst, &path).await;
        let data = json!({"company_id": world.ours, "company_name": "Ours", "asset_id": made["id"], "asset_name": "Shop", "title": "Shop",
            "status": "active", "actor_name": "analyst"});
        assert_eq!(Value::Object(event.data), data);
        for (field, value) in [
            ("name", json!("Store")),
            ("kind", json!("host")),
            ("identifier", json!("https://shop.example")),
            ("identifier", Value::Null),
            ("description", json!("One\ntwo")),
            ("criticality", json!("critical")),
            ("status", json!("retired")),
        ] {
            changes(&world, &path, "asset.updated", field, value).await;
        }
        world.delete(&world.analyst, &path).await.problem(403);
        world.delete(&world.manager, &path).await.expect(204);
        world.event("asset.deleted", &world.manager, &path).await;
        world.get(&world.manager, &path).await.problem(404);
    }
}

#[tokio::test]
async fn an_asset_with_findings_cannot_be_deleted() {
    for world in World::all().await {
        let body = json!({"company_id": world.ours, "name": "Shop"});
        let asset = world.post(&world.analyst, "/assets", body).await.expect(201);
        let body = json!({"company_id": world.theirs, "name": "Theirs"});
        let theirs = world.post(&world.admin, "/assets", body).await.expect(201);
        let finding = world.finding(json!({"asset_id": asset["id"]})).await;
        let view = world.get(&world.viewer, &finding).await.expect(200);
        assert_eq!(
            (&view["asset_id"], &view["asset_name"]),
            (&asset["id"], &json!("Shop"))
        );
        let other = world.finding(json!({})).await;
        let list = world
            .get(
                &world.viewer,
                &format!("/findings?asset_id={}", text(&asset["id"])),
            )
            .await;
        assert_eq!(list.ids(), [finding.strip_prefix("/findings/").unwrap()]);
        world.events().await;
        let path = format!("/assets/{}", text(&asset["id"]));
        world.delete(&world.manager, &path).await.problem(409);
        let nested = json!({"asset_id": theirs["id"]});
        assert_eq!(
            world.patch(&world.analyst, &other, nested).await.fields(),
            ["asset_id"]
        );
        assert_eq!(world.kinds().await, [""; 0]);
        world
            .patch(&world.analyst, &finding, json!({"asset_id": null}))
            .await
            .expect(200);
        let event = world.event("finding.updated", &world.analyst, &finding).await;
        assert_eq!(event.data["changed"], json!(["asset_id"]));
        world.delete(&world.manager, &path).await.expect(204);
    }
}

// promise: B1
// promise: B2
#[tokio::test]
async fn an_agreement_is_created_changed_and_deleted_with_one_event_each() {
    for world in World::all().await {
        world.events().await;
        let body = json!({"company_id": world.ours, "name": "Pentests 2027", "expires_on": "2027-12-31", "hours": 400});
        world
            .post(&world.analyst, "/agreements", body.clone())
            .await
            .problem(403);
        let made = world.post(&world.manager, "/agreements", body).await.expect(201);
        let now = world.in_days(0);
        let expected = json!({"id": made["id"], "company_id": world.ours, "company_name": "Ours",
            "name": "Pentests 2027", "reference": null, "description": "", "status": "active", "starts_on": null,
            "expires_on": "2027-12-31", "hours": 400, "hours_used": 0, "created_at": now, "updated_at": now});
        assert_eq!(made, expected);
        let path = format!("/agreements/{}", text(&made["id"]));
        let event = world.event("agreement.created", &world.manager, &path).await;
        assert_eq!(event.text("expires_on"), Some("2027-12-31"));
        for (field, value) in [
            ("name", json!("Pentests")),
            ("reference", json!("C-17")),
            ("description", json!("All of them")),
            ("status", json!("terminated")),
            ("starts_on", json!("2027-01-01")),
            ("expires_on", json!("2027-06-30")),
            ("hours", Value::Null),
            ("hours", json!(0)),
            ("hours_used", json!(12)),
        ] {
            changes(&world, &path, "agreement.updated", field, value).await;
        }
        for (body, field) in [
            (json!({"expires_on": "2026-12-31"}), "expires_on"),
            (json!({"hours": 1_000_001}), "hours"),
            (json!({"name": " "}), "name"),
        ] {
            assert_eq!(world.patch(&world.manager, &path, body).await.fields(), [field]);
        }
        assert_eq!(world.kinds().await, [""; 0]);
        world.delete(&world.manager, &path).await.expect(204);
        world.event("agreement.deleted", &world.manager, &path).await;
    }
}

#[tokio::test]
async fn assets_and_agreements_are_filtered_within_the_callers_scope() {
    for world in World::all().await {
        for (company, name) in [
            (world.ours, "Alpha"),
            (world.ours, "Beta"),
            (world.theirs, "Gamma"),
        ] {
            let asset = json!({"company_id": company, "name": name, "criticality": "high", "kind": "host"});
            world.post(&world.admin, "/assets", asset).await.expect(201);
            let agreement =
                json!({"company_id": company, "name": name, "expires_on": "2027-01-01", "status": "draft"});
            world
                .post(&world.admin, "/agreements", agreement)
                .await
                .expect(201);
        }
        for (list, good, none) in [
            (
                "/assets",
                "status=active&kind=host,cloud&criticality=high",
                "status=retired",
            ),
            ("/agreements", "status=draft,active", "status=terminated"),
        ] {
            let count = async |by, query: &str| world.get(by, &format!("{list}?{query}")).await.ids().len();
            assert_eq!(count(&world.viewer, "").await, 2, "{list}");
            assert_eq!(count(&world.stranger, "").await, 1, "{list}");
            assert_eq!(count(&world.admin, good).await, 3, "{list}");
            assert_eq!(count(&world.viewer, none).await, 0, "{list}");
            assert_eq!(count(&world.viewer, "text=alph").await, 1, "{list}");
            assert_eq!(
                count(&world.viewer, &format!("company_id={}", world.theirs)).await,
                0,
                "{list}"
            );
            let first = world
                .get(&world.viewer, &format!("{list}?limit=1"))
                .await
                .expect(200);
            let next = format!("{list}?limit=1&cursor={}", text(&first["next_cursor"]));
            let second = world.get(&world.viewer, &next).await.expect(200);
            assert_eq!(second["next_cursor"], Value::Null);
            assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
            for bad in ["status=x", "cursor=x", "limit=0"] {
                world
                    .get(&world.viewer, &format!("{list}?{bad}"))
                    .await
                    .problem(422);
            }
        }
    }
}
