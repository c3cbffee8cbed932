//! Messages: outcomes, retries, lanes, stopping.

use std::time::Duration;

use crate::{
    channels::Outcome,
    engine::Options,
    house::{Answer, DELIVERED, Post, houses, next, within},
};

const LATER: Answer = Answer::Outcome(Outcome::RefusedForNow { retry_after: None });
const TAKEN: Answer = Answer::Outcome(Outcome::Delivered);
const PENDING: &str = "select count(*) from deliveries where state = 'pending'";
const ENDED: &str = "select count(*) from delivery_attempts where ended_at > 0";

#[tokio::test]
async fn what_is_refused_for_now_comes_again_when_its_time_has_come() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        post.answers("ana@example.com", &[LATER, LATER, TAKEN]);
        let engine = house.engine(&post);
        house.assign(&[house.ana], &[]).await;
        let first = next(&mut bag).await;
        house.until(ENDED, 1).await;
        house.until(PENDING, 1).await;
        house.clock.advance(Duration::from_secs(4));
        assert!(bag.try_recv().is_err(), "{}: not yet", house.name);
        house.clock.advance(Duration::from_secs(2));
        assert_eq!(next(&mut bag).await, first, "the same message again");
        house.until(ENDED, 2).await;
        house.until(PENDING, 1).await;
        house.clock.advance(Duration::from_mins(6));
        assert_eq!(next(&mut bag).await, first);
        house.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        post.answers("ana@example.com", &[Answer::Outcome(Outcome::RefusedForGood)]);
        let engine = house.engine(&post);
        house.assign(&[house.ana], &[]).await;
        next(&mut bag).await;
        house
            .until("select count(*) from deliveries where state = 'refused'", 1)
            .await;
        house.clock.advance(Duration::from_hours(100));
        engine.stop().await;
        assert!(bag.try_recv().is_err(), "{}", house.name);
    }
}

// promise: B4
// promise: S3
#[tokio::test]
async fn a_destination_that_hangs_takes_no_one_elses_turn() {
    for house in houses().await {
        let slack = "https://hooks.slack.com/services/T0/B0/hung";
        let team = access::testing::team(&house.access, house.company, "Red", &[], [Some(slack), None]).await;
        let (post, mut bag) = Post::new();
        post.answers(slack, &[Answer::Hangs]);
        let options = Options {
            parallel: 8,
            per_lane: 2,
            ..Options::default()
        };
        let mut engine = house.engine_with(&post, options);
        for _ in 0..50 {
            house.assign(&[house.ana], &[team]).await;
        }
        house.until(DELIVERED, 50).await;
        let mut hung = 0;
        while let Ok(arrived) = bag.try_recv() {
            hung += i32::from(arrived.to == slack);
        }
        assert_eq!(hung, 2, "{}: no more than the lane's turns", house.name);
        // Stopping does not wait for it longer than the grace.
        engine.ask_to_stop();
        let stopped = tokio::spawn(engine.stop());
        while !stopped.is_finished() {
            house.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_send_that_breaks_harms_nobody_and_is_set_aside() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        post.answers("ana@example.com", &[Answer::Panics]);
        let engine = house.engine(&post);
        house.assign(&[house.ana, house.ben], &[]).await;
        house.until(DELIVERED, 1).await;
        for attempt in 1..=3 {
            house.until(ENDED, 1 + attempt).await;
            house.clock.advance(Duration::from_hours(1));
        }
        house
            .until("select count(*) from deliveries where state = 'failed'", 1)
            .await;
        let reason = house
            .rows("select reason from deliveries where state = 'failed'")
            .await;
        assert!(reason[0].0.starts_with("set aside"), "{reason:?}");
        engine.stop().await;
        bag.close();
    }
}

#[tokio::test]
async fn a_webhook_gets_the_same_bytes_in_every_attempt() {
    for house in houses().await {
        let rule = "insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, \
             created_at, updated_at) values ('019a4c00-0000-7000-8000-0000000000ff', 'finding.assigned', 'webhook', \
             '', '', 1, 0, 0)";
        let row = house.clock.id();
        let vault = house.access.vault().clone();
        let url = "https://receiver.example/hook";
        house
            .store
            .write(move |tx| {
                tx.execute(rule, &[])?;
                let rule = "019a4c00-0000-7000-8000-0000000000ff";
                let sealed = vault.seal(&format!("rule {rule} recipient {row}"), url);
                let key = crate::target::Key::of_url(&vault, url);
                tx.execute(
                    "insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, \
                     target_key) values ($1, $2, 'url', '', $3, 'l', 'receiver.example', $4)",
                    store::params![row, rule, sealed, key.as_str()],
                )
            })
            .await
            .unwrap();
        let (post, mut bag) = Post::new();
        post.answers(url, &[LATER, TAKEN]);
        let engine = house.engine(&post);
        house.assign(&[], &[]).await;
        let first = next(&mut bag).await;
        house.until(PENDING, 1).await;
        house.clock.advance(Duration::from_secs(10));
        let second = next(&mut bag).await;
        assert!(
            first
                .body
                .as_ref()
                .is_some_and(|body| body.contains("finding.assigned"))
        );
        assert_eq!(first, second, "{}", house.name);
        within(engine.stop()).await;
    }
}

#[tokio::test]
async fn what_may_no_longer_go_out_holds_up_nothing_behind_it() {
    for house in houses().await {
        let [old, new] = ["old", "new"].map(|name| format!("https://hooks.slack.com/services/T0/B0/{name}"));
        let team = async |name, url: &str| {
            access::testing::team(&house.access, house.company, name, &[], [Some(url), None]).await
        };
        let (gone, stays) = (team("Gone", &old).await, team("Stays", &new).await);
        let (post, mut bag) = Post::new();
        post.answers(&old, &[LATER]);
        post.answers(&new, &[LATER, TAKEN]);
        let options = Options {
            per_lane: 1,
            ..Options::default()
        };
        let engine = house.engine_with(&post, options);
        for _ in 0..4 {
            house.assign(&[], &[gone]).await;
        }
        house.until(ENDED, 4).await;
        house.clock.advance(Duration::from_secs(2));
        house.assign(&[], &[stays]).await;
        house.until(ENDED, 5).await;
        house.until(PENDING, 5).await;
        house.forget_team(gone).await;
        house.clock.advance(Duration::from_secs(20));
        while next(&mut bag).await.to != new {}
        assert_eq!(next(&mut bag).await.to, new, "{}", house.name);
        house.until(DELIVERED, 1).await;
        engine.stop().await;
    }
}

#[tokio::test]
async fn no_more_mails_are_begun_than_the_mail_server_is_spoken_to_at_once() {
    for house in houses().await {
        let (post, mut bag) = Post::new();
        post.answers("ana@example.com", &[Answer::Hangs]);
        let engine = house.engine(&post);
        for _ in 0..20 {
            house.assign(&[house.ana], &[]).await;
        }
        house.until("select count(*) from deliveries", 20).await;
        for _ in 0..crate::channels::email::CONNECTIONS {
            next(&mut bag).await;
        }
        house
            .until(
                PENDING,
                20 - i64::try_from(crate::channels::email::CONNECTIONS).unwrap(),
            )
            .await;
        assert!(
            bag.try_recv().is_err(),
            "{}: it would wait with its time running",
            house.name
        );
        engine.kill().await;
    }
}
