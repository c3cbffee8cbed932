//! Pages: complete in each order, without repeated or lost rows.

use std::collections::BTreeSet;

use access::testing;
use serde_json::{Value, json};

use crate::{
    lists::{SEVERITIES, known, pages, wanted},
    world::World,
};

fn distinct(ids: &[String]) -> bool {
    ids.iter().collect::<BTreeSet<_>>().len() == ids.len()
}

#[tokio::test]
async fn each_order_is_complete_and_sorted_for_every_page_size() {
    for world in World::all().await {
        known(&world).await;
        let rank = |value: &Value| SEVERITIES.iter().position(|name| *value == *name).unwrap();
        let by_key = |item: &Value, sort: &str| match sort.trim_start_matches('-') {
            "severity" => rank(&item["severity"]).to_string(),
            // No time sorts after every time, and reversed in the other direction.
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
async fn a_list_of_more_companies_than_one_statement_reads_is_complete_and_sorted() {
    for world in World::all().await {
        let mut made = Vec::new();
        for n in 0..store::PARTS + 5 {
            let company = testing::company(&world.store, &format!("Client {n}")).await;
            let severity = SEVERITIES[n * 5 % SEVERITIES.len()];
            let body = json!({"company_id": company, "title": "x", "severity": severity});
            let finding = world.post(&world.admin, "/findings", body).await.expect(201);
            made.push((severity, finding["id"].as_str().unwrap().to_owned()));
        }
        let newest: Vec<_> = made.iter().rev().map(|(_, id)| id.clone()).collect();
        made.sort_by_key(|(severity, id)| {
            let rank = SEVERITIES.iter().position(|name| name == severity);
            std::cmp::Reverse((rank, id.clone()))
        });
        let worst: Vec<_> = made.into_iter().map(|(_, id)| id).collect();
        for (sort, wanted) in [("-created_at", newest), ("-severity", worst)] {
            let path = format!("/findings?sort={sort}");
            for limit in [7, 104, 200] {
                let found = pages(&world, &world.admin, &path, limit).await;
                assert_eq!(found, wanted, "{}: {sort} {limit}", world.database);
            }
        }
    }
}

#[tokio::test]
async fn rows_added_and_deleted_while_paging_neither_repeat_nor_hide_one() {
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
                // One is added between two pages, and the preceding one is deleted.
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

#[tokio::test]
async fn every_list_is_sorted_as_requested_and_rejects_cursors_of_another_order() {
    for world in World::all().await {
        let company = world.ours;
        for day in [3, 1, 2] {
            let on = format!("2027-01-0{day}");
            let at = format!("{on}T00:00:00Z");
            let finding = world.finding(json!({})).await;
            let finding = finding.strip_prefix("/findings/").unwrap();
            for (list, body) in [
                ("projects", json!({"name": on, "starts_on": on, "ends_on": on})),
                ("agreements", json!({"name": on, "expires_on": on})),
                ("assets", json!({"name": on})),
                ("reports", json!({"name": on})),
                (
                    "scans",
                    json!({"name": on, "status": "scheduled", "scheduled_at": at}),
                ),
            ] {
                let mut body = body;
                body["company_id"] = json!(company);
                world
                    .post(&world.manager, &format!("/{list}"), body)
                    .await
                    .expect(201);
            }
            let body = json!({"finding_id": finding, "reason": on, "expires_at": at});
            world.post(&world.analyst, "/approvals", body).await.expect(201);
            world.pass_days(1);
        }
        for (list, by, field) in [
            ("projects", "starts_on", "starts_on"),
            ("projects", "ends_on", "ends_on"),
            ("agreements", "expires_on", "expires_on"),
            ("scans", "scheduled_at", "scheduled_at"),
            ("approvals", "expires_at", "expires_at"),
            ("assets", "updated_at", "updated_at"),
            ("reports", "updated_at", "updated_at"),
            ("reports", "created_at", "created_at"),
        ] {
            for sort in [by.to_owned(), format!("-{by}")] {
                let path = format!("/{list}?sort={sort}");
                let whole = world.get(&world.viewer, &path).await;
                let json = whole.expect(200);
                let mut keys: Vec<_> = json["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item[field].to_string())
                    .collect();
                if sort.starts_with('-') {
                    keys.reverse();
                }
                assert!(keys.len() == 3 && keys.is_sorted(), "{path}: {keys:?}");
                assert_eq!(
                    pages(&world, &world.viewer, &path, 1).await,
                    whole.ids(),
                    "{path}"
                );
                let next = world
                    .get(&world.viewer, &format!("{path}&limit=1"))
                    .await
                    .expect(200);
                let next = next["next_cursor"].as_str().unwrap();
                if by != "created_at" {
                    let other = format!("/{list}?cursor={next}");
                    assert_eq!(
                        world.get(&world.viewer, &other).await.fields(),
                        ["cursor"],
                        "{other}"
                    );
                }
            }
            assert_eq!(
                world
                    .get(&world.viewer, &format!("/{list}?sort=x"))
                    .await
                    .fields(),
                ["sort"]
            );
        }
    }
}
