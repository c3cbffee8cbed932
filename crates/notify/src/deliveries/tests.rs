//! The log, resending and the trace over HTTP, on both databases.

use base::Id;
use serde_json::{Value as Json, json};

use super::{log, state::State};
use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, DELIVERED, FakeReceiver, Fixture, fixtures, next},
};

const REFUSED: &str = "select count(*) from deliveries where state = 'refused'";

#[tokio::test]
async fn a_rejected_message_is_found_in_the_log_and_resent() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(
            "ana@example.com",
            &[
                Answer::Outcome(Outcome::RefusedForGood),
                Answer::Outcome(Outcome::Delivered),
            ],
        );
        let engine = fixture.engine(&fake);
        let event = fixture.assign(&[fixture.ana], &[]).await;
        let first = next(&mut received).await;
        fixture.until(REFUSED, 1).await;
        let path = format!("/deliveries?state=refused&channel=email&event_id={event}");
        assert_eq!(fixture.call(fixture.ana, "GET", &path, Json::Null).await.0, 403);
        let list = fixture.get(fixture.root, &path).await;
        let delivery = &list["items"][0];
        assert_eq!(delivery["destination"], "ana@example.com");
        assert_eq!(delivery["reason"], "the test says so");
        let path = format!("/deliveries/{}", delivery["id"].as_str().unwrap());
        let log = fixture.get(fixture.root, &path).await;
        assert_eq!(log["attempts"][0]["outcome"], "refused_for_good");
        assert_eq!(log["attempts"][0]["status"], 200);
        let again = format!("{path}/redeliver");
        assert_eq!(fixture.call(fixture.ana, "POST", &again, Json::Null).await.0, 403);
        let (status, body) = fixture.call(fixture.root, "POST", &again, Json::Null).await;
        assert_eq!(
            (status, &body["state"]),
            (202, &json!("pending")),
            "{}",
            fixture.name
        );
        assert_eq!(next(&mut received).await, first, "the same message");
        fixture.until(DELIVERED, 1).await;
        let log = fixture.get(fixture.root, &path).await;
        assert_eq!(log["attempts"].as_array().unwrap().len(), 2);
        let (status, _) = fixture
            .call(
                fixture.root,
                "POST",
                &format!("/deliveries/{event}/redeliver"),
                Json::Null,
            )
            .await;
        assert_eq!(status, 404);
        engine.stop().await;
    }
}

// promise: C6
#[tokio::test]
async fn the_trace_shows_who_was_notified_who_was_not_and_why() {
    for fixture in fixtures().await {
        let outsider = access::testing::user(&fixture.store, "eve@example.com").await;
        let off = json!({"finding.assigned:email": false});
        fixture
            .call(fixture.ben, "PUT", "/me/notification-preferences", off)
            .await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        let event = fixture.assign(&[fixture.ana, fixture.ben, outsider], &[]).await;
        next(&mut received).await;
        fixture.until(DELIVERED, 1).await;
        let path = format!("/events/{event}/trace");
        assert_eq!(fixture.call(fixture.ana, "GET", &path, Json::Null).await.0, 403);
        let trace = fixture.get(fixture.root, &path).await;
        let of = |channel: &str, name: &str| {
            let entries = trace["entries"].as_array().unwrap();
            let entry = entries
                .iter()
                .find(|entry| entry["channel"] == channel && entry["name"] == name);
            entry.cloned().unwrap_or_default()
        };
        assert_eq!(
            of("in_app", "ana")["reason"],
            "assignee",
            "{}: {trace}",
            fixture.name
        );
        assert!(of("in_app", "ana")["notification_id"].is_string());
        let mail = of("email", "ana");
        assert_eq!(mail["delivery"]["attempts"][0]["outcome"], "delivered");
        assert!(mail["rule_id"].is_string());
        assert_eq!(of("in_app", "ben")["told"], true);
        assert_eq!(of("email", "ben")["reason"], "opted_out");
        for channel in ["in_app", "email"] {
            assert_eq!(of(channel, "eve")["reason"], "out_of_scope");
            assert_eq!(of(channel, "eve")["told"], false);
        }
        engine.stop().await;
    }
}

