//! Every folder of `tests/samples/cases` of `formats`, as described in its README.

use std::time::Duration;

use access::Caller;
use axum::http::StatusCode;
use base::{Clock, Id};
use records::{Settings, approvals};
use serde_json::{Value, json};

use crate::world::{Answer, World, sample};

fn case(name: &str) -> Vec<u8> {
    sample(&format!("cases/{name}"))
}

/// Imports a case and returns its counts.
async fn import(world: &World, name: &str) -> [u64; 7] {
    let answer = world.import(case(name)).await;
    assert_eq!(answer.body["whole"], true, "{name}: {}", answer.body);
    answer.counts()
}

/// The id of the finding at this place.
pub(crate) async fn at(world: &World, location: &str) -> Id {
    let findings = world.findings().await;
    let mut there = findings.iter().filter(|finding| finding.location == location);
    let found = there.next();
    let Some(found) = found else {
        panic!("nothing at {location}: {:?}", world.short().await);
    };
    assert!(there.next().is_none(), "one at {location}");
    found.id
}

// promise: M4
#[tokio::test]
async fn case_03_a_key_above_one_with_a_verdict_is_open() {
    for world in World::all().await {
        import(&world, "03-number-inherits-triage/secrets-1.json").await;
        let judged = at(&world, "conf/app.env:10").await;
        world.judge(judged).await;
        let counts = import(&world, "03-number-inherits-triage/secrets-2-new-one-above.json").await;
        assert_eq!(
            counts[..3],
            [2, 1, 0],
            "the new place of a finding with a verdict is stored without an event"
        );
        assert_eq!(
            world.short().await,
            ["false_positive conf/app.env:11", "open conf/app.env:3"]
        );
        assert_eq!(at(&world, "conf/app.env:11").await, judged);
    }
}

// promise: M4
#[tokio::test]
async fn case_03d_a_second_call_stays_open_when_the_one_with_a_verdict_goes() {
    for world in World::all().await {
        import(&world, "03d-bandit-real/bandit-fp-b1.sarif").await;
        let all = world.findings().await;
        let judged = all.iter().find(|finding| finding.rule_id == "B602").unwrap().id;
        world.judge(judged).await;
        for (name, judged_there) in [("b2", true), ("b3", false)] {
            import(&world, &format!("03d-bandit-real/bandit-fp-{name}.sarif")).await;
            let all = world.findings().await;
            let calls: Vec<_> = all.iter().filter(|finding| finding.rule_id == "B602").collect();
            let open: Vec<_> = calls.iter().filter(|finding| finding.status.is_open()).collect();
            assert_eq!(
                (calls.len(), open.len()),
                (2, 1),
                "{name}: {:?}",
                world.short().await
            );
            let verdict = calls.iter().find(|finding| finding.id == judged).unwrap();
            assert_eq!(verdict.status.name(), "false_positive");
            assert_eq!(
                verdict.gone_at.is_none(),
                judged_there,
                "its absence is noted after {name}"
            );
        }
    }
}

// promise: M1, M4
#[tokio::test]
async fn case_04_of_two_versions_the_one_without_a_verdict_is_open() {
    for (judged, left) in [("3.10.1", "4.17.4"), ("4.17.4", "3.10.1")] {
        for world in World::all().await {
            import(&world, "04-two-versions-one-accepted/both.json").await;
            let all = world.findings().await;
            let of = |version: &str| {
                let found = all
                    .iter()
                    .find(|finding| finding.details.component.as_ref().unwrap().version == version);
                found.unwrap().id
            };
            world.judge(of(judged)).await;
            let counts = import(&world, &format!("04-two-versions-one-accepted/only-{left}.json")).await;
            assert_eq!(counts, [1, 0, 0, 0, 0, 1, 0], "{left}");
            assert_eq!(world.view(of(left)).await["status"], "open");
            assert_eq!(world.view(of(judged)).await["status"], "false_positive");
        }
    }
}

