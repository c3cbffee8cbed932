//! Reports: requested, generated in the background, downloaded; scanners' texts stay text in each format.

use std::time::Duration;

use records::reports::{LEASE, Limits, Maker, Retention};
use serde_json::{Value, json};

use testkit::text;

use crate::world::{Person, World};

const HOSTILE: &str = "=cmd|' /C calc'!A1<script>alert(1)</script>\"&";

async fn asked(world: &World, body: Value) -> String {
    let mut whole = json!({"company_id": world.ours});
    crate::world::over(&mut whole, body);
    let made = world.post(&world.analyst, "/reports", whole).await.expect(201);
    format!("/reports/{}", text(&made["id"]))
}

async fn make(world: &World) -> bool {
    Maker::new(world.store.clone()).make_next().await.unwrap()
}

async fn downloaded(world: &World, path: &str) -> String {
    let answer = world.get(&world.viewer, &format!("{path}/download")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let view = world.get(&world.viewer, path).await.expect(200);
    assert_eq!(view["size"], answer.bytes.len(), "the length that was announced");
    answer.text()
}

// promise: B1
// promise: B2
#[tokio::test]
async fn a_report_is_requested_generated_and_downloaded_in_each_format() {
    for world in World::all().await {
        for n in 0..120 {
            world
                .finding(json!({"title": format!("finding {n}"), "severity": "low"}))
                .await;
        }
        world
            .finding(json!({"title": HOSTILE, "severity": "critical"}))
            .await;
        let other = json!({"company_id": world.theirs, "title": "not ours", "severity": "low"});
        world.post(&world.stranger, "/findings", other).await.expect(201);
        for format in ["html", "csv", "json"] {
            world.events().await;
            let path = asked(&world, json!({"format": format})).await;
            world.event("report.requested", &world.analyst, &path).await;
            assert_eq!(
                world.get(&world.viewer, &path).await.expect(200)["status"],
                "pending"
            );
            world
                .get(&world.viewer, &format!("{path}/download"))
                .await
                .problem(409);
            assert!(make(&world).await);
            let events = world.events().await;
            let kinds: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
            assert_eq!(kinds, ["report.ready"], "{}", world.database);
            assert_eq!(events[0].assignee_users, [world.analyst.id]);
            let view = world.get(&world.viewer, &path).await.expect(200);
            assert_eq!(
                (&view["status"], &view["findings"]),
                (&json!("ready"), &json!(121))
            );
            let text = downloaded(&world, &path).await;
            assert!(!text.contains("not ours"));
            let first = text.find("calc").unwrap();
            assert!(first < text.find("finding 0").unwrap(), "most severe first");
            match format {
                "html" => {
                    assert!(
                        !text.contains("<script") && text.contains("&#60;script"),
                        "{format}"
                    );
                    assert_eq!(text.matches("<article>").count(), 121);
                }
                "csv" => {
                    assert!(text.contains(",\"'=cmd|"));
                    let rows = text.matches("\r\n").count();
                    assert_eq!(rows, 122);
                }
                _ => {
                    let json: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(json["findings"].as_array().unwrap().len(), 121);
                    assert_eq!(json["findings"][0]["title"], HOSTILE);
                    assert_eq!(json["report"]["counts"], json!({"low": 120, "critical": 1}));
                }
            }
            assert!(!make(&world).await, "nothing waits");
        }
        let answer = world.get(&world.stranger, "/reports").await;
        assert_eq!(answer.ids().len(), 0);
    }
}

#[tokio::test]
async fn a_report_contains_the_selected_findings() {
    for world in World::all().await {
        let project = world.project(world.ours, "Web").await;
        world
            .finding(json!({"project_id": project, "title": "a", "severity": "high"}))
            .await;
        world
            .finding(json!({"project_id": project, "title": "b", "severity": "low"}))
            .await;
        world.finding(json!({"title": "c", "severity": "high"})).await;
        let contents = json!({"statuses": ["open"], "severities": ["high", "urgent"]});
        let path = asked(
            &world,
            json!({"project_id": project, "format": "json", "contents": contents}),
        )
        .await;
        let empty = asked(
            &world,
            json!({"format": "csv", "contents": {"statuses": ["closed"]}}),
        )
        .await;
        assert!(make(&world).await && make(&world).await);
        let json: Value = serde_json::from_str(&downloaded(&world, &path).await).unwrap();
        assert_eq!(json["findings"].as_array().unwrap().len(), 1);
        assert_eq!(json["report"]["name"], "Findings of Web");
        assert_eq!(downloaded(&world, &empty).await.matches("\r\n").count(), 1);
    }
}

// issue 18, line 15
#[tokio::test]
async fn a_report_without_a_name_is_requested_for_a_project_with_the_longest_one() {
    for world in World::all().await {
        let project = world.project(world.ours, &"n".repeat(300)).await;
        let body = json!({"company_id": world.ours, "project_id": project});
        let report = world.post(&world.analyst, "/reports", body).await.expect(201);
        let name = report["name"].as_str().unwrap();
        assert!(name.starts_with("Findings of nnn"), "{name}");
        assert_eq!(name.chars().count(), 300, "{}", world.database);
    }
}

#[tokio::test]
async fn a_report_whose_maker_died_is_restarted_and_a_deleted_one_is_dropped() {
    const HALF: &str = "insert into report_parts (report_id, part, body) values ($1, 1, 'half')";
    const RUNS: &str = "update reports set status = 'running' where id = $1";
    const LEASED: &str = "insert into report_leases (report_id, holder, renewed_at) values ($1, $2, $3)";
    for world in World::all().await {
        world.finding(json!({})).await;
        let path = asked(&world, json!({"format": "json"})).await;
        let id = path.strip_prefix("/reports/").unwrap().to_owned();
        let (now, holder) = (world.clock.now(), world.clock.id());
        let died = world.store.write(move |tx| {
            tx.execute(RUNS, store::params![&id])?;
            tx.execute(LEASED, store::params![&id, holder, now])?;
            tx.execute(HALF, store::params![&id])
        });
        died.await.unwrap();
        assert!(!make(&world).await, "it may still be running");
        world.clock.advance(LEASE + Duration::from_nanos(1));
        assert!(make(&world).await);
        assert!(!downloaded(&world, &path).await.contains("half"));

        let path = asked(&world, json!({})).await;
        let change = json!({"name": "Q1"});
        assert_eq!(
            world.patch(&world.analyst, &path, change).await.expect(200)["name"],
            "Q1"
        );
        world.events().await;
        let colleague = world.member(world.ours, "colleague").await;
        world.delete(&colleague, &path).await.problem(403);
        world.delete(&world.manager, &path).await.expect(204);
        world.event("report.deleted", &world.manager, &path).await;
        assert!(!make(&world).await);
    }
}

#[tokio::test]
async fn invalid_requests_for_reports_are_rejected() {
    for world in World::all().await {
        world.events().await;
        let theirs = world.project(world.theirs, "Theirs").await;
        world.events().await;
        for (body, field) in [
            (
                json!({"company_id": world.ours, "project_id": theirs}),
                "project_id",
            ),
            (json!({"company_id": world.ours, "name": " "}), "name"),
            (
                json!({"company_id": world.ours, "contents": {"statuses": vec!["open"; 21]}}),
                "contents.statuses",
            ),
        ] {
            assert_eq!(
                world.post(&world.analyst, "/reports", body).await.fields(),
                [field]
            );
        }
        let ours = json!({"company_id": world.ours});
        world
            .post(&world.viewer, "/reports", ours.clone())
            .await
            .problem(403);
        world.post(&world.stranger, "/reports", ours).await.problem(404);
        let bad = json!({"company_id": world.ours, "format": "pdf"});
        world.post(&world.analyst, "/reports", bad).await.problem(422);
        assert_eq!(world.kinds().await, [""; 0]);
    }
}

/// Checks that a report becomes ready.
async fn ready(world: &World, by: &Person, path: &str) {
    let ready = async {
        while world.get(by, path).await.expect(200)["status"] != "ready" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), ready).await.unwrap();
}

