//! Why a change or a read is refused.
//!
//! Owns: the reasons that callers distinguish, and the one translation into an HTTP problem. Must not: know status
//! codes; [`Problem`] does.

use std::{fmt, time::Duration};

use base::Id;

use crate::{FieldError, Problem, validate::Invalid};

/// Why a function of a domain did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It does not exist, or is not in the scope.
    NotFound,
    /// It conflicts with the present state, maybe with this one record.
    Conflict(String, Option<Id>),
    /// These fields are invalid.
    Invalid(Vec<FieldError>),
    /// It makes no sense as a whole.
    Senseless(String),
    /// This person may not do it.
    Forbidden(String),
    /// This person is gone, or their session is.
    SignedOut,
    /// Too much of this kind is running. It may work after this time.
    Busy(Duration, String),
    /// It was interrupted, or works again in a moment.
    Interrupted(String),
    /// The lease on the work was lost: someone else has it now, or it was deleted.
    Lost(String),
    /// A fault of the program, which is in the log.
    Fault,
    /// The store failed.
    Store(store::Error),
}

impl Refused {
    /// A conflict with the present state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict(detail.into(), None)
    }

    /// An invalid field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, detail)])
    }

    /// Something this person may not do.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::Forbidden(detail.into())
    }

    /// Something that makes no sense as a whole.
    pub fn senseless(detail: impl Into<String>) -> Self {
        Self::Senseless(detail.into())
    }

    /// Too much at once; it may work after this time.
    pub fn busy(after: Duration, detail: impl Into<String>) -> Self {
        Self::Busy(after, detail.into())
    }

    /// An interruption.
    pub fn interrupted(detail: impl Into<String>) -> Self {
        Self::Interrupted(detail.into())
    }

    /// The detail that people read.
    pub fn detail(&self) -> String {
        Problem::from(self.clone()).detail().to_owned()
    }

    /// Whether the server failed, and not the request.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Store(error) => !matches!(error, store::Error::Unique | store::Error::Foreign),
            Self::Interrupted(_) | Self::Fault => true,
            _ => false,
        }
    }

    /// Whether the store may be able to do the same a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Interrupted(_) => true,
            // A full disk does not empty itself within seconds.
            Self::Store(error) => {
                *error == store::Error::Closed || (error.is_passing() && *error != store::Error::Full)
            }
            _ => false,
        }
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Invalid> for Refused {
    fn from(Invalid(errors): Invalid) -> Self {
        Self::Invalid(errors)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::not_found(),
            Refused::Conflict(detail, None) | Refused::Lost(detail) => Self::conflict(detail),
            Refused::Conflict(detail, Some(record)) => Self::conflict(detail).about(record),
            Refused::Invalid(errors) => Self::fields(errors),
            Refused::Senseless(detail) => Self::unprocessable(detail),
            Refused::Forbidden(detail) => Self::forbidden(detail),
            Refused::SignedOut => Self::unauthorized(),
            Refused::Busy(after, detail) => Self::busy(after, detail),
            Refused::Interrupted(detail) => Self::unavailable_because(detail),
            Refused::Fault => Self::internal(),
            Refused::Store(error) => Self::from(error),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::SignedOut => f.write_str("not signed in"),
            Self::Conflict(detail, _)
            | Self::Senseless(detail)
            | Self::Forbidden(detail)
            | Self::Busy(_, detail)
            | Self::Interrupted(detail)
            | Self::Lost(detail) => f.write_str(detail),
            Self::Invalid(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", error.field, error.detail)?;
                }
                Ok(())
            }
            Self::Fault => f.write_str("an internal error"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use store::Error;

    use super::*;

    // What background work does about a refusal is what a client would do about its status.
    #[test]
    fn a_reason_and_its_status_agree() {
        let detail = || "why".to_owned();
        let stores = [
            Error::Unavailable,
            Error::Busy,
            Error::Contended,
            Error::Full,
            Error::ReadOnly,
            Error::Unique,
            Error::Foreign,
            Error::Decode(detail()),
            Error::Database(detail()),
            Error::Panicked,
            Error::Closed,
            Error::Fault("why"),
            Error::Migration(detail()),
        ];
        let mut all = vec![
            (Refused::NotFound, 404),
            (Refused::conflict("why"), 409),
            (Refused::Lost(detail()), 409),
            (Refused::field("name", "why"), 422),
            (Refused::senseless("why"), 422),
            (Refused::forbidden("why"), 403),
            (Refused::busy(Duration::from_secs(1), "why"), 429),
            (Refused::interrupted("why"), 503),
            (Refused::Fault, 500),
        ];
        for error in stores {
            let status = Problem::from(error.clone()).status().as_u16();
            all.push((Refused::Store(error), status));
        }
        for (refused, status) in all {
            let problem = Problem::from(refused.clone());
            assert_eq!(problem.status().as_u16(), status, "{refused:?}");
            assert_eq!(refused.is_passing(), status == 503, "{refused:?}");
            assert_eq!(refused.is_failure(), status >= 500, "{refused:?}");
            assert_eq!(refused.detail(), problem.detail());
        }
    }
}
