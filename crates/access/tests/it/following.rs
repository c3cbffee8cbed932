//! Access changes in one process are announced in the other, exactly once.

use std::time::Duration;

use access::{AccessChange, Follower, Role, Secret, testing};
use base::{Id, Time};
use serde_json::json;
use store::{Error, Store, params};

use crate::{
    changes::announced,
    world::{Pair, World, start},
};

const ROWS: &str = "select id from access_changes order by id";

async fn run(store: &Store, sql: &'static str) {
    let done = store.write(move |tx| tx.execute(sql, &[]).map(drop)).await;
    done.unwrap_or_else(|error: Error| panic!("{sql}: {error}"));
}

/// A row as written by a process whose clock shows `at`.
async fn row(store: &Store, at: Time, random: u8, body: String) -> Id {
    let id = Id::from_parts(at.millis(), [random; 10]);
    let sql = "insert into access_changes (id, body) values ($1, $2)";
    let made = store
        .write(move |tx| tx.execute(sql, params![id, body]).map(drop))
        .await;
    made.unwrap_or_else(|error: Error| panic!("{error}"));
    id
}

async fn rows(store: &Store) -> Vec<Id> {
    let rows: Result<Vec<(Id,)>, Error> = store.read(|tx| tx.all(ROWS, &[])).await;
    rows.unwrap().into_iter().map(|(id,)| id).collect()
}

/// Every way to revoke access, each with the changes announced.
async fn revoke_all(world: &World) -> Vec<(&'static str, Vec<AccessChange>)> {
    let admin = world.as_admin().await;
    let user = world.member(world.ours, Role::Viewer).await;
    let me = AccessChange::User(user);
    let member = format!("/companies/{}/members/{user}", world.ours);
    let path = format!("/users/{user}");
    let mut done = Vec::new();
    let session = async || {
        let session = testing::session(&world.access, user).await;
        let id = world.access.caller(&session).await.unwrap().session;
        (session, AccessChange::Session(id))
    };

    admin.put(&member, json!({"role": "manager"})).await;
    done.push(("another role", vec![me]));
    admin.delete(&member).await;
    done.push(("a membership that ended", vec![me]));
    let (text, ended) = session().await;
    world.bearer(&text).send("POST", "/auth/logout", None).await;
    done.push(("a logout", vec![ended]));
    let (_, ended) = session().await;
    admin.patch(&path, json!({"password": "a new password"})).await;
    done.push(("a new password", vec![me, ended]));
    let email = admin.get(&path).await.json()["email"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, ended) = session().await;
    let password = Secret::new("another password");
    world.access.reset_password(&email, &password).await.unwrap();
    done.push(("a password reset at the command line", vec![ended, me]));
    let token = admin.post("/tokens", json!({"name": "t"})).await.json();
    let id = token["id"].as_str().unwrap();
    admin.delete(&format!("/tokens/{id}")).await;
    done.push((
        "a token that was revoked",
        vec![AccessChange::Session(id.parse().unwrap())],
    ));
    let (_, ended) = session().await;
    admin.patch(&path, json!({"disabled": true})).await;
    done.push(("disabled", vec![me, ended]));
    admin.delete(&path).await;
    done.push(("removed", vec![me]));
    let other = world.member(world.ours, Role::Viewer).await;
    admin.delete(&format!("/companies/{}", world.ours)).await;
    done.push(("a deleted company", vec![AccessChange::User(other)]));
    done
}

