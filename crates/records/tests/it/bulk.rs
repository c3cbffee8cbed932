//! The same change of many findings: all or none, an event for each, and one that people hear of.

use base::{Event, Id};
use serde_json::{Value, json};

use crate::world::World;

async fn findings(world: &World, severities: &[&str]) -> Vec<Id> {
    let mut ids = Vec::new();
    for severity in severities {
        let path = world
            .finding(json!({"severity": severity, "title": severity}))
            .await;
        ids.push(path.strip_prefix("/findings/").unwrap().parse().unwrap());
    }
    ids
}

/// The event that people hear of, if it is the only one that is not bundled; the others are of one bundle.
#[track_caller]
fn told(events: &[Event], each: usize) -> &Event {
    let told: Vec<_> = events.iter().filter(|event| event.bundle.is_none()).collect();
    let [told] = told.as_slice() else {
        panic!("{events:?}");
    };
    let bundled: Vec<_> = events.iter().filter_map(|event| event.bundle).collect();
    assert_eq!(bundled.len(), each);
    assert!(bundled.iter().all(|bundle| *bundle == bundled[0]));
    told
}

// promise: B1
// promise: B2
#[tokio::test]
async fn many_are_assigned_in_one_go_and_whoever_is_new_is_told_once() {
    for world in World::all().await {
        let ids = findings(&world, &["low", "critical", "medium"]).await;
        let body = json!({"user_ids": [world.viewer.id]});
        world
            .post(&world.analyst, &format!("/findings/{}/assignees", ids[0]), body)
            .await
            .expect(200);
        world.events().await;
        let (user, team) = (world.analyst.id, world.team);
        let body = json!({"finding_ids": [ids[0], ids[1], ids[2], ids[1]], "user_ids": [user, world.viewer.id],
            "team_ids": [team]});
        let done = world
            .post(&world.manager, "/findings/bulk/assignees", body.clone())
            .await
            .expect(200);
        assert_eq!(done, json!({"changed": 3, "unchanged": 0}));
        let events = world.events().await;
        let told = told(&events, 3);
        assert_eq!(told.kind.name(), "finding.assigned");
        assert_eq!(
            (told.subject.id, told.text("title")),
            (ids[1], Some("critical")),
            "the worst"
        );
        // One event tells of all of them: none leads from the step of a single one.
        let path = format!("/findings/{}/history", ids[1]);
        let history = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(history["items"][0]["event_id"], Value::Null);
        let mut users = [user, world.viewer.id];
        users.sort_unstable();
        assert_eq!(
            (told.assignee_users.as_slice(), &told.assignee_teams),
            (users.as_slice(), &vec![team])
        );
        assert_eq!(told.data["count"], 3);
        assert_eq!(told.data["finding_ids"], json!(ids));
        let done = world
            .post(&world.manager, "/findings/bulk/assignees", body)
            .await
            .expect(200);
        assert_eq!(done, json!({"changed": 0, "unchanged": 3}));
        assert_eq!(world.kinds().await, [""; 0]);
        for id in &ids {
            let view = world
                .get(&world.viewer, &format!("/findings/{id}"))
                .await
                .expect(200);
            assert_eq!(view["assignees"]["users"].as_array().unwrap().len(), 2);
        }
    }
}

#[tokio::test]
async fn to_add_leaves_those_who_see_to_it_and_only_to_remove_tells_nobody() {
    for world in World::all().await {
        let ids = findings(&world, &["low", "high"]).await;
        let first = json!({"finding_ids": [ids[0]], "user_ids": [world.viewer.id]});
        world
            .post(&world.analyst, "/findings/bulk/assignees", first)
            .await
            .expect(200);
        world.events().await;
        let add = json!({"finding_ids": ids, "user_ids": [world.analyst.id], "add": true});
        world
            .post(&world.analyst, "/findings/bulk/assignees", add)
            .await
            .expect(200);
        let events = world.events().await;
        assert_eq!(told(&events, 2).assignee_users, [world.analyst.id]);
        let view = world
            .get(&world.viewer, &format!("/findings/{}", ids[0]))
            .await
            .expect(200);
        assert_eq!(view["assignees"]["users"].as_array().unwrap().len(), 2);
        let none = json!({"finding_ids": ids});
        let done = world
            .post(&world.analyst, "/findings/bulk/assignees", none)
            .await
            .expect(200);
        assert_eq!(done["changed"], 2);
        let events = world.events().await;
        assert!(
            events
                .iter()
                .all(|event| event.kind.name() == "finding.updated" && event.bundle.is_some())
        );
    }
}

