//! A database as version 0.1 left it: findings with a fingerprint, without evidence and target.

use std::{collections::BTreeMap, fmt::Display, io::Cursor};

use base::Id;
use formats::{Old, OldNumbering, Options, Outcome};
use serde_json::json;
use store::params;

use crate::world::{World, made, report, run, sample};

/// The samples of every format.
const SAMPLES: [&str; 13] = [
    "SuppressionTestCurrent.sarif",
    "bash-report.sarif",
    "codeQL-output.sarif",
    "taint-python-report.sarif",
    "trivy.json",
    "nuclei.jsonl",
    "semgrep.json",
    "grype.json",
    "cyclonedx.json",
    "openvas.xml",
    "zap.xml",
    "made/nessus.nessus",
    "made/findings.csv",
];

/// The place of each entry in a scan report with the fingerprint that version 0.1 gave it; none for one that it
/// dropped.
fn fingerprints(bytes: &[u8]) -> Vec<(String, Option<String>)> {
    let mut file = Cursor::new(bytes);
    let format = formats::recognise(&mut file, &Options::default()).unwrap();
    let report = format.survey(&mut file, &Options::default()).unwrap();
    let tools: Vec<String> = report
        .coverage()
        .iter()
        .map(|one| one.tool.to_lowercase())
        .collect();
    let mut entries: Vec<(String, String, Old, u32)> = Vec::new();
    let mut index = 0;
    let mut each = |place: &dyn Display, outcome| {
        if let Outcome::Found(coverage, found) = outcome {
            entries.push((place.to_string(), tools[coverage].clone(), found.old, index));
        }
        index += 1;
        true
    };
    report.each(&mut file, "", &mut each).unwrap();
    let mut olds: BTreeMap<&str, Vec<(Old, u32)>> = BTreeMap::new();
    for (_, tool, old, index) in &entries {
        olds.entry(tool).or_default().push((*old, *index));
    }
    let crowds: BTreeMap<_, _> = olds
        .into_iter()
        .map(|(tool, olds)| (tool, OldNumbering::new(olds)))
        .collect();
    entries
        .iter()
        .map(|(place, tool, old, index)| (place.clone(), crowds[tool.as_str()].fingerprint(old, *index)))
        .collect()
}

/// Imports a scan report and turns the database into that of version 0.1; returns how many entries that version
/// dropped.
async fn import_as_before(world: &World, bytes: &[u8]) -> u64 {
    let known: Vec<Id> = world.column("select id from findings order by id").await;
    let answer = world.import(bytes.to_vec()).await;
    answer.counts();
    let skipped: Vec<_> = answer.body["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["where"].as_str().unwrap().to_owned())
        .collect();
    let mut prints = fingerprints(bytes);
    prints.retain(|(place, _)| !skipped.contains(place));
    let mut ids: Vec<Id> = world.column("select id from findings order by id").await;
    ids.retain(|id| !known.contains(id));
    assert_eq!(ids.len(), prints.len());
    let dropped = prints.iter().filter(|(_, print)| print.is_none()).count();
    let done = world.store.write(move |tx| {
        for (id, (_, print)) in ids.iter().zip(&prints) {
            match print {
                Some(print) => tx.execute(
                    "update findings set fingerprint = $2, target_id = '', details = '', component = '' where id = $1",
                    params![id, print],
                )?,
                None => tx.execute("delete from findings where id = $1", params![id])?,
            };
        }
        for sql in [
            "update finding_evidence set target_id = '', group_key = '', evidence = '', path = '', said = substr(said, 1, 96) \
             where finding_id in (select id from findings where target_id = '')",
            "delete from finding_identifiers where finding_id in (select id from findings where target_id = '')",
            "delete from import_changes",
            "delete from scan_targets where id not in (select target_id from findings)",
        ] {
            tx.execute(sql, params![])?;
        }
        Ok::<_, store::Error>(())
    });
    done.await.unwrap();
    dropped as u64
}

// promise: M2, M5
#[tokio::test]
async fn after_the_upgrade_the_identical_report_changes_nothing() {
    for mut world in World::all().await {
        for name in SAMPLES {
            world.project = world.add_project(name).await;
            let bytes = sample(name);
            let dropped = import_as_before(&world, &bytes).await;
            let first = world.findings().await.into_iter().find(|finding| {
                finding.place.project.as_ref().map(|project| project.id) == Some(world.project)
            });
            let judged = first.unwrap().id;
            world.judge(judged).await;
            let title = world.view(judged).await["title"].clone();
            world.events();
            let answer = world.import(bytes.clone()).await;
            let [_, created, updated, reopened, closed, ..] = answer.counts();
            assert_eq!(
                (created, updated, reopened, closed),
                (dropped, 0, 0, 0),
                "{name} on {}: {}",
                world.database,
                answer.body
            );
            assert!(world.kinds().iter().all(|(kind, count)| {
                kind.starts_with("scan.") || *kind == "finding.created" && *count as u64 == dropped
            }));
            let view = world.view(judged).await;
            assert_eq!(
                (&view["status"], &view["title"]),
                (&json!("false_positive"), &title),
                "{name}"
            );
            assert!(!view["target_id"].is_null(), "{name}");
            let bare = "select finding_id from finding_evidence where target_id = '' or group_key = '' or evidence = ''";
            if let Some(id) = world.column::<Id>(bare).await.first() {
                panic!("{name}: {}", world.view(*id).await);
            }
            let again = world.import(bytes).await.counts();
            assert_eq!(again[1..5], [0; 4], "{name} once more");
        }
    }
}

// promise: P2, P3
#[tokio::test]
async fn an_old_finding_is_closed_only_by_a_complete_report_with_another_old_one() {
    let of = |rules: &[&str]| {
        let results: Vec<_> = rules.iter().map(|rule| made(*rule)).collect();
        run("Saw", &results)
    };
    let named = |mut run: serde_json::Value, id: &str| {
        run["automationDetails"] = json!({"id": id});
        report(&[run])
    };
    for world in World::all().await {
        let all = report(&[of(&["a", "b", "c"])]);
        assert_eq!(import_as_before(&world, all.as_bytes()).await, 0);
        // Another target's report contains none of them.
        assert_eq!(
            world.import(named(of(&["z"]), "other/")).await.counts(),
            [1, 1, 0, 0, 0, 0, 0]
        );
        let mut failed = of(&["a", "b"]);
        failed["invocations"] = json!([{"executionSuccessful": false}]);
        assert_eq!(
            world.import(report(&[failed])).await.counts()[4],
            0,
            "it is incomplete"
        );
        assert_eq!(
            world.import(report(&[of(&["a", "b"])])).await.counts()[4],
            0,
            "an adopted finding is no longer an old one"
        );
        assert_eq!(world.open().await.len(), 4);
    }
    for world in World::all().await {
        let all = report(&[of(&["a", "b", "c"])]);
        import_as_before(&world, all.as_bytes()).await;
        assert_eq!(
            world.import(report(&[of(&["a", "b"])])).await.counts(),
            [2, 0, 0, 0, 1, 2, 0]
        );
        assert_eq!(world.open().await, ["open src/a.rs:1", "open src/b.rs:1"]);
    }
}
