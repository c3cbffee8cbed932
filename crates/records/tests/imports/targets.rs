//! Targets, complete scan reports and older ones.

use std::time::Duration;

use axum::http::StatusCode;
use base::{Clock, Id};
use serde_json::{Value, json};
use store::params;

use crate::{
    cases::at,
    tools::{grype, nessus, nuclei, openvas, sarif, semgrep, trivy, zap},
    world::{World, made, report, run, simple},
};

// promise: P2
#[tokio::test]
async fn a_report_closes_only_within_its_target() {
    let named = |id: &str, rules: &[&str]| {
        let results: Vec<_> = rules.iter().map(|rule| made(*rule)).collect();
        let mut run = run("Saw", &results);
        run["automationDetails"] = json!({"id": id});
        report(&[run])
    };
    for world in World::all().await {
        let import = |more: &'static str, report: String| world.import_with(more, report);
        for (more, report, target) in [
            ("&target=main", simple(&["a"]), "main"),
            ("", named("nightly/2026-01-01", &["b"]), "nightly/"),
            ("", simple(&["c"]), ""),
            ("&target=%20release%20", named("nightly/x", &["d"]), "release"),
        ] {
            let answer = import(more, report).await;
            assert_eq!(answer.counts(), [1, 1, 0, 0, 0, 0, 0], "{more}");
            assert_eq!(answer.body["target"], target);
        }
        assert_eq!(world.open().await.len(), 4, "none closes those of another");
        let answer = import("", named("nightly/2026-01-02", &[])).await;
        assert_eq!((answer.counts()[4], &answer.body["open"]), (1, &json!({})), "b");
        let answer = import("&target=main&close=none", simple(&["z"])).await;
        assert_eq!(answer.counts(), [1, 1, 0, 0, 0, 0, 0], "closes nothing");
        assert_eq!(answer.body["open"], json!({"medium": 2}));
        assert_eq!(import("&target=main", simple(&["z"])).await.counts()[4], 1, "a");
        let open = ["open src/c.rs:1", "open src/d.rs:1", "open src/z.rs:1"];
        assert_eq!(world.open().await, open);
        // The same tool in another spelling, and another company's project, which is not found.
        let results = [made("z")];
        assert_eq!(
            import("&target=main", report(&[run("SAW 2.1.0", &results)]))
                .await
                .counts()[5],
            1
        );
        let long = format!("&target={}", "x".repeat(301));
        assert_eq!(
            world.import_with(&long, simple(&["a"])).await.status.as_u16(),
            422
        );
        for query in ["&close=auto&target=main", "&close=maybe"] {
            let status = world.import_with(query, simple(&["z"])).await.status.as_u16();
            assert_eq!(status, if query.contains("maybe") { 422 } else { 201 });
        }
    }
}

// promise: P2
#[tokio::test]
async fn a_project_can_be_given_by_its_name() {
    for world in World::all().await {
        let import = |project: &'static str| {
            let query = format!("company_id={}&project={project}", world.company);
            let world = &world;
            async move {
                let by = Some(&world.analyst);
                world.send(by, &query, "application/json", simple(&["a"])).await
            }
        };
        let answer = import("Web").await;
        assert_eq!(answer.counts()[1], 1);
        assert_eq!(answer.body["scan"]["project_id"], json!(world.project));
        assert_eq!(import("Nowhere").await.status.as_u16(), 422);
        world.add_project("Web").await;
        assert_eq!(import("Web").await.status, StatusCode::CONFLICT);
        let both = world.import_with("&project=Web", simple(&["a"])).await;
        assert_eq!(both.status.as_u16(), 422);
    }
}

// promise: P2
#[tokio::test]
async fn a_table_closes_only_with_close_auto_and_a_target() {
    let table = |rows: &str| format!("title,severity\n{rows}");
    for world in World::all().await {
        for (more, closed) in [
            ("", 0),
            ("&target=t", 0),
            ("&close=auto", 0),
            ("&close=none&target=t", 0),
            ("&close=auto&target=t", 1),
        ] {
            assert_eq!(
                world
                    .import_with(more, table("A,low\nB,low\n"))
                    .await
                    .status
                    .as_u16(),
                201
            );
            let answer = world.import_with(more, table("A,low\n")).await;
            assert_eq!(answer.counts()[4], closed, "{more}: {}", answer.body);
        }
    }
}