// promise: P2
#[tokio::test]
async fn case_05_two_languages_are_two_targets() {
    for world in World::all().await {
        for (name, target) in [
            ("java", "/language:java-kotlin/"),
            ("javascript", "/language:javascript-typescript/"),
            ("java", "/language:java-kotlin/"),
        ] {
            let answer = world
                .import(case(&format!("05-codeql-per-language/{name}.sarif")))
                .await;
            assert_eq!(answer.body["target"], target);
            assert_eq!(answer.counts()[4], 0, "{name} closes nothing");
        }
        assert_eq!(world.open().await, ["open src/A.java:5", "open web/a.js:9"]);
    }
}

// promise: P3, P7, P8
#[tokio::test]
async fn case_06_an_unreadable_row_closes_nothing() {
    for world in World::all().await {
        let query = "&close=auto&target=pentest";
        let first = world
            .import_with(query, case("06-unreadable-row-closes/1.csv"))
            .await;
        assert_eq!(first.counts(), [3, 3, 0, 0, 0, 0, 0]);
        let second = world
            .import_with(query, case("06-unreadable-row-closes/2.csv"))
            .await;
        assert_eq!(second.counts(), [3, 0, 0, 0, 0, 1, 2]);
        assert_eq!(second.body["whole"], false);
        let why = second.body["not_whole"].to_string();
        assert!(why.contains("2 entries could not be read"), "{why}");
        let skipped = second.body["skipped"].as_array().unwrap();
        let places: Vec<_> = skipped.iter().map(|one| one["where"].as_str().unwrap()).collect();
        assert_eq!(places, ["line 2", "line 3"]);
        assert!(
            skipped[0]["reason"].as_str().unwrap().contains("Severe"),
            "{skipped:?}"
        );
        assert_eq!(world.open().await.len(), 3);
        let scan = second.body["scan"]["id"].as_str().unwrap();
        let scan = world
            .call(&world.viewer, "GET", &format!("/scans/{scan}"), Value::Null)
            .await;
        assert!(
            scan.body.to_string().contains("2 entries could not be read"),
            "{}",
            scan.body
        );
    }
}

// promise: M5
#[tokio::test]
async fn case_07_a_version_in_a_path_is_the_same_finding() {
    for world in World::all().await {
        import(&world, "07-version-in-path/trivy-1.json").await;
        let before = world.findings().await.remove(0);
        let people = json!({"user_ids": [world.viewer.user_id], "team_ids": []});
        let path = format!("/findings/{}/assignees", before.id);
        let assigned = world.call(&world.analyst, "POST", &path, people).await;
        assert_eq!(assigned.status, StatusCode::OK, "{}", assigned.body);
        assert_eq!(
            import(&world, "07-version-in-path/trivy-2.json").await,
            [1, 0, 1, 0, 0, 0, 0]
        );
        let after = world.findings().await;
        assert_eq!(after.len(), 1);
        let after = &after[0];
        assert_eq!((after.id, after.sla_due_at), (before.id, before.sla_due_at));
        assert_eq!(after.users[0].id, world.viewer.user_id);
        assert_eq!(after.details.component.as_ref().unwrap().version, "2.14.1");
    }
}

// promise: M5
#[tokio::test]
async fn case_08_moved_lines_are_the_same_findings() {
    for world in World::all().await {
        import(&world, "08-sarif-line-shift/1.sarif").await;
        let before = (at(&world, "src/a.js:10").await, at(&world, "src/b.js:4").await);
        assert_eq!(
            import(&world, "08-sarif-line-shift/2-three-lines-above.sarif").await,
            [2, 0, 1, 0, 0, 1, 0]
        );
        let after = (at(&world, "src/a.js:13").await, at(&world, "src/b.js:4").await);
        assert_eq!(before, after);
    }
}

// promise: M2
#[tokio::test]
async fn case_12_both_locations_are_kept_in_any_order() {
    for world in World::all().await {
        import(&world, "12-sarif-two-locations/a.sarif").await;
        let id = world.findings().await.remove(0).id;
        let view = world.view(id).await;
        assert_eq!(view["locations"], json!(["a.tf:1", "b.tf:2"]));
        assert_eq!(view["locations_count"], 2);
        assert_eq!(
            import(&world, "12-sarif-two-locations/b.sarif").await,
            [1, 0, 0, 0, 0, 1, 0]
        );
        assert_eq!(world.findings().await.len(), 1);
    }
}

