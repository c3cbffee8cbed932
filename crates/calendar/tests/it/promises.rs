//! The promises of the calendar, one by one.

use access::testing;
use base::Time;
use records::{findings, scans};
use serde_json::json;

use crate::world::{Wanted, World, day, due, time};

pub(crate) const NOON: &str = "2026-04-10T12:00:00Z";

// promise: K1
#[tokio::test]
async fn everything_that_has_a_time_is_there_sorted_by_it() {
    for world in World::all().await {
        let ours = &world.ours;
        let project = world
            .project(ours, [Some(day("2026-04-02")), Some(day("2026-04-09"))])
            .await;
        let scheduled = time("2026-04-05T01:02:03.000000004Z");
        let ahead = world
            .scan(ours, Some(&project), scans::Status::Scheduled, scheduled)
            .await;
        // A running scan is at its start, and no longer at its scheduled time.
        let running = world.scan(ours, None, scans::Status::Running, scheduled).await;
        for status in [scans::Status::Completed, scans::Status::Failed] {
            world.scan(ours, None, status, scheduled).await;
        }
        let finding = world
            .finding(ours, None, due(Some("2026-04-12T00:00:00Z"), Some(NOON)), &[])
            .await;
        let agreement = world.agreement(ours, "active", day("2026-04-13")).await;
        for status in ["draft", "terminated"] {
            world.agreement(ours, status, day("2026-04-13")).await;
        }
        let expected = [
            format!("scan:{running}"),
            format!("project_start:{}", project.id),
            format!("scan:{ahead}"),
            format!("project_end:{}", project.id),
            format!("retest_due:{finding}"),
            format!("sla_due:{finding}"),
            format!("agreement_expiry:{agreement}"),
        ];
        assert_eq!(world.ids(&world.viewer, "").await, expected, "{}", world.database);
        let feed = world.feed(&world.viewer, "").await;
        let times: Vec<Time> = feed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| time(item["at"].as_str().unwrap()))
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(times[0], world.store.clock().now());
    }
}

// promise: K1, K3, K6, K7, H3
#[tokio::test]
async fn the_end_of_a_risk_acceptance_is_shown_to_the_company_but_is_not_mine() {
    for world in World::all().await {
        let (ours, me) = (&world.ours, world.viewer.id);
        let project = world.project(ours, [None, None]).await;
        let finding =
            async |mine: &[base::Id]| world.finding(ours, Some(&project), due(None, None), mine).await;
        let (one, other) = (finding(&[me]).await, finding(&[me]).await);
        let ends = time("2026-04-12T10:00:00Z");
        let approved = world.acceptance(ours, one, "approved", ends).await;
        let unapproved = world.acceptance(ours, other, "unapproved", time(NOON)).await;
        for status in ["requested", "rejected", "expired", "ended"] {
            let finding = finding(&[me]).await;
            world.acceptance(ours, finding, status, ends).await;
        }
        let expected = [
            format!("acceptance_end:{unapproved}"),
            format!("acceptance_end:{approved}"),
        ];
        for query in ["", "mine=false", &format!("company_id={}", ours.id)] {
            assert_eq!(
                world.ids(&world.viewer, query).await,
                expected,
                "{}",
                world.database
            );
            assert_eq!(world.ids(&world.admin, query).await, expected);
        }
        assert_eq!(world.ids(&world.nobody, "").await, [""; 0]);
        for query in ["mine=true", &format!("company_id={}", world.theirs.id)] {
            assert_eq!(world.ids(&world.viewer, query).await, [""; 0], "{query}");
        }
        let feed = world.feed(&world.viewer, "").await;
        let item = &feed["items"][1];
        for (field, value) in [
            ("kind", json!("acceptance_end")),
            ("entity_type", json!("approval")),
            ("entity_id", json!(approved)),
            ("at", json!("2026-04-12T10:00:00Z")),
            ("status", json!("approved")),
            ("company_name", json!(ours.name)),
            ("project_name", json!(project.name)),
            ("all_day", json!(false)),
        ] {
            assert_eq!(item[field], value, "{field}");
        }
        assert!(item["severity"].is_string(), "{item}");
    }
}

// promise: K1
#[tokio::test]
async fn the_calendar_owns_no_data_and_follows_the_records_at_once() {
    for world in World::all().await {
        let finding = world.finding(&world.ours, None, due(Some(NOON), None), &[]).await;
        assert_eq!(world.ids(&world.viewer, "").await, [format!("sla_due:{finding}")]);
        world.clear().await;
        assert_eq!(world.ids(&world.viewer, "").await, [""; 0]);
    }
}

