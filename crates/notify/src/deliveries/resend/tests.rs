//! All failed messages of a destination are resent, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use base::{Id, Kind, Time};
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    channels::Outcome,
    destinations::health::OUTAGE,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, Received, fixtures, next},
};

const NO: Answer = Answer::Outcome(Outcome::RefusedForGood);
const YES: Answer = Answer::Outcome(Outcome::Delivered);
const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";
const OTHER: &str = "https://other.example/hooks/0123456789abcdef";
const REFUSED: &str = "select count(*) from deliveries where state = 'refused'";
const CANCELLED: &str = "select count(*) from deliveries where state = 'cancelled'";
const WAITING: &str = "select count(*) from deliveries where state in ('pending', 'sending')";
const OFF: &str = "select count(distinct target_key) from destinations where off_at > 0";

/// The audit log's entries about resending.
const NOTED: &str = "select count(*) from audit_entries where action = 'destination.redelivered'";

async fn hooks(fixture: &Fixture, urls: &[&str]) {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
    let (status, rule) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    assert_eq!(status, 201, "{rule}");
}

async fn report(fixture: &Fixture) -> Id {
    fixture.emit(fixture.event(Kind::ReportReady, &[], &[])).await
}

async fn again(fixture: &Fixture, body: Json) -> (u16, Json) {
    fixture
        .call(fixture.root, "POST", "/deliveries/redeliver", body)
        .await
}

async fn deliveries(received: &mut Received, count: usize) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    for _ in 0..count {
        let arrived = next(received).await;
        assert_eq!(arrived.to, HOOK);
        ids.insert(arrived.delivery);
    }
    ids
}

#[tokio::test]
async fn failed_messages_of_a_destination_are_resent_once_it_is_turned_on() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[YES, NO, NO, NO, NO, NO, YES]);
        let engine = fixture.engine(&fake);
        report(&fixture).await;
        deliveries(&mut received, 1).await;
        fixture.until(DELIVERED, 1).await;
        let mut missed = BTreeSet::new();
        for refused in 1..=5 {
            report(&fixture).await;
            missed.append(&mut deliveries(&mut received, 1).await);
            fixture.until(REFUSED, refused).await;
        }
        fixture.until(OFF, 1).await;
        report(&fixture).await;
        fixture.until(CANCELLED, 1).await;
        let list = fixture.get(fixture.root, "/deliveries?state=cancelled").await;
        let cancelled = list["items"][0]["id"].clone();
        missed.insert(cancelled.as_str().unwrap().parse().unwrap());
        let since = crate::fixture::START;
        let body = json!({"destination_of": cancelled, "since": since});
        let (status, problem) = again(&fixture, body).await;
        assert_eq!(status, 409, "{}: {problem}", fixture.name);
        assert_eq!(
            (fixture.count(WAITING).await, fixture.count(OFF).await),
            (0, 1),
            "nothing was done"
        );
        assert_eq!(fixture.count(NOTED).await, 0, "{}", fixture.name);
        let body = json!({"destination_of": cancelled, "since": since, "switch_on": true});
        let (status, answer) = again(&fixture, body).await;
        assert_eq!((status, answer), (202, json!({"count": 6, "more": false})));
        assert_eq!(fixture.count(NOTED).await, 1, "{}", fixture.name);
        assert_eq!(
            deliveries(&mut received, 6).await,
            missed,
            "{}: the same messages",
            fixture.name
        );
        fixture.until(DELIVERED, 7).await;
        assert_eq!(fixture.count(OFF).await, 0);
        engine.stop().await;
    }
}

#[tokio::test]
async fn only_messages_that_ended_there_since_then_are_resent() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK, OTHER]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, std::slice::from_ref(&NO));
        fake.answers(OTHER, std::slice::from_ref(&NO));
        let engine = fixture.engine(&fake);
        let mut moments = Vec::new();
        for round in 1..=3 {
            moments.push(fixture.clock.now());
            report(&fixture).await;
            fixture.until(REFUSED, round * 2).await;
            fixture.clock.advance(Duration::from_mins(1));
        }
        engine.stop().await;
        while received.try_recv().is_ok() {}
        // Its recipient lost access.
        fixture
            .store
            .write(|tx| {
                let newest = "update deliveries set state = 'cancelled', reason = 'another' where id in \
                     (select id from deliveries where label like '%receiver%' order by updated_at desc limit 1)";
                tx.execute(newest, &[])
            })
            .await
            .unwrap();
        let one = "select id from deliveries where label like '%receiver%' order by id limit 1";
        let (one,) = fixture.rows(one).await.remove(0);
        let later = json!({"destination_of": one, "since": fixture.clock.now()});
        assert_eq!(again(&fixture, later).await.1, json!({"count": 0, "more": false}));
        let body = json!({"destination_of": one, "since": moments[1]});
        assert_eq!(
            again(&fixture, body).await.1,
            json!({"count": 1, "more": false}),
            "{}: of three at that destination one is too old and one cancelled",
            fixture.name
        );
        assert_eq!(fixture.count(WAITING).await, 1);
    }
}

