//! Risk acceptances: who may decide them and on which version, what happens when the finding becomes more severe or
//! goes, and acceptances from before an approval was required.

use base::{Event, Id};
use records::{Settings, approvals};
use serde_json::{Value, json};
use store::params;

use testkit::text;

use crate::world::{Person, World};

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn people(people: &[&Person]) -> Vec<Id> {
    let mut ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    ids.sort_unstable();
    ids
}

fn named(event: &Event) -> Vec<Id> {
    let mut ids = event.assignee_users.clone();
    ids.sort_unstable();
    ids
}

async fn finding(world: &World, path: &str) -> Value {
    world.get(&world.viewer, path).await.expect(200)
}

async fn set(world: &World, sql: &'static str, path: &str) {
    let id = id(path).to_owned();
    let written = world.store.write(move |tx| tx.execute(sql, params![id]));
    assert_eq!(written.await.unwrap(), 1);
}

async fn expire(world: &World) -> usize {
    let expired = world
        .store
        .write(|tx| approvals::expire(tx, Settings::default(), 100));
    expired.await.unwrap()
}

/// A finding of ours that was accepted in the earlier way.
async fn accepted_before(world: &World, fields: Value) -> String {
    let path = world.finding(fields).await;
    set(
        world,
        "update findings set status = 'accepted_risk', clock_at = 0 where id = $1",
        &path,
    )
    .await;
    path
}

// promise: H1
#[tokio::test]
async fn a_risk_is_accepted_only_through_an_approved_request() {
    for world in World::all().await {
        let path = world.finding(json!({})).await;
        world.events().await;
        let body = json!({"status": "accepted_risk", "comment": "For now."});
        for who in [&world.analyst, &world.manager, &world.admin] {
            let problem = world.post(who, &format!("{path}/status"), body.clone()).await;
            let detail = text(&problem.problem(409)["detail"]);
            assert!(detail.contains("/approvals"), "{detail}");
        }
        let request = world.request(&path, 30).await;
        world
            .post(&world.analyst, &format!("{path}/status"), body.clone())
            .await
            .problem(409);
        world
            .decide(&world.manager, &request, "rejected")
            .await
            .expect(200);
        world
            .post(&world.analyst, &format!("{path}/status"), body)
            .await
            .problem(409);
        assert_eq!(finding(&world, &path).await["status"], "open");
        world.accept(&path, 30).await;
        let view = finding(&world, &path).await;
        assert_eq!(
            (&view["status"], &view["accepted_without_approval"]),
            (&json!("accepted_risk"), &json!(false))
        );
    }
}

// promise: H2
#[tokio::test]
async fn a_decision_refers_to_the_version_that_was_read() {
    for world in World::all().await {
        let path = world.finding(json!({"severity": "low"})).await;
        let request = world.request(&path, 1).await;
        let decide = format!("{request}/decision");
        let read = world.get(&world.manager, &request).await.expect(200);
        assert_eq!(read["version"], 1);
        for body in [
            json!({"decision": "approved"}),
            json!({"decision": "approved", "version": null}),
        ] {
            let refused = world.post(&world.manager, &decide, body).await;
            assert_eq!(refused.fields(), ["version"]);
        }
        // The requester changes the request after it was read.
        let change = json!({"reason": "For ever", "expires_at": world.in_days(9_000)});
        world.patch(&world.analyst, &request, change).await.expect(200);
        world.events().await;
        let stale = json!({"decision": "approved", "version": read["version"]});
        world.post(&world.manager, &decide, stale).await.problem(409);
        // Or makes the finding more severe than what was read.
        let read = world.get(&world.manager, &request).await.expect(200);
        assert_eq!(read["version"], 2);
        world
            .patch(&world.analyst, &path, json!({"severity": "urgent"}))
            .await
            .expect(200);
        let events = world.events().await;
        let reread = events.last().unwrap();
        assert_eq!(reread.kind.name(), "approval.updated");
        assert_eq!(named(reread), people(&[&world.manager]));
        let stale = json!({"decision": "rejected", "version": read["version"]});
        world.post(&world.manager, &decide, stale).await.problem(409);
        assert_eq!(world.kinds().await, [""; 0]);
        assert_eq!(finding(&world, &path).await["status"], "open");
        let decided = world
            .decide(&world.manager, &request, "approved")
            .await
            .expect(200);
        assert_eq!(
            (&decided["version"], &decided["accepted_severity"]),
            (&json!(4), &json!("urgent"))
        );
    }
}

