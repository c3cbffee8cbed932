//! Steps before one deadline, forwards and backwards.

use std::time::Duration;

use base::{Audience, Kind, Time};
use serde_json::json;
use store::params;

use super::{HOUR, announced, finding_due_in, hourly, hours, id, move_to, patch, started, steps};
use crate::world::World;

use Kind::{RetestDue, SlaBreached, SlaWarning};

#[tokio::test]
async fn each_step_is_announced_at_its_hour() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 200).await;
        let end = world.clock.now().after(hours(400));
        assert_eq!(
            hourly(&world, &mut clock, end).await,
            [
                (32, SlaWarning, 168),
                (128, SlaWarning, 72),
                (176, SlaWarning, 24),
                (196, SlaWarning, 4),
                (200, SlaBreached, 0),
            ],
            "{}",
            world.database
        );
    }
}

#[tokio::test]
async fn a_deadline_from_the_severity_is_not_announced_on_creation() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        // A week: the step of 168 hours is its beginning. Two days: the first two steps are before it.
        world.finding(json!({"severity": "critical"})).await;
        world.finding(json!({"severity": "urgent"})).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        let end = world.clock.now().after(hours(100));
        assert_eq!(
            hourly(&world, &mut clock, end).await,
            [
                (24, SlaWarning, 24),
                (44, SlaWarning, 4),
                (48, SlaBreached, 0),
                (96, SlaWarning, 72)
            ],
            "{}",
            world.database
        );
    }
}

#[tokio::test]
async fn the_next_step_is_exact_to_the_nanosecond() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        assert_eq!(clock.catch_up().await.unwrap(), None);
        let due = world.clock.now().after(hours(200) + Duration::from_nanos(7));
        world.finding(json!({"sla_due_at": due})).await;
        for step in [168, 72, 24, 4, 0] {
            let next = clock.catch_up().await.unwrap().unwrap();
            assert_eq!(next, due.before(hours(step)));
            world.clock.set(next.before(Duration::from_nanos(1)));
            assert_eq!(steps(&world, &mut clock).await, []);
            world.clock.set(next);
            assert_eq!(
                steps(&world, &mut clock).await.len(),
                1,
                "{}: {step}",
                world.database
            );
        }
        assert_eq!(clock.catch_up().await.unwrap(), None);
    }
}

#[tokio::test]
async fn of_several_passed_steps_only_the_nearest_is_announced() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 48).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 72)]);
        finding_due_in(&world, 2).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 4)]);
        // The server was down for a month.
        world.pass_days(30);
        let breaches = [(SlaBreached, 0), (SlaBreached, 0)];
        assert_eq!(steps(&world, &mut clock).await, breaches, "{}", world.database);
        let due = world.clock.now().before(HOUR);
        world.finding(json!({"sla_due_at": due})).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaBreached, 0)]);
        assert_eq!(steps(&world, &mut clock).await, []);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_announces_nothing_twice() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 30).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 72)]);
        world.clock.advance(hours(8));
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 24)]);
        let now = world.clock.now();
        for back in [1, 10, 24 * 20] {
            world.clock.set(now.before(hours(back)));
            assert_eq!(steps(&world, &mut clock).await, [], "{} {back}", world.database);
        }
        let end = now.after(hours(48));
        let rest = hourly(&world, &mut clock, end).await;
        let rest: Vec<_> = rest.iter().map(|(_, kind, step)| (*kind, *step)).collect();
        assert_eq!(rest, [(SlaWarning, 4), (SlaBreached, 0)]);
        world.clock.set(now);
        assert_eq!(hourly(&world, &mut clock, end).await, []);
    }
}

#[tokio::test]
async fn a_deadline_across_a_change_to_summer_time_is_announced_at_its_instant() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        // Berlin goes from +01:00 to +02:00 on 29 March 2026 at 01:00 UTC, and back on 25 October.
        for (due, warned) in [
            ("2026-03-29T12:00:00+02:00", "2026-03-28T11:00:00+01:00"),
            ("2026-10-25T12:00:00+01:00", "2026-10-24T13:00:00+02:00"),
        ] {
            let (due, warned): (Time, Time) = (due.parse().unwrap(), warned.parse().unwrap());
            world.clock.set(due.before(hours(26)));
            world.finding(json!({"sla_due_at": due})).await;
            assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 72)]);
            assert_eq!(
                clock.catch_up().await.unwrap(),
                Some(warned),
                "24 hours, not a day"
            );
            world.clock.set(warned);
            assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 24)]);
            world.clock.set(due.before(Duration::from_nanos(1)));
            assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 4)]);
            world.clock.set(due);
            assert_eq!(
                steps(&world, &mut clock).await,
                [(SlaBreached, 0)],
                "{}",
                world.database
            );
        }
    }
}

#[tokio::test]
async fn a_changed_deadline_is_announced_again_and_a_restored_one_is_not() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = finding_due_in(&world, 3).await;
        let first = world.clock.now().after(hours(3));
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 4)]);
        let second = first.after(hours(1));
        patch(&world, &path, json!({"sla_due_at": second})).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 4)]);
        patch(&world, &path, json!({"sla_due_at": first})).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.set(second);
        assert_eq!(steps(&world, &mut clock).await, [(SlaBreached, 0)]);
        patch(&world, &path, json!({"sla_due_at": second})).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaBreached, 0)]);
        patch(&world, &path, json!({"sla_due_at": first})).await;
        patch(&world, &path, json!({"title": "another"})).await;
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
    }
}

