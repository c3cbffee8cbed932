//! Two servers on one database, or the command line next to one.

use std::time::{Duration, Instant};

use notify::testing::Answering;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Database, Outside, Process, WEBHOOK, World, databases, eventually};

/// Both nodes open what either sealed.
const KEY: &str = "a key of thirty-two characters ..";

async fn webhook(admin: &Client) -> Option<Value> {
    let page = admin.get("/deliveries?channel=webhook").await.expect(200);
    page["items"].as_array().unwrap().first().cloned()
}

// promise: F2
#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_does_not_touch_pending_work_of_the_first() {
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let outside = Outside::start().await;
    outside.webhook.answer(Answering::Hang);
    let mut settings = outside.settings();
    settings.push(("CAMPANILE_SECRET_KEY", KEY.to_owned()));
    let first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
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
    // Once its test message has arrived, its engine is running.
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
    // The first node resumes it immediately at its next start.
    settings.pop();
    let again = Process::start(&database, &settings).unwrap();
    let admin = again.admin().await;
    eventually("the second attempt", || async {
        let delivery = webhook(&admin).await?;
        (delivery["state"] == "delivered" && delivery["attempt_count"] == 2).then_some(())
    })
    .await;
}

/// What administrators see of the nodes: name by state.
async fn states(admin: &Client) -> Vec<(bool, bool)> {
    let list = admin.get("/nodes").await.expect(200);
    let items = list["items"].as_array().unwrap().iter();
    let flag = |node: &Value, name: &str| node[name].as_bool().unwrap();
    items
        .map(|node| (flag(node, "alive"), flag(node, "current")))
        .collect()
}

/// With the usual timeouts, whose lease is two minutes.
// promise: N2
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_node_had_in_flight_is_taken_over_in_time() {
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let outside = Outside::start().await;
    outside.webhook.answer(Answering::Hang);
    let mut settings = outside.settings();
    settings.push(("CAMPANILE_SECRET_KEY", KEY.to_owned()));
    let (other_settings, _folder) = second_node(&settings);
    let mut first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let rule = json!({
        "event_type": "finding.created", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
    });
    admin.post("/notification-rules", rule).await.id();
    world.finding(&admin, "high").await;
    outside.webhook.wait_for(1).await;
    let second = Process::start(&database, &other_settings).unwrap();
    let other = second.admin().await;
    eventually("both nodes", || async {
        (states(&other).await == [(true, false), (true, true)]).then_some(())
    })
    .await;

    outside.webhook.answer(Answering::status(204));
    let died = Instant::now();
    first.kill();
    eventually("the death in the list", || async {
        (states(&other).await == [(false, false), (true, true)]).then_some(())
    })
    .await;
    assert!(died.elapsed() < Duration::from_secs(20), "{:?}", died.elapsed());
    eventually("the second attempt", || async {
        let delivery = webhook(&other).await?;
        (delivery["state"] == "delivered" && delivery["attempt_count"] == 2).then_some(())
    })
    .await;
    assert!(died.elapsed() < Duration::from_secs(35), "{:?}", died.elapsed());
    // It starts again, and stops in order.
    let again = Process::start(&database, &settings).unwrap();
    eventually("both nodes again", || async {
        (states(&other).await == [(true, true), (true, false)]).then_some(())
    })
    .await;
    assert!(again.terminate().0.success());
    eventually("one node", || async {
        (states(&other).await == [(true, true)]).then_some(())
    })
    .await;
}

/// With the usual timeouts, whose lease is two minutes.
// promise: N2
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_suspended_sends_nothing_that_another_one_took_over() {
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let outside = Outside::start().await;
    outside.webhook.hold(true);
    let mut settings = outside.settings();
    settings.push(("CAMPANILE_SECRET_KEY", KEY.to_owned()));
    let (other_settings, _folder) = second_node(&settings);
    let first = Process::start(&database, &settings).unwrap();
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let rule = json!({
        "event_type": "finding.created", "channel": "webhook", "recipients": {"urls": [WEBHOOK]},
    });
    admin.post("/notification-rules", rule).await.id();
    let second = Process::start(&database, &other_settings).unwrap();
    let other = second.admin().await;
    eventually("both nodes", || async {
        (states(&other).await.len() == 2).then_some(())
    })
    .await;
    world.finding(&admin, "high").await;
    outside.webhook.wait_for(1).await;
    // Whichever node has it in flight: only that of the first is suspended, so the other's attempts count too.
    first.suspend();
    let suspended = Instant::now();
    outside.webhook.hold(false);
    eventually("the delivery", || async {
        (webhook(&other).await?["state"] == "delivered").then_some(())
    })
    .await;
    assert!(
        suspended.elapsed() < Duration::from_secs(35),
        "{:?}",
        suspended.elapsed()
    );
    let posts = outside.webhook.requests().len();
    first.resume();
    eventually("both nodes alive", || async {
        (states(&other).await.iter().all(|(alive, _)| *alive)).then_some(())
    })
    .await;
    // It works again, and what it had in flight is not sent once more.
    let finding = world.finding(&admin, "high").await;
    outside.webhook.wait_for(posts + 1).await;
    let last = outside.webhook.requests().pop().unwrap();
    assert!(String::from_utf8_lossy(&last.body).contains(&finding));
    assert_eq!(outside.webhook.requests().len(), posts + 1);
}

