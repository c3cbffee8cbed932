//! Cached callers are used only while it is certain that no change was missed.

use std::time::Duration;

use access::{Access, Follower, Role, testing};
use serde_json::json;

use crate::world::{Pair, World};

async fn status(access: &Access, credential: &str) -> u16 {
    match access.cached_caller(credential).await {
        Ok(_) => 200,
        Err(problem) => problem.status().as_u16(),
    }
}

// promise: E8
#[tokio::test]
async fn a_cached_caller_needs_no_database_for_a_second() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let [kept, other] = [
            testing::session(&world.access, user).await,
            testing::token(&world.access, user).await,
        ];
        let mut follower = Follower::new(world.access.clone());
        assert!(follower.poll().await);
        let first = world.access.cached_caller(&kept).await.unwrap();
        world.store.close().await;
        world.clock.advance(Duration::from_secs(1));
        let again = world.access.cached_caller(&kept).await.unwrap();
        assert_eq!((again.user_id, again.session), (user, first.session));
        assert_eq!(again.scope, first.scope);
        assert_eq!(
            status(&world.access, &other).await,
            503,
            "{}: never asked",
            world.name
        );
        world.clock.advance(Duration::from_millis(1));
        assert!(!follower.poll().await);
        assert_eq!(
            status(&world.access, &kept).await,
            503,
            "{}: in doubt",
            world.name
        );
    }
}

// promise: E8
#[tokio::test]
async fn without_a_follower_nothing_is_cached() {
    for world in World::each().await {
        let session = testing::session(&world.access, world.admin).await;
        assert_eq!(status(&world.access, &session).await, 200);
        world.store.close().await;
        assert_eq!(status(&world.access, &session).await, 503, "{}", world.name);
    }
}

// promise: E8
#[tokio::test]
async fn a_change_removes_affected_callers_at_once() {
    for pair in Pair::each().await {
        let (world, name) = (&pair.there, pair.there.name);
        let [ana, bob] = [
            world.member(world.ours, Role::Viewer).await,
            world.member(world.ours, Role::Viewer).await,
        ];
        let sessions = [
            testing::session(&world.access, ana).await,
            testing::session(&world.access, bob).await,
        ];
        let mut followers = [
            Follower::new(pair.here.clone()),
            Follower::new(world.access.clone()),
        ];
        for follower in &mut followers {
            follower.poll().await;
        }
        let sees = async |access: &Access, session: &str| {
            access
                .cached_caller(session)
                .await
                .unwrap()
                .scope
                .allows(world.ours)
        };
        for access in [&pair.here, &world.access] {
            for session in &sessions {
                assert!(sees(access, session).await);
            }
        }
        let path = format!("/companies/{}/members/{ana}", world.ours);
        world.as_admin().await.delete(&path).await;
        assert!(
            !sees(&world.access, &sessions[0]).await,
            "{name}: announced at once"
        );
        assert!(
            sees(&pair.here, &sessions[0]).await,
            "{name}: cached until the poll (so this test can fail)"
        );
        followers[0].poll().await;
        assert!(
            !sees(&pair.here, &sessions[0]).await,
            "{name}: announced by the poll"
        );

        world
            .bearer(&sessions[0])
            .send("POST", "/auth/logout", None)
            .await;
        assert_eq!(status(&world.access, &sessions[0]).await, 401, "{name}");
        followers[0].poll().await;
        assert_eq!(status(&pair.here, &sessions[0]).await, 401, "{name}");
        pair.here.store().close().await;
        assert!(
            sees(&pair.here, &sessions[1]).await,
            "{name}: no one else is removed"
        );
    }
}

// promise: E8
#[tokio::test]
async fn a_cached_caller_ends_with_its_session_and_a_refusal_is_not_cached() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let user = world.member(world.ours, Role::Viewer).await;
        let session = testing::session(&world.access, user).await;
        let mut follower = Follower::new(world.access.clone());
        follower.poll().await;
        let path = format!("/users/{user}");
        let token = testing::token(&world.access, user).await;
        // Only in the database, so that nothing ends permanently.
        testing::disable(&world.store, user).await;
        assert_eq!(status(&world.access, &token).await, 401, "{}", world.name);
        admin.patch(&path, json!({"disabled": false})).await;
        assert_eq!(status(&world.access, &token).await, 200, "{}", world.name);
        admin.patch(&path, json!({"disabled": true})).await;
        admin.patch(&path, json!({"disabled": false})).await;
        for ended in [&token, &session] {
            assert_eq!(status(&world.access, ended).await, 401, "ended when disabled");
        }

        let session = testing::session(&world.access, user).await;
        // Its latest end; it is used until then.
        for _ in 0..27 {
            world.clock.advance(Duration::from_hours(6));
            assert!(follower.poll().await);
            assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        }
        world
            .clock
            .advance(Duration::from_hours(6) - Duration::from_millis(500));
        assert!(follower.poll().await);
        assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        world.clock.advance(Duration::from_millis(499));
        assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(status(&world.access, &session).await, 401, "{}", world.name);
    }
}

#[tokio::test]
async fn a_use_from_the_cache_is_recorded() {
    for world in World::each().await {
        let token = testing::token(&world.access, world.admin).await;
        Follower::new(world.access.clone()).poll().await;
        for _ in 0..2 {
            world.clock.advance(Duration::from_millis(400));
            world.access.cached_caller(&token).await.unwrap();
        }
        let used = world.clock.now();
        world.access.sweep().await.unwrap();
        let list = world.as_admin().await.get("/tokens").await.json();
        assert_eq!(
            list["items"][0]["last_used_at"],
            json!(used.to_string()),
            "{}",
            world.name
        );
    }
}