// promise: P2
#[tokio::test]
async fn a_report_about_hosts_closes_on_the_hosts_it_covers() {
    for mut world in World::all().await {
        for (name, first, second) in [
            (
                "nessus",
                nessus(&[("h", &[80, 443]), ("i", &[80])]),
                nessus(&[("h", &[443])]),
            ),
            (
                "openvas",
                openvas(&[("h", &[80, 443]), ("i", &[80])]),
                openvas(&[("h", &[443])]),
            ),
            (
                "nuclei",
                nuclei(&[("h.test", "/a"), ("h.test", "/b"), ("i.test", "/a")]),
                nuclei(&[("h.test", "/a")]),
            ),
            (
                "zap",
                zap(&[("https://h.test", &["/a"]), ("https://i.test", &["/a"])]).to_string(),
                zap(&[("https://h.test", &[])]).to_string(),
            ),
        ] {
            for more in ["", "&target=weekly"] {
                world.project = world.add_project(&format!("{name}{more}")).await;
                world.import_with(more, first.clone()).await.counts();
                let answer = world.import_with(more, second.clone()).await;
                // A Nuclei report with the caller's target covers all of it.
                let all = name == "nuclei" && !more.is_empty();
                assert_eq!(
                    answer.counts()[4],
                    if all { 2 } else { 1 },
                    "{name}{more}: {}",
                    answer.body
                );
            }
        }
        // Without results Nuclei writes an empty file.
        world.project = world.add_project("empty").await;
        world
            .import_with("&target=weekly", nuclei(&[("h.test", "/a")]))
            .await
            .counts();
        assert_eq!(world.import_with("&target=weekly", "").await.status.as_u16(), 422);
        let unnamed = world.import_with("&format=nuclei", "").await;
        assert_eq!(
            (unnamed.counts(), &unnamed.body["whole"]),
            ([0; 7], &json!(false)),
            "{}",
            unnamed.body
        );
        let clean = world.import_with("&format=nuclei&target=weekly", "").await;
        assert_eq!(clean.counts(), [0, 0, 0, 0, 1, 0, 0], "{}", clean.body);
    }
}

// promise: P3
#[tokio::test]
async fn an_incomplete_report_creates_findings_closes_nothing_and_states_why() {
    let lines = [("r", "a.py", 1, "a()", "A."), ("r", "b.py", 1, "b()", "B.")];
    let change = |text: String, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        value.to_string()
    };
    let other = [("r", "c.py", 1, "c()", "C.")];
    for mut world in World::all().await {
        let semgrep_with = |key: &str, value: Value| change(semgrep(&other), &|all| all[key] = value.clone());
        for (name, first, second) in [
            (
                "a tool's error",
                semgrep(&lines),
                semgrep_with(
                    "errors",
                    json!([{"level": "error", "type": "Timeout", "message": "m", "code": 2}]),
                ),
            ),
            (
                "skipped paths",
                semgrep(&lines),
                semgrep_with(
                    "paths",
                    json!({"scanned": [], "skipped": [{"path": "a.py", "reason": "too_big"}]}),
                ),
            ),
            (
                "a failed run",
                sarif("T", &lines),
                change(sarif("T", &other), &|all| {
                    all["runs"][0]["invocations"] = json!([{"executionSuccessful": false}]);
                }),
            ),
            (
                "a notification",
                sarif("T", &lines),
                change(sarif("T", &other), &|all| {
                    all["runs"][0]["invocations"] = json!([{"executionSuccessful": true,
                        "toolExecutionNotifications": [{"level": "error", "message": {"text": "It broke."}}]}]);
                }),
            ),
            (
                "an unfinished scan",
                openvas(&[("h", &[1, 2])]),
                openvas(&[("h", &[3])]).replace(">Done<", ">Stopped<"),
            ),
        ] {
            world.project = world.add_project(name).await;
            assert_eq!(world.import(first).await.counts()[1], 2, "{name}");
            let answer = world.import(second).await;
            let counts = answer.counts();
            assert_eq!((counts[1], counts[4]), (1, 0), "{name}: {}", answer.body);
            assert_eq!(answer.body["whole"], false, "{name}");
            let why = answer.body["not_whole"].as_array().unwrap();
            assert!(!why.is_empty(), "{name}");
            let scan = answer.body["scan"]["id"].as_str().unwrap();
            let scan = world
                .call(&world.viewer, "GET", &format!("/scans/{scan}"), Value::Null)
                .await
                .body;
            assert_eq!(&scan["report"]["not_whole"], &answer.body["not_whole"], "{name}");
        }
    }
}

/// A Trivy scan report of this time with these CVEs, with this severity.
fn at_time(time: &str, cves: &[&str], severity: &str) -> String {
    let packages: Vec<_> = cves.iter().map(|cve| (*cve, "lodash", "1.0", "lock")).collect();
    let mut report: Value = serde_json::from_str(&trivy("shop:1", &packages)).unwrap();
    report["CreatedAt"] = json!(time);
    for one in report["Results"][0]["Vulnerabilities"].as_array_mut().unwrap() {
        one["Severity"] = json!(severity);
    }
    report.to_string()
}

