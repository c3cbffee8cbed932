//! Comments on a finding: who is notified, and who may change them.

use serde_json::{Value, json};

use testkit::text;

use crate::world::World;

// promise: B1
// promise: B2
#[tokio::test]
async fn a_comment_notifies_assignees_and_earlier_commenters() {
    for world in World::all().await {
        let finding = world
            .finding(json!({"assignee_user_ids": [world.viewer.id]}))
            .await;
        let path = format!("{finding}/comments");
        world.events().await;
        let made = world
            .post(
                &world.analyst,
                &path,
                json!({"body": " Is it <b>reachable</b>?\r\n"}),
            )
            .await
            .expect(201);
        assert_eq!(made["body"], "Is it <b>reachable</b>?");
        assert_eq!(made["author"]["name"], "analyst");
        let event = world.event("finding.commented", &world.analyst, &finding).await;
        assert_eq!(event.assignee_users, [world.viewer.id]);
        assert_eq!(event.data["comment_id"], made["id"]);
        world.pass_days(1);
        world
            .post(&world.manager, &path, json!({"body": "Yes."}))
            .await
            .expect(201);
        let event = world.event("finding.commented", &world.manager, &finding).await;
        let mut heard = [world.viewer.id, world.analyst.id];
        heard.sort_unstable();
        assert_eq!(event.assignee_users, heard);
        let page = world.get(&world.viewer, &path).await.expect(200);
        let bodies: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["body"]))
            .collect();
        assert_eq!(bodies, ["Yes.", "Is it <b>reachable</b>?"]);
        world.get(&world.stranger, &path).await.problem(404);
    }
}

#[tokio::test]
async fn only_its_author_edits_a_comment_and_a_manager_may_delete_it() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        let other = world.finding(json!({})).await;
        let path = format!("{finding}/comments");
        let made = world
            .post(&world.analyst, &path, json!({"body": "x"}))
            .await
            .expect(201);
        let id = text(&made["id"]);
        let own = format!("{path}/{id}");
        world.events().await;
        let change = json!({"body": "y"});
        world
            .patch(&world.manager, &own, change.clone())
            .await
            .problem(403);
        world
            .patch(&world.stranger, &own, change.clone())
            .await
            .problem(404);
        world
            .patch(&world.analyst, &format!("{other}/comments/{id}"), change.clone())
            .await
            .problem(404);
        for bad in [
            json!({"body": " "}),
            json!({"body": "x".repeat(2001)}),
            json!({"body": "a\0"}),
        ] {
            assert_eq!(
                world.post(&world.analyst, &path, bad.clone()).await.fields(),
                ["body"]
            );
            assert_eq!(world.patch(&world.analyst, &own, bad).await.fields(), ["body"]);
        }
        world
            .post(&world.viewer, &path, change.clone())
            .await
            .problem(403);
        assert_eq!(world.kinds().await, [""; 0]);
        world
            .patch(&world.analyst, &own, change.clone())
            .await
            .expect(200);
        let event = world.event("finding.updated", &world.analyst, &finding).await;
        assert_eq!(event.data["changed"], json!(["comments"]));
        world.patch(&world.analyst, &own, change).await.expect(200);
        assert_eq!(world.kinds().await, [""; 0]);
        let colleague = world.member(world.ours, "colleague").await;
        world.delete(&colleague, &own).await.problem(403);
        world.delete(&world.manager, &own).await.expect(204);
        world.event("finding.updated", &world.manager, &finding).await;
        let page = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(page, json!({"items": [], "next_cursor": Value::Null}));
        world.delete(&world.manager, &own).await.problem(404);
    }
}