/// What the trace says about the one email: notified or not, why, and in words.
async fn traced(fixture: &Fixture, event: Id) -> (bool, String, String) {
    let trace = fixture.get(fixture.root, &format!("/events/{event}/trace")).await;
    let entries = trace["entries"].as_array().unwrap();
    let mail = entries.iter().find(|entry| entry["channel"] == "email").unwrap();
    assert!(
        mail["rule_id"].is_string() && mail["delivery"].is_object(),
        "{mail}"
    );
    let text = |key: &str| mail[key].as_str().unwrap().to_owned();
    (
        mail["told"].as_bool().unwrap(),
        text("reason"),
        text("explanation"),
    )
}

// promise: C6
#[tokio::test]
async fn the_trace_reports_notified_only_for_delivered_messages() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let later = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
        fake.answers(
            "ana@example.com",
            &[Answer::Hangs, later, Answer::Outcome(Outcome::RefusedForGood)],
        );
        let engine = fixture.engine(&fake);
        let hung = fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        assert_eq!(traced(&fixture, hung).await.1, "sending", "{}", fixture.name);
        let waits = fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        let (notified, reason, _) = traced(&fixture, waits).await;
        assert_eq!((notified, reason.as_str()), (false, "pending"));
        let refused = fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture.until(REFUSED, 1).await;
        let (notified, reason, words) = traced(&fixture, refused).await;
        assert_eq!((notified, reason.as_str()), (false, "refused"));
        assert_eq!(words, "the destination rejected the message permanently");
        let off = json!({"finding.assigned:email": false});
        fixture
            .call(fixture.ana, "PUT", "/me/notification-preferences", off)
            .await;
        fixture.clock.advance(std::time::Duration::from_secs(10));
        fixture
            .until("select count(*) from deliveries where state = 'cancelled'", 1)
            .await;
        let (notified, reason, words) = traced(&fixture, waits).await;
        assert_eq!((notified, reason.as_str()), (false, "opted_out"));
        assert_eq!(words, "turned off in the person's preferences");
        let list = fixture.get(fixture.root, "/deliveries?state=cancelled").await;
        assert_eq!(list["items"][0]["reason"], words);
        // Its record's name, in the list and alone.
        let path = format!("/deliveries/{}", list["items"][0]["id"].as_str().unwrap());
        for item in [&list["items"][0], &fixture.get(fixture.root, &path).await] {
            assert_eq!(
                (&item["title"], &item["company_name"]),
                (&json!("SQL injection"), &json!("Acme"))
            );
            assert_eq!(
                (&item["subject"]["type"], &item["event_type"]),
                (&json!("finding"), &json!("finding.assigned"))
            );
            assert!(item["subject"]["id"].is_string(), "{item}");
        }
        engine.kill().await;
    }
}

#[tokio::test]
async fn a_test_message_to_an_invalid_destination_is_rejected_before_anything_is_sent() {
    for fixture in fixtures().await {
        for (body, field) in [
            (
                json!({"channel": "slack", "url": "https://evil.example/x"}),
                "url",
            ),
            (json!({"channel": "webhook", "url": "https://10.0.0.1/x"}), "url"),
            (json!({"channel": "email", "email": "a@b\r\nBcc: c@d"}), "email"),
            (json!({"channel": "teams"}), "url"),
            (json!({"channel": "in_app", "url": "x"}), "url"),
        ] {
            let (status, problem) = fixture
                .call(fixture.root, "POST", "/destinations/test", body.clone())
                .await;
            assert_eq!(
                (status, &problem["errors"][0]["field"]),
                (422, &json!(field)),
                "{body}"
            );
            assert!(!problem.to_string().contains("evil"));
        }
        for body in [
            json!({"channel": "email", "email": "a@b.example"}),
            json!({"channel": "webhook", "url": "https://hook.example/x"}),
        ] {
            assert_eq!(
                fixture
                    .call(fixture.ana, "POST", "/destinations/test", body)
                    .await
                    .0,
                403
            );
        }
    }
}

