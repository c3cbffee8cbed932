//! The errors of the store, as far as callers treat them differently.

use base::Throttle;

/// An error of the store. It is cheap to clone, because one failed commit is reported to everyone in its batch.
/// Its text contains no statement, parameter or address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database does not answer, or cannot accept the write at the moment: retry later.
    #[error("the database is not available")]
    Unavailable,
    /// Too many long reads are waiting: retry later.
    #[error("too many long reads are waiting")]
    Busy,
    /// PostgreSQL rolled the transaction back because of concurrent ones: a serialization failure or a
    /// deadlock. The store has retried it several times: retry later.
    #[error("the change conflicts with concurrent changes")]
    Contended,
    /// There is no space left to write. Reading still works.
    #[error("the database has no space left on its disk")]
    Full,
    /// The database is read-only.
    #[error("the database is read-only")]
    ReadOnly,
    /// A unique key already exists.
    #[error("a unique key already exists")]
    Unique,
    /// A referenced record does not exist, or a record is still referenced.
    #[error("a reference is violated")]
    Foreign,
    /// A column does not contain what the code expects.
    #[error("a stored value cannot be decoded: {0}")]
    Decode(String),
    /// Any other error of the database.
    #[error("the database failed: {0}")]
    Database(String),
    /// The closure panicked; its transaction was rolled back.
    #[error("a transaction panicked")]
    Panicked,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// The code requested something impossible.
    #[error("{0}")]
    Fault(&'static str),
    /// The tables do not match this program.
    #[error("{0}")]
    Migration(String),
}

/// The most characters of a database's message in an error, and so in the log.
const MAX_MESSAGE: usize = 500;

impl Error {
    /// Whether the database may accept the same write later: it is unavailable, busy, full or read-only, or others changed the
    /// same rows concurrently.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::Busy | Self::Contended | Self::Full | Self::ReadOnly
        )
    }

    /// No connection could be made. Every request meets this, so it is not logged each time. Neither the driver's nor the
    /// server's text contains the URL or the password.
    pub(crate) fn no_connection(reason: &dyn std::fmt::Display) -> Self {
        static LOG: Throttle = Throttle::new();
        if let Some(times) = LOG.due() {
            tracing::warn!(%reason, times, "no connection to the database");
        }
        Self::Unavailable
    }

    /// The database's message, truncated: it may quote a whole statement.
    fn message(text: &str) -> Self {
        match text.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => Self::Database(format!("{}…", text.get(..end).unwrap_or_default())),
            None => Self::Database(text.to_owned()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error {
            // The index of the log next to the database: the only file for which SQLite reports a full disk differently.
            rusqlite::Error::SqliteFailure(failure, _)
                if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE =>
            {
                Self::Full
            }
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                Code::DiskFull => Self::Full,
                Code::ReadOnly => Self::ReadOnly,
                Code::DatabaseBusy | Code::DatabaseLocked | Code::SystemIoFailure | Code::CannotOpen => {
                    Self::Unavailable
                }
                Code::ConstraintViolation => match failure.extended_code {
                    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                        Self::Unique
                    }
                    rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::Foreign,
                    _ => Self::message(&message.unwrap_or_else(|| failure.to_string())),
                },
                _ => Self::message(&message.unwrap_or_else(|| failure.to_string())),
            },
            // Without the statement, which may be long.
            rusqlite::Error::SqlInputError { msg, .. } => Self::message(&msg),
            other => Self::message(&other.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            // Without a response of the server it is the connection, or a parameter that does not match its column.
            let encoding = std::error::Error::source(&error)
                .is_some_and(|cause| !cause.is::<std::io::Error>())
                && !error.is_closed();
            return if encoding {
                Self::message(&error.to_string())
            } else {
                Self::Unavailable
            };
        };
        let state = db.code();
        if *state == SqlState::UNIQUE_VIOLATION {
            Self::Unique
        } else if *state == SqlState::FOREIGN_KEY_VIOLATION {
            Self::Foreign
        } else if *state == SqlState::DISK_FULL {
            Self::Full
        } else if *state == SqlState::READ_ONLY_SQL_TRANSACTION {
            Self::ReadOnly
        } else if *state == SqlState::T_R_SERIALIZATION_FAILURE || *state == SqlState::T_R_DEADLOCK_DETECTED {
            Self::Contended
        } else if ["08", "57", "53", "40", "25"]
            .iter()
            .any(|class| state.code().starts_with(class))
        {
            // Connection, shutdown and cancellation, resources, a rollback of unknown cause.
            Self::Unavailable
        } else {
            // Not the detail: it quotes the values.
            Self::message(&format!("{} ({})", db.message(), state.code()))
        }
    }
}
