//! What can go wrong with the data, as far as a caller acts on the difference.

/// An error of the store. It is cheap to clone, because one failed commit is told to everyone in its batch.
/// No statement, parameter or address is in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database does not answer, or cannot take the change right now: try again later.
    #[error("the database is not available")]
    Unavailable,
    /// There is no room left to write. Reading goes on.
    #[error("the database has no room left")]
    Full,
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

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                Code::DiskFull => Self::Full,
                Code::DatabaseBusy | Code::DatabaseLocked | Code::SystemIoFailure | Code::CannotOpen => {
                    Self::Unavailable
                }
                Code::ConstraintViolation => match failure.extended_code {
                    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                        Self::Unique
                    }
                    rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::Foreign,
                    _ => Self::Database(message.unwrap_or_else(|| failure.to_string())),
                },
                _ => Self::Database(message.unwrap_or_else(|| failure.to_string())),
            },
            // rusqlite's text of this one carries the statement, which has no parameters in it.
            other => Self::Database(other.to_string()),
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
                Self::Database(error.to_string())
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
        } else if ["08", "57", "53", "40", "25"]
            .iter()
            .any(|class| state.code().starts_with(class))
        {
            // Connection, shutdown and cancellation, resources, deadlock, a read-only standby.
            Self::Unavailable
        } else {
            // Not the detail: it quotes the values.
            Self::Database(format!("{} ({})", db.message(), state.code()))
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Closed => Self::Closed,
            other => {
                // Neither the driver's nor the server's text has the URL or the password in it.
                tracing::warn!(reason = %other, "no connection to the database");
                Self::Unavailable
            }
        }
    }
}
