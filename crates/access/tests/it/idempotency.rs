//! A repeated request creates nothing again.

use std::time::Duration;

use access::Role;
use base::Id;
use futures_util::future::join_all;
use serde_json::{Value, json};
use store::params;

use crate::world::{Answer, Client, World};

const KEY: &str = "idempotency-key";

async fn count(world: &World, sql: &'static str) -> i64 {
    let counted = world.store.read(move |tx| tx.one::<(i64,)>(sql, &[]));
    counted.await.unwrap().unwrap().0
}

async fn keys(world: &World) -> i64 {
    count(world, "select count(*) from idempotency_keys").await
}

async fn create(client: &Client, key: &str, name: &str) -> Answer {
    let client = client.clone().with(KEY, key);
    client.post("/companies", json!({"name": name})).await
}

/// The response to a repeated request, without the field that marks it.
#[track_caller]
fn as_before(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut answer = answer.json();
    assert_eq!(answer["repeated"], true);
    answer.as_object_mut().unwrap().remove("repeated");
    answer
}

#[tokio::test]
async fn a_repeated_request_creates_nothing_and_gets_the_first_response() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let first = create(&admin, "one", "Third").await;
        assert_eq!(first.status, 201, "{}", first.text());
        assert_eq!(first.json().get("repeated"), None);
        for _ in 0..3 {
            assert_eq!(as_before(&create(&admin, "one", "Third").await), first.json());
        }
        // Also with another session of the same user, and after the record has changed.
        let path = format!("/companies/{}", first.json()["id"].as_str().unwrap());
        assert_eq!(admin.patch(&path, json!({"name": "Other"})).await.status, 200);
        let again = create(&world.as_admin().await, "one", "Third").await;
        assert_eq!(as_before(&again), first.json());
        assert_eq!(
            count(&world, "select count(*) from companies").await,
            3,
            "{}",
            world.name
        );
        let noted = "select count(*) from audit_entries where action = 'company.created'";
        assert_eq!(count(&world, noted).await, 1, "{}", world.name);
    }
}

#[tokio::test]
async fn another_request_with_the_key_is_refused_and_another_user_has_separate_keys() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let first = create(&admin, "one", "Third").await.json();
        assert_eq!(create(&admin, "one", "Fourth").await.status, 409);
        let keyed = admin.clone().with(KEY, "one");
        let user = json!({"email": "a@example.org", "name": "A"});
        assert_eq!(keyed.post("/users", user).await.status, 409, "another route");
        let body = br#"{ "name": "Third" }"#.to_vec();
        let other = keyed
            .raw("POST", "/companies", Some(("application/json", body)))
            .await;
        assert_eq!(other.status, 409, "the bytes are compared");
        let second = access::testing::admin(&world.store, "second@example.org").await;
        let second = create(&world.as_user(second).await, "one", "Third").await;
        assert_eq!(second.status, 201, "{}", second.text());
        assert_ne!(second.json()["id"], first["id"]);
    }
}

#[tokio::test]
async fn a_refused_request_does_not_use_up_its_key() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        assert_eq!(create(&admin, "one", "").await.status, 422);
        let user = json!({"email": "a@example.org", "name": "A"});
        assert_eq!(admin.post("/users", user.clone()).await.status, 201);
        let keyed = admin.clone().with(KEY, "one");
        assert_eq!(
            keyed.post("/users", user).await.status,
            409,
            "the address is taken"
        );
        let outsider = world.as_user(world.member(world.ours, Role::Viewer).await).await;
        assert_eq!(create(&outsider, "one", "Third").await.status, 403);
        assert_eq!(keys(&world).await, 0, "{}", world.name);
        assert_eq!(create(&admin, "one", "Third").await.status, 201);
    }
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_characters_given_once() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for bad in ["", " ", "a b", "a\tb", "schlüssel", &"x".repeat(256)] {
            let answer = create(&admin, bad, "Third").await;
            assert_eq!(answer.status, 422, "{bad:?}");
            assert_eq!(answer.json()["errors"][0]["field"], "Idempotency-Key");
        }
        let twice = admin.clone().with(KEY, "a").with(KEY, "a");
        assert_eq!(
            twice.post("/companies", json!({"name": "Third"})).await.status,
            422
        );
        let anonymous = create(&world.anonymous(), "a b", "Third").await;
        assert_eq!(anonymous.status, 401, "before anything else");
        for good in ["!", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"~".repeat(255)] {
            assert_eq!(
                create(&admin, good, good.get(..1).unwrap()).await.status,
                201,
                "{good}"
            );
        }
        // It is ignored where nothing is created.
        let keyed = admin.clone().with(KEY, "a b");
        assert_eq!(keyed.get("/companies").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_creates_and_all_get_its_response() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for round in 0..10 {
            let key = round.to_string();
            let answers = join_all((0..8).map(|_| create(&admin, &key, "Third"))).await;
            let mut ids: Vec<_> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
            for answer in &answers {
                assert_eq!(answer.status, 201, "{}: {}", world.name, answer.text());
            }
            ids.dedup();
            assert_eq!(ids.len(), 1, "{}", world.name);
            let repeated = answers.iter().filter(|answer| answer.json()["repeated"] == true);
            assert_eq!(repeated.count(), 7, "{}", world.name);
        }
        assert_eq!(
            count(&world, "select count(*) from companies").await,
            12,
            "{}",
            world.name
        );
    }
}

