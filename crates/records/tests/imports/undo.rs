//! Previews and undoing.

use std::time::Duration;

use axum::http::StatusCode;
use base::{Clock, Id};
use serde_json::{Value, json};

use crate::{
    cases::at,
    tools::{grype, nessus, semgrep, zap},
    world::{Answer, World, made, report, run, simple},
};

/// The preview of a scan report, after checking that it changed nothing.
async fn preview(world: &mut World, more: &str, report: &str) -> Value {
    let before = world.state().await;
    world.events();
    let answer = world
        .import_with(&format!("&preview=true{more}"), report.to_owned())
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["scan"], Value::Null);
    assert_eq!(world.kinds(), []);
    assert_eq!(world.state().await, before, "{}", world.database);
    world.assert_nothing_spooled();
    answer.body
}

// promise: P5
#[tokio::test]
async fn a_preview_matches_the_import() {
    let table = |rows: &str| format!("title,severity,location\n{rows}");
    let package = |id, version| (id, "lodash", version, "package-lock.json");
    for mut world in World::all().await {
        for (name, more, first, second) in [
            ("sarif", "", simple(&["a", "b", "c"]), simple(&["c", "d"])),
            (
                "semgrep",
                "",
                semgrep(&[("r", "a.py", 1, "a()", "A."), ("r", "b.py", 1, "b()", "B.")]),
                semgrep(&[("r", "a.py", 5, "a()", "A."), ("r", "c.py", 1, "c()", "C.")]),
            ),
            (
                "grype",
                "",
                grype("shop:1", &[package("CVE-1", "1.0"), package("CVE-2", "1.0")]),
                grype("shop:2", &[package("CVE-1", "1.1"), package("CVE-3", "1.1")]),
            ),
            (
                "nessus",
                "",
                nessus(&[("h", &[80, 443]), ("i", &[80])]),
                nessus(&[("h", &[443, 8443])]),
            ),
            (
                "zap",
                "",
                zap(&[("https://a.test", &["/x"])]).to_string(),
                zap(&[("https://a.test", &["/y"]), ("https://b.test", &["/x"])]).to_string(),
            ),
            (
                "csv",
                "&close=auto&target=t",
                table("A,high,x\nB,low,y\n"),
                table("A,low,x\nC,low,z\n"),
            ),
        ] {
            world.project = world.add_project(name).await;
            for report in [&first, &second, &first] {
                let seen = preview(&mut world, more, report).await;
                let done = world.import_with(more, report.clone()).await;
                done.counts();
                for key in ["target", "whole", "not_whole", "counts", "severities", "skipped"] {
                    assert_eq!(seen[key], done.body[key], "{key} of {name}");
                }
                let closing = seen["closing"].as_array().map_or(0, Vec::len);
                assert_eq!(json!(closing), done.body["counts"]["closed"], "{name}");
            }
        }
    }
}

// promise: P5
#[tokio::test]
async fn a_preview_holds_no_lease_and_needs_none() {
    for mut world in World::all().await {
        world.import(simple(&["a"])).await.counts();
        let scan: Id = world.column("select id from scans").await.remove(0);
        let target: Id = world.column("select id from scan_targets").await.remove(0);
        let now = world.clock.now();
        let held = world.store.write(move |tx| {
            tx.execute(
                "insert into target_leases (target_id, scan_id, renewed_at) values ($1, $2, $3)",
                store::params![target, scan, now],
            )
        });
        held.await.unwrap();
        assert_eq!(world.import(simple(&["b"])).await.status, StatusCode::CONFLICT);
        let seen = preview(&mut world, "", &simple(&["b"])).await;
        assert_eq!(
            (&seen["counts"]["created"], &seen["counts"]["closed"]),
            (&json!(1), &json!(1))
        );
    }
}

/// What undoing restores: the list without the times and scans that only record when it was checked.
async fn list(world: &World) -> Vec<(Id, Value)> {
    let mut all = Vec::new();
    for finding in world.findings().await {
        let mut view = world.view(finding.id).await;
        {
            let key = "updated_at";
            view[key] = Value::Null;
        }
        let evidence = finding.id;
        let row = world.store.read(move |tx| {
            tx.one::<(String, String, String)>(
                "select group_key, evidence, said from finding_evidence where finding_id = $1",
                store::params![evidence],
            )
        });
        view["evidence"] = json!(row.await.unwrap());
        all.push((finding.id, view));
    }
    all.sort_by_key(|(id, _)| *id);
    all
}

async fn undone(world: &World, answer: &Answer) -> Value {
    let undone = world.undo(answer).await;
    assert_eq!(undone.status, StatusCode::OK, "{}", undone.body);
    assert!(!undone.body["scan"]["undone_at"].is_null());
    undone.body["counts"].clone()
}

/// Results that are more severe, on these lines.
fn worse(rules: &[(&str, u32)]) -> String {
    let results: Vec<_> = rules
        .iter()
        .map(|(rule, line)| {
            let mut made = made(*rule);
            (made.line, made.level) = (*line, "error");
            made
        })
        .collect();
    report(&[run("Saw", &results)])
}

