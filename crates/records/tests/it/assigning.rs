//! The assignees of a finding, and who is notified.

use access::testing;
use base::Id;
use serde_json::{Value, json};

use crate::world::World;

async fn assign(world: &World, path: &str, users: &[Id], teams: &[Id]) -> Value {
    let body = json!({"user_ids": users, "team_ids": teams});
    let answer = world
        .post(&world.analyst, &format!("{path}/assignees"), body)
        .await
        .expect(200);
    let ids = |field: &str| -> Vec<Value> {
        let named = answer["assignees"][field].as_array().unwrap();
        named.iter().map(|one| one["id"].clone()).collect()
    };
    let mut sorted: [Vec<Id>; 2] = [users.to_vec(), teams.to_vec()];
    for ids in &mut sorted {
        ids.sort_unstable();
        ids.dedup();
    }
    assert_eq!(json!([ids("users"), ids("teams")]), json!(sorted), "{answer}");
    assert_eq!(world.get(&world.viewer, path).await.expect(200), answer);
    answer
}

// promise: B1
#[tokio::test]
async fn an_assignment_notifies_only_new_assignees() {
    for world in World::all().await {
        let (viewer, manager) = (world.viewer.id, world.manager.id);
        let green = testing::team(&world.access, world.ours, "Green", &[]).await;
        let path = world.finding(json!({})).await;
        world.events().await;
        // The assignees, and who is notified: none for no assignment.
        let steps: [[&[Id]; 4]; 4] = [
            [&[viewer], &[world.team], &[viewer], &[world.team]],
            [&[manager, viewer], &[world.team], &[manager], &[]],
            [&[manager], &[world.team, green], &[], &[green]],
            [&[manager, viewer, viewer], &[green], &[viewer], &[]],
        ];
        for [users, teams, new_users, new_teams] in steps {
            world.pass_days(1);
            let view = assign(&world, &path, users, teams).await;
            assert_eq!(view["updated_at"], world.in_days(0));
            let event = world.event("finding.assigned", &world.analyst, &path).await;
            assert_eq!(event.assignee_users, new_users, "{}", world.database);
            assert_eq!(event.assignee_teams, new_teams, "{}", world.database);
            let whole = |field: &str| -> Vec<Value> {
                let named = view["assignees"][field].as_array().unwrap();
                named.iter().map(|one| one["id"].clone()).collect()
            };
            assert_eq!(event.data["assignee_user_ids"], json!(whole("users")));
            assert_eq!(event.data["assignee_team_ids"], json!(whole("teams")));
        }
    }
}

#[tokio::test]
async fn the_same_set_again_emits_nothing_and_a_removal_is_not_an_assignment() {
    for world in World::all().await {
        let (viewer, manager) = (world.viewer.id, world.manager.id);
        let path = world.finding(json!({})).await;
        assign(&world, &path, &[viewer, manager], &[world.team]).await;
        world.events().await;
        let before = world.get(&world.viewer, &path).await.expect(200);
        world.pass_days(1);
        assert_eq!(
            assign(&world, &path, &[manager, viewer], &[world.team]).await,
            before
        );
        assert_eq!(world.kinds().await, [""; 0]);
        assign(&world, &path, &[manager], &[world.team]).await;
        let event = world.event("finding.updated", &world.analyst, &path).await;
        assert_eq!(event.data["changed"], json!(["assignees"]));
        assert_eq!(event.assignee_users, [manager]);
        // An empty body removes everyone.
        let body = json!({});
        world
            .post(&world.analyst, &format!("{path}/assignees"), body)
            .await
            .expect(200);
        let event = world.event("finding.updated", &world.analyst, &path).await;
        assert!(event.assignee_users.is_empty() && event.assignee_teams.is_empty());
    }
}

