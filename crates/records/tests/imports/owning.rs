//! Imports and ownership: new and reopened findings are assigned by the rules, and the end of the import states what
//! matters.

use access::{ownership::Match, testing};
use base::{Id, Kind};
use serde_json::{Value, json};
use store::params;

use crate::world::World;

/// A table: title, severity and place of each finding.
fn table(rows: &[(&str, &str, &str)]) -> String {
    let lines = rows
        .iter()
        .map(|(title, severity, place)| format!("{title},{severity},{place}\n"));
    format!("title,severity,location\n{}", lines.collect::<String>())
}

fn of(text: Value) -> Match {
    serde_json::from_value(text).unwrap()
}

/// The changes in the first step of a finding's history.
async fn steps(world: &World, finding: Id) -> Value {
    const STEPS: &str = "select changes from finding_moves where finding_id = $1 order by id";
    let read = world
        .store
        .read(move |tx| tx.one::<(String,)>(STEPS, params![finding]));
    serde_json::from_str(&read.await.unwrap().unwrap().0).unwrap()
}

// promise: O1
#[tokio::test]
async fn imported_findings_are_assigned_by_the_rules() {
    for mut world in World::all().await {
        let (ana, viewer) = (world.analyst.user_id, world.viewer.user_id);
        let team = testing::team(&world.access, world.company, "Red", &[]).await;
        let rules = vec![
            (
                of(json!({"path": "pay/", "min_severity": "high"})),
                vec![viewer],
                vec![team],
            ),
            (of(json!({"path": "pay/"})), vec![ana], vec![]),
        ];
        testing::ownership_rules(&world.store, world.company, rules).await;
        let first = table(&[
            ("a", "critical", "pay/a.rs:1"),
            ("b", "low", "pay/b.rs:2"),
            ("c", "high", "docs/c.md:3"),
        ]);
        let all = "&format=csv&close=auto&target=pentest";
        let answer = world.import_with(all, first.clone()).await;
        assert_eq!(answer.counts(), [3, 3, 0, 0, 0, 0, 0]);
        let events = world.events();
        let created: Vec<_> = events
            .iter()
            .filter(|event| event.kind == Kind::FindingCreated)
            .collect();
        let named: Vec<_> = created
            .iter()
            .map(|event| {
                (
                    event.text("title").unwrap(),
                    &*event.assignee_users,
                    &*event.assignee_teams,
                )
            })
            .collect();
        assert_eq!(
            named,
            [
                ("a", &[viewer][..], &[team][..]),
                ("b", &[ana][..], &[][..]),
                ("c", &[][..], &[][..])
            ],
            "{}",
            world.database
        );
        assert_eq!(
            created[0].text("assigned_by_rule"),
            Some("rule 1 (path pay/, from high)")
        );
        assert!(events.iter().all(|event| event.kind != Kind::FindingAssigned));
        let completed = events
            .iter()
            .find(|event| event.kind == Kind::ScanCompleted)
            .unwrap();
        assert!(completed.assignee_users.contains(&viewer), "{completed:?}");
        let id = created[0].subject.id;
        let view = world.view(id).await;
        assert_eq!(view["assignees"]["users"][0]["id"], json!(viewer), "{view}");
        let changes = steps(&world, id).await;
        assert_eq!(changes.as_array().unwrap().len(), 3, "{changes}");
        assert_eq!(changes[2]["after"], "rule 1 (path pay/, from high)");
        assert_eq!(world.listed("assignee=none").await.len(), 1, "{}", world.database);

        // Gone, its assignees removed, and found again.
        let rest = table(&[("b", "low", "pay/b.rs:2"), ("c", "high", "docs/c.md:3")]);
        assert_eq!(world.import_with(all, rest).await.counts(), [2, 0, 0, 0, 1, 2, 0]);
        let path = format!("/findings/{id}/assignees");
        world.call(&world.analyst, "POST", &path, json!({})).await;
        world.events();
        assert_eq!(
            world.import_with(all, first).await.counts(),
            [3, 0, 1, 1, 0, 2, 0]
        );
        let events = world.events();
        let moved: Vec<_> = events.iter().filter(|event| event.subject.id == id).collect();
        let kinds: Vec<_> = moved.iter().map(|event| event.kind.name()).collect();
        assert_eq!(kinds, ["finding.reopened"], "{}", world.database);
        assert_eq!(
            (&*moved[0].assignee_users, &*moved[0].assignee_teams),
            (&[viewer][..], &[team][..])
        );
        let completed = events
            .iter()
            .find(|event| event.kind == Kind::ScanCompleted)
            .unwrap();
        assert!(completed.assignee_teams.contains(&team), "{completed:?}");
    }
}

// promise: V2
#[tokio::test]
async fn the_end_of_an_import_counts_by_severity_and_names_the_highest() {
    for mut world in World::all().await {
        let all = "&format=csv&close=auto&target=pentest";
        let first = table(&[("a", "critical", "x:1"), ("b", "low", "x:2"), ("c", "low", "x:3")]);
        let mut ends = Vec::new();
        for report in [
            first.clone(),
            first,
            table(&[("b", "low", "x:2"), ("c", "high", "x:3")]),
            table(&[("a", "critical", "x:1"), ("c", "high", "x:3")]),
        ] {
            world.import_with(all, report).await.counts();
            let events = world.events();
            let completed = events
                .iter()
                .find(|event| event.kind == Kind::ScanCompleted)
                .unwrap();
            assert_eq!(completed.severity, None);
            assert_eq!(
                completed.text("scan_id"),
                Some(&*completed.subject.id.to_string())
            );
            ends.push((
                completed.data["severities"].clone(),
                completed.text("worst").map(str::to_owned),
            ));
        }
        let counts = |created: Value, reopened: Value, worse: Value, closed: Value| json!({"created": created, "reopened": reopened, "worse": worse, "closed": closed});
        let none = || json!({});
        assert_eq!(
            ends,
            [
                (
                    counts(json!({"critical": 1, "low": 2}), none(), none(), none()),
                    Some("critical".to_owned())
                ),
                (counts(none(), none(), none(), none()), None),
                (
                    counts(none(), none(), json!({"high": 1}), json!({"critical": 1})),
                    Some("high".to_owned())
                ),
                (
                    counts(none(), json!({"critical": 1}), none(), json!({"low": 1})),
                    Some("critical".to_owned())
                ),
            ],
            "{}",
            world.database
        );
    }
}
