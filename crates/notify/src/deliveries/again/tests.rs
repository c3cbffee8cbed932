//! All failed messages of a destination are resent, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use base::{Id, Kind, Time};
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    channels::Outcome,
    destinations::health::OUTAGE,
    house::{Answer, DELIVERED, House, Mailbag, Post, houses, next},
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

async fn hooks(house: &House, urls: &[&str]) {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
    let (status, rule) = house.call(house.root, "POST", "/notification-rules", body).await;
    assert_eq!(status, 201, "{rule}");
}

async fn report(house: &House) -> Id {
    house.emit(house.event(Kind::ReportReady, &[], &[])).await
}

async fn again(house: &House, body: Json) -> (u16, Json) {
    house
        .call(house.root, "POST", "/deliveries/redeliver", body)
        .await
}

async fn deliveries(bag: &mut Mailbag, count: usize) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    for _ in 0..count {
        let arrived = next(bag).await;
        assert_eq!(arrived.to, HOOK);
        ids.insert(arrived.delivery);
    }
    ids
}

#[tokio::test]
async fn failed_messages_of_a_destination_are_resent_once_it_is_turned_on() {
    for house in houses().await {
        hooks(&house, &[HOOK]).await;
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[YES, NO, NO, NO, NO, NO, YES]);
        let engine = house.engine(&post);
        report(&house).await;
        deliveries(&mut bag, 1).await;
        house.until(DELIVERED, 1).await;
        let mut missed = BTreeSet::new();
        for refused in 1..=5 {
            report(&house).await;
            missed.append(&mut deliveries(&mut bag, 1).await);
            house.until(REFUSED, refused).await;
        }
        house.until(OFF, 1).await;
        report(&house).await;
        house.until(CANCELLED, 1).await;
        let list = house.get(house.root, "/deliveries?state=cancelled").await;
        let cancelled = list["items"][0]["id"].clone();
        missed.insert(cancelled.as_str().unwrap().parse().unwrap());
        let since = crate::house::START;
        let body = json!({"destination_of": cancelled, "since": since});
        let (status, problem) = again(&house, body).await;
        assert_eq!(status, 409, "{}: {problem}", house.name);
        assert_eq!(
            (house.count(WAITING).await, house.count(OFF).await),
            (0, 1),
            "nothing was done"
        );
        assert_eq!(house.count(NOTED).await, 0, "{}", house.name);
        let body = json!({"destination_of": cancelled, "since": since, "switch_on": true});
        let (status, answer) = again(&house, body).await;
        assert_eq!((status, answer), (202, json!({"count": 6, "more": false})));
        assert_eq!(house.count(NOTED).await, 1, "{}", house.name);
        assert_eq!(
            deliveries(&mut bag, 6).await,
            missed,
            "{}: the same messages",
            house.name
        );
        house.until(DELIVERED, 7).await;
        assert_eq!(house.count(OFF).await, 0);
        engine.stop().await;
    }
}

#[tokio::test]
async fn only_messages_that_ended_there_since_then_are_resent() {
    for house in houses().await {
        hooks(&house, &[HOOK, OTHER]).await;
        let (post, mut bag) = Post::new();
        post.answers(HOOK, std::slice::from_ref(&NO));
        post.answers(OTHER, std::slice::from_ref(&NO));
        let engine = house.engine(&post);
        let mut moments = Vec::new();
        for round in 1..=3 {
            moments.push(house.clock.now());
            report(&house).await;
            house.until(REFUSED, round * 2).await;
            house.clock.advance(Duration::from_mins(1));
        }
        engine.stop().await;
        while bag.try_recv().is_ok() {}
        // Its recipient lost access.
        house
            .store
            .write(|tx| {
                let newest = "update deliveries set state = 'cancelled', reason = 'another' where id in \
                     (select id from deliveries where label like '%receiver%' order by updated_at desc limit 1)";
                tx.execute(newest, &[])
            })
            .await
            .unwrap();
        let one = "select id from deliveries where label like '%receiver%' order by id limit 1";
        let (one,) = house.rows(one).await.remove(0);
        let later = json!({"destination_of": one, "since": house.clock.now()});
        assert_eq!(again(&house, later).await.1, json!({"count": 0, "more": false}));
        let body = json!({"destination_of": one, "since": moments[1]});
        assert_eq!(
            again(&house, body).await.1,
            json!({"count": 1, "more": false}),
            "{}: of three at that destination one is too old and one cancelled",
            house.name
        );
        assert_eq!(house.count(WAITING).await, 1);
    }
}