// promise: F5, S1
#[tokio::test]
async fn any_user_can_test_a_chat_and_their_own_by_its_masked_url() {
    for fixture in fixtures().await {
        // Nothing listens there: the attempt is enough.
        let fixture = fixture.resolving("hooks.slack.com:443:127.0.0.1:1");
        let url = "https://hooks.slack.com/services/T0/B0/abcdefghijkl";
        let masked = "https://hooks.slack.com/…ijkl";
        let test = async |who: Id, url: &str| {
            let body = json!({"channel": "slack", "url": url});
            fixture.call(who, "POST", "/destinations/test", body).await
        };
        let tried = json!("refused_for_now");
        let (status, result) = test(fixture.ana, url).await;
        assert_eq!(
            (status, &result["outcome"]),
            (200, &tried),
            "{}: {result}",
            fixture.name
        );
        assert_eq!(test(fixture.ana, "https://evil.example/x").await.0, 422);
        assert_eq!(test(fixture.ana, masked).await.0, 422, "none is stored");
        let chat = json!({"slack_webhook_url": url, "slack_enabled": false});
        assert_eq!(fixture.call(fixture.ana, "PUT", "/me/chat", chat).await.0, 200);
        assert_eq!(
            test(fixture.ben, masked).await.0,
            422,
            "another user's is not theirs"
        );
        let (status, result) = test(fixture.ana, masked).await;
        assert_eq!(
            (status, &result["outcome"]),
            (200, &tried),
            "{}: {result}",
            fixture.name
        );
        assert!(!result.to_string().contains("abcdefgh"));
    }
}

#[tokio::test]
async fn every_state_can_be_asked_for() {
    for fixture in fixtures().await {
        for state in "pending sending delivered refused failed unknown cancelled".split(' ') {
            let path = format!("/deliveries?state={state}");
            assert_eq!(
                fixture.get(fixture.root, &path).await["items"],
                json!([]),
                "{}",
                fixture.name
            );
        }
    }
}

/// Many deliveries, almost all of them delivered webhooks.
async fn fill(fixture: &Fixture) {
    const ROWS: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) \
         insert into deliveries (id, event_id, event_type, company_id, channel, recipient_kind, recipient, label, lane, \
         target_key, state, reason, body, attempts, earlier, unknowns, next_at, lease_until, node, created_at, updated_at) \
         select '019a0000-0000-7000-8000-' || cast(100000000000 + i as text), \
         '019a0000-0000-7000-9000-' || cast(100000000000 + i / 2 as text), 'finding.assigned', '', \
         case when i < 5 then 'email' else 'webhook' end, 'address', 'a', 'a', 'a', 'key ' || i, \
         case when i < 9 then 'failed' else 'delivered' end, '', '', 1, 0, 0, 0, 0, '', 1, 1 from n";
    fixture.store.write(|tx| tx.execute(ROWS, &[])).await.unwrap();
    analyze(fixture).await;
}

/// Many webhooks in every state, so that scanning the index of a single state is not cheap.
async fn back_up(fixture: &Fixture) {
    const ROWS: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) \
         insert into deliveries (id, event_id, event_type, company_id, channel, recipient_kind, recipient, label, lane, \
         target_key, state, reason, body, attempts, earlier, unknowns, next_at, lease_until, node, created_at, updated_at) \
         select '019a0000-0000-7000-' || cast(cast($2 as bigint) + 1000 as text) || '-' || cast(200000000000 + i as text), \
         '019a0000-0000-7000-' || cast(cast($2 as bigint) + 2000 as text) || '-' || cast(200000000000 + i as text), \
         'finding.assigned', '', 'webhook', 'address', 'a', 'a', 'a', 'key ' || i, $1, '', '', 1, 0, 0, i, i, '', 1, 1 from n";
    for (number, state) in (0_i64..).zip(State::ALL) {
        let rows = fixture
            .store
            .write(move |tx| tx.execute(ROWS, store::params![state.name(), number]));
        rows.await.unwrap();
    }
    analyze(fixture).await;
}

async fn analyze(fixture: &Fixture) {
    if fixture.name == "PostgreSQL" {
        let analyze = fixture.store.write(|tx| tx.execute("analyze deliveries", &[]));
        analyze.await.unwrap();
    }
}