// promise: U3
#[tokio::test]
async fn a_small_report_does_not_wait_for_another_companys() {
    for world in World::all().await {
        for n in 0..400 {
            world.finding(json!({"title": format!("finding {n}")})).await;
        }
        let mut theirs = Vec::new();
        for _ in 0..60 {
            theirs.push(asked(&world, json!({"format": "json"})).await);
        }
        let body = json!({"company_id": world.theirs});
        let made = world.post(&world.stranger, "/reports", body).await.expect(201);
        let ours = format!("/reports/{}", text(&made["id"]));
        let maker = tokio::spawn(Maker::new(world.store.clone()).run());
        ready(&world, &world.stranger, &ours).await;
        let waiting = world
            .get(&world.analyst, "/reports?status=pending&limit=100")
            .await;
        let waiting = waiting.ids().len();
        assert!(waiting > 50, "{}: only {waiting} still wait", world.database);
        ready(&world, &world.analyst, &theirs[0]).await;
        maker.abort();
    }
}

// promise: U3
#[tokio::test]
async fn the_reports_of_a_person_per_day_are_limited() {
    for world in World::all().await {
        let world = world.with_reports(Limits {
            per_day: 2,
            ..Limits::default()
        });
        let body = json!({"company_id": world.ours});
        for _ in 0..2 {
            asked(&world, json!({})).await;
        }
        world
            .post(&world.analyst, "/reports", body.clone())
            .await
            .problem(429);
        world
            .post(&world.manager, "/reports", body.clone())
            .await
            .expect(201);
        world.pass_days(2);
        world.post(&world.analyst, "/reports", body).await.expect(201);
    }
}

