//! Answers of look-ups that are given again: while it is known that nothing was missed, and not a moment longer.

use std::time::Duration;

use access::{Access, Follower, Role, testing};
use serde_json::json;

use crate::world::{Pair, World};

async fn status(access: &Access, credential: &str) -> u16 {
    match access.known_caller(credential).await {
        Ok(_) => 200,
        Err(problem) => problem.status().as_u16(),
    }
}

// promise: E8
#[tokio::test]
async fn a_kept_answer_needs_no_database_for_a_second() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let [kept, other] = [
            testing::session(&world.access, user).await,
            testing::token(&world.access, user).await,
        ];
        let mut follower = Follower::new(world.access.clone());
        assert!(follower.look().await);
        let first = world.access.known_caller(&kept).await.unwrap();
        world.store.close().await;
        world.clock.advance(Duration::from_secs(1));
        let again = world.access.known_caller(&kept).await.unwrap();
        assert_eq!((again.user_id, again.session), (user, first.session));
        assert_eq!(again.scope, first.scope);
        assert_eq!(
            status(&world.access, &other).await,
            503,
            "{}: never asked",
            world.name
        );
        world.clock.advance(Duration::from_millis(1));
        assert!(!follower.look().await);
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
async fn without_a_follower_nothing_is_kept() {
    for world in World::each().await {
        let session = testing::session(&world.access, world.admin).await;
        assert_eq!(status(&world.access, &session).await, 200);
        world.store.close().await;
        assert_eq!(status(&world.access, &session).await, 503, "{}", world.name);
    }
}

// promise: E8
#[tokio::test]
async fn a_change_forgets_whom_it_concerns_at_once() {
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
            follower.look().await;
        }
        let sees = async |access: &Access, session: &str| {
            access
                .known_caller(session)
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
        assert!(!sees(&world.access, &sessions[0]).await, "{name}: told at once");
        assert!(
            sees(&pair.here, &sessions[0]).await,
            "{name}: kept until the look (so this test can fail)"
        );
        followers[0].look().await;
        assert!(!sees(&pair.here, &sessions[0]).await, "{name}: told by the look");

        world
            .bearer(&sessions[0])
            .send("POST", "/auth/logout", None)
            .await;
        assert_eq!(status(&world.access, &sessions[0]).await, 401, "{name}");
        followers[0].look().await;
        assert_eq!(status(&pair.here, &sessions[0]).await, 401, "{name}");
        pair.here.store().close().await;
        assert!(
            sees(&pair.here, &sessions[1]).await,
            "{name}: nobody else is forgotten"
        );
    }
}

// promise: E8
#[tokio::test]
async fn a_kept_answer_ends_with_its_session_and_a_refusal_is_not_kept() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let user = world.member(world.ours, Role::Viewer).await;
        let session = testing::session(&world.access, user).await;
        let mut follower = Follower::new(world.access.clone());
        follower.look().await;
        let path = format!("/users/{user}");
        let token = testing::token(&world.access, user).await;
        // In the database alone, so that nothing ends for good.
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
        // Its end at the latest; it is used until then.
        for _ in 0..27 {
            world.clock.advance(Duration::from_hours(6));
            assert!(follower.look().await);
            assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        }
        world
            .clock
            .advance(Duration::from_hours(6) - Duration::from_millis(500));
        assert!(follower.look().await);
        assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        world.clock.advance(Duration::from_millis(499));
        assert_eq!(status(&world.access, &session).await, 200, "{}", world.name);
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(status(&world.access, &session).await, 401, "{}", world.name);
    }
}

#[tokio::test]
async fn a_use_that_needed_no_database_is_noted() {
    for world in World::each().await {
        let token = testing::token(&world.access, world.admin).await;
        Follower::new(world.access.clone()).look().await;
        for _ in 0..2 {
            world.clock.advance(Duration::from_millis(400));
            world.access.known_caller(&token).await.unwrap();
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
