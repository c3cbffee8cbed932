//! The databases behind one [`Store::read`] and one [`Store::write`], the event table and its outbox.
//!
//! Owns: the drivers (SQLite by rusqlite on one writer thread with group commit, PostgreSQL by tokio-postgres),
//! transactions, migrations, [`Tx::emit`] and the [`outbox`], and [`lease`]s. It is the only crate that names a driver.
//! Must not: know a domain, or branch on the database anywhere a caller can see.
//!
//! SQL is a portable subset: `text`, `bigint`, `double precision`; `$1` parameters; `on conflict`, `returning`,
//! CTEs; no time, id or JSON function of the database. See `docs/decisions/0001-storage.md` for the reasons.

mod error;
mod job;
pub mod lease;
mod load;
mod migrate;
pub mod outbox;
mod postgres;
mod probe;
mod recent;
mod requester;
mod row;
pub mod rows;
mod select;
mod share;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
pub mod unreadable;
mod value;
mod words;

use std::{any::Any, sync::Arc, time::Duration};

use base::{Bus, Clock, Time};
use tokio::sync::oneshot;

pub use error::Error;
pub use lease::Lease;
pub use load::Load;
pub use migrate::MigrationSet;
pub use postgres::notify::{Listening, Notices};
pub use recent::events_since;
pub use requester::Requester;
pub use row::{FromRow, FromValue, Row, Word};
pub use select::{PARTS, Select};
pub use tx::Tx;
pub use value::Value;

use job::Typed;
use share::Takes;
use sqlite::Extent;

/// The tables this crate owns: the events.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    owner: "store",
    steps: &[
        ("0001-events", include_str!("../migrations/0001-events.sql")),
        ("0002-told", include_str!("../migrations/0002-told.sql")),
        ("0003-bundles", include_str!("../migrations/0003-bundles.sql")),
        (
            "0004-write-probe",
            include_str!("../migrations/0004-write-probe.sql"),
        ),
        (
            "0005-open-bundles",
            include_str!("../migrations/0005-open-bundles.sql"),
        ),
        ("0006-set-aside", include_str!("../migrations/0006-set-aside.sql")),
    ],
};

/// The location of the data and the number of connections.
#[derive(Clone)]
pub struct Options {
    /// `sqlite://PATH` or `postgres://…` (the parameters of libpq's URLs, such as `sslmode`).
    pub url: String,
    /// The number of connections: on SQLite for reads, on PostgreSQL for everything.
    pub connections: usize,
    /// The largest size of a SQLite file in pages of 4,096 bytes; `None` for no limit of ours.
    pub max_pages: Option<u32>,
    /// How long PostgreSQL may take for one statement before the database is reported as unavailable.
    pub answer: Duration,
}

impl Options {
    /// The default number of connections for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 16,
            max_pages: None,
            answer: Duration::from_secs(30),
        }
    }
}

/// A response that takes longer is too imprecise to set the clock.
const SLOW: Duration = Duration::from_secs(1);

/// By which factor a portion of a large change is smaller while others write.
const SHARED: usize = 8;

