//! Warnings that nobody reads go to the managers, once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use access::{Role, testing as people};
use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType};
use serde_json::json;
use store::{MigrationSet, Tx, params};

use crate::{
    engine::{Escalation, Options},
    fixture::{FakeReceiver, Fixture, Running, SETS, START, fixtures, fixtures_with},
};

const AFTER: Duration = Duration::from_hours(4);
const WAITING: &str = "select count(*) from first_reads where due_at > 0";
const ESCALATED: &str = "select count(*) from events where kind = 'sla.escalated'";
const PLANNED: &str = "select count(*) from events where planned_at <> 0";

/// An engine that treats all warnings as valid as long as this flag is set.
fn engine(fixture: &Fixture, node: &str, holds: &Arc<AtomicBool>, after: Duration) -> Running {
    let holds = Arc::clone(holds);
    let (fake, _bag) = FakeReceiver::new();
    let options = Options {
        node: node.into(),
        pause: Duration::ZERO,
        escalation: Escalation {
            after,
            still_open: Arc::new(move |_, _, findings| {
                let holds = holds.load(Ordering::Relaxed);
                Ok(findings.iter().filter(|_| holds).map(|(id, _)| *id).collect())
            }),
            ..Escalation::default()
        },
        ..Options::default()
    };
    fixture.engine_with(&fake, options)
}

fn holding() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(true))
}

/// A warning about a finding of this severity, for these people.
async fn warn(fixture: &Fixture, severity: Severity, users: &[Id]) -> Id {
    let mut event = fixture.event(Kind::SlaWarning, users, &[]);
    event.severity = Some(severity);
    let deadline = fixture.clock.now().after(Duration::from_hours(24));
    event.data.insert("deadline".into(), json!(deadline));
    fixture.emit(event).await
}

async fn manager(fixture: &Fixture) -> Id {
    let manager = people::user(&fixture.store, "mara@example.com").await;
    people::member(&fixture.store, fixture.company, manager, Role::Manager).await;
    manager
}

async fn escalated(fixture: &Fixture) -> Vec<Event> {
    let rows = fixture
        .rows("select body from events where kind = 'sla.escalated' order by id")
        .await;
    rows.iter()
        .map(|(body,)| serde_json::from_str(body).unwrap())
        .collect()
}

/// Lets the waiting time pass, and the engine decide.
async fn decided(fixture: &Fixture) {
    fixture.clock.advance(AFTER);
    fixture.until(WAITING, 0).await;
}

#[tokio::test]
async fn an_unread_critical_warning_goes_to_the_managers() {
    for fixture in fixtures().await {
        let manager = manager(&fixture).await;
        let engine = engine(&fixture, "a", &holding(), AFTER);
        let warning = warn(&fixture, Severity::Critical, &[fixture.ana, fixture.ben]).await;
        warn(&fixture, Severity::High, &[fixture.ana]).await;
        // To nobody at all.
        let unheard = warn(&fixture, Severity::Urgent, &[]).await;
        fixture.until(WAITING, 2).await;
        fixture.until(PLANNED, 3).await;
        fixture
            .clock
            .advance(AFTER.checked_sub(Duration::from_nanos(1)).unwrap());
        tokio::task::yield_now().await;
        assert_eq!(
            (fixture.count(WAITING).await, fixture.count(ESCALATED).await),
            (2, 0)
        );
        decided(&fixture).await;
        let events = escalated(&fixture).await;
        let about: Vec<_> = events
            .iter()
            .map(|event| event.data["warning_event_id"].clone())
            .collect();
        assert_eq!(about, [json!(warning), json!(unheard)], "{}", fixture.name);
        assert_eq!(events[0].audience, Audience::Company(fixture.company));
        assert_eq!(events[0].assignee_users, [manager]);
        assert_eq!(events[0].severity, Some(Severity::Critical));
        assert_eq!(events[0].data["title"], "SQL injection");
        // The manager is notified, and this is not escalated itself.
        let changed = "select count(*) from notifications where event_type = 'sla.escalated'";
        fixture.until(changed, 2).await;
        assert_eq!(fixture.count(WAITING).await, 0);
        engine.stop().await;
    }
}

#[tokio::test]
async fn one_reader_is_enough_however_they_read_it() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let engine = engine(&fixture, "a", &holding(), AFTER);
        for all in [false, true] {
            warn(&fixture, Severity::Urgent, &[fixture.ana, fixture.ben]).await;
            fixture.until(WAITING, 1).await;
            let inbox = fixture.get(fixture.ben, "/notifications").await;
            let path = if all {
                "/notifications/read-all".to_owned()
            } else {
                format!(
                    "/notifications/{}/read",
                    inbox["items"][0]["id"].as_str().unwrap()
                )
            };
            let (status, body) = fixture
                .call(fixture.ben, "POST", &path, serde_json::Value::Null)
                .await;
            assert!(status < 300, "{body}");
            decided(&fixture).await;
        }
        assert_eq!(fixture.count(ESCALATED).await, 0, "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_obsolete_warning_is_not_escalated() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let holds = holding();
        let engine = engine(&fixture, "a", &holds, AFTER);
        warn(&fixture, Severity::Urgent, &[fixture.ana]).await;
        fixture.until(WAITING, 1).await;
        holds.store(false, Ordering::Relaxed);
        decided(&fixture).await;
        assert_eq!(fixture.count(ESCALATED).await, 0, "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn without_a_time_limit_nothing_is_escalated() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let first = engine(&fixture, "a", &holding(), AFTER);
        warn(&fixture, Severity::Urgent, &[fixture.ana]).await;
        fixture.until(WAITING, 1).await;
        first.stop().await;
        let off = engine(&fixture, "a", &holding(), Duration::ZERO);
        fixture.until(WAITING, 0).await;
        warn(&fixture, Severity::Urgent, &[fixture.ana]).await;
        fixture.until(PLANNED, 2).await;
        fixture.clock.advance(AFTER);
        assert_eq!(
            (fixture.count(WAITING).await, fixture.count(ESCALATED).await),
            (0, 0)
        );
        off.stop().await;
    }
}

