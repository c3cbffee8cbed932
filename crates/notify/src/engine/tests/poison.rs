//! One unreadable row stops nothing: neither the messages behind it nor a list.

use std::time::Duration;

use base::Kind;
use serde_json::{Value as Json, json};
use store::params;

use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const LATER: Answer = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const QUARANTINED: &str = "select count(*) from deliveries where state = 'set_aside'";
const EVENTS_QUARANTINED: &str = "select count(*) from events where planned_at < 0";
/// How often the engine checks quarantined rows.
const TICK: Duration = Duration::from_secs(20);

async fn change(fixture: &Fixture, sql: &'static str) {
    fixture.store.write(move |tx| tx.execute(sql, &[])).await.unwrap();
}

/// How a waiting delivery is broken, and how it is repaired.
const BROKEN: &[(&str, &str)] = &[
    (
        "update deliveries set recipient_kind = 'satellite' where state = 'pending'",
        "update deliveries set recipient_kind = 'user' where recipient_kind = 'satellite'",
    ),
    (
        "update deliveries set channel = 'pigeon' where state = 'pending'",
        "update deliveries set channel = 'email' where channel = 'pigeon'",
    ),
    (
        "update deliveries set recipient = '!' || recipient where state = 'pending'",
        "update deliveries set recipient = substr(recipient, 2) where recipient like '!%'",
    ),
    (
        "update deliveries set attempts = -1 where state = 'pending'",
        "update deliveries set attempts = 1 where attempts = -1",
    ),
    (
        "update deliveries set unknowns = -1 where state = 'pending'",
        "update deliveries set unknowns = 0 where unknowns = -1",
    ),
    (
        "update deliveries set event_id = '!' || event_id where state = 'pending'",
        "update deliveries set event_id = substr(event_id, 2) where event_id like '!%'",
    ),
    (
        "update events set body = '!' || body",
        "update events set body = substr(body, 2) where body like '!%'",
    ),
    (
        "update events set body = replace(body, 'finding.assigned', 'finding.teleported')",
        "update events set body = replace(body, 'finding.teleported', 'finding.assigned')",
    ),
    (
        "update events set body = replace(body, '\"high\"', '\"dire\"')",
        "update events set body = replace(body, '\"dire\"', '\"high\"')",
    ),
];

// promise: L4
// promise: N4
#[tokio::test]
async fn an_unreadable_delivery_is_quarantined_and_sent_when_it_can_be_read() {
    for (broken, mended) in BROKEN {
        for fixture in fixtures().await {
            let what = format!("{}: {broken}", fixture.name);
            let (fake, mut received) = FakeReceiver::new();
            fake.answers("ana@example.com", &[LATER, TAKEN]);
            let engine = fixture.engine(&fake);
            fixture.assign(&[fixture.ana], &[]).await;
            next(&mut received).await;
            fixture.until(PENDING, 1).await;
            engine.stop().await;
            change(&fixture, broken).await;
            fixture.clock.advance(Duration::from_secs(10));
            let engine = fixture.engine(&fake);
            fixture.until(QUARANTINED, 1).await;
            // It waited in the same lane, and is older.
            fixture.assign(&[fixture.ben], &[]).await;
            assert_eq!(next(&mut received).await.to, "ben@example.com", "{what}");
            fixture.until(DELIVERED, 1).await;
            let quarantined = fixture.get(fixture.root, "/deliveries/set-aside").await;
            let of_message = |item: &&Json| item["what"] == "delivery";
            let items = quarantined["items"].as_array().unwrap();
            assert_eq!(
                items.iter().filter(of_message).count(),
                1,
                "{what}: {quarantined}"
            );
            for path in ["/deliveries", "/deliveries?state=set_aside", "/notifications"] {
                fixture.get(fixture.root, path).await;
            }
            let summary = fixture.get(fixture.root, "/destinations/summary").await;
            assert_eq!(summary["set_aside"], 1, "{what}");
            change(&fixture, mended).await;
            fixture.clock.advance(TICK);
            assert_eq!(next(&mut received).await.to, "ana@example.com", "{what}");
            fixture.until(DELIVERED, 2).await;
            fixture.until(QUARANTINED, 0).await;
            engine.stop().await;
            assert!(received.try_recv().is_err(), "{what}: once");
        }
    }
}

