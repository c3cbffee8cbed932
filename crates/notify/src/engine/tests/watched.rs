//! What an observer of the engine gets, and what is read from its queue.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Time;

use crate::{
    channel::Channel,
    channels::Outcome,
    deliveries::{State, queue},
    engine::{Ended, Observer, Options},
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const LATER: Outcome = Outcome::RefusedForNow { retry_after: None };

/// Options with an observer that fills the list.
fn watched() -> (Options, Arc<Mutex<Vec<Ended>>>) {
    let seen: Arc<Mutex<Vec<Ended>>> = Arc::default();
    let list = Arc::clone(&seen);
    let options = Options {
        pause: Duration::ZERO,
        observer: Observer::new(move |ended| list.lock().unwrap().push(ended)),
        ..Options::default()
    };
    (options, seen)
}

async fn observed(seen: &Mutex<Vec<Ended>>, count: usize) -> Vec<Ended> {
    let asking = async {
        while seen.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    };
    crate::fixture::within(asking).await;
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn an_observer_gets_every_attempt_and_the_time_to_the_final_outcome() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[Answer::Outcome(LATER), Answer::Outcome(Outcome::Delivered)],
        );
        let (options, seen) = watched();
        let engine = fixture.engine_with(&fake, options);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        let first = Ended {
            channel: Channel::Email,
            outcome: LATER,
            last: None,
            took: None,
        };
        assert_eq!(observed(&seen, 1).await, [first], "{}", fixture.name);
        fixture.clock.advance(Duration::from_secs(7));
        next(&mut received).await;
        let last = Ended {
            outcome: Outcome::Delivered,
            last: Some(State::Delivered),
            took: Some(Duration::from_secs(7)),
            ..first
        };
        assert_eq!(observed(&seen, 2).await, [first, last], "{}", fixture.name);
        // After a resend, the time since the event says nothing about the engine.
        let page = fixture.get(fixture.root, "/deliveries").await;
        let path = format!(
            "/deliveries/{}/redeliver",
            page["items"][0]["id"].as_str().unwrap()
        );
        fixture
            .call(fixture.root, "POST", &path, serde_json::Value::Null)
            .await;
        assert_eq!(observed(&seen, 3).await[2], Ended { took: None, ..last });
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_attempt_interrupted_by_a_crash_is_observed_at_the_next_start() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[Answer::Hangs, Answer::Outcome(Outcome::Delivered)],
        );
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        engine.kill().await;
        let (options, seen) = watched();
        let engine = fixture.engine_with(&fake, options);
        fixture.until(DELIVERED, 1).await;
        let outcomes: Vec<_> = observed(&seen, 2)
            .await
            .iter()
            .map(|ended| (ended.outcome, ended.last))
            .collect();
        assert_eq!(
            outcomes,
            [
                (Outcome::Unknown, None),
                (Outcome::Delivered, Some(State::Delivered))
            ],
            "{}",
            fixture.name
        );
        engine.stop().await;
    }
}

/// A delivery in a state, due at a time.
async fn put(fixture: &Fixture, state: State, next_at: Time) {
    const ROW: &str = "insert into deliveries (id, event_id, event_type, company_id, channel, recipient_kind, recipient, \
         label, lane, target_key, state, reason, body, attempts, earlier, unknowns, next_at, lease_until, node, \
         created_at, updated_at) values ($1, $1, 'finding.assigned', '', 'email', 'address', 'a@b.example', '', \
         'email', $1, $2, '', '', 0, 0, 0, $3, 0, '', 0, 0)";
    let id = fixture.clock.id();
    let row = move |tx: &mut store::Tx<'_>| tx.execute(ROW, store::params![id, state, next_at]);
    fixture.store.write(row).await.unwrap();
}

#[tokio::test]
async fn the_queue_is_read_from_its_small_indexes_with_waiting_times() {
    for fixture in fixtures().await {
        let now = fixture.clock.now();
        let empty = fixture.store.read(queue).await.unwrap();
        assert_eq!(empty.oldest_due, Duration::ZERO);
        assert!(empty.states.iter().all(|(_, count)| *count == 0), "{empty:?}");
        put(&fixture, State::Pending, now.after(Duration::from_secs(9))).await;
        let later = fixture.store.read(queue).await.unwrap();
        assert_eq!(later.oldest_due, Duration::ZERO, "nothing is due yet");
        put(&fixture, State::Pending, now.before(Duration::from_secs(5))).await;
        for state in [State::Sending, State::Failed, State::Failed, State::Delivered] {
            put(&fixture, state, Time::default()).await;
        }
        let queue_now = fixture.store.read(queue).await.unwrap();
        assert_eq!(queue_now.oldest_due, Duration::from_secs(5), "{}", fixture.name);
        let expected = [
            (State::Pending, 2),
            (State::Sending, 1),
            (State::Refused, 0),
            (State::Failed, 2),
            (State::Unknown, 0),
            (State::Cancelled, 0),
            (State::SetAside, 0),
        ];
        assert_eq!(queue_now.states, expected, "{}", fixture.name);
        let plans = fixture
            .store
            .write(|tx| store::testing::plans(tx, |tx| queue(tx).map(drop)))
            .await
            .unwrap();
        assert_eq!(plans.len(), 5);
        let indexes = [
            "deliveries_due",
            "deliveries_leased",
            "deliveries_troubled",
            "deliveries_set_aside",
            "events_set_aside",
        ];
        for ((sql, plan), index) in plans.iter().zip(indexes) {
            let plan = plan.join("\n");
            assert!(plan.contains(index), "{}: {sql}: {plan}", fixture.name);
            // PostgreSQL checks the table only for rows that changed recently.
            let covered = plan.contains("COVERING") || plan.contains("Index Only") || plan.contains("Bitmap");
            // There are few quarantined events.
            assert!(
                covered || index == "events_set_aside",
                "{}: {sql}: {plan}",
                fixture.name
            );
        }
    }
}
