//! At which hours a company is warned.

use base::Kind;
use records::{Settings, sla::Ladder};
use serde_json::{Value, json};

use super::{finding_due_in, hours, started, started_with, steps};
use crate::world::World;

use Kind::{SlaBreached, SlaWarning};

fn path(world: &World) -> String {
    format!("/companies/{}/sla-warnings", world.ours)
}

async fn set(world: &World, hours: Value) -> Value {
    let body = json!({"hours": hours});
    let set = world.send(&world.manager, "PUT", &path(world), Some(&body)).await;
    set.expect(200)["hours"].clone()
}

#[tokio::test]
async fn a_company_sets_hours_sets_none_or_returns_to_the_settings() {
    for world in World::all().await {
        let get = async || world.get(&world.viewer, &path(&world)).await.expect(200)["hours"].clone();
        assert_eq!(get().await, Value::Null);
        assert_eq!(set(&world, json!([1, 2160, 48])).await, json!([2160, 48, 1]));
        assert_eq!(get().await, json!([2160, 48, 1]));
        assert_eq!(set(&world, json!([])).await, json!([]));
        assert_eq!(get().await, json!([]));
        assert_eq!(set(&world, Value::Null).await, Value::Null);
        let nothing = world
            .send(&world.manager, "PUT", &path(&world), Some(&json!({})))
            .await;
        assert_eq!(nothing.expect(200), json!({"hours": null}));
        let theirs = format!("/companies/{}/sla-warnings", world.theirs);
        assert_eq!(
            world.get(&world.stranger, &theirs).await.expect(200),
            json!({"hours": null})
        );
    }
}

#[tokio::test]
async fn invalid_hours_and_callers_without_the_role_are_rejected() {
    for world in World::all().await {
        for (hours, fields) in [
            (json!([0]), vec!["hours[0]"]),
            (json!([4, 2161]), vec!["hours[1]"]),
            (json!([4, 24, 4]), vec!["hours[2]"]),
            (json!((1..=11).collect::<Vec<_>>()), vec!["hours"]),
        ] {
            let body = json!({"hours": hours});
            let refused = world
                .send(&world.manager, "PUT", &path(&world), Some(&body))
                .await;
            assert_eq!(refused.fields(), fields, "{body}");
        }
        for body in [
            json!({"hours": [-1]}),
            json!({"hours": ["4"]}),
            json!({"hours": 4}),
            json!({"ours": []}),
        ] {
            let refused = world
                .send(&world.manager, "PUT", &path(&world), Some(&body))
                .await;
            assert!(refused.status.is_client_error(), "{body}: {refused:?}");
        }
        let body = json!({"hours": [1]});
        let by_analyst = world
            .send(&world.analyst, "PUT", &path(&world), Some(&body))
            .await;
        by_analyst.problem(403);
        let by_stranger = world
            .send(&world.stranger, "PUT", &path(&world), Some(&body))
            .await;
        by_stranger.problem(404);
        world.get(&world.stranger, &path(&world)).await.problem(404);
    }
}

#[tokio::test]
async fn changed_hours_apply_to_waiting_findings() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 100).await;
        finding_due_in(&world, 500).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 168)]);
        let start = world.clock.now();
        set(&world, json!([10, 90, 480])).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        let mut at = async |passed: u64| {
            world.clock.set(start.after(hours(passed)));
            steps(&world, &mut clock).await
        };
        assert_eq!(at(10).await, [(SlaWarning, 90)], "{}", world.database);
        assert_eq!(at(20).await, [(SlaWarning, 480)]);
        // A new step that has passed is announced, unless a nearer one was.
        set(&world, json!([96, 490])).await;
        assert_eq!(at(30).await, []);
        set(&world, json!([470, 75])).await;
        assert_eq!(at(30).await, [(SlaWarning, 75), (SlaWarning, 470)]);
        set(&world, json!([])).await;
        assert_eq!(at(99).await, []);
        assert_eq!(at(100).await, [(SlaBreached, 0)]);
        set(&world, Value::Null).await;
        assert_eq!(at(400).await, [(SlaWarning, 168)], "{}", world.database);
    }
}

#[tokio::test]
async fn changed_hours_of_the_settings_apply_to_companies_without_their_own() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 1000).await;
        set(&world, json!([900])).await;
        let theirs = json!({
            "company_id": world.theirs, "title": "x", "severity": "low",
            "sla_due_at": world.clock.now().after(hours(1000)),
        });
        world.post(&world.admin, "/findings", theirs).await.expect(201);
        assert_eq!(steps(&world, &mut clock).await, []);
        let settings = Settings {
            sla_steps: Ladder::up_to([800]),
            ..Settings::default()
        };
        let mut clock = started_with(&world, settings).await;
        world.clock.advance(hours(100));
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 900)]);
        world.clock.advance(hours(100));
        assert_eq!(
            steps(&world, &mut clock).await,
            [(SlaWarning, 800)],
            "{}",
            world.database
        );
    }
}