#[tokio::test]
async fn more_than_one_call_handles_is_reported_and_left_for_the_next() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK]).await;
        let (fake, _bag) = FakeReceiver::new();
        fake.answers(HOOK, std::slice::from_ref(&NO));
        let engine = fixture.engine(&fake);
        for round in 1..=3 {
            report(&fixture).await;
            fixture.until(REFUSED, round).await;
            fixture.clock.advance(Duration::from_secs(1));
        }
        engine.stop().await;
        let (key,) = fixture
            .rows("select target_key from deliveries limit 1")
            .await
            .remove(0);
        let call = || {
            let failures = Failures {
                selection: Selection::Key(Key::stored(&key)),
                since: Time::default(),
                limit: 2,
            };
            fixture.store.write(move |tx| resend_failed(tx, &failures))
        };
        let oldest = "select count(*) from deliveries where state = 'pending' and created_at < \
             (select max(created_at) from deliveries)";
        assert_eq!(call().await.unwrap(), (2, true), "{}", fixture.name);
        assert_eq!(fixture.count(oldest).await, 2, "oldest first");
        assert_eq!(call().await.unwrap(), (1, false));
        assert_eq!(call().await.unwrap(), (0, false));
    }
}

#[tokio::test]
async fn only_administrators_resend_all_and_only_for_an_existing_delivery() {
    for fixture in fixtures().await {
        let body = json!({"destination_of": fixture.ana, "since": fixture.clock.now()});
        let path = "/deliveries/redeliver";
        assert_eq!(fixture.call(fixture.ana, "POST", path, body.clone()).await.0, 403);
        let (status, problem) = again(&fixture, body).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("destination_of"))
        );
    }
}

#[tokio::test]
async fn failed_messages_of_a_destination_are_found_by_its_index() {
    for fixture in fixtures().await {
        if fixture.name != "SQLite" {
            continue;
        }
        for (selection, index) in [
            (Selection::Key(Key::stored("key")), "deliveries_troubled_there"),
            (Selection::Channel(Channel::Slack), "deliveries_troubled_on"),
        ] {
            let sql = format!(
                "explain query plan select id from deliveries where {} and {RESENDABLE} order by updated_at, id limit 9",
                selection.sql()
            );
            let plan = fixture.store.read(move |tx| {
                tx.all::<(i64, i64, i64, String)>(&sql, params!["key", Time::default(), "reason"])
            });
            let plan = format!("{:?}", plan.await.unwrap());
            assert!(plan.contains(index), "{plan}");
        }
    }
}

const FAILED: &str = "select count(*) from notifications where event_type = 'delivery.failed'";

async fn destination(fixture: &Fixture, at: usize) -> Json {
    let page = fixture.get(fixture.root, "/destinations").await;
    page["items"][at].clone()
}

