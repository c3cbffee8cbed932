//! Pages: in each order complete, and none repeats or loses a row.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    lists::{SEVERITIES, known, pages, wanted},
    world::World,
};

fn distinct(ids: &[String]) -> bool {
    ids.iter().collect::<BTreeSet<_>>().len() == ids.len()
}

#[tokio::test]
async fn each_order_is_complete_and_sorted_on_every_size_of_page() {
    for world in World::all().await {
        known(&world).await;
        let rank = |value: &Value| SEVERITIES.iter().position(|name| *value == *name).unwrap();
        let by_key = |item: &Value, sort: &str| match sort.trim_start_matches('-') {
            "severity" => rank(&item["severity"]).to_string(),
            // None is later than every time, and in the other direction too.
            field => item[field]
                .as_str()
                .unwrap_or(if sort == "sla_due_at" { "~" } else { "" })
                .to_owned(),
        };
        for sort in [
            "created_at",
            "-created_at",
            "severity",
            "-severity",
            "sla_due_at",
            "-sla_due_at",
            "updated_at",
            "-updated_at",
        ] {
            let path = format!("/findings?sort={sort}");
            let whole = world.get(&world.viewer, &format!("{path}&limit=200")).await;
            let ids = whole.ids();
            assert_eq!((ids.len(), distinct(&ids)), (48, true), "{sort}");
            let json = whole.expect(200);
            let mut keys: Vec<_> = json["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (by_key(item, sort), item["id"].as_str().unwrap().to_owned()))
                .collect();
            if sort.starts_with('-') {
                keys.reverse();
            }
            assert!(keys.is_sorted(), "{sort}: {keys:?}");
            for limit in [1, 5, 24, 47, 48, 49] {
                assert_eq!(
                    pages(&world, &world.viewer, &path, limit).await,
                    ids,
                    "{sort} {limit}"
                );
            }
        }
    }
}

#[tokio::test]
async fn rows_that_come_and_go_while_someone_pages_neither_repeat_nor_hide_one() {
    for world in World::all().await {
        let all = known(&world).await;
        let before = wanted(&all, |one| one.ours);
        for sort in ["-created_at", "created_at", "-severity", "sla_due_at"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            let mut made = Vec::new();
            loop {
                let path = format!("/findings?sort={sort}&limit=5{cursor}");
                let answer = world.get(&world.viewer, &path).await;
                seen.extend(answer.ids());
                // One arrives between two pages, and the one before it goes.
                made.push(world.finding(json!({"severity": "urgent"})).await);
                if let [.., gone, _] = made.as_slice() {
                    world.delete(&world.manager, gone).await.expect(204);
                }
                match answer.expect(200)["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
                assert!(seen.len() < 200, "{sort} never ends");
            }
            assert!(distinct(&seen), "{sort}");
            let old: Vec<_> = seen.iter().filter(|id| before.contains(id)).collect();
            assert_eq!(old.len(), before.len(), "{sort}");
            for path in made {
                world.delete(&world.manager, &path).await;
            }
        }
    }
}
