//! The secret key: a wrong or missing one prevents startup and changes nothing, and it can be rotated while a server runs.

use std::time::Duration;

use base::{Bus, Clock};
use notify::testing::Answering;
use reqwest::Method;
use serde_json::json;
use store::Store;

use crate::support::{
    Client, Command, Database, Outside, Process, WEBHOOK, World, empty_databases, eventually,
};

const KEY: &str = "the first key of thirty-two bytes";
const NEW: &str = "the second key of thirty-two bytes";

fn key(text: &str) -> [(&'static str, String); 1] {
    [("CAMPANILE_SECRET_KEY", text.to_owned())]
}

async fn store_of(database: &Database) -> Store {
    let options = store::Options::new(&database.url);
    Store::open(options, Clock::system(), Bus::new()).await.unwrap()
}

/// The rows of every table that a start could change, as text.
async fn snapshot(database: &Database) -> String {
    let store = store_of(database).await;
    let rows = store.read(|tx| {
        let keyring: Vec<(String, String, String)> =
            tx.all("select slot, name, sealed from keyring order by slot, name", &[])?;
        let urls: Vec<(String, String)> =
            tx.all("select target_key, sealed from destinations order by id", &[])?;
        let steps: Vec<(String,)> = tx.all("select checksum from schema_migrations order by 1", &[])?;
        Ok::<_, store::Error>(format!("{keyring:?} {urls:?} {steps:?}"))
    });
    let rows = rows.await.unwrap();
    store.close().await;
    rows
}

/// A server with this key creates a world with sealed URLs, and stops.
async fn sealed_world(database: &Database, settings: &[(&str, String)]) {
    let process = Process::start(database, settings).unwrap();
    let admin = process.admin().await;
    World::create(&admin, process.address()).await;
    assert!(process.terminate().0.success());
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_prevents_startup_and_changes_nothing() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let before = snapshot(&database).await;
        let refused = Command::new(&database, &key(NEW), &["serve"]).fails();
        assert!(
            refused.contains("secret key is not the one"),
            "{}: {refused}",
            database.name
        );
        assert!(!refused.contains(NEW) && !refused.contains(KEY), "{refused}");
        // Without the setting a key would be generated if the database had none yet.
        let refused = Command::new(&database, &[], &["serve"]).fails();
        assert!(
            refused.contains("there is no secret key"),
            "{}: {refused}",
            database.name
        );
        assert!(
            !database.data_dir().join("secret.key").exists(),
            "{}",
            database.name
        );
        assert_eq!(snapshot(&database).await, before, "{}", database.name);
        let right = Process::start(&database, &key(KEY)).unwrap();
        right.admin().await.get("/destinations").await.expect(200);
    }
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_not_regenerated() {
    for database in empty_databases().await {
        sealed_world(&database, &[]).await;
        let file = database.data_dir().join("secret.key");
        let own = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let refused = Command::new(&database, &[], &["serve"]).fails();
        assert!(
            refused.contains("no new one was generated"),
            "{}: {refused}",
            database.name
        );
        assert!(!file.exists(), "{}", database.name);
        std::fs::write(&file, own).unwrap();
        assert!(Process::start(&database, &[]).is_some(), "{}", database.name);
    }
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_before_the_check_is_tested_with_the_key() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let store = store_of(&database).await;
        store
            .write(|tx| tx.execute("delete from keyring", &[]))
            .await
            .unwrap();
        store.close().await;
        let before = snapshot(&database).await;
        for (settings, words) in [
            (&key(NEW)[..], "secret key is not the one"),
            (&[][..], "there is no secret key"),
        ] {
            let refused = Command::new(&database, settings, &["serve"]).fails();
            assert!(refused.contains(words), "{}: {refused}", database.name);
        }
        assert_eq!(snapshot(&database).await, before, "{}", database.name);
        assert!(
            Process::start(&database, &key(KEY)).is_some(),
            "{}",
            database.name
        );
    }
}

/// The secret that signs this rule's posts.
async fn signing(admin: &Client, rule: &str) -> String {
    let secrets = admin
        .get(&format!("/notification-rules/{rule}/webhook-secrets"))
        .await;
    secrets.expect(200).to_string()
}

