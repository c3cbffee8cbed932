//! A company's message settings.

use access::{Role, directory, testing};
use base::Scope;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_manager_hides_message_details_and_renaming_keeps_that() {
    for world in World::each().await {
        let (ours, theirs) = (world.ours, world.theirs);
        let path = format!("/companies/{ours}");
        let manager = world.member(ours, Role::Manager).await;
        let token = testing::token(&world.access, manager).await;
        let manager = world.bearer(&token);
        let company = manager.get(&path).await.json();
        assert_eq!(company["minimal_messages"], false);
        let answer = manager.patch(&path, json!({"minimal_messages": true})).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["minimal_messages"], true);
        let admin = world.as_admin().await;
        let renamed = admin.patch(&path, json!({"name": "Renamed"})).await.json();
        assert_eq!(
            (&renamed["name"], &renamed["minimal_messages"]),
            (&json!("Renamed"), &json!(true))
        );
        for (scope, expected) in [(Scope::All, vec![ours]), (Scope::of([theirs]), vec![])] {
            let minimal = world
                .store
                .read(move |tx| directory::with_minimal_messages(tx, &scope))
                .await;
            assert_eq!(minimal.unwrap(), expected);
        }
        let back = manager
            .patch(&path, json!({"minimal_messages": false}))
            .await
            .json();
        assert_eq!(
            (&back["name"], &back["minimal_messages"]),
            (&json!("Renamed"), &json!(false))
        );
    }
}
