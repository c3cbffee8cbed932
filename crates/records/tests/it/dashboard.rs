//! What the dashboard counts, for which scope, and on which days.

use std::time::Duration;

use base::Scope;
use records::dashboard::{self, Selection};
use serde_json::{Value, json};
use store::{params, testing};

use crate::world::{Person, World};

const HALF_A_DAY: Duration = Duration::from_hours(12);

/// The dashboard, with its open findings by severity, without severities that have none.
async fn seen(world: &World, by: &Person, query: &str) -> (Value, Vec<(String, u64)>) {
    let board = world.get(by, &format!("/dashboard{query}")).await.expect(200);
    let open = board["open"].as_array().unwrap();
    let names: Vec<_> = open.iter().map(|one| one["severity"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["urgent", "critical", "high", "medium", "low", "informational"]
    );
    assert_eq!(board["trend"].as_array().unwrap().len(), dashboard::DAYS);
    let counts = open
        .iter()
        .map(|one| {
            (
                one["severity"].as_str().unwrap().to_owned(),
                one["count"].as_u64().unwrap(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    (board, counts)
}

/// The last days of the trend as `opened closed open`.
fn last(board: &Value, days: usize) -> Vec<String> {
    let trend = board["trend"].as_array().unwrap();
    let one = |day: &Value| format!("{} {} {}", day["opened"], day["closed"], day["open"]);
    trend[trend.len() - days..].iter().map(one).collect()
}

async fn close(world: &World, finding: &str) {
    for status in ["in_progress", "retest", "closed"] {
        let path = format!("{finding}/status");
        world
            .post(&world.analyst, &path, json!({"status": status}))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn everything_is_counted_once_and_only_in_scope() {
    for world in World::all().await {
        let (empty, none) = seen(&world, &world.viewer, "").await;
        assert!(none.is_empty());
        assert_eq!(
            (&empty["unassigned"], &empty["approvals_waiting"]),
            (&json!(0), &json!(0))
        );
        let due = world.in_days(3);
        let first = world
            .finding(json!({"severity": "urgent", "sla_due_at": due}))
            .await;
        world
            .finding(json!({"severity": "low", "assignee_user_ids": [world.viewer.id], "sla_due_at": world.in_days(9)}))
            .await;
        let gone = world
            .finding(json!({"severity": "low", "assignee_team_ids": [world.team]}))
            .await;
        close(&world, &gone).await;
        for (name, at) in [("a", None), ("b", Some(due.clone())), ("c", Some(due))] {
            let body = match at {
                None => json!({"company_id": world.ours, "name": name, "status": "running"}),
                Some(at) => json!({"company_id": world.ours, "name": name, "scheduled_at": at}),
            };
            world.post(&world.analyst, "/scans", body).await.expect(201);
        }
        let id = first.strip_prefix("/findings/").unwrap();
        let body = json!({"finding_id": id, "reason": "r", "expires_at": world.in_days(30)});
        world.post(&world.analyst, "/approvals", body).await.expect(201);
        let theirs = json!({"company_id": world.theirs, "title": "x", "severity": "critical"});
        world.post(&world.stranger, "/findings", theirs).await.expect(201);

        let ours = format!("?company_id={}", world.ours);
        let expected = [("urgent".to_owned(), 1), ("low".to_owned(), 1)];
        for (by, query) in [
            (&world.viewer, ""),
            (&world.viewer, &*ours),
            (&world.admin, &*ours),
        ] {
            let (board, open) = seen(&world, by, query).await;
            assert_eq!(open, expected, "{} {query}", world.database);
            assert_eq!(board["unassigned"], 1);
            assert_eq!(board["sla"], json!({"breached": 0, "due_in_7_days": 1}));
            assert_eq!(board["scans"], json!({"running": 1, "scheduled": 2}));
            assert_eq!(board["approvals_waiting"], 1);
            assert_eq!(last(&board, 2), ["0 0 0", "3 1 2"]);
            let separator = if query.is_empty() { '?' } else { '&' };
            for (filter, count) in [
                ("status=open,in_progress,retest&assignee=none", 1),
                ("sla=breached", 0),
                ("sla=due_in_7_days", 1),
            ] {
                let list = world
                    .get(by, &format!("/findings{query}{separator}{filter}"))
                    .await;
                assert_eq!(list.ids().len(), count, "{filter} lists what is counted");
            }
        }
        let (board, open) = seen(&world, &world.stranger, "").await;
        assert_eq!(
            (open, &board["unassigned"]),
            (vec![("critical".to_owned(), 1)], &json!(1))
        );
        assert_eq!(seen(&world, &world.stranger, &ours).await.1, []);
        let (all, open) = seen(&world, &world.admin, "").await;
        assert_eq!((open.len(), last(&all, 1)), (3, vec!["4 1 3".to_owned()]));

        world.pass_days(4);
        let (board, _) = seen(&world, &world.viewer, "").await;
        assert_eq!(board["sla"], json!({"breached": 1, "due_in_7_days": 1}));
        for filter in ["sla=breached", "sla=due_in_7_days"] {
            let list = world.get(&world.viewer, &format!("/findings?{filter}")).await;
            assert_eq!(list.ids().len(), 1, "{filter}");
        }
        let list = world.get(&world.viewer, "/findings?sla=late").await;
        list.expect(422);
    }
}

#[tokio::test]
async fn a_finding_is_unassigned_when_its_assignees_are_gone() {
    for world in World::all().await {
        let leaver = world.member(world.ours, "leaver").await;
        let both = json!({"assignee_user_ids": [leaver.id], "assignee_team_ids": [world.team]});
        let finding = world.finding(both).await;
        let unassigned = || async { seen(&world, &world.viewer, "").await.0["unassigned"].clone() };
        assert_eq!(unassigned().await, 0);
        let (user, team) = (leaver.id, world.team);
        let gone = world.store.write(move |tx| {
            tx.execute("delete from users where id = $1", params![user])?;
            Ok::<_, store::Error>(())
        });
        gone.await.unwrap();
        assert_eq!(unassigned().await, 0, "the team is assigned");
        let gone = world.store.write(move |tx| {
            tx.execute("delete from teams where id = $1", params![team])?;
            Ok::<_, store::Error>(())
        });
        gone.await.unwrap();
        assert_eq!(unassigned().await, 1, "{}", world.database);
        let again = json!({"user_ids": [world.viewer.id]});
        let path = format!("{finding}/assignees");
        world.post(&world.analyst, &path, again).await.expect(200);
        assert_eq!(unassigned().await, 0);
        world.delete(&world.manager, &finding).await.expect(204);
        assert_eq!(seen(&world, &world.viewer, "").await.1, []);
    }
}

#[tokio::test]
async fn the_days_are_those_of_the_zone_and_open_is_calculated_backwards() {
    for world in World::all().await {
        // Created at noon UTC, closed three days later at 23:30 UTC, which is the next day in Berlin.
        let noon = records::Date::of(world.clock.now())
            .next()
            .midnight()
            .after(HALF_A_DAY);
        world.clock.advance(noon.since(world.clock.now()));
        let finding = world.finding(json!({})).await;
        world.finding(json!({})).await;
        world.pass_days(3);
        world.clock.advance(Duration::from_mins(11 * 60 + 30));
        close(&world, &finding).await;
        world.pass_days(1);
        let (board, _) = seen(&world, &world.viewer, "").await;
        let utc = ["0 0 0", "2 0 2", "0 0 2", "0 0 2", "0 1 1", "0 0 1"];
        assert_eq!(last(&board, 6), utc, "{}", world.database);
        let (board, _) = seen(&world, &world.viewer, "?tz=Europe/Berlin").await;
        let berlin = ["2 0 2", "0 0 2", "0 0 2", "0 0 2", "0 1 1", "0 0 1"];
        assert_eq!(last(&board, 6), berlin, "{}", world.database);
    }
}

#[tokio::test]
async fn invalid_parameters_are_named() {
    for world in World::all().await {
        for (query, field) in [("tz=Europe/Atlantis", "tz"), ("company_id=x", "company_id")] {
            let answer = world.get(&world.viewer, &format!("/dashboard?{query}")).await;
            assert_eq!(answer.fields(), [field]);
        }
        world.get(&Person::nobody(), "/dashboard").await.problem(401);
    }
}

#[tokio::test]
async fn every_count_uses_an_index_only() {
    for world in World::all().await {
        world.finding(json!({})).await;
        for (scope, company) in [
            (Scope::All, None),
            (Scope::All, Some(world.ours)),
            (Scope::of([world.ours]), None),
            (Scope::of([world.ours, world.theirs]), Some(world.ours)),
        ] {
            let selection = Selection { scope, company };
            let plans = world.store.write(move |tx| {
                testing::plans(tx, |tx| {
                    dashboard::read(tx, &selection, &jiff::tz::TimeZone::UTC).map(drop)
                })
            });
            for (sql, plan) in plans.await.unwrap() {
                let all = plan.join("\n");
                if world.database == "SQLite" {
                    let reads = plan.iter().filter(|line| {
                        ["f ", "s ", "p "]
                            .iter()
                            .any(|table| line.starts_with(&format!("SEARCH {table}")))
                    });
                    let covered = reads.clone().filter(|line| line.contains("COVERING INDEX"));
                    assert!(reads.clone().count() > 0, "{sql}\n{all}");
                    assert_eq!(reads.count(), covered.count(), "{sql}\n{all}");
                } else {
                    assert!(!all.contains("Seq Scan on findings"), "{sql}\n{all}");
                }
            }
        }
    }
}