/// Every filter alone and combined.
fn filters(id: Id) -> Vec<log::Filter> {
    let mut filters = Vec::new();
    for state in [
        None,
        Some(State::Failed),
        Some(State::Delivered),
        Some(State::Pending),
    ] {
        for channel in [
            None,
            Some(Channel::Email),
            Some(Channel::Webhook),
            Some(Channel::Slack),
        ] {
            for event in [None, Some(id)] {
                for before in [None, Some(id)] {
                    filters.push(log::Filter {
                        state,
                        channel,
                        event,
                        id: None,
                        before,
                    });
                }
            }
        }
    }
    filters
}

/// Whether a line of a query plan reads deliveries other than by conditions on an index, or in an index's order.
fn walks(fixture: &Fixture, plan: &[String]) -> bool {
    plan.iter().enumerate().any(|(at, line)| {
        if fixture.name == "SQLite" {
            // The newest of all, which need no condition, are read in the order of the ids.
            let ordered = line.contains("USING INDEX sqlite_autoindex_deliveries_1");
            line.starts_with("SCAN deliveries") && !ordered
        } else {
            let ordered = line.contains("deliveries_pkey");
            let reads = line.contains("Scan") && line.contains("deliveries");
            let condition = plan
                .iter()
                .skip(at + 1)
                .take(2)
                .any(|line| line.contains("Cond: "));
            reads && !ordered && !condition
        }
    })
}

// promise: U3
#[tokio::test]
async fn every_filter_of_the_log_has_an_index() {
    for fixture in fixtures().await {
        fill(&fixture).await;
        back_up(&fixture).await;
        let id: Id = "019a0000-0000-7000-8000-100000000003".parse().unwrap();
        for filter in filters(id) {
            let plans = fixture
                .store
                .write(move |tx| store::testing::plans(tx, |tx| log::list(tx, filter, 51).map(drop)));
            let plans = plans.await.unwrap();
            let (sql, plan) = plans
                .iter()
                .find(|(sql, _)| sql.contains("from deliveries"))
                .unwrap();
            let text = plan.join("\n");
            assert!(
                !walks(&fixture, plan),
                "{}: {filter:?}: {sql}\n{text}",
                fixture.name
            );
            let wanted = match (filter.event, filter.state.is_some() || filter.channel.is_some()) {
                (Some(_), _) => [
                    "sqlite_autoindex_deliveries_2",
                    "deliveries_event_id_target_key_key",
                ],
                // For a state with few rows, PostgreSQL may read those of the channel.
                (None, true) => ["deliveries_listed", "deliveries_troubled_on"],
                (None, false) => ["sqlite_autoindex_deliveries_1", "deliveries_pkey"],
            };
            let used = wanted.iter().any(|index| text.contains(index));
            assert!(used, "{}: {filter:?}: {sql}\n{text}", fixture.name);
        }
    }
}

#[tokio::test]
async fn the_log_shows_what_its_filters_match() {
    for fixture in fixtures().await {
        fill(&fixture).await;
        for (query, expected) in [
            ("channel=email", 4),
            ("state=failed", 8),
            ("state=failed&channel=webhook", 4),
            ("state=pending", 0),
            ("channel=webhook&limit=7", 7),
            ("event_id=019a0000-0000-7000-9000-100000000002&channel=email", 1),
            ("event_id=019a0000-0000-7000-9000-100000000002", 2),
        ] {
            let page = fixture.get(fixture.root, &format!("/deliveries?{query}")).await;
            let ids: Vec<_> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| &item["id"])
                .collect();
            assert_eq!(ids.len(), expected, "{}: {query}", fixture.name);
            assert!(
                ids.is_sorted_by_key(|id| std::cmp::Reverse(id.as_str())),
                "{query}"
            );
        }
        // Page after page each appears once.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = fixture
                .get(fixture.root, &format!("/deliveries?state=failed&limit=3{cursor}"))
                .await;
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].clone()),
            );
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), 8, "{}", fixture.name);
    }
}
