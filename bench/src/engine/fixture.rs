//! A company with users, its database, and a running engine.

use std::{sync::Arc, time::Duration};

use access::{Access, Role, testing as people};
use axum::extract::State;
use base::{Bus, Clock, Id, Kind};
use notify::{
    Doorbell, Engine,
    channels::{self, Attempt, Channels, Outcome, SigningMaster, email},
    egress, engine,
};
use store::{MigrationSet, Store};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

static TABLES: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, notify::MIGRATIONS];

#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) channels: Channels,
    pub(crate) company: Id,
    pub(crate) users: Vec<Id>,
    /// The first process of its PostgreSQL server.
    pub(crate) postmaster: Option<u32>,
    _folder: Arc<TempDir>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// SQLite, and PostgreSQL if there is a server.
    pub(crate) fn all() -> Vec<Self> {
        let only = std::env::var("CAMPANILE_BENCH_DATABASE").ok();
        let wanted = |name| only.as_deref().is_none_or(|only| only == name);
        let mut all = Vec::new();
        if wanted("sqlite") {
            all.push(Self::Sqlite);
        }
        if wanted("postgres") && std::env::var(store::testing::POSTGRES).is_ok() {
            all.push(Self::Postgres);
        }
        all
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// What happens to messages.
#[derive(Clone, Copy)]
pub(crate) enum Sending {
    /// They are sent through the real channels.
    Out,
    /// They are discarded as delivered.
    Nowhere,
    /// They hang.
    Hanging,
}

impl Fixture {
    /// A company with 50 users on an empty database; mail goes to this port.
    pub(crate) async fn new(database: Database, smtp: Option<u16>) -> Self {
        let clock = Clock::system();
        let folder = tempfile::tempdir_in(".").unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite://{}", folder.path().join("engine.db").display()),
            Database::Postgres => {
                let server = std::env::var(store::testing::POSTGRES).unwrap();
                store::testing::postgres_url(&server, &clock).await.unwrap()
            }
        };
        let options = store::Options::new(url);
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
        let postmaster = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(postmaster(&store).await),
        };
        Self {
            channels: channels(clock, smtp),
            postmaster,
            store,
            access,
            company,
            users,
            _folder: Arc::new(folder),
        }
    }

    /// A rule that posts every assigned finding to these URLs.
    pub(crate) async fn rule(&self, urls: &[String]) {
        let root = people::admin(&self.store, "root@example.com").await;
        // URLs can only be set in a session.
        let session = people::session(&self.access, root).await;
        let caller = self.access.caller(&session).await.unwrap();
        // Without assignees an event goes to the administrators: these figures are for the rule alone.
        let none = ["in_app", "email"].map(|channel| (format!("{}:{channel}", Kind::FindingAssigned), false));
        let set = notify::preferences::http::put_preferences(
            State(self.api()),
            caller.clone(),
            access::Json(none.into_iter().collect()),
        );
        assert!(set.await.is_ok(), "preferences");
        let body = serde_json::json!({"event_type": Kind::FindingAssigned, "channel": "webhook",
            "recipients": {"urls": urls}});
        let body = serde_json::from_value(body).unwrap();
        let made = notify::rules::http::create_rule(
            State(self.api()),
            caller,
            access::Create(access::Once::default(), body),
        )
        .await;
        assert!(made.is_ok(), "a rule");
    }

    /// The state of the API handlers.
    pub(crate) fn api(&self) -> notify::http::State {
        notify::http::State {
            access: self.access.clone(),
            channels: self.channels.clone(),
            doorbell: Doorbell::new(),
            company_of: std::sync::Arc::new(|_, _, _| Ok(None)),
            managers: notify::http::Managers::default(),
            unread_after: std::time::Duration::ZERO,
        }
    }

    pub(crate) async fn count(&self, sql: &'static str) -> u64 {
        let counted: Option<(u64,)> = self.store.read(move |tx| tx.one(sql, &[])).await.unwrap();
        counted.unwrap().0
    }

    /// Waits until every event is planned.
    pub(crate) async fn planned(&self) {
        const BUSY: &str = "select count(*) from (select id from events where planned_at = 0 limit 1) busy";
        while self.count(BUSY).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until every event is planned and no message is pending; then this many must have been delivered.
    pub(crate) async fn delivered(&self, messages: u64) {
        const BUSY: &str = "select (select count(*) from (select id from deliveries where state = 'pending' limit 1) a) \
             + (select count(*) from (select id from deliveries where state = 'sending' limit 1) b)";
        const DELIVERED: &str = "select count(*) from deliveries where state = 'delivered'";
        self.planned().await;
        while self.count(BUSY).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.count(DELIVERED).await, messages, "every message arrived");
    }

    /// `burst`: how many single messages a user gets per minute; 0 for no limit.
    pub(crate) fn engine(&self, way: Sending, burst: u32) -> Running {
        let (access, channels) = (self.access.clone(), self.channels.clone());
        let options = engine::Options {
            // Hanging attempts are not awaited at the end of the measurement.
            grace: Duration::from_millis(100),
            burst,
            ..engine::Options::default()
        };
        let send: engine::Send = match way {
            Sending::Out => return Running::start(Engine::new(access, channels, Doorbell::new(), options)),
            Sending::Nowhere => {
                Arc::new(|_, _| Box::pin(async { Attempt::without_answer(Outcome::Delivered, "") }))
            }
            Sending::Hanging => Arc::new(|_, _| Box::pin(std::future::pending())),
        };
        Running::start(Engine::sending(access, channels, Doorbell::new(), options, send))
    }
}

/// A running engine.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(engine: Engine) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(engine.run(async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// The parent of the server's processes: of the one that answers.
async fn postmaster(store: &Store) -> u32 {
    let backend: Option<(u32,)> = store
        .read(|tx| tx.one("select cast(pg_backend_pid() as bigint)", &[]))
        .await
        .unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", backend.unwrap().0)).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.unwrap().trim().parse().unwrap()
}

/// Only this machine is allowed as destination.
pub(crate) fn egress() -> egress::Options {
    egress::Options {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..egress::Options::default()
    }
}

pub(crate) fn channels(clock: Clock, smtp: Option<u16>) -> Channels {
    let options = channels::Options {
        public_url: "https://campanile.example".to_owned(),
        hosts: notify::channels::destination::Hosts::default(),
        egress: egress(),
        email: email::Options {
            smtp_url: smtp.map(|port| format!("smtp://127.0.0.1:{port}?tls=none")),
            from: "campanile@example.com".to_owned(),
            folder: std::env::temp_dir(),
            ca_file: None,
            timeout: Duration::from_secs(30),
        },
        signing: SigningMaster(vec![7; 32]),
        webhook_timeout: Duration::from_secs(15),
        chat_timeout: Duration::from_secs(10),
    };
    Channels::new(options, clock).unwrap()
}
