use base::{Kind, Severity};
use records::findings::{self, Change, Status, assignees};
use serde_json::json;

use crate::world::{World, made, report, run, sample, simple};

#[tokio::test]
async fn what_is_gone_is_closed_and_what_is_found_again_is_reopened() {
    for mut world in World::all().await {
        let database = world.database;
        assert_eq!(
            world.import(simple(&["a", "b", "c"])).await.counts(),
            [3, 3, 0, 0, 0, 0, 0]
        );
        world.events();
        assert_eq!(
            world.import(simple(&["a", "d"])).await.counts(),
            [2, 1, 0, 0, 2, 1, 0]
        );
        let expected = [
            ("finding.created", 1),
            ("finding.status_changed", 2),
            ("scan.completed", 1),
            ("scan.started", 1),
        ];
        assert_eq!(world.kinds(), expected, "{database}");
        let statuses =
            |findings: Vec<findings::Finding>| findings.into_iter().map(|one| one.status).collect::<Vec<_>>();
        let (open, closed) = (Status::Open, Status::Closed);
        assert_eq!(statuses(world.findings().await), [open, closed, closed, open]);
        assert!(world.findings().await[1].closed_by_scan);

        let answer = world.import(simple(&["b", "d", "a"])).await;
        assert_eq!(
            answer.counts(),
            [3, 0, 1, 1, 0, 2, 0],
            "a reopened finding is an updated one"
        );
        let events = world.events();
        let moved = events
            .iter()
            .find(|event| event.kind == Kind::FindingReopened)
            .unwrap();
        assert_eq!(
            (moved.text("from_status"), moved.text("status")),
            (Some("closed"), Some("open"))
        );
        assert_eq!(
            moved.bundle.map(|scan| json!(scan)),
            Some(answer.body["scan"]["id"].clone())
        );
        assert_eq!(statuses(world.findings().await), [open, open, closed, open]);
        assert_eq!(
            world.import(simple(&["b", "d", "a"])).await.counts(),
            [3, 0, 0, 0, 0, 3, 0]
        );
        assert_eq!(
            world.import(simple(&[])).await.counts(),
            [0, 0, 0, 0, 3, 0, 0],
            "a clean report"
        );
    }
}

