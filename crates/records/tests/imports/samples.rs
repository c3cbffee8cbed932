use base::Kind;
use serde_json::{Value, json};

use crate::world::{World, sample};

/// Name, then read, created, updated, reopened, closed, unchanged, skipped of the first import.
const SAMPLES: [(&str, &str, [u64; 7]); 4] = [
    (
        "SuppressionTestCurrent.sarif",
        "CodeScanner",
        [4, 1, 0, 0, 0, 0, 3],
    ),
    (
        "bash-report.sarif",
        "Shell Script Analysis",
        [27, 12, 0, 0, 0, 0, 15],
    ),
    ("codeQL-output.sarif", "CodeQL", [72, 72, 0, 0, 0, 0, 0]),
    (
        "taint-python-report.sarif",
        "Python Security Analysis",
        [11, 11, 0, 0, 0, 0, 0],
    ),
];

#[tokio::test]
async fn every_sample_is_imported_and_importing_it_again_changes_nothing() {
    for mut world in World::all().await {
        let database = world.database;
        for (name, tool, first) in SAMPLES {
            world.events();
            let answer = world.import(sample(name)).await;
            assert_eq!(answer.counts(), first, "{name} on {database}");
            let scan = &answer.body["scan"];
            assert_eq!(
                (&scan["tool"], &scan["status"], &scan["counts"]),
                (&json!(tool), &json!("completed"), &answer.body["counts"]),
                "{name} on {database}"
            );
            let created = usize::try_from(first[1]).unwrap();
            let expected = [
                ("finding.created", created),
                ("scan.completed", 1),
                ("scan.started", 1),
            ];
            assert_eq!(world.kinds(), expected, "{name} on {database}");

            let before = world.findings().await;
            let answer = world.import(sample(name)).await;
            let [read, created, _, _, _, _, skipped] = first;
            assert_eq!(
                answer.counts(),
                [read, 0, 0, 0, 0, created, skipped],
                "{name} on {database}"
            );
            assert_eq!(
                world.kinds(),
                [("scan.completed", 1), ("scan.started", 1)],
                "{name} on {database}"
            );
            let mut after = world.findings().await;
            for (after, before) in after.iter_mut().zip(&before) {
                // Only that they were seen again is recorded.
                (after.last_scan, after.last_seen_at) = (before.last_scan, before.last_seen_at);
            }
            assert_eq!(after, before, "{name} on {database}");
        }
        assert_eq!(
            world.findings().await.len(),
            96,
            "each tool has its own: {database}"
        );
        world.assert_nothing_spooled();
    }
}

#[tokio::test]
async fn skipped_results_are_named_with_their_reasons() {
    for world in World::all().await {
        let answer = world.import(sample("SuppressionTestCurrent.sarif")).await;
        let reason =
            |at: usize| json!({"where": format!("runs[0].results[{at}]"), "reason": "suppressed (external)"});
        assert_eq!(answer.body["skipped"], json!([reason(0), reason(1), reason(2)]));
        let answer = world.import(sample("bash-report.sarif")).await;
        let skipped = json!({"where": "runs[0].results[9]", "reason": "duplicate of runs[0].results[2]"});
        assert_eq!(answer.body["skipped"][0], skipped);
    }
}

// promise: B1
#[tokio::test]
async fn events_state_what_and_where_and_carry_their_scan() {
    for mut world in World::all().await {
        let answer = world.import(sample("codeQL-output.sarif")).await;
        let scan: base::Id = answer.body["scan"]["id"].as_str().unwrap().parse().unwrap();
        for event in world.events() {
            assert_eq!(event.audience.company(), Some(world.company));
            assert_eq!(event.actor, Some(world.analyst.user_id));
            assert_eq!(event.text("project_name"), Some("Web"));
            match event.kind {
                Kind::FindingCreated => {
                    assert_eq!(event.bundle, Some(scan));
                    assert!(event.severity.is_some());
                    assert_eq!(event.text("scan_id"), Some(scan.to_string().as_str()));
                    assert_eq!(event.text("tool"), Some("CodeQL"));
                }
                Kind::ScanStarted => {
                    assert_eq!((event.bundle, event.text("status")), (None, Some("running")));
                }
                Kind::ScanCompleted => {
                    assert_eq!((event.bundle, event.subject.id), (None, scan));
                    assert_eq!(event.data["counts"], answer.body["counts"]);
                    assert_eq!(event.assignee_users, [world.analyst.user_id]);
                }
                other => panic!("{other}"),
            }
        }
        // All are waiting to be planned; those of the scan are separate.
        let unplanned = "select kind from events where planned_at = 0 and bundle_id = '' order by kind";
        let kinds: Vec<String> = world.column(unplanned).await;
        assert_eq!(kinds, ["project.created", "scan.completed", "scan.started"]);
    }
}

