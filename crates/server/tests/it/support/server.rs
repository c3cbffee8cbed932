//! The server in this process, on every available database.

use std::{net::SocketAddr, path::PathBuf};

use base::Clock;
use campanile::{
    app::{self, App},
    config::Config,
};
use store::{MigrationSet, testing};
use tempfile::TempDir;

use super::Client;

pub const ADMIN: &str = "admin@campanile.test";
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// A database and a data folder.
pub struct Database {
    pub name: &'static str,
    pub url: String,
    folder: TempDir,
}

impl Database {
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The variables for a server on this database, plus these.
    pub fn settings(&self, more: &[(&str, String)]) -> Vec<(String, String)> {
        let own = [
            ("CAMPANILE_LISTEN", "127.0.0.1:0".to_owned()),
            ("CAMPANILE_DATABASE_URL", self.url.clone()),
            ("CAMPANILE_DATA_DIR", self.data_dir().display().to_string()),
            ("CAMPANILE_ADMIN_EMAIL", ADMIN.to_owned()),
            ("CAMPANILE_ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
            ("CAMPANILE_LOG__LEVEL", "warn".to_owned()),
        ];
        let more = more.iter().map(|(name, value)| (*name, value.clone()));
        own.into_iter()
            .chain(more)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// A server on it, in this process.
    pub async fn start(&self, more: &[(&str, String)], clock: Clock) -> App {
        let config = Config::load(None, self.settings(more)).unwrap();
        App::start(config, clock).await.unwrap()
    }
}

/// SQLite, and PostgreSQL if a test server is configured. The latter is already migrated:
/// creating its tables takes a second each time.
pub async fn databases() -> Vec<Database> {
    databases_with(app::MIGRATIONS).await
}

/// The same for tests of a first start.
pub async fn empty_databases() -> Vec<Database> {
    databases_with(&[]).await
}

async fn databases_with(sets: &'static [MigrationSet]) -> Vec<Database> {
    // One provider for all TLS of this process, as in the program itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("campanile.db").display());
    let mut databases = vec![Database {
        name: "SQLite",
        url,
        folder,
    }];
    if let Ok(server) = std::env::var(testing::POSTGRES) {
        let clock = Clock::system();
        let url = if sets.is_empty() {
            testing::postgres_url(&server, &clock).await
        } else {
            testing::postgres_url_with(&server, &clock, sets).await
        };
        let url = url.unwrap();
        databases.push(Database {
            name: "PostgreSQL",
            url,
            folder: tempfile::tempdir().unwrap(),
        });
    }
    databases
}

/// A running server. Stop it at the end of the test: then it checks that no delivery is left.
pub struct Server {
    app: App,
}

impl Server {
    pub async fn start(database: &Database, more: &[(&str, String)]) -> Self {
        Self::start_on(database, more, Clock::system()).await
    }

    /// The same with the test's clock.
    pub async fn start_on(database: &Database, more: &[(&str, String)], clock: Clock) -> Self {
        Self {
            app: database.start(more, clock).await,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.app.address()
    }

    pub async fn admin(&self) -> Client {
        Client::sign_in(self.address(), ADMIN, ADMIN_PASSWORD).await
    }

    /// Stops it and fails the test if a delivery was still pending: the test did not check what it would have sent.
    pub async fn stop(self) {
        let admin = self.admin().await;
        super::eventually("the end of all deliveries", || async {
            let left = admin.get("/deliveries?state=pending").await.expect(200);
            left["items"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
        self.app.stop().await;
    }
}