#[tokio::test]
async fn more_than_one_call_handles_is_reported_and_left_for_the_next() {
    for house in houses().await {
        hooks(&house, &[HOOK]).await;
        let (post, _bag) = Post::new();
        post.answers(HOOK, std::slice::from_ref(&NO));
        let engine = house.engine(&post);
        for round in 1..=3 {
            report(&house).await;
            house.until(REFUSED, round).await;
            house.clock.advance(Duration::from_secs(1));
        }
        engine.stop().await;
        let (key,) = house
            .rows("select target_key from deliveries limit 1")
            .await
            .remove(0);
        let call = || {
            let misses = Misses {
                place: Where::Key(Key::stored(&key)),
                since: Time::default(),
                most: 2,
            };
            house.store.write(move |tx| send_all_again(tx, &misses))
        };
        let oldest = "select count(*) from deliveries where state = 'pending' and created_at < \
             (select max(created_at) from deliveries)";
        assert_eq!(call().await.unwrap(), (2, true), "{}", house.name);
        assert_eq!(house.count(oldest).await, 2, "the oldest first");
        assert_eq!(call().await.unwrap(), (1, false));
        assert_eq!(call().await.unwrap(), (0, false));
    }
}

#[tokio::test]
async fn only_administrators_resend_all_and_only_for_an_existing_delivery() {
    for house in houses().await {
        let body = json!({"destination_of": house.ana, "since": house.clock.now()});
        let path = "/deliveries/redeliver";
        assert_eq!(house.call(house.ana, "POST", path, body.clone()).await.0, 403);
        let (status, problem) = again(&house, body).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("destination_of"))
        );
    }
}

#[tokio::test]
async fn failed_messages_of_a_destination_are_found_by_its_index() {
    for house in houses().await {
        if house.name != "SQLite" {
            continue;
        }
        for (place, index) in [
            (Where::Key(Key::stored("key")), "deliveries_troubled_there"),
            (Where::Channel(Channel::Slack), "deliveries_troubled_on"),
        ] {
            let sql = format!(
                "explain query plan select id from deliveries where {} and {MISSED} order by updated_at, id limit 9",
                place.sql()
            );
            let plan = house.store.read(move |tx| {
                tx.all::<(i64, i64, i64, String)>(&sql, params!["key", Time::default(), "reason"])
            });
            let plan = format!("{:?}", plan.await.unwrap());
            assert!(plan.contains(index), "{plan}");
        }
    }
}

const FAILED: &str = "select count(*) from notifications where event_type = 'delivery.failed'";

async fn destination(house: &House, at: usize) -> Json {
    let page = house.get(house.root, "/destinations").await;
    page["items"][at].clone()
}