#[tokio::test]
async fn only_findings_of_the_same_tool_and_place_are_closed() {
    for world in World::all().await {
        let all = report(&[run("Saw", &[made("a")]), run("Axe", &[made("a"), made("b")])]);
        let answer = world.import(all).await;
        assert_eq!(
            answer.counts(),
            [3, 3, 0, 0, 0, 0, 0],
            "the same result of another tool is another finding"
        );
        assert_eq!(answer.body["scan"]["tool"], json!("Saw, Axe"));
        let elsewhere = world.add_project("Mobile").await;
        assert_eq!(
            world.import_into(Some(elsewhere), simple(&["z"])).await.counts(),
            [1, 1, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            world.import_into(None, simple(&["a"])).await.counts(),
            [1, 1, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            world.import_into(None, simple(&["y"])).await.counts(),
            [1, 1, 0, 0, 1, 0, 0]
        );
        assert_eq!(world.import(simple(&["a"])).await.counts(), [1, 0, 0, 0, 0, 1, 0]);
        let mixed = report(&[
            run("Saw", &[made("a")]),
            run("Axe", &[made("b")]),
            run("Saw", &[made("c"), made("a")]),
        ]);
        let answer = world.import(mixed).await;
        assert_eq!(
            answer.counts(),
            [4, 1, 0, 0, 1, 2, 1],
            "runs of one tool are combined"
        );
        assert_eq!(
            answer.body["skipped"],
            json!([{"where": "runs[2].results[1]", "reason": "duplicate of runs[0].results[0]"}])
        );
        let open = world
            .findings()
            .await
            .into_iter()
            .filter(|finding| finding.status.is_open())
            .count();
        assert_eq!(open, 5);
    }
}

#[tokio::test]
async fn an_incomplete_report_closes_nothing() {
    for world in World::all().await {
        world.import(simple(&["a", "b"])).await.counts();
        let mut failed = run("Saw", &[made("a")]);
        failed["invocations"] = json!([{"executionSuccessful": false}]);
        assert_eq!(
            world.import(report(&[failed])).await.counts(),
            [1, 0, 0, 0, 0, 1, 0]
        );
        let no_results = json!({"tool": {"driver": {"name": "Saw"}}});
        assert_eq!(world.import(report(&[no_results])).await.counts(), [0; 7]);
        let answer = world.import(report(&[])).await;
        assert_eq!(
            answer.status.as_u16(),
            422,
            "an empty list is not a mark: {}",
            answer.body
        );
        assert_eq!(world.open().await.len(), 2);
    }
}

#[tokio::test]
async fn verdicts_are_kept() {
    for mut world in World::all().await {
        let rules = ["a", "b", "c", "d", "e", "f"];
        world.import(simple(&rules)).await.counts();
        let findings = world.findings().await;
        let decided = [
            Status::AcceptedRisk,
            Status::FalsePositive,
            Status::Duplicate,
            Status::InProgress,
        ];
        for (finding, status) in findings.iter().zip(decided) {
            world
                .change(finding.id, move |tx, finding, context| {
                    let mover = match status {
                        Status::AcceptedRisk => findings::Mover::Approval,
                        _ => findings::Mover::Person,
                    };
                    findings::move_by(tx, finding, (status, mover), "I say so", context).unwrap();
                })
                .await;
        }
        world.events();
        let mut worse: Vec<_> = rules.iter().map(|rule| made(*rule)).collect();
        for made in &mut worse {
            made.level = "error";
        }
        let answer = world.import(report(&[run("Saw", &worse)])).await;
        assert_eq!(answer.counts(), [6, 0, 4, 0, 0, 2, 0], "{}", world.database);
        let after = world.findings().await;
        assert_eq!(
            (after[0].status, after[0].severity),
            (Status::AcceptedRisk, Severity::High),
            "accepted findings are kept up to date"
        );
        for (after, (before, status)) in after.iter().zip(findings.iter().zip(decided)).take(3).skip(1) {
            assert_eq!((after.status, after.severity), (status, before.severity));
        }
        assert_eq!(
            (after[3].status, after[3].severity),
            (Status::InProgress, Severity::High)
        );
        assert_eq!(
            world.import(simple(&[])).await.counts(),
            [0, 0, 0, 0, 3, 0, 0],
            "three were open"
        );
        let after = world.findings().await;
        assert_eq!(
            after
                .iter()
                .filter(|finding| finding.status == Status::Closed)
                .count(),
            3
        );
        // Reopened by a user, it adopts the content of later scan reports.
        world
            .change(after[0].id, |tx, finding, context| {
                findings::move_to(tx, finding, Status::Open, "", context).unwrap();
            })
            .await;
        let answer = world.import(report(&[run("Saw", &worse)])).await;
        assert_eq!(answer.counts(), [6, 0, 3, 3, 0, 3, 0], "it was kept up to date");
        assert_eq!(world.findings().await[0].severity, Severity::High);
    }
}

#[tokio::test]
async fn what_a_person_edited_is_kept_until_the_report_changes() {
    for world in World::all().await {
        world.import(simple(&["a"])).await.counts();
        let id = world.findings().await[0].id;
        world
            .change(id, |tx, finding, context| {
                let change = Change {
                    title: Some("In our words".to_owned()),
                    severity: Some(Severity::Critical),
                    ..Change::default()
                };
                assert!(findings::change(tx, finding, change, context).unwrap());
            })
            .await;
        assert_eq!(world.import(simple(&["a"])).await.counts(), [1, 0, 0, 0, 0, 1, 0]);
        let mut moved = made("a");
        moved.line = 40;
        assert_eq!(
            world.import(report(&[run("Saw", &[moved])])).await.counts(),
            [1, 0, 1, 0, 0, 0, 0]
        );
        let finding = world.findings().await.remove(0);
        assert_eq!(finding.location, "src/a.rs:40");
        assert_eq!(
            (finding.title.as_str(), finding.severity),
            ("In our words", Severity::Critical)
        );
        let mut changed = made("a");
        (changed.line, changed.level, changed.message) = (40, "error", "It is worse.".to_owned());
        assert_eq!(
            world.import(report(&[run("Saw", &[changed])])).await.counts(),
            [1, 0, 1, 0, 0, 0, 0]
        );
        let finding = world.findings().await.remove(0);
        assert_eq!(
            (finding.title.as_str(), finding.severity),
            ("a: It is worse.", Severity::High)
        );
        assert!(finding.sla_due_at.is_some());
    }
}

#[tokio::test]
async fn the_assignees_of_changed_findings_are_notified_of_the_scan() {
    for mut world in World::all().await {
        world.import(simple(&["a", "b", "c"])).await.counts();
        let (gone, same) = (world.findings().await[0].id, world.findings().await[1].id);
        for (id, user) in [(gone, world.viewer.user_id), (same, world.stranger.user_id)] {
            let name = "somebody".to_owned();
            world
                .change(id, move |tx, finding, context| {
                    let users = vec![records::Named {
                        id: user,
                        name: name.clone(),
                    }];
                    assignees::assign(tx, finding, (users, Vec::new()), context.by).unwrap();
                })
                .await;
        }
        world.events();
        world.import(simple(&["b", "c", "d"])).await.counts();
        let events = world.events();
        let completed = events
            .iter()
            .find(|event| event.kind == Kind::ScanCompleted)
            .unwrap();
        let mut expected = [world.analyst.user_id, world.viewer.user_id];
        expected.sort_unstable();
        let mut notified = completed.assignee_users.clone();
        notified.sort_unstable();
        assert_eq!(
            notified, expected,
            "the assignee of an unchanged finding is not notified"
        );
    }
}

#[tokio::test]
async fn a_suppressed_result_counts_as_gone() {
    for world in World::all().await {
        world.import(simple(&["a", "b"])).await.counts();
        let mut suppressed = run("Saw", &[made("a"), made("b")]);
        suppressed["results"][0]["suppressions"] = json!([{"kind": "inSource", "justification": "tested"}]);
        let answer = world.import(report(&[suppressed])).await;
        assert_eq!(answer.counts(), [2, 0, 0, 0, 1, 1, 1]);
        assert_eq!(
            answer.body["skipped"][0]["reason"],
            "suppressed (in source): tested"
        );
        assert_eq!(
            world.import(simple(&["a", "b"])).await.counts(),
            [2, 0, 1, 1, 0, 1, 0]
        );
    }
}

#[tokio::test]
async fn a_sample_shrinks_and_grows() {
    for world in World::all().await {
        let whole: serde_json::Value = serde_json::from_slice(&sample("codeQL-output.sarif")).unwrap();
        let mut part = whole.clone();
        part["runs"][0]["results"].as_array_mut().unwrap().drain(10..30);
        assert_eq!(
            world.import(whole.to_string()).await.counts(),
            [72, 72, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            world.import(part.to_string()).await.counts(),
            [52, 0, 0, 0, 20, 52, 0]
        );
        assert_eq!(
            world.import(whole.to_string()).await.counts(),
            [72, 0, 20, 20, 0, 52, 0]
        );
        assert_eq!(
            world.import(whole.to_string()).await.counts(),
            [72, 0, 0, 0, 0, 72, 0]
        );
    }
}