// promise: S4
#[tokio::test]
async fn given_up_messages_are_announced_once_and_a_whole_channel_is_resent() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK, OTHER]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[NO, NO, YES]);
        fake.answers(OTHER, &[NO, YES]);
        let engine = fixture.engine(&fake);
        let since = fixture.clock.now();
        report(&fixture).await;
        fixture.until(REFUSED, 2).await;
        fixture.until(FAILED, 2).await;
        let notifications = fixture
            .get(fixture.root, "/notifications?event_type=delivery.failed")
            .await;
        let notifications = &notifications["items"][0];
        assert!(
            notifications["title"]
                .as_str()
                .unwrap()
                .starts_with("Delivery failed: https://"),
            "{notifications}"
        );
        assert!(
            notifications["data"]["destination_id"].is_string()
                && notifications["data"]["delivery_id"].is_string()
        );
        // The second in a row to one of them is not news.
        report(&fixture).await;
        fixture.until(REFUSED, 3).await;
        fixture.until(DELIVERED, 1).await;
        assert_eq!(fixture.count(FAILED).await, 2, "{}", fixture.name);
        let both = json!({"channel": "webhook", "destination": fixture.ana, "since": since});
        assert_eq!(again(&fixture, both).await.0, 422);
        let body = json!({"channel": "webhook", "since": since});
        assert_eq!(
            again(&fixture, body).await,
            (202, json!({"count": 3, "more": false}))
        );
        fixture.until(DELIVERED, 4).await;
        let body = json!({"channel": "slack", "since": since});
        assert_eq!(again(&fixture, body).await.1, json!({"count": 0, "more": false}));
        for _ in 0..7 {
            next(&mut received).await;
        }
        assert!(received.try_recv().is_err());
        // Its outage ends when nothing was given up for an hour: the next failure is news.
        fixture.clock.advance(OUTAGE);
        fake.answers(HOOK, &[NO]);
        report(&fixture).await;
        fixture.until(FAILED, 3).await;
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn one_destination_is_named_by_its_id_and_shows_its_health() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK]).await;
        let before = destination(&fixture, 0).await;
        assert!(
            before["destination_id"].is_string() && before["success_rate"].is_null(),
            "{before}"
        );
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[NO, YES]);
        let engine = fixture.engine(&fake);
        let since = fixture.clock.now();
        report(&fixture).await;
        fixture.until(REFUSED, 1).await;
        let failing = destination(&fixture, 0).await;
        assert_eq!(
            (
                &failing["success_rate"],
                &failing["last_status"],
                &failing["last_success_at"]
            ),
            (&json!(0.0), &json!(200), &Json::Null),
            "{failing}"
        );
        assert!(failing["failing_since"].is_string());
        let body = json!({"destination": before["destination_id"], "since": since});
        assert_eq!(
            again(&fixture, body).await,
            (202, json!({"count": 1, "more": false}))
        );
        deliveries(&mut received, 2).await;
        fixture.until(DELIVERED, 1).await;
        let well = destination(&fixture, 0).await;
        assert_eq!(
            (
                &well["success_rate"],
                &well["last_success_at"],
                &well["failing_since"]
            ),
            (&json!(0.5), &json!(fixture.clock.now()), &Json::Null),
            "{well}"
        );
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn messages_waiting_for_a_paused_destination_are_sent_now() {
    for fixture in fixtures().await {
        hooks(&fixture, &[HOOK, OTHER]).await;
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[Answer::Wait(Duration::from_hours(20)), YES]);
        let engine = fixture.engine(&fake);
        report(&fixture).await;
        fixture.until(DELIVERED, 1).await;
        fixture
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        report(&fixture).await;
        fixture.until(DELIVERED, 2).await;
        fixture
            .until("select count(*) from deliveries where state = 'pending'", 2)
            .await;
        let longest = fixture.clock.now().after(Duration::from_mins(73));
        let later = fixture
            .rows("select next_at || '' from deliveries where state = 'pending'")
            .await;
        for (at,) in later {
            assert!(
                at.parse::<i64>().unwrap() <= longest.nanos(),
                "an hour and its spread at most"
            );
        }
        for _ in 0..3 {
            next(&mut received).await;
        }
        let path = "/deliveries/send-now";
        for (body, status) in [
            (json!({}), 422),
            (json!({"channel": "webhook", "destination": fixture.ana}), 422),
            (json!({"destination": fixture.ana}), 422),
        ] {
            assert_eq!(fixture.call(fixture.root, "POST", path, body).await.0, status);
        }
        let body = json!({"channel": "webhook"});
        assert_eq!(fixture.call(fixture.ana, "POST", path, body.clone()).await.0, 403);
        let sent = fixture.call(fixture.root, "POST", path, body).await;
        assert_eq!(
            sent,
            (202, json!({"count": 2, "more": false})),
            "{}",
            fixture.name
        );
        deliveries(&mut received, 2).await;
        fixture.until(DELIVERED, 4).await;
        let noted = "select count(*) from audit_entries where action = 'destination.sent_now'";
        assert_eq!(fixture.count(noted).await, 1);
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn the_mail_server_is_one_destination_and_a_message_about_a_failure_raises_none() {
    for fixture in fixtures().await {
        let mail = json!({"event_type": "delivery.failed", "channel": "email"});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/notification-rules", mail)
                .await
                .0,
            201
        );
        let (fake, _bag) = FakeReceiver::new();
        for address in ["ana@example.com", "ben@example.com", "root@example.com"] {
            fake.answers(address, &[Answer::Panics]);
        }
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        let ended = "select count(*) from delivery_attempts where ended_at > 0";
        let failed = "select count(*) from deliveries where state = 'failed'";
        // To Ana and Ben, then to the administrator about that: each is quarantined after three attempts.
        for (mails, before) in [(2, 0), (1, 6)] {
            for attempt in 1..=3 {
                // The message about the first failures is sent automatically.
                fixture.until_at_least(ended, before + attempt * mails).await;
                fixture.clock.advance(Duration::from_hours(1));
            }
        }
        fixture.until(failed, 3).await;
        fixture
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert_eq!(
            fixture.count(FAILED).await,
            1,
            "{}: one outage, one administrator",
            fixture.name
        );
        let notifications = fixture
            .get(fixture.root, "/notifications?event_type=delivery.failed")
            .await;
        assert_eq!(notifications["items"][0]["title"], "Delivery failed: mail server");
        engine.stop().await;
    }
}
