//! Idle sessions end, used ones continue, and a new one replaces the previous one.

use std::time::Duration;

use access::{AccessChange, Follower, Role, SECURE_SESSION_COOKIE, SESSION_COOKIE, testing};
use serde_json::{Value, json};

use crate::{
    changes::announced,
    world::{Pair, World},
};

const PASSWORD: &str = "correct horse battery";

fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

async fn ada(world: &World) {
    let body = json!({"email": "ada@example.org", "name": "Ada", "password": PASSWORD});
    assert_eq!(world.as_admin().await.post("/users", body).await.status, 201);
}

fn login() -> Value {
    json!({"email": "ada@example.org", "password": PASSWORD})
}

// issue 18, line 4
#[tokio::test]
async fn a_session_expires_when_idle_and_continues_when_used() {
    for world in World::each().await {
        let ada = world.member(world.ours, Role::Viewer).await;
        let [used, unused] = [
            testing::session(&world.access, ada).await,
            testing::session(&world.access, ada).await,
        ];
        let token = testing::token(&world.access, ada).await;
        let status = async |credential: &str| world.bearer(credential).get("/me").await.status.as_u16();
        for round in 0..3 {
            world
                .clock
                .advance(hours(8).saturating_sub(Duration::from_nanos(1)));
            assert_eq!(status(&used).await, 200, "{}: {round}", world.name);
            if round == 1 {
                // Whether the use was saved or is only in memory.
                world.access.sweep().await.unwrap();
            }
        }
        assert_eq!(status(&unused).await, 401, "{}", world.name);
        world.clock.advance(hours(8));
        assert_eq!(status(&used).await, 401, "{}", world.name);
        assert_eq!(
            status(&token).await,
            200,
            "{}: a token does not expire this way",
            world.name
        );
    }
}

// issue 18, line 4
#[tokio::test]
async fn a_use_on_one_node_counts_on_the_other_and_an_idle_session_is_removed() {
    for pair in Pair::each().await {
        let (world, here) = (&pair.there, &pair.here);
        let user = world.member(world.ours, Role::Viewer).await;
        let session = testing::session(&world.access, user).await;
        let id = world.access.caller(&session).await.unwrap().session;
        world.clock.advance(hours(7));
        assert!(world.access.caller(&session).await.is_ok(), "{}", world.name);
        world.access.sweep().await.unwrap();
        world.clock.advance(hours(7));
        assert!(here.caller(&session).await.is_ok(), "{}", world.name);
        // The other node has not saved that yet: it is not removed at once.
        world.clock.advance(hours(1) + Duration::from_mins(1));
        world.access.sweep().await.unwrap();
        assert!(here.caller(&session).await.is_ok(), "{}", world.name);
        here.sweep().await.unwrap();
        world.clock.advance(hours(8) + Duration::from_mins(5));
        let mut changes = world.access.changes();
        world.access.sweep().await.unwrap();
        assert_eq!(
            announced(&mut changes),
            [AccessChange::Session(id)],
            "{}",
            world.name
        );
        let path = format!("/users/{user}/credentials");
        let left = world.as_admin().await.get(&path).await.json();
        assert_eq!(left["items"], json!([]), "{}", world.name);
    }
}

// issue 18, line 4
#[tokio::test]
async fn an_idle_session_is_not_listed_and_opens_no_stream_from_the_cache() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let session = testing::session(&world.access, user).await;
        let mut follower = Follower::new(world.access.clone());
        assert!(follower.poll().await);
        let caller = world.access.cached_caller(&session).await.unwrap();
        assert_eq!(caller.idle_at, world.clock.now().after(hours(8)));
        world.access.sweep().await.unwrap();
        world.clock.advance(hours(8));
        assert!(follower.poll().await);
        let refused = world.access.cached_caller(&session).await.unwrap_err();
        assert_eq!(refused.status(), 401, "{}", world.name);
        let fresh = world.as_user(user).await;
        assert_eq!(fresh.get("/sessions").await.ids().len(), 1, "{}", world.name);
        let path = format!("/users/{user}/credentials");
        assert_eq!(world.as_admin().await.get(&path).await.ids().len(), 1);
    }
}

