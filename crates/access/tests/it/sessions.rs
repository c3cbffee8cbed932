//! Listing and ending a user's sessions.

use std::time::Duration;

use access::{AccessChange, Role, testing};
use base::Id;
use serde_json::{Value, json};

use crate::{changes::announced, world::World};

#[tokio::test]
async fn a_session_shows_its_origin_and_whether_it_is_current() {
    for world in World::each().await {
        let body = json!({"email": "ada@example.org", "name": "Ada", "password": "long enough by far"});
        assert_eq!(world.as_admin().await.post("/users", body).await.status, 201);
        let agent = format!("Browser\u{202e} 1{}", "x".repeat(1_000));
        let mut tokens = Vec::new();
        for (peer, agent) in [("192.0.2.7", Some(&*agent)), ("2001:db8::1", None)] {
            let who = world.anonymous().from(peer);
            let who = match agent {
                Some(agent) => who.with("user-agent", agent),
                None => who,
            };
            let login = json!({"email": "ada@example.org", "password": "long enough by far"});
            let answer = who.post("/auth/login", login).await.json();
            tokens.push(answer["token"].as_str().unwrap().to_owned());
            world.clock.advance(Duration::from_secs(1));
        }
        let ada = world.bearer(&tokens[0]);
        let page = ada.get("/sessions").await.json();
        let [newer, older] = page["items"].as_array().unwrap().as_slice() else {
            panic!("{page}");
        };
        assert_eq!(
            (&newer["current"], &older["current"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(
            (&newer["address"], &newer["user_agent"]),
            (&json!("2001:db8::1"), &Value::Null)
        );
        assert_eq!(older["address"], "192.0.2.7");
        let agent = older["user_agent"].as_str().unwrap();
        assert!(
            agent.starts_with("Browser 1xx") && agent.chars().count() == 300,
            "{agent}"
        );
        assert_eq!(older["last_used_at"], Value::Null);
        let used = world.clock.now();
        world.access.sweep().await.unwrap();
        let page = ada.get("/sessions").await.json();
        assert_eq!(page["items"][1]["last_used_at"], used.to_string());
        // In pages, without tokens.
        ada.post("/tokens", json!({"name": "ci"})).await;
        let page = ada.get("/sessions?limit=1").await.json();
        let next = page["next_cursor"].as_str().unwrap();
        let rest = ada.get(&format!("/sessions?limit=1&cursor={next}")).await;
        assert_eq!(rest.json()["items"][0]["id"], older["id"]);
        assert_eq!(rest.json()["next_cursor"], Value::Null);
        world.clock.advance(Duration::from_hours(12));
        assert_eq!(ada.get("/sessions").await.status, 401, "expired");
        let later = world.bearer(&testing::session(&world.access, world.admin).await);
        assert_eq!(
            later.get("/sessions").await.ids().len(),
            1,
            "only active ones, only the user's own"
        );
    }
}

#[tokio::test]
async fn a_session_is_ended_only_by_its_user() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let (here, there) = (world.as_user(user).await, world.as_user(user).await);
        let page = here.get("/sessions").await.json();
        let items = page["items"].as_array().unwrap();
        let other = items.iter().find(|one| one["current"] == false).unwrap();
        let id: Id = other["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/sessions/{id}");
        assert_eq!(
            world.as_admin().await.delete(&path).await.status,
            404,
            "another's"
        );
        assert_eq!(there.get("/me").await.status, 200);
        let mut changes = world.access.changes();
        assert_eq!(here.delete(&path).await.status, 204);
        assert_eq!(
            announced(&mut changes),
            [AccessChange::Session(id)],
            "its streams end"
        );
        assert_eq!(there.get("/me").await.status, 401);
        assert_eq!(here.delete(&path).await.status, 404);
        let audit = world
            .as_admin()
            .await
            .get("/audit?action=session.ended")
            .await
            .json();
        assert_eq!(audit["items"][0]["after"], json!({"session_id": id}));
        let token = here.post("/tokens", json!({"name": "ci"})).await.json();
        let path = format!("/sessions/{}", token["id"].as_str().unwrap());
        assert_eq!(here.delete(&path).await.status, 404, "a token is not a session");
    }
}

#[tokio::test]
async fn all_others_end_at_once() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let (here, one, two) = (
            world.as_user(user).await,
            world.as_user(user).await,
            world.as_user(user).await,
        );
        let stranger = world.as_user(world.member(world.ours, Role::Viewer).await).await;
        let token = world.bearer(&testing::token(&world.access, user).await);
        assert_eq!(token.send("POST", "/sessions/end-others", None).await.status, 403);
        let mut changes = world.access.changes();
        assert_eq!(here.send("POST", "/sessions/end-others", None).await.status, 204);
        assert_eq!(announced(&mut changes).len(), 2);
        for (who, status) in [
            (&here, 200),
            (&one, 401),
            (&two, 401),
            (&stranger, 200),
            (&token, 200),
        ] {
            assert_eq!(who.get("/me").await.status, status);
        }
        assert_eq!(
            here.send("POST", "/sessions/end-others", None).await.status,
            204,
            "none left"
        );
        let audit = world
            .as_admin()
            .await
            .get("/audit?action=session.ended")
            .await
            .json();
        assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
        assert_eq!(audit["items"][0]["after"], json!({"other_sessions": 2}));
    }
}