// promise: U3
#[tokio::test]
async fn the_storage_of_a_companys_reports_is_limited() {
    for world in World::all().await {
        world.finding(json!({})).await;
        let first = asked(&world, json!({"format": "json"})).await;
        assert!(make(&world).await);
        let size = world.get(&world.viewer, &first).await.expect(200)["size"]
            .as_u64()
            .unwrap();
        let limits = Limits {
            stored: size + 1,
            ..Limits::default()
        };
        let world = world.with_reports(limits);
        let [second, third] = [
            asked(&world, json!({"format": "json"})).await,
            asked(&world, json!({"format": "json"})).await,
        ];
        let mut maker = Maker::new(world.store.clone()).within(limits);
        assert!(maker.make_next().await.unwrap() && maker.make_next().await.unwrap());
        assert_eq!(
            world.get(&world.viewer, &second).await.expect(200)["status"],
            "ready"
        );
        let failed = world.get(&world.viewer, &third).await.expect(200);
        assert_eq!(failed["status"], "failed", "there was no space left by then");
        assert!(text(&failed["error"]).contains("MB"), "{failed}");
        let body = json!({"company_id": world.ours});
        world
            .post(&world.analyst, "/reports", body.clone())
            .await
            .problem(429);
        let theirs = json!({"company_id": world.theirs});
        world.post(&world.stranger, "/reports", theirs).await.expect(201);
        world.delete(&world.manager, &first).await.expect(204);
        world.post(&world.analyst, "/reports", body).await.expect(201);
    }
}

// promise: L1
#[tokio::test]
async fn the_file_of_an_old_report_is_deleted_and_the_report_is_kept() {
    const PARTS: &str = "select report_id from report_parts";
    for world in World::all().await {
        for n in 0..3 {
            world.finding(json!({"title": format!("finding {n}")})).await;
        }
        let old = asked(&world, json!({"format": "csv"})).await;
        assert!(make(&world).await);
        world.pass_days(10);
        let new = asked(&world, json!({"format": "csv"})).await;
        assert!(make(&world).await);
        world.events().await;
        let sweep = async |days: u64| {
            let after = Duration::from_hours(24 * days);
            Retention::new(world.store.clone(), after).sweep().await.unwrap();
        };
        sweep(0).await;
        sweep(20).await;
        assert_eq!(world.kinds().await, [""; 0], "nothing is old enough");
        sweep(5).await;
        assert_eq!(world.kinds().await, ["report.updated"], "{}", world.database);
        sweep(5).await;
        assert_eq!(world.kinds().await, [""; 0], "once");
        let view = world.get(&world.viewer, &old).await.expect(200);
        assert_eq!(
            (&view["status"], &view["size"]),
            (&json!("expired"), &Value::Null)
        );
        world
            .get(&world.viewer, &format!("{old}/download"))
            .await
            .problem(409);
        downloaded(&world, &new).await;
        let left = world
            .store
            .read(|tx| tx.all::<(String,)>(PARTS, &[]))
            .await
            .unwrap();
        assert!(
            !left.is_empty() && left.iter().all(|(of,)| new.ends_with(of)),
            "{left:?}"
        );
        assert_eq!(
            world
                .get(&world.viewer, "/reports?status=expired")
                .await
                .ids()
                .len(),
            1
        );
    }
}
