//! SQLite: one writer thread with group commit, read-only connections for reads.

mod checkpoint;
mod queue;
mod reader;
mod writer;

use std::{path::PathBuf, sync::Arc};

use base::{Bus, Clock};
use rusqlite::{Connection, OpenFlags, config::DbConfig, types::ToSqlOutput};
use tokio::sync::oneshot;

use crate::{
    Error, Options, Row, Value,
    job::Job,
    load::{Load, Meter},
    share::Takes,
};
use checkpoint::Checkpoints;
pub(crate) use queue::Extent;
use queue::Queue;
use reader::Readers;
use writer::Queued;

/// How many prepared statements each connection caches.
const STATEMENTS: usize = 256;

pub(crate) struct Sqlite {
    queue: Arc<Queue<Queued>>,
    meter: Meter,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    readers: Readers,
}

impl Sqlite {
    pub(crate) async fn open(path: PathBuf, options: Options, clock: Clock, bus: Bus) -> Result<Self, Error> {
        let queue = Arc::new(Queue::new());
        let waiting = Arc::clone(&queue);
        let (end, ended) = oneshot::channel();
        let writer_path = path.clone();
        let (connection, checkpoints, vfs) = blocking(move || {
            let (mut connection, vfs) = open_writer(&writer_path, options.max_pages)?;
            let own = connect_writer(&writer_path, options.max_pages, vfs)?;
            let checkpoints = Checkpoints::begin(&mut connection, own)?;
            Ok((connection, checkpoints, vfs))
        })
        .await?;
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                writer::run((&connection, &checkpoints), &waiting, &clock, &bus);
                drop(checkpoints);
                // So that the last checkpoint is done before the caller of `close` continues.
                drop(connection);
                let _ = end.send(());
            })
            .map_err(|error| Error::Database(format!("no thread for the writer: {error}")))?;
        let readers = Readers::new((path, vfs), options.connections.clamp(1, 64));
        Ok(Self {
            queue,
            meter: Meter::default(),
            ended: tokio::sync::Mutex::new(Some(ended)),
            readers,
        })
    }

    pub(crate) async fn write(&self, job: Box<dyn Job>, extent: Extent) -> Result<(), Error> {
        let ticket = self.meter.enter();
        self.queue.push(Queued { job, ticket }, extent).await
    }

    /// Whether a user's write is waiting, or has just waited.
    pub(crate) fn is_shared(&self) -> bool {
        self.queue.is_shared()
    }

    pub(crate) async fn read(&self, job: Box<dyn Job>, takes: Takes, clock: Clock) -> Result<(), Error> {
        self.readers.run(job, takes, clock).await
    }

    pub(crate) fn load(&self) -> Load {
        self.meter.load(true)
    }

    pub(crate) async fn close(&self) {
        // The readers first: the connection that is closed last moves the log into the file, and only the
        // writer's connection may do that.
        self.readers.close().await;
        // The writer ends once it has done what is queued.
        self.queue.close();
        if let Some(ended) = self.ended.lock().await.take() {
            let _ = ended.await;
        }
    }
}

async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(f)
        .await
        .unwrap_or(Err(Error::Panicked))
}

/// Where the log's index is stored: in a file for all processes on this machine, or in the memory of this
/// one, which then has exclusive use of the database (<https://www.sqlite.org/vfs.html>, section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vfs {
    Shared,
    Own,
}

impl Vfs {
    const fn name(self) -> &'static std::ffi::CStr {
        match self {
            Self::Shared => c"unix",
            Self::Own => c"unix-excl",
        }
    }
}

/// The writer's connection, and how to open the others. If the disk has no space for the index, reading must still work.
fn open_writer(path: &std::path::Path, max_pages: Option<u32>) -> Result<(Connection, Vfs), Error> {
    match connect_writer(path, max_pages, Vfs::Shared) {
        Err(Error::Full) => {
            let connection = connect_writer(path, max_pages, Vfs::Own)?;
            tracing::warn!(
                "the disk of the database is full: it is read-only, and no other process can open it until the next start"
            );
            Ok((connection, Vfs::Own))
        }
        connection => Ok((connection?, Vfs::Shared)),
    }
}

fn connect_writer(path: &std::path::Path, max_pages: Option<u32>, vfs: Vfs) -> Result<Connection, Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::Database(format!("the data folder cannot be created: {error}")))?;
    }
    private(path)
        .map_err(|error| Error::Database(format!("the database file cannot be created: {error}")))?;
    let connection = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs.name())?;
    // FULL: a power cut lost acknowledged rows with NORMAL (docs/decisions/0001-storage.md).
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma busy_timeout = 5000; pragma temp_store = memory; pragma cache_size = -12288;
         pragma journal_size_limit = 67108864;",
    )?;
    if let Some(pages) = max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    // Otherwise SQLite replans a statement whenever it is bound to other values, in case they lead to another plan: for
    // the engine's frequent queries (due deliveries, unplanned events) that was about half of the cost.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Creates the file if there is none, private to its owner: it contains everyone's vulnerabilities. SQLite gives the files
/// next to it the same mode; the mode of an existing file is up to its owner. It is not even opened: closing it
/// would release the locks that SQLite holds on it in this process.
fn private(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn connect_reader(path: &std::path::Path, vfs: Vfs) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, vfs.name())?;
    connection.execute_batch(
        "pragma query_only = on; pragma busy_timeout = 5000; pragma temp_store = memory;
         pragma cache_size = -8192;",
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::ValueRef;
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

pub(crate) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<u64, Error> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    bind(&mut statement, params)?;
    Ok(statement.raw_execute()? as u64)
}

pub(crate) fn rows(
    connection: &Connection,
    sql: &str,
    params: &[Value],
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    bind(&mut statement, params)?;
    let columns = statement.column_count();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        // A statement that writes must run to its end; only its result is truncated.
        if rows.len() < limit {
            rows.push(decode(row, columns)?);
        }
    }
    Ok(rows)
}

/// The statement with `?1` for `$1`. To SQLite `$1` is a name like any other, with an index by first occurrence
/// and a list of names to search for each (<https://www.sqlite.org/c3ref/bind_blob.html>); `?1` is the first parameter,
/// as `$1` is to PostgreSQL. No statement here has a dollar sign anywhere else.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Value]) -> Result<(), Error> {
    let count = statement.parameter_count();
    let params = params
        .get(..count)
        .ok_or(Error::Fault("a statement has a parameter without a value"))?;
    for (index, value) in (1..).zip(params) {
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

fn decode(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, Error> {
    use rusqlite::types::ValueRef;
    let value = |index| {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(int) => Value::Int(int),
            ValueRef::Real(real) => Value::Real(real),
            ValueRef::Text(text) => Value::Text(
                std::str::from_utf8(text)
                    .map_err(|_| Error::Decode(format!("column {index} is not UTF-8")))?
                    .to_owned(),
            ),
            ValueRef::Blob(_) => return Err(Error::Decode(format!("column {index} is binary"))),
        })
    };
    (0..columns).map(value).collect::<Result<_, Error>>().map(Row)
}
