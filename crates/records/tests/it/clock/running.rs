//! The clock as a task: what wakes it.

use std::time::Duration;

use base::Kind;
use serde_json::json;
use tokio::sync::oneshot;

use super::{hours, patch};
use crate::world::World;
use records::{Records, Settings, SlaClock};

/// Advances the test clock by small steps until there are this many events of the kind.
async fn until(world: &World, kind: Kind, count: i64) {
    let look = async {
        loop {
            let sql = "select count(*) from events where kind = $1";
            let found = world
                .store
                .read(move |tx| tx.one::<(i64,)>(sql, store::params![kind]))
                .await;
            if found.unwrap().unwrap().0 >= count {
                break;
            }
            world.clock.advance(Duration::from_millis(10));
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), look).await;
    in_time.unwrap_or_else(|_| panic!("{}: no {kind}", world.database));
}

#[tokio::test]
async fn it_wakes_at_the_time_and_for_changes_that_bring_it_forward() {
    for world in World::all().await {
        let (stop, stopped) = oneshot::channel::<()>();
        let records = Records::new(world.store.clone(), Settings::default());
        let running = tokio::spawn(SlaClock::new(records).run(async {
            let _ = stopped.await;
        }));
        let due = world.clock.now().after(hours(1000));
        let path = world.finding(json!({"sla_due_at": due})).await;
        // A minute is far less than it would sleep without being woken.
        let now = world.clock.now();
        patch(&world, &path, json!({"sla_due_at": now.after(hours(1))})).await;
        until(&world, Kind::SlaWarning, 1).await;
        world.clock.set(now.after(hours(1)));
        until(&world, Kind::SlaBreached, 1).await;
        stop.send(()).unwrap();
        running.await.unwrap();
    }
}

#[tokio::test]
async fn it_shuts_down_before_anything_else() {
    for world in World::all().await {
        let records = Records::new(world.store.clone(), Settings::default());
        SlaClock::new(records).run(async {}).await;
    }
}