// promise: K2
#[tokio::test]
async fn the_default_is_one_month_back_and_two_ahead() {
    for world in World::all().await {
        // It is noon of March 31.
        let (back, ahead) = ("2026-02-28T12:00:00Z", "2026-05-31T12:00:00Z");
        let mut inside = Vec::new();
        for (at, is_inside) in [
            ("2026-02-28T11:59:59.999999999Z", false),
            (back, true),
            ("2026-05-31T11:59:59.999999999Z", true),
            (ahead, false),
        ] {
            let id = world.finding(&world.ours, None, due(Some(at), None), &[]).await;
            if is_inside {
                inside.push(format!("sla_due:{id}"));
            }
        }
        let feed = world.feed(&world.viewer, "").await;
        assert_eq!((&feed["from"], &feed["to"]), (&json!(back), &json!(ahead)));
        assert_eq!(world.ids(&world.viewer, "").await, inside);
        for (query, from, to) in [
            ("from=2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ahead),
            ("to=2026-03-01T00:00:00Z", back, "2026-03-01T00:00:00Z"),
            (
                "from=2026-03-01T02:00:00%2B02:00&to=2026-03-02T00:00:00Z",
                "2026-03-01T00:00:00Z",
                "2026-03-02T00:00:00Z",
            ),
        ] {
            let feed = world.feed(&world.viewer, query).await;
            assert_eq!(
                (&feed["from"], &feed["to"]),
                (&json!(from), &json!(to)),
                "{query}"
            );
        }
    }
}

// promise: K3
#[tokio::test]
async fn mine_is_only_what_i_am_assigned_to_directly() {
    for world in World::all().await {
        let (ours, me) = (&world.ours, world.viewer.id);
        world
            .project(ours, [Some(day("2026-04-02")), Some(day("2026-04-09"))])
            .await;
        world.scan(ours, None, scans::Status::Scheduled, time(NOON)).await;
        world.agreement(ours, "active", day("2026-04-13")).await;
        let wanted = due(Some("2026-04-12T00:00:00Z"), Some(NOON));
        let mine = world.finding(ours, None, wanted.clone(), &[me]).await;
        let others = world.finding(ours, None, wanted.clone(), &[world.both.id]).await;
        // That my team is assigned does not mean that I am.
        let by_team = world.finding(ours, None, wanted, &[]).await;
        let team = testing::team(&world.access, ours.id, "Red", &[me]).await;
        let assigned = world.store.write(move |tx| {
            let sql = "insert into finding_teams (finding_id, team_id) values ($1, $2)";
            tx.execute(sql, store::params![by_team, team])
        });
        assigned.await.unwrap();
        let expected = [format!("retest_due:{mine}"), format!("sla_due:{mine}")];
        assert_eq!(world.ids(&world.viewer, "mine=true").await, expected);
        assert_eq!(world.ids(&world.viewer, "mine=false").await.len(), 10);
        assert_eq!(world.ids(&world.admin, "mine=true").await, [""; 0]);
        let expected = [format!("retest_due:{others}"), format!("sla_due:{others}")];
        assert_eq!(world.ids(&world.both, "mine=true").await, expected);
    }
}

// promise: K4
#[tokio::test]
async fn what_has_ended_is_no_longer_due() {
    for world in World::all().await {
        let me = world.viewer.id;
        for status in findings::Status::ALL {
            world.clear().await;
            let wanted = Wanted {
                status,
                ..due(Some("2026-04-12T00:00:00Z"), Some(NOON))
            };
            let id = world.finding(&world.ours, None, wanted, &[me]).await;
            let open = matches!(status.name(), "open" | "in_progress" | "retest");
            let expected = if open {
                vec![format!("retest_due:{id}"), format!("sla_due:{id}")]
            } else {
                vec![]
            };
            for query in ["", "mine=true"] {
                assert_eq!(
                    world.ids(&world.viewer, query).await,
                    expected,
                    "{status} {query}"
                );
            }
        }
    }
}

// promise: K5
#[tokio::test]
async fn several_assignees_are_one_entry() {
    for world in World::all().await {
        let all = [world.viewer.id, world.both.id, world.admin.id];
        let id = world
            .finding(&world.ours, None, due(Some(NOON), None), &all)
            .await;
        for by in [&world.viewer, &world.both, &world.admin] {
            for query in ["", "mine=true"] {
                assert_eq!(world.ids(by, query).await, [format!("sla_due:{id}")], "{query}");
            }
        }
    }
}

// promise: K7
#[tokio::test]
async fn one_company_if_asked_and_never_one_outside_the_scope() {
    for world in World::all().await {
        let all = [world.viewer.id, world.both.id, world.nobody.id, world.admin.id];
        let mut by_company = Vec::new();
        for company in [&world.ours, &world.theirs] {
            let finding = world.finding(company, None, due(Some(NOON), None), &all).await;
            let project = world.project(company, [Some(day("2026-04-20")), None]).await;
            by_company.push([
                format!("sla_due:{finding}"),
                format!("project_start:{}", project.id),
            ]);
        }
        let [ours, theirs] = by_company.try_into().unwrap();
        let both = [&ours[0], &theirs[0], &ours[1], &theirs[1]]
            .map(Clone::clone)
            .to_vec();
        let none = Vec::new;
        let (only_ours, only_theirs) = (
            format!("company_id={}", world.ours.id),
            format!("company_id={}", world.theirs.id),
        );
        let nowhere = format!("company_id={}", world.store.clock().id());
        for (by, whole, of_theirs) in [
            (&world.viewer, ours.to_vec(), none()),
            (&world.both, both.clone(), theirs.to_vec()),
            (&world.admin, both, theirs.to_vec()),
            (&world.nobody, none(), none()),
        ] {
            let of_ours: Vec<_> = whole.iter().filter(|id| ours.contains(id)).cloned().collect();
            for (query, expected) in [
                ("", &whole),
                (&only_ours, &of_ours),
                (&only_theirs, &of_theirs),
                (&nowhere, &none()),
            ] {
                assert_eq!(&world.ids(by, query).await, expected, "{query}");
                // Mine is only what is in a company I may see.
                let personal: Vec<_> = expected
                    .iter()
                    .filter(|id| id.starts_with("sla"))
                    .cloned()
                    .collect();
                assert_eq!(
                    world.ids(by, &format!("mine=true&{query}")).await,
                    personal,
                    "{query}"
                );
            }
        }
    }
}