// promise: H2
#[tokio::test]
async fn a_user_who_changed_a_request_cannot_decide_it_and_is_not_asked_to() {
    for world in World::all().await {
        let other = world.manager_of(world.ours, "other").await;
        let path = world.finding(json!({})).await;
        let request = world.request(&path, 5).await;
        let change = json!({"expires_at": world.in_days(300)});
        world.patch(&world.manager, &request, change).await.expect(200);
        let events = world.events().await;
        let updated = events.last().unwrap();
        assert_eq!(updated.kind.name(), "approval.updated");
        assert_eq!(named(updated), people(&[&other]), "those who may still decide");
        world
            .decide(&world.manager, &request, "approved")
            .await
            .problem(403);
        world
            .decide(&world.analyst, &request, "approved")
            .await
            .problem(403);
        let view = world.decide(&other, &request, "approved").await.expect(200);
        assert_eq!(view["decided_by"]["name"], "other", "{}", world.database);
    }
}

// promise: H4
#[tokio::test]
async fn a_finding_more_severe_than_accepted_is_announced_once_per_increase() {
    for world in World::all().await {
        let path = world.finding(json!({"severity": "medium"})).await;
        let request = world.accept(&path, 60).await;
        let outgrown = async |severity: &str| {
            world.events().await;
            world
                .patch(&world.admin, &path, json!({"severity": severity}))
                .await
                .expect(200);
            let events = world.events().await;
            let announced: Vec<Event> = events
                .into_iter()
                .filter(|event| event.kind.name() == "approval.outgrown")
                .collect();
            let view = world.get(&world.viewer, &request).await.expect(200);
            assert_eq!(view["severity"], severity);
            assert_eq!(view["accepted_severity"], "medium");
            (announced, view["outgrown"].as_bool().unwrap())
        };
        // Up to the accepted severity nothing is announced; above it each increase is announced once.
        for (severity, rises, is_outgrown) in [
            ("low", 0, false),
            ("medium", 0, false),
            ("high", 1, true),
            ("high", 0, true),
            ("urgent", 1, true),
            ("high", 0, true),
            ("medium", 0, false),
        ] {
            let (announced, flag) = outgrown(severity).await;
            assert_eq!((announced.len(), flag), (rises, is_outgrown), "{severity}");
            for event in announced {
                assert_eq!(named(&event), people(&[&world.analyst, &world.manager]));
                assert_eq!(event.text("finding_severity"), Some(severity));
                assert_eq!(event.text("accepted_severity"), Some("medium"));
                assert_eq!(event.text("finding_id"), Some(id(&path)));
            }
        }
        // After it is withdrawn, nobody is responsible for it.
        let body = json!({"status": "open"});
        world
            .post(&world.analyst, &format!("{path}/status"), body)
            .await
            .expect(200);
        assert!(!outgrown("urgent").await.1, "{}", world.database);
    }
}

// promise: H3
#[tokio::test]
async fn an_expired_acceptance_closes_a_gone_finding_without_an_alarm() {
    for world in World::all().await {
        let user = world.viewer.id;
        let gone = world.finding(json!({"assignee_user_ids": [user]})).await;
        let there = world.finding(json!({})).await;
        let requests = [world.accept(&gone, 10).await, world.accept(&there, 10).await];
        set(&world, "update findings set gone_at = 1 where id = $1", &gone).await;
        assert_ne!(finding(&world, &gone).await["gone_at"], Value::Null);
        world.pass_days(10);
        world.events().await;
        assert_eq!(expire(&world).await, 2);
        let events = world.events().await;
        let of_gone: Vec<_> = events
            .iter()
            .filter(|event| event.text("finding_id") == Some(id(&gone)))
            .collect();
        let kinds: Vec<_> = of_gone.iter().map(|event| event.kind.name()).collect();
        assert_eq!(kinds, ["approval.updated", "finding.status_changed"]);
        assert!(named(of_gone[0]).is_empty(), "nobody needs to do anything");
        let (closed, open) = (finding(&world, &gone).await, finding(&world, &there).await);
        assert_eq!(
            (&closed["status"], &open["status"]),
            (&json!("closed"), &json!("open"))
        );
        assert_eq!(closed["closed_at"], world.in_days(0));
        for request in requests {
            let view = world.get(&world.viewer, &request).await.expect(200);
            assert_eq!(view["status"], "expired");
        }
        // A report that contains it again reopens it, like any finding that an import closed.
        let by_scan = world
            .store
            .read(|tx| tx.all::<(i64,)>("select closed_by_scan from findings where status = 'closed'", &[]));
        assert_eq!(by_scan.await.unwrap(), [(1,)], "{}", world.database);
    }
}

