//! Approvals: requested, decided once by someone else, and expiring at their time.

use std::time::Duration;

use records::{Settings, approvals};
use serde_json::{Value, json};

use testkit::text;

use crate::world::{Person, World};

async fn asked(world: &World, finding: &str, by: &Person) -> String {
    let expires_at = world.in_days(30);
    let body =
        json!({"finding_id": finding_id(finding), "reason": " Behind the VPN ", "expires_at": expires_at});
    let made = world.post(by, "/approvals", body).await.expect(201);
    format!("/approvals/{}", text(&made["id"]))
}

fn finding_id(path: &str) -> &str {
    path.strip_prefix("/findings/").unwrap()
}

async fn status(world: &World, finding: &str) -> String {
    text(&world.get(&world.viewer, finding).await.expect(200)["status"])
}

fn ids(people: &[&Person]) -> Vec<base::Id> {
    people.iter().map(|person| person.id).collect()
}

// promise: B1
// promise: B2
#[tokio::test]
async fn an_approval_is_requested_from_the_managers_and_decided_once_by_someone_else() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        world.events().await;
        let path = asked(&world, &finding, &world.analyst).await;
        let event = world.event("approval.requested", &world.analyst, &path).await;
        assert_eq!(event.assignee_users, ids(&[&world.manager]));
        assert_eq!(event.text("finding_id"), Some(finding_id(&finding)));
        let view = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(view["reason"], "Behind the VPN");
        assert_eq!(view["requested_by"]["name"], "analyst");
        assert_eq!(view["decided_by"], Value::Null);

        let again =
            json!({"finding_id": finding_id(&finding), "reason": "x", "expires_at": world.in_days(1)});
        world.post(&world.manager, "/approvals", again).await.problem(409);
        let decision = json!({"decision": "approved", "comment": "For a month.", "version": 1});
        let decide = format!("{path}/decision");
        world
            .post(&world.analyst, &decide, decision.clone())
            .await
            .problem(403);
        world
            .post(&world.stranger, &decide, decision.clone())
            .await
            .problem(404);
        assert_eq!(world.kinds().await, [""; 0]);

        let view = world
            .post(&world.manager, &decide, decision.clone())
            .await
            .expect(200);
        assert_eq!(view["status"], "approved");
        assert_eq!(view["decided_by"]["name"], "manager");
        assert_eq!(status(&world, &finding).await, "accepted_risk");
        let events = world.events().await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        assert_eq!(kinds, ["finding.status_changed", "approval.decided"]);
        assert_eq!(events[1].assignee_users, ids(&[&world.analyst]));
        world.post(&world.admin, &decide, decision).await.problem(409);
        world.delete(&world.manager, &path).await.problem(409);
        world
            .patch(&world.manager, &path, json!({"reason": "y"}))
            .await
            .problem(409);
        assert_eq!(world.kinds().await, [""; 0]);
    }
}

#[tokio::test]
async fn the_author_of_a_request_cannot_decide_it_and_two_concurrent_decisions_are_one() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        let path = asked(&world, &finding, &world.manager).await;
        let decide = format!("{path}/decision");
        let approve = || json!({"decision": "approved", "version": 1});
        world.post(&world.manager, &decide, approve()).await.problem(403);
        let other = world.member(world.ours, "other").await;
        world.post(&other, &decide, approve()).await.problem(403);
        // The company has no other manager, so the administrators are asked.
        let events = world.events().await;
        let requested = events
            .iter()
            .find(|event| event.kind.name() == "approval.requested");
        assert_eq!(requested.unwrap().assignee_users, ids(&[&world.admin]));

        let (one, two) = tokio::join!(
            world.post(&world.admin, &decide, approve()),
            world.post(
                &world.admin,
                &decide,
                json!({"decision": "rejected", "version": 1})
            )
        );
        let mut outcomes = [one.status.as_u16(), two.status.as_u16()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [200, 409], "{}", world.database);
        let decided = world
            .kinds()
            .await
            .iter()
            .filter(|kind| **kind == "approval.decided")
            .count();
        assert_eq!(decided, 1);
    }
}