#[tokio::test]
async fn many_are_moved_in_one_go_and_whoever_sees_to_one_is_told_once() {
    for world in World::all().await {
        let ids = findings(&world, &["low", "urgent", "high"]).await;
        let assign = json!({"finding_ids": [ids[0], ids[2]], "user_ids": [world.analyst.id]});
        world
            .post(&world.manager, "/findings/bulk/assignees", assign)
            .await
            .expect(200);
        let one = json!({"status": "in_progress"});
        world
            .post(&world.analyst, &format!("/findings/{}/status", ids[0]), one)
            .await
            .expect(200);
        world.events().await;
        let body = json!({"finding_ids": ids, "status": "in_progress", "comment": "Sprint 12"});
        let done = world
            .post(&world.manager, "/findings/bulk/status", body)
            .await
            .expect(200);
        assert_eq!(done, json!({"changed": 2, "unchanged": 1}));
        let events = world.events().await;
        let told = told(&events, 2);
        assert_eq!(told.kind.name(), "finding.status_changed");
        assert_eq!((told.subject.id, &told.data["count"]), (ids[1], &json!(2)));
        assert_eq!(told.assignee_users, [world.analyst.id]);
        assert_eq!(told.text("comment"), Some("Sprint 12"));
    }
}

#[tokio::test]
async fn all_or_none_and_nothing_outside_of_the_scope() {
    for world in World::all().await {
        let ids = findings(&world, &["low", "high"]).await;
        let theirs = json!({"company_id": world.theirs, "title": "x", "severity": "low"});
        let theirs = world.post(&world.stranger, "/findings", theirs).await.expect(201)["id"].clone();
        let moved = json!({"status": "false_positive", "comment": "A test."});
        world
            .post(&world.analyst, &format!("/findings/{}/status", ids[1]), moved)
            .await
            .expect(200);
        world.events().await;
        let status = |ids: Value| json!({"finding_ids": ids, "status": "in_progress"});
        let assign = |ids: Value| json!({"finding_ids": ids, "user_ids": [world.analyst.id]});
        for (path, body) in [("status", status as fn(Value) -> Value)] {
            let path = format!("/findings/bulk/{path}");
            let problem = world
                .post(&world.analyst, &path, body(json!(ids)))
                .await
                .problem(409);
            assert!(problem["detail"].as_str().unwrap().contains(&ids[1].to_string()));
            // promise: H1
            let accept = json!({"finding_ids": [ids[0]], "status": "accepted_risk", "comment": "x"});
            let problem = world.post(&world.manager, &path, accept).await.problem(409);
            assert!(problem["detail"].as_str().unwrap().contains("/approvals"));
            world
                .post(&world.analyst, &path, body(json!([ids[0], theirs])))
                .await
                .problem(404);
            world
                .post(&world.viewer, &path, body(json!([ids[0]])))
                .await
                .problem(403);
            assert_eq!(
                world.post(&world.analyst, &path, body(json!([]))).await.fields(),
                ["finding_ids"]
            );
            let many: Vec<Id> = (0..1001).map(|_| world.clock.id()).collect();
            assert_eq!(
                world
                    .post(&world.analyst, &path, body(json!(many)))
                    .await
                    .fields(),
                ["finding_ids"]
            );
        }
        let path = "/findings/bulk/assignees";
        world
            .post(&world.analyst, path, assign(json!([ids[0], theirs])))
            .await
            .problem(404);
        let stranger = json!({"finding_ids": [ids[0]], "user_ids": [world.stranger.id]});
        assert_eq!(
            world.post(&world.analyst, path, stranger).await.fields(),
            ["user_ids[0]"]
        );
        let nested = json!({"finding_ids": [ids[0]], "team_ids": [world.their_team]});
        assert_eq!(
            world.post(&world.analyst, path, nested).await.fields(),
            ["team_ids[0]"]
        );
        assert_eq!(world.kinds().await, [""; 0]);
        let view = world
            .get(&world.viewer, &format!("/findings/{}", ids[0]))
            .await
            .expect(200);
        assert_eq!(view["status"], "open");
    }
}

#[tokio::test]
async fn a_thousand_are_moved_in_one_transaction() {
    for world in World::all().await {
        let company = world.ours;
        let ids = world
            .store
            .write(move |tx| {
                let by = records::By::SYSTEM;
                let place = records::Place::find(tx, &base::Scope::All, company, None)?;
                let settings = records::Settings::default();
                let context = records::findings::Context {
                    settings: &settings,
                    by: &by,
                };
                (0..1_000)
                    .map(|n| {
                        let new = records::findings::New::titled(format!("f{n}"), base::Severity::Low);
                        records::findings::create(tx, new, &place, context).map(|finding| finding.id)
                    })
                    .collect::<Result<Vec<Id>, access::Problem>>()
            })
            .await
            .unwrap();
        world.events().await;
        let body = json!({"finding_ids": ids, "status": "in_progress"});
        let done = world
            .post(&world.analyst, "/findings/bulk/status", body)
            .await
            .expect(200);
        assert_eq!(done["changed"], 1_000);
        let events = world.events().await;
        assert_eq!(told(&events, 1_000).data["count"], 1_000);
    }
}
