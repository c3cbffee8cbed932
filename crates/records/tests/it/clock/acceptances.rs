//! Risk acceptances that are about to expire.

use base::{Id, Kind};
use serde_json::json;
use store::params;

use super::{HOUR, announced, hours, id, started, steps};
use crate::world::World;

const EXPIRING: Kind = Kind::ApprovalExpiring;

fn days(days: u64) -> std::time::Duration {
    hours(24 * days)
}

// promise: H3
#[tokio::test]
async fn everyone_involved_is_notified_fourteen_three_and_one_days_before() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = world
            .finding(json!({
                "severity": "informational",
                "assignee_user_ids": [world.viewer.id], "assignee_team_ids": [world.team],
            }))
            .await;
        let request = world.accept(&path, 30).await;
        let end = world.clock.now().after(days(30));
        world.events().await;
        for before in [14, 3, 1] {
            let at = end.before(days(before));
            assert_eq!(
                clock.catch_up().await.unwrap(),
                Some(at),
                "{}: {before}",
                world.database
            );
            world.clock.set(at);
            let events = announced(&world, &mut clock).await;
            let [event] = events.as_slice() else {
                panic!("{}: {events:?}", world.database)
            };
            assert_eq!(event.kind, EXPIRING);
            assert_eq!(event.subject.id, id(&request));
            let mut users = event.assignee_users.clone();
            users.sort_unstable();
            let mut expected = [world.viewer.id, world.analyst.id, world.manager.id];
            expected.sort_unstable();
            assert_eq!(users, expected, "the assignee, the requester, the approver");
            assert_eq!(event.assignee_teams, [world.team]);
            for (key, value) in [
                ("step_hours", json!(24 * before)),
                ("hours_left", json!(24 * before)),
                ("expires_at", json!(end)),
                ("finding_id", json!(id(&path))),
                ("title", json!("SQL injection")),
            ] {
                assert_eq!(event.data[key], value, "{key}");
            }
            assert_eq!(steps(&world, &mut clock).await, [], "once");
        }
        assert_eq!(clock.catch_up().await.unwrap(), Some(end));
        world.clock.set(end);
        let kinds: Vec<_> = announced(&world, &mut clock)
            .await
            .iter()
            .map(|event| event.kind)
            .collect();
        assert_eq!(kinds, [Kind::ApprovalExpired, Kind::FindingReopened]);
    }
}

// promise: H3
#[tokio::test]
async fn a_jump_of_the_clock_and_a_restart_announce_one_step_and_none_twice() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = world.finding(json!({"severity": "informational"})).await;
        world.accept(&path, 30).await;
        let end = world.clock.now().after(days(30));
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.set(end.before(days(2)));
        assert_eq!(steps(&world, &mut clock).await, [(EXPIRING, 72)]);
        let mut clock = started(&world).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.set(end.before(days(20)));
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.set(end.before(days(13)));
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
        world.clock.set(end.before(HOUR));
        let (mut one, mut other) = (started(&world).await, started(&world).await);
        world.events().await;
        let (first, second) = tokio::join!(one.catch_up(), other.catch_up());
        first.unwrap();
        second.unwrap();
        let kinds = world.kinds().await;
        assert_eq!(kinds, ["approval.expiring"], "{}", world.database);
    }
}

// promise: H3
#[tokio::test]
async fn an_ended_acceptance_or_a_gone_finding_is_not_announced() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let (gone, opened) = (world.finding(json!({})).await, world.finding(json!({})).await);
        world.accept(&gone, 30).await;
        world.accept(&opened, 30).await;
        let finding: Id = id(&gone);
        let sql = "update findings set gone_at = 1 where id = $1";
        let set = world.store.write(move |tx| tx.execute(sql, params![finding]));
        set.await.unwrap();
        super::move_to(&world, &opened, &["open", "in_progress", "retest", "closed"]).await;
        world.pass_days(29);
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
    }
}

// promise: H1, H3
#[tokio::test]
async fn a_start_sets_an_expiry_for_earlier_acceptances_and_notifies_the_managers() {
    for world in World::all().await {
        let path = world.finding(json!({"severity": "informational"})).await;
        let finding: Id = id(&path);
        let sql = "update findings set status = 'accepted_risk', clock_at = 0 where id = $1";
        let set = world.store.write(move |tx| tx.execute(sql, params![finding]));
        set.await.unwrap();
        let mut clock = started(&world).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        world.pass_days(76);
        let mut clock = started(&world).await;
        let events = announced(&world, &mut clock).await;
        let [event] = events.as_slice() else {
            panic!("{}: {events:?}", world.database)
        };
        assert_eq!(event.kind, EXPIRING);
        assert_eq!(event.data["step_hours"], 24 * 14);
        assert_eq!(event.assignee_users, [world.manager.id]);
    }
}
