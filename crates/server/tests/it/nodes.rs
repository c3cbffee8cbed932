//! Two servers on one database.

use notify::testing::Answering;
use serde_json::{Value, json};

use crate::support::{Client, Outside, Process, WEBHOOK, World, databases, eventually};

/// Both nodes open what either sealed.
const KEY: &str = "a key of thirty-two characters ..";

async fn webhook(admin: &Client) -> Option<Value> {
    let page = admin.get("/deliveries?channel=webhook").await.expect(200);
    page["items"].as_array().unwrap().first().cloned()
}

// promise: F2
#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_leaves_alone_what_the_first_has_under_way() {
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let outside = Outside::start().await;
    outside.webhook.answer(Answering::Hang);
    let mut settings = outside.settings();
    settings.push(("CAMPANILE_SECRET_KEY", KEY.to_owned()));
    let first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::make(&admin, first.address()).await;
    let rule = json!({
        "event_type": "finding.created", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
    });
    admin.post("/notification-rules", rule).await.id();
    world.finding(&admin, "high").await;
    outside.webhook.wait_for(1).await;

    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().display().to_string();
    settings.push(("CAMPANILE_DATA_DIR", own));
    let second = Process::start(&database, &settings).unwrap();
    // When a test message of its has arrived, its engine has long begun.
    let other = second.admin().await;
    outside
        .slack
        .answer(Answering::With(200, Vec::new(), b"ok".to_vec()));
    let test = json!({"channel": "slack", "url": "https://hooks.slack.com/services/T1/B1/secretsecret"});
    other.post("/destinations/test", test).await.expect(200);
    let under_way = webhook(&other).await.unwrap();
    assert_eq!(
        (&under_way["state"], &under_way["attempt_count"]),
        (&json!("sending"), &json!(1))
    );

    outside.webhook.answer(Answering::status(204));
    drop(first);
    // The first node's own next start takes it up at once.
    settings.pop();
    let again = Process::start(&database, &settings).unwrap();
    let admin = again.admin().await;
    eventually("the second attempt", || async {
        let delivery = webhook(&admin).await?;
        (delivery["state"] == "delivered" && delivery["attempt_count"] == 2).then_some(())
    })
    .await;
}
