//! Access changes are announced, each after its commit.

use access::{AccessChange, Role, testing};
use base::Id;
use serde_json::json;
use tokio::sync::broadcast::Receiver;

use crate::world::World;

pub(crate) fn announced(receiver: &mut Receiver<AccessChange>) -> Vec<AccessChange> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

// promise: E8
#[tokio::test]
async fn revoked_access_is_announced() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let mut changes = world.access.changes();
        let user = world.member(world.ours, Role::Viewer).await;
        let me = AccessChange::User(user);
        let member = format!("/companies/{}/members/{user}", world.ours);
        let path = format!("/users/{user}");

        admin.put(&member, json!({"role": "manager"})).await;
        assert_eq!(announced(&mut changes), [me], "another role");
        admin.delete(&member).await;
        assert_eq!(announced(&mut changes), [me], "a membership that ended");
        admin.delete(&member).await;
        assert_eq!(announced(&mut changes), [], "nothing changed");
        admin.patch(&path, json!({"is_admin": true})).await;
        assert_eq!(announced(&mut changes), [me], "an administrator");

        let session = testing::session(&world.access, user).await;
        let ended = AccessChange::Session(world.access.caller(&session).await.unwrap().session);
        world.bearer(&session).send("POST", "/auth/logout", None).await;
        assert_eq!(announced(&mut changes), [ended], "a logout");

        let session = testing::session(&world.access, user).await;
        let ended = AccessChange::Session(world.access.caller(&session).await.unwrap().session);
        admin.patch(&path, json!({"password": "a new password"})).await;
        assert_eq!(announced(&mut changes), [me, ended], "a new password");

        let session = testing::session(&world.access, user).await;
        let ended = AccessChange::Session(world.access.caller(&session).await.unwrap().session);
        admin.patch(&path, json!({"disabled": true})).await;
        assert_eq!(announced(&mut changes), [me, ended], "disabled");

        admin.delete(&path).await;
        assert_eq!(announced(&mut changes), [me], "removed");
        let other = world.member(world.ours, Role::Viewer).await;
        admin.delete(&format!("/companies/{}", world.ours)).await;
        assert_eq!(
            announced(&mut changes),
            [AccessChange::User(other)],
            "a deleted company"
        );

        let token = admin.post("/tokens", json!({"name": "t"})).await.json();
        let id: Id = token["id"].as_str().unwrap().parse().unwrap();
        admin.delete(&format!("/tokens/{id}")).await;
        assert_eq!(
            announced(&mut changes),
            [AccessChange::Session(id)],
            "a token that was revoked"
        );
    }
}

#[tokio::test]
async fn a_change_is_announced_although_its_caller_disconnected() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let mut changes = world.access.changes();
        let user = world.member(world.ours, Role::Viewer).await;
        let path = format!("/companies/{}/members/{user}", world.ours);
        // Cancelled at any point: what was committed is announced, what was not is not.
        for polls in 0..12 {
            {
                let request = admin.put(&path, json!({"role": "analyst"}));
                tokio::pin!(request);
                for _ in 0..polls {
                    let waited = tokio::time::timeout(std::time::Duration::from_millis(1), &mut request);
                    if waited.await.is_ok() {
                        break;
                    }
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let sql = "select role from memberships where user_id = $1";
            let role: Option<(Role,)> = world
                .store
                .read(move |tx| tx.one(sql, store::params![user]))
                .await
                .unwrap_or_else(|error: store::Error| panic!("{error}"));
            let expected = match role {
                Some((Role::Analyst,)) => vec![AccessChange::User(user)],
                _ => Vec::new(),
            };
            assert_eq!(announced(&mut changes), expected, "{} after {polls}", world.name);
            testing::member(&world.store, world.ours, user, Role::Viewer).await;
        }
    }
}
