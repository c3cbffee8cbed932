//! Hostile queries of every kind: rejected with the parameter, never an internal error.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_invalid_query_names_the_parameter() {
    for world in World::all().await {
        world.finding(json!({})).await;
        let id = world.clock.id();
        let long = "x".repeat(201);
        let common = [
            ("limit", "0".to_owned()),
            ("limit", "201".to_owned()),
            ("limit", "-1".to_owned()),
            ("limit", "x".to_owned()),
            ("limit", "99999999999999999999".to_owned()),
            ("cursor", "x".to_owned()),
            ("cursor", "%F0%9F%92%A3".to_owned()),
            ("cursor", format!("x_{id}")),
            ("cursor", format!("1_{id}")),
            ("cursor", format!("{id}_{id}")),
            ("company_id", "x".to_owned()),
            ("status", "open,closed!".to_owned()),
            ("text", long),
            ("text", "a%E2%80%A8b".to_owned()),
        ];
        let of_findings = [
            ("severity", "low,huge".to_owned()),
            ("assignee", "you".to_owned()),
            ("project_id", "x".to_owned()),
            ("scan_id", "x".to_owned()),
            ("sort", "title".to_owned()),
            ("sort", "--severity".to_owned()),
        ];
        for list in ["findings", "scans", "projects"] {
            let more: &[(&str, String)] = if list == "findings" { &of_findings } else { &[] };
            for (field, value) in common.iter().chain(more) {
                let answer = world
                    .get(&world.viewer, &format!("/{list}?{field}={value}"))
                    .await;
                assert_eq!(answer.fields(), [*field], "{}", answer.asked);
            }
            for query in [
                "text=%00",
                "cursor=%00",
                "text=a%0ab",
                "limit=1&limit=2",
                "status=%7f",
            ] {
                let answer = world.get(&world.viewer, &format!("/{list}?{query}")).await;
                assert_eq!(answer.fields().len(), 1, "{}", answer.asked);
            }
            for query in [
                // A parameter without a value is ignored.
                "company_id=&status=&cursor=&limit=&sort=&text",
                "text=%25",
                "text=!",
                "text=%5C",
                "text=%27%22%3B--",
                "text=%ff",
                "status=,,",
                "text=+",
            ] {
                world.get(&world.viewer, &format!("/{list}?{query}")).await.ids();
            }
        }
        for sort in [
            "severity",
            "-severity",
            "sla_due_at",
            "-sla_due_at",
            "updated_at",
            "-updated_at",
        ] {
            let bare = format!("/findings?sort={sort}&cursor={id}");
            assert_eq!(world.get(&world.viewer, &bare).await.fields(), ["cursor"]);
            for key in [i64::MIN, -1, 0, i64::MAX] {
                let cursor = format!("/findings?sort={sort}&cursor={sort}~{key}~{id}");
                world.get(&world.viewer, &cursor).await.ids();
            }
        }
        let many = format!("/findings?status={}", "open,".repeat(10_000));
        assert_eq!(world.get(&world.viewer, &many).await.ids().len(), 1);
    }
}