/// How soon a stream ends after another process revoked its access: one poll of the follower, plus a margin
/// for a busy machine. Without polling it would not end for hours.
const SOON: Duration = Duration::from_secs(3);

/// The settings of a second node: its own folder, everything else the same.
fn second_node(settings: &[(&'static str, String)]) -> (Vec<(&'static str, String)>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings.to_vec();
    settings.push(("CAMPANILE_DATA_DIR", folder.path().display().to_string()));
    (settings, folder)
}

// promise: E8
#[tokio::test(flavor = "multi_thread")]
async fn access_revoked_on_one_node_ends_streams_on_the_other() {
    let Some(database) = databases().await.into_iter().find(|it| it.name == "PostgreSQL") else {
        return;
    };
    let settings = [("CAMPANILE_SECRET_KEY", KEY.to_owned())];
    let (other_settings, _folder) = second_node(&settings);
    let first = Process::start(&database, &settings).unwrap();
    let second = Process::start(&database, &other_settings).unwrap();
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let (ana, mara) = (world.sign_in("ana").await, world.sign_in("mara").await);
    let (mut frames, mut witness) = (ana.stream().await, mara.stream().await);
    let there = second.admin().await;
    let member = format!("/companies/{}/members/{}", world.company, world.analyst);
    let answer = there.call(Method::DELETE, &member, Value::Null).await;
    assert_eq!(answer.status, 204);
    let ended = tokio::time::timeout(SOON, frames.next()).await;
    assert_eq!(ended.expect("the end in time"), None);
    // It reconnects, and no longer sees the company; others continue.
    let mut again = ana.stream().await;
    let finding = world.finding(&admin, "low").await;
    assert_eq!(witness.until("finding.created").await["subject"]["id"], finding);
    let user = format!("/users/{}", world.analyst);
    let answer = there.call(Method::PATCH, &user, json!({"disabled": true})).await;
    assert_eq!(answer.status, 200);
    let ended = tokio::time::timeout(SOON, again.next()).await;
    assert_eq!(ended.expect("the end in time"), None);
    assert_eq!(
        ana.request(Method::GET, "/stream").send().await.unwrap().status(),
        401
    );
}

/// `campanile admin password`, as a process of its own.
fn set_password(database: &Database, settings: &[(&str, String)], email: &str, password: &str) {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_campanile"))
        .args(["admin", "password", email])
        .env_clear()
        .envs(database.settings(settings))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    assert!(child.wait().unwrap().success());
}

// promise: E8
#[tokio::test(flavor = "multi_thread")]
async fn a_password_reset_at_the_command_line_ends_the_streams_of_a_running_server() {
    for database in databases().await {
        let settings = [("CAMPANILE_SECRET_KEY", KEY.to_owned())];
        let server = Process::start(&database, &settings).unwrap();
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let ana = world.sign_in("ana").await;
        let (mut frames, mut witness) = (ana.stream().await, admin.stream().await);
        set_password(
            &database,
            &settings,
            "ana@campanile.test",
            "quite another password",
        );
        let ended = tokio::time::timeout(SOON, frames.next()).await;
        assert_eq!(ended.expect("the end in time"), None, "{}", database.name);
        let again = ana.request(Method::GET, "/stream").send().await.unwrap();
        assert_eq!(again.status(), 401, "{}", database.name);
        let finding = world.finding(&admin, "low").await;
        let seen = witness.until("finding.created").await;
        assert_eq!(seen["subject"]["id"], finding, "{}", database.name);
    }
}
