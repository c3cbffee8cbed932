//! Events per second through the delivery engine on SQLite with `synchronous = full`: from the commit of each event,
//! one transaction each, to the recorded outcome of its last message.
//!
//! `plain`: an event that concerns nobody. `bell`: three assignees, each with an inbox row. `told`: three assignees, each with an inbox row and a mail, and a webhook;
//! the messages go nowhere, so that the engine alone is measured. `webhook`: one post for each event over a connection
//! of its own to a receiver in this process. CPU seconds are of the whole process, callers and receiver included.
//!
//! `cargo run --release -p bench --bin bench-engine [events] [callers]`
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use access::{Access, Role, testing as people};
use axum::extract::State;
use base::{Audience, Bus, Clock, Event, Id, Kind, Severity, Subject, SubjectType};
use notify::{
    Doorbell, Engine,
    channels::{self, Attempt, Channels, Outcome, SigningMaster, email},
    egress, engine,
};
use store::{MigrationSet, Store};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static TABLES: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, notify::MIGRATIONS];

#[derive(Clone)]
struct House {
    store: Store,
    access: Access,
    channels: Channels,
    company: Id,
    users: Vec<Id>,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Plain,
    Bell,
    Told,
    Webhook,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let events = arguments.next().map_or(20_000, Result::unwrap);
    let callers = arguments.next().map_or(32, Result::unwrap);
    for (name, shape, messages) in [
        ("plain", Shape::Plain, 0),
        ("bell", Shape::Bell, 0),
        ("told", Shape::Told, 4),
        ("webhook", Shape::Webhook, 1),
    ] {
        let folder = tempfile::tempdir_in(".").unwrap();
        let path = folder.path().join("engine.db").display().to_string();
        let house = house(path).await;
        let port = receiver().await;
        if matches!(shape, Shape::Told | Shape::Webhook) {
            rule(&house, port).await;
        }
        run(name, &house, shape, [events, callers, messages]).await;
        house.store.close().await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
async fn run(name: &str, house: &House, shape: Shape, [events, callers, messages]: [u64; 3]) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (stop, stopped) = oneshot::channel::<()>();
    let engine = tokio::spawn(engine(house, shape).run(async {
        let _ = stopped.await;
    }));
    emit(house, shape, events, callers).await;
    let accepted = start.elapsed().as_secs_f64();
    until(house, events * messages).await;
    let (took, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let rows = count(house, "select count(*) from notifications").await;
    stop.send(()).unwrap();
    engine.await.unwrap();
    println!(
        "{name}: {:.0} events/s whole ({:.0}/s accepted), {:.0} inbox rows/s, {:.0} messages/s, \
         {:.3} CPU s per 1,000 events",
        events as f64 / took,
        events as f64 / accepted,
        rows as f64 / took,
        (events * messages) as f64 / took,
        cpu * 1000.0 / events as f64,
    );
}

fn engine(house: &House, shape: Shape) -> Engine {
    let (access, channels) = (house.access.clone(), house.channels.clone());
    let options = engine::Options::default();
    if shape == Shape::Webhook {
        return Engine::new(access, channels, Doorbell::new(), options);
    }
    let nowhere: engine::Send =
        Arc::new(|_, _| Box::pin(async { Attempt::without_answer(Outcome::Delivered, "") }));
    Engine::sending(access, channels, Doorbell::new(), options, nowhere)
}

async fn house(path: String) -> House {
    let clock = Clock::system();
    let options = store::Options::new(format!("sqlite://{path}"));
    let store = Store::open(options, clock.clone(), Bus::new()).await.unwrap();
    store.migrate(TABLES).await.unwrap();
    let access = people::access(&store);
    let company = people::company(&store, "Acme").await;
    let mut users = Vec::new();
    for n in 0..50 {
        let user = people::user(&store, &format!("user{n}@example.com")).await;
        people::member(&store, company, user, Role::Analyst).await;
        users.push(user);
    }
    House {
        store,
        access,
        channels: channels(clock),
        company,
        users,
    }
}

fn channels(clock: Clock) -> Channels {
    let options = channels::Options {
        public_url: "https://campanile.example".to_owned(),
        hosts: base::destination::Hosts::default(),
        egress: egress::Options {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..egress::Options::default()
        },
        email: email::Options {
            smtp_url: None,
            from: "campanile@example.com".to_owned(),
            folder: std::env::temp_dir(),
            ca_file: None,
            timeout: Duration::from_secs(5),
        },
        signing: SigningMaster(vec![7; 32]),
        webhook_timeout: Duration::from_secs(5),
        chat_timeout: Duration::from_secs(5),
    };
    Channels::new(options, clock).unwrap()
}

/// A rule that posts every created finding to the receiver.
async fn rule(house: &House, port: u16) {
    let root = people::admin(&house.store, "root@example.com").await;
    let caller = people::caller(&house.access, root).await;
    let state = notify::http::State {
        access: house.access.clone(),
        channels: house.channels.clone(),
        doorbell: Doorbell::new(),
    };
    let body = serde_json::json!({"event_type": "finding.assigned", "channel": "webhook",
        "recipients": {"urls": [format!("http://127.0.0.1:{port}/hook")]}});
    let body = serde_json::from_value(body).unwrap();
    let made = notify::rules::http::create_rule(State(state), caller, access::Json(body)).await;
    assert!(made.is_ok(), "a rule");
}

async fn emit(house: &House, shape: Shape, events: u64, callers: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (house, next) = (house.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= events {
                        return;
                    }
                    let event = event(&house, shape, usize::try_from(n).unwrap());
                    house.store.write(move |tx| tx.emit(event)).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

fn event(house: &House, shape: Shape, n: usize) -> Event {
    let clock = house.store.clock();
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let kind = match shape {
        Shape::Plain => Kind::FindingUpdated,
        Shape::Bell => Kind::FindingStatusChanged,
        Shape::Told | Shape::Webhook => Kind::FindingAssigned,
    };
    let mut event = Event::new(clock, kind, Audience::Company(house.company), subject);
    event.severity = Some(Severity::High);
    if matches!(shape, Shape::Bell | Shape::Told) {
        event.assignee_users = (0..3)
            .map(|at| house.users[(n + at) % house.users.len()])
            .collect();
    }
    event.data = serde_json::from_value(serde_json::json!({
        "finding_id": subject.id.to_string(), "title": "SQL injection in the login form", "status": "open",
        "company_id": house.company.to_string(), "company_name": "Acme", "location": "src/login.rs:42",
    }))
    .unwrap();
    event
}

/// Waits until everything is planned and nothing is on its way, by what is quick to ask; then counts.
async fn until(house: &House, messages: u64) {
    const BUSY: &str = "select count(*) from (select id from events where planned_at = 0 \
         union all select id from deliveries where state = 'pending' \
         union all select id from deliveries where state = 'sending') busy";
    const DELIVERED: &str = "select count(*) from deliveries where state = 'delivered'";
    while count(house, BUSY).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count(house, DELIVERED).await, messages);
}

async fn count(house: &House, sql: &'static str) -> u64 {
    let counted: Option<(u64,)> = house.store.read(move |tx| tx.one(sql, &[])).await.unwrap();
    counted.unwrap().0
}

/// An HTTP server on loopback that takes everything.
async fn receiver() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    port
}

async fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let Ok(read) = stream.read(&mut buffer).await else {
            return;
        };
        if read == 0 {
            return;
        }
        request.extend_from_slice(&buffer[..read]);
        if whole(&request) {
            request.clear();
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>())
        })
        .and_then(Result::ok)
        .unwrap_or(0);
    body.len() >= length
}

/// User and system time of this process, from /proc/self/stat (fields 14 and 15, in 1/100 s).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
