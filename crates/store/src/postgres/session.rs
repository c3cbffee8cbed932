//! A connection to PostgreSQL. The thread that uses it also drives it, so an answer crosses no other thread.
//!
//! Owns: the connection, its runtime and its prepared statements. Must not: know what a transaction is.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinHandle, yield_now},
    time::timeout,
};
use tokio_postgres::{Client, Config, NoTls, Row, Statement, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// How many statements a connection keeps prepared. Ordinary use has fewer texts; a caller that finds a way to create more
/// does not fill the memory of both ends.
const STATEMENTS: usize = 512;
/// How long an orderly end may take.
const FAREWELL: Duration = Duration::from_millis(200);
/// After this many turns of the runtime, what was sent has been written and what arrived has been read.
const TURNS: usize = 3;

type Params<'a> = [&'a (dyn ToSql + Sync)];

/// A connection that one thread at a time uses.
pub(super) struct Session {
    client: Option<Client>,
    statements: RefCell<HashMap<Box<str>, Statement>>,
    connection: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Session {
    /// Connects, in at most this time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] after a line in the log.
    pub(super) fn connect(
        config: &Config,
        tls: Option<&MakeRustlsConnect>,
        within: Duration,
    ) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Database(format!("a runtime for a connection: {error}")))?;
        let connected = runtime.block_on(timeout(within, async {
            Ok(match tls {
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    (client, tokio::spawn(async { drop(connection.await) }))
                }
                Some(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    (client, tokio::spawn(async { drop(connection.await) }))
                }
            })
        }));
        let (client, connection) = connected
            .map_err(|_| Error::no_connection(&"no answer in time"))?
            .map_err(|error: tokio_postgres::Error| Error::no_connection(&error))?;
        Ok(Self {
            client: Some(client),
            statements: RefCell::default(),
            connection: Some(connection),
            runtime: Some(runtime),
        })
    }

    /// Whether the server has not ended it while nobody used it.
    pub(super) fn is_open(&self) -> bool {
        self.block_on(turns()).is_ok() && self.client().is_ok_and(|client| !client.is_closed())
    }

    /// Ends it in order, so that the server does not have to notice.
    pub(super) fn end(mut self) {
        self.statements.borrow_mut().clear();
        self.client = None;
        if let (Some(runtime), Some(connection)) = (&self.runtime, self.connection.take()) {
            let _ = runtime.block_on(async { timeout(FAREWELL, connection).await });
        }
    }

    /// Waits for it, which also drives the connection.
    pub(super) fn block_on<T>(&self, what: impl Future<Output = T>) -> Result<T, Error> {
        Ok(self.runtime.as_ref().ok_or(Error::Closed)?.block_on(what))
    }

    /// Runs statements without parameters.
    pub(super) async fn script(&self, sql: &str) -> Result<(), Error> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    /// Sends statements without parameters and does not wait for the answer: the server processes them before anything that is
    /// sent later, and if the connection ends, so does its transaction.
    pub(super) fn send(&self, sql: &str) {
        let _ = self.block_on(async {
            tokio::select! {
                biased;
                _ = self.script(sql) => {}
                () = turns() => {}
            }
        });
    }

    pub(super) async fn execute(&self, sql: &str, params: &Params<'_>) -> Result<u64, Error> {
        let statement = self.prepared(sql).await?;
        Ok(self.client()?.execute(&statement, params).await?)
    }

    pub(super) async fn rows(&self, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql).await?;
        Ok(self.client()?.query(&statement, params).await?)
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client()?.prepare(sql).await?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or(Error::Closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A runtime that waits for its tasks must not be dropped by a task of another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lets the connection write what was sent and read what arrived.
async fn turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}