/// The only handle to the data. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    clock: Clock,
    bus: Bus,
    /// The texts of the executed statements, if a test counts them.
    #[cfg(feature = "testing")]
    texts: Arc<testing::Texts>,
    /// What must live as long as the store: the folder of a test's database.
    _keeps: Option<Box<dyn Any + Send + Sync>>,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database, creating the SQLite file if there is none. Events of committed transactions go to `bus`.
    ///
    /// # Errors
    /// [`Error::Fault`] for a URL in neither of the two forms, else the driver's error.
    pub async fn open(options: Options, clock: Clock, bus: Bus) -> Result<Self, Error> {
        Self::open_keeping(options, clock, bus, None).await
    }

    async fn open_keeping(
        options: Options,
        clock: Clock,
        bus: Bus,
        keeps: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<Self, Error> {
        let backend = if let Some(path) = options.url.strip_prefix("sqlite://") {
            let path = std::path::PathBuf::from(path);
            Backend::Sqlite(sqlite::Sqlite::open(path, options, clock.clone(), bus.clone()).await?)
        } else if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
            Backend::Postgres(postgres::Postgres::open(&options)?)
        } else {
            return Err(Error::Fault(
                "the database URL must begin with sqlite:// or postgres://",
            ));
        };
        Ok(Self(Arc::new(Inner {
            backend,
            clock,
            bus,
            #[cfg(feature = "testing")]
            texts: Arc::default(),
            _keeps: keeps,
        })))
    }

    /// Migrates the database, all or nothing, one node at a time.
    ///
    /// # Errors
    /// [`Error::Migration`] if an applied step has been edited, or the database has a step
    /// that this program does not know.
    pub async fn migrate(&self, sets: &'static [MigrationSet]) -> Result<(), Error> {
        self.migrate_then(sets, |_| Ok(())).await
    }

    /// The same, and runs the closure in the same transaction: if it fails, the tables stay unchanged.
    ///
    /// # Errors
    /// Those of [`migrate`](Self::migrate) and the closure's.
    pub async fn migrate_then<T, E>(
        &self,
        sets: &'static [MigrationSet],
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write(move |tx| {
            migrate::run(tx, sets)?;
            f(tx)
        })
        .await
    }

    /// Reads in one snapshot. The closure runs on a blocking thread, and must be quick: what may take long is a
    /// [`scan`](Self::scan).
    ///
    /// # Errors
    /// The closure's own, or [`Error::Unavailable`] or similar if the database does not answer.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.read_taking(Takes::Moment, f).await
    }

    /// Reads what may take long, such as a search through everything: like [`read`](Self::read), but only a part of the
    /// connections serves such reads at once, so that other reads never wait for them.
    ///
    /// # Errors
    /// As for [`read`](Self::read), and [`Error::Busy`] if too many of them wait.
    pub async fn scan<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.read_taking(Takes::Long, f).await
    }

    async fn read_taking<T, E>(
        &self,
        takes: Takes,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        #[cfg(feature = "testing")]
        let f = testing::noted(&self.0.texts, f);
        let (job, answer) = Typed::new(f);
        match &self.0.backend {
            Backend::Sqlite(sqlite) => {
                sqlite.read(Box::new(job), takes, self.0.clock.clone()).await?;
            }
            Backend::Postgres(postgres) => {
                let mode = postgres::Mode::Read(takes);
                postgres
                    .run(Box::new(job), mode, self.clock(), self.bus())
                    .await?;
            }
        }
        received(answer).await
    }

    /// Changes data in one transaction and returns after its commit; the emitted events reach the bus between
    /// the two (on PostgreSQL later, if a transaction that began to commit earlier is not done yet). The closure must be
    /// short: on SQLite all other writers wait for it, so a large change is split into portions. If the requester disconnects
    /// before it has begun, it does not begin.
    ///
    /// On PostgreSQL a transaction that is rolled back because of others (a serialization failure, a deadlock) is retried
    /// a few times, each time with a clone of the closure as passed.
    ///
    /// # Errors
    /// The closure's own (nothing is changed then), or the database's. After [`Error::Unavailable`] it is
    /// unknown whether the change was made if the connection broke, or timed out, during the commit.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_extent(Extent::Change, f).await
    }

    /// Writes a short part of a large change, like [`write`](Self::write) a whole one: its beginning or its end.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub async fn write_step<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_extent(Extent::Step, f).await
    }

    /// Writes a part of a large change in its own transaction, like [`write`](Self::write) a whole one. The size of a part is given by
    /// [`portion`](Self::portion).
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub async fn write_portion<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_extent(Extent::Portion, f).await
    }

    /// How much of a large change, at most `full`, one transaction should write now: all of it while nobody else writes, and a small
    /// part of it while others wait for the single writer of SQLite.
    pub fn portion(&self, full: usize) -> usize {
        match &self.0.backend {
            Backend::Sqlite(_) => self.step(full),
            Backend::Postgres(_) => full,
        }
    }

    /// How much of the work that the server does for everyone in sequence, at most `full`, one transaction should do now: a small
    /// part of it while several requesters are active.
    pub fn step(&self, full: usize) -> usize {
        let is_shared = match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.is_shared(),
            Backend::Postgres(postgres) => postgres.is_shared(),
        };
        if is_shared { (full / SHARED).max(1) } else { full }
    }

    async fn write_extent<T, E>(
        &self,
        extent: Extent,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        #[cfg(feature = "testing")]
        let f = testing::noted_again(&self.0.texts, f);
        let (job, answer) = Typed::repeatable(f);
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.write(Box::new(job), extent).await?,
            Backend::Postgres(postgres) => {
                postgres
                    .run(Box::new(job), postgres::Mode::Write, self.clock(), self.bus())
                    .await?;
            }
        }
        received(answer).await
    }

    /// The waiting writes, and for how long they have waited.
    pub fn load(&self) -> Load {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.load(),
            Backend::Postgres(postgres) => postgres.load(),
        }
    }

    /// The clock whose time and ids transactions use.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The time of the clock that stored times are compared with: the clock of PostgreSQL's machine, which all nodes share, or for
    /// SQLite this machine's. None while a test sets the time itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn reference(&self) -> Result<Option<Time>, Error> {
        let clock = self.clock();
        match &self.0.backend {
            Backend::Sqlite(_) => Ok(Some(clock.wall())),
            Backend::Postgres(_) if clock.is_manual() => Ok(None),
            Backend::Postgres(_) => {
                let asked = clock.steady();
                let shown = self.read(postgres::time).await?;
                // It was read about halfway through the request.
                let took = clock.steady().since(asked);
                Ok((took < SLOW).then(|| shown.after(took / 2)))
            }
        }
    }

    /// Sets the clock to [`reference`](Self::reference), before anything uses it; returns by how much it was off, in
    /// nanoseconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_clock(&self) -> Result<i64, Error> {
        let Some(shown) = self.reference().await? else {
            return Ok(0);
        };
        let by = shown.nanos().saturating_sub(self.clock().now().nanos());
        self.clock().adjust(by);
        Ok(by)
    }

    /// The bus that committed events go to.
    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Whether the database answers at all.
    ///
    /// # Errors
    /// The database's.
    pub async fn answers(&self) -> Result<(), Error> {
        self.read(|tx| tx.one::<(i64,)>("select 1", &[]).map(drop)).await
    }

    /// Whether the database answers and its tables exist.
    ///
    /// # Errors
    /// The database's.
    pub async fn check(&self) -> Result<(), Error> {
        self.read(|tx| {
            tx.one::<(i64,)>("select count(*) from schema_migrations", &[])
                .map(drop)
        })
        .await
    }

    /// Tests whether writes are accepted: makes one that needs space and rolls it back.
    ///
    /// # Errors
    /// The database's.
    pub async fn try_change(&self) -> Result<(), Error> {
        self.write(probe::try_change).await
    }

    /// Finishes queued work, then refuses everything with [`Error::Closed`].
    pub async fn close(&self) {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }
}

async fn received<T, E: From<Error>>(answer: oneshot::Receiver<Result<T, E>>) -> Result<T, E> {
    answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
}
