//! Responsibility: ownership rules assign new and reopened findings, projects and assets have owners, and all have
//! tags.

use access::{
    Role,
    ownership::{Facts, Match, Rules},
    testing,
};
use base::{Event, Id, Severity};
use serde_json::{Value, json};

use crate::world::World;

/// A rule of ours: what it matches, and whom it names.
type Rule = (Value, Vec<Id>, Vec<Id>);

async fn rules(world: &World, rules: &[Rule]) {
    let rules: Vec<(Match, Vec<Id>, Vec<Id>)> = rules
        .iter()
        .map(|(of, users, teams)| {
            (
                serde_json::from_value(of.clone()).unwrap(),
                users.clone(),
                teams.clone(),
            )
        })
        .collect();
    testing::ownership_rules(&world.store, world.ours, rules).await;
}

async fn only(world: &World) -> Event {
    let events = world.events().await;
    let [event] = events.as_slice() else {
        panic!("{}: {events:?}", world.database)
    };
    event.clone()
}

// promise: O1
#[tokio::test]
async fn a_new_finding_is_assigned_by_the_first_matching_rule() {
    for world in World::all().await {
        let (ana, viewer) = (world.analyst.id, world.viewer.id);
        rules(
            &world,
            &[
                (
                    json!({"tag": "pci", "min_severity": "high"}),
                    vec![viewer],
                    vec![world.team],
                ),
                (json!({"path": "src/"}), vec![ana], vec![]),
                (json!({"path": "src/pay/"}), vec![viewer], vec![]),
            ],
        )
        .await;
        for (fields, rule, users, teams) in [
            (
                json!({"tags": ["PCI"], "severity": "critical"}),
                "rule 1 (tag pci, from high)",
                vec![viewer],
                vec![world.team],
            ),
            (
                json!({"location": "src/pay/a.rs:3"}),
                "rule 2 (path src/)",
                vec![ana],
                vec![],
            ),
        ] {
            let path = world.finding(fields).await;
            let event = only(&world).await;
            assert_eq!(event.kind.name(), "finding.created", "{}", world.database);
            assert_eq!((&event.assignee_users, &event.assignee_teams), (&users, &teams));
            assert_eq!(event.text("assigned_by_rule"), Some(rule));
            assert_eq!(event.data["assignee_user_ids"], json!(users));
            let view = world.get(&world.viewer, &path).await.expect(200);
            assert_eq!(view["assignees"]["users"][0]["id"], json!(users[0]), "{view}");
            let history = world
                .get(&world.viewer, &format!("{path}/history"))
                .await
                .expect(200);
            let changes = history["items"][0]["changes"].as_array().unwrap().clone();
            assert!(
                changes.contains(&json!({"field": "assigned_by_rule", "before": null, "after": rule})),
                "{history}"
            );
            let mine = world
                .get(&world.analyst, "/findings?assignee=none")
                .await
                .expect(200);
            assert_eq!(mine["items"], json!([]), "{}", world.database);
        }
        // No rule matches, or someone was named.
        let path = world.finding(json!({"location": "docs/a.md"})).await;
        assert!(only(&world).await.assignee_users.is_empty());
        let view = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(view["assignees"], json!({"users": [], "teams": []}));
        world
            .finding(json!({"location": "src/a.rs", "assignee_user_ids": [viewer]}))
            .await;
        let event = only(&world).await;
        assert_eq!(
            (event.assignee_users.as_slice(), event.text("assigned_by_rule")),
            (&[viewer][..], None)
        );
    }
}

