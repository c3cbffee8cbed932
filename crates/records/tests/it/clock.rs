//! The SLA clock under a test clock: what it announces, when, and only once.

mod acceptances;
mod agreements;
mod ladders;
mod model;
mod nodes;
mod running;
mod steps;

use std::time::Duration;

use base::{Event, Id, Kind, Time};
use records::{Records, Settings, SlaClock};
use serde_json::{Value, json};

use crate::world::World;

const HOUR: Duration = Duration::from_hours(1);

fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

/// A clock over the world's records, as after a start.
async fn started(world: &World) -> SlaClock {
    started_with(world, Settings::default()).await
}

async fn started_with(world: &World, settings: Settings) -> SlaClock {
    let clock = SlaClock::new(Records::new(world.store.clone(), settings));
    clock.begin().await.unwrap();
    clock
}

/// What the clock announces now.
async fn announced(world: &World, clock: &mut SlaClock) -> Vec<Event> {
    world.events().await;
    clock.catch_up().await.unwrap();
    world.events().await
}

/// The same in short: the kind and the step.
async fn steps(world: &World, clock: &mut SlaClock) -> Vec<(Kind, u64)> {
    announced(world, clock).await.iter().map(step).collect()
}

fn step(event: &Event) -> (Kind, u64) {
    (event.kind, event.data["step_hours"].as_u64().unwrap())
}

/// A finding of ours whose deadline is in this many hours.
async fn finding_due_in(world: &World, in_hours: u64) -> String {
    let due = world.clock.now().after(hours(in_hours));
    world.finding(json!({"sla_due_at": due})).await
}

async fn move_to(world: &World, path: &str, statuses: &[&str]) {
    for status in statuses {
        if *status == "accepted_risk" {
            world.accept(path, 300).await;
            continue;
        }
        let body = json!({"status": status, "comment": "as it is"});
        let path = format!("{path}/status");
        world.post(&world.analyst, &path, body).await.expect(200);
    }
}

async fn patch(world: &World, path: &str, body: Value) {
    world.patch(&world.analyst, path, body).await.expect(200);
}

fn id(path: &str) -> Id {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// Lets one hour pass after another and notes what is announced in each, until this time.
async fn hourly(world: &World, clock: &mut SlaClock, until: Time) -> Vec<(u64, Kind, u64)> {
    let start = world.clock.now();
    let mut seen = Vec::new();
    while world.clock.now() < until {
        world.clock.advance(HOUR);
        let passed = world.clock.now().since(start).as_secs() / 3600;
        seen.extend(
            steps(world, clock)
                .await
                .into_iter()
                .map(|(kind, step)| (passed, kind, step)),
        );
    }
    seen
}