// promise: P1
#[tokio::test]
async fn case_14_unaffected_entries_create_no_findings() {
    for world in World::all().await {
        let answer = world.import(case("14-vex-version-status/a.cdx.json")).await;
        let counts = answer.counts();
        assert_eq!(counts[1], 1, "{}", answer.body);
        let all = world.findings().await;
        assert_eq!(all[0].details.identifiers, ["CVE-2024-1"]);
        let skipped = answer.body["skipped"].to_string();
        assert!(skipped.contains("unaffected"), "{skipped}");
    }
}

/// Rejects each of these files, which change nothing.
pub(crate) async fn refused(world: &World, files: &[(&str, Vec<u8>, &str)], format: Option<&str>) {
    let before = world.state().await;
    for (name, file, tool) in files {
        let mut answers: Vec<Answer> = vec![world.import(file.clone()).await];
        if let Some(format) = format {
            answers.push(world.import_as(format, file.clone()).await);
        }
        for answer in answers {
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{name}: {}",
                answer.body
            );
            let body = answer.body.to_string();
            assert!(body.contains(tool), "{name}: {body}");
            assert!(!body.contains("expected "), "{name}: {body}");
        }
    }
    assert_eq!(world.state().await, before, "{}", world.database);
}

// promise: P6
#[tokio::test]
async fn case_18_a_clean_report_of_another_tool_is_rejected_by_name() {
    for world in World::all().await {
        import(&world, "18-empty-report-of-another-tool/semgrep.json").await;
        let files: Vec<_> = [
            ("bandit-clean", "Bandit"),
            ("checkov-clean", "Checkov"),
            ("ffuf-nothing", "ffuf"),
            ("osv-scanner-clean", "OSV-Scanner"),
        ]
        .into_iter()
        .map(|(name, tool)| {
            let file = case(&format!("18-empty-report-of-another-tool/{name}.json"));
            (name, file, tool)
        })
        .collect();
        refused(&world, &files, Some("semgrep")).await;
        assert_eq!(world.open().await.len(), 1);
    }
}

// promise: P6
#[tokio::test]
async fn case_19_xml_of_another_tool_is_rejected_by_name() {
    for world in World::all().await {
        let files: Vec<_> = [("wapiti", "Wapiti"), ("arachni", "Arachni"), ("jacoco", "JaCoCo")]
            .into_iter()
            .map(|(name, tool)| (name, case(&format!("19-xml-root-report/{name}.xml")), tool))
            .collect();
        refused(&world, &files, Some("openvas")).await;
        assert_eq!(
            import(&world, "19-xml-root-report/openvas.xml").await,
            [1, 1, 0, 0, 0, 0, 0]
        );
        refused(&world, &files, Some("openvas")).await;
        assert_eq!(world.open().await.len(), 1);
    }
}

// promise: M6
#[tokio::test]
async fn case_31_ports_and_cves_of_a_nessus_table_are_distinguished() {
    for world in World::all().await {
        let answer = world.import(case("31-nessus-csv/nessus.csv")).await;
        let counts = answer.counts();
        assert_eq!((counts[0], counts[6]), (5, 0), "{}", answer.body);
        let all = world.findings().await;
        let certificates: Vec<_> = all
            .iter()
            .filter(|finding| finding.rule_id == "51192")
            .map(|finding| finding.location.as_str())
            .collect();
        assert_eq!(certificates, ["192.0.2.7:443/tcp", "192.0.2.7:8443/tcp"]);
        let mut cves: Vec<_> = all
            .iter()
            .filter(|finding| finding.rule_id == "97833")
            .flat_map(|finding| finding.details.identifiers.clone())
            .collect();
        cves.sort();
        assert_eq!(cves, ["CVE-2017-0143", "CVE-2017-0144"]);
        for finding in &all {
            assert!(finding.location.starts_with("192.0.2.7"), "{}", finding.location);
        }
        assert_eq!(
            world.import(case("31-nessus-csv/nessus.csv")).await.counts()[5],
            5,
            "again"
        );
    }
}

