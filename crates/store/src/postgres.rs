//! PostgreSQL: a bounded pool, transactions on blocking threads.

mod turns;
mod types;

use std::{str::FromStr, sync::Arc, time::Duration};

use base::{Bus, Clock, Event};
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{runtime::Handle, sync::Semaphore};
use tokio_postgres::config::SslMode;

use crate::{Error, Options, Row, Tx, Value, job::Job, tx};
use turns::{Turn, Turns};

/// How long a request waits for a connection before it hears that the database is away.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the kernel waits for a silent server before it gives a connection up.
const SILENCE: Duration = Duration::from_secs(10);

pub(crate) struct Postgres {
    pool: Pool,
    /// One permit per connection; to close is to have them all.
    permits: Arc<Semaphore>,
    connections: u32,
    answer: Duration,
    turns: Turns,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

impl Postgres {
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        let mut config = tokio_postgres::Config::from_str(&options.url)
            // Not its text: it could quote the URL, and with it the password.
            .map_err(|_| Error::Fault("the PostgreSQL URL is malformed"))?;
        config
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(SILENCE)
            // Without these a server that vanished while it worked is waited for, two hours by the kernel's default.
            .keepalives(true)
            .keepalives_idle(SILENCE)
            .keepalives_interval(SILENCE / 3)
            .keepalives_retries(3)
            .application_name("campanile");
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, tokio_postgres::NoTls, manager)
        } else {
            let tls = rustls::ClientConfig::with_platform_verifier()
                .map_err(|error| Error::Database(format!("TLS for PostgreSQL: {error}")))?;
            Manager::from_config(
                config,
                tokio_postgres_rustls::MakeRustlsConnect::new(tls),
                manager,
            )
        };
        let connections = options.connections.clamp(2, 256);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(PATIENCE))
            .wait_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| Error::Database(error.to_string()))?;
        let permits = Arc::new(Semaphore::new(connections));
        Ok(Self {
            pool,
            permits,
            connections: u32::try_from(connections).unwrap_or(2),
            answer: options.answer,
            turns: Turns::default(),
        })
    }

    pub(crate) async fn run(
        &self,
        mut job: Box<dyn Job>,
        mode: Mode,
        clock: &Clock,
        bus: &Bus,
    ) -> Result<(), Error> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Error::Unavailable)?
            .map_err(|_| Error::Closed)?;
        let client = self.pool.get().await?;
        let (clock, bus, handle) = (clock.clone(), bus.clone(), Handle::current());
        let (answer, turns) = (self.answer, self.turns.clone());
        tokio::task::spawn_blocking(move || {
            let connection = PostgresTx {
                client: &client,
                handle: &handle,
                answer,
            };
            let turn = |events| turns.take(&bus, events);
            let ended = transaction(connection, &mut *job, (mode, &clock), turn);
            let committed = ended.map(|turn| {
                base::failpoint::hit("store.committed");
                if let Some(turn) = turn {
                    turn.publish();
                }
            });
            if committed.is_err() {
                // Whatever state it is in, nobody gets it.
                drop(Client::take(client));
            } else {
                drop(client);
            }
            drop(permit);
            job.finish(committed);
        })
        .await
        .map_err(|_| Error::Panicked)
    }

    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.permits.acquire_many(self.connections).await {
            permits.forget();
        }
        self.permits.close();
        self.pool.close();
    }
}

/// Runs the job in a transaction; the turn of its events, if it made any and committed.
fn transaction(
    connection: PostgresTx<'_>,
    job: &mut dyn Job,
    (mode, clock): (Mode, &Clock),
    turn: impl FnOnce(Vec<Event>) -> Turn,
) -> Result<Option<Turn>, Error> {
    connection.in_time(connection.client.batch_execute(match mode {
        Mode::Read => "begin isolation level repeatable read read only",
        // A plan is kept, and on a small table it would be to read all of it, also when it is no longer small: with
        // 20,000 deliveries of a fresh installation the engine was ten times slower. What a change looks for has an
        // index. Where it has none, the plan seems so dear by this that it would be compiled first, for half a second
        // and more on a busy machine.
        Mode::Write => "begin; set local enable_seqscan = off; set local jit = off",
    }))?;
    let mut tx = Tx::new(tx::Connection::Postgres(connection), clock);
    let keep = job.run(&mut tx) && mode == Mode::Write;
    if tx.lost() == Some(&Error::Unavailable) {
        // Nobody waits for a rollback that may not be answered either: the connection ends, and with it the rest.
        return Err(Error::Unavailable);
    }
    let events = tx.into_events();
    // A turn that is dropped, because the commit fails, passes with nothing.
    let turn = (keep && !events.is_empty()).then(|| turn(events));
    let end = if keep { "commit" } else { "rollback" };
    connection.in_time(connection.client.batch_execute(end))?;
    Ok(turn)
}

/// A connection in a transaction, used from a blocking thread.
#[derive(Clone, Copy)]
pub(crate) struct PostgresTx<'a> {
    client: &'a Client,
    handle: &'a Handle,
    answer: Duration,
}

impl PostgresTx<'_> {
    /// Waits for the answer to a statement, but not for ever: a server may be there and frozen, or another's lock stay.
    fn in_time<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let answer = self
            .handle
            .block_on(async { tokio::time::timeout(self.answer, asked).await });
        Ok(answer.map_err(|_| {
            tracing::warn!("the database did not answer in time");
            Error::Unavailable
        })??)
    }

    /// Without a bound: a migration takes as long as it takes.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        Ok(self.handle.block_on(self.client.batch_execute(sql))?)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let params = types::params(params);
        self.in_time(async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.execute(&statement, &types::borrowed(&params)).await
        })
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let params = types::params(params);
        let rows = self.in_time(async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query(&statement, &types::borrowed(&params)).await
        })?;
        rows.iter().map(types::decode).collect()
    }
}