#[tokio::test]
async fn an_unreadable_attempt_left_by_a_crash_does_not_prevent_the_start() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers("ana@example.com", &[Answer::Hangs]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        engine.kill().await;
        change(&fixture, "update deliveries set channel = 'pigeon'").await;
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ben], &[]).await;
        assert_eq!(
            next(&mut received).await.to,
            "ben@example.com",
            "{}",
            fixture.name
        );
        fixture.until(QUARANTINED, 1).await;
        engine.stop().await;
    }
}

/// Inserts an event that only a later version knows.
async fn of_tomorrow(fixture: &Fixture) -> base::Id {
    let event = fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]);
    let body = serde_json::to_string(&event).unwrap();
    let body = body.replace("finding.assigned", "finding.teleported");
    let (id, at) = (event.id, event.at);
    let write = move |tx: &mut store::Tx<'_>| {
        let sql = "insert into events (id, kind, at, company_id, planned_at, bundled, bundle_id, body) \
             values ($1, 'finding.teleported', $2, '', 0, 0, '', $3)";
        tx.execute(sql, params![id, at, body])
    };
    fixture.store.write(write).await.unwrap();
    id
}

// promise: N4
// promise: L4
#[tokio::test]
async fn an_event_of_an_unknown_kind_waits_for_a_newer_version_and_blocks_nothing() {
    for fixture in fixtures().await {
        // As many as a batch takes, so that a whole batch is broken.
        let mut ids = Vec::new();
        for _ in 0..300 {
            ids.push(of_tomorrow(&fixture).await);
        }
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ben], &[]).await;
        assert_eq!(
            next(&mut received).await.to,
            "ben@example.com",
            "{}",
            fixture.name
        );
        fixture.until(EVENTS_QUARANTINED, 300).await;
        let quarantined = fixture.get(fixture.root, "/deliveries/set-aside?limit=1").await;
        assert_eq!(
            quarantined["items"][0]["event_type"], "finding.teleported",
            "{quarantined}"
        );
        assert_eq!(quarantined["items"][0]["what"], "event");
        let queue = fixture.store.read(crate::deliveries::queue).await.unwrap();
        assert_eq!(queue.quarantined_events, 300);
        let trace = format!("/events/{}/trace", ids[0]);
        let (status, _) = fixture.call(fixture.root, "GET", &trace, Json::Null).await;
        assert_eq!(status, 409, "{}: not an error of the server", fixture.name);
        let (status, _) = fixture.call(fixture.ana, "GET", &trace, Json::Null).await;
        assert_eq!(status, 404);
        // A version that knows it reads it as this one reads its own kinds.
        change(
            &fixture,
            "update events set kind = 'finding.assigned', \
             body = replace(body, 'finding.teleported', 'finding.assigned') where kind = 'finding.teleported'",
        )
        .await;
        // The planner may have begun to wait only after the clock advanced: then it waits for the next time.
        while fixture.count(EVENTS_QUARANTINED).await > 0 {
            fixture.clock.advance(TICK);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        for _ in 0..300 {
            assert_eq!(
                next(&mut received).await.to,
                "ana@example.com",
                "{}",
                fixture.name
            );
        }
        fixture.until(DELIVERED, 301).await;
        let quarantined = fixture.get(fixture.root, "/deliveries/set-aside").await;
        assert_eq!(quarantined["items"], json!([]), "{}", fixture.name);
        engine.stop().await;
        assert!(received.try_recv().is_err());
    }
}

