//! One unreadable row hides no other: no list fails because of it, and pages stay full.

use serde_json::{Value, json};

use crate::world::World;

async fn change(world: &World, sql: &'static str) {
    world.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
}

/// Unreadable rows, in the tables behind these lists.
const ROWS: &[&str] = &[
    "update events set body = '{}' where id = (select max(id) from events)",
    "update events set body = replace(body, 'finding.created', 'finding.teleported') where id = (select max(id) from events)",
    "update events set body = replace(body, '\"high\"', '\"dire\"') where id = (select max(id) from events)",
    "update finding_moves set changes = '{'",
    "update finding_moves set from_status = 'lost', to_status = 'found'",
    "update finding_moves set scan_id = '!'",
];

// promise: L4
#[tokio::test]
async fn no_list_fails_because_of_one_row() {
    for sql in ROWS {
        for world in World::all().await {
            let due = world.clock.now().after(std::time::Duration::from_hours(24));
            let mut last = String::new();
            for number in 0..6 {
                let body = json!({"title": format!("f{number}"), "severity": "high", "sla_due_at": due});
                last = world.finding(body).await;
            }
            world
                .post(
                    &world.analyst,
                    &format!("{last}/status"),
                    json!({"status": "in_progress"}),
                )
                .await;
            world
                .finding(json!({"title": "newest", "severity": "high"}))
                .await;
            change(&world, sql).await;
            let what = format!("{}: {sql}", world.database);
            for path in [
                "/activity",
                "/findings",
                "/dashboard",
                &last,
                &format!("{last}/history"),
            ] {
                let answer = world.get(&world.viewer, path).await;
                let status = answer.status.as_u16();
                assert!(status == 200 || status == 404, "{what}: {path}: {status}");
            }
        }
    }
}

// promise: L4
#[tokio::test]
async fn a_page_is_full_despite_unreadable_rows() {
    for world in World::all().await {
        for number in 0..12 {
            world
                .finding(json!({"title": format!("f{number}"), "severity": "high"}))
                .await;
        }
        // All except the oldest three.
        change(
            &world,
            "update events set body = '{}' where id not in (select id from events order by id limit 3)",
        )
        .await;
        let page: Value = world
            .get(&world.viewer, "/activity?limit=2")
            .await
            .expect(200)
            .clone();
        assert_eq!(page["items"].as_array().unwrap().len(), 2, "{}", world.database);
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = world
            .get(&world.viewer, &format!("/activity?limit=2&cursor={cursor}"))
            .await;
        assert_eq!(page.expect(200)["items"].as_array().unwrap().len(), 1);
    }
}
