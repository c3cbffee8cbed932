//! What can go wrong with the data, as far as a caller acts on the difference.

use base::Throttle;

/// An error of the store. It is cheap to clone, because one failed commit is told to everyone in its batch.
/// No statement, parameter or address is in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database does not answer, or cannot take the change right now: try again later.
    #[error("the database is not available")]
    Unavailable,
    /// Too many long reads wait for their turn: try again later.
    #[error("too many long reads are waiting")]
    Busy,
    /// PostgreSQL undid the transaction because of others that ran at the same time: a serialization failure or a
    /// deadlock. The store has run it several times by then: try again later.
    #[error("the change conflicts with others that are made at the same time")]
    Contended,
    /// There is no room left to write. Reading goes on.
    #[error("the database has no room left on its disk")]
    Full,
    /// It can be read and not be changed.
    #[error("the database is read-only")]
    ReadOnly,
    /// A unique key is taken.
    #[error("a unique key is taken")]
    Unique,
    /// A record that is referred to does not exist, or is still referred to.
    #[error("a reference does not hold")]
    Foreign,
    /// A column does not hold what the code expects.
    #[error("a stored value does not decode: {0}")]
    Decode(String),
    /// Anything else the database says.
    #[error("the database failed: {0}")]
    Database(String),
    /// The closure panicked; its transaction was rolled back.
    #[error("a transaction panicked")]
    Panicked,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// The code asked for something that cannot be.
    #[error("{0}")]
    Fault(&'static str),
    /// The tables do not fit this program.
    #[error("{0}")]
    Migration(String),
}

/// Characters of what a database says that go into an error and so into the log.
const SAID: usize = 500;

impl Error {
    /// Whether the database may take the same at another time as it is: it is away, busy, full or read-only, or others changed the
    /// same just then.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::Busy | Self::Contended | Self::Full | Self::ReadOnly
        )
    }

    /// What the database says, cut: it may quote a whole statement.
    fn said(text: &str) -> Self {
        match text.char_indices().nth(SAID) {
            Some((end, _)) => Self::Database(format!("{}…", text.get(..end).unwrap_or_default())),
            None => Self::Database(text.to_owned()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error {
            // The index of the log beside the database: the one file whose lack of room SQLite calls by another name.
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
                    _ => Self::said(&message.unwrap_or_else(|| failure.to_string())),
                },
                _ => Self::said(&message.unwrap_or_else(|| failure.to_string())),
            },
            // Without the statement, which may be long.
            rusqlite::Error::SqlInputError { msg, .. } => Self::said(&msg),
            other => Self::said(&other.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            // Without an answer of the server it is the connection, or a parameter that does not fit its column.
            let encoding = std::error::Error::source(&error)
                .is_some_and(|cause| !cause.is::<std::io::Error>())
                && !error.is_closed();
            return if encoding {
                Self::said(&error.to_string())
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
            Self::said(&format!("{} ({})", db.message(), state.code()))
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Closed => Self::Closed,
            other => {
                // Whoever asks meets this, so it is not said each time. Neither the driver's nor the server's text has
                // the URL or the password in it.
                static SAID: Throttle = Throttle::new();
                if let Some(times) = SAID.due() {
                    tracing::warn!(reason = %other, times, "no connection to the database");
                }
                Self::Unavailable
            }
        }
    }
}
