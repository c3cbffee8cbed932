//! A transaction.

use base::{Clock, Event, Id, Time};

use crate::{
    Error, FromRow, Row, Value,
    postgres::PostgresTx,
    rows::{self, Column, Queued},
    unreadable,
};

/// A transaction in which a closure reads and writes. It ends with the closure: committed for `Ok`, rolled back for `Err`.
pub struct Tx<'a> {
    connection: Connection<'a>,
    clock: &'a Clock,
    events: Vec<Event>,
    /// What it executed, while [`testing::plans`](crate::testing::plans) records it.
    #[cfg(feature = "testing")]
    pub(crate) ran: Option<Vec<(String, Vec<Value>)>>,
    /// Where the texts of its statements are recorded, while a test counts them.
    #[cfg(feature = "testing")]
    pub(crate) texts: Option<std::sync::Arc<crate::testing::Texts>>,
    /// Why nothing of this may be kept: a statement failed, and PostgreSQL has rolled everything back. A commit would then
    /// succeed there and keep nothing.
    lost: Option<Error>,
}

pub(crate) enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(PostgresTx<'a>),
}

const INSERT_EVENT: &str =
    "insert into events (id, kind, at, company_id, planned_at, bundled, bundle_id, body)";

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: Connection<'a>, clock: &'a Clock) -> Self {
        Self {
            connection,
            clock,
            events: Vec::new(),
            #[cfg(feature = "testing")]
            ran: None,
            #[cfg(feature = "testing")]
            texts: None,
            lost: None,
        }
    }

    /// Executes a statement; returns how many rows it changed.
    ///
    /// # Errors
    /// The database's. The transaction is then lost: whatever the closure returns, nothing of it is kept.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        #[cfg(feature = "testing")]
        self.note(sql, params);
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => crate::sqlite::execute(connection, sql, params),
            Connection::Postgres(tx) => tx.execute(sql, params),
        };
        self.noted(done)
    }

    /// Executes a statement without an answer: on PostgreSQL it is sent with the next one or with the commit, which saves a round
    /// trip, and an error of it is reported there. Only for what violates no constraint.
    ///
    /// # Errors
    /// The database's. The transaction is then lost.
    pub fn post(&mut self, sql: &str, params: &[Value]) -> Result<(), Error> {
        if !self.is_postgres() {
            return self.execute(sql, params).map(drop);
        }
        #[cfg(feature = "testing")]
        self.note(sql, params);
        self.queue(Queued::new(sql, params));
        Ok(())
    }

    pub(crate) fn queue(&mut self, queued: Queued) {
        if let Connection::Postgres(tx) = &mut self.connection {
            tx.queue(queued);
        }
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// The database's, or [`Error::Decode`].
    pub fn one<T: FromRow>(&mut self, sql: &str, params: &[Value]) -> Result<Option<T>, Error> {
        let rows = self.rows(sql, params, 1)?;
        rows.first().map(T::from_row).transpose()
    }

    /// All rows.
    ///
    /// # Errors
    /// The database's, or [`Error::Decode`].
    pub fn all<T: FromRow>(&mut self, sql: &str, params: &[Value]) -> Result<Vec<T>, Error> {
        let rows = self.rows(sql, params, usize::MAX)?;
        rows.iter().map(T::from_row).collect()
    }

    /// All readable rows. Unreadable ones are skipped and counted as `what`, so that they do not hide the others.
    ///
    /// # Errors
    /// The database's.
    pub fn readable<T: FromRow>(
        &mut self,
        what: &'static str,
        sql: &str,
        params: &[Value],
    ) -> Result<Vec<T>, Error> {
        let rows = self.rows(sql, params, usize::MAX)?;
        unreadable::readable(what, &rows)
    }

    fn rows(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Vec<Row>, Error> {
        #[cfg(feature = "testing")]
        self.note(sql, params);
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => crate::sqlite::rows(connection, sql, params, limit),
            Connection::Postgres(tx) => tx.rows(sql, params),
        };
        self.noted(done)
    }

    /// Executes a statement with one array per column; only for PostgreSQL.
    pub(crate) fn execute_columns(&mut self, sql: &str, columns: &[Column<'_>]) -> Result<u64, Error> {
        #[cfg(feature = "testing")]
        self.note_text(sql);
        let done = match &mut self.connection {
            Connection::Sqlite(_) => Err(Error::Fault("SQLite has no arrays")),
            Connection::Postgres(tx) => tx.execute_columns(sql, columns),
        };
        self.noted(done)
    }

    /// The same for a statement that returns rows.
    pub(crate) fn all_columns<T: FromRow>(
        &mut self,
        sql: &str,
        columns: &[Column<'_>],
    ) -> Result<Vec<T>, Error> {
        #[cfg(feature = "testing")]
        self.note_text(sql);
        let done = match &mut self.connection {
            Connection::Sqlite(_) => Err(Error::Fault("SQLite has no arrays")),
            Connection::Postgres(tx) => tx.rows_by_columns(sql, columns),
        };
        self.noted(done)?.iter().map(T::from_row).collect()
    }

    /// Remembers a failure of the database; a found value that cannot be decoded is not one.
    fn noted<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done
            && !matches!(error, Error::Decode(_))
        {
            self.lost.get_or_insert_with(|| error.clone());
        }
        done
    }

    /// The failure after which nothing may be kept, if there was one.
    pub(crate) const fn lost(&self) -> Option<&Error> {
        self.lost.as_ref()
    }

    /// Writes an event in this transaction (promise B2); after the commit it reaches the bus.
    ///
    /// # Errors
    /// [`Error::Fault`] for an event that contradicts the table of kinds.
    pub fn emit(&mut self, event: Event) -> Result<(), Error> {
        self.emit_all(vec![event])
    }

    /// Writes several events, in as few statements as possible; otherwise like [`emit`](Self::emit).
    ///
    /// # Errors
    /// As for [`emit`](Self::emit); then none of them is written.
    pub fn emit_all(&mut self, events: Vec<Event>) -> Result<(), Error> {
        let rows: Vec<[Value; WIDTH]> = events.iter().map(row).collect::<Result<_, _>>()?;
        rows::post(self, (INSERT_EVENT, ""), rows)?;
        self.events.extend(events);
        Ok(())
    }

    /// Passes a live-only event to the bus after the commit. It is not stored.
    pub fn announce(&mut self, event: Event) {
        debug_assert!(
            event.fault().is_none() && !event.kind.about().notifies,
            "a live-only kind"
        );
        self.events.push(event);
    }

    /// The current time.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new id.
    pub fn id(&self) -> Id {
        self.clock.id()
    }

    /// The clock, for [`Event::new`].
    pub fn clock(&self) -> &Clock {
        self.clock
    }

    /// The end of a select that prevents others from changing its rows of `table` (by its alias there) before this
    /// transaction ends. Empty on SQLite, which has a single writer.
    pub fn for_update(&self, table: &str) -> String {
        self.lock("update", table)
    }

    /// The end of a select that keeps its rows of `table` unchanged until this transaction ends, while others
    /// may do the same.
    pub fn for_share(&self, table: &str) -> String {
        self.lock("share", table)
    }

    fn lock(&self, how: &str, table: &str) -> String {
        if self.is_postgres() {
            format!(" for {how} of {table}")
        } else {
            String::new()
        }
    }

    #[cfg(feature = "testing")]
    fn note_text(&self, sql: &str) {
        if let Some(texts) = &self.texts {
            texts.note(sql);
        }
    }

    #[cfg(feature = "testing")]
    fn note(&mut self, sql: &str, params: &[Value]) {
        self.note_text(sql);
        if let Some(ran) = &mut self.ran {
            ran.push((sql.to_owned(), params.to_vec()));
        }
    }

    /// Runs several statements without parameters.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute_batch(sql).map_err(Error::from),
            Connection::Postgres(tx) => tx.script(sql),
        };
        self.noted(done)
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events
    }
}

/// The columns of an event.
const WIDTH: usize = 8;

/// An event as stored.
fn row(event: &Event) -> Result<[Value; WIDTH], Error> {
    if let Some(fault) = event.fault() {
        return Err(Error::Fault(fault));
    }
    if !event.kind.about().notifies {
        return Err(Error::Fault("a live-only event is announced, not emitted"));
    }
    let company = event
        .audience
        .company()
        .map(|id| id.to_string())
        .unwrap_or_default();
    let body = serde_json::to_string(event).map_err(|error| Error::Decode(error.to_string()))?;
    Ok([
        event.id.into(),
        event.kind.into(),
        event.at.into(),
        company.into(),
        Time::default().into(),
        (event.bundle.is_some() && !event.leads()).into(),
        event.bundle.map(|id| id.to_string()).unwrap_or_default().into(),
        body.into(),
    ])
}
