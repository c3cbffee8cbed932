//! Agreements that are about to expire.

use base::{Audience, Id, Kind, SubjectType};
use records::Date;
use serde_json::json;
use store::params;

use super::{HOUR, announced, hours, started, steps};
use crate::world::World;

const INSERT: &str = "insert into agreements (id, company_id, name, reference, description, status, starts_at, \
     expires_at, hours, hours_used, search, created_at, updated_at) \
     values ($1, $2, 'Frame <1>', '', '', $3, 0, $4, -1, 0, '', 0, 0)";

/// An agreement of ours with this last day.
async fn agreement(world: &World, last_day: &str, status: &'static str) -> Id {
    let last_day: Date = last_day.parse().unwrap();
    let (id, ours) = (world.clock.id(), world.ours);
    let insert =
        move |tx: &mut store::Tx<'_>| tx.execute(INSERT, params![id, ours, status, last_day.midnight()]);
    world.store.write(insert).await.unwrap();
    id
}

#[tokio::test]
async fn managers_are_notified_thirty_seven_and_one_days_before() {
    for world in World::all().await {
        world.clock.set("2026-03-01T12:00:00Z".parse().unwrap());
        let mut clock = started(&world).await;
        let id = agreement(&world, "2026-05-31", "active").await;
        agreement(&world, "2026-05-31", "terminated").await;
        for (day, step) in [("2026-05-01", 720), ("2026-05-24", 168), ("2026-05-30", 24)] {
            let midnight = day.parse::<Date>().unwrap().midnight();
            assert_eq!(
                clock.catch_up().await.unwrap(),
                Some(midnight),
                "{}",
                world.database
            );
            world.clock.set(midnight);
            let events = announced(&world, &mut clock).await;
            let [event] = events.as_slice() else {
                panic!("{}: {events:?}", world.database)
            };
            assert_eq!(event.kind, Kind::AgreementExpiring);
            assert_eq!(event.audience, Audience::Company(world.ours));
            assert_eq!(
                (event.subject.kind, event.subject.id),
                (SubjectType::Agreement, id)
            );
            assert_eq!(event.assignee_users, [world.manager.id]);
            assert_eq!(event.severity, None);
            for (key, value) in [
                ("step_hours", json!(step)),
                ("hours_left", json!(step)),
                ("title", json!("Frame <1>")),
                ("expires_on", json!("2026-05-31")),
                ("agreement_id", json!(id)),
                ("company_name", json!("Ours")),
            ] {
                assert_eq!(event.data[key], value, "{key}");
            }
        }
        world.pass_days(40);
        assert_eq!(steps(&world, &mut clock).await, []);
        assert_eq!(clock.catch_up().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_late_agreement_is_announced_once_while_it_is_in_effect() {
    let expiring = Kind::AgreementExpiring;
    for world in World::all().await {
        world.clock.set("2026-03-01T12:00:00Z".parse().unwrap());
        let mut clock = started(&world).await;
        agreement(&world, "2026-03-06", "active").await;
        agreement(&world, "2026-03-01", "active").await;
        agreement(&world, "2026-02-28", "active").await;
        assert_eq!(steps(&world, &mut clock).await, [(expiring, 24), (expiring, 168)]);
        world.clock.set(world.clock.now().before(hours(24 * 100)));
        assert_eq!(steps(&world, &mut clock).await, []);
        world.clock.advance(hours(24 * 100) + HOUR);
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
        world.pass_days(4);
        assert_eq!(steps(&world, &mut clock).await, [(expiring, 24)]);
    }
}

#[tokio::test]
async fn another_last_day_is_announced_again() {
    for world in World::all().await {
        world.clock.set("2026-03-01T12:00:00Z".parse().unwrap());
        let mut clock = started(&world).await;
        let id = agreement(&world, "2026-03-03", "active").await;
        assert_eq!(steps(&world, &mut clock).await.len(), 1);
        let renew = |day: &'static str| {
            let day = day.parse::<Date>().unwrap().midnight();
            let sql = "update agreements set expires_at = $2 where id = $1";
            world.store.write(move |tx| tx.execute(sql, params![id, day]))
        };
        renew("2026-03-05").await.unwrap();
        assert_eq!(steps(&world, &mut clock).await.len(), 1);
        renew("2026-03-03").await.unwrap();
        assert_eq!(steps(&world, &mut clock).await, [], "{}", world.database);
    }
}
