//! Invalid queries.

use crate::world::World;

// promise: K2
#[tokio::test]
async fn an_invalid_window_is_rejected_by_its_end() {
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
                "from=1678-01-01T00:00:00Z&to=2261-12-31T23:59:59.999999999Z",
                "from",
            ),
            ("from=1600-01-01T00:00:00Z", "from"),
            ("to=9999-12-31T23:59:59Z", "to"),
            ("from=yesterday", "from"),
            ("from=2026-01-01", "from"),
            ("from=1767225600", "from"),
            ("from=2026-02-30T00:00:00Z", "from"),
            ("to=2026-01-01T00:00:00", "to"),
            ("to=2026-05-01T00:00:00+02:00", "to"),
            ("company_id=x", "company_id"),
            ("company_id=%27%20or%201", "company_id"),
            ("mine=1", "mine"),
            ("mine=yes", "mine"),
            ("tz=Europe", "tz"),
            ("tz=Mars/Olympus", "tz"),
            ("tz=..%2F..%2Fetc%2Fpasswd", "tz"),
            ("tz=%2B02:00", "tz"),
            ("limit=0", "limit"),
            ("limit=5001", "limit"),
            ("limit=-1", "limit"),
            ("limit=many", "limit"),
            ("limit=99999999999", "limit"),
            ("cursor=x", "cursor"),
            ("cursor=1~scan~x", "cursor"),
            ("cursor=1~nothing~019a0000-0000-7000-8000-000000000000", "cursor"),
            ("cursor=x~scan~019a0000-0000-7000-8000-000000000000", "cursor"),
            ("cursor=%2B1~scan~019a0000-0000-7000-8000-000000000000", "cursor"),
            (
                "cursor=99999999999999999999~scan~019a0000-0000-7000-8000-000000000000",
                "cursor",
            ),
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
        // Times far away are valid, and 400 days are allowed.
        for query in [
            "from=1678-01-01T00:00:00Z&to=1678-09-21T00:00:00Z",
            "from=2261-04-11T00:00:00Z&to=2261-12-31T23:59:59.999999999Z",
            "from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00Z",
            "from=1678-01-01T00:00:00Z&to=1678-09-21T00:00:00Z&tz=Pacific/Kiritimati",
            "from=2261-04-11T00:00:00Z&to=2261-12-31T23:59:59.999999999Z&tz=Pacific/Pago_Pago",
            "cursor=9223372036854775807~scan~019a0000-0000-7000-8000-000000000000",
            "cursor=-9223372036854775808~scan~019a0000-0000-7000-8000-000000000000",
            // A parameter without a value is ignored.
            "company_id=&mine=&tz=&cursor=&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
        ] {
            assert_eq!(world.ids(&world.viewer, query).await, [""; 0], "{query}");
        }
    }
}