// promise: S4
#[tokio::test]
async fn given_up_messages_are_announced_once_and_a_whole_channel_is_resent() {
    for house in houses().await {
        hooks(&house, &[HOOK, OTHER]).await;
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[NO, NO, YES]);
        post.answers(OTHER, &[NO, YES]);
        let engine = house.engine(&post);
        let since = house.clock.now();
        report(&house).await;
        house.until(REFUSED, 2).await;
        house.until(FAILED, 2).await;
        let told = house
            .get(house.root, "/notifications?event_type=delivery.failed")
            .await;
        let told = &told["items"][0];
        assert!(
            told["title"]
                .as_str()
                .unwrap()
                .starts_with("Delivery failed: https://"),
            "{told}"
        );
        assert!(told["data"]["destination_id"].is_string() && told["data"]["delivery_id"].is_string());
        // The second in a row to one of them is not news.
        report(&house).await;
        house.until(REFUSED, 3).await;
        house.until(DELIVERED, 1).await;
        assert_eq!(house.count(FAILED).await, 2, "{}", house.name);
        let both = json!({"channel": "webhook", "destination": house.ana, "since": since});
        assert_eq!(again(&house, both).await.0, 422);
        let body = json!({"channel": "webhook", "since": since});
        assert_eq!(
            again(&house, body).await,
            (202, json!({"count": 3, "more": false}))
        );
        house.until(DELIVERED, 4).await;
        let body = json!({"channel": "slack", "since": since});
        assert_eq!(again(&house, body).await.1, json!({"count": 0, "more": false}));
        for _ in 0..7 {
            next(&mut bag).await;
        }
        assert!(bag.try_recv().is_err());
        // Its outage ends when nothing was given up for an hour: the next failure is news.
        house.clock.advance(OUTAGE);
        post.answers(HOOK, &[NO]);
        report(&house).await;
        house.until(FAILED, 3).await;
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn one_destination_is_named_by_its_id_and_shows_its_health() {
    for house in houses().await {
        hooks(&house, &[HOOK]).await;
        let before = destination(&house, 0).await;
        assert!(
            before["destination_id"].is_string() && before["success_rate"].is_null(),
            "{before}"
        );
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[NO, YES]);
        let engine = house.engine(&post);
        let since = house.clock.now();
        report(&house).await;
        house.until(REFUSED, 1).await;
        let failing = destination(&house, 0).await;
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
            again(&house, body).await,
            (202, json!({"count": 1, "more": false}))
        );
        deliveries(&mut bag, 2).await;
        house.until(DELIVERED, 1).await;
        let well = destination(&house, 0).await;
        assert_eq!(
            (
                &well["success_rate"],
                &well["last_success_at"],
                &well["failing_since"]
            ),
            (&json!(0.5), &json!(house.clock.now()), &Json::Null),
            "{well}"
        );
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn messages_waiting_for_a_paused_destination_are_sent_now() {
    for house in houses().await {
        hooks(&house, &[HOOK, OTHER]).await;
        let (post, mut bag) = Post::new();
        post.answers(HOOK, &[Answer::Wait(Duration::from_hours(20)), YES]);
        let engine = house.engine(&post);
        report(&house).await;
        house.until(DELIVERED, 1).await;
        house
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        report(&house).await;
        house.until(DELIVERED, 2).await;
        house
            .until("select count(*) from deliveries where state = 'pending'", 2)
            .await;
        let longest = house.clock.now().after(Duration::from_mins(73));
        let later = house
            .rows("select next_at || '' from deliveries where state = 'pending'")
            .await;
        for (at,) in later {
            assert!(
                at.parse::<i64>().unwrap() <= longest.nanos(),
                "an hour and its spread at most"
            );
        }
        for _ in 0..3 {
            next(&mut bag).await;
        }
        let path = "/deliveries/send-now";
        for (body, status) in [
            (json!({}), 422),
            (json!({"channel": "webhook", "destination": house.ana}), 422),
            (json!({"destination": house.ana}), 422),
        ] {
            assert_eq!(house.call(house.root, "POST", path, body).await.0, status);
        }
        let body = json!({"channel": "webhook"});
        assert_eq!(house.call(house.ana, "POST", path, body.clone()).await.0, 403);
        let sent = house.call(house.root, "POST", path, body).await;
        assert_eq!(sent, (202, json!({"count": 2, "more": false})), "{}", house.name);
        deliveries(&mut bag, 2).await;
        house.until(DELIVERED, 4).await;
        let noted = "select count(*) from audit_entries where action = 'destination.sent_now'";
        assert_eq!(house.count(noted).await, 1);
        engine.stop().await;
    }
}

// promise: S4
#[tokio::test]
async fn the_mail_server_is_one_destination_and_a_message_about_a_failure_raises_none() {
    for house in houses().await {
        let mail = json!({"event_type": "delivery.failed", "channel": "email"});
        assert_eq!(
            house
                .call(house.root, "POST", "/notification-rules", mail)
                .await
                .0,
            201
        );
        let (post, _bag) = Post::new();
        for address in ["ana@example.com", "ben@example.com", "root@example.com"] {
            post.answers(address, &[Answer::Panics]);
        }
        let engine = house.engine(&post);
        house.assign(&[house.ana, house.ben], &[]).await;
        let ended = "select count(*) from delivery_attempts where ended_at > 0";
        let failed = "select count(*) from deliveries where state = 'failed'";
        // To Ana and Ben, then to the administrator about that: each is quarantined after three attempts.
        for (mails, before) in [(2, 0), (1, 6)] {
            for attempt in 1..=3 {
                // The message about the first failures is sent automatically.
                house.until_at_least(ended, before + attempt * mails).await;
                house.clock.advance(Duration::from_hours(1));
            }
        }
        house.until(failed, 3).await;
        house
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert_eq!(
            house.count(FAILED).await,
            1,
            "{}: one outage, one administrator",
            house.name
        );
        let told = house
            .get(house.root, "/notifications?event_type=delivery.failed")
            .await;
        assert_eq!(told["items"][0]["title"], "Delivery failed: mail server");
        engine.stop().await;
    }
}
