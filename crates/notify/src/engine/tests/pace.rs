//! The rate of messages to one URL, and that no other destination waits for it.

use std::time::Duration;

use serde_json::json;

use crate::{
    channel::Channel,
    channels::Outcome,
    engine::Options,
    house::{Answer, DELIVERED, House, Post, houses, next},
};

const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);

fn slack(name: &str) -> String {
    format!("https://hooks.slack.com/services/T0/B0/{name}")
}

async fn team(house: &House, name: &str) -> base::Id {
    house.team(name, &[], &[(Channel::Slack, &slack(name))]).await
}

#[tokio::test]
async fn slack_gets_a_burst_then_one_a_second_and_another_url_its_own() {
    for house in houses().await {
        let (red, blue) = (team(&house, "red").await, team(&house, "blue").await);
        let (post, mut bag) = Post::new();
        let engine = house.engine(&post);
        for _ in 0..9 {
            house.assign(&[], &[red]).await;
        }
        for _ in 0..5 {
            assert_eq!(next(&mut bag).await.to, slack("red"));
        }
        house.until(PENDING, 4).await;
        house.assign(&[], &[blue]).await;
        assert_eq!(next(&mut bag).await.to, slack("blue"), "{}", house.name);
        for left in (0..4).rev() {
            house.clock.advance(Duration::from_millis(900));
            house.until(PENDING, left + 1).await;
            assert!(bag.try_recv().is_err(), "{}: not yet", house.name);
            house.clock.advance(Duration::from_millis(100));
            next(&mut bag).await;
            house.until(PENDING, left).await;
        }
        house.until(DELIVERED, 10).await;
        assert!(bag.try_recv().is_err());
        engine.stop().await;
    }
}

#[tokio::test]
async fn messages_waiting_since_before_a_restart_are_paced_too() {
    for house in houses().await {
        let red = team(&house, "red").await;
        for _ in 0..7 {
            house.assign(&[], &[red]).await;
        }
        let (post, mut bag) = Post::new();
        post.answers(&slack("red"), &[Answer::Wait(Duration::from_secs(1))]);
        let engine = house.engine(&post);
        house.until(PENDING, 7).await;
        engine.stop().await;
        while bag.try_recv().is_ok() {}
        post.answers(&slack("red"), &[TAKEN]);
        house.clock.advance(Duration::from_mins(1));
        let engine = house.engine(&post);
        house.until(DELIVERED, 5).await;
        house.until(PENDING, 2).await;
        house.clock.advance(Duration::from_secs(2));
        house.until(DELIVERED, 7).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_url_that_asks_for_a_pause_gets_it_from_every_message() {
    for house in houses().await {
        let url = "https://receiver.example/hooks/0123456789abcdef";
        let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": [url]}});
        assert_eq!(
            house
                .call(house.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (post, mut bag) = Post::new();
        post.answers(url, &[Answer::Wait(Duration::from_mins(2)), TAKEN]);
        let engine = house.engine(&post);
        let report = || house.emit(house.event(base::Kind::ReportReady, &[], &[]));
        report().await;
        next(&mut bag).await;
        house.until(PENDING, 1).await;
        report().await;
        house.until(PENDING, 2).await;
        house.clock.advance(Duration::from_secs(119));
        house
            .until("select count(*) from events where planned_at = 0", 0)
            .await;
        assert!(bag.try_recv().is_err(), "{}", house.name);
        house.clock.advance(Duration::from_mins(1));
        house.until(DELIVERED, 2).await;
        engine.stop().await;
    }
}

// promise: S3
#[tokio::test]
async fn nine_hung_hosts_of_ten_do_not_affect_the_tenth() {
    for house in houses().await {
        let host = |number: usize| format!("https://receiver{number}.example/hook");
        let urls: Vec<_> = (0..10).map(host).collect();
        let body = json!({"event_type": "report.ready", "channel": "webhook", "recipients": {"urls": urls}});
        assert_eq!(
            house
                .call(house.root, "POST", "/notification-rules", body)
                .await
                .0,
            201
        );
        let (post, _bag) = Post::new();
        for url in &urls[..9] {
            post.answers(url, &[Answer::Hangs]);
        }
        // Room for all that can hang and little more.
        let options = Options {
            parallel: 20,
            per_lane: 2,
            grace: Duration::ZERO,
            ..Options::default()
        };
        let engine = house.engine_with(&post, options);
        for _ in 0..100 {
            house.emit(house.event(base::Kind::ReportReady, &[], &[])).await;
        }
        house.until(DELIVERED, 100).await;
        engine.kill().await;
    }
}
