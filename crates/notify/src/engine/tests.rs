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
use crate::house::{DELIVERED, Post, houses, next};

const INBOX: &str = "select count(*) from notifications";
const UNPLANNED: &str = "select count(*) from events where planned_at = 0";

// promise: B3
// promise: F1
// promise: R7
#[tokio::test]
async fn an_assignment_notifies_in_app_and_by_email_on_a_fresh_install() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let engine = house.engine(&post);
        house.assign(&[house.ana, house.ben], &[]).await;
        let mut to = vec![next(&mut bag).await.to, next(&mut bag).await.to];
        to.sort();
        assert_eq!(to, ["ana@example.com", "ben@example.com"], "{}", house.name);
        house.until(DELIVERED, 2).await;
        assert_eq!(house.count(INBOX).await, 2);
        let attempts = "select outcome from delivery_attempts where ended_at > 0";
        let delivered = ("delivered".to_owned(),);
        assert_eq!(house.rows(attempts).await, [delivered.clone(), delivered]);
        engine.stop().await;
    }
}

// promise: B3
#[tokio::test]
async fn events_without_a_running_engine_are_planned_by_the_next() {
    for house in houses().await {
        for _ in 0..600 {
            house.assign(&[house.ana], &[]).await;
        }
        assert_eq!(house.count(UNPLANNED).await, 600);
        let (post, mut bag) = Post::new();
        let engine = house.engine(&post);
        house.until(DELIVERED, 600).await;
        assert_eq!((house.count(INBOX).await, house.count(UNPLANNED).await), (600, 0));
        for _ in 0..600 {
            next(&mut bag).await;
        }
        assert!(bag.try_recv().is_err(), "{}: one mail each", house.name);
        engine.stop().await;
    }
}

// promise: F3
// promise: F4
#[tokio::test]
async fn a_team_is_notified_on_both_channels_without_a_rule() {
    for house in houses().await {
        let urls = [
            "https://hooks.slack.com/services/T0/B0/abcdefabcdef",
            "https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z",
        ];
        let team = house
            .team(
                "Blue",
                &[],
                &[(Channel::Slack, urls[0]), (Channel::Teams, urls[1])],
            )
            .await;
        let (post, mut bag) = Post::new();
        let engine = house.engine(&post);
        house.emit(house.event(Kind::FindingAssigned, &[], &[team])).await;
        let mut to = vec![next(&mut bag).await.to, next(&mut bag).await.to];
        to.sort();
        assert_eq!(to, [urls[1], urls[0]], "{}", house.name);
        house.until(DELIVERED, 2).await;
        let kept = house
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
    for house in houses().await {
        let (post, mut bag) = Post::new();
        let later = crate::channels::Outcome::RefusedForNow { retry_after: None };
        post.answers("ana@example.com", &[crate::house::Answer::Outcome(later)]);
        let engine = house.engine(&post);
        house.assign(&[house.ana], &[]).await;
        next(&mut bag).await;
        house
            .until("select count(*) from deliveries where state = 'pending'", 1)
            .await;
        people::leave(&house.store, house.company, house.ana).await;
        house.clock.advance(std::time::Duration::from_secs(7));
        house
            .until("select count(*) from deliveries where state = 'cancelled'", 1)
            .await;
        assert!(bag.try_recv().is_err(), "{}", house.name);
        let reason = house.rows("select reason from deliveries").await;
        assert!(reason[0].0.contains("scope"), "{reason:?}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_planned_is_quarantined_and_blocks_nothing() {
    for house in houses().await {
        let broken = house.event(Kind::FindingAssigned, &[house.ana], &[]);
        let row = (broken.id, house.clock.now());
        house
            .store
            .write(move |tx| {
                let sql = "insert into events (id, kind, at, company_id, planned_at, body) \
                     values ($1, 'finding.assigned', $2, '', 0, '{}')";
                tx.execute(sql, store::params![row.0, row.1])
            })
            .await
            .unwrap();
        for _ in 0..5 {
            house.assign(&[house.ana], &[]).await;
        }
        let (post, _bag) = Post::new();
        let engine = house.engine(&post);
        house.until(INBOX, 5).await;
        house.until(UNPLANNED, 0).await;
        let faults = house
            .rows("select fault from event_plans where fault <> ''")
            .await;
        assert_eq!(faults.len(), 1, "{}: {faults:?}", house.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn two_engines_on_one_database_notify_of_each_event_once() {
    for house in houses().await {
        for _ in 0..300 {
            house.assign(&[house.ana, house.ben], &[]).await;
        }
        let (post, _bag) = Post::new();
        let named = |node: &str| crate::engine::Options {
            node: node.into(),
            batch: 16,
            ..crate::engine::Options::default()
        };
        let first = house.engine_with(&post, named("a"));
        let second = house.engine_with(&post, named("b"));
        house.until(DELIVERED, 600).await;
        assert_eq!(house.count(INBOX).await, 600, "{}", house.name);
        assert_eq!(house.count("select count(*) from delivery_attempts").await, 600);
        first.stop().await;
        second.stop().await;
    }
}
