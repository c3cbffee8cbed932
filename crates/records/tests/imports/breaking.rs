use std::time::Duration;

use axum::http::StatusCode;
use base::{Clock, Kind};
use records::import::{self, LEASE};
use serde_json::json;
use store::params;

use crate::world::{World, made, report, run, simple};

fn many(count: u32) -> String {
    let results: Vec<_> = (0..count).map(|n| made(format!("r{n:04}"))).collect();
    report(&[run("Saw", &results)])
}

/// Makes every finding after the first 250 fail.
async fn break_it(world: &World) {
    break_at(world, 250).await;
}

/// Makes every finding after the first `count` fail.
pub(crate) async fn break_at(world: &World, count: u32) {
    let statements = match world.database {
        "SQLite" => vec![format!(
            "create trigger broken before insert on findings when (select count(*) from findings) >= {count} \
             begin select raise(abort, 'broken'); end"
        )],
        _ => vec![
            format!(
                "create function broken() returns trigger language plpgsql as 'begin if (select count(*) from findings) \
                 >= {count} then raise exception ''broken''; end if; return new; end'"
            ),
            "create trigger broken before insert on findings for each row execute function broken()"
                .to_owned(),
        ],
    };
    for sql in statements {
        world
            .store
            .write(move |tx| tx.execute(&sql, params![]))
            .await
            .unwrap();
    }
}