/// Every sample with the place of its entries: a JSON pointer, an XML element, or lines from this one on; and the
/// query.
const ENTRIES: [(&str, &str, &str); 13] = [
    ("SuppressionTestCurrent.sarif", "/runs/0/results", ""),
    ("bash-report.sarif", "/runs/0/results", ""),
    ("codeQL-output.sarif", "/runs/0/results", ""),
    ("taint-python-report.sarif", "/runs/0/results", ""),
    ("trivy.json", "/Results/0/Vulnerabilities", ""),
    ("semgrep.json", "/results", ""),
    ("grype.json", "/matches", ""),
    ("cyclonedx.json", "/vulnerabilities", ""),
    ("openvas.xml", "<result id", ""),
    ("zap.xml", "<alertitem>", ""),
    ("made/nessus.nessus", "<ReportItem ", ""),
    ("nuclei.jsonl", "0", "&target=weekly"),
    ("made/findings.csv", "3", "&close=auto&target=pentest"),
];

/// A sample without its first or last entry.
fn shorter(name: &str, entries: &str, last: bool) -> String {
    let whole = String::from_utf8(sample(name)).unwrap();
    if entries.starts_with('/') {
        let mut report: Value = serde_json::from_str(&whole).unwrap();
        let list = report.pointer_mut(entries).and_then(Value::as_array_mut);
        let list = list.unwrap_or_else(|| panic!("no {entries} in {name}"));
        let at = if last { list.len() - 1 } else { 0 };
        list.remove(at);
        return report.to_string();
    }
    if let Some(tag) = entries.strip_prefix('<') {
        let word = tag.trim_end_matches('>').split(' ').next().unwrap();
        let start = if last {
            whole.rfind(entries)
        } else {
            whole.find(entries)
        };
        let start = start.unwrap_or_else(|| panic!("no {entries} in {name}"));
        let end = format!("</{word}>");
        let rest = &whole[start..];
        let closed = rest
            .find("/>")
            .map(|at| at + 2)
            .filter(|at| !rest[..*at - 2].contains('>'));
        let length = closed.unwrap_or_else(|| rest.find(&end).unwrap() + end.len());
        return format!("{}{}", &whole[..start], &whole[start + length..]);
    }
    let mut lines: Vec<_> = whole.lines().collect();
    // A row may have several lines: for a table always the first.
    let at = match entries {
        "0" if last => lines.len() - 1,
        first => first.parse().unwrap(),
    };
    lines.remove(at);
    lines.join("\n")
}

// promise: M2, M3
#[tokio::test]
async fn a_sample_without_one_entry_closes_its_finding_and_with_it_reopens_it() {
    for mut world in World::all().await {
        for (name, entries, more) in ENTRIES {
            world.project = world.add_project(name).await;
            let first = world.import_with(more, sample(name)).await.counts();
            for last in [false, true] {
                let less = world.import_with(more, shorter(name, entries, last)).await;
                let [read, created, updated, reopened, closed, _, skipped] = less.counts();
                assert_eq!(read, first[0] - 1, "{name}");
                assert_eq!((created, updated, reopened), (0, 0, 0), "{name}: {}", less.body);
                // Suppressed, passed and duplicate entries are not findings; and an incomplete report closes nothing.
                let was_finding = skipped == first[6];
                let expected = u64::from(was_finding && less.body["whole"] == true);
                assert_eq!(closed, expected, "{name} {last}: {}", less.body);
                let back = world.import_with(more, sample(name)).await.counts();
                assert_eq!((back[1], back[3], back[4]), (0, closed, 0), "{name}");
            }
            let again = world.import_with(more, sample(name)).await.counts();
            assert_eq!(again[1..5], [0; 4], "{name}");
        }
    }
}
