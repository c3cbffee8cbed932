//! The secret key: a wrong or missing one ends the start and changes nothing, and it is changed while a server runs.

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

/// A row of every table that a start could change, as text.
async fn picture(database: &Database) -> String {
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

/// A server with this key made a world with sealed URLs, and ended.
async fn sealed_world(database: &Database, settings: &[(&str, String)]) {
    let process = Process::start(database, settings).unwrap();
    let admin = process.admin().await;
    World::make(&admin, process.address()).await;
    assert!(process.terminate().0.success());
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_ends_the_start_and_changes_nothing() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let before = picture(&database).await;
        let refused = Command::new(&database, &key(NEW), &["serve"]).fails();
        assert!(
            refused.contains("secret key is not the one"),
            "{}: {refused}",
            database.name
        );
        assert!(!refused.contains(NEW) && !refused.contains(KEY), "{refused}");
        // Without the setting one would be made, had the database none yet.
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
        assert_eq!(picture(&database).await, before, "{}", database.name);
        let right = Process::start(&database, &key(KEY)).unwrap();
        right.admin().await.get("/destinations").await.expect(200);
    }
}

// issue 18, line 7
// promise: L3
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_not_made_anew() {
    for database in empty_databases().await {
        sealed_world(&database, &[]).await;
        let file = database.data_dir().join("secret.key");
        let own = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let refused = Command::new(&database, &[], &["serve"]).fails();
        assert!(
            refused.contains("no new one was made"),
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
async fn a_database_of_before_the_check_is_asked_whether_the_key_fits() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let store = store_of(&database).await;
        store
            .write(|tx| tx.execute("delete from keyring", &[]))
            .await
            .unwrap();
        store.close().await;
        let before = picture(&database).await;
        for (settings, words) in [
            (&key(NEW)[..], "secret key is not the one"),
            (&[][..], "there is no secret key"),
        ] {
            let refused = Command::new(&database, settings, &["serve"]).fails();
            assert!(refused.contains(words), "{}: {refused}", database.name);
        }
        assert_eq!(picture(&database).await, before, "{}", database.name);
        assert!(
            Process::start(&database, &key(KEY)).is_some(),
            "{}",
            database.name
        );
    }
}

/// The secret that signs posts of this rule.
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
async fn the_key_is_changed_while_the_server_runs() {
    for database in empty_databases().await {
        let outside = Outside::start().await;
        outside.webhook.answer(Answering::status(204));
        let with = |text: &str| [outside.settings(), key(text).to_vec()].concat();
        let server = Process::start(&database, &with(KEY)).unwrap();
        let admin = server.admin().await;
        let world = World::make(&admin, server.address()).await;
        let rule = json!({
            "event_type": "finding.created", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
        });
        let rule = admin.post("/notification-rules", rule).await.id();
        let before = signing(&admin, &rule).await;
        posts(&world, &admin, &outside).await;

        let said = Command::new(&database, &key(KEY), &["rotate-key"])
            .told(NEW)
            .succeeds();
        assert!(said.contains("--finish"), "{said}");
        // The server that runs knows only the old one, and opens what the new one sealed.
        posts(&world, &admin, &outside).await;
        // What it saves from now on is sealed with the new key, once it has settled.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let chat = json!({"slack_webhook_url": "https://hooks.slack.com/services/T1/B1/personalsecret"});
        admin.call(Method::PUT, "/me/chat", chat).await.expect(200);
        assert!(server.terminate().0.success());

        // A node that has not been given the new one yet starts all the same.
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
        let world = World::make(&admin, server.address()).await;
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
async fn a_lost_key_is_given_up_only_in_so_many_words() {
    for database in empty_databases().await {
        sealed_world(&database, &key(KEY)).await;
        let server = Process::start(&database, &key(KEY)).unwrap();
        let running = Command::new(&database, &key(NEW), &["rotate-key", "--lost"]).fails();
        assert!(
            running.contains("another server is running"),
            "{}: {running}",
            database.name
        );
        drop(server);
        let before = picture(&database).await;
        let fits = Command::new(&database, &key(KEY), &["rotate-key", "--lost"]).fails();
        assert!(fits.contains("nothing is lost"), "{}: {fits}", database.name);
        assert_eq!(picture(&database).await, before, "{}", database.name);
        let said = Command::new(&database, &key(NEW), &["rotate-key", "--lost"]).succeeds();
        assert!(said.contains("2 URLs"), "{}: {said}", database.name);
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