#[tokio::test]
async fn a_closed_finding_is_silent_and_a_reopened_one_announces_only_new_steps() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = finding_due_in(&world, 30).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 72)]);
        move_to(&world, &path, &["false_positive"]).await;
        world.clock.advance(hours(7));
        assert_eq!(steps(&world, &mut clock).await, []);
        move_to(&world, &path, &["open"]).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 24)]);
        move_to(&world, &path, &["in_progress", "open", "accepted_risk", "open"]).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        world.pass_days(2);
        assert_eq!(steps(&world, &mut clock).await, [(SlaBreached, 0)]);
        move_to(&world, &path, &["duplicate", "open"]).await;
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
    }
}

#[tokio::test]
async fn a_retest_is_announced_when_it_is_due() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = world.finding(json!({"severity": "informational"})).await;
        move_to(&world, &path, &["in_progress", "retest"]).await;
        world.clock.advance(hours(14 * 24 - 1));
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.advance(HOUR);
        let events = announced(&world, &mut clock).await;
        assert_eq!(events.len(), 1, "{}", world.database);
        assert_eq!(events[0].kind, RetestDue);
        assert_eq!(events[0].data["deadline"], json!(world.clock.now()));
        assert_eq!(events[0].data["retest_due_at"], json!(world.clock.now()));
        // Planned for an open finding, as in the calendar.
        let due = world.clock.now().after(HOUR);
        let planned = json!({"severity": "informational", "retest_due_at": due});
        let planned = world.finding(planned).await;
        move_to(&world, &path, &["closed"]).await;
        world.clock.advance(HOUR);
        assert_eq!(steps(&world, &mut clock).await, [(RetestDue, 0)]);
        move_to(&world, &planned, &["in_progress"]).await;
        assert_eq!(steps(&world, &mut clock).await, []);
    }
}

#[tokio::test]
async fn an_event_states_what_is_due_the_recipients_and_the_time_left() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let project = world.project(world.ours, "Web").await;
        let due = world.clock.now().after(hours(20));
        let path = world
            .finding(json!({
                "severity": "critical", "sla_due_at": due, "project_id": project, "title": "<b>x</b>",
                "assignee_user_ids": [world.viewer.id, world.manager.id], "assignee_team_ids": [world.team],
            }))
            .await;
        let events = announced(&world, &mut clock).await;
        let [event] = events.as_slice() else {
            panic!("{}: {events:?}", world.database)
        };
        assert_eq!((event.kind, event.subject.id), (SlaWarning, id(&path)));
        assert_eq!(event.audience, Audience::Company(world.ours));
        assert_eq!(event.severity.map(base::Severity::name), Some("critical"));
        assert_eq!((event.actor, event.at), (None, world.clock.now()));
        let mut people = vec![world.viewer.id, world.manager.id];
        people.sort();
        assert_eq!(event.assignee_users, people);
        assert_eq!(event.assignee_teams, [world.team]);
        for (key, value) in [
            ("deadline", json!(due)),
            ("sla_due_at", json!(due)),
            ("step_hours", json!(24)),
            ("hours_left", json!(20)),
            ("title", json!("<b>x</b>")),
            ("finding_id", json!(id(&path))),
            ("company_id", json!(world.ours)),
            ("company_name", json!("Ours")),
            ("project_id", json!(project)),
            ("project_name", json!("Web")),
        ] {
            assert_eq!(event.data[key], value, "{}: {key}", world.database);
        }
    }
}

#[tokio::test]
async fn announcements_are_deleted_with_their_finding() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let path = finding_due_in(&world, 1).await;
        assert_eq!(steps(&world, &mut clock).await.len(), 1);
        let kept = async || {
            let sql = "select count(*) from finding_steps";
            let kept = world.store.read(move |tx| tx.one::<(i64,)>(sql, &[])).await;
            kept.unwrap().unwrap().0
        };
        assert_eq!(kept().await, 1);
        world.delete(&world.manager, &path).await.expect(204);
        assert_eq!(kept().await, 0, "{}", world.database);
        world.pass_days(1);
        assert_eq!(steps(&world, &mut clock).await, []);
    }
}

#[tokio::test]
async fn findings_from_before_the_clock_are_checked_at_once() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        for in_hours in [2, 400] {
            finding_due_in(&world, in_hours).await;
        }
        // In the state after the migration.
        let sql = "update findings set clock_at = 1 where sla_due_at <> 0";
        world.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
        assert_eq!(
            steps(&world, &mut clock).await,
            [(SlaWarning, 4)],
            "{}",
            world.database
        );
        assert_eq!(steps(&world, &mut clock).await, []);
    }
}

#[tokio::test]
async fn an_unreadable_finding_does_not_block_others() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        let broken = id(&finding_due_in(&world, 1).await);
        let well: Vec<_> = [finding_due_in(&world, 2).await, finding_due_in(&world, 3).await]
            .iter()
            .map(|path| id(path))
            .collect();
        let sql = "update findings set severity = 'dreadful', clock_at = 1 where id = $1";
        let spoil = world.store.write(move |tx| tx.execute(sql, params![broken]));
        spoil.await.unwrap();
        world.events().await;
        let mut tries = 0;
        while clock.catch_up().await.is_err() {
            tries += 1;
            assert!(tries < 10, "{}", world.database);
        }
        let announced: Vec<_> = world
            .events()
            .await
            .iter()
            .map(|event| event.subject.id)
            .collect();
        assert_eq!(announced, well, "{}", world.database);
    }
}