/// Unreadable rows, in every table that a list is based on.
const ROWS: &[&str] = &[
    "update deliveries set event_type = 'finding.teleported'",
    "update deliveries set channel = 'pigeon'",
    "update deliveries set state = 'somewhere'",
    "update delivery_attempts set number = -1",
    "update events set body = '{}'",
    "update events set kind = 'finding.teleported', body = replace(body, 'finding.assigned', 'finding.teleported')",
    "update events set body = replace(body, '\"high\"', '\"dire\"')",
    "update notifications set event_type = 'finding.teleported'",
    "update notifications set digest_id = '!', why = '!'",
    "update event_plans set reasons = '!'",
    "update event_plans set reasons = '[{\"c\": \"pigeon\"}]'",
    "update event_plans set reasons = replace(reasons, 'email', 'pigeon')",
    "update notification_rules set event_type = 'finding.teleported' where event_type = 'scan.failed'",
    "update notification_rules set channel = 'pigeon' where event_type = 'scan.failed'",
    "update notification_rules set min_severity = 'dire' where event_type = 'scan.failed'",
    "update notification_rules set filters = '{' where event_type = 'scan.failed'",
    "update notification_rules set batch = 'dozen' where event_type = 'scan.failed'",
    "update notification_rules set format = 'verse' where event_type = 'scan.failed'",
    "update destinations set owner_kind = 'ghost' where owner_kind = 'team'",
    "update destinations set channel = 'pigeon' where owner_kind = 'team'",
    "update notification_preferences set event_type = 'finding.teleported'",
    "update notification_preferences set channel = 'pigeon'",
    "update team_chats set event_types = 'finding.teleported', min_severity = 'dire'",
];

// promise: L4
#[tokio::test]
async fn no_list_fails_because_of_a_row_and_new_events_are_planned_and_sent() {
    for sql in ROWS {
        for fixture in fixtures().await {
            let what = format!("{}: {sql}", fixture.name);
            let slack = "https://hooks.slack.com/services/T0/B0/secret";
            let team = fixture
                .team("Red", &[fixture.ben], &[(Channel::Slack, slack)])
                .await;
            let body = json!({"finding.assigned:email": true});
            fixture
                .call(fixture.ana, "PUT", "/me/notification-preferences", body)
                .await;
            let (fake, mut received) = FakeReceiver::new();
            let engine = fixture.engine(&fake);
            let event = fixture.assign(&[fixture.ana], &[team]).await;
            next(&mut received).await;
            next(&mut received).await;
            fixture.until(DELIVERED, 2).await;
            change(&fixture, sql).await;
            change(
                &fixture,
                "update notification_meta set value = value + 1 where name = 'rules'",
            )
            .await;
            for path in [
                "/deliveries",
                "/deliveries?state=delivered",
                "/deliveries/set-aside",
                "/notification-rules?limit=200",
                "/destinations",
                "/destinations/summary",
                "/teams",
                "/announcements",
            ] {
                fixture.get(fixture.root, path).await;
            }
            for path in [
                "/notifications",
                "/notifications/summary",
                "/me/notification-preferences",
                "/me/notification-sources",
            ] {
                fixture.get(fixture.ana, path).await;
            }
            for query in ["", "?user_id=me"] {
                let path = format!("/events/{event}/trace{query}");
                let (status, body) = fixture.call(fixture.root, "GET", &path, Json::Null).await;
                assert!(status < 500, "{what}: {path}: {body}");
            }
            fixture.assign(&[fixture.ben], &[]).await;
            assert_eq!(next(&mut received).await.to, "ben@example.com", "{what}");
            engine.stop().await;
        }
    }
}

// promise: L4
#[tokio::test]
async fn a_page_is_full_although_some_of_its_rows_cannot_be_read() {
    for fixture in fixtures().await {
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        for _ in 0..12 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        fixture.until(DELIVERED, 12).await;
        engine.stop().await;
        // All but the oldest three.
        change(
            &fixture,
            "update deliveries set channel = 'pigeon' where id not in (select id from deliveries order by id limit 3)",
        )
        .await;
        let page = fixture.get(fixture.root, "/deliveries?limit=2").await;
        assert_eq!(page["items"].as_array().unwrap().len(), 2, "{}", fixture.name);
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = fixture
            .get(fixture.root, &format!("/deliveries?limit=2&cursor={cursor}"))
            .await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{}", fixture.name);
        assert_eq!(page["next_cursor"], Json::Null);
    }
}
