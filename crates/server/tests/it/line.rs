//! What happens on one node reaches open tabs on another, and losing the line loses no message.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use base::{Bus, Clock};
use reqwest::Method;
use serde_json::{Value, json};
use store::{Options, Store};

use crate::support::{Client, Database, PASSWORD, Process, World, databases, eventually};

/// Both nodes open what either sealed.
const KEY: &str = "a key of thirty-two characters ..";

/// Nodes on one database, each with its own data folder.
struct Nodes {
    running: Vec<Process>,
    _folders: Vec<tempfile::TempDir>,
    store: Store,
}

impl Nodes {
    /// This many; none without a PostgreSQL server.
    async fn start(count: usize, more: &[(&'static str, String)]) -> Option<Self> {
        let databases = databases().await;
        let database = databases.iter().find(|it| it.name == "PostgreSQL")?;
        let mut settings = vec![("CAMPANILE_SECRET_KEY", KEY.to_owned())];
        settings.extend_from_slice(more);
        let (mut nodes, mut folders) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let folder = tempfile::tempdir().unwrap();
            let own = ("CAMPANILE_DATA_DIR", folder.path().display().to_string());
            nodes.push(start(database, &[&settings[..], &[own]].concat()));
            folders.push(folder);
        }
        let store = Store::open(Options::new(&database.url), Clock::system(), Bus::new());
        Some(Self {
            running: nodes,
            _folders: folders,
            store: store.await.unwrap(),
        })
    }

    /// Ends the connections that carry the line, as a failing network does; returns how many.
    async fn cut(&self) -> i64 {
        const CUT: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and application_name = 'campanile line'";
        let cut = self.store.read(|tx| tx.one::<(i64,)>(CUT, &[])).await;
        cut.unwrap().unwrap().0
    }
}

fn start(database: &Database, settings: &[(&str, String)]) -> Process {
    // A line that is lost on purpose is in the log.
    Process::start_with_log(database, settings, Stdio::inherit()).unwrap()
}

async fn person(node: &Process, name: &str) -> Client {
    Client::sign_in(node.address(), &format!("{name}@campanile.test"), PASSWORD).await
}

fn member(world: &World) -> String {
    format!("/companies/{}/members/{}", world.company, world.analyst)
}

// promise: N1
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_reaches_tabs_on_every_node_and_nobody_else() {
    let Some(nodes) = Nodes::start(3, &[]).await else {
        return;
    };
    let [first, second, third] = &nodes.running[..] else {
        panic!("three nodes");
    };
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let mut here = person(first, "ana").await.stream().await;
    let mut there = person(second, "ana").await.stream().await;
    let mut manager = person(third, "mara").await.stream().await;
    let mut stranger = person(second, "otto").await.stream().await;
    let finding = world.finding(&admin, "critical").await;
    let frame = here.until("finding.created").await;
    assert_eq!(frame["subject"]["id"], finding);
    // The first frame of each: nothing was missed and nothing came twice.
    assert_eq!(there.next().await.as_ref(), Some(&frame));
    assert_eq!(manager.next().await.as_ref(), Some(&frame));
    // A frame for one person, from another node.
    let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
    let path = format!("/findings/{finding}/assignees");
    let assigned = person(third, "mara").await.post(&path, assignees).await;
    assert!(assigned.status.is_success(), "{:?}", assigned.body);
    let own = there.until("notification.created").await;
    assert_eq!(here.until("notification.created").await, own);
    let mut seen = Vec::new();
    let marker = world.finding(&admin, "low").await;
    while seen.last() != Some(&json!(marker)) {
        let frame = manager.next().await.unwrap();
        // Neither Ana's own, nor a gap.
        assert!(
            frame["subject"] != own["subject"] && frame["type"] != "resync",
            "{frame}"
        );
        seen.push(frame["subject"]["id"].clone());
    }
    // A frame that is longer than PostgreSQL carries.
    let body = "\u{1f514}".repeat(2_000);
    let announcement = json!({"title": "Long", "body": body});
    let there_admin = third.admin().await;
    let answer = there_admin.post("/announcements", announcement).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    for stream in [&mut here, &mut there, &mut stranger] {
        let frame = stream.until("platform.announced").await;
        assert_eq!(frame["data"]["comment"], body);
    }
}

// promise: E8
#[tokio::test(flavor = "multi_thread")]
async fn access_revoked_on_one_node_ends_streams_on_another_before_the_next_frame() {
    let Some(nodes) = Nodes::start(2, &[]).await else {
        return;
    };
    let [first, second] = &nodes.running[..] else {
        panic!("two nodes");
    };
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let ana = person(second, "ana").await;
    for round in 0..10 {
        let joined = admin
            .call(Method::PUT, &member(&world), json!({"role": "analyst"}))
            .await;
        assert!(joined.status.is_success(), "{:?}", joined.body);
        // The new membership ends her streams as well; then she has one that stays.
        let mut frames = eventually("a stream that stays", || async {
            let mut frames = ana.stream().await;
            world.finding(&admin, "low").await;
            let frame = frames.next().await?;
            (frame["type"] == "finding.created").then_some(frames)
        })
        .await;
        let left = admin.call(Method::DELETE, &member(&world), Value::Null).await;
        assert_eq!(left.status, 204);
        let late = world.finding(&admin, "low").await;
        while let Some(frame) = frames.next().await {
            assert_ne!(frame["subject"]["id"], late, "round {round}");
        }
    }
}

// promise: N3
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_is_told_to_open_tabs_and_comes_back() {
    let Some(nodes) = Nodes::start(2, &[("CAMPANILE_LOG__LEVEL", "error".to_owned())]).await else {
        return;
    };
    let [first, second] = &nodes.running[..] else {
        panic!("two nodes");
    };
    let admin = first.admin().await;
    let world = World::create(&admin, first.address()).await;
    let mut there = person(second, "ana").await.stream().await;
    let one = world.finding(&admin, "low").await;
    assert_eq!(there.next().await.unwrap()["subject"]["id"], one);
    for _ in 0..3 {
        assert_eq!(nodes.cut().await, 2);
        // Committed while there is no line: nobody sends its frame later.
        let lost = world.finding(&admin, "low").await;
        let frame = there.next().await.unwrap();
        if frame["subject"]["id"] != lost {
            assert_eq!(frame["type"], "resync");
        }
        // Once it is back, frames arrive again.
        let start = Instant::now();
        loop {
            let again = world.finding(&admin, "low").await;
            let arrived = tokio::time::timeout(Duration::from_millis(500), async {
                while there.next().await.unwrap()["subject"]["id"] != again {}
            });
            if arrived.await.is_ok() {
                break;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "the line does not come back"
            );
        }
    }
}

// promise: N3
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_is_told_to_tabs_on_others_and_one_that_stops_is_not() {
    let Some(mut nodes) = Nodes::start(3, &[("CAMPANILE_LOG__LEVEL", "error".to_owned())]).await else {
        return;
    };
    let world = World::create(&nodes.running[0].admin().await, nodes.running[0].address()).await;
    let admin = nodes.running[0].admin().await;
    let mut frames = person(&nodes.running[0], "ana").await.stream().await;
    // It has sent something, so the others know it.
    let other = nodes.running[2].admin().await;
    world.finding(&other, "low").await;
    assert_eq!(frames.next().await.unwrap()["type"], "finding.created");
    let (status, _) = nodes.running.pop().unwrap().terminate();
    assert!(status.success());
    let killed = Instant::now();
    drop(nodes.running.pop());
    let frame = frames.next().await.unwrap();
    assert_eq!(frame["type"], "resync");
    assert!(
        killed.elapsed() < Duration::from_secs(20),
        "{:?}",
        killed.elapsed()
    );
    // One for the node that died, none for the one that stopped.
    world.finding(&admin, "low").await;
    assert_eq!(frames.next().await.unwrap()["type"], "finding.created");
}

// promise: N1
#[tokio::test(flavor = "multi_thread")]
async fn tickets_and_sign_in_limits_need_no_particular_node() {
    let limits = [("CAMPANILE_LOGIN__ATTEMPTS", "4".to_owned())];
    let Some(nodes) = Nodes::start(2, &limits).await else {
        return;
    };
    let [first, second] = &nodes.running[..] else {
        panic!("two nodes");
    };
    let world = World::create(&first.admin().await, first.address()).await;
    let ana = person(first, "ana").await;
    let ticket = ana.post("/stream/tickets", json!({})).await.expect(201);
    let path = format!("/stream?ticket={}", ticket["ticket"].as_str().unwrap());
    let with_ticket = |node: &Process| {
        let client = Client::new(node.address());
        let path = path.clone();
        async move { client.request(Method::GET, &path).send().await.unwrap().status() }
    };
    assert_eq!(with_ticket(second).await, 200);
    assert_eq!(with_ticket(first).await, 401, "it was used on the other node");
    // Wrong passwords count together, whichever node is asked.
    let attempt = |number: usize| {
        let client = Client::new(nodes.running[number % 2].address());
        let body = json!({"email": "otto@campanile.test", "password": "not the password"});
        async move { client.post("/auth/login", body).await.status.as_u16() }
    };
    let mut answers = Vec::new();
    for number in 0..6 {
        answers.push(attempt(number).await);
    }
    assert_eq!(answers, [401, 401, 401, 401, 429, 429]);
    // Others sign in.
    for node in &nodes.running {
        person(node, "mara")
            .await
            .get(&format!("/projects/{}", world.project))
            .await
            .expect(200);
    }
}
