//! Fresh databases for tests.

mod templates;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use base::{Bus, Clock};

use crate::{Error, MigrationSet, Options, Row, Store, Tx};

/// The URL of a PostgreSQL server on which the tests may create databases.
pub const POSTGRES: &str = "CAMPANILE_TEST_POSTGRES";

/// An empty SQLite database in its own folder, and an empty database on the PostgreSQL server that
/// `CAMPANILE_TEST_POSTGRES` names, if set. Each with its name.
///
/// # Panics
/// If one cannot be created: the test cannot continue.
#[expect(clippy::expect_used, reason = "a test without its database has failed")]
pub async fn stores(clock: Clock) -> Vec<(&'static str, Store)> {
    let mut stores = vec![("SQLite", sqlite(clock.clone()).await.expect("a SQLite database"))];
    if let Ok(server) = std::env::var(POSTGRES) {
        let url = postgres_url(&server, &clock).await.expect("a database");
        stores.push((
            "PostgreSQL",
            open_postgres(url, clock).await.expect("a PostgreSQL database"),
        ));
    }
    stores
}

/// Like [`stores`], with these tables.
///
/// # Panics
/// If a migration fails.
#[expect(clippy::expect_used, reason = "a test without its tables has failed")]
pub async fn stores_with(clock: Clock, sets: &'static [MigrationSet]) -> Vec<(&'static str, Store)> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.db");
    templates::sqlite(&file, sets).await.expect("SQLite");
    let store = open_in(folder, clock.clone()).await.expect("a SQLite database");
    let mut stores = vec![("SQLite", store)];
    if let Ok(server) = std::env::var(POSTGRES) {
        let url = postgres_url_with(&server, &clock, sets)
            .await
            .expect("a database with tables");
        stores.push((
            "PostgreSQL",
            open_postgres(url, clock).await.expect("a PostgreSQL database"),
        ));
    }
    stores
}

/// The texts of the statements that a store executed since [`count_texts`] was first called.
#[derive(Default)]
pub(crate) struct Texts(OnceLock<Mutex<BTreeSet<String>>>);

impl Texts {
    pub(crate) fn note(&self, sql: &str) {
        if let Some(texts) = self.0.get() {
            let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
            if !texts.contains(sql) {
                texts.insert(sql.to_owned());
            }
        }
    }
}

/// The closure, with its statements recorded.
pub(crate) fn noted<T, E>(
    texts: &Arc<Texts>,
    f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static {
    let texts = Arc::clone(texts);
    move |tx: &mut Tx<'_>| {
        tx.texts = Some(texts);
        f(tx)
    }
}

/// The same for a closure that may run again.
pub(crate) fn noted_again<T, E>(
    texts: &Arc<Texts>,
    f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
) -> impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static {
    let texts = Arc::clone(texts);
    move |tx: &mut Tx<'_>| {
        tx.texts = Some(texts);
        f(tx)
    }
}

/// How many different statements this store executed since the first call.
pub fn count_texts(store: &Store) -> usize {
    let texts = store.0.texts.0.get_or_init(Mutex::default);
    texts.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// An empty SQLite database in a folder that is removed with the store.
///
/// # Errors
/// The database's.
pub async fn sqlite(clock: Clock) -> Result<Store, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::Database(error.to_string()))?;
    open_in(folder, clock).await
}

/// The SQLite database in a folder that is removed with the store.
async fn open_in(folder: tempfile::TempDir, clock: Clock) -> Result<Store, Error> {
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    Store::open_keeping(Options::new(url), clock, Bus::new(), Some(Box::new(folder))).await
}

/// The statements that `f` executes, each with the database's plan when it may use every index.
///
/// # Errors
/// The closure's and the database's.
pub fn plans<E: From<Error>>(
    tx: &mut Tx<'_>,
    f: impl FnOnce(&mut Tx<'_>) -> Result<(), E>,
) -> Result<Vec<(String, Vec<String>)>, E> {
    tx.ran = Some(Vec::new());
    let done = f(tx);
    let ran = tx.ran.take().unwrap_or_default();
    done?;
    // The last of SQLite's four columns is the text; PostgreSQL has only that, and scans small and new tables.
    let (explain, column) = if tx.is_postgres() {
        tx.execute("set local enable_seqscan = off", &[])?;
        ("explain (costs off)", 0)
    } else {
        ("explain query plan", 3)
    };
    let mut plans = Vec::new();
    for (sql, params) in ran {
        let rows: Vec<Row> = tx.all(&format!("{explain} {sql}"), &params)?;
        let lines: Result<_, _> = rows.iter().map(|row| row.get(column)).collect();
        plans.push((sql, lines?));
    }
    Ok(plans)
}

/// The URL of a new, empty database on the server.
///
/// # Errors
/// The database's.
pub async fn postgres_url(server: &str, clock: &Clock) -> Result<String, Error> {
    copy(server, "template1", clock).await
}

/// The URL of a new database on the server with these tables.
///
/// # Errors
/// The database's, and those of [`Store::migrate`].
pub async fn postgres_url_with(
    server: &str,
    clock: &Clock,
    sets: &'static [MigrationSet],
) -> Result<String, Error> {
    let template = templates::postgres(server, sets).await?;
    copy(server, &template, clock).await
}

/// The URL of a new database on the server that is a copy of this one.
async fn copy(server: &str, template: &str, clock: &Clock) -> Result<String, Error> {
    /// For versions with a choice, avoids the default, which suits large databases better: it writes each block to the log, which
    /// takes ten times as long.
    const FILES: &str = "select case when current_setting('server_version_num')::integer >= 150000 \
                         then 'strategy file_copy' else '' end";
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let name = format!("t_{}", clock.id().to_string().replace('-', ""));
    let strategy: String = client.query_one(FILES, &[]).await?.get(0);
    let create = format!("create database {name} template {template} {strategy}");
    client.batch_execute(&create).await?;
    drop(client);
    let _ = connection.await;
    Ok(url_of(server, &name))
}

/// The URL of this database of the server.
fn url_of(server: &str, name: &str) -> String {
    let (base, query) = server
        .split_once('?')
        .map_or((server, ""), |(base, query)| (base, query));
    let root = base
        .rsplit_once('/')
        .filter(|(root, _)| !root.ends_with('/'))
        .map_or(base, |(root, _)| root);
    let separator = if query.is_empty() { "" } else { "&" };
    format!("{root}/{name}?{query}{separator}sslmode=disable")
}

async fn open_postgres(url: String, clock: Clock) -> Result<Store, Error> {
    let mut options = Options::new(url);
    options.connections = 8;
    Store::open(options, clock, Bus::new()).await
}
