//! What happens on one node reaches open tabs on another, and losing the line loses no message.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use base::{Bus, Clock};
use reqwest::Method;
use serde_json::{Value, json};
use store::{Options, Store};

use crate::support::{Client, Database, Frames, NATS, Nats, PASSWORD, Process, World, databases, eventually};

/// Both nodes open what either sealed.
const KEY: &str = "a key of thirty-two characters ..";

/// What carries the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Postgres,
    Nats,
}

const CARRIERS: [Carrier; 2] = [Carrier::Postgres, Carrier::Nats];

/// Nodes on one database, each with its own data folder.
struct Nodes {
    running: Vec<Process>,
    folders: Vec<tempfile::TempDir>,
    store: Store,
    database: Database,
}

impl Nodes {
    /// This many with this carrier; none without a server for it.
    async fn over(carrier: Carrier, count: usize, more: &[(&'static str, String)]) -> Option<Self> {
        let mut more = more.to_vec();
        if carrier == Carrier::Nats {
            more.push(("CAMPANILE_NATS_URL", std::env::var(NATS).ok()?));
        }
        let nodes = Self::start(count, &more).await?;
        let listening = if carrier == Carrier::Postgres { count } else { 0 };
        assert_eq!(nodes.listening(LISTENING).await, listening, "{carrier:?}");
        Some(nodes)
    }

    /// This many; none without a PostgreSQL server.
    async fn start(count: usize, more: &[(&'static str, String)]) -> Option<Self> {
        let databases = databases().await;
        let database = databases.into_iter().find(|it| it.name == "PostgreSQL")?;
        let store = Store::open(Options::new(&database.url), Clock::system(), Bus::new());
        let mut nodes = Self {
            running: Vec::new(),
            folders: Vec::new(),
            store: store.await.unwrap(),
            database,
        };
        for _ in 0..count {
            nodes.add(more);
        }
        Some(nodes)
    }

    /// Starts one more.
    fn add(&mut self, more: &[(&'static str, String)]) {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = vec![
            ("CAMPANILE_SECRET_KEY", KEY.to_owned()),
            ("CAMPANILE_DATA_DIR", folder.path().display().to_string()),
        ];
        settings.extend_from_slice(more);
        // A line that is lost on purpose is in the log.
        let node = Process::start_with_log(&self.database, &settings, Stdio::inherit());
        self.running.push(node.unwrap());
        self.folders.push(folder);
    }

    /// Runs one of these statements; returns how many connections to the database carry the line.
    async fn listening(&self, sql: &'static str) -> usize {
        let count = self.store.read(move |tx| tx.one::<(i64,)>(sql, &[])).await;
        usize::try_from(count.unwrap().unwrap().0).unwrap()
    }
}

const LISTENING: &str = "select count(pid) from pg_stat_activity \
     where datname = current_database() and application_name = 'campanile line'";
/// Ends them, as a failing network does.
const CUT: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
     where datname = current_database() and application_name = 'campanile line'";

async fn person(node: &Process, name: &str) -> Client {
    Client::sign_in(node.address(), &format!("{name}@campanile.test"), PASSWORD).await
}

fn member(world: &World) -> String {
    format!("/companies/{}/members/{}", world.company, world.analyst)
}

// promise: N1
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_reaches_tabs_on_every_node_and_nobody_else() {
    for carrier in CARRIERS {
        let Some(nodes) = Nodes::over(carrier, 3, &[]).await else {
            continue;
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
}

// promise: E8
#[tokio::test(flavor = "multi_thread")]
async fn access_revoked_on_one_node_ends_streams_on_another_before_the_next_frame() {
    for carrier in CARRIERS {
        let Some(nodes) = Nodes::over(carrier, 2, &[]).await else {
            continue;
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
        assert_eq!(nodes.listening(CUT).await, 2);
        // Committed while there is no line: nobody sends its frame later.
        let lost = world.finding(&admin, "low").await;
        let frame = there.next().await.unwrap();
        if frame["subject"]["id"] != lost {
            assert_eq!(frame["type"], "resync");
        }
        comes_back(&admin, &world, &mut there).await;
    }
}

/// Waits until frames arrive again.
async fn comes_back(admin: &Client, world: &World, there: &mut Frames) {
    let start = Instant::now();
    loop {
        let again = world.finding(admin, "low").await;
        let arrived = tokio::time::timeout(Duration::from_millis(500), async {
            while there.next().await.unwrap()["subject"]["id"] != again {}
        });
        if arrived.await.is_ok() {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the line does not come back"
        );
    }
}

// promise: N3
#[tokio::test(flavor = "multi_thread")]
async fn nats_that_stops_is_told_to_open_tabs_and_the_line_comes_back_with_it() {
    let Some(mut nats) = Nats::start() else {
        return;
    };
    let mut settings = nats.settings();
    settings.push(("CAMPANILE_LOG__LEVEL", "error".to_owned()));
    let Some(mut nodes) = Nodes::start(2, &settings).await else {
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
    for _ in 0..2 {
        nats.stop();
        world.finding(&admin, "low").await;
        assert_eq!(there.next().await.unwrap()["type"], "resync");
        nats.start_again();
        comes_back(&admin, &world, &mut there).await;
    }
    // Nodes start without it, and connect once it is there.
    nats.stop();
    nodes.add(&settings);
    let mut late = person(&nodes.running[2], "ana").await.stream().await;
    nats.start_again();
    comes_back(&admin, &world, &mut late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_nats_is_in_no_log() {
    let databases = databases().await;
    let database = databases.iter().find(|it| it.name == "PostgreSQL");
    let (Some(database), Ok(url)) = (database, std::env::var(NATS)) else {
        return;
    };
    let password = url.split(['/', ':', '@']).nth(4).unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in [
        ("right", url.clone()),
        ("wrong", url.replace("campanile:", "other:")),
    ] {
        let path = folder.path().join(name);
        let settings = [
            ("CAMPANILE_NATS_URL", url),
            ("CAMPANILE_LOG__LEVEL", "debug,async_nats=trace".to_owned()),
        ];
        let log = std::fs::File::create(&path).unwrap();
        let node = Process::start_with_log(database, &settings, log.into()).unwrap();
        assert!(node.terminate().0.success());
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(log.contains("async_nats"), "{log}");
        assert!(!log.contains(&password), "{log}");
        assert_eq!(
            log.contains("there is no line to other nodes"),
            name == "wrong",
            "{log}"
        );
    }
}

// promise: N3
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_is_told_to_tabs_on_others_and_one_that_stops_is_not() {
    for carrier in CARRIERS {
        let Some(mut nodes) = Nodes::over(carrier, 3, &[("CAMPANILE_LOG__LEVEL", "error".to_owned())]).await
        else {
            continue;
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
