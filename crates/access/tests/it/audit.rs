//! The audit log: its entries, who may read it, and that entries never change.

use std::time::Duration;

use access::{Role, testing};
use serde_json::{Value, json};

use crate::world::World;

/// The actions of the newest entries, newest first.
async fn actions(world: &World, query: &str) -> Vec<String> {
    let page = world.as_admin().await.get(&format!("/audit{query}")).await.json();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    let action = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
    items.iter().map(action).collect()
}

async fn newest(world: &World) -> Value {
    let page = world.as_admin().await.get("/audit?limit=1").await.json();
    page["items"][0].clone()
}

#[tokio::test]
async fn entries_cannot_be_changed() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        admin.post("/companies", json!({"name": "Third"})).await;
        for change in [
            "update audit_entries set actor_name = 'somebody else'",
            "update audit_entries set id = id",
            "delete from audit_entries",
        ] {
            let done = world.store.write(move |tx| tx.execute(change, &[])).await;
            let error = done.expect_err(change).to_string();
            assert!(error.contains("only appended to"), "{}: {error}", world.name);
        }
        assert_eq!(actions(&world, "").await, ["company.created"], "{}", world.name);
    }
}

#[tokio::test]
async fn an_entry_has_actor_action_and_differences() {
    for world in World::each().await {
        let admin = world.as_admin().await.from("203.0.113.7");
        let ana = world.member(world.ours, Role::Viewer).await;
        let member = format!("/companies/{}/members/{ana}", world.ours);
        admin.put(&member, json!({"role": "analyst"})).await;
        let entry = newest(&world).await;
        assert_eq!(entry["action"], "member.role_changed");
        assert_eq!(entry["actor"], json!({"id": world.admin, "name": "admin"}));
        assert_eq!(
            (&entry["credential"], &entry["address"]),
            (&json!("session"), &json!("203.0.113.7"))
        );
        assert_eq!(
            (&entry["subject_type"], &entry["subject_id"]),
            (&json!("user"), &json!(ana))
        );
        assert_eq!(entry["company_id"], json!(world.ours));
        assert_eq!(
            (&entry["before"], &entry["after"]),
            (&json!({"role": "viewer"}), &json!({"role": "analyst"}))
        );

        // A change without effect and a refused one are not logged.
        admin.put(&member, json!({"role": "analyst"})).await;
        let anonymous = world.as_user(ana).await;
        assert_eq!(
            anonymous.put(&member, json!({"role": "manager"})).await.status,
            403
        );
        assert_eq!(newest(&world).await, entry, "{}", world.name);

        // Deleted users are still named.
        let name = world.as_user(ana).await.get("/me").await.json()["user"]["name"].clone();
        anonymous.post("/tokens", json!({"name": "ci"})).await;
        admin.delete(&format!("/users/{ana}")).await;
        let page = admin.get(&format!("/audit?actor_id={ana}")).await.json();
        assert_eq!(
            page["items"][0]["actor"],
            json!({"id": ana, "name": name}),
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn urls_and_passwords_are_never_logged() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let (one, other) = (
            "https://hooks.slack.com/services/T1/B1/secretone-tail",
            "https://hooks.slack.com/services/T1/B1/secrettwo-tail",
        );
        let team = json!({"company_id": world.ours, "name": "Red", "slack_webhook_url": one});
        let team = admin.post("/teams", team).await.json();
        let path = format!("/teams/{}", team["id"].as_str().unwrap());
        // Another URL with the same mask is also a change.
        admin.patch(&path, json!({"slack_webhook_url": other})).await;
        let entry = newest(&world).await;
        assert_eq!(entry["action"], "team.updated");
        assert_eq!(
            entry["after"],
            json!({"slack_webhook_url": "https://hooks.slack.com/…tail"})
        );
        // Sending back the mask is not a change.
        admin
            .patch(
                &path,
                json!({"slack_webhook_url": "https://hooks.slack.com/…tail"}),
            )
            .await;
        assert_eq!(newest(&world).await, entry);
        let user = json!({"email": "x@example.org", "name": "x", "password": "a secret password"});
        let user = admin.post("/users", user).await.json();
        assert_eq!(newest(&world).await["after"]["password"], "set");
        let user = format!("/users/{}", user["id"].as_str().unwrap());
        admin
            .patch(&user, json!({"password": "another secret password"}))
            .await;
        assert_eq!(newest(&world).await["after"], json!({"password": "changed"}));
        let token = admin.post("/tokens", json!({"name": "ci"})).await.json()["token"].clone();
        let all = admin.get("/audit?limit=200").await.text();
        for secret in [
            "secretone",
            "secrettwo",
            "secret password",
            token.as_str().unwrap(),
        ] {
            assert!(!all.contains(secret), "{}: {all}", world.name);
        }
    }
}

#[tokio::test]
async fn sign_ins_are_logged_and_failed_ones_counted() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let user = json!({"email": "ana@example.org", "name": "Ana", "password": "a good password"});
        let ana = admin.post("/users", user).await.json()["id"].clone();
        let before = newest(&world).await;
        let anonymous = world.anonymous().from("203.0.113.9");
        let login = |email: &str, password: &str| json!({"email": email, "password": password});
        for _ in 0..3 {
            anonymous
                .post("/auth/login", login("ana@example.org", "wrong"))
                .await;
            anonymous
                .post(
                    "/auth/login",
                    login("no-one@example.org", "typed here by mistake"),
                )
                .await;
        }
        assert_eq!(newest(&world).await, before, "no write for a wrong password");
        world.access.sweep().await.unwrap();
        let entry = newest(&world).await;
        assert_eq!(entry["action"], "session.refused");
        assert_eq!((&entry["subject_id"], &entry["actor"]), (&ana, &Value::Null));
        assert_eq!(
            (&entry["after"], &entry["address"]),
            (&json!({"attempts": 3}), &json!("203.0.113.9"))
        );
        assert_eq!(
            actions(&world, "?action=session.refused").await.len(),
            1,
            "{}",
            world.name
        );
        world.access.sweep().await.unwrap();
        assert_eq!(newest(&world).await, entry, "counted once");

        let session = anonymous
            .post("/auth/login", login("ana@example.org", "a good password"))
            .await
            .json();
        let entry = newest(&world).await;
        assert_eq!(
            (&entry["action"], &entry["actor"]["id"]),
            (&json!("session.started"), &ana)
        );
        let session = world.bearer(session["token"].as_str().unwrap());
        session.send("POST", "/auth/logout", None).await;
        let end = newest(&world).await;
        assert_eq!(end["action"], "session.ended");
        assert_eq!(end["credential_id"], entry["credential_id"], "{}", world.name);
    }
}

