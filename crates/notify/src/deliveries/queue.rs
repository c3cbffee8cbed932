//! How long the queue is: read again and again by whoever watches, so from the small indexes alone, never from the
//! table, which has every message there ever was.

use std::time::Duration;

use base::Time;
use store::{Error, Tx};

use super::State;

/// The deliveries that are not over, or ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// How many are in each state, but in those in which all is well: `delivered` and `bundled`.
    pub states: Vec<(State, i64)>,
    /// For how long the one that waits longest has been due; zero where none is.
    pub oldest_due: Duration,
}

pub(super) const PENDING: &str = "select count(*), min(next_at) from deliveries where state = 'pending'";
pub(super) const SENDING: &str = "select count(*) from deliveries where state = 'sending'";
pub(super) const TROUBLED: &str = "select state, count(*) from deliveries \
     where state in ('refused', 'failed', 'unknown', 'cancelled') group by state";

/// How long the queue is now.
///
/// # Errors
/// The store's.
pub fn queue(tx: &mut Tx<'_>) -> Result<Queue, Error> {
    let pending: Option<(i64, Option<Time>)> = tx.one(PENDING, &[])?;
    let (pending, first) = pending.unwrap_or_default();
    let sending: Option<(i64,)> = tx.one(SENDING, &[])?;
    let troubled: Vec<(State, i64)> = tx.all(TROUBLED, &[])?;
    let count = |state| match state {
        State::Pending => pending,
        State::Sending => sending.map_or(0, |(count,)| count),
        other => troubled
            .iter()
            .find(|(state, _)| *state == other)
            .map_or(0, |(_, count)| *count),
    };
    let states = State::ALL
        .into_iter()
        .filter(|state| !matches!(state, State::Delivered | State::Bundled))
        .map(|state| (state, count(state)))
        .collect();
    let now = tx.now();
    Ok(Queue {
        states,
        oldest_due: first.map_or(Duration::ZERO, |first| now.since(first)),
    })
}
