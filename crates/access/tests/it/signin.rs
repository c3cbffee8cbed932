//! Signing in: the same response for every failure, and limits on attempts.

use std::time::Duration;

use access::{AccessChange, Follower, LoginLimits, Secret};
use serde_json::json;

use crate::{
    changes::announced,
    world::{Answer, World},
};

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
            .anonymous()
            .post(
                "/auth/login",
                json!({"email": " ada@EXAMPLE.org", "password": PASSWORD}),
            )
            .await;
        assert_eq!(login.status, 200, "{}", login.text());
        assert_eq!(login.headers["cache-control"], "no-store");
        let body = login.json();
        assert_eq!(body["user"]["email"], "Ada@Example.org");
        assert_eq!(body["expires_at"], "2026-01-08T00:00:00Z");
        let token = body["token"].as_str().unwrap();
        let cookie = login.headers["set-cookie"].to_str().unwrap();
        assert_eq!(
            cookie,
            format!("campanile_session={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800")
        );
        assert_eq!(world.bearer(token).get("/me").await.status, 200);
        let by_cookie = world
            .anonymous()
            .with("cookie", cookie.split(';').next().unwrap());
        assert_eq!(by_cookie.get("/me").await.json()["user"], body["user"]);
    }
}

#[tokio::test]
async fn all_failures_look_alike() {
    for world in World::each().await {
        with_people(&world).await;
        let attempt = async |email: &str, password: &str| {
            world
                .anonymous()
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
                .anonymous()
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
        // An account: from any address, in any spelling, and whether or not it exists.
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
async fn the_first_administrator_is_created_once() {
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

async fn login(world: &World) -> Answer {
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    world.anonymous().post("/auth/login", body).await
}

/// Fills the database until a session is kept in memory only; returns the response to that sign-in.
async fn when_full(world: &World) -> Answer {
    let fill = async |length: usize| {
        let name = "x".repeat(length);
        let mut status = axum::http::StatusCode::CREATED;
        while status == 201 {
            let done = world
                .store
                .write({
                    let name = name.clone();
                    move |tx| {
                        let id = tx.id();
                        tx.execute(
                            "insert into write_probe (id, filler) values ($1, $2)",
                            store::params![id, &name],
                        )
                    }
                })
                .await;
            status = done.map_or(axum::http::StatusCode::INSUFFICIENT_STORAGE, |_| status);
        }
    };
    fill(10_000).await;
    fill(100).await;
    // What still fits into existing pages.
    let mut answer = login(world).await;
    while answer.json()["expires_at"] == "2026-01-08T00:00:00Z" {
        answer = login(world).await;
    }
    answer
}

// issue 18, line 9
#[tokio::test]
async fn on_a_full_disk_users_sign_in_and_read_until_the_password_changes() {
    // The tables take most of the space.
    let (world, _folder) = World::of_pages(400).await;
    with_people(&world).await;
    let login = async || login(&world).await;
    let admin = world.as_admin().await;
    let answer = when_full(&world).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["expires_at"], "2026-01-01T01:00:00Z");
    let token = body["token"].as_str().unwrap();
    let own = world.bearer(token);
    assert_eq!(own.get("/me").await.json()["user"], body["user"]);
    assert_eq!(login().await.status, 200);

    let out = own.post("/auth/logout", json!({})).await;
    assert_eq!(out.status, 204, "{}", out.text());
    assert_eq!(own.get("/me").await.status, 401);

    let token = login().await.json()["token"].as_str().unwrap().to_owned();
    let own = world.bearer(&token);
    assert_eq!(own.get("/me").await.status, 200);
    let room = world.store.write(|tx| tx.execute("delete from write_probe", &[]));
    room.await.unwrap();
    let id = body["user"]["id"].as_str().unwrap();
    let change = json!({"password": "quite another password"});
    let changed = admin.patch(&format!("/users/{id}"), change).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(
        own.get("/me").await.status,
        401,
        "it began with the previous password"
    );
}

// issue 18, line 9
#[tokio::test]
async fn the_end_of_a_session_in_memory_is_announced_and_not_cached() {
    let (world, _folder) = World::of_pages(400).await;
    with_people(&world).await;
    let admin = world.as_admin().await;
    let login = async || {
        let token = login(&world).await.json()["token"].clone();
        let token = token.as_str().unwrap().to_owned();
        let session = world.access.cached_caller(&token).await.unwrap().session;
        (token, session)
    };
    when_full(&world).await;
    // From now on, opening streams uses the cache.
    assert!(Follower::new(world.access.clone()).poll().await);
    for way in ["sign out", "end one", "end the others"] {
        let (token, session) = login().await;
        let own = world.bearer(&token);
        let (other, _) = login().await;
        let other = world.bearer(&other);
        let path = format!("/sessions/{session}");
        assert_eq!(admin.delete(&path).await.status, 404, "another's");
        let mut changes = world.access.changes();
        // Ending the others may fail for stored ones, as the disk is full: those in memory have ended.
        match way {
            "sign out" => own.post("/auth/logout", json!({})).await,
            "end one" => other.delete(&path).await,
            _ => other.send("POST", "/sessions/end-others", None).await,
        };
        assert!(
            announced(&mut changes).contains(&AccessChange::Session(session)),
            "{way}: its streams end"
        );
        assert_eq!(
            world.access.cached_caller(&token).await.unwrap_err().status(),
            401,
            "{way}"
        );
        assert_eq!(other.get("/me").await.status, 200, "{way}");
    }
}

// issue 18, line 5
#[tokio::test]
async fn wrong_passwords_of_others_lock_nobody_out_of_known_networks() {
    let limits = LoginLimits {
        account_burst: 3,
        peer_burst: 5,
        ..LoginLimits::default()
    };
    for world in World::each_with(|options| options.login = limits).await {
        with_people(&world).await;
        let attempt = async |peer: &str, email: &str, password: &str| {
            let body = json!({"email": email, "password": password});
            world
                .anonymous()
                .from(peer)
                .post("/auth/login", body)
                .await
                .status
                .as_u16()
        };
        let (office, ada) = ("2001:db8::1", "ada@example.org");
        assert_eq!(attempt(office, ada, PASSWORD).await, 200, "{}", world.name);
        // Someone uses up the account's attempts from elsewhere, and the office's attempts from the office.
        for _ in 0..3 {
            assert_eq!(attempt("192.0.2.9", ada, "wrong").await, 401, "{}", world.name);
        }
        for number in 0..6 {
            attempt(office, &format!("{number}@example.org"), "wrong").await;
        }
        assert_eq!(attempt("192.0.2.9", ada, PASSWORD).await, 429, "{}", world.name);
        assert_eq!(
            attempt(office, "none@example.org", PASSWORD).await,
            429,
            "{}",
            world.name
        );
        assert_eq!(
            attempt("2001:db8::2", ada, PASSWORD).await,
            200,
            "{}: the same network",
            world.name
        );
        // The attempts are limited, so unlimited guessing is not possible.
        for _ in 0..3 {
            assert_eq!(attempt(office, ada, "wrong").await, 401, "{}", world.name);
        }
        assert_eq!(attempt(office, ada, PASSWORD).await, 429, "{}", world.name);
        // Only recent sign-ins count, and older ones are not kept.
        let networks = async || {
            let count = "select count(*) from sign_in_networks";
            let row = world.store.read(move |tx| tx.one::<(u64,)>(count, &[])).await;
            row.unwrap().unwrap().0
        };
        world.access.sweep().await.unwrap();
        assert_eq!(networks().await, 1, "{}", world.name);
        world.clock.advance(Duration::from_hours(90 * 24));
        for _ in 0..3 {
            assert_eq!(attempt("192.0.2.9", ada, "wrong").await, 401, "{}", world.name);
        }
        for number in 0..6 {
            attempt(office, &format!("{number}@example.org"), "wrong").await;
        }
        assert_eq!(attempt(office, ada, PASSWORD).await, 429, "{}", world.name);
        world.access.sweep().await.unwrap();
        assert_eq!(networks().await, 0, "{}", world.name);
    }
}

// issue 18, line 11
// promise: L5
#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out() {
    let limits = LoginLimits {
        account_burst: 3,
        peer_burst: 3,
        ..LoginLimits::default()
    };
    for world in World::each_with(|options| options.login = limits).await {
        with_people(&world).await;
        let attempt = async |password: &str| {
            let body = json!({"email": "ada@example.org", "password": password});
            let own = world.anonymous().from("192.0.2.1");
            own.post("/auth/login", body).await.status.as_u16()
        };
        assert_eq!(attempt("wrong").await, 401, "{}", world.name);
        let two_hours = Duration::from_hours(2);
        world.clock.set(crate::world::start().before(two_hours));
        assert_eq!(attempt(PASSWORD).await, 200, "{}", world.name);
        world.clock.set(crate::world::start().after(two_hours));
        assert_eq!(attempt(PASSWORD).await, 200, "{}", world.name);
    }
}