// promise: O1
#[tokio::test]
async fn what_is_reopened_without_assignees_is_assigned_in_the_same_event() {
    for world in World::all().await {
        let (ana, viewer) = (world.analyst.id, world.viewer.id);
        let path = world.finding(json!({})).await;
        let kept = world.finding(json!({"assignee_user_ids": [viewer]})).await;
        rules(&world, &[(json!({}), vec![ana], vec![world.team])]).await;
        let moved = async |path: &str, status: &str| {
            let body = json!({"status": status, "comment": "Because."});
            world
                .post(&world.manager, &format!("{path}/status"), body)
                .await
                .expect(200)
        };
        moved(&path, "false_positive").await;
        moved(&kept, "false_positive").await;
        assert_eq!(world.kinds().await[2..], ["finding.status_changed"; 2]);
        moved(&path, "open").await;
        let event = world.event("finding.reopened", &world.manager, &path).await;
        assert_eq!(
            (&*event.assignee_users, &*event.assignee_teams),
            (&[ana][..], &[world.team][..])
        );
        assert_eq!(
            (event.text("assigned_by_rule"), event.text("from_status")),
            (Some("rule 1"), Some("false_positive"))
        );
        let history = world
            .get(&world.viewer, &format!("{path}/history"))
            .await
            .expect(200);
        let step = &history["items"][0];
        assert_eq!(
            (&step["to"], step["changes"].as_array().unwrap().len()),
            (&json!("open"), 3),
            "{step}"
        );
        moved(&kept, "open").await;
        let event = world.event("finding.reopened", &world.manager, &kept).await;
        assert_eq!(
            (&*event.assignee_users, event.text("assigned_by_rule")),
            (&[viewer][..], None)
        );

        // Many at once: each with its own assignees.
        let ids: Vec<Value> = [&path, &kept]
            .map(|path| json!(path.strip_prefix("/findings/")))
            .to_vec();
        let many = json!({"finding_ids": ids, "status": "duplicate", "comment": "Because."});
        world
            .post(&world.manager, "/findings/bulk/status", many)
            .await
            .expect(200);
        world
            .post(&world.manager, &format!("{path}/assignees"), json!({}))
            .await
            .expect(200);
        world.events().await;
        let many = json!({"finding_ids": ids, "status": "open"});
        world
            .post(&world.manager, "/findings/bulk/status", many)
            .await
            .expect(200);
        let events = world.events().await;
        let each: Vec<_> = events.iter().filter(|event| event.bundle.is_some()).collect();
        assert!(
            each.iter().all(|event| event.kind.name() == "finding.reopened"),
            "{events:?}"
        );
        let users: Vec<_> = each.iter().map(|event| &*event.assignee_users).collect();
        assert_eq!(users, [&[ana][..], &[viewer][..]], "{}", world.database);
    }
}

#[tokio::test]
async fn a_changed_severity_has_its_own_event() {
    for world in World::all().await {
        let path = world.finding(json!({"severity": "low"})).await;
        world.events().await;
        let body = json!({"severity": "critical", "title": "RCE"});
        world.patch(&world.analyst, &path, body).await.expect(200);
        let event = world
            .event("finding.severity_changed", &world.analyst, &path)
            .await;
        assert_eq!(event.severity, Some(Severity::Critical));
        assert_eq!(event.text("from_severity"), Some("low"));
        assert_eq!(event.data["changed"], json!(["title", "severity", "sla_due_at"]));
        world
            .patch(&world.analyst, &path, json!({"title": "RCE in login"}))
            .await
            .expect(200);
        let event = world.event("finding.updated", &world.analyst, &path).await;
        assert_eq!(event.text("from_severity"), None);
    }
}

// promise: O1
#[tokio::test]
async fn owners_and_tags_are_stored_shown_filtered_and_validated() {
    for world in World::all().await {
        let (ana, stranger) = (world.analyst.id, world.stranger.id);
        for (list, kind) in [("projects", "project"), ("assets", "asset")] {
            let owners = json!({"user_ids": [ana], "team_ids": [world.team]});
            let body =
                json!({"company_id": world.ours, "name": "Shop", "owners": owners, "tags": ["PCI", " web "]});
            let made = world
                .post(&world.manager, &format!("/{list}"), body)
                .await
                .expect(201);
            assert_eq!(made["tags"], json!(["pci", "web"]), "{}", world.database);
            assert_eq!(made["owners"]["user_ids"], json!([ana]));
            assert_eq!(
                made["owners"]["teams"],
                json!([{"id": world.team, "name": "Red"}])
            );
            let path = format!("/{list}/{}", made["id"].as_str().unwrap());
            assert_eq!(world.get(&world.viewer, &path).await.expect(200), made);
            let other = json!({"company_id": world.ours, "name": "Other", "tags": ["web"]});
            world
                .post(&world.manager, &format!("/{list}"), other)
                .await
                .expect(201);
            let page = world
                .get(&world.viewer, &format!("/{list}?tag=PCI"))
                .await
                .expect(200);
            assert_eq!(page["items"], json!([made]), "{}", world.database);
            world.events().await;

            // Omitted owners are unchanged; the same again emits nothing.
            let body = json!({"owners": {"user_ids": []}, "tags": ["api"]});
            let changed = world.patch(&world.manager, &path, body.clone()).await.expect(200);
            assert_eq!(
                (&changed["owners"]["user_ids"], &changed["owners"]["team_ids"]),
                (&json!([]), &json!([world.team]))
            );
            let event = world
                .event(&format!("{kind}.updated"), &world.manager, &path)
                .await;
            assert_eq!(event.data["changed"], json!(["owners", "tags"]));
            assert_eq!(event.data["tags"], json!(["api"]));
            world.patch(&world.manager, &path, body).await.expect(200);
            assert_eq!(world.kinds().await, [""; 0]);
            let page = world
                .get(&world.viewer, &format!("/{list}?tag=pci"))
                .await
                .expect(200);
            assert_eq!(page["items"], json!([]));

            for (body, field) in [
                (
                    json!({"owners": {"user_ids": [ana, stranger]}}),
                    "owners.user_ids[1]",
                ),
                (
                    json!({"owners": {"team_ids": [world.their_team]}}),
                    "owners.team_ids[0]",
                ),
                (json!({"owners": {"admin_ids": []}}), "owners.admin_ids"),
                (json!({"tags": ["a,b"]}), "tags[0]"),
                (json!({"tags": vec!["x"; 21]}), "tags"),
            ] {
                assert_eq!(
                    world.patch(&world.manager, &path, body.clone()).await.fields(),
                    [field]
                );
                let mut new = json!({"company_id": world.ours, "name": "x"});
                crate::world::over(&mut new, body);
                assert_eq!(
                    world
                        .post(&world.manager, &format!("/{list}"), new)
                        .await
                        .fields(),
                    [field]
                );
            }
            assert_eq!(world.get(&world.viewer, &path).await.expect(200), changed);
            world.delete(&world.manager, &path).await.expect(204);
            world.events().await;
        }
    }
}

