//! More entries than one answer holds: the next one continues where this one ends.

use calendar::http::{DEFAULT_ITEMS, MAX_ITEMS};
use serde_json::Value;
use store::params;

use crate::world::{Wanted, World, time};

const COPY: &str = "insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, \
     title, description, severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, \
     retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at) \
     select $2, $4, project_id, tool, $2, rule_id, location, cwe, title, description, severity, \
     severity_rank, status, first_scan_id, last_scan_id, sla_due_at + cast($3 as bigint), sla_by_hand, \
     retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at \
     from findings where id = $1";

/// A finding with both dates and `more` copies of it in each of these companies, in threes at the same instant.
async fn many(world: &World, more: i64, companies: usize) {
    let at = Some(time("2026-04-10T12:00:00Z"));
    let wanted = Wanted {
        sla: at,
        retest: at,
        ..crate::world::PLAIN
    };
    let first = world.finding(&world.ours, None, wanted, &[]).await;
    let ids = [world.ours.id, world.theirs.id, world.more[0].id, world.more[1].id];
    let copies = world.store.write(move |tx| {
        for company in &ids[..companies] {
            for n in 1..=more {
                let id = tx.id();
                tx.execute(COPY, params![first, id, n / 3 * 1_000_000_000, *company])?;
            }
        }
        Ok::<_, store::Error>(())
    });
    copies.await.unwrap();
}

fn ids(feed: &Value) -> Vec<String> {
    let items = feed["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// All pages of a query, one after the other.
async fn pages(world: &World, by: &crate::world::Person, limit: u32) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let feed = world.feed(by, &format!("limit={limit}{cursor}")).await;
        pages.push(ids(&feed));
        match feed["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn the_usual_answer_and_the_longest_one_are_bounded() {
    for world in World::all().await {
        many(&world, i64::from(MAX_ITEMS) / 2, 1).await;
        let usual = world.feed(&world.viewer, "").await;
        assert_eq!(ids(&usual).len(), DEFAULT_ITEMS as usize);
        let pages = pages(&world, &world.viewer, MAX_ITEMS).await;
        let lengths: Vec<_> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, [5_000, 2]);
        assert_eq!(ids(&usual)[..], pages[0][..1_000]);
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_lose_what_is_due_at_the_same_instant() {
    for world in World::all().await {
        many(&world, 12, 4).await;
        for by in [&world.viewer, &world.three, &world.admin] {
            let whole = ids(&world.feed(by, "").await);
            for limit in [1, 2, 7, 25, 26, 27, 1_000] {
                let pages = pages(&world, by, limit).await;
                assert!(
                    pages
                        .iter()
                        .rev()
                        .skip(1)
                        .all(|page| page.len() == limit as usize)
                );
                assert_eq!(pages.concat(), whole, "{} {limit}", world.database);
            }
        }
    }
}

#[tokio::test]
async fn new_entries_do_not_shift_later_pages() {
    for world in World::all().await {
        many(&world, 10, 1).await;
        let first = world.feed(&world.viewer, "limit=8").await;
        let rest = |feed: &Value| format!("cursor={}", feed["next_cursor"].as_str().unwrap());
        let before = ids(&world.feed(&world.viewer, &rest(&first)).await);
        let earlier = Wanted {
            sla: Some(time("2026-04-10T11:00:00Z")),
            ..crate::world::PLAIN
        };
        world.finding(&world.ours, None, earlier, &[]).await;
        assert_eq!(ids(&world.feed(&world.viewer, &rest(&first)).await), before);
    }
}
