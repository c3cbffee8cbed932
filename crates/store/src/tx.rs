//! A transaction, as callers see it.

use std::borrow::Cow;

use base::{Clock, Event, Id, Time};

use crate::{Error, FromRow, Row, Value, postgres::PostgresTx};

/// A transaction in which a closure reads and changes. It ends with the closure: kept for `Ok`, undone for `Err`.
pub struct Tx<'a> {
    connection: Connection<'a>,
    clock: &'a Clock,
    events: Vec<Event>,
    /// What it ran, while [`testing::plans`](crate::testing::plans) wants to know.
    #[cfg(feature = "testing")]
    pub(crate) ran: Option<Vec<(String, Vec<Value>)>>,
    /// Why nothing of this may be kept: a statement failed, and PostgreSQL has undone all of it. A commit would then
    /// succeed there and keep nothing.
    lost: Option<Error>,
}

pub(crate) enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(PostgresTx<'a>),
}

const INSERT_EVENT: &str = "insert into events (id, kind, at, company_id, planned_at, bundled, body) values ";
/// How many events one statement writes: few sizes, so that the same texts come again and stay prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: Connection<'a>, clock: &'a Clock) -> Self {
        Self {
            connection,
            clock,
            events: Vec::new(),
            #[cfg(feature = "testing")]
            ran: None,
            lost: None,
        }
    }

    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// The database's. The transaction is lost then: whatever the closure answers, nothing of it is kept.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        #[cfg(feature = "testing")]
        self.note(sql, params);
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => crate::sqlite::execute(connection, sql, params),
            Connection::Postgres(tx) => tx.execute(sql, params),
        };
        self.noted(done)
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

    fn rows(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Vec<Row>, Error> {
        #[cfg(feature = "testing")]
        self.note(sql, params);
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => crate::sqlite::rows(connection, sql, params, limit),
            Connection::Postgres(tx) => tx.rows(sql, params),
        };
        self.noted(done)
    }

    /// Remembers a failure of the database; what was found and does not decode is none.
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

    /// Writes what happened, in this transaction (promise B2); after the commit it reaches the bus. An event that
    /// came with an import's bundle is born planned: nobody is told of it by itself.
    ///
    /// # Errors
    /// [`Error::Fault`] for an event that contradicts the table of kinds.
    pub fn emit(&mut self, event: Event) -> Result<(), Error> {
        self.emit_all(vec![event])
    }

    /// Writes several things that happened, in as few statements as may be; else as [`emit`](Self::emit).
    ///
    /// # Errors
    /// As for [`emit`](Self::emit); then none of them is written.
    pub fn emit_all(&mut self, events: Vec<Event>) -> Result<(), Error> {
        let rows: Vec<[Value; WIDTH]> = events.iter().map(row).collect::<Result<_, _>>()?;
        let mut rest = rows.as_slice();
        for size in SIZES {
            while rest.len() >= size {
                let (chunk, after) = rest.split_at(size);
                self.execute(&inserts(size), &chunk.concat())?;
                rest = after;
            }
        }
        self.events.extend(events);
        Ok(())
    }

    /// Hands a live-only event to the bus after the commit. It is written nowhere.
    pub fn announce(&mut self, event: Event) {
        debug_assert!(
            event.fault().is_none() && !event.kind.about().notifies,
            "a live-only kind"
        );
        self.events.push(event);
    }

    /// The time now.
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

    /// What a select ends with so that nobody else changes its rows of `table` (by its alias there) before this
    /// transaction ends. Nothing on SQLite, where there is one writer.
    pub fn for_update(&self, table: &str) -> String {
        self.lock("update", table)
    }

    /// What a select ends with so that its rows of `table` stay as they are until this transaction ends, while others
    /// may rest on them, too.
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
    fn note(&mut self, sql: &str, params: &[Value]) {
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
const WIDTH: usize = 7;

/// An event as it is stored.
fn row(event: &Event) -> Result<[Value; WIDTH], Error> {
    if let Some(fault) = event.fault() {
        return Err(Error::Fault(fault));
    }
    if !event.kind.about().notifies {
        return Err(Error::Fault("a live-only event is announced, not emitted"));
    }
    let planned_at = if event.bundle.is_some() {
        event.at
    } else {
        Time::default()
    };
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
        planned_at.into(),
        event.bundle.is_some().into(),
        body.into(),
    ])
}

/// The statement that writes so many events.
fn inserts(size: usize) -> Cow<'static, str> {
    const ONE: &str = "insert into events (id, kind, at, company_id, planned_at, bundled, body) values ($1, $2, $3, $4, $5, $6, $7)";
    if size == 1 {
        return ONE.into();
    }
    let rows: Vec<String> = (0..size)
        .map(|row| {
            let marks: Vec<String> = (1..=WIDTH)
                .map(|column| format!("${}", row * WIDTH + column))
                .collect();
            format!("({})", marks.join(", "))
        })
        .collect();
    format!("{INSERT_EVENT}{}", rows.join(", ")).into()
}