// promise: E8
#[tokio::test]
async fn access_revoked_by_another_process_is_announced_at_the_next_poll() {
    for pair in Pair::each().await {
        let mut follower = Follower::new(pair.here.clone());
        let mut own = Follower::new(pair.there.access.clone());
        let (mut changes, mut own_changes) = (pair.here.changes(), pair.there.access.changes());
        let done = revoke_all(&pair.there).await;
        assert_eq!(announced(&mut changes), [], "not before the poll");
        let expected: Vec<_> = done.iter().flat_map(|(_, changes)| changes.clone()).collect();
        assert_eq!(announced(&mut own_changes), expected, "{}", pair.there.name);
        assert!(follower.poll().await && own.poll().await);
        assert_eq!(announced(&mut changes), expected, "{}: {done:?}", pair.there.name);
        assert_eq!(
            announced(&mut own_changes),
            [],
            "{}: its own, again",
            pair.there.name
        );
        pair.there.clock.advance(Duration::from_secs(30));
        assert!(follower.poll().await);
        assert_eq!(announced(&mut changes), [], "{}: once", pair.there.name);
    }
}

// promise: E8
#[tokio::test]
async fn a_rolled_back_change_is_not_announced() {
    for pair in Pair::each().await {
        let mut follower = Follower::new(pair.here.clone());
        let mut changes = pair.here.changes();
        let admin = pair.there.as_admin().await;
        let path = format!("/users/{}", pair.there.admin);
        let answer = admin.patch(&path, json!({"disabled": true})).await;
        assert_eq!(answer.status, 409, "the last administrator stays");
        follower.poll().await;
        assert_eq!(announced(&mut changes), [], "{}", pair.there.name);
        assert_eq!(rows(&pair.there.store).await, []);
    }
}