// Each of them once, even if both nodes look at the same moment and one starts after that time.
#[tokio::test]
async fn two_engines_and_a_restart_escalate_once() {
    for fixture in fixtures().await {
        manager(&fixture).await;
        let holds = holding();
        let first = engine(&fixture, "a", &holds, AFTER);
        for _ in 0..120 {
            warn(&fixture, Severity::Critical, &[fixture.ana]).await;
        }
        fixture.until(WAITING, 120).await;
        first.stop().await;
        fixture.clock.advance(AFTER);
        let first = engine(&fixture, "a", &holds, AFTER);
        let second = engine(&fixture, "b", &holds, AFTER);
        fixture.until(WAITING, 0).await;
        let mut about: Vec<String> = escalated(&fixture)
            .await
            .iter()
            .map(|event| event.data["warning_event_id"].to_string())
            .collect();
        about.sort();
        about.dedup();
        assert_eq!(
            (about.len(), fixture.count(ESCALATED).await),
            (120, 120),
            "{}",
            fixture.name
        );
        first.stop().await;
        second.stop().await;
    }
}

/// The tables as they were before unread events had one.
static BEFORE: &[store::MigrationSet] = &[
    store::MIGRATIONS,
    access::MIGRATIONS,
    store::MigrationSet {
        owner: crate::MIGRATIONS.owner,
        steps: crate::MIGRATIONS.steps.split_at(10).0,
    },
];

// promise: A4
#[tokio::test]
async fn warnings_still_wait_for_a_reader_after_an_upgrade() {
    let clock = Clock::manual(START);
    for (name, store) in store::testing::stores_with(clock.clone(), BEFORE).await {
        let company = people::company(&store, "Acme").await;
        let subject = Subject {
            kind: SubjectType::Finding,
            id: clock.id(),
        };
        let mut warning = Event::new(&clock, Kind::SlaWarning, Audience::Company(company), subject);
        warning.severity = Some(Severity::Urgent);
        let id = warning.id;
        let due = clock.now().after(AFTER);
        let old = move |tx: &mut store::Tx<'_>| {
            tx.emit(warning)?;
            let sql = "insert into escalations (event_id, due_at) values ($1, $2)";
            tx.execute(sql, store::params![id, due])
        };
        store.write(old).await.unwrap();
        store.migrate(SETS).await.unwrap();
        let waits =
            "select id, severity, due_at, company_id from first_reads where event_type = 'sla.warning'";
        let rows: Vec<(Id, String, base::Time, Id)> = store.read(move |tx| tx.all(waits, &[])).await.unwrap();
        assert_eq!(rows, [(id, "urgent".to_owned(), due, company)], "{name}");
    }
}

/// The tables from before `first_reads`.
fn older() -> &'static [MigrationSet] {
    let steps = crate::MIGRATIONS.steps;
    let at = steps
        .iter()
        .position(|(name, _)| *name == "0011-time-to-know")
        .unwrap();
    let owner = crate::MIGRATIONS.owner;
    let steps = &steps[..at];
    Box::leak(Box::new([
        store::MIGRATIONS,
        access::MIGRATIONS,
        MigrationSet { owner, steps },
    ]))
}

// promise: A4
#[tokio::test]
async fn a_warning_read_before_an_update_does_not_go_to_the_managers() {
    const ROW: &str = "insert into notifications (id, user_id, event_id, event_type, created_at, read_at) \
         values ($1, $2, $3, 'sla.warning', $4, $5)";
    const COUNTER: &str = "insert into inbox_counters (user_id, total, unread, last_at, all_read_at) \
         values ($1, 3, 1, 30, 10) on conflict (user_id) do update set all_read_at = excluded.all_read_at";
    for fixture in fixtures_with(older()).await {
        let mut rows = Vec::new();
        // One covered by "mark all read", one read individually, and one unread.
        for (created_at, read_at) in [(10, 0), (20, 25), (30, 0)] {
            let warning = warn(&fixture, Severity::Critical, &[fixture.ana, fixture.ben]).await;
            rows.push((fixture.clock.id(), warning, created_at, read_at));
        }
        let (_, unread, ..) = rows[2];
        let (ana, ben) = (fixture.ana, fixture.ben);
        let fill = move |tx: &mut Tx<'_>| {
            tx.execute(COUNTER, params![ana])?;
            for (id, warning, created_at, read_at) in &rows {
                tx.execute(
                    "insert into escalations (event_id, due_at) values ($1, 99)",
                    params![*warning],
                )?;
                for user in [ana, ben] {
                    let sql = "insert into escalation_users (event_id, user_id) values ($1, $2)";
                    tx.execute(sql, params![*warning, user])?;
                }
                tx.execute(ROW, params![*id, ana, *warning, *created_at, *read_at])?;
            }
            Ok::<(), store::Error>(())
        };
        fixture.store.write(fill).await.unwrap();
        fixture.store.migrate(SETS).await.unwrap();
        let waiting = fixture.rows("select id from first_reads where due_at > 0").await;
        assert_eq!(waiting, [(unread.to_string(),)], "{}", fixture.name);
    }
}
