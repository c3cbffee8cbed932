//! A connection to PostgreSQL. The thread that uses it also drives it, so an answer crosses no other thread.
//!
//! Owns: the connection, its runtime and its prepared statements. Must not: know what a transaction is.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinHandle, yield_now},
    time::timeout,
};
use tokio_postgres::{Client, Config, NoTls, Row, Statement, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::types;
use crate::{Error, rows::Queued};

/// How many statements a connection keeps prepared. Ordinary use has fewer texts; a caller that finds a way to create more
/// does not fill the memory of both ends.
const STATEMENTS: usize = 512;
/// How long an orderly end may take.
const FAREWELL: Duration = Duration::from_millis(200);
/// After this many turns of the runtime, what was sent has been written and what arrived has been read.
const TURNS: usize = 3;

/// Compiling a plan takes half a second and more on a busy machine, and statements that are estimated to be expensive, because they
/// avoid sequential scans, would be compiled.
const SETTINGS: &str = "set jit = off";

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
        let connecting = async {
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
        };
        let (client, connection) = runtime
            .block_on(async { timeout(within, connecting).await })
            .map_err(|_| Error::no_connection(&"no answer in time"))?
            .map_err(|error: tokio_postgres::Error| Error::no_connection(&error))?;
        let session = Self {
            client: Some(client),
            statements: RefCell::default(),
            connection: Some(connection),
            runtime: Some(runtime),
        };
        let set = async { timeout(within, session.script(SETTINGS)).await };
        session
            .block_on(set)?
            .map_err(|_| Error::no_connection(&"no answer in time"))??;
        Ok(session)
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

    /// Waits for the answer to a statement that is sent after what begins its transaction and after these, all at once. If one
    /// fails, the server skips those that follow; the error is that of the first.
    pub(super) async fn after<T>(
        &self,
        begin: Option<&'static str>,
        queue: &[Queued],
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // First, because preparing waits for an answer, and nothing may be sent out of order.
        let mut statements = Vec::with_capacity(queue.len());
        for queued in queue {
            statements.push(self.prepared(&queued.sql).await?);
        }
        let client = self.client()?;
        let params: Vec<_> = queue.iter().map(types::queued).collect();
        let mut sent: Vec<Sending<'_>> = Vec::with_capacity(queue.len() + 1);
        if let Some(begin) = begin {
            sent.push(Box::pin(self.script(begin)));
        }
        for (statement, params) in statements.iter().zip(&params) {
            sent.push(Box::pin(async move {
                let params = types::borrowed(params);
                client.execute(statement, &params).await?;
                Ok(())
            }));
        }
        in_order(sent, asked).await
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

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Sends all of them, in this order, then waits for all answers. The result is the first failure, or that of the last.
async fn in_order<T>(
    sent: Vec<Sending<'_>>,
    last: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut waiting: Vec<(Option<Sending<'_>>, Option<Error>)> =
        sent.into_iter().map(|sent| (Some(sent), None)).collect();
    let (mut last, mut result) = (pin!(last), None);
    poll_fn(|context| {
        for (sent, failure) in &mut waiting {
            if let Some(Poll::Ready(done)) = sent.as_mut().map(|sent| sent.as_mut().poll(context)) {
                *sent = None;
                *failure = done.err();
            }
        }
        if result.is_none()
            && let Poll::Ready(done) = last.as_mut().poll(context)
        {
            result = Some(done);
        }
        let are_done = waiting.iter().all(|(sent, _)| sent.is_none());
        match result.take_if(|_| are_done) {
            Some(done) => Poll::Ready(match waiting.iter_mut().find_map(|(_, failure)| failure.take()) {
                Some(failure) => Err(failure),
                None => done,
            }),
            None => Poll::Pending,
        }
    })
    .await
}

/// Lets the connection write what was sent and read what arrived.
async fn turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}