// promise: E8
#[tokio::test]
async fn a_late_row_is_announced() {
    for pair in Pair::each().await {
        let store = &pair.there.store;
        pair.there.clock.advance(Duration::from_mins(5));
        let mut follower = Follower::new(pair.here.clone());
        let mut changes = pair.here.changes();
        let now = pair.there.clock.now();
        let [first, second, third] = [1, 2, 3].map(|n| Id::from_parts(n, [7; 10]));
        let body = |id: Id| format!(r#"[{{"user":"{id}"}}]"#);
        row(store, now, 9, body(first)).await;
        follower.poll().await;
        assert_eq!(announced(&mut changes), [AccessChange::User(first)]);
        // Committed after it, with a smaller id; by a clock that is ahead; by a newer version.
        row(store, now.before(Duration::from_secs(89)), 1, body(second)).await;
        row(store, now.after(Duration::from_secs(20)), 1, body(third)).await;
        row(store, now, 10, r#"[{"planet":"mars"}]"#.to_owned()).await;
        follower.poll().await;
        assert_eq!(
            announced(&mut changes),
            [
                AccessChange::User(second),
                AccessChange::Unknown,
                AccessChange::User(third)
            ],
            "{}",
            pair.there.name
        );
        for _ in 0..8 {
            pair.there.clock.advance(Duration::from_secs(15));
            follower.poll().await;
            assert_eq!(announced(&mut changes), [], "{}", pair.there.name);
        }
    }
}

// promise: E8
#[tokio::test]
async fn a_long_unavailable_database_invalidates_all_callers() {
    for pair in Pair::each().await {
        let store = &pair.there.store;
        let mut follower = Follower::new(pair.here.clone());
        let mut changes = pair.here.changes();
        assert!(follower.poll().await);
        run(store, "alter table access_changes rename to elsewhere").await;
        pair.there.clock.advance(Duration::from_secs(59));
        assert!(!follower.poll().await);
        assert_eq!(announced(&mut changes), [], "not yet");
        for _ in 0..3 {
            pair.there.clock.advance(Duration::from_secs(1));
            assert!(!follower.poll().await);
            assert_eq!(
                announced(&mut changes),
                [AccessChange::Unknown],
                "{}",
                pair.there.name
            );
            pair.there.clock.advance(Duration::from_secs(59));
            assert!(!follower.poll().await);
            assert_eq!(announced(&mut changes), [], "once a minute");
        }
        run(store, "alter table elsewhere rename to access_changes").await;
        let user = pair.there.member(pair.there.ours, Role::Viewer).await;
        let path = format!("/companies/{}/members/{user}", pair.there.ours);
        pair.there.as_admin().await.delete(&path).await;
        assert!(follower.poll().await);
        assert_eq!(
            announced(&mut changes),
            [AccessChange::User(user)],
            "{}: back, in time",
            pair.there.name
        );
        // A machine that was suspended: changes in the meantime may be pruned.
        pair.there.clock.advance(Duration::from_hours(1));
        assert!(follower.poll().await);
        assert_eq!(
            announced(&mut changes),
            [AccessChange::Unknown],
            "{}",
            pair.there.name
        );
    }
}

#[tokio::test]
async fn rows_are_pruned_when_everyone_has_read_them() {
    for pair in Pair::each().await {
        let (world, store) = (&pair.there, &pair.there.store);
        let body = || "[]".to_owned();
        let now = world.clock.now();
        row(store, now, 1, body()).await;
        let second = row(store, now.after(Duration::from_secs(1)), 1, body()).await;
        world.clock.advance(Duration::from_secs(601));
        pair.here.sweep().await.unwrap();
        assert_eq!(rows(store).await, [second], "{}", world.name);
        world.clock.advance(Duration::from_secs(1));
        pair.here.sweep().await.unwrap();
        assert_eq!(rows(store).await, [], "{}", world.name);
    }
}

// promise: E8
#[tokio::test]
async fn it_polls_four_times_a_second() {
    for pair in Pair::each().await {
        let clock = &pair.there.clock;
        let follower = tokio::spawn(Follower::new(pair.here.clone()).run());
        let mut changes = pair.here.changes();
        let user = pair.there.member(pair.there.ours, Role::Viewer).await;
        let path = format!("/companies/{}/members/{user}", pair.there.ours);
        pair.there.as_admin().await.delete(&path).await;
        let heard = async {
            loop {
                clock.advance(Duration::from_millis(250));
                // It may still be at the previous poll; then the next step of the clock wakes it.
                let waited = tokio::time::timeout(Duration::from_millis(100), changes.recv());
                if let Ok(change) = waited.await {
                    break change.unwrap();
                }
            }
        };
        let change = tokio::time::timeout(Duration::from_secs(10), heard).await;
        assert_eq!(change, Ok(AccessChange::User(user)), "{}", pair.there.name);
        follower.abort();
    }
}

// promise: E8
#[tokio::test]
async fn a_change_without_a_commit_response_is_announced() {
    let Ok(server) = std::env::var(store::testing::POSTGRES) else {
        return;
    };
    let clock = base::Clock::manual(start());
    let url = store::testing::postgres_url(&server, &clock).await.unwrap();
    let mut options = store::Options::new(url);
    let bus = base::Bus::new();
    let patient = Store::open(options.clone(), clock.clone(), bus.clone())
        .await
        .unwrap();
    patient.migrate(crate::world::TABLES).await.unwrap();
    options.answer = Duration::from_millis(500);
    let access = testing::access(&Store::open(options, clock.clone(), bus).await.unwrap());
    let admin = testing::admin(&patient, "admin@example.org").await;
    let session = testing::session(&access, admin).await;
    run(
        &patient,
        "create function slow() returns trigger language plpgsql as \
        'begin perform pg_sleep(1); return null; end'",
    )
    .await;
    run(
        &patient,
        "create constraint trigger slow after insert on access_changes \
        deferrable initially deferred for each row execute function slow()",
    )
    .await;
    let mut follower = Follower::new(access.clone());
    let mut changes = access.changes();
    let ended = access.caller(&session).await.unwrap().session;
    let password = Secret::new("another password");
    let lost = access
        .reset_password("admin@example.org", &password)
        .await
        .unwrap_err();
    assert_eq!(lost.status(), 503);
    assert_eq!(announced(&mut changes), [], "not known yet");
    let heard = async { while rows(&patient).await.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(10), heard)
        .await
        .unwrap();
    assert!(follower.poll().await);
    assert_eq!(
        announced(&mut changes),
        [AccessChange::Session(ended), AccessChange::User(admin)]
    );
}
