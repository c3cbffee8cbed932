//! The engine on real databases: what happens to an event from its commit to the record of its outcome.

mod because;
mod bursts;
mod changed;
mod crash;
mod escalating;
pub(crate) mod grouping;
mod pace;
mod poison;
mod reading;
mod sealed;
mod sending;
mod steps;
mod unread;
mod watched;

use access::testing as people;
use base::Kind;

use crate::channel::Channel;
use crate::fixture::{DELIVERED, FakeReceiver, fixtures, next};

const INBOX: &str = "select count(*) from notifications";
const UNPLANNED: &str = "select count(*) from events where planned_at = 0";

// promise: B3
// promise: F1
// promise: R7
#[tokio::test]
async fn an_assignment_notifies_in_app_and_by_email_on_a_fresh_install() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        let mut to = vec![next(&mut received).await.to, next(&mut received).await.to];
        to.sort();
        assert_eq!(to, ["ana@example.com", "ben@example.com"], "{}", fixture.name);
        fixture.until(DELIVERED, 2).await;
        assert_eq!(fixture.count(INBOX).await, 2);
        let attempts = "select outcome from delivery_attempts where ended_at > 0";
        let delivered = ("delivered".to_owned(),);
        assert_eq!(fixture.rows(attempts).await, [delivered.clone(), delivered]);
        engine.stop().await;
    }
}

// promise: B3
#[tokio::test]
async fn events_without_a_running_engine_are_planned_by_the_next() {
    for fixture in fixtures().await {
        for _ in 0..600 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        assert_eq!(fixture.count(UNPLANNED).await, 600);
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.until(DELIVERED, 600).await;
        assert_eq!(
            (fixture.count(INBOX).await, fixture.count(UNPLANNED).await),
            (600, 0)
        );
        for _ in 0..600 {
            next(&mut received).await;
        }
        assert!(received.try_recv().is_err(), "{}: one mail each", fixture.name);
        engine.stop().await;
    }
}

// promise: F3
// promise: F4
#[tokio::test]
async fn a_team_is_notified_on_both_channels_without_a_rule() {
    for fixture in fixtures().await {
        let urls = [
            "https://hooks.slack.com/services/T0/B0/abcdefabcdef",
            "https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z",
        ];
        let team = fixture
            .team(
                "Blue",
                &[],
                &[(Channel::Slack, urls[0]), (Channel::Teams, urls[1])],
            )
            .await;
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture
            .emit(fixture.event(Kind::FindingAssigned, &[], &[team]))
            .await;
        let mut to = vec![next(&mut received).await.to, next(&mut received).await.to];
        to.sort();
        assert_eq!(to, [urls[1], urls[0]], "{}", fixture.name);
        fixture.until(DELIVERED, 2).await;
        let kept = fixture
            .rows("select label || lane || recipient || reason || body from deliveries")
            .await;
        assert!(
            !format!("{kept:?}").contains("abcdefab"),
            "no URL is kept: {kept:?}"
        );
        engine.stop().await;
    }
}

// promise: F6
#[tokio::test]
async fn a_waiting_message_is_not_sent_to_a_former_member() {
    for fixture in fixtures().await {
        let (fake, mut received) = FakeReceiver::new();
        let later = crate::channels::Outcome::RefusedForNow { retry_after: None };
        fake.answers("ana@example.com", &[crate::fixture::Answer::Outcome(later)]);
        let engine = fixture.engine(&fake);
        fixture.assign(&[fixture.ana], &[]).await;
        next(&mut received).await;
        fixture
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        people::leave(&fixture.store, fixture.company, fixture.ana).await;
        fixture.clock.advance(std::time::Duration::from_secs(7));
        fixture
            .until("select count(*) from deliveries where state = 'cancelled'", 1)
            .await;
        assert!(received.try_recv().is_err(), "{}", fixture.name);
        let reason = fixture.rows("select reason from deliveries").await;
        assert!(reason[0].0.contains("scope"), "{reason:?}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_planned_is_quarantined_and_blocks_nothing() {
    for fixture in fixtures().await {
        let broken = fixture.event(Kind::FindingAssigned, &[fixture.ana], &[]);
        let row = (broken.id, fixture.clock.now());
        fixture
            .store
            .write(move |tx| {
                let sql = "insert into events (id, kind, at, company_id, planned_at, body) \
                     values ($1, 'finding.assigned', $2, '', 0, '{}')";
                tx.execute(sql, store::params![row.0, row.1])
            })
            .await
            .unwrap();
        for _ in 0..5 {
            fixture.assign(&[fixture.ana], &[]).await;
        }
        let (fake, _bag) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture.until(INBOX, 5).await;
        fixture.until(UNPLANNED, 0).await;
        let faults = fixture
            .rows("select fault from event_plans where fault <> ''")
            .await;
        assert_eq!(faults.len(), 1, "{}: {faults:?}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn two_engines_on_one_database_notify_of_each_event_once() {
    for fixture in fixtures().await {
        for _ in 0..300 {
            fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
        }
        let (fake, _bag) = FakeReceiver::new();
        let named = |node: &str| crate::engine::Options {
            node: node.into(),
            batch: 16,
            ..crate::engine::Options::default()
        };
        let first = fixture.engine_with(&fake, named("a"));
        let second = fixture.engine_with(&fake, named("b"));
        fixture.until(DELIVERED, 600).await;
        assert_eq!(fixture.count(INBOX).await, 600, "{}", fixture.name);
        assert_eq!(fixture.count("select count(*) from delivery_attempts").await, 600);
        first.stop().await;
        second.stop().await;
    }
}
