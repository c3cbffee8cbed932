//! Sessions: how they end, and what the cookie alone may not do.

use std::time::Duration;

use access::{Role, SESSION_COOKIE, testing};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_session_ends_by_time_by_logout_and_with_its_user() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let token = testing::session(&world.access, user).await;
        let other = testing::session(&world.access, user).await;
        let client = world.bearer(&token);
        assert_eq!(client.get("/me").await.status, 200);
        let out = client.send("POST", "/auth/logout", None).await;
        assert_eq!(out.status, 204);
        let cleared = out.headers["set-cookie"].to_str().unwrap();
        assert!(
            cleared.starts_with("campanile_session=;") && cleared.contains("Max-Age=0"),
            "{cleared}"
        );
        assert_eq!(client.get("/me").await.status, 401);
        assert_eq!(
            client.send("POST", "/auth/logout", None).await.status,
            204,
            "nothing left to end"
        );
        assert_eq!(
            world.bearer(&other).get("/me").await.status,
            200,
            "another session goes on"
        );
        // Its latest end; it is used meanwhile.
        for _ in 0..27 {
            world.clock.advance(Duration::from_hours(6));
            assert_eq!(world.bearer(&other).get("/me").await.status, 200);
        }
        world
            .clock
            .advance(Duration::from_hours(6) - Duration::from_nanos(1));
        assert_eq!(world.bearer(&other).get("/me").await.status, 200);
        world.clock.advance(Duration::from_nanos(1));
        assert_eq!(world.bearer(&other).get("/me").await.status, 401);
        let last = testing::session(&world.access, user).await;
        testing::disable(&world.store, user).await;
        assert_eq!(world.bearer(&last).get("/me").await.status, 401);
    }
}

#[tokio::test]
async fn bad_credentials_are_refused_and_a_bearer_wins_over_a_cookie() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let token = testing::session(&world.access, user).await;
        let cookie = format!("{SESSION_COOKIE}={token}");
        let anonymous = world.anonymous();
        for header in [
            "Bearer",
            "Bearer ",
            "Basic eDp5",
            "Bearer cms_short",
            &format!("Basic {token}"),
        ] {
            let client = anonymous.clone().with("authorization", header);
            let answer = client.get("/me").await;
            assert_eq!(answer.status, 401, "{header}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert_eq!(
                client.with("cookie", &cookie).get("/me").await.status,
                401,
                "{header}"
            );
        }
        let changed = format!("{}x", &token[..token.len() - 1]);
        assert!(world.bearer(&changed).get("/me").await.status == 401 || changed == token);
        assert_eq!(
            world
                .bearer(&token)
                .with("cookie", "campanile_session=bad")
                .get("/me")
                .await
                .status,
            200
        );
        // An old cookie does not keep anyone from signing in.
        let stale = anonymous.with("cookie", "campanile_session=cms_old");
        let answer = stale
            .post("/auth/login", json!({"email": "x@example.org", "password": "x"}))
            .await;
        assert!(answer.text().contains("The email address or password is wrong."));
    }
}

#[tokio::test]
async fn a_write_by_cookie_must_come_from_our_own_pages() {
    for world in World::each().await {
        let manager = world.member(world.ours, Role::Manager).await;
        let token = testing::session(&world.access, manager).await;
        let client = world
            .anonymous()
            .with("cookie", &format!("{SESSION_COOKIE}={token}"));
        let write = async |headers: &[(&str, &str)]| {
            let mut client = client.clone();
            for (name, value) in headers {
                client = client.with(name, value);
            }
            let name = world.clock.id().to_string();
            let body = json!({"company_id": world.ours, "name": name});
            client.post("/teams", body).await.status.as_u16()
        };
        let host = ("host", "campanile.example");
        for ours in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://campanile.example")],
            &[("origin", "http://campanile.example"), host],
        ] {
            assert_eq!(write(ours).await, 201, "{ours:?}");
        }
        for foreign in [
            &[][..],
            &[host],
            &[("sec-fetch-site", "cross-site")],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://campanile.example"),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example"), host],
            &[("origin", "null"), host],
            &[("referer", "https://campanile.example/"), host],
        ] {
            assert_eq!(write(foreign).await, 403, "{foreign:?}");
        }
        assert_eq!(client.get("/me").await.status, 200, "reading needs no proof");
        assert_eq!(client.send("POST", "/auth/logout", None).await.status, 403);
        let bearer = world.bearer(&token);
        let body = json!({"company_id": world.ours, "name": "By bearer"});
        assert_eq!(
            bearer.post("/teams", body).await.status,
            201,
            "a bearer needs none"
        );
    }
}
