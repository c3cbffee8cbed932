//! Delivery metrics in `/metrics` after real deliveries.

use notify::testing::Answering;
use serde_json::json;

use crate::support::{Client, Outside, Server, WEBHOOK, World, databases, eventually};

/// The value of a line of the exposition; `sample` is its name with its labels.
fn value(text: &str, sample: &str) -> Option<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
        .and_then(|value| value.parse().ok())
}

/// Waits until each of these samples has this value.
async fn until(client: &Client, samples: &[(&str, f64)]) -> String {
    eventually("the figures", || async {
        let text = client.get("/metrics").await.body.as_str()?.to_owned();
        let all = samples
            .iter()
            .all(|(sample, expected)| value(&text, sample) == Some(*expected));
        all.then_some(text)
    })
    .await
}

/// The sample of a family with two labels.
fn sample(name: &str, channel: &str, other: (&str, &str)) -> String {
    let (label, value) = other;
    format!("campanile_delivery_{name}{{channel=\"{channel}\",{label}=\"{value}\"}}")
}

/// Assigns a finding to a user and a team, with a rule for the receiver.
async fn assign(admin: &Client, world: &World) {
    let rule = json!({
        "event_type": "finding.assigned", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
    });
    admin.post("/notification-rules", rule).await.id();
    let mara = world.sign_in("mara").await;
    let finding = world.finding(&mara, "high").await;
    let assignees = json!({"user_ids": [world.analyst], "team_ids": [world.team]});
    mara.post(&format!("/findings/{finding}/assignees"), assignees)
        .await
        .expect(200);
}

const PENDING: &str = "campanile_deliveries{state=\"pending\"}";

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_counted_by_channel_and_outcome_and_timed_from_their_event() {
    for database in databases().await {
        let outside = Outside::start().await;
        outside.webhook.answer(Answering::status(500));
        outside.teams.answer(Answering::status(400));
        let server = Server::start(&database, &outside.settings()).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let before = until(&admin, &[(PENDING, 0.0)]).await;
        assert!(!before.contains("campanile_delivery_attempts_total{"), "{before}");
        assign(&admin, &world).await;
        let text = first_attempts(&admin).await;
        for (channel, state) in [
            ("email", "delivered"),
            ("slack", "delivered"),
            ("teams", "refused"),
        ] {
            let took = value(&text, &sample("seconds_sum", channel, ("state", state)));
            assert!(
                took.is_some_and(|took| took > 0.0 && took < 30.0),
                "{channel}: {took:?}"
            );
        }
        assert!(
            !text.contains("campanile_delivery_seconds_count{channel=\"webhook\""),
            "it is still pending"
        );
        // Its receiver recovers, and the wait for the retry counts.
        outside.webhook.answer(Answering::status(204));
        let over = sample("seconds_count", "webhook", ("state", "delivered"));
        let text = until(&admin, &[(&over, 1.0), (PENDING, 0.0)]).await;
        let took = value(&text, &sample("seconds_sum", "webhook", ("state", "delivered")));
        assert!(took.is_some_and(|took| took >= 5.0), "{took:?}");
        server.stop().await;
    }
}

/// Waits for the first attempts' outcomes: two delivered, one rejected, one to be retried.
async fn first_attempts(admin: &Client) -> String {
    let attempts = |channel, outcome| sample("attempts_total", channel, ("outcome", outcome));
    until(
        admin,
        &[
            (&attempts("email", "delivered"), 1.0),
            (&attempts("slack", "delivered"), 1.0),
            (&attempts("teams", "refused_for_good"), 1.0),
            (&attempts("webhook", "refused_for_now"), 1.0),
            (&sample("seconds_count", "email", ("state", "delivered")), 1.0),
            (&sample("seconds_count", "slack", ("state", "delivered")), 1.0),
            (&sample("seconds_count", "teams", ("state", "refused")), 1.0),
            (PENDING, 1.0),
            ("campanile_deliveries{state=\"sending\"}", 0.0),
            ("campanile_deliveries{state=\"refused\"}", 1.0),
            ("campanile_delivery_oldest_due_seconds", 0.0),
        ],
    )
    .await
}
