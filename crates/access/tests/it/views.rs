//! Saved views: their owners, and what they may contain.

use access::{Role, testing};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_view_is_saved_changed_and_deleted() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let client = world.as_user(user).await;
        let body = json!({"page": "findings", "name": " Mine ", "query": "assignee=me&sort=-severity"});
        let saved = client.post("/me/views", body.clone()).await;
        assert_eq!(saved.status, 201, "{}", saved.text());
        let view = saved.json();
        assert_eq!(
            (&view["name"], &view["query"], &view["page"]),
            (&json!("Mine"), &body["query"], &json!("findings"))
        );
        assert_eq!(client.post("/me/views", body).await.status, 409, "{}", world.name);
        let scans = json!({"page": "scans", "name": "Mine", "query": ""});
        let scans = client.post("/me/views", scans).await;
        assert_eq!(scans.status, 201, "another page");
        let path = format!("/me/views/{}", view["id"].as_str().unwrap());
        let changed = client.patch(&path, json!({"query": "text=%C3%BC"})).await.json();
        assert_eq!(
            (&changed["name"], &changed["query"]),
            (&json!("Mine"), &json!("text=%C3%BC"))
        );
        let all = json!({"page": "findings", "name": "All", "query": ""});
        client.post("/me/views", all).await;
        assert_eq!(client.patch(&path, json!({"name": "All"})).await.status, 409);
        assert_eq!(
            client.patch(&path, json!({"name": "Ours"})).await.json()["name"],
            "Ours"
        );
        assert_eq!(client.get("/me/views").await.ids().len(), 3);
        assert_eq!(
            client.get("/me/views?page=scans").await.ids(),
            [scans.json()["id"].as_str().unwrap()]
        );
        assert_eq!(client.get("/me/views?page=users").await.status, 422);
        // A token of the same user sees the same, another user nothing.
        let token = world.bearer(&testing::token(&world.access, user).await);
        assert_eq!(token.get("/me/views?limit=1").await.ids().len(), 1);
        let admin = world.as_admin().await;
        assert!(admin.get("/me/views").await.ids().is_empty());
        assert_eq!(admin.patch(&path, json!({"name": "x"})).await.status, 404);
        assert_eq!(admin.patch(&path, json!({"name": ""})).await.status, 404);
        assert_eq!(admin.delete(&path).await.status, 404);
        assert_eq!(client.delete(&path).await.status, 204);
        assert_eq!(client.delete(&path).await.status, 404);
    }
}

#[tokio::test]
async fn invalid_views_are_refused() {
    for world in World::each().await {
        let client = world.as_admin().await;
        let long = "x".repeat(61);
        let query = "x".repeat(2_001);
        for (body, field) in [
            (json!({"page": "users", "name": "x", "query": ""}), "page"),
            (json!({"page": "findings", "name": "", "query": ""}), "name"),
            (json!({"page": "findings", "name": "a\nb", "query": ""}), "name"),
            (json!({"page": "findings", "name": long, "query": ""}), "name"),
            (json!({"page": "findings", "name": "x", "query": query}), "query"),
            (json!({"page": "findings", "name": "x", "query": "?a=b"}), "query"),
            (json!({"page": "findings", "name": "x", "query": "a=ü"}), "query"),
            (json!({"page": "findings", "name": "x", "query": "a\nb"}), "query"),
        ] {
            let answer = client.post("/me/views", body.clone()).await;
            assert_eq!(answer.status, 422, "{body}");
            assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
        }
        for n in 0..100 {
            let body = json!({"page": "inbox", "name": n.to_string(), "query": "q".repeat(2_000)});
            assert_eq!(client.post("/me/views", body).await.status, 201, "{n}");
        }
        let one_more = json!({"page": "inbox", "name": "x", "query": ""});
        assert_eq!(client.post("/me/views", one_more).await.status, 422);
        assert_eq!(world.anonymous().get("/me/views").await.status, 401);
    }
}