#[tokio::test]
async fn without_permission_a_repeated_request_is_refused() {
    for world in World::each().await {
        let manager = world.member(world.ours, Role::Manager).await;
        let client = world.as_user(manager).await.with(KEY, "one");
        let team = json!({"company_id": world.ours, "name": "Blue"});
        assert_eq!(client.post("/teams", team.clone()).await.status, 201);
        let member = format!("/companies/{}/members/{manager}", world.ours);
        let admin = world.as_admin().await;
        assert_eq!(admin.put(&member, json!({"role": "viewer"})).await.status, 200);
        assert_eq!(client.post("/teams", team.clone()).await.status, 403);
        assert_eq!(admin.delete(&member).await.status, 204);
        assert_eq!(client.post("/teams", team).await.status, 404);
    }
}

#[tokio::test]
async fn a_secret_is_only_in_the_first_response() {
    for world in World::each().await {
        let admin = world.as_admin().await.with(KEY, "one");
        let first = admin.post("/tokens", json!({"name": "ci"})).await;
        assert_eq!(first.status, 201);
        assert!(first.json()["token"].as_str().unwrap().starts_with("cmp_"));
        let again = admin.post("/tokens", json!({"name": "ci"})).await;
        assert_eq!(again.headers["cache-control"], "no-store");
        let mut expected = first.json();
        expected.as_object_mut().unwrap().remove("token");
        assert_eq!(as_before(&again), expected);
        assert_eq!(admin.get("/tokens").await.ids().len(), 1, "{}", world.name);
    }
}

async fn give(world: &World, user: Id, count: usize) {
    const INSERT: &str = "insert into idempotency_keys (user_id, key, request, record_id, answer, created_at) \
         values ($1, $2, '', '', '{}', $3)";
    let given = world.store.write(move |tx| {
        let now = tx.now();
        for key in 0..count {
            tx.execute(INSERT, params![user, format!("given {key}"), now])?;
        }
        Ok::<_, store::Error>(())
    });
    given.await.unwrap();
}

#[tokio::test]
async fn keys_are_valid_for_24_hours_and_then_deleted() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let first = create(&admin, "one", "Third").await.json();
        give(&world, world.admin, 1_234).await;
        world.clock.advance(Duration::from_secs(24 * 3_600 - 1));
        world.access.sweep().await.unwrap();
        let again = create(&world.as_admin().await, "one", "Third").await;
        assert_eq!(as_before(&again), first, "{}", world.name);
        world.clock.advance(Duration::from_secs(1));
        let later = create(&world.as_admin().await, "one", "Fourth").await;
        assert_eq!(later.status, 201, "{}: {}", world.name, later.text());
        assert_eq!(later.json().get("repeated"), None, "the key is free");
        assert_eq!(keys(&world).await, 1_235);
        world.access.sweep().await.unwrap();
        assert_eq!(keys(&world).await, 1, "{}", world.name);
    }
}

#[tokio::test]
async fn the_number_of_keys_per_user_is_limited() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        give(&world, world.admin, 9_999).await;
        assert_eq!(create(&admin, "last", "Third").await.status, 201);
        world.clock.advance(Duration::from_hours(1));
        let refused = create(&admin, "more", "Fourth").await;
        assert_eq!(refused.status, 429, "{}: {}", world.name, refused.text());
        assert_eq!(refused.headers["retry-after"], (23 * 3_600).to_string());
        assert_eq!(as_before(&create(&admin, "last", "Third").await)["name"], "Third");
        assert_eq!(
            admin.post("/companies", json!({"name": "Fourth"})).await.status,
            201,
            "without one"
        );
        let second = access::testing::admin(&world.store, "second@example.org").await;
        assert_eq!(
            create(&world.as_user(second).await, "more", "Fifth").await.status,
            201
        );
        world.clock.advance(Duration::from_hours(23));
        assert_eq!(
            create(&world.as_admin().await, "more", "Fourth").await.status,
            201
        );
    }
}