// promise: M4
#[tokio::test]
async fn case_44_a_new_place_of_an_alert_with_a_verdict_is_open() {
    for world in World::all().await {
        import(&world, "44-zap-fp-one-url/1.json").await;
        let judged = world.findings().await.remove(0).id;
        world.judge(judged).await;
        for file in ["2", "3"] {
            import(&world, &format!("44-zap-fp-one-url/{file}.json")).await;
            let all = world.findings().await;
            assert_eq!(all.len(), 2, "after {file}");
            for finding in all {
                let shown = finding.details.locations.join(" ");
                if finding.id == judged {
                    assert_eq!(finding.status.name(), "false_positive");
                    assert!(shown.contains("/old") && !shown.contains("/checkout"), "{shown}");
                } else {
                    assert_eq!(finding.status.name(), "open");
                    assert!(shown.contains("/checkout") && !shown.contains("/old"), "{shown}");
                }
            }
        }
    }
}

// promise: P7
#[tokio::test]
async fn case_46_qualys_severities_are_its_own() {
    for world in World::all().await {
        let answer = world.import(case("46-severity-1-to-5/qualys.csv")).await;
        assert_eq!(answer.counts(), [4, 4, 0, 0, 0, 0, 0], "{}", answer.body);
        let mut all: Vec<_> = world
            .findings()
            .await
            .into_iter()
            .map(|finding| (finding.rule_id, finding.severity.name(), finding.location))
            .collect();
        all.sort();
        let expected = [
            ("105459", "high", "192.0.2.5"),
            ("38170", "low", "192.0.2.5:443"),
            ("45038", "informational", "192.0.2.5"),
            ("91345", "critical", "192.0.2.5:445"),
        ];
        for ((rule, severity, location), expected) in all.iter().zip(expected) {
            assert_eq!((rule.as_str(), *severity), (expected.0, expected.1));
            assert!(location.starts_with(expected.2), "{location}");
        }
    }
}

/// Accepts the risk of a finding for this long.
async fn accept(world: &World, finding: Id, time: Duration) {
    let until = world.clock.now().after(time).to_string();
    let request = json!({"finding_id": finding, "reason": "Behind the VPN", "expires_at": until});
    let made = call(world, &world.analyst, "/approvals", request).await;
    let path = format!("/approvals/{}/decision", made["id"].as_str().unwrap());
    let decision = json!({"decision": "approved", "version": made["version"]});
    call(world, &world.manager, &path, decision).await;
}

async fn call(world: &World, by: &Caller, path: &str, body: Value) -> Value {
    let answer = world.call(by, "POST", path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    answer.body
}

// promise: H3
#[tokio::test]
async fn case_70_what_was_fixed_while_it_was_accepted_ends_closed() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for mut world in World::all_at(&clock).await {
        import(&world, "70-accepted-and-fixed/1.json").await;
        let all = world.listed("identifier=CVE-ACC").await;
        let id: Id = all[0]["id"].as_str().unwrap().parse().unwrap();
        accept(&world, id, Duration::from_hours(48)).await;
        clock.advance(Duration::from_hours(1));
        assert_eq!(
            import(&world, "70-accepted-and-fixed/2-fixed.json").await,
            [1, 0, 0, 0, 0, 1, 0],
            "no report closes an accepted risk"
        );
        assert_eq!(world.view(id).await["status"], "accepted_risk");
        clock.advance(Duration::from_hours(48));
        world.events();
        let expired = world
            .store
            .write(|tx| approvals::expire(tx, Settings::default(), 100));
        assert_eq!(expired.await.unwrap(), 1);
        assert_eq!(world.view(id).await["status"], "closed");
        for event in world.events() {
            assert_ne!(event.text("status"), Some("open"), "{event:?}");
            assert_ne!(event.kind.name(), "finding.reopened");
        }
        assert_eq!(
            import(&world, "70-accepted-and-fixed/2-fixed.json").await,
            [1, 0, 0, 0, 0, 1, 0]
        );
        assert_eq!(world.view(id).await["status"], "closed");
    }
}