#[tokio::test]
async fn only_administrators_read_the_log() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let start = world.clock.now();
        let minute = |minutes: u64| start.after(Duration::from_mins(minutes));
        let mut companies = Vec::new();
        for n in 0..5 {
            let made = admin
                .post("/companies", json!({"name": format!("C{n}")}))
                .await
                .json();
            companies.push(made["id"].as_str().unwrap().to_owned());
            world.clock.advance(Duration::from_mins(1));
        }
        let manager = world.member(world.ours, Role::Manager).await;
        let manager = world.as_user(manager).await;
        assert_eq!(manager.get("/audit").await.status, 403);
        assert_eq!(world.anonymous().get("/audit").await.status, 401);

        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = admin
                .get(&format!("/audit?action=company.created&limit=2{cursor}"))
                .await
                .json();
            let items = page["items"].as_array().unwrap().clone();
            seen.extend(
                items
                    .iter()
                    .map(|entry| entry["subject_id"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let newest_first: Vec<String> = companies.iter().rev().cloned().collect();
        assert_eq!(seen, newest_first, "{}", world.name);

        for (query, count) in [
            (format!("?subject_id={}", companies[1]), 1),
            (format!("?company_id={}", companies[1]), 1),
            (format!("?actor_id={}", world.admin), 5),
            (format!("?actor_id={}", world.ours), 0),
            (format!("?since={}&until={}", minute(1), minute(3)), 2),
            (format!("?since={}", minute(4)), 1),
            (format!("?until={start}"), 0),
        ] {
            assert_eq!(
                actions(&world, &query).await.len(),
                count,
                "{}: {query}",
                world.name
            );
        }
        for bad in [
            "?action=company.bought",
            "?actor_id=x",
            "?since=yesterday",
            "?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "?cursor=x",
            "?limit=0",
        ] {
            assert_eq!(
                admin.get(&format!("/audit{bad}")).await.status,
                422,
                "{}: {bad}",
                world.name
            );
        }
    }
}

#[tokio::test]
async fn the_command_line_is_logged_too() {
    for world in World::each().await {
        let password = access::Secret::new("a good password");
        world
            .access
            .create_admin("second@example.org", "Second", &password)
            .await
            .unwrap();
        let entry = newest(&world).await;
        assert_eq!(
            (&entry["action"], &entry["credential"]),
            (&json!("user.created"), &json!("command_line"))
        );
        world
            .access
            .reset_password("second@example.org", &password)
            .await
            .unwrap();
        let entry = newest(&world).await;
        assert_eq!(
            (&entry["action"], &entry["actor"]),
            (&json!("user.updated"), &Value::Null),
            "{}",
            world.name
        );
        // A token is logged as a token.
        let token = testing::token(&world.access, world.admin).await;
        world
            .bearer(&token)
            .post("/companies", json!({"name": "By token"}))
            .await;
        assert_eq!(newest(&world).await["credential"], "token");
    }
}

// promise: L4
#[tokio::test]
async fn an_unreadable_entry_hides_no_other() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for name in ["Third", "Fourth", "Fifth"] {
            admin.post("/companies", json!({"name": name})).await;
        }
        let (broken, damaged) = (world.clock.id(), world.clock.id());
        let write = move |tx: &mut store::Tx<'_>| {
            for (id, actor, details) in [(broken, "", "{"), (damaged, "!", "{}")] {
                tx.execute(
                    "insert into audit_entries (id, at, action, actor_id, actor_name, credential, credential_id, address, \
                     subject_type, subject_id, subject_name, company_id, details_before, details_after) \
                     values ($1, 0, 'company.created', $2, '', '', '', '', 'company', '', '', '', $3, '{}')",
                    store::params![id, actor, details],
                )?;
            }
            Ok::<_, store::Error>(())
        };
        world.store.write(write).await.unwrap();
        assert_eq!(actions(&world, "?limit=2").await.len(), 2, "{}", world.name);
        assert_eq!(actions(&world, "").await.len(), 3, "{}", world.name);
    }
}
