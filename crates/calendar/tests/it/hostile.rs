//! Queries that do not fit, and more entries than an answer takes.

use calendar::http::MAX_ITEMS;
use serde_json::{Value, json};
use store::params;

use crate::world::{PLAIN, Wanted, World, time};

// promise: K2
#[tokio::test]
async fn a_window_that_is_none_is_refused_by_its_end() {
    for world in World::all().await {
        for (query, field) in [
            ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
            ("from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z", "from"),
            ("from=2026-06-01T00:00:00Z", "from"),
            ("to=2026-01-01T00:00:00Z", "to"),
            (
                "from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00.000000001Z",
                "from",
            ),
            ("from=2024-01-01T00:00:00Z", "from"),
            ("to=2100-01-01T00:00:00Z", "to"),
            (
                "from=1677-09-21T00:12:43.145224193Z&to=2262-04-11T23:47:16.854775807Z",
                "from",
            ),
            ("from=1600-01-01T00:00:00Z", "from"),
            ("to=9999-12-31T23:59:59Z", "to"),
            ("from=", "from"),
            ("from=yesterday", "from"),
            ("from=2026-01-01", "from"),
            ("from=1767225600", "from"),
            ("from=2026-02-30T00:00:00Z", "from"),
            ("to=2026-01-01T00:00:00", "to"),
            ("to=2026-05-01T00:00:00+02:00", "to"),
            ("company_id=x", "company_id"),
            ("company_id=", "company_id"),
            ("company_id=%27%20or%201", "company_id"),
            ("mine=1", "mine"),
            ("mine=yes", "mine"),
            ("mine=", "mine"),
        ] {
            let (status, media, json) = world.ask(Some(&world.viewer), query).await;
            assert_eq!(status, 422, "{query}: {json}");
            assert_eq!(media, "application/problem+json");
            assert_eq!(json["errors"][0]["field"], field, "{query}: {json}");
        }
        for query in [
            "from=%00",
            "mine=true%00",
            "from=2026-02-01T00:00:00Z&from=2026-02-01T00:00:00Z",
        ] {
            let (status, _, json) = world.ask(Some(&world.viewer), query).await;
            assert_eq!(
                (status, json["errors"].as_array().map(Vec::len)),
                (422, Some(1)),
                "{query}"
            );
        }
        assert_eq!(world.ask(None, "").await.0, 401);
        // Nothing is far, and 400 days are allowed.
        for query in [
            "from=1677-09-21T00:12:43.145224193Z&to=1678-09-21T00:00:00Z",
            "from=2261-04-11T00:00:00Z&to=2262-04-11T23:47:16.854775807Z",
            "from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00Z",
        ] {
            assert_eq!(world.ids(&world.viewer, query).await, [""; 0], "{query}");
        }
    }
}

#[tokio::test]
async fn of_more_than_fit_the_earliest_are_given_and_it_is_said() {
    const COPY: &str = "insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, \
         title, description, severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, \
         retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at) \
         select $2, company_id, project_id, tool, $2, rule_id, location, cwe, title, description, severity, \
         severity_rank, status, first_scan_id, last_scan_id, sla_due_at + cast($3 as bigint), sla_by_hand, \
         retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at \
         from findings where id = $1";
    for world in World::all().await {
        let (sla, retest) = ("2026-04-10T12:00:00Z", "2026-04-10T12:00:01Z");
        let wanted = Wanted {
            sla: Some(time(sla)),
            retest: Some(time(retest)),
            ..PLAIN
        };
        let first = world.finding(&world.ours, None, wanted, &[]).await;
        let more = i64::from(MAX_ITEMS) / 2 - 1;
        let copies = world.store.write(move |tx| {
            for n in 1..=more {
                let id = tx.id();
                tx.execute(COPY, params![first, id, n * 1_000_000_000])?;
            }
            Ok::<_, store::Error>(())
        });
        copies.await.unwrap();
        let count = |feed: &Value| feed["items"].as_array().unwrap().len();
        let whole = world.feed(&world.viewer, "").await;
        assert_eq!((count(&whole), &whole["truncated"]), (5_000, &json!(false)));
        let last = whole["items"][4_999].clone();
        let at = time("2026-04-10T11:00:00Z");
        let earlier = Wanted {
            sla: Some(at),
            ..PLAIN
        };
        let earlier = world.finding(&world.ours, None, earlier, &[]).await;
        let cut = world.feed(&world.viewer, "").await;
        assert_eq!((count(&cut), &cut["truncated"]), (5_000, &json!(true)));
        assert_eq!(cut["items"][0]["id"], format!("sla_due:{earlier}"));
        assert_eq!(
            cut["items"].as_array().unwrap()[1..],
            whole["items"].as_array().unwrap()[..4_999]
        );
        assert_ne!(cut["items"][4_999], last);
    }
}
