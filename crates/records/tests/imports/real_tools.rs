//! The output of real scanners for one small source tree (`tests/tools`): unchanged, with three lines of comment at the
//! top of every file, then with one problem fixed, each in another folder.

use std::collections::BTreeSet;

use base::Id;
use records::findings::{self, Finding, Mover, Status};

use crate::world::{World, sample};

/// The tool, its results, and the rule and the file of the fixed problem.
const TOOLS: [(&str, u64, &str, &str); 5] = [
    ("bandit", 19, "B602", "app/jobs.py"),
    ("ruff", 24, "S602", "app/jobs.py"),
    ("eslint", 27, "no-eval", "web/cart.js"),
    ("semgrep", 14, "shell-call", "app/jobs.py"),
    ("checkov", 58, "CKV_AWS_17", "deploy/main.tf"),
];

// promise: M2
// promise: M3
// promise: M5
// promise: P2
#[tokio::test]
async fn findings_of_real_tools_keep_their_identity_and_only_the_fixed_one_is_closed() {
    for world in World::all().await {
        let database = world.database;
        for (tool, results, ..) in TOOLS {
            let first = import(&world, tool, "first").await;
            assert_eq!(first, [results, results, 0, 0, 0, 0, 0], "{tool} on {database}");
        }
        let known = ids(&world).await;
        for (tool, results, ..) in TOOLS {
            let [read, created, updated, reopened, closed, unchanged, skipped] =
                import(&world, tool, "commented").await;
            let changed = [created, reopened, closed, skipped];
            assert_eq!((read, changed), (results, [0; 4]), "{tool} on {database}");
            assert_eq!(updated + unchanged, results, "{tool} on {database}");
        }
        for (tool, results, rule, file) in TOOLS {
            let before = closed(&world).await;
            let [read, created, _, reopened, gone, _, skipped] = import(&world, tool, "fixed").await;
            assert_eq!(
                (read, [created, reopened, gone, skipped]),
                (results - 1, [0, 0, 1, 0]),
                "{tool} on {database}"
            );
            let now = closed(&world).await;
            let fixed: Vec<_> = now.difference(&before).collect();
            let [(_, found, location)] = fixed.as_slice() else {
                panic!("{tool} on {database}: {fixed:?}");
            };
            assert_eq!(found, rule, "{tool} on {database}");
            assert!(
                location.starts_with(&format!("{file}:")),
                "{tool} on {database}: {location}"
            );
        }
        assert_eq!(ids(&world).await, known, "{database}");
    }
}

// promise: M4
// promise: M5
#[tokio::test]
async fn a_verdict_on_a_real_tools_finding_is_kept_and_covers_nothing_else() {
    for world in World::all().await {
        let database = world.database;
        for (tool, rule, location) in [
            ("bandit", "B602", "app/jobs.py:13"),
            ("ruff", "S602", "app/jobs.py:13"),
            ("eslint", "no-eval", "web/cart.js:13"),
            ("semgrep", "shell-call", "app/jobs.py:17"),
        ] {
            import(&world, tool, "first").await;
            let judged = judge(&world, rule, location).await;
            let [_, created, .., closed, _, _] = import(&world, tool, "commented").await;
            assert_eq!((created, closed), (0, 0), "{tool} on {database}");
            // The finding with a verdict is the fixed one: it is gone, and no report closes it.
            let [_, created, .., closed, _, _] = import(&world, tool, "fixed").await;
            assert_eq!((created, closed), (0, 0), "{tool} on {database}");
            let after = world.findings().await;
            let after = after.iter().find(|one| one.id == judged);
            assert_eq!(after.map(|one| one.status), Some(Status::FalsePositive), "{tool}");
        }
    }
}

// promise: M4
#[tokio::test]
async fn a_verdict_on_a_whole_file_does_not_cover_insertions() {
    for world in World::all().await {
        import(&world, "checkov", "first").await;
        // For a missing instruction Checkov shows the whole Dockerfile, including its comments.
        let judged = judge(&world, "CKV_DOCKER_2", "deploy/Dockerfile:1").await;
        let [_, created, .., closed, _, _] = import(&world, "checkov", "commented").await;
        assert_eq!((created, closed), (1, 0), "{}", world.database);
        let same = |one: &&Finding| one.rule_id == "CKV_DOCKER_2" && one.id != judged;
        let new = world.findings().await;
        let new: Vec<_> = new.iter().filter(same).collect();
        assert_eq!(new.len(), 1);
        assert_eq!(
            (new[0].status, new[0].related),
            (Status::Open, Some(judged)),
            "{}",
            world.database
        );
    }
}

/// Marks a finding as a false positive.
async fn judge(world: &World, rule: &str, location: &str) -> Id {
    let findings = world.findings().await;
    let is_it = |one: &&Finding| one.rule_id == rule && one.location == location;
    let id = findings.iter().find(is_it).unwrap().id;
    let to = (Status::FalsePositive, Mover::Person);
    world
        .change(id, move |tx, finding, context| {
            findings::move_by(tx, finding, to, "It is none.", context).unwrap();
        })
        .await;
    id
}

/// Imports a scan report twice, the second time without changes; returns the counts of the first time.
async fn import(world: &World, tool: &str, state: &str) -> [u64; 7] {
    let report = sample(&format!("tools/{tool}.{state}.sarif"));
    let counts = world.import(report.clone()).await.counts();
    let read = counts[0];
    let again = world.import(report).await.counts();
    assert_eq!(again, [read, 0, 0, 0, 0, read, 0], "{tool}, {state}, again");
    counts
}

async fn ids(world: &World) -> BTreeSet<Id> {
    world.findings().await.into_iter().map(|one| one.id).collect()
}

/// Id, rule and location of each closed finding.
async fn closed(world: &World) -> BTreeSet<(Id, String, String)> {
    let findings = world.findings().await.into_iter();
    let closed = findings.filter(|one| one.status == Status::Closed);
    closed.map(|one| (one.id, one.rule_id, one.location)).collect()
}