// promise: P5
#[tokio::test]
async fn undoing_restores_everything() {
    for mut world in World::all().await {
        world.import(simple(&["a", "b", "c", "d"])).await.counts();
        let first = world.import(simple(&["a", "b", "c"])).await;
        first.counts();
        let judged = at(&world, "src/c.rs:1").await;
        world.judge(judged).await;
        let before = list(&world).await;
        let targets = world
            .call(&world.viewer, "GET", "/targets", Value::Null)
            .await
            .body;
        // a becomes more severe and moves, b goes, c (with a verdict) goes, d is found again, e is new.
        let answer = world.import(worse(&[("a", 9), ("d", 1), ("e", 1)])).await;
        assert_eq!(answer.counts(), [3, 1, 2, 1, 1, 0, 0], "{}", answer.body);
        world.events();
        let counts = undone(&world, &answer).await;
        assert_eq!(
            counts,
            json!({"closed_again": 1, "opened_again": 1, "removed": 1, "kept": 0})
        );
        let kinds = world.kinds();
        let scans: Vec<_> = kinds
            .iter()
            .filter(|(kind, _)| kind.starts_with("scan."))
            .collect();
        assert_eq!(scans, [&("scan.updated", 1)], "one message: {kinds:?}");
        assert_eq!(list(&world).await, before, "{}", world.database);
        let after = world
            .call(&world.viewer, "GET", "/targets", Value::Null)
            .await
            .body;
        assert_eq!(after, targets, "the previous report is the latest one");
        let audited: Vec<String> = world.column("select action from audit_entries order by id").await;
        assert!(
            audited.iter().any(|action| action.contains("undo")),
            "{audited:?}"
        );
        // It is done once, and the same report has the same effect again.
        let second = world.undo(&answer).await;
        assert_eq!(second.status, StatusCode::CONFLICT);
        assert!(second.detail().contains("already"), "{}", second.detail());
        let again = world.import(worse(&[("a", 9), ("d", 1), ("e", 1)])).await;
        assert_eq!(again.counts(), [3, 1, 2, 1, 1, 0, 0]);
        undone(&world, &again).await;
        // The previous one can be undone now, and so on.
        let counts = undone(&world, &first).await;
        assert_eq!(counts["opened_again"], 1);
        assert!(
            world.short().await.contains(&"open src/d.rs:1".to_owned()),
            "{:?}",
            world.short().await
        );
    }
}

// promise: P5
#[tokio::test]
async fn what_people_have_changed_since_is_kept() {
    for world in World::all().await {
        world.import(simple(&["a", "b"])).await.counts();
        let answer = world.import(simple(&["c", "d", "e", "f"])).await;
        assert_eq!(answer.counts(), [4, 4, 0, 0, 2, 0, 0]);
        let [c, d, e] = [
            at(&world, "src/c.rs:1").await,
            at(&world, "src/d.rs:1").await,
            at(&world, "src/e.rs:1").await,
        ];
        world.judge(c).await;
        let comment = world
            .call(
                &world.analyst,
                "POST",
                &format!("/findings/{d}/comments"),
                json!({"body": "Look at this."}),
            )
            .await;
        assert!(comment.status.is_success(), "{}", comment.body);
        let people = json!({"user_ids": [world.viewer.user_id], "team_ids": []});
        let assigned = world
            .call(
                &world.analyst,
                "POST",
                &format!("/findings/{e}/assignees"),
                people,
            )
            .await;
        assert!(assigned.status.is_success(), "{}", assigned.body);
        let a = at(&world, "src/a.rs:1").await;
        world.status(a, "open").await;
        let counts = undone(&world, &answer).await;
        assert_eq!(
            counts,
            json!({"closed_again": 0, "opened_again": 1, "removed": 1, "kept": 4}),
            "c, d and e were changed, and a was reopened by a user"
        );
        assert_eq!(
            world.short().await,
            [
                "open src/a.rs:1",
                "open src/b.rs:1",
                "false_positive src/c.rs:1",
                "open src/d.rs:1",
                "open src/e.rs:1"
            ]
        );
    }
}

// promise: P5
#[tokio::test]
async fn only_the_latest_import_of_a_target_can_be_undone_and_only_for_a_time() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for world in World::all_at(&clock).await {
        let first = world.import(simple(&["a"])).await;
        clock.advance(Duration::from_mins(1));
        let second = world.import(simple(&["a"])).await;
        let refused = world.undo(&first).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(
            refused.detail().contains("later scan report"),
            "{}",
            refused.detail()
        );
        let scan = second.body["scan"]["id"].as_str().unwrap();
        let path = format!("/scans/{scan}/undo");
        for (by, status) in [
            (&world.viewer, StatusCode::FORBIDDEN),
            (&world.stranger, StatusCode::NOT_FOUND),
        ] {
            assert_eq!(world.call(by, "POST", &path, Value::Null).await.status, status);
        }
        clock.advance(Duration::from_hours(30 * 24 + 1));
        let refused = world.undo(&second).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.detail().contains("30 days"), "{}", refused.detail());
    }
}
