//! No statement for a part of a table reads all of it, according to the databases' query plans.

use access::PageQuery;
use base::{Id, Scope, Severity, Time};
use records::{
    By, Date, Named, Place, dated,
    findings::{self, Assignee, Context, Deadline, Filter, New, Sort, import},
    projects, scans,
};
use serde_json::json;
use store::{Tx, testing};

use crate::world::World;

/// The tables that grow, with their names in statements.
const TABLES: [(&str, &str); 4] = [
    ("findings", "f"),
    ("scans", "s"),
    ("projects", "p"),
    ("agreements", "a"),
];

/// Whether a line of a plan scans one of these tables.
fn walks(database: &str, plan: &[String]) -> bool {
    plan.iter().enumerate().any(|(index, line)| {
        TABLES.iter().any(|(table, alias)| {
            if database == "SQLite" {
                let walked = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
                walked == Some(table) || walked == Some(alias)
            } else {
                // An index is scanned, too, if there is no condition on it.
                let scans = line.contains("Scan") && line.split(' ').any(|word| word == *table);
                // Nor this one: it contains only what is waiting, and only its first entry is read.
                let first = index > 0 && plan[index - 1].contains("Limit") && line.contains("findings_clock");
                let mut next = plan.iter().skip(index + 1).take(2);
                scans && !first && !next.any(|line| line.contains("Cond: "))
            }
        })
    })
}

