//! A small house for the tests of this crate: both databases, a company with people, an engine whose messages go to
//! the test instead of out.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use access::{Access, Role, testing as people};
use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType, Time};
use store::{MigrationSet, Store};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    Doorbell, Engine,
    channel::Channel,
    channels::{Attempt, Channels, Outbound, Outcome, SigningMaster, email},
    egress,
    engine::{self, Send},
};

static SETS: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, crate::MIGRATIONS];

/// When every test begins.
pub(crate) const START: Time = Time::from_nanos(1_790_000_000_000_000_000);

/// A company with people, on one database.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) name: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) channels: Channels,
    pub(crate) doorbell: Doorbell,
    pub(crate) company: Id,
    /// Members of the company: `ana@example.com` and `ben@example.com`.
    pub(crate) ana: Id,
    pub(crate) ben: Id,
    /// An administrator of the platform.
    pub(crate) root: Id,
}

/// The same house on each database there is.
pub(crate) async fn houses() -> Vec<House> {
    let clock = Clock::manual(START);
    let mut houses = Vec::new();
    for (name, store) in store::testing::stores_with(clock.clone(), SETS).await {
        let access = people::access(&store);
        let company = people::company(&store, "Acme").await;
        let ana = people::user(&store, "ana@example.com").await;
        let ben = people::user(&store, "ben@example.com").await;
        let root = people::admin(&store, "root@example.com").await;
        for user in [ana, ben] {
            people::member(&store, company, user, Role::Analyst).await;
        }
        houses.push(House {
            name,
            clock: clock.clone(),
            store,
            access,
            channels: channels(&clock),
            doorbell: Doorbell::new(),
            company,
            ana,
            ben,
            root,
        });
    }
    houses
}

fn channels(clock: &Clock) -> Channels {
    let options = crate::channels::Options {
        public_url: "https://campanile.example".to_owned(),
        egress: egress::Options::default(),
        email: email::Options {
            smtp_url: None,
            from: "campanile@example.com".to_owned(),
            folder: std::env::temp_dir(),
            ca_file: None,
            timeout: Duration::from_secs(1),
        },
        webhook_timeout: Duration::from_secs(1),
        chat_timeout: Duration::from_secs(1),
        signing: SigningMaster(vec![7; 32]),
    };
    Channels::new(options, clock.clone()).unwrap()
}

impl House {
    /// An event of the company, with a title.
    pub(crate) fn event(&self, kind: Kind, users: &[Id], teams: &[Id]) -> Event {
        let subject = Subject {
            kind: SubjectType::Finding,
            id: self.clock.id(),
        };
        let mut event = Event::new(&self.clock, kind, Audience::Company(self.company), subject);
        event.severity = kind.about().severity.then_some(Severity::High);
        event.assignee_users = users.to_vec();
        event.assignee_teams = teams.to_vec();
        event.data.insert("title".into(), "SQL injection".into());
        event.data.insert("company_name".into(), "Acme".into());
        event
    }

    /// Lets it happen.
    pub(crate) async fn emit(&self, event: Event) -> Id {
        let id = event.id;
        self.store.write(move |tx| tx.emit(event)).await.unwrap();
        id
    }

    /// Assigns a high finding to these people.
    pub(crate) async fn assign(&self, users: &[Id], teams: &[Id]) -> Id {
        self.emit(self.event(Kind::FindingAssigned, users, teams)).await
    }

    /// What the rows of a query say, each column as text.
    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<(String,)> {
        self.store.read(move |tx| tx.all(sql, &[])).await.unwrap()
    }

    /// The number that a query answers.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let (count,) = self
            .store
            .read(move |tx| tx.one::<(i64,)>(sql, &[]))
            .await
            .unwrap()
            .unwrap();
        count
    }

    /// Waits until the query answers `count`, without a clock: by asking again.
    pub(crate) async fn until(&self, sql: &'static str, count: i64) {
        let mut now = 0;
        for _ in 0..20_000 {
            now = self.count(sql).await;
            if now == count {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{}: {sql}: {now} instead of {count}", self.name);
    }

    /// Runs an engine until it is stopped.
    pub(crate) fn engine(&self, post: &Post) -> Running {
        self.engine_with(post, engine::Options::default())
    }

    /// The same with other options.
    pub(crate) fn engine_with(&self, post: &Post, options: engine::Options) -> Running {
        let engine = Engine::sending(
            self.access.clone(),
            self.channels.clone(),
            self.doorbell.clone(),
            options,
            post.send(),
        );
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Running {
            stop: Some(stop),
            task: tokio::spawn(engine.run(shutdown)),
        }
    }
}

/// An engine at work.
pub(crate) struct Running {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it in order.
    pub(crate) async fn stop(mut self) {
        self.ask_to_stop();
        self.task.await.unwrap();
    }

    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// What a destination answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Outcome(Outcome),
    /// It never answers.
    Hangs,
    Panics,
}

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) channel: Channel,
    pub(crate) delivery: Id,
    pub(crate) to: String,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
}

/// The other side of every channel.
#[derive(Clone)]
pub(crate) struct Post {
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    arrived: mpsc::UnboundedSender<Arrived>,
    running: Arc<AtomicUsize>,
}

/// Messages in the order they arrived.
pub(crate) type Mailbag = mpsc::UnboundedReceiver<Arrived>;

impl Post {
    /// A post that takes everything.
    pub(crate) fn new() -> (Self, Mailbag) {
        let (arrived, bag) = mpsc::unbounded_channel();
        let post = Self {
            answers: Arc::default(),
            arrived,
            running: Arc::default(),
        };
        (post, bag)
    }

    /// What `to` answers to the next messages, one after the other; the last answer stays.
    pub(crate) fn answers(&self, to: &str, answers: &[Answer]) {
        let mut all = self.answers.lock().unwrap();
        all.insert(to.to_owned(), answers.iter().rev().cloned().collect());
    }

    fn send(&self) -> Send {
        let post = self.clone();
        Arc::new(move |channel, outbound| {
            let post = post.clone();
            Box::pin(async move { post.take(channel, outbound).await })
        })
    }

    fn answer(&self, to: &str) -> Answer {
        let mut all = self.answers.lock().unwrap();
        match all.get_mut(to) {
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
            None => Answer::Outcome(Outcome::Delivered),
        }
    }

    async fn take(&self, channel: Channel, outbound: Outbound) -> Attempt {
        self.running.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer(&outbound.destination);
        let _ = self.arrived.send(Arrived {
            channel,
            delivery: outbound.delivery_id,
            to: outbound.destination,
            title: outbound.message.title(),
            body: outbound.body,
        });
        let outcome = match answer {
            Answer::Outcome(outcome) => outcome,
            Answer::Hangs => std::future::pending().await,
            Answer::Panics => panic!("a broken channel"),
        };
        let mut attempt = Attempt::without_answer(outcome, "the test says so");
        attempt.status = (outcome != Outcome::Unknown).then_some(200);
        attempt
    }
}

/// The next message, or a failed test.
pub(crate) async fn next(bag: &mut Mailbag) -> Arrived {
    within(bag.recv()).await.unwrap()
}

/// What a future answers in a time that no test needs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap()
}
