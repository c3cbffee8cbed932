//! Fresh databases for tests.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use base::{Bus, Clock};

use crate::{Error, MigrationSet, Options, Row, Store, Tx};

/// The URL of a PostgreSQL server on which the tests may make databases.
pub const POSTGRES: &str = "CAMPANILE_TEST_POSTGRES";

/// An empty SQLite database in a folder of its own, and an empty database on the PostgreSQL server that
/// `CAMPANILE_TEST_POSTGRES` names, where it is set. Each with its name.
///
/// # Panics
/// Where one cannot be made: the test cannot go on.
#[expect(clippy::expect_used, reason = "a test without its database has failed")]
pub async fn stores(clock: Clock) -> Vec<(&'static str, Store)> {
    let mut stores = vec![("SQLite", sqlite(clock.clone()).await.expect("a SQLite database"))];
    if let Ok(server) = std::env::var(POSTGRES) {
        stores.push((
            "PostgreSQL",
            postgres(&server, clock).await.expect("a PostgreSQL database"),
        ));
    }
    stores
}

/// Like [`stores`], with these tables.
///
/// # Panics
/// Where a migration fails.
#[expect(clippy::expect_used, reason = "a test without its tables has failed")]
pub async fn stores_with(clock: Clock, sets: &'static [MigrationSet]) -> Vec<(&'static str, Store)> {
    let stores = stores(clock).await;
    for (name, store) in &stores {
        store.migrate(sets).await.expect(name);
    }
    stores
}

/// The texts of the statements that a store ran since [`count_texts`] was first called.
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

/// The closure, whose statements are noted.
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

/// How many different statements this store ran since the first call.
pub fn count_texts(store: &Store) -> usize {
    let texts = store.0.texts.0.get_or_init(Mutex::default);
    texts.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// An empty SQLite database in a folder that goes with the store.
///
/// # Errors
/// The database's.
pub async fn sqlite(clock: Clock) -> Result<Store, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::Database(error.to_string()))?;
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    Store::open_keeping(Options::new(url), clock, Bus::new(), Some(Box::new(folder))).await
}

/// The statements that `f` runs, each with how the database goes about it when it may use every index.
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
    // Of SQLite's four columns the last is the words; PostgreSQL has only those, and scans what is small and new.
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
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let name = format!("t_{}", clock.id().to_string().replace('-', ""));
    client.batch_execute(&format!("create database {name}")).await?;
    drop(client);
    let _ = connection.await;
    let (base, query) = server
        .split_once('?')
        .map_or((server, ""), |(base, query)| (base, query));
    let root = base
        .rsplit_once('/')
        .filter(|(root, _)| !root.ends_with('/'))
        .map_or(base, |(root, _)| root);
    let separator = if query.is_empty() { "" } else { "&" };
    Ok(format!("{root}/{name}?{query}{separator}sslmode=disable"))
}

async fn postgres(server: &str, clock: Clock) -> Result<Store, Error> {
    let mut options = Options::new(postgres_url(server, &clock).await?);
    options.connections = 8;
    Store::open(options, clock, Bus::new()).await
}
