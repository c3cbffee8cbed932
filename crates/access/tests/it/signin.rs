//! Signing in: the same answer for every failure, and not too often.

use std::time::Duration;

use access::{LoginLimits, Secret};
use serde_json::json;

use crate::world::World;

const PASSWORD: &str = "correct horse battery";

async fn with_people(world: &World) {
    let admin = world.as_admin().await;
    for (email, password) in [("Ada@Example.org", Some(PASSWORD)), ("none@example.org", None)] {
        let body = json!({"email": email, "name": "Ada", "password": password});
        let answer = admin.post("/users", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert!(!answer.text().contains("password"));
    }
}

#[tokio::test]
async fn a_password_opens_a_session_for_bearer_and_cookie() {
    for world in World::each().await {
        with_people(&world).await;
        let login = world
            .anybody()
            .post(
                "/auth/login",
                json!({"email": " ada@EXAMPLE.org", "password": PASSWORD}),
            )
            .await;
        assert_eq!(login.status, 200, "{}", login.text());
        assert_eq!(login.headers["cache-control"], "no-store");
        let body = login.json();
        assert_eq!(body["user"]["email"], "Ada@Example.org");
        assert_eq!(body["expires_at"], "2026-01-01T12:00:00Z");
        let token = body["token"].as_str().unwrap();
        let cookie = login.headers["set-cookie"].to_str().unwrap();
        assert_eq!(
            cookie,
            format!("campanile_session={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200")
        );
        assert_eq!(world.bearer(token).get("/me").await.status, 200);
        let by_cookie = world.anybody().with("cookie", cookie.split(';').next().unwrap());
        assert_eq!(by_cookie.get("/me").await.json()["user"], body["user"]);
    }
}

#[tokio::test]
async fn every_failure_looks_alike() {
    for world in World::each().await {
        with_people(&world).await;
        let attempt = async |email: &str, password: &str| {
            world
                .anybody()
                .post("/auth/login", json!({"email": email, "password": password}))
                .await
        };
        let wrong = attempt("ada@example.org", "wrong").await;
        assert_eq!(wrong.status, 401);
        let ada = world.as_admin().await.get("/users").await.json()["items"][1]["id"].clone();
        let path = format!("/users/{}", ada.as_str().unwrap());
        let disabled = world
            .as_admin()
            .await
            .patch(&path, json!({"disabled": true}))
            .await;
        assert_eq!(disabled.status, 200, "{}", disabled.text());
        for (email, password) in [
            ("ada@example.org", PASSWORD),
            ("none@example.org", ""),
            ("none@example.org", "x"),
            ("nobody@example.org", PASSWORD),
            ("no address", PASSWORD),
            ("admin@example.org", ""),
        ] {
            let answer = attempt(email, password).await;
            assert_eq!(answer.status, 401, "{email}: {}", answer.text());
            assert_eq!(
                (&answer.bytes, &answer.headers),
                (&wrong.bytes, &wrong.headers),
                "{email}"
            );
            assert!(!answer.headers.contains_key("set-cookie"));
        }
        for (email, password) in [
            ("a\0b", "x"),
            ("", "x"),
            (&*"x".repeat(2000), "x"),
            ("x", &*"x".repeat(2000)),
        ] {
            assert_eq!(attempt(email, password).await.status, 422);
        }
    }
}

#[tokio::test]
async fn too_many_wrong_passwords_must_wait() {
    let limits = LoginLimits {
        account_burst: 3,
        account_interval: Duration::from_secs(30),
        peer_burst: 5,
        peer_interval: Duration::from_mins(1),
    };
    for world in World::each_with(|options| options.login = limits).await {
        with_people(&world).await;
        let attempt = async |peer: &str, email: &str, password: &str| {
            world
                .anybody()
                .from(peer)
                .post("/auth/login", json!({"email": email, "password": password}))
                .await
        };
        for _ in 0..20 {
            assert_eq!(
                attempt("192.0.2.1", "ada@example.org", PASSWORD).await.status,
                200,
                "no guess"
            );
        }
        // An account: from wherever, in whatever spelling, and whether it exists or not.
        for email in ["ada@example.org", "nobody@example.org"] {
            for (n, peer) in ["192.0.2.2", "192.0.2.3", "192.0.2.4"].iter().enumerate() {
                let spelled = if n == 1 {
                    email.to_uppercase()
                } else {
                    email.to_owned()
                };
                assert_eq!(attempt(peer, &spelled, "wrong").await.status, 401);
            }
            let refused = attempt("192.0.2.5", email, PASSWORD).await;
            assert_eq!(refused.status, 429, "{}", refused.text());
            assert_eq!(refused.headers["retry-after"], "30");
        }
        // An address: over all accounts.
        for n in 0..5 {
            let email = format!("{n}@example.org");
            assert_eq!(attempt("198.51.100.1", &email, "wrong").await.status, 401);
        }
        let refused = attempt("198.51.100.1", "someone@example.org", "wrong").await;
        assert_eq!(
            (refused.status.as_u16(), &refused.headers["retry-after"]),
            (429, &"60".parse().unwrap())
        );
        world.clock.advance(Duration::from_secs(30));
        assert_eq!(
            attempt("192.0.2.9", "ada@example.org", PASSWORD).await.status,
            200
        );
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let clock = base::Clock::manual(crate::world::start());
    let tables: &'static [_] = &[store::MIGRATIONS, access::MIGRATIONS];
    for (name, store) in store::testing::stores_with(clock, tables).await {
        let access = access::testing::access(&store);
        let password = Secret::new(PASSWORD);
        for bad in [("x", PASSWORD), ("root@example.org", "short")] {
            let refused = access.first_admin(bad.0, &Secret::new(bad.1)).await.unwrap_err();
            assert_eq!(refused.status(), 422, "{name}");
        }
        let (one, two) = tokio::join!(
            access.first_admin("root@example.org", &password),
            access.first_admin("Root@example.org", &password)
        );
        let made: Vec<_> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
        assert_eq!(made.len(), 1, "{name}");
        assert_eq!(access.first_admin("other@example.org", &password).await, Ok(None));
        let again = access.create_admin("ROOT@example.org", "Root", &password).await;
        assert_eq!(again.unwrap_err().status(), 409);
        assert!(
            access
                .create_admin("second@example.org", "Second", &password)
                .await
                .is_ok()
        );
        let missing = access.reset_password("nobody@example.org", &password).await;
        assert_eq!(missing.unwrap_err().status(), 404);
        let session = access::testing::session(&access, made[0]).await;
        assert_eq!(
            access.reset_password("ROOT@example.org", &password).await,
            Ok(made[0])
        );
        assert_eq!(
            access.caller(&session).await.unwrap_err().status(),
            401,
            "its sessions ended"
        );
    }
}
