//! PostgreSQL: a bounded pool, transactions on blocking threads.

pub(crate) mod notify;
mod threads;
mod turns;
mod types;

use std::{cell::Cell, str::FromStr, sync::Arc, time::Duration};

use base::{Bus, Clock, Event, Time};
use deadpool_postgres::{Client, ConfigConnectImpl, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls_platform_verifier::ConfigVerifierExt;
use threads::Threads;
use tokio::{runtime::Handle, sync::RwLock};
use tokio_postgres::{NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    Error, Options, Row, Tx, Value,
    job::{Attempt, Job},
    load::{Load, Meter},
    share::{Shares, Takes},
    tx,
};
use turns::{Turn, Turns};

/// How long a request waits for a connection before it fails because the database is unavailable.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the kernel waits for a silent server before it drops the connection.
const SILENCE: Duration = Duration::from_secs(10);
/// How many statements a connection keeps prepared. Ordinary use has fewer texts; a caller that finds a way to create more
/// does not fill the memory of both ends.
const STATEMENTS: usize = 512;
/// How many times a change runs at most if PostgreSQL rolls it back because of others.
const ATTEMPTS: u32 = 10;
/// The longest wait before the third attempt; two, three times as long before the next ones. The actual wait is random.
const WAIT: Duration = Duration::from_millis(50);
/// How long it waits to run alone. A slow or hanging change must not block those that would queue behind it.
const ALONE: Duration = Duration::from_millis(250);

pub(crate) struct Postgres {
    pool: Pool,
    shares: Shares,
    meter: Meter,
    answer: Duration,
    turns: Turns,
    /// Read-locked by changes that run concurrently, write-locked by one that runs alone.
    others: Arc<RwLock<()>>,
    _threads: Threads,
}

/// What the server's clock shows.
pub(crate) fn time(tx: &mut Tx<'_>) -> Result<Time, Error> {
    const NOW: &str = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint";
    let micros: Option<(i64,)> = tx.one(NOW, &[])?;
    let micros = micros.map(|(micros,)| micros).ok_or(Error::Unavailable)?;
    Ok(Time::from_nanos(micros.saturating_mul(1_000)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read(Takes),
    Write,
}

impl Mode {
    const fn takes(self) -> Takes {
        match self {
            Self::Read(takes) => takes,
            Self::Write => Takes::Moment,
        }
    }
}

impl Postgres {
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        let mut config = tokio_postgres::Config::from_str(&options.url)
            // Not its text: it could quote the URL, and with it the password.
            .map_err(|_| Error::Fault("the PostgreSQL URL is malformed"))?;
        config
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(SILENCE)
            // Without these, waiting for a server that vanished takes two hours, the kernel's default.
            .keepalives(true)
            .keepalives_idle(SILENCE)
            .keepalives_interval(SILENCE / 3)
            .keepalives_retries(3)
            .application_name("campanile");
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let threads =
            Threads::start().map_err(|error| Error::Database(format!("threads for PostgreSQL: {error}")))?;
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            let plain = ConfigConnectImpl { tls: NoTls };
            Manager::from_connect(config, threads.connect(plain), manager)
        } else {
            let tls = rustls::ClientConfig::with_platform_verifier()
                .map_err(|error| Error::Database(format!("TLS for PostgreSQL: {error}")))?;
            let tls = MakeRustlsConnect::new(tls);
            Manager::from_connect(config, threads.connect(ConfigConnectImpl { tls }), manager)
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
        Ok(Self {
            pool,
            shares: Shares::new(connections, PATIENCE),
            meter: Meter::default(),
            answer: options.answer,
            turns: Turns::default(),
            others: Arc::default(),
            _threads: threads,
        })
    }

    pub(crate) async fn run(
        &self,
        mut job: Box<dyn Job>,
        mode: Mode,
        clock: &Clock,
        bus: &Bus,
    ) -> Result<(), Error> {
        let ticket = (mode == Mode::Write).then(|| self.meter.enter());
        let place = self.shares.take(mode.takes()).await?;
        let client = self.pool.get().await?;
        let (clock, bus, handle) = (clock.clone(), bus.clone(), Handle::current());
        let (answer, turns, others) = (self.answer, self.turns.clone(), Arc::clone(&self.others));
        tokio::task::spawn_blocking(move || {
            if let Some(ticket) = &ticket {
                ticket.begin();
            }
            let begin = Cell::new(None);
            let connection = PostgresTx {
                client: &client,
                handle: &handle,
                answer,
                begin: &begin,
            };
            let turn = |events| turns.take(&bus, events);
            let ended = until_kept(connection, &mut *job, (mode, &clock, &others), turn);
            let committed = ended.map(|turn| {
                base::failpoint::hit("store.committed");
                if let Some(turn) = turn {
                    turn.publish();
                }
            });
            match committed {
                Ok(()) | Err(Error::Contended) => {
                    // The pool never evicts one.
                    if client.statement_cache.size() > STATEMENTS {
                        client.statement_cache.clear();
                    }
                    drop(client);
                }
                // Its state is unknown, so it is not reused.
                Err(_) => drop(Client::take(client)),
            }
            drop((place, ticket));
            job.finish(committed);
        })
        .await
        .map_err(|_| Error::Panicked)
    }

    pub(crate) async fn close(&self) {
        self.shares.close().await;
        self.pool.close();
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.shares.is_shared()
    }

    pub(crate) fn load(&self) -> Load {
        self.meter.load(false)
    }
}

/// Runs the job in a transaction, and again if others caused a rollback; returns the turn of its events, if it has any and
/// committed.
///
/// Changes run concurrently; one that was rolled back runs alone in this process, so that it does not conflict with the
/// same ones again. Its wait for them is limited, and so is theirs behind it.
fn until_kept(
    connection: PostgresTx<'_>,
    job: &mut dyn Job,
    (mode, clock, others): (Mode, &Clock, &RwLock<()>),
    turn: impl Fn(Vec<Event>) -> Turn,
) -> Result<Option<Turn>, Error> {
    if matches!(mode, Mode::Read(_)) {
        return transaction(connection, job, (mode, Attempt::Last, clock), &turn);
    }
    let mut ended = {
        let _beside = connection.handle.block_on(others.read());
        transaction(connection, job, (mode, Attempt::Repeatable, clock), &turn)
    };
    for number in 2..=ATTEMPTS {
        if !matches!(ended, Err(Error::Contended)) {
            break;
        }
        // Changes of other processes may conflict as well.
        connection.wait(WAIT.mul_f64(f64::from(number - 2) * clock.fraction()));
        let alone = async { tokio::time::timeout(ALONE, others.write()).await.ok() };
        let _alone = connection.handle.block_on(alone);
        let attempt = if number == ATTEMPTS {
            Attempt::Last
        } else {
            Attempt::Repeatable
        };
        ended = transaction(connection, job, (mode, attempt, clock), &turn);
    }
    ended
}

/// Runs the job in one transaction. After [`Error::Contended`] nothing of it is kept, and the connection can be reused.
fn transaction(
    connection: PostgresTx<'_>,
    job: &mut dyn Job,
    (mode, attempt, clock): (Mode, Attempt, &Clock),
    turn: impl Fn(Vec<Event>) -> Turn,
) -> Result<Option<Turn>, Error> {
    connection.begin.set(Some(match mode {
        Mode::Read(_) => "begin isolation level repeatable read read only",
        // Plans are cached. The plan for a small table is a sequential scan, and it is kept when the table has grown: with
        // 20,000 deliveries of a fresh installation the engine was ten times slower. What a change looks for has an
        // index. Where it has none, this setting makes the estimate so high that the plan would be JIT-compiled, which
        // takes half a second and more on a busy machine.
        Mode::Write => "begin; set local enable_seqscan = off; set local jit = off",
    }));
    let mut tx = Tx::new(tx::Connection::Postgres(connection), clock);
    let keep = job.run(&mut tx, attempt) && mode == Mode::Write;
    let lost = tx.lost().cloned();
    if lost == Some(Error::Unavailable) {
        // The rollback might not be answered either: closing the connection ends the transaction.
        return Err(Error::Unavailable);
    }
    let events = tx.into_events();
    // A turn that is dropped, because the commit fails, publishes nothing.
    let turn = (keep && !events.is_empty()).then(|| turn(events));
    if keep {
        connection.commit()?;
    } else {
        connection.roll_back();
    }
    if lost == Some(Error::Contended) {
        return Err(Error::Contended);
    }
    Ok(turn)
}

/// A connection in a transaction, used from a blocking thread.
#[derive(Clone, Copy)]
pub(crate) struct PostgresTx<'a> {
    client: &'a Client,
    handle: &'a Handle,
    answer: Duration,
    /// What begins the transaction, until it is sent: together with the first statement, which saves a round trip.
    begin: &'a Cell<Option<&'static str>>,
}

impl PostgresTx<'_> {
    /// Waits for the answer to a statement of the transaction. The first statement also begins it.
    fn answer<T>(
        &self,
        sql: &str,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let Some(begin) = self.begin.take() else {
            return self.in_time(asked);
        };
        let started = self.client.batch_execute(begin);
        // A statement that writes is sent only when its transaction has begun.
        if !sql.trim_start().starts_with("select ") {
            self.in_time(started)?;
            return self.in_time(asked);
        }
        self.in_time(async {
            let (started, answer) = tokio::join!(started, asked);
            started.and(answer)
        })
    }

    fn commit(&self) -> Result<(), Error> {
        // Without a statement the transaction has not begun.
        match self.begin.take() {
            Some(_) => Ok(()),
            None => self.in_time(self.client.batch_execute("commit")),
        }
    }

    /// Sends the rollback without waiting for the answer: the connection processes it before anything that is sent later, and
    /// if the connection ends, so does the transaction.
    fn roll_back(&self) {
        if self.begin.take().is_none() {
            let end = self.client.batch_execute("rollback");
            let sent = async { tokio::time::timeout(Duration::ZERO, end).await };
            let _ = self.handle.block_on(sent);
        }
    }

    /// Waits for the answer to a statement, with a limit: the server may be frozen, or another transaction keep a lock.
    fn in_time<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let answer = self
            .handle
            .block_on(async { tokio::time::timeout(self.answer, asked).await });
        Ok(answer.map_err(|_| {
            tracing::warn!("the database did not answer in time");
            Error::Unavailable
        })??)
    }

    /// Waits, outside of a transaction.
    fn wait(&self, time: Duration) {
        self.handle.block_on(tokio::time::sleep(time));
    }

    /// Without a time limit: a migration takes as long as it takes.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        if let Some(begin) = self.begin.take() {
            self.in_time(self.client.batch_execute(begin))?;
        }
        Ok(self.handle.block_on(self.client.batch_execute(sql))?)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let params = types::params(params);
        self.answer(sql, async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.execute(&statement, &types::borrowed(&params)).await
        })
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let params = types::params(params);
        let rows = self.answer(sql, async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query(&statement, &types::borrowed(&params)).await
        })?;
        rows.iter().map(types::decode).collect()
    }
}