pub(crate) async fn mend(world: &World) {
    let sql = match world.database {
        "SQLite" => "drop trigger broken",
        _ => "drop trigger broken on findings",
    };
    world
        .store
        .write(move |tx| tx.execute(sql, params![]))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_import_that_fails_is_marked_failed_and_can_be_repeated() {
    for mut world in World::all().await {
        break_it(&world).await;
        let answer = world.import(many(600)).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let expected = [("finding.created", 250), ("scan.failed", 1), ("scan.started", 1)];
        assert_eq!(world.kinds(), expected, "{}", world.database);
        assert_eq!(
            world.column::<String>("select status from scans").await,
            ["failed"]
        );
        assert_eq!(
            world.column::<i64>("select count(*) from target_leases").await,
            [0]
        );
        mend(&world).await;
        assert_eq!(
            world.import(many(600)).await.counts(),
            [600, 350, 0, 0, 0, 250, 0]
        );
        world.assert_nothing_spooled();
    }
}

/// Leaves an import behind like a killed process: its scan running, its lease held.
async fn leave_behind(world: &World) -> base::Id {
    world.import(simple(&["a"])).await.counts();
    let scan: base::Id = world.column("select id from scans").await.remove(0);
    let (target, now) = (
        world
            .column::<base::Id>("select id from scan_targets")
            .await
            .remove(0),
        world.clock.now(),
    );
    let left = world.store.write(move |tx| {
        tx.execute(
            "update scans set status = 'running', finished_at = 0, counts = '' where id = $1",
            params![scan],
        )?;
        tx.execute(
            "insert into target_leases (target_id, scan_id, renewed_at) values ($1, $2, $3)",
            params![target, scan, now],
        )
    });
    left.await.unwrap();
    scan
}

/// The records of a process that runs none of the imports.
fn records(store: &store::Store) -> records::Records {
    records::Records::new(store.clone(), records::Settings::default())
}

#[tokio::test]
async fn an_import_left_behind_by_a_crash_is_marked_failed_when_its_lease_expires() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for mut world in World::all_at(&clock).await {
        assert_eq!(import::recover(&records(&world.store)).await, Ok(0));
        let scan = leave_behind(&world).await;
        world.events();
        clock.advance(Duration::from_secs(1));
        let recovering = tokio::spawn({
            let store = world.store.clone();
            async move { import::recover(&records(&store)).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!recovering.is_finished(), "it may still be running");
        assert_eq!(world.import(simple(&["a"])).await.status, StatusCode::CONFLICT);
        clock.advance(LEASE);
        assert_eq!(recovering.await.unwrap(), Ok(1));
        let events = world.events();
        let kinds: Vec<_> = events
            .iter()
            .map(|event| (event.kind, event.subject.id, event.actor))
            .collect();
        assert_eq!(kinds, [(Kind::ScanFailed, scan, None)], "{}", world.database);
        assert!(events[0].text("error").is_some());
        assert_eq!(
            world.column::<String>("select status from scans").await,
            ["failed"]
        );
        assert_eq!(world.import(simple(&["a"])).await.counts(), [1, 0, 0, 0, 0, 1, 0]);
        assert_eq!(import::recover(&records(&world.store)).await, Ok(0), "once");
    }
}

#[tokio::test]
async fn the_next_import_takes_over_an_interrupted_one() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for mut world in World::all_at(&clock).await {
        leave_behind(&world).await;
        world.events();
        clock.advance(LEASE);
        assert_eq!(
            world.import(simple(&["a", "b"])).await.counts(),
            [2, 1, 0, 0, 0, 1, 0]
        );
        let expected = [
            ("finding.created", 1),
            ("scan.completed", 1),
            ("scan.failed", 1),
            ("scan.started", 1),
        ];
        assert_eq!(world.kinds(), expected, "{}", world.database);
        let mut statuses: Vec<String> = world.column("select status from scans").await;
        statuses.sort_unstable();
        assert_eq!(statuses, ["completed", "failed"]);
    }
}

#[tokio::test]
async fn two_concurrent_imports_of_one_tool_create_no_duplicates() {
    for mut world in World::all().await {
        let other = world.add_project("Mobile").await;
        world.events();
        let (one, two, elsewhere) = tokio::join!(
            world.import(many(600)),
            world.import(many(600)),
            world.import_into(Some(other), many(300))
        );
        assert_eq!(
            elsewhere.counts(),
            [300, 300, 0, 0, 0, 0, 0],
            "another place is not blocked"
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        match statuses {
            [201, 409] => assert!(one.detail().contains("Saw") || two.detail().contains("Saw")),
            // One finished before the other began.
            [201, 201] => assert_eq!(one.counts()[1] + two.counts()[1], 600),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            world.column::<i64>("select count(*) from findings").await,
            [900],
            "{}",
            world.database
        );
        let created = world
            .kinds()
            .into_iter()
            .find(|(kind, _)| *kind == "finding.created");
        assert_eq!(created, Some(("finding.created", 900)));
        assert_eq!(
            world.column::<i64>("select count(*) from target_leases").await,
            [0]
        );
    }
}

#[tokio::test]
async fn deleting_a_scan_ends_its_import() {
    for world in World::all().await {
        let importing = world.import(many(5_000));
        let deleting = async {
            loop {
                let delete = "delete from scans where status = 'running'";
                if world
                    .store
                    .write(move |tx| tx.execute(delete, params![]))
                    .await
                    .unwrap()
                    > 0
                {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let (answer, ()) = tokio::join!(importing, deleting);
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(
            world.column::<i64>("select count(*) from target_leases").await,
            [0]
        );
        let left = world.column::<i64>("select count(*) from findings").await[0];
        assert!(left < 5_000, "{left}");
        world.import(many(10)).await.counts();
    }
}

#[tokio::test]
async fn the_scan_of_an_import_cannot_be_ended_by_hand() {
    for world in World::all().await {
        let scan = leave_behind(&world).await;
        for status in ["completed", "failed"] {
            let answer = world.patch(scan, json!({"status": status})).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        }
        let answer = world
            .patch(scan, json!({"name": "Nightly", "status": "running"}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let release = |tx: &mut store::Tx<'_>| tx.execute("delete from target_leases", &[]);
        world.store.write(release).await.unwrap();
        let answer = world.patch(scan, json!({"status": "failed"})).await;
        assert_eq!(answer.body["status"], "failed", "{}", answer.body);
    }
}

// promise: M3
#[tokio::test]
async fn an_interrupted_import_that_is_repeated_gives_the_same_list_as_an_uninterrupted_one() {
    let many = |from: u32, by: u32| {
        let results: Vec<_> = (from..from + 300)
            .map(|n| {
                let mut made = made(format!("r{n:04}"));
                made.line = 10 + by;
                made
            })
            .collect();
        report(&[run("Saw", &results)])
    };
    for mut world in World::all().await {
        world.import(many(0, 0)).await.counts();
        let project = world.project;
        break_at(&world, 350).await;
        let broken = world.import(many(100, 3)).await;
        assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
        mend(&world).await;
        let repeated = world.import(many(100, 3)).await;
        assert_eq!(repeated.body["whole"], true);
        let broken: Vec<String> = world.short().await;
        world.project = world.add_project("Other").await;
        world.import(many(0, 0)).await.counts();
        world.import(many(100, 3)).await.counts();
        let other = world.project;
        let of = |findings: &[records::findings::Finding], project: base::Id| -> Vec<String> {
            findings
                .iter()
                .filter(|finding| finding.place.project.as_ref().map(|one| one.id) == Some(project))
                .map(|finding| format!("{} {}", finding.status.name(), finding.location))
                .collect()
        };
        let all = world.findings().await;
        assert_eq!(of(&all, project), broken);
        assert_eq!(of(&all, project), of(&all, other), "{}", world.database);
    }
}

/// Imports a scan report in the background, and waits until it holds its target.
async fn begun(world: &std::sync::Arc<World>, entries: u32) -> tokio::task::JoinHandle<crate::world::Answer> {
    let importing = tokio::spawn({
        let (world, report) = (std::sync::Arc::clone(world), many(entries));
        async move { world.import(report).await }
    });
    while world
        .column::<i64>("select count(*) from target_leases")
        .await
        .first()
        != Some(&1)
    {
        tokio::task::yield_now().await;
    }
    importing
}

// promise: L5
#[tokio::test(flavor = "multi_thread")]
async fn a_running_import_is_never_taken_for_interrupted_whatever_the_clock_says() {
    for seconds in [-7_200, 7_200] {
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        for world in World::all_at(&clock).await {
            let world = std::sync::Arc::new(world);
            let importing = begun(&world, 800).await;
            clock.set(base::Time::from_nanos(
                clock.now().nanos() + seconds * 1_000_000_000,
            ));
            let other = world.import(simple(&["a"])).await;
            let recovered = import::recover(&world.records).await;
            let first = importing.await.unwrap();
            assert_eq!(
                first.status,
                StatusCode::CREATED,
                "{}: {}",
                world.database,
                first.body
            );
            assert_eq!(recovered, Ok(0), "{}", world.database);
            assert!(
                [StatusCode::CONFLICT, StatusCode::CREATED].contains(&other.status),
                "{}",
                other.body
            );
        }
    }
}

// promise: L5
#[tokio::test]
async fn a_lease_from_before_the_clock_was_set_back_blocks_nobody() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for world in World::all_at(&clock).await {
        leave_behind(&world).await;
        clock.set(clock.now().before(Duration::from_hours(2)));
        assert_eq!(
            world.import(simple(&["a"])).await.status,
            StatusCode::CREATED,
            "{}",
            world.database
        );
    }
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_ends_an_import_and_releases_its_target_at_once() {
    for world in World::all().await {
        let mut world = std::sync::Arc::new(world);
        let importing = begun(&world, 3_000).await;
        let server = import::Import::new(
            world.records.clone(),
            world.folder.path().to_owned(),
            import::Limits {
                taken: 1_000,
                unpacked: 1_000,
                ..import::Limits::default()
            },
        );
        server.stop(Duration::ZERO).await;
        assert_eq!(
            world.column::<i64>("select count(*) from target_leases").await,
            [0],
            "{}",
            world.database
        );
        let answer = importing.await.unwrap();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert_eq!(
            world.column::<String>("select status from scans").await,
            ["failed"]
        );
        let refused = world.import(simple(&["a"])).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "it stops");
        // The next start.
        let again = std::sync::Arc::get_mut(&mut world).unwrap();
        again.start_again();
        assert_eq!(world.import(simple(&["a"])).await.status, StatusCode::CREATED);
    }
}