/// Runs it, and asserts that each of its statements searches.
async fn searches(
    world: &World,
    f: impl FnOnce(&mut Tx<'_>) -> Result<(), records::Refused> + Clone + Send + 'static,
) {
    let plans = world.store.write(move |tx| testing::plans(tx, f)).await.unwrap();
    assert!(!plans.is_empty());
    for (sql, plan) in plans {
        assert!(
            !walks(world.database, &plan),
            "{}: {sql}\n{}",
            world.database,
            plan.join("\n")
        );
    }
}

fn filters(world: &World) -> Vec<(Scope, Filter)> {
    let (ours, id) = (world.ours, world.clock.id());
    let some = Filter::default;
    vec![
        (Scope::of([ours]), some()),
        (Scope::of([ours, world.theirs]), some()),
        (Scope::All, some()),
        (
            Scope::All,
            Filter {
                company: Some(ours),
                ..some()
            },
        ),
        (
            Scope::of([ours]),
            Filter {
                company: Some(ours),
                statuses: vec![findings::Status::Open, findings::Status::Retest],
                severities: vec![Severity::High],
                text: Some("x".to_owned()),
                ..some()
            },
        ),
        (
            Scope::All,
            Filter {
                project: Some(id),
                ..some()
            },
        ),
        (
            Scope::All,
            Filter {
                scan: Some(id),
                ..some()
            },
        ),
        (
            Scope::All,
            Filter {
                assignee: Some(Assignee::Person(id)),
                ..some()
            },
        ),
        (
            Scope::of([ours]),
            Filter {
                assignee: Some(Assignee::Nobody),
                sla: Some(Deadline::Breached),
                ..some()
            },
        ),
    ]
}

#[tokio::test]
async fn a_full_scan_is_detected() {
    for world in World::all().await {
        for sql in [
            "select id from findings where cwe = 'x'",
            "select f.id from findings f order by f.id limit 1",
            "update scans set error = '' where error <> ''",
        ] {
            let plans = world.store.write(move |tx| {
                testing::plans(tx, |tx| {
                    tx.execute(sql, &[])?;
                    Ok::<_, store::Error>(())
                })
            });
            let plans = plans.await.unwrap();
            assert!(
                walks(world.database, &plans[0].1),
                "{}: {plans:?}",
                world.database
            );
        }
    }
}

#[tokio::test]
async fn a_list_of_findings_searches_in_every_order() {
    for world in World::all().await {
        for (scope, filter) in filters(&world) {
            for sort in [
                "-created_at",
                "created_at",
                "-severity",
                "sla_due_at",
                "-updated_at",
            ] {
                let sort: Sort = sort.parse().unwrap();
                let (scope, filter) = (scope.clone(), filter.clone());
                searches(&world, move |tx| {
                    findings::list(tx, &scope, &filter, sort, &PageQuery::default()).map(drop)
                })
                .await;
            }
        }
    }
}

/// The orders that the console offers, each with its index and the columns that are read: for every company separately,
/// and only the few resulting rows are sorted.
#[tokio::test]
async fn a_list_is_read_in_order_from_the_index_of_each_company() {
    for world in World::all().await {
        for (sort, index) in [
            ("-created_at", "findings_company_newest "),
            ("-severity", "findings_company_severity "),
            ("sla_due_at", "findings_company_due "),
            ("-updated_at", "findings_company_updated "),
        ] {
            let sort: Sort = sort.parse().unwrap();
            for scope in [
                Scope::All,
                Scope::of([world.ours]),
                Scope::of([world.ours, world.theirs]),
            ] {
                let filter = Filter {
                    statuses: vec![findings::Status::Open, findings::Status::Retest],
                    ..Filter::default()
                };
                let plans = world.store.write(move |tx| {
                    testing::plans(tx, |tx| {
                        findings::list(tx, &scope, &filter, sort, &PageQuery::default()).map(drop)
                    })
                });
                let plans = plans.await.unwrap();
                let (sql, plan) = plans.iter().find(|(sql, _)| sql.contains("part0")).unwrap();
                let used = plan.iter().filter(|line| line.contains(index)).count();
                let parts = sql.matches(" as part").count() - 1;
                assert_eq!(
                    used,
                    parts,
                    "{}: {index}: {sql}\n{}",
                    world.database,
                    plan.join("\n")
                );
            }
        }
    }
}

#[tokio::test]
async fn one_record_is_searched_by_its_id() {
    for world in World::all().await {
        let path = world
            .finding(json!({"assignee_user_ids": [world.viewer.id]}))
            .await;
        let finding: Id = path.rsplit('/').next().unwrap().parse().unwrap();
        let project = world.project(world.ours, "Web").await;
        let scope = Scope::of([world.ours]);
        searches(&world, move |tx| {
            findings::get(tx, finding, &scope)?;
            findings::get_for_update(tx, finding, &scope)?;
            projects::get_for_update(tx, project, &scope).map(drop)
        })
        .await;
    }
}

fn calendar(world: &World, scope: Scope, company: Option<Id>, assigned_to: Option<Id>) -> dated::Query {
    dated::Query {
        scope,
        company,
        assigned_to,
        kinds: dated::Kind::ALL.to_vec(),
        from: world.clock.now(),
        to: Time::from_nanos(i64::MAX),
        first_day: Date::of(world.clock.now()),
        last_day: Date::of(Time::from_nanos(i64::MAX)),
        stamps: false,
        after: None,
        limit: 100,
    }
}

// promise: K7
#[tokio::test]
async fn the_calendar_searches_for_every_caller() {
    for world in World::all().await {
        let me = world.viewer.id;
        let company = Some(world.ours);
        for (scope, company, assigned_to) in [
            (Scope::All, None, None),
            (Scope::All, company, None),
            (Scope::of([world.ours]), None, None),
            (Scope::of([world.ours, world.theirs]), None, None),
            (Scope::of([world.ours, world.theirs]), company, None),
            (Scope::of([world.ours]), None, Some(me)),
            (Scope::All, company, Some(me)),
        ] {
            let query = calendar(&world, scope, company, assigned_to);
            for kind in dated::Kind::ALL {
                let cursor = format!("{}~{}~{}", query.from.nanos(), kind.name(), world.clock.id());
                assert!(<dated::Cursor as base::Cursor>::read(&cursor).is_some());
                for after in [None, base::Cursor::read(&cursor)] {
                    let query = dated::Query {
                        after,
                        ..query.clone()
                    };
                    searches(&world, move |tx| Ok(dated::due(tx, &query).map(drop)?)).await;
                }
            }
        }
    }
}

// promise: K4
#[tokio::test]
async fn open_deadlines_are_read_in_order_from_their_own_indexes() {
    for world in World::all().await {
        for (scope, index) in [
            (Scope::All, "findings_open_"),
            (Scope::of([world.ours]), "findings_open_company_"),
            (Scope::of([world.ours, world.theirs]), "findings_open_company_"),
        ] {
            let query = calendar(&world, scope, None, None);
            let plans = world
                .store
                .write(move |tx| testing::plans(tx, |tx| dated::due(tx, &query).map(drop)));
            let plans = plans.await.unwrap();
            for column in ["sla", "retest"] {
                let index = format!("{index}{column}");
                let (sql, plan) = plans
                    .iter()
                    .find(|(sql, _)| sql.contains(&format!("f.{column}_due_at, 0,")))
                    .unwrap();
                // They contain everything that is read of a finding.
                let ways = [
                    format!("COVERING INDEX {index} "),
                    format!("Index Only Scan using {index} "),
                ];
                let used = plan.iter().any(|line| ways.iter().any(|way| line.contains(way)));
                assert!(used, "{}: {index}: {sql}\n{}", world.database, plan.join("\n"));
            }
        }
    }
}

#[tokio::test]
async fn deletions_search_by_index() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        let body = json!({"company_id": world.ours, "name": "x", "status": "failed"});
        let scan = world.post(&world.analyst, "/scans", body).await.expect(201);
        let scan: Id = scan["id"].as_str().unwrap().parse().unwrap();
        searches(&world, move |tx| {
            let project = projects::get_for_update(tx, project, &Scope::All)?;
            projects::delete(tx, &project, &By::SYSTEM)?;
            let scan = scans::get_for_update(tx, scan, &Scope::All)?;
            scans::delete(tx, &scan, &By::SYSTEM)
        })
        .await;
    }
}

#[tokio::test]
async fn an_import_searches_its_findings_by_index() {
    for world in World::all().await {
        let place = Place {
            company: Named {
                id: world.ours,
                name: "Ours".to_owned(),
            },
            project: None,
        };
        let (scan, settings) = (world.clock.id(), records::Settings::default());
        searches(&world, move |tx| {
            let new = New {
                tool: "Saw".to_owned(),
                fingerprint: "1".to_owned(),
                ..New::titled("x", Severity::Low)
            };
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            let made = findings::create(tx, new, &place, context)?;
            import::get_for_update(tx, place.company.id, &[made.id])?;
            import::gone(tx, made.created_at, &[made.id])?;
            import::seen(tx, scan, &[made.id])?;
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn the_clock_searches_for_what_is_due() {
    for world in World::all().await {
        let due = world.clock.now();
        world.finding(json!({"sla_due_at": due})).await;
        searches(&world, |tx| {
            records::clock::act(tx, &records::Settings::default(), 200).map(drop)
        })
        .await;
    }
}
