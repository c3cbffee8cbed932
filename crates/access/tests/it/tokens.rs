//! API tokens, and that no table contains a secret.

use std::time::Duration;

use access::{Role, testing};
use serde_json::{Value, json};
use store::Error;

use crate::world::World;

#[tokio::test]
async fn a_token_is_shown_once_works_and_expires() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let client = world.as_user(user).await;
        // The databases share the clock, which this test moves.
        let began = world.clock.now();
        let tomorrow = began.after(Duration::from_hours(24));
        let made = client
            .post("/tokens", json!({"name": "ci", "expires_at": tomorrow}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.headers["cache-control"], "no-store");
        let made = made.json();
        let token = made["token"].as_str().unwrap();
        assert!(token.starts_with("cmp_"));
        let forever = client.post("/tokens", json!({"name": "forever"})).await.json();
        assert_eq!(forever["expires_at"], Value::Null);
        let list = client.get("/tokens").await;
        assert!(!list.text().contains("cmp_"));
        assert_eq!(list.json()["items"][0]["last_used_at"], Value::Null);

        world.clock.advance(Duration::from_secs(5));
        assert_eq!(world.bearer(token).get("/me").await.status, 200);
        world.access.sweep().await.unwrap();
        let list = client.get("/tokens").await.json();
        let noted = began.after(Duration::from_secs(5));
        assert_eq!(list["items"][0]["last_used_at"], json!(noted));

        // A token cannot create another one, and nobody else can revoke it.
        let by_token = world.bearer(token).post("/tokens", json!({"name": "more"})).await;
        assert_eq!(by_token.status, 403);
        assert_eq!(
            world
                .bearer(token)
                .send("POST", "/auth/logout", None)
                .await
                .status,
            403
        );
        let path = format!("/tokens/{}", made["id"].as_str().unwrap());
        assert_eq!(world.as_admin().await.delete(&path).await.status, 404);
        world.clock.advance(Duration::from_hours(24));
        assert_eq!(world.bearer(token).get("/me").await.status, 401, "expired");
        let forever_token = forever["token"].as_str().unwrap();
        let path = format!("/tokens/{}", forever["id"].as_str().unwrap());
        let client = world.as_user(user).await;
        assert_eq!(world.bearer(forever_token).get("/me").await.status, 200);
        assert_eq!(client.delete(&path).await.status, 204);
        assert_eq!(
            world.bearer(forever_token).get("/me").await.status,
            401,
            "revoked"
        );
        assert_eq!(client.delete(&path).await.status, 404);
        world.access.sweep().await.unwrap();
        assert!(
            client.get("/tokens").await.ids().is_empty(),
            "the expired one was swept away"
        );
    }
}

#[tokio::test]
async fn the_expiry_and_number_of_tokens_are_limited() {
    for world in World::each().await {
        let client = world.as_user(world.member(world.ours, Role::Viewer).await).await;
        for bad in [
            json!({"name": "x", "expires_at": "2026-01-01T00:00:00Z"}),
            json!({"name": "x", "expires_at": "tomorrow"}),
            json!({"name": "x", "expires_at": 5}),
            json!({"name": ""}),
            json!({}),
        ] {
            assert_eq!(client.post("/tokens", bad).await.status, 422);
        }
        for n in 0..100 {
            assert_eq!(
                client
                    .post("/tokens", json!({"name": n.to_string()}))
                    .await
                    .status,
                201
            );
        }
        assert_eq!(client.post("/tokens", json!({"name": "101"})).await.status, 409);
    }
}

#[tokio::test]
async fn no_secret_is_in_any_table() {
    const COLUMNS: &[&str] = &[
        "select id, email, email_key, name, password_hash from users",
        "select id, user_id, kind, hash, name from credentials",
        "select id, channel, sealed, label, target_key from destinations",
        "select user_id, key, request, record_id, answer from idempotency_keys",
    ];
    let slack = "https://hooks.slack.com/services/T0000/B0000/veryverysecret";
    let teams = "https://example.webhook.office.com/webhookb2/alsosecretindeed";
    for world in World::each().await {
        let admin = world.as_admin().await;
        // A creation with a key stores its response in a table.
        let keyed = |key| admin.clone().with("idempotency-key", key);
        let body = json!({"email": "a@example.org", "name": "A", "password": "the password itself"});
        assert_eq!(keyed("user").post("/users", body).await.status, 201);
        let login = world
            .anonymous()
            .post(
                "/auth/login",
                json!({"email": "a@example.org", "password": "the password itself"}),
            )
            .await;
        let token = keyed("token").post("/tokens", json!({"name": "t"})).await;
        let team = json!({"company_id": world.ours, "name": "T", "slack_webhook_url": slack, "teams_webhook_url": teams});
        let team = keyed("team").post("/teams", team).await;
        assert_eq!(team.status, 201, "{}", team.text());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let secrets = [
            text(&login.json()["token"]),
            text(&token.json()["token"]),
            "the password itself".to_owned(),
            "veryverysecret".to_owned(),
            "alsosecretindeed".to_owned(),
        ];
        for sql in COLUMNS {
            let rows = world
                .store
                .read(move |tx| tx.all::<(String, String, String, String, String)>(sql, &[]))
                .await
                .unwrap();
            assert!(!rows.is_empty());
            let dump = format!("{rows:?}");
            for secret in &secrets {
                assert!(!dump.contains(secret.as_str()), "{}: {sql}", world.name);
                // Nor without its prefix.
                assert!(!dump.contains(&secret[4..]), "{}: {sql}", world.name);
            }
        }
    }
}

#[tokio::test]
async fn the_last_use_is_saved_even_after_a_failed_sweep() {
    for world in World::each().await {
        let token = testing::token(&world.access, world.admin).await;
        assert_eq!(world.bearer(&token).get("/me").await.status, 200);
        world.store.close().await;
        let failed = world.access.sweep().await.unwrap_err();
        assert_eq!(failed.status(), 503);
        let refused = world.bearer(&token).get("/me").await;
        assert_eq!(refused.status, 503, "{}: {}", world.name, refused.text());
        assert!(refused.headers.contains_key("retry-after"));
        let closed = world.store.read(|_| Ok::<_, Error>(())).await;
        assert!(closed.is_err());
    }
}