#[tokio::test]
async fn a_rejected_request_leaves_the_finding_unchanged_and_allows_another() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        let path = asked(&world, &finding, &world.analyst).await;
        let body = json!({"decision": "rejected", "comment": "Fix it.", "version": 1});
        let view = world
            .post(&world.manager, &format!("{path}/decision"), body)
            .await
            .expect(200);
        assert_eq!(
            (&view["status"], &view["comment"]),
            (&json!("rejected"), &json!("Fix it."))
        );
        assert_eq!(status(&world, &finding).await, "open");
        let next = asked(&world, &finding, &world.analyst).await;
        world.events().await;
        let change = json!({"expires_at": world.in_days(5)});
        world
            .patch(&world.viewer, &next, change.clone())
            .await
            .problem(403);
        world
            .patch(&world.analyst, &next, change.clone())
            .await
            .expect(200);
        world.event("approval.updated", &world.analyst, &next).await;
        world.patch(&world.analyst, &next, change).await.expect(200);
        assert_eq!(world.kinds().await, [""; 0], "nothing differs");
        world.delete(&world.analyst, &next).await.expect(204);
        world.event("approval.deleted", &world.analyst, &next).await;
        world.get(&world.analyst, &next).await.problem(404);
        let list = world.get(&world.viewer, "/approvals?status=rejected").await;
        assert_eq!(list.ids().len(), 1);
        assert_eq!(world.get(&world.stranger, "/approvals").await.ids().len(), 0);
    }
}

#[tokio::test]
async fn an_expired_acceptance_reopens_the_finding_once() {
    for world in World::all().await {
        let user = world.analyst.id;
        let finding = world.finding(json!({"assignee_user_ids": [user]})).await;
        let path = asked(&world, &finding, &world.analyst).await;
        world.decide(&world.manager, &path, "approved").await.expect(200);
        let next = || world.store.read(approvals::next_expiry);
        assert_eq!(
            next().await.unwrap().map(|at| at.to_string()),
            Some(world.in_days(30))
        );
        world
            .clock
            .advance(Duration::from_hours(24 * 30) - Duration::from_nanos(1));
        world.events().await;
        let expire = || {
            world
                .store
                .write(|tx| approvals::expire(tx, Settings::default(), 100))
        };
        assert_eq!(expire().await.unwrap(), 0);
        world.clock.advance(Duration::from_nanos(1));
        let (one, two) = tokio::join!(expire(), expire());
        assert_eq!(one.unwrap() + two.unwrap(), 1, "{}", world.database);
        assert_eq!(status(&world, &finding).await, "open");
        let events = world.events().await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        assert_eq!(kinds, ["approval.expired", "finding.reopened"]);
        assert_eq!(
            events[0].assignee_users,
            [user],
            "once, although they requested it and are assigned"
        );
        assert!(events.iter().all(|event| event.actor.is_none()));
        assert_eq!(
            world.get(&world.viewer, &path).await.expect(200)["status"],
            "expired"
        );
        assert_eq!(next().await.unwrap(), None);
    }
}

#[tokio::test]
async fn reopening_a_finding_by_hand_ends_its_approval() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        let path = asked(&world, &finding, &world.analyst).await;
        world.decide(&world.manager, &path, "approved").await.expect(200);
        world.events().await;
        let body = json!({"status": "open"});
        world
            .post(&world.analyst, &format!("{finding}/status"), body)
            .await
            .expect(200);
        assert_eq!(world.kinds().await, ["approval.updated", "finding.reopened"]);
        assert_eq!(
            world.get(&world.viewer, &path).await.expect(200)["status"],
            "ended"
        );
        asked(&world, &finding, &world.analyst).await;
    }
}

#[tokio::test]
async fn invalid_requests_and_decisions_are_rejected_and_change_nothing() {
    for world in World::all().await {
        let finding = world.finding(json!({})).await;
        let id = finding_id(&finding);
        world.events().await;
        let body = |reason: &str, at: &str| json!({"finding_id": id, "reason": reason, "expires_at": at});
        let (past, future) = (world.in_days(0), world.in_days(1));
        for (body, field) in [
            (body("x", &past), "expires_at"),
            (body(" ", &future), "reason"),
            (body(&"x".repeat(2001), &future), "reason"),
            (body("x", "2300-01-01T00:00:00Z"), "expires_at"),
        ] {
            assert_eq!(
                world.post(&world.analyst, "/approvals", body).await.fields(),
                [field]
            );
        }
        world
            .post(&world.viewer, "/approvals", body("x", &future))
            .await
            .problem(403);
        world
            .post(&world.stranger, "/approvals", body("x", &future))
            .await
            .problem(404);
        assert_eq!(world.kinds().await, [""; 0]);
        let path = asked(&world, &finding, &world.analyst).await;
        for to in ["in_progress", "retest", "closed"] {
            let body = json!({"status": to});
            world
                .post(&world.analyst, &format!("{finding}/status"), body)
                .await
                .expect(200);
        }
        world.events().await;
        world.decide(&world.manager, &path, "approved").await.problem(409);
        assert_eq!(
            world.get(&world.viewer, &path).await.expect(200)["status"],
            "requested"
        );
        assert_eq!(status(&world, &finding).await, "closed");
        assert_eq!(world.kinds().await, [""; 0]);
        world.delete(&world.manager, &finding).await.expect(204);
        world.get(&world.manager, &path).await.problem(404);
    }
}
