//! Two nodes at once, and a start after a stop.

use std::collections::BTreeSet;

use base::Kind;
use serde_json::json;

use super::{finding_due_in, hours, started, steps};
use crate::world::World;

use Kind::{SlaBreached, SlaWarning};

#[tokio::test]
async fn a_start_continues_where_the_last_run_stopped() {
    for world in World::all().await {
        let mut clock = started(&world).await;
        finding_due_in(&world, 30).await;
        assert_eq!(steps(&world, &mut clock).await, [(SlaWarning, 72)]);
        let mut clock = started(&world).await;
        assert_eq!(steps(&world, &mut clock).await, []);
        drop(clock);
        world.clock.advance(hours(60));
        let mut clock = started(&world).await;
        assert_eq!(
            steps(&world, &mut clock).await,
            [(SlaBreached, 0)],
            "{}",
            world.database
        );
        let mut clock = started(&world).await;
        assert_eq!(steps(&world, &mut clock).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_at_once_announce_each_finding_once() {
    for world in World::all().await {
        let due = world.clock.now().after(hours(10));
        for _ in 0..450 {
            world.finding(json!({"sla_due_at": due})).await;
        }
        let (mut one, mut other) = (started(&world).await, started(&world).await);
        for (advance, kind) in [(0, SlaWarning), (10, SlaBreached)] {
            world.clock.advance(hours(advance));
            let (first, second) = tokio::join!(
                tokio::spawn(async move { (one.catch_up().await.map(drop), one) }),
                tokio::spawn(async move { (other.catch_up().await.map(drop), other) }),
            );
            let ((first, back), (second, again)) = (first.unwrap(), second.unwrap());
            (one, other) = (back, again);
            first.unwrap();
            second.unwrap();
            let sql = "select body from events where kind = $1";
            let bodies = world
                .store
                .read(move |tx| tx.all::<(String,)>(sql, store::params![kind]))
                .await
                .unwrap();
            let events: Vec<base::Event> = bodies
                .iter()
                .map(|(body,)| serde_json::from_str(body).unwrap())
                .collect();
            let subjects: BTreeSet<_> = events.iter().map(|event| event.subject.id).collect();
            assert_eq!((events.len(), subjects.len()), (450, 450), "{}", world.database);
        }
    }
}
