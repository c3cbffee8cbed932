//! Databases with tables, copied from one that was migrated once: migrating takes longer than most tests.
//!
//! Owns: the templates. Each is identified by the text of its steps, so that an outdated one is never used, and
//! is created by the first test process that needs it. A SQLite template is a file in a folder next to the test binaries, a
//! PostgreSQL template a database on the server in use.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use base::{Bus, Clock};
use sha2::{Digest, Sha256};

use crate::{Error, MigrationSet, Options, Store};

/// Any number, as long as no other lock of this server's tests uses it.
const LOCK: &str = "select pg_advisory_lock(727276)";
/// A name can have 63 bytes.
const NAME: usize = 40;

/// The key of these tables.
fn key(sets: &[MigrationSet]) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        for (name, sql) in set.steps {
            for part in [set.owner, name, sql] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
        }
    }
    let mut key = String::new();
    for byte in hash.finalize() {
        let _ = write!(key, "{byte:02x}");
    }
    key.truncate(NAME);
    key
}

fn failed(error: &std::io::Error) -> Error {
    Error::Database(format!("no template: {error}"))
}

/// Creates a file that is a SQLite database with these tables.
pub(super) async fn sqlite(file: &Path, sets: &'static [MigrationSet]) -> Result<(), Error> {
    let (folder, name) = place(sets).map_err(|error| failed(&error))?;
    let template = folder.join(name);
    if !template.exists() {
        let making = tempfile::tempdir_in(&folder).map_err(|error| failed(&error))?;
        let made = making.path().join("test.db");
        migrate(format!("sqlite://{}", made.display()), sets).await?;
        // Another process may have been faster: its file is the same.
        std::fs::rename(made, &template).map_err(|error| failed(&error))?;
    }
    std::fs::copy(template, file).map_err(|error| failed(&error))?;
    Ok(())
}

/// The folder and the name of the file with these tables; the folder exists.
fn place(sets: &[MigrationSet]) -> std::io::Result<(PathBuf, String)> {
    let program = std::env::current_exe()?;
    let folder = program
        .ancestors()
        .nth(2)
        .map_or_else(PathBuf::new, Path::to_owned);
    let folder = folder.join("test-templates");
    std::fs::create_dir_all(&folder)?;
    Ok((folder, format!("{}.db", key(sets))))
}

/// The name of a database of this server that has these tables and no connections.
pub(super) async fn postgres(server: &str, sets: &'static [MigrationSet]) -> Result<String, Error> {
    const THERE: &str = "select 1 from pg_database where datname = $1";
    let name = format!("template_{}", key(sets));
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    if client.query_opt(THERE, &[&name]).await?.is_none() {
        // Held until this connection ends.
        client.batch_execute(LOCK).await?;
        if client.query_opt(THERE, &[&name]).await?.is_none() {
            let making = format!("making_{}", key(sets));
            client
                .batch_execute(&format!("drop database if exists {making}"))
                .await?;
            client.batch_execute(&format!("create database {making}")).await?;
            migrate(super::url_of(server, &making), sets).await?;
            let rename = format!("alter database {making} rename to {name}");
            client.batch_execute(&rename).await?;
        }
    }
    drop(client);
    let _ = connection.await;
    Ok(name)
}

async fn migrate(url: String, sets: &'static [MigrationSet]) -> Result<(), Error> {
    let store = Store::open(Options::new(url), Clock::system(), Bus::new()).await?;
    let done = store.migrate(sets).await;
    store.close().await;
    done
}
