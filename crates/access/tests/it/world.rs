//! Two companies and their users, behind a router like the server's.

use std::time::Duration;

use access::{Access, LoginLimits, Options, Role, Secret, http, testing};
use axum::Router;
use base::{Bus, Clock, Id, Time};
use store::{MigrationSet, Store};

pub(crate) use testkit::{Answer, Client};

pub(crate) const TABLES: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, notify::MIGRATIONS];

/// The time at which every test begins.
pub(crate) fn start() -> Time {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// One database with two companies.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) router: Router,
    /// The company most tests are about.
    pub(crate) ours: Id,
    /// Another one.
    pub(crate) theirs: Id,
    pub(crate) admin: Id,
}

impl World {
    /// One for each available database.
    pub(crate) async fn each() -> Vec<Self> {
        Self::each_with(|_| ()).await
    }

    /// The same with other options.
    pub(crate) async fn each_with(set: impl Fn(&mut Options)) -> Vec<Self> {
        let clock = Clock::manual(start());
        let mut worlds = Vec::new();
        for (name, store) in store::testing::stores_with(clock.clone(), TABLES).await {
            worlds.push(Self::on(name, store, &set).await);
        }
        worlds
    }

    /// One on a database of this many pages.
    pub(crate) async fn of_pages(pages: u32) -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let mut options = store::Options::new(url);
        options.max_pages = Some(pages);
        let store = Store::open(options, Clock::manual(start()), Bus::new())
            .await
            .unwrap();
        store.migrate(TABLES).await.unwrap();
        (Self::on("SQLite", store, |_| ()).await, folder)
    }

    async fn on(name: &'static str, store: Store, set: impl Fn(&mut Options)) -> Self {
        let mut options = Options::new(Secret::new(testing::KEY));
        "https://campanile.example".clone_into(&mut options.public_url);
        options.login = LoginLimits {
            account_burst: 1_000,
            peer_burst: 1_000,
            ..LoginLimits::default()
        };
        set(&mut options);
        let access = Access::new(store.clone(), options);
        Self {
            name,
            clock: store.clock().clone(),
            router: router(&access),
            ours: testing::company(&store, "Ours").await,
            theirs: testing::company(&store, "Theirs").await,
            admin: testing::admin(&store, "admin@example.org").await,
            access,
            store,
        }
    }

    /// A new member of a company.
    pub(crate) async fn member(&self, company: Id, role: Role) -> Id {
        let user = testing::user(&self.store, &format!("{}@example.org", self.clock.id())).await;
        testing::member(&self.store, company, user, role).await;
        user
    }

    /// A session of this user.
    pub(crate) async fn as_user(&self, user: Id) -> Client {
        let token = testing::session(&self.access, user).await;
        self.bearer(&token)
    }

    pub(crate) async fn as_admin(&self) -> Client {
        self.as_user(self.admin).await
    }

    pub(crate) fn bearer(&self, token: &str) -> Client {
        self.anonymous().bearer(token)
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.router, self.name)
    }
}

/// Two processes on one database.
pub(crate) struct Pair {
    /// The one that makes changes.
    pub(crate) there: World,
    /// The other one.
    pub(crate) here: Access,
    _folder: tempfile::TempDir,
}

impl Pair {
    /// One for each available database.
    pub(crate) async fn each() -> Vec<Self> {
        let clock = Clock::manual(start());
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}", folder.path().join("test.db").display());
        let mut pairs = vec![Self::on("SQLite", file, folder, &clock).await];
        if let Ok(server) = std::env::var(store::testing::POSTGRES) {
            let url = store::testing::postgres_url(&server, &clock).await.unwrap();
            pairs.push(Self::on("PostgreSQL", url, tempfile::tempdir().unwrap(), &clock).await);
        }
        pairs
    }

    async fn on(name: &'static str, url: String, folder: tempfile::TempDir, clock: &Clock) -> Self {
        let open = async || {
            let mut options = store::Options::new(&url);
            options.connections = 4;
            Store::open(options, clock.clone(), Bus::new()).await.unwrap()
        };
        let store = open().await;
        store.migrate(TABLES).await.unwrap();
        Self {
            there: World::on(name, store, |_| ()).await,
            here: testing::access(&open().await),
            _folder: folder,
        }
    }
}

fn router(access: &Access) -> Router {
    let (router, api) = http::router()
        .with_state(access.clone())
        // The handlers of teams are in notify, because a team has URLs.
        .merge(notify::router::notifications().with_state(notify_state(access)))
        .split_for_parts();
    assert!(
        api.to_json().is_ok_and(|text| text.contains("Page_User")),
        "documented"
    );
    testkit::guarded(router, access)
}

fn notify_state(access: &Access) -> notify::http::State {
    let options = notify::channels::Options {
        public_url: "https://campanile.example".to_owned(),
        hosts: notify::channels::destination::Hosts::default(),
        egress: notify::egress::Options::default(),
        webhook_timeout: Duration::from_secs(1),
        chat_timeout: Duration::from_secs(1),
        email: notify::channels::email::Options {
            smtp_url: None,
            from: "campanile@example.com".to_owned(),
            folder: std::env::temp_dir(),
            ca_file: None,
            timeout: Duration::from_secs(1),
        },
        signing: notify::channels::SigningMaster(vec![7; 32]),
    };
    notify::http::State {
        access: access.clone(),
        channels: notify::channels::Channels::new(options, access.store().clock().clone()).unwrap(),
        doorbell: notify::Doorbell::new(),
        company_of: std::sync::Arc::new(|_, _, _| Ok(None)),
        managers: notify::http::Managers::default(),
        unread_after: Duration::ZERO,
    }
}
