//! A report that cannot be written.

use crate::Refused;

/// A report that cannot be written is an internal error: the log has the reason.
pub(super) fn unwritten(error: impl std::fmt::Display) -> Refused {
    tracing::error!(%error, "a report cannot be written");
    Refused::Fault
}