/// Assigns a new finding to the team, and waits for its post to Slack and the rule's to the webhook.
async fn posts(world: &World, by: &Client, outside: &Outside) {
    let (slack, webhook) = (outside.slack.requests().len(), outside.webhook.requests().len());
    let finding = world.finding(by, "high").await;
    let team = json!({"user_ids": [], "team_ids": [world.team]});
    by.post(&format!("/findings/{finding}/assignees"), team)
        .await
        .expect(200);
    eventually("both posts", || async {
        (outside.slack.requests().len() > slack && outside.webhook.requests().len() > webhook).then_some(())
    })
    .await;
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_rotated_while_the_server_runs() {
    for database in empty_databases().await {
        let outside = Outside::start().await;
        outside.webhook.answer(Answering::status(204));
        let with = |text: &str| [outside.settings(), key(text).to_vec()].concat();
        let server = Process::start(&database, &with(KEY)).unwrap();
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let rule = json!({
            "event_type": "finding.created", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
        });
        let rule = admin.post("/notification-rules", rule).await.id();
        let before = signing(&admin, &rule).await;
        posts(&world, &admin, &outside).await;

        let output = Command::new(&database, &key(KEY), &["rotate-key"])
            .with_input(NEW)
            .succeeds();
        assert!(output.contains("--finish"), "{output}");
        // The running server was started with the old one, and opens what the new one sealed.
        posts(&world, &admin, &outside).await;
        // After a short time it seals with the new key.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let chat = json!({"slack_webhook_url": "https://hooks.slack.com/services/T1/B1/personalsecret"});
        admin.call(Method::PUT, "/me/chat", chat).await.expect(200);
        assert!(server.terminate().0.success());

        // A node without the new key can still start.
        assert!(
            Process::start(&database, &with(KEY)).is_some(),
            "{}",
            database.name
        );
        let early = Command::new(&database, &key(KEY), &["rotate-key", "--finish"]).fails();
        assert!(early.contains("is the old one"), "{}: {early}", database.name);
        Command::new(&database, &key(NEW), &["rotate-key", "--finish"]).succeeds();
        let refused = Command::new(&database, &with(KEY), &["serve"]).fails();
        assert!(
            refused.contains("secret key is not the one"),
            "{}: {refused}",
            database.name
        );

        let server = Process::start(&database, &with(NEW)).unwrap();
        let admin = server.admin().await;
        posts(&world, &admin, &outside).await;
        assert_eq!(
            signing(&admin, &rule).await,
            before,
            "receivers keep their secret"
        );
        let test =
            json!({"channel": "slack", "url": "https://hooks.slack.com/services/T1/B1/personalsecret"});
        admin.post("/destinations/test", test).await.expect(200);
    }
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_data_folder_is_replaced_there() {
    for database in empty_databases().await {
        let outside = Outside::start().await;
        let server = Process::start(&database, &outside.settings()).unwrap();
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let file = database.data_dir().join("secret.key");
        let old = std::fs::read_to_string(&file).unwrap();
        Command::new(&database, &[], &["rotate-key"]).succeeds();
        assert_ne!(std::fs::read_to_string(&file).unwrap(), old);
        Command::new(&database, &[], &["rotate-key", "--finish"]).succeeds();
        let finding = world.finding(&admin, "high").await;
        let team = json!({"user_ids": [], "team_ids": [world.team]});
        admin
            .post(&format!("/findings/{finding}/assignees"), team)
            .await
            .expect(200);
        outside.slack.wait_for(1).await;
        assert!(server.terminate().0.success());
        assert!(
            Process::start(&database, &outside.settings()).is_some(),
            "{}",
            database.name
        );
        std::fs::write(&file, old).unwrap();
        Command::new(&database, &[], &["serve"]).fails();
    }
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_replaced_only_explicitly() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let server = Process::start(&database, &key(KEY)).unwrap();
        let running = Command::new(&database, &key(NEW), &["rotate-key", "--lost"]).fails();
        assert!(
            running.contains("another server is using"),
            "{}: {running}",
            database.name
        );
        drop(server);
        let before = snapshot(&database).await;
        let refusal = Command::new(&database, &key(KEY), &["rotate-key", "--lost"]).fails();
        assert!(
            refusal.contains("nothing is lost"),
            "{}: {refusal}",
            database.name
        );
        assert_eq!(snapshot(&database).await, before, "{}", database.name);
        let output = Command::new(&database, &key(NEW), &["rotate-key", "--lost"]).succeeds();
        assert!(output.contains("2 URLs"), "{}: {output}", database.name);
        let server = Process::start(&database, &key(NEW)).unwrap();
        let listed = server.admin().await.get("/destinations").await.expect(200);
        assert!(
            listed.to_string().contains("the secret key was lost"),
            "{}: {listed}",
            database.name
        );
        Command::new(&database, &key(KEY), &["serve"]).fails();
    }
}
