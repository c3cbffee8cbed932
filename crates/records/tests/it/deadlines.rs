//! The deadline of a finding.

use serde_json::{Value, json};

use crate::world::World;

/// The default days of the settings.
const DAYS: [(&str, Option<u64>); 6] = [
    ("informational", None),
    ("low", Some(180)),
    ("medium", Some(90)),
    ("high", Some(30)),
    ("critical", Some(7)),
    ("urgent", Some(2)),
];

async fn set_days(world: &World, body: Value) {
    let path = format!("/companies/{}/sla-days", world.ours);
    world
        .send(&world.manager, "PUT", &path, Some(&body))
        .await
        .expect(200);
}

async fn due(world: &World, path: &str) -> Value {
    world.get(&world.viewer, path).await.expect(200)["sla_due_at"].clone()
}

#[tokio::test]
async fn the_severity_sets_the_deadline_and_a_change_counts_from_creation() {
    for world in World::all().await {
        for (severity, days) in DAYS {
            let path = world.finding(json!({"severity": severity})).await;
            let expected = json!(days.map(|days| world.in_days(days)));
            assert_eq!(due(&world, &path).await, expected, "{severity}");
        }
        let path = world.finding(json!({"severity": "informational"})).await;
        let dues = DAYS.map(|(severity, days)| (severity, json!(days.map(|days| world.in_days(days)))));
        world.pass_days(5);
        for (severity, expected) in dues.into_iter().rev() {
            world.events().await;
            let body = json!({"severity": severity});
            let view = world.patch(&world.analyst, &path, body).await.expect(200);
            assert_eq!(view["sla_due_at"], expected, "{severity}");
            let kind = "finding.severity_changed";
            let event = world.event(kind, &world.analyst, &path).await;
            assert_eq!(event.severity.map(base::Severity::name), Some(severity));
            assert_eq!(
                event.data["changed"],
                json!(["severity", "sla_due_at"]),
                "{severity}"
            );
        }
    }
}

#[tokio::test]
async fn the_defaults_are_shown_to_everyone_who_may_override_them() {
    for world in World::all().await {
        let defaults = world.get(&world.stranger, "/sla-defaults").await.expect(200);
        let days: serde_json::Map<_, _> = DAYS
            .iter()
            .map(|(severity, days)| ((*severity).to_owned(), json!(days.unwrap_or(0))))
            .collect();
        assert_eq!(defaults, json!({"days": days, "warning_hours": [168, 72, 24, 4]}));
    }
}

#[tokio::test]
async fn a_company_has_its_own_days() {
    for world in World::all().await {
        set_days(&world, json!({"high": 3, "critical": 0})).await;
        let path = format!("/companies/{}/sla-days", world.ours);
        let days = world.get(&world.viewer, &path).await.expect(200);
        assert_eq!(
            days,
            json!({"informational": null, "low": null, "medium": null, "high": 3, "critical": 0, "urgent": null})
        );
        let high = world.finding(json!({})).await;
        assert_eq!(due(&world, &high).await, world.in_days(3));
        let critical = world.finding(json!({"severity": "critical"})).await;
        assert_eq!(due(&world, &critical).await, Value::Null);
        let body = json!({"company_id": world.theirs, "title": "x", "severity": "high"});
        let other = world.post(&world.stranger, "/findings", body).await.expect(201);
        assert_eq!(other["sla_due_at"], world.in_days(30));
        // Calculated deadlines are unchanged; later changes use the new days.
        set_days(&world, json!({"high": 10, "low": 20})).await;
        assert_eq!(due(&world, &high).await, world.in_days(3));
        assert_eq!(due(&world, &critical).await, Value::Null);
        for (severity, days) in [("low", 20), ("high", 10), ("critical", 7)] {
            let body = json!({"severity": severity});
            let view = world.patch(&world.analyst, &high, body).await.expect(200);
            assert_eq!(view["sla_due_at"], world.in_days(days), "{severity}");
        }
    }
}