// promise: L5
#[tokio::test]
async fn an_idle_session_does_not_last_longer_because_the_clock_is_set_back() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let [unused, noted, remembered] = [
            testing::session(&world.access, user).await,
            testing::session(&world.access, user).await,
            testing::session(&world.access, user).await,
        ];
        let status = async |credential: &str| world.bearer(credential).get("/me").await.status.as_u16();
        assert_eq!(status(&noted).await, 200, "{}", world.name);
        world.access.sweep().await.unwrap();
        assert_eq!(status(&remembered).await, 200, "{}", world.name);
        let back = -i64::try_from(hours(2).as_nanos()).unwrap();
        world.clock.set(world.clock.now().before(hours(2)));
        let earlier = world
            .store
            .write(move |tx| access::sessions_end_earlier(tx, back));
        earlier.await.unwrap();
        world.access.clock_was_set(back);
        world.clock.advance(hours(8));
        for session in [&unused, &noted, &remembered] {
            assert_eq!(status(session).await, 401, "{}", world.name);
        }
    }
}

// issue 18, line 4
#[tokio::test]
async fn a_sign_in_replaces_the_session_of_its_request() {
    for world in World::each().await {
        ada(&world).await;
        let begin = async |cookie: Option<&str>, site: &str, body: Value| {
            let who = world.anonymous().with("sec-fetch-site", site);
            let who = match cookie {
                Some(token) => who.with("cookie", &format!("{SESSION_COOKIE}={token}")),
                None => who,
            };
            let answer = who.post("/auth/login", body).await;
            answer.json()["token"].as_str().unwrap_or_default().to_owned()
        };
        let status = async |token: &str| world.bearer(token).get("/me").await.status.as_u16();
        let first = begin(None, "same-origin", login()).await;
        let wrong = json!({"email": "ada@example.org", "password": "wrong"});
        begin(Some(&first), "same-origin", wrong).await;
        let foreign = begin(Some(&first), "cross-site", login()).await;
        assert_eq!(status(&first).await, 200, "{}: not replaced", world.name);
        assert_eq!(status(&foreign).await, 200, "{}", world.name);

        let mut changes = world.access.changes();
        let second = begin(Some(&first), "same-origin", login()).await;
        assert_eq!(
            announced(&mut changes).len(),
            1,
            "{}: its streams end",
            world.name
        );
        assert_eq!(
            (status(&first).await, status(&second).await),
            (401, 200),
            "{}",
            world.name
        );
        // Also if it belonged to another user.
        let admin = testing::session(&world.access, world.admin).await;
        let third = begin(Some(&admin), "same-origin", login()).await;
        assert_eq!(
            (status(&admin).await, status(&third).await),
            (401, 200),
            "{}",
            world.name
        );
        // An API token stays.
        let token = testing::token(&world.access, world.admin).await;
        assert_eq!(
            world.bearer(&token).post("/auth/login", login()).await.status,
            200
        );
        assert_eq!(status(&token).await, 200, "{}", world.name);
    }
}

// issue 18, line 4
#[tokio::test]
async fn over_https_the_cookie_has_a_name_that_only_this_host_can_set() {
    for world in World::each_with(|options| options.cookie_secure = true).await {
        ada(&world).await;
        let answer = world.anonymous().post("/auth/login", login()).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(
            cookie,
            format!(
                "__Host-campanile_session={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure"
            )
        );
        let with = |name: &str| world.anonymous().with("cookie", &format!("{name}={token}"));
        assert_eq!(with(SECURE_SESSION_COOKIE).get("/me").await.status, 200);
        assert_eq!(
            with(SESSION_COOKIE).get("/me").await.status,
            401,
            "{}: planted",
            world.name
        );
        let own = with(SECURE_SESSION_COOKIE).with("sec-fetch-site", "same-origin");
        let out = own.send("POST", "/auth/logout", None).await;
        let cleared = out.headers["set-cookie"].to_str().unwrap();
        assert!(cleared.starts_with("__Host-campanile_session=;"), "{cleared}");
    }
}