// promise: P4
#[tokio::test]
async fn an_older_report_creates_missing_findings_and_changes_nothing_else() {
    let clock = Clock::manual("2026-03-10T12:00:00Z".parse().unwrap());
    for world in World::all_at(&clock).await {
        let import = |time: &'static str, cves: &'static [&'static str], severity: &'static str| {
            world.import(at_time(time, cves, severity))
        };
        import("2026-03-05T10:00:00Z", &["CVE-1", "CVE-2", "CVE-3"], "HIGH")
            .await
            .counts();
        import("2026-03-06T10:00:00Z", &["CVE-1", "CVE-2"], "HIGH")
            .await
            .counts();
        let before = world.findings().await;
        let older = import("2026-03-04T10:00:00Z", &["CVE-1", "CVE-3", "CVE-4"], "LOW").await;
        assert_eq!(older.counts(), [3, 1, 0, 0, 0, 2, 0], "{}", older.body);
        assert_eq!(older.body["whole"], false);
        assert!(
            older.body["not_whole"].to_string().contains("newer scan report"),
            "{}",
            older.body
        );
        let after = world.findings().await;
        let same: Vec<_> = after
            .iter()
            .filter(|finding| before.iter().any(|one| one.id == finding.id))
            .collect();
        assert_eq!(same, before.iter().collect::<Vec<_>>(), "nothing else changed");
        // An equal time is not older.
        let equal = import("2026-03-06T10:00:00Z", &["CVE-1", "CVE-4"], "HIGH").await;
        let counts = equal.counts();
        assert_eq!(
            (counts[1], counts[4], &equal.body["whole"]),
            (0, 1, &json!(true)),
            "{}",
            equal.body
        );
        // A time in the future is replaced by ours, with a note.
        let ahead = import("2026-03-10T12:06:00Z", &["CVE-1"], "HIGH").await;
        assert!(
            ahead.body["not_whole"].to_string().contains("in the future"),
            "{}",
            ahead.body
        );
        assert_eq!((ahead.counts()[4], &ahead.body["whole"]), (1, &json!(true)));
        clock.advance(Duration::from_mins(1));
        let now = import("2026-03-10T12:01:00Z", &["CVE-1"], "HIGH").await;
        assert_eq!(
            now.counts(),
            [1, 0, 0, 0, 0, 1, 0],
            "not older than the one from the future"
        );
        // Undoing the older one removes what it created, and the later ones stay the latest.
        let refused = world.undo(&equal).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        clock.set("2026-03-10T12:00:00Z".parse().unwrap());
    }
}

// promise: M4, P4
#[tokio::test]
async fn what_waits_for_a_retest_and_is_still_found_is_in_progress_again() {
    let clock = Clock::manual("2026-03-10T12:00:00Z".parse().unwrap());
    for mut world in World::all_at(&clock).await {
        world.import(simple(&["a", "b"])).await.counts();
        let a = at(&world, "src/a.rs:1").await;
        world.status(a, "in_progress").await;
        clock.advance(Duration::from_mins(1));
        world.status(a, "retest").await;
        world.events();
        clock.advance(Duration::from_mins(1));
        world.import(simple(&["a", "b"])).await.counts();
        assert_eq!(world.view(a).await["status"], "in_progress");
        let comments: Vec<String> = world
            .column("select comment from finding_moves order by id")
            .await;
        assert_eq!(comments.last().map(String::as_str), Some("still found"));
        let kinds: Vec<_> = world.kinds().into_iter().map(|(kind, _)| kind).collect();
        assert!(kinds.iter().any(|kind| kind.starts_with("finding.")), "{kinds:?}");
        // An earlier report states nothing about it.
        let of = |time: &str| at_time(time, &["CVE-1"], "HIGH");
        world.import(of("2026-03-01T10:00:00Z")).await.counts();
        let id = world.listed("identifier=CVE-1").await[0]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        world.status(id, "in_progress").await;
        world.status(id, "retest").await;
        world.import(of("2026-03-02T10:00:00Z")).await.counts();
        assert_eq!(world.view(id).await["status"], "retest");
    }
}

// promise: P2
#[tokio::test]
async fn targets_are_listed_and_retired() {
    let clock = Clock::manual("2026-03-10T12:00:00Z".parse().unwrap());
    for world in World::all_at(&clock).await {
        world
            .import(grype(
                "shop:1",
                &[("CVE-1", "p", "1", "l"), ("CVE-2", "p", "1", "l")],
            ))
            .await
            .counts();
        world.import(simple(&["a"])).await.counts();
        let list = || world.call(&world.viewer, "GET", "/targets?sort=created_at", Value::Null);
        let items = list().await.body["items"].clone();
        let short = |items: &Value| -> Vec<Value> {
            let items = items.as_array().unwrap();
            items
                .iter()
                .map(|one| json!([one["tool"], one["target"], one["open"], one["stale"]]))
                .collect()
        };
        assert_eq!(
            short(&items),
            [json!(["Grype", "shop", 2, false]), json!(["Saw", null, 1, false])]
        );
        assert_eq!(items[0]["last_report_at"], "2026-03-10T12:00:00Z");
        let path = format!("/targets/{}/retire", items[0]["id"].as_str().unwrap());
        let comment = json!({"comment": "Switched off."});
        for (by, status) in [
            (&world.analyst, StatusCode::FORBIDDEN),
            (&world.stranger, StatusCode::NOT_FOUND),
        ] {
            assert_eq!(
                world.call(by, "POST", &path, comment.clone()).await.status,
                status
            );
        }
        for unsaid in [
            json!({}),
            json!({"comment": null}),
            json!({"comment": " \n\u{200b}"}),
        ] {
            let refused = world.call(&world.manager, "POST", &path, unsaid.clone()).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{unsaid}");
            assert_eq!(refused.body["errors"][0]["field"], "comment");
        }
        let retired = world.call(&world.manager, "POST", &path, comment).await;
        assert_eq!(
            (retired.status, &retired.body["closed"]),
            (StatusCode::OK, &json!(2)),
            "{}",
            retired.body
        );
        assert_eq!(world.open().await, ["open src/a.rs:1"]);
        let audited: Vec<String> = world.column("select action from audit_entries order by id").await;
        assert!(
            audited.iter().any(|action| action.contains("retire")),
            "{audited:?}"
        );
        clock.advance(Duration::from_hours(31 * 24));
        let items = list().await.body["items"].clone();
        assert_eq!(
            short(&items),
            [json!(["Grype", "shop", 0, false]), json!(["Saw", null, 1, true])]
        );
        let back = world.import(grype("shop:2", &[("CVE-1", "p", "1", "l")])).await;
        assert_eq!(
            back.counts(),
            [1, 0, 1, 1, 0, 0, 0],
            "the next report reactivates it"
        );
        assert_eq!(list().await.body["items"][0]["retired_at"], Value::Null);
        clock.set("2026-03-10T12:00:00Z".parse().unwrap());
    }
}

#[tokio::test]
async fn everything_an_analyst_needs_is_kept_searchable_and_linked() {
    for world in World::all().await {
        let (asset, company, now) = (world.clock.id(), world.company, world.clock.now());
        let made = world.store.write(move |tx| {
            tx.execute(
                "insert into assets (id, company_id, name, identifier, kind, criticality, description, status, search, \
                 created_at, updated_at) values ($1, $2, 'Shop', 'shop', 'application', 'high', '', 'active', '', $3, $3)",
                params![asset, company, now],
            )
        });
        made.await.unwrap();
        let mut report: Value =
            serde_json::from_str(&grype("shop:1", &[("GHSA-aaaa-bbbb-cccc", "lodash", "1.0", "l")])).unwrap();
        report["matches"][0]["relatedVulnerabilities"] = json!([{"id": "CVE-2024-1", "cvss": [{"version": "3.1",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "metrics": {"baseScore": 9.8}}]}]);
        report["matches"][0]["vulnerability"]["fix"] = json!({"state": "fixed", "versions": ["1.1"]});
        report["matches"][0]["vulnerability"]["urls"] = json!(["https://x.test/1"]);
        world.import(report.to_string()).await.counts();
        world.import(simple(&["a"])).await.counts();
        for query in [
            "identifier=cve-2024-1",
            "identifier=GHSA-aaaa-bbbb-cccc",
            "tool=Grype",
            "component=lodash",
            "target=shop",
        ] {
            let found = world.listed(query).await;
            assert_eq!(found.len(), 1, "{query}");
            assert_eq!(found[0]["tool"], "Grype", "{query}");
        }
        assert!(world.listed("identifier=CVE-2024-2").await.is_empty());
        let id: Id = world.listed("tool=Grype").await[0]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let view = world.view(id).await;
        assert_eq!(view["identifiers"], json!(["GHSA-aaaa-bbbb-cccc", "CVE-2024-1"]));
        assert_eq!(view["cvss"]["score"], 9.8);
        assert_eq!(view["component"]["fixed_versions"], json!(["1.1"]));
        assert_eq!(view["component"]["purl"], "pkg:npm/lodash@1.0");
        assert_eq!(
            (&view["target"], &view["asset_name"]),
            (&json!("shop"), &json!("Shop"))
        );
        assert!(view["references"].to_string().contains("https://x.test/1"));
    }
}