// promise: H5
#[tokio::test]
async fn a_finding_with_a_decided_acceptance_cannot_be_deleted() {
    for world in World::all().await {
        let mut kept = Vec::new();
        for decision in ["approved", "rejected"] {
            let path = world.finding(json!({})).await;
            let request = world.request(&path, 10).await;
            world.decide(&world.manager, &request, decision).await.expect(200);
            kept.push((path, request));
        }
        world.pass_days(10);
        expire(&world).await;
        let asked = world.finding(json!({})).await;
        world.request(&asked, 10).await;
        world.events().await;
        for (path, request) in kept {
            for who in [&world.manager, &world.admin] {
                world.delete(who, &path).await.problem(409);
                world.delete(who, &request).await.problem(409);
            }
            world.get(&world.viewer, &request).await.expect(200);
        }
        assert_eq!(world.kinds().await, [""; 0]);
        // For an undecided one there is nothing to keep.
        world.delete(&world.manager, &asked).await.expect(204);
    }
}

// promise: H1
#[tokio::test]
async fn earlier_acceptances_are_kept_listed_and_expire_in_ninety_days() {
    for world in World::all().await {
        let path = accepted_before(&world, json!({"severity": "low"})).await;
        let with = world.finding(json!({})).await;
        world.accept(&with, 300).await;
        world.events().await;
        let adopt = || world.store.write(|tx| approvals::adopt(tx, 100));
        assert_eq!(adopt().await.unwrap(), 1);
        assert_eq!(adopt().await.unwrap(), 0, "once");
        assert_eq!(world.kinds().await, [""; 0]);
        let view = finding(&world, &path).await;
        assert_eq!(
            (&view["status"], &view["accepted_without_approval"]),
            (&json!("accepted_risk"), &json!(true))
        );
        for (query, expected) in [("true", id(&path)), ("false", id(&with))] {
            let list = format!("/findings?accepted_without_approval={query}");
            assert_eq!(world.get(&world.viewer, &list).await.ids(), [expected]);
            assert_eq!(world.get(&world.stranger, &list).await.ids(), [""; 0]);
        }
        let unapproved = "/approvals?status=unapproved";
        let list = world.get(&world.viewer, unapproved).await.expect(200);
        let held = &list["items"][0];
        assert_eq!(held["expires_at"], world.in_days(90));
        assert_eq!(
            (
                &held["requested_by"],
                &held["decided_by"],
                &held["accepted_severity"]
            ),
            (&Value::Null, &Value::Null, &json!("low"))
        );
        let held = format!("/approvals/{}", text(&held["id"]));
        world.decide(&world.manager, &held, "approved").await.problem(409);
        // It became more severe: the managers of the company are responsible for it.
        world
            .patch(&world.analyst, &path, json!({"severity": "high"}))
            .await
            .expect(200);
        let events = world.events().await;
        let outgrown = events.last().unwrap();
        assert_eq!(outgrown.kind.name(), "approval.outgrown");
        assert_eq!(named(outgrown), people(&[&world.manager]));
        // A request replaces it.
        let request = world.accept(&path, 20).await;
        assert_eq!(
            world.get(&world.viewer, &held).await.expect(200)["status"],
            "ended"
        );
        let view = finding(&world, &path).await;
        assert_eq!(
            (&view["status"], &view["accepted_without_approval"]),
            (&json!("accepted_risk"), &json!(false))
        );
        world.pass_days(20);
        assert_eq!(expire(&world).await, 1);
        let view = world.get(&world.viewer, &request).await.expect(200);
        assert_eq!(view["status"], "expired");
        assert_eq!(
            finding(&world, &path).await["status"],
            "open",
            "{}",
            world.database
        );
    }
}

// promise: H1
#[tokio::test]
async fn an_earlier_acceptance_without_an_approval_is_reopened_when_it_expires() {
    for world in World::all().await {
        let path = accepted_before(&world, json!({})).await;
        let gone = accepted_before(&world, json!({})).await;
        set(&world, "update findings set gone_at = 1 where id = $1", &gone).await;
        let by_hand = accepted_before(&world, json!({})).await;
        let adopted = world.store.write(|tx| approvals::adopt(tx, 100));
        assert_eq!(adopted.await.unwrap(), 3);
        let body = json!({"status": "open"});
        world
            .post(&world.analyst, &format!("{by_hand}/status"), body)
            .await
            .expect(200);
        world.pass_days(90);
        assert_eq!(expire(&world).await, 2);
        for (path, status) in [(path, "open"), (gone, "closed"), (by_hand, "open")] {
            assert_eq!(finding(&world, &path).await["status"], status);
        }
    }
}