#[tokio::test]
async fn a_finding_has_tags_and_its_event_has_the_facts_for_rules() {
    for world in World::all().await {
        let asset = json!({"company_id": world.ours, "name": "Web shop"});
        let asset = world.post(&world.analyst, "/assets", asset).await.expect(201);
        let fields = json!({"tags": ["pci"], "location": "src/a.rs:3", "asset_id": asset["id"]});
        let path = world.finding(fields).await;
        let event = world.events().await.pop().unwrap();
        let facts = Facts::of(&event);
        assert_eq!((&*facts.path, &*facts.asset_name), ("src/a.rs", "Web shop"));
        assert_eq!(
            (facts.tags, facts.severity),
            (vec!["pci".to_owned()], Some(Severity::High))
        );
        let page = world.get(&world.viewer, "/findings?tag=Pci").await.expect(200);
        assert_eq!(page["items"][0]["tags"], json!(["pci"]), "{}", world.database);
        let view = world
            .patch(&world.analyst, &path, json!({"tags": ["web", "pci", "web"]}))
            .await
            .expect(200);
        assert_eq!(view["tags"], json!(["pci", "web"]));
        let event = world.event("finding.updated", &world.analyst, &path).await;
        assert_eq!(event.data["changed"], json!(["tags"]));
        world
            .patch(&world.analyst, &path, json!({"tags": []}))
            .await
            .expect(200);
        let page = world.get(&world.viewer, "/findings?tag=pci").await.expect(200);
        assert_eq!(page["items"], json!([]), "{}", world.database);
        let problem = world.patch(&world.analyst, &path, json!({"tags": [""]})).await;
        assert_eq!(problem.fields(), ["tags[0]"]);
    }
}

// promise: F6
#[tokio::test]
async fn former_and_disabled_users_are_not_assigned() {
    for world in World::all().await {
        let gone = world.member(world.ours, "gone").await.id;
        let disabled = world.member(world.ours, "disabled").await.id;
        let manager = testing::user(&world.store, "m@example.org").await;
        testing::member(&world.store, world.ours, manager, Role::Manager).await;
        rules(
            &world,
            &[
                (json!({}), vec![gone], vec![]),
                (json!({}), vec![disabled], vec![]),
                (json!({"min_severity": "low"}), vec![manager, disabled], vec![]),
            ],
        )
        .await;
        testing::leave(&world.store, world.ours, gone).await;
        testing::disable(&world.store, disabled).await;
        world.finding(json!({})).await;
        let event = world.events().await.pop().unwrap();
        assert_eq!(event.assignee_users, [manager], "{}", world.database);
        assert_eq!(event.text("assigned_by_rule"), Some("rule 3 (from low)"));
        let ours = world.ours;
        let current = world
            .store
            .read(move |tx| Rules::current(tx, &[ours]))
            .await
            .unwrap();
        assert_eq!(current[&ours].len(), 3);
    }
}
