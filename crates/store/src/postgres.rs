//! PostgreSQL: a bounded number of connections, transactions on blocking threads.

pub(crate) mod notify;
mod session;
mod sessions;
mod turns;
mod types;

use std::{
    cell::{Cell, RefCell},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use base::{Bus, Clock, Event, Time};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::sync::RwLock;
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    Error, Options, Row, Tx, Value,
    job::{Attempt, Job},
    load::{Load, Meter},
    rows::{Column, Queued},
    share::{Shares, Takes},
    tx,
};
use session::Session;
use sessions::Sessions;
use turns::{Turn, Turns};

const COMMIT: &str = "commit";
/// How long a request waits for a connection before it fails because the database is unavailable.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the kernel waits for a silent server before it drops the connection.
const SILENCE: Duration = Duration::from_secs(10);
/// How many times a change runs at most if PostgreSQL rolls it back because of others.
const ATTEMPTS: u32 = 10;
/// The longest wait before the third attempt; two, three times as long before the next ones. The actual wait is random.
const WAIT: Duration = Duration::from_millis(50);
/// How long it waits to run alone. A slow or hanging change must not block those that would queue behind it.
const ALONE: Duration = Duration::from_millis(250);

pub(crate) struct Postgres {
    sessions: Arc<Sessions>,
    shares: Shares,
    meter: Meter,
    answer: Duration,
    turns: Turns,
    /// Read-locked by changes that run concurrently, write-locked by one that runs alone.
    others: Arc<RwLock<()>>,
}

/// How to reach the server, under this name in its list of connections.
///
/// # Errors
/// [`Error::Fault`] for a malformed URL.
fn config(url: &str, name: &str) -> Result<Config, Error> {
    let mut config = Config::from_str(url)
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
        .application_name(name);
    Ok(config)
}