#[tokio::test]
async fn days_are_bounded_and_set_by_managers() {
    for world in World::all().await {
        let path = format!("/companies/{}/sla-days", world.ours);
        for (body, fields) in [
            (
                json!({"high": 3_651, "low": 3_650, "urgent": 4_000_000_000_u64}),
                vec!["high", "urgent"],
            ),
            (json!({"high": -1}), vec!["high"]),
            (json!({"high": 5_000_000_000_u64}), vec!["high"]),
            (json!({"high": 1.5}), vec!["high"]),
            (json!({"high": "3"}), vec!["high"]),
            (json!({"huge": 3}), vec!["huge"]),
            (json!([]), vec![""]),
        ] {
            let answer = world.send(&world.manager, "PUT", &path, Some(&body)).await;
            assert_eq!(answer.fields(), fields);
        }
        let body = json!({"high": 3});
        for (by, status) in [
            (&world.viewer, 403),
            (&world.analyst, 403),
            (&world.stranger, 404),
        ] {
            world.send(by, "PUT", &path, Some(&body)).await.problem(status);
        }
        world.get(&world.stranger, &path).await.problem(404);
        let days = world.get(&world.admin, &path).await.expect(200);
        assert!(days.as_object().unwrap().values().all(Value::is_null), "{days}");
        let nowhere = format!("/companies/{}/sla-days", world.clock.id());
        world.get(&world.admin, &nowhere).await.problem(404);
        world
            .send(&world.admin, "PUT", &nowhere, Some(&body))
            .await
            .problem(404);
        assert_eq!(world.kinds().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_deadline_set_by_hand_is_kept_until_it_is_reset() {
    for world in World::all().await {
        let path = world.finding(json!({"sla_due_at": world.in_days(2)})).await;
        let view = world
            .patch(&world.analyst, &path, json!({"severity": "low"}))
            .await
            .expect(200);
        assert_eq!(view["sla_due_at"], world.in_days(2));
        let view = world
            .patch(&world.analyst, &path, json!({"sla_due_at": null}))
            .await
            .expect(200);
        assert_eq!(view["sla_due_at"], world.in_days(180));
        let view = world
            .patch(&world.analyst, &path, json!({"severity": "high"}))
            .await
            .expect(200);
        assert_eq!(view["sla_due_at"], world.in_days(30));
        // A value that a form sends back unchanged is not set by hand.
        let body = json!({"title": "Another", "sla_due_at": world.in_days(30)});
        world.patch(&world.analyst, &path, body).await.expect(200);
        let view = world
            .patch(&world.analyst, &path, json!({"severity": "urgent"}))
            .await
            .expect(200);
        assert_eq!(view["sla_due_at"], world.in_days(2));
    }
}

#[tokio::test]
async fn a_manual_deadline_equal_to_the_calculated_one_can_be_reset_too() {
    for world in World::all().await {
        let path = world.finding(json!({"sla_due_at": world.in_days(30)})).await;
        world.events().await;
        world
            .patch(&world.analyst, &path, json!({"sla_due_at": null}))
            .await
            .expect(200);
        let event = world.event("finding.updated", &world.analyst, &path).await;
        assert_eq!(event.data["changed"], json!(["sla_due_at"]));
        let view = world
            .patch(&world.analyst, &path, json!({"severity": "critical"}))
            .await
            .expect(200);
        assert_eq!(view["sla_due_at"], world.in_days(7));
    }
}

#[tokio::test]
async fn of_two_concurrent_settings_one_applies_completely() {
    for world in World::all().await {
        let path = format!("/companies/{}/sla-days", world.ours);
        let days = |field: &str| {
            let mut days = json!({"informational": null, "low": null, "medium": null, "high": null,
                "critical": null, "urgent": null});
            days[field] = json!(5);
            days
        };
        let (low, high) = (days("low"), days("high"));
        for _ in 0..20 {
            let (one, other) = tokio::join!(
                world.send(&world.manager, "PUT", &path, Some(&low)),
                world.send(&world.admin, "PUT", &path, Some(&high))
            );
            assert_eq!((one.expect(200), other.expect(200)), (low.clone(), high.clone()));
            let held = world.get(&world.viewer, &path).await.expect(200);
            assert!(held == low || held == high, "{}: {held}", world.database);
        }
    }
}