// promise: F6
#[tokio::test]
async fn nobody_outside_the_company_can_be_assigned() {
    for world in World::all().await {
        let gone = world.member(world.ours, "gone").await.id;
        testing::leave(&world.store, world.ours, gone).await;
        let disabled = world.member(world.ours, "disabled").await.id;
        testing::disable(&world.store, disabled).await;
        let path = world.finding(json!({})).await;
        let before = world.get(&world.viewer, &path).await.expect(200);
        world.events().await;
        let (analyst, nobody) = (world.analyst.id, world.clock.id());
        for (users, teams, fields) in [
            (vec![analyst, world.stranger.id], vec![], vec!["user_ids[1]"]),
            (
                vec![nobody, gone, analyst, disabled],
                vec![],
                vec!["user_ids[0]", "user_ids[1]", "user_ids[3]"],
            ),
            (vec![], vec![world.team, world.their_team], vec!["team_ids[1]"]),
            (
                vec![world.team],
                vec![analyst],
                vec!["user_ids[0]", "team_ids[0]"],
            ),
            (vec![analyst; 101], vec![], vec!["user_ids"]),
            (vec![], vec![world.team; 101], vec!["team_ids"]),
        ] {
            let body = json!({"user_ids": users, "team_ids": teams});
            let to = format!("{path}/assignees");
            assert_eq!(world.post(&world.analyst, &to, body).await.fields(), fields);
            let body = json!({"assignee_user_ids": users, "assignee_team_ids": teams});
            let fields: Vec<_> = fields.iter().map(|field| format!("assignee_{field}")).collect();
            assert_eq!(
                world.patch(&world.analyst, &path, body.clone()).await.fields(),
                fields
            );
            let mut new = json!({"company_id": world.ours, "title": "x", "severity": "low"});
            crate::world::over(&mut new, body);
            assert_eq!(
                world.post(&world.analyst, "/findings", new).await.fields(),
                fields
            );
        }
        assert_eq!(world.kinds().await, [""; 0]);
        assert_eq!(world.get(&world.viewer, &path).await.expect(200), before);
        // An administrator may see every company.
        assign(&world, &path, &[world.admin.id], &[]).await;
    }
}

#[tokio::test]
async fn changing_only_the_teams_leaves_the_users_unchanged() {
    for world in World::all().await {
        let gone = world.member(world.ours, "gone").await.id;
        let path = world.finding(json!({"assignee_user_ids": [gone]})).await;
        testing::leave(&world.store, world.ours, gone).await;
        world.events().await;
        let body = json!({"assignee_team_ids": [world.team]});
        let view = world.patch(&world.analyst, &path, body).await.expect(200);
        assert_eq!(view["assignees"]["users"][0]["id"], json!(gone));
        assert_eq!(view["assignees"]["teams"][0]["id"], json!(world.team));
        let event = world.event("finding.assigned", &world.analyst, &path).await;
        assert!(event.assignee_users.is_empty());
        assert_eq!(event.assignee_teams, [world.team]);
        // Someone who may no longer see the company is rejected when named again.
        let body = json!({"assignee_user_ids": [gone]});
        assert_eq!(
            world.patch(&world.analyst, &path, body).await.fields(),
            ["assignee_user_ids[0]"]
        );
    }
}

#[tokio::test]
async fn a_finding_can_be_created_with_assignees() {
    for world in World::all().await {
        let body = json!({"assignee_user_ids": [world.viewer.id], "assignee_team_ids": [world.team]});
        let path = world.finding(body).await;
        let events = world.events().await;
        let [event] = events.as_slice() else {
            panic!("{}: {events:?}", world.database)
        };
        assert_eq!(event.kind.name(), "finding.created");
        assert!(path.ends_with(&event.subject.id.to_string()));
        assert_eq!(event.actor, Some(world.analyst.id));
        assert_eq!(event.assignee_users, [world.viewer.id]);
        assert_eq!(event.assignee_teams, [world.team]);
        assert_eq!(event.data["assignee_user_ids"], json!([world.viewer.id]));
        assert_eq!(event.text("assigned_by_rule"), None);
        let view = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(view["assignees"]["teams"][0]["id"], json!(world.team));
    }
}