/// The TLS of connections to it, if it does not exclude TLS.
///
/// # Errors
/// [`Error::Database`] if it cannot be set up.
fn tls(config: &Config) -> Result<Option<MakeRustlsConnect>, Error> {
    if config.get_ssl_mode() == SslMode::Disable {
        return Ok(None);
    }
    let tls = rustls::ClientConfig::with_platform_verifier()
        .map_err(|error| Error::Database(format!("TLS for PostgreSQL: {error}")))?;
    Ok(Some(MakeRustlsConnect::new(tls)))
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
        Ok(Self {
            sessions: Arc::new(Sessions::new(config(&options.url, "campanile")?, PATIENCE)?),
            shares: Shares::new(options.connections.clamp(2, 256), PATIENCE),
            meter: Meter::default(),
            answer: options.answer,
            turns: Turns::default(),
            others: Arc::default(),
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
        let (clock, bus, sessions) = (clock.clone(), bus.clone(), Arc::clone(&self.sessions));
        let (answer, turns, others) = (self.answer, self.turns.clone(), Arc::clone(&self.others));
        tokio::task::spawn_blocking(move || {
            let session = match sessions.take() {
                Ok(session) => session,
                Err(error) => return job.finish(Err(error)),
            };
            if let Some(ticket) = &ticket {
                ticket.begin();
            }
            let state = State::default();
            let connection = PostgresTx {
                session: &session,
                answer,
                state: &state,
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
                Ok(()) | Err(Error::Contended) => sessions.put(session),
                // Its state is unknown, so it is not reused.
                Err(_) => drop(session),
            }
            drop((place, ticket));
            job.finish(committed);
        })
        .await
        .map_err(|_| Error::Panicked)
    }

    pub(crate) async fn close(&self) {
        self.shares.close().await;
        let sessions = Arc::clone(&self.sessions);
        let _ = tokio::task::spawn_blocking(move || sessions.end()).await;
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
        let _beside = connection.session.block_on(others.read())?;
        transaction(connection, job, (mode, Attempt::Repeatable, clock), &turn)
    };
    for number in 2..=ATTEMPTS {
        if !matches!(ended, Err(Error::Contended)) {
            break;
        }
        // Changes of other processes may conflict as well.
        connection.wait(WAIT.mul_f64(f64::from(number - 2) * clock.fraction()))?;
        let alone = async { tokio::time::timeout(ALONE, others.write()).await.ok() };
        let _alone = connection.session.block_on(alone)?;
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
    connection.state.begin.set(Some(match mode {
        Mode::Read(_) => "begin isolation level repeatable read read only",
        // Plans are cached. The plan for a small table is a sequential scan, and it is kept when the table has grown: with
        // 20,000 deliveries of a fresh installation the engine was ten times slower. What a change looks for has an
        // index.
        Mode::Write => "begin; set local enable_seqscan = off",
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

/// What is not sent yet of a transaction.
#[derive(Default)]
struct State {
    /// What begins it. It is sent together with a read that follows, which saves a round trip.
    begin: Cell<Option<&'static str>>,
    /// Statements whose results nobody waits for.
    queue: RefCell<Vec<Queued>>,
}

/// A connection in a transaction.
#[derive(Clone, Copy)]
pub(crate) struct PostgresTx<'a> {
    session: &'a Session,
    answer: Duration,
    state: &'a State,
}

impl PostgresTx<'_> {
    /// Waits for the answer to a statement of the transaction, which is sent together with what is queued.
    fn answer<T>(&self, sql: &str, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let queue = self.state.queue.take();
        // What writes is sent only when the transaction has begun: alone it would be kept.
        let reads = queue.is_empty() && sql.trim_start().starts_with("select ");
        let begin = match self.state.begin.take() {
            Some(begin) if !reads => {
                self.in_time(self.session.script(begin))?;
                None
            }
            begin => begin,
        };
        if begin.is_none() && queue.is_empty() {
            return self.in_time(asked);
        }
        self.in_time(self.session.after(begin, &queue, asked))
    }

    fn commit(&self) -> Result<(), Error> {
        // Without a statement the transaction has not begun.
        if self.state.queue.borrow().is_empty() && self.state.begin.take().is_some() {
            return Ok(());
        }
        self.answer(COMMIT, self.session.script(COMMIT))
    }

    fn roll_back(&self) {
        self.state.queue.take();
        if self.state.begin.take().is_none() {
            self.session.send("rollback");
        }
    }

    /// Sends a statement with the next one, or with the commit: an error of it is then that one's.
    pub(crate) fn queue(&mut self, queued: Queued) {
        self.state.queue.borrow_mut().push(queued);
    }

    /// Waits for the answer to a statement, with a limit: the server may be frozen, or another transaction keep a lock.
    fn in_time<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let limited = async { tokio::time::timeout(self.answer, asked).await };
        self.session.block_on(limited)?.map_err(|_| {
            tracing::warn!("the database did not answer in time");
            Error::Unavailable
        })?
    }

    /// Waits, outside of a transaction.
    fn wait(&self, time: Duration) -> Result<(), Error> {
        self.session.block_on(async { tokio::time::sleep(time).await })
    }

    /// Without a time limit: a migration takes as long as it takes.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.answer("", async { Ok(()) })?;
        self.session.block_on(self.session.script(sql))?
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let params = types::params(params);
        let params = types::borrowed(&params);
        self.answer(sql, self.session.execute(sql, &params))
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let params = types::params(params);
        let params = types::borrowed(&params);
        let rows = self.answer(sql, self.session.rows(sql, &params))?;
        rows.iter().map(types::decode).collect()
    }

    pub(crate) fn execute_columns(&mut self, sql: &str, columns: &[Column<'_>]) -> Result<u64, Error> {
        let params = types::columns(columns);
        let params = types::borrowed(&params);
        self.answer(sql, self.session.execute(sql, &params))
    }

    pub(crate) fn rows_by_columns(&mut self, sql: &str, columns: &[Column<'_>]) -> Result<Vec<Row>, Error> {
        let params = types::columns(columns);
        let params = types::borrowed(&params);
        let rows = self.answer(sql, self.session.rows(sql, &params))?;
        rows.iter().map(types::decode).collect()
    }
}
