//! What users may change about themselves, and others may not.

use std::time::Duration;

use access::{LoginLimits, testing};
use serde_json::json;

use crate::world::{Answer, World};

const PASSWORD: &str = "the old password";
const NEW: &str = "the new password";

/// A user with a password; returns the email address.
async fn person(world: &World) -> &'static str {
    let body = json!({"email": "ada@example.org", "name": "Ada", "password": PASSWORD});
    assert_eq!(world.as_admin().await.post("/users", body).await.status, 201);
    "ada@example.org"
}

async fn sign_in(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    world.anonymous().post("/auth/login", body).await
}

async fn token(world: &World, email: &str, password: &str) -> String {
    let answer = sign_in(world, email, password).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn field(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.text());
    answer.json()["errors"][0]["field"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_renames_themselves_and_keeps_their_session() {
    for world in World::each().await {
        let email = person(&world).await;
        let ada = world.bearer(&token(&world, email, PASSWORD).await);
        let me = ada.patch("/me", json!({"name": " Ada L. "})).await;
        assert_eq!(me.status, 200, "{}", me.text());
        assert_eq!(
            (&me.json()["user"]["name"], &me.json()["is_admin"]),
            (&json!("Ada L."), &json!(false))
        );
        assert_eq!(me.json(), ada.get("/me").await.json());
        assert_eq!(
            ada.patch("/me", json!({})).await.json(),
            me.json(),
            "nothing changes"
        );
        assert_eq!(field(&ada.patch("/me", json!({"name": " "})).await), "name");
        for more in [json!({"is_admin": true}), json!({"email": "x@example.org"})] {
            assert_eq!(ada.patch("/me", more).await.status, 422);
        }
        let audit = world
            .as_admin()
            .await
            .get("/audit?action=user.updated")
            .await
            .json();
        assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
        assert_eq!(audit["items"][0]["after"], json!({"name": "Ada L."}));
        assert_eq!(
            world.anonymous().patch("/me", json!({"name": "x"})).await.status,
            401
        );
    }
}

#[tokio::test]
async fn a_new_password_requires_the_current_one_and_ends_all_other_sessions() {
    for world in World::each().await {
        let email = person(&world).await;
        let here = world.bearer(&token(&world, email, PASSWORD).await);
        let elsewhere = world.bearer(&token(&world, email, PASSWORD).await);
        let api = here.post("/tokens", json!({"name": "ci"})).await.json();
        let api = world.bearer(api["token"].as_str().unwrap());
        let body = json!({"current_password": PASSWORD, "new_password": NEW});
        assert_eq!(
            api.post("/me/password", body.clone()).await.status,
            403,
            "a token"
        );
        let wrong = json!({"current_password": "not it", "new_password": NEW});
        assert_eq!(field(&here.post("/me/password", wrong).await), "current_password");
        let short = json!({"current_password": PASSWORD, "new_password": "short"});
        assert_eq!(field(&here.post("/me/password", short).await), "new_password");
        assert_eq!(elsewhere.get("/me").await.status, 200, "nothing happened yet");
        assert_eq!(here.post("/me/password", body).await.status, 204);
        assert_eq!(elsewhere.get("/me").await.status, 401);
        assert_eq!(here.get("/me").await.status, 200);
        assert_eq!(api.get("/me").await.status, 200);
        assert_eq!(sign_in(&world, email, PASSWORD).await.status, 401);
        assert_eq!(sign_in(&world, email, NEW).await.status, 200);
        let audit = world.as_admin().await.get("/audit?action=user.updated").await;
        let after = json!({"password": "changed", "credentials_ended": 1});
        assert_eq!(audit.json()["items"][0]["after"], after);
        for secret in [PASSWORD, NEW, "not it"] {
            assert!(!audit.text().contains(secret));
        }
        // A user without a password has no current password.
        let other = testing::user(&world.store, "other@example.org").await;
        let body = json!({"current_password": "", "new_password": NEW});
        let other = world.as_user(other).await.post("/me/password", body).await;
        assert_eq!(field(&other), "current_password");
    }
}

#[tokio::test]
async fn wrong_current_passwords_are_limited_like_sign_ins() {
    let limits = LoginLimits::new(3, Duration::from_secs(30));
    for world in World::each_with(|options| options.login = limits).await {
        let email = person(&world).await;
        let here = world.bearer(&token(&world, email, PASSWORD).await);
        let body = |current: &str| json!({"current_password": current, "new_password": PASSWORD});
        for _ in 0..5 {
            assert_eq!(
                here.post("/me/password", body(PASSWORD)).await.status,
                204,
                "no guess"
            );
        }
        for _ in 0..3 {
            assert_eq!(here.post("/me/password", body("wrong")).await.status, 422);
        }
        let refused = here.post("/me/password", body(PASSWORD)).await;
        assert_eq!(refused.status, 429, "{}", refused.text());
        assert_eq!(
            sign_in(&world, email, PASSWORD).await.status,
            429,
            "one allowance"
        );
        world.clock.advance(Duration::from_secs(30));
        assert_eq!(here.post("/me/password", body(PASSWORD)).await.status, 204);
    }
}
