//! Recent activity: for whom, and in which order.

use base::Id;
use serde_json::{Value, json};
use store::testing;

use crate::world::{Person, World};

async fn page(world: &World, by: &Person, query: &str) -> Value {
    world.get(by, &format!("/activity{query}")).await.expect(200)
}

fn kinds(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_newest_is_first_and_states_who_did_what_to_what() {
    for world in World::all().await {
        let finding = world
            .finding(json!({"title": "Leak <b>", "severity": "urgent"}))
            .await;
        let project = world.project(world.ours, "Web").await;
        let body = json!({"company_id": world.theirs, "title": "x", "severity": "low"});
        world.post(&world.stranger, "/findings", body).await.expect(201);
        let seen = page(&world, &world.viewer, "").await;
        assert_eq!(
            kinds(&seen),
            ["project.created", "finding.created"],
            "{}",
            world.database
        );
        assert_eq!(seen["next_cursor"], Value::Null);
        let item = &seen["items"][1];
        assert_eq!(
            (
                &item["title"],
                &item["severity"],
                &item["company_name"],
                &item["company_id"]
            ),
            (
                &json!("Leak <b>"),
                &json!("urgent"),
                &json!("Ours"),
                &json!(world.ours)
            )
        );
        assert_eq!(item["actor"], json!({"id": world.analyst.id, "name": "analyst"}));
        let id = finding.strip_prefix("/findings/").unwrap();
        assert_eq!(
            (&item["subject_type"], &item["subject_id"]),
            (&json!("finding"), &json!(id))
        );
        assert_eq!(item["at"], world.clock.now().to_string());
        assert_eq!(seen["items"][0]["subject_id"], json!(project));
        // Others see theirs, an administrator all, and one company can be selected.
        assert_eq!(kinds(&page(&world, &world.stranger, "").await).len(), 1);
        assert_eq!(kinds(&page(&world, &world.admin, "").await).len(), 3);
        let ours = format!("?company_id={}", world.ours);
        assert_eq!(kinds(&page(&world, &world.admin, &ours).await).len(), 2);
        assert!(kinds(&page(&world, &world.stranger, &ours).await).is_empty());
        world.get(&Person::nobody(), "/activity").await.problem(401);
        for (query, field) in [
            ("limit=0", "limit"),
            ("cursor=x", "cursor"),
            ("company_id=x", "company_id"),
        ] {
            let answer = world.get(&world.viewer, &format!("/activity?{query}")).await;
            assert_eq!(answer.fields(), [field]);
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_over_several_companies() {
    for world in World::all().await {
        access::testing::member(&world.store, world.theirs, world.viewer.id, access::Role::Viewer).await;
        for n in 0..7 {
            let (company, by) = if n % 2 == 0 {
                (world.ours, &world.analyst)
            } else {
                (world.theirs, &world.stranger)
            };
            let body = json!({"company_id": company, "title": n.to_string(), "severity": "low"});
            world.post(by, "/findings", body).await.expect(201);
        }
        for by in [&world.viewer, &world.admin] {
            let (mut titles, mut query) = (Vec::new(), "?limit=3".to_owned());
            loop {
                let page = page(&world, by, &query).await;
                let items = page["items"].as_array().unwrap();
                titles.extend(
                    items
                        .iter()
                        .map(|item| item["title"].as_str().unwrap().to_owned()),
                );
                let Some(cursor) = page["next_cursor"].as_str() else {
                    break;
                };
                query = format!("?limit=3&cursor={cursor}");
            }
            assert_eq!(titles.concat(), "6543210", "{}", world.database);
        }
    }
}

#[tokio::test]
async fn one_entry_represents_a_bulk_change() {
    for world in World::all().await {
        let ids = [world.finding(json!({})).await, world.finding(json!({})).await];
        let ids = ids.map(|path| path.strip_prefix("/findings/").unwrap().to_owned());
        let body = json!({"finding_ids": ids, "user_ids": [world.viewer.id]});
        world
            .post(&world.manager, "/findings/bulk/assignees", body)
            .await
            .expect(200);
        let seen = page(&world, &world.viewer, "").await;
        assert_eq!(
            kinds(&seen),
            ["finding.assigned", "finding.created", "finding.created"],
            "{}",
            world.database
        );
    }
}

#[tokio::test]
async fn the_events_are_searched_for_every_caller() {
    for world in World::all().await {
        for companies in [vec![world.ours], vec![world.ours, world.theirs]] {
            let before: Id = world.clock.id();
            let plans = world.store.write(move |tx| {
                testing::plans(tx, |tx| {
                    store::outbox::newest(tx, &companies, Some(before), 26).map(drop)
                })
            });
            for (sql, plan) in plans.await.unwrap() {
                let all = plan.join("\n");
                assert!(
                    all.contains("events_told_company"),
                    "{}: {sql}\n{all}",
                    world.database
                );
            }
        }
    }
}
