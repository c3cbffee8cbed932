//! A date without a time is on that date in every time zone.

use serde_json::json;

use crate::world::{World, day};

/// One day of a zone, midnight to midnight, as a query.
fn of(from: &str, to: &str, zone: &str) -> String {
    format!("from={from}&to={to}&tz={zone}")
}

// promise: K1
#[tokio::test]
async fn a_date_is_on_that_day_only_in_every_time_zone() {
    for world in World::all().await {
        let project = world
            .project(&world.ours, [Some(day("2026-05-31")), Some(day("2026-06-30"))])
            .await;
        let ends = world.agreement(&world.ours, "active", day("2026-05-31")).await;
        let there = [
            format!("agreement_expiry:{ends}"),
            format!("project_start:{}", project.id),
        ];
        let (eve, itself, after) = (
            ("2026-05-30T00:00:00", "2026-05-31T00:00:00"),
            ("2026-05-31T00:00:00", "2026-06-01T00:00:00"),
            ("2026-06-01T00:00:00", "2026-06-02T00:00:00"),
        );
        for (zone, offset) in [
            ("UTC", "Z"),
            ("Europe/Berlin", "%2B02:00"),
            ("America/New_York", "-04:00"),
            ("Pacific/Kiritimati", "%2B14:00"),
            ("Pacific/Pago_Pago", "-11:00"),
            ("Asia/Kathmandu", "%2B05:45"),
        ] {
            for ((from, to), expected) in [(eve, &[][..]), (itself, &there[..]), (after, &[][..])] {
                let query = of(&format!("{from}{offset}"), &format!("{to}{offset}"), zone);
                assert_eq!(world.ids(&world.viewer, &query).await, expected, "{query}");
            }
        }
        // A part of the day is enough.
        let query = of("2026-05-31T23:00:00Z", "2026-05-31T23:30:00Z", "UTC");
        assert_eq!(world.ids(&world.viewer, &query).await, there);
    }
}

// promise: K1
#[tokio::test]
async fn the_last_day_of_a_project_belongs_to_it() {
    for world in World::all().await {
        let project = world
            .project(&world.ours, [Some(day("2026-05-01")), Some(day("2026-05-31"))])
            .await;
        let feed = world
            .feed(&world.viewer, "from=2026-05-01T00:00:00Z&to=2026-06-01T00:00:00Z")
            .await;
        let [start, end] = feed["items"].as_array().unwrap().as_slice() else {
            panic!("{feed}");
        };
        assert_eq!(
            (&start["date"], &start["ends_on"]),
            (&json!("2026-05-01"), &json!("2026-05-31"))
        );
        assert_eq!(end["id"], format!("project_end:{}", project.id));
        assert_eq!(
            (&end["date"], &end["all_day"]),
            (&json!("2026-05-31"), &json!(true))
        );
        let ids = world
            .ids(&world.viewer, "from=2026-05-31T20:00:00Z&to=2026-06-01T00:00:00Z")
            .await;
        assert_eq!(ids, [format!("project_end:{}", project.id)]);
        let ids = world
            .ids(&world.viewer, "from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z")
            .await;
        assert_eq!(ids, [""; 0]);
    }
}
