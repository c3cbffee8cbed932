//! The same change of many findings: checked as a whole, one event for each, all in one bundle.

use std::sync::mpsc;

use access::{Role, testing as people};
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

/// The event that represents all of them: the most severe one. All are in one bundle.
#[track_caller]
fn leads(events: &[Event], each: usize) -> &Event {
    let bundled: Vec<_> = events.iter().filter_map(|event| event.bundle).collect();
    assert_eq!((events.len(), bundled.len()), (each, each), "{events:?}");
    assert!(bundled.iter().all(|bundle| *bundle == bundled[0]));
    let leads: Vec<_> = events.iter().filter(|event| event.leads()).collect();
    let [leads] = leads.as_slice() else {
        panic!("{events:?}");
    };
    leads
}

// promise: B1
// promise: B2
#[tokio::test]
async fn many_are_assigned_at_once_and_each_event_has_its_own_assignees() {
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
        let leads = leads(&events, 3);
        assert_eq!(leads.kind.name(), "finding.assigned");
        assert_eq!(
            (leads.subject.id, leads.text("title")),
            (ids[1], Some("critical"))
        );
        let path = format!("/findings/{}/history", ids[1]);
        let history = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(history["items"][0]["event_id"], json!(leads.id));
        // The viewer was already assigned to the first one.
        let mut both = vec![user, world.viewer.id];
        both.sort_unstable();
        for (id, users) in [(ids[0], vec![user]), (ids[1], both.clone()), (ids[2], both)] {
            let event = events.iter().find(|event| event.subject.id == id).unwrap();
            assert_eq!(
                (&event.assignee_users, &event.assignee_teams),
                (&users, &vec![team])
            );
            assert!(
                !event.data.contains_key("finding_ids"),
                "it names no other finding"
            );
        }
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
async fn adding_keeps_the_current_assignees_and_only_removing_notifies_nobody() {
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
        assert_eq!(leads(&events, 2).assignee_users, [world.analyst.id]);
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
async fn many_change_status_at_once_and_each_event_is_about_one_finding() {
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
        let leads = leads(&events, 2);
        assert_eq!(leads.kind.name(), "finding.status_changed");
        assert_eq!((leads.subject.id, leads.assignee_users.len()), (ids[1], 0));
        assert_eq!(leads.text("comment"), Some("Sprint 12"));
        let other = events.iter().find(|event| event.subject.id == ids[2]).unwrap();
        assert_eq!(other.assignee_users, [world.analyst.id]);
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
async fn a_thousand_change_status_in_one_bundle() {
    for world in World::all().await {
        let ids = many(&world, 1_000).await;
        world.events().await;
        let body = json!({"finding_ids": ids, "status": "in_progress"});
        let done = world
            .post(&world.analyst, "/findings/bulk/status", body)
            .await
            .expect(200);
        assert_eq!(done["changed"], 1_000);
        let events = world.events().await;
        leads(&events, 1_000);
    }
}

/// This many findings.
async fn many(world: &World, count: usize) -> Vec<Id> {
    let company = world.ours;
    let made = world.store.write(move |tx| {
        let by = records::By::SYSTEM;
        let place = records::Place::find(tx, &base::Scope::All, company, None)?;
        let settings = records::Settings::default();
        let context = records::findings::Context {
            settings: &settings,
            by: &by,
        };
        (0..count)
            .map(|n| {
                let new = records::findings::New::titled(format!("f{n}"), base::Severity::Low);
                records::findings::create(tx, new, &place, context).map(|finding| finding.id)
            })
            .collect::<Result<Vec<Id>, records::Refused>>()
    });
    let made = made.await.unwrap();
    world.events().await;
    made
}

/// This many users who may see the company.
async fn members(world: &World, count: usize) -> Vec<Id> {
    let mut ids = Vec::new();
    for n in 0..count {
        let user = people::user(&world.store, &format!("p{n}@example.org")).await;
        people::member(&world.store, world.ours, user, Role::Analyst).await;
        ids.push(user);
    }
    ids.sort_unstable();
    ids
}

const OPEN: &str = "select count(*) from open_bundles";

// promise: U3
// promise: O3
#[tokio::test]
async fn a_large_change_is_written_in_portions_of_few_statements() {
    for world in World::all().await {
        let (ids, users) = (many(&world, 90).await, members(&world, 99).await);
        store::testing::count_texts(&world.store);
        let body = json!({"finding_ids": ids, "user_ids": users});
        let path = "/findings/bulk/assignees";
        let done = world.post(&world.analyst, path, body).await.expect(200);
        assert_eq!(done, json!({"changed": 90, "unchanged": 0}));
        let events = world.events().await;
        leads(&events, 90);
        assert!(events.iter().all(|event| event.assignee_users == users));
        let open = world.store.read(|tx| tx.one::<(i64,)>(OPEN, &[])).await.unwrap();
        assert_eq!(open, Some((0,)), "the bundle is complete");
        let counts = world.get(&world.viewer, "/dashboard").await.expect(200);
        assert_eq!(counts["unassigned"], 0, "{counts}");
        // Others are added, some are kept, then all are removed.
        for (users, changed) in [
            (&users[..40], 90),
            (&users[20..], 90),
            (&users[20..], 0),
            (&[], 90),
        ] {
            let body = json!({"finding_ids": ids, "user_ids": users});
            let done = world.post(&world.analyst, path, body).await.expect(200);
            assert_eq!(done["changed"], changed);
            let page = world
                .get(&world.viewer, &format!("/findings/{}", ids[50]))
                .await
                .expect(200);
            assert_eq!(page["assignees"]["users"].as_array().unwrap().len(), users.len());
            let nobody = world
                .get(&world.viewer, "/findings?assignee=none&limit=100")
                .await
                .ids();
            assert_eq!(nobody.len(), if users.is_empty() { 90 } else { 0 });
        }
        let texts = store::testing::count_texts(&world.store);
        assert!(texts < 120, "{}: {texts} texts", world.database);
    }
}

// promise: U3
#[tokio::test]
async fn an_interrupted_change_states_how_far_it_came() {
    let world = World::all().await.remove(0);
    let (ids, users) = (many(&world, 90).await, members(&world, 99).await);
    let (open, opened) = mpsc::channel::<()>();
    let store = world.store.clone();
    let gate = tokio::spawn(async move {
        let opened = std::sync::Arc::new(std::sync::Mutex::new(opened));
        let wait = move |_: &mut store::Tx<'_>| Ok::<_, store::Error>(opened.lock().unwrap().recv().is_ok());
        store.write(wait).await
    });
    let body = json!({"finding_ids": ids, "user_ids": users});
    let path = "/findings/bulk/assignees";
    let change = world.post(&world.analyst, path, body.clone());
    let last = format!("/findings/{}", ids[89]);
    let meanwhile = async {
        while world.store.load().waiting == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // After the first portion, and before the last.
        let delete = world.send(&world.manager, "DELETE", &last, None);
        let release = async {
            while world.store.load().waiting < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            drop(open);
        };
        tokio::join!(delete, release).0
    };
    let (changed, deleted) = tokio::join!(change, meanwhile);
    gate.await.unwrap().unwrap();
    deleted.expect(204);
    let problem = changed.problem(409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("of 90 findings were processed"), "{detail}");
    let open = world.store.read(|tx| tx.one::<(i64,)>(OPEN, &[])).await.unwrap();
    assert_eq!(open, Some((0,)), "no more events are expected");
    let all: Vec<Event> = world.events().await;
    let assigned = all.iter().filter(|event| event.kind.name() == "finding.assigned");
    let done = assigned.count();
    assert!(done > 0 && done < 90, "{done}");
    // The same request does the rest.
    let rest = json!({"finding_ids": ids[..89], "user_ids": users});
    let outcome = world.post(&world.analyst, path, rest).await.expect(200);
    assert_eq!(outcome["unchanged"], done);
}

// promise: U3
#[tokio::test]
async fn a_list_of_many_values_needs_few_statements() {
    for world in World::all().await {
        let far = members(&world, 1).await[0];
        for n in 0..9 {
            let company = people::company(&world.store, &format!("More {n}")).await;
            people::member(&world.store, company, world.viewer.id, Role::Viewer).await;
        }
        let list = |values: &str| format!("/findings?assignee={far}&severity={values}");
        store::testing::count_texts(&world.store);
        for length in 1..=200_usize {
            let values = ["low", "high", "urgent"].repeat(length)[..length].join(",");
            world.get(&world.viewer, &list(&values)).await.expect(200);
        }
        for length in [4_000, 8_000] {
            let values = vec!["low"; length].join(",");
            world.get(&world.viewer, &list(&values)).await.expect(200);
            let values = vec!["lower"; length].join(",");
            let refused = world.get(&world.viewer, &list(&values)).await;
            assert_eq!(refused.fields(), ["severity"]);
        }
        let texts = store::testing::count_texts(&world.store);
        assert!(texts < 20, "{}: {texts} texts", world.database);
    }
}
