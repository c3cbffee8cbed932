//! The dashboard and what happened: counts and events of one's own companies alone.

use serde_json::{Value, json};

use crate::world::World;

fn open(dashboard: &Value) -> Vec<(String, i64)> {
    let counts = dashboard["open"].as_array().unwrap();
    counts
        .iter()
        .map(|one| {
            let severity = one["severity"].as_str().unwrap().to_owned();
            (severity, one["count"].as_i64().unwrap())
        })
        .collect()
}

/// The day that it is so many days from now.
fn day(world: &World, days: u64) -> String {
    world.in_days(days).chars().take("2026-03-01".len()).collect()
}

/// A finding of the other company, which is nobody's business here.
async fn foreign(world: &World) {
    let body = json!({"company_id": world.theirs, "title": "Secret", "severity": "critical"});
    world.post(&world.stranger, "/findings", body).await.expect(201);
}

#[tokio::test]
async fn the_dashboard_counts_what_is_open_due_and_nobodys() {
    for world in World::all().await {
        let soon = world.in_days(3);
        let mine = world
            .finding(json!({"severity": "critical", "sla_due_at": soon}))
            .await;
        let far = world.in_days(100);
        world.finding(json!({"severity": "low", "sla_due_at": far})).await;
        let closed = world.finding(json!({"severity": "high"})).await;
        foreign(&world).await;
        let people = json!({"user_ids": [world.analyst.id], "team_ids": [world.team]});
        world
            .post(&world.analyst, &format!("{mine}/assignees"), people)
            .await
            .expect(200);
        let body = json!({"status": "false_positive"});
        world
            .post(&world.analyst, &format!("{closed}/status"), body)
            .await
            .expect(200);

        let seen = world.get(&world.viewer, "/dashboard").await.expect(200);
        let expected = [
            ("urgent", 0),
            ("critical", 1),
            ("high", 0),
            ("medium", 0),
            ("low", 1),
            ("informational", 0),
        ];
        assert_eq!(
            open(&seen),
            expected.map(|(name, count)| (name.to_owned(), count))
        );
        assert_eq!(seen["unassigned"], json!(1));
        assert_eq!(seen["sla"], json!({"breached": 0, "due_in_7_days": 1}));
        assert_eq!(seen["scans"], json!({"running": 0, "scheduled": 0}));
        assert_eq!(seen["approvals_waiting"], json!(0));
        let today = json!({"date": day(&world, 0), "opened": 3, "closed": 1, "open": 2});
        assert_eq!(seen["trend"].as_array().unwrap().len(), 30);
        assert_eq!(seen["trend"][29], today);

        world.pass_days(4);
        let later = world.get(&world.viewer, "/dashboard").await.expect(200);
        assert_eq!(later["sla"], json!({"breached": 1, "due_in_7_days": 0}));
        assert_eq!(later["trend"][25], today, "{}", world.database);
        assert_eq!(later["trend"][24]["open"], json!(0));
        assert_eq!(later["trend"][24]["opened"], json!(0));

        let other = format!("/dashboard?company_id={}", world.theirs);
        let other = world.get(&world.viewer, &other).await.expect(200);
        assert!(open(&other).iter().all(|(_, count)| *count == 0));
        world
            .get(&world.viewer, "/dashboard?tz=Mars/Olympus")
            .await
            .problem(422);
    }
}

#[tokio::test]
async fn a_day_of_the_trend_begins_where_the_reader_is() {
    for world in World::all().await {
        // Noon in UTC is the next day already in Kiritimati, fourteen hours ahead.
        world.finding(json!({})).await;
        let path = "/dashboard?tz=Pacific/Kiritimati";
        let seen = world.get(&world.viewer, path).await.expect(200);
        let today = json!({"date": day(&world, 1), "opened": 1, "closed": 0, "open": 1});
        assert_eq!(seen["trend"][29], today, "{}", world.database);
    }
}

#[tokio::test]
async fn what_happened_is_read_newest_first_and_in_scope() {
    for world in World::all().await {
        for n in 0..5 {
            world.finding(json!({"title": format!("Finding {n}")})).await;
        }
        foreign(&world).await;
        let titles = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap();
            let title = |one: &Value| one["title"].as_str().unwrap().to_owned();
            items.iter().map(title).collect()
        };
        let first = world.get(&world.viewer, "/activity?limit=3").await.expect(200);
        assert_eq!(titles(&first), ["Finding 4", "Finding 3", "Finding 2"]);
        assert_eq!(first["items"][0]["type"], json!("finding.created"));
        assert_eq!(first["items"][0]["company_name"], json!("Ours"));
        assert_eq!(first["items"][0]["actor"]["name"], json!("analyst"));
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = format!("/activity?limit=3&cursor={cursor}");
        let rest = titles(&world.get(&world.viewer, &next).await.expect(200));
        assert_eq!(rest[..2], ["Finding 1", "Finding 0"]);
        assert!(!rest.contains(&"Secret".to_owned()));
        world
            .get(&world.viewer, "/activity?cursor=nothing")
            .await
            .problem(422);
    }
}
