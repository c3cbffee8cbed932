//! The queue's length: read repeatedly by monitoring, so from the small indexes only, never from the table, which
//! contains every message ever sent.

use std::time::Duration;

use base::Time;
use store::{Error, Tx};

use super::state::State;

/// Deliveries that have not ended, or ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// How many are in each state, except the good ones: `delivered` and `bundled`.
    pub states: Vec<(State, i64)>,
    /// How many events are quarantined, because they cannot be read.
    pub quarantined_events: i64,
    /// How long the oldest due message has been waiting; zero if there is none.
    pub oldest_due: Duration,
}

pub(super) const PENDING: &str = "select count(*), min(next_at) from deliveries where state = 'pending'";
pub(super) const SENDING: &str = "select count(*) from deliveries where state = 'sending'";
pub(super) const TROUBLED: &str = "select state, count(*) from deliveries \
     where state in ('refused', 'failed', 'unknown', 'cancelled') group by state";

pub(super) const QUARANTINED: &str = "select count(*) from deliveries where state = 'set_aside'";
const EVENTS_QUARANTINED: &str = "select count(*) from events where planned_at < 0";

/// The queue's current length.
///
/// # Errors
/// Database errors.
pub fn queue(tx: &mut Tx<'_>) -> Result<Queue, Error> {
    let pending: Option<(i64, Option<Time>)> = tx.one(PENDING, &[])?;
    let (pending, first) = pending.unwrap_or_default();
    let sending: Option<(i64,)> = tx.one(SENDING, &[])?;
    let troubled: Vec<(State, i64)> = tx.all(TROUBLED, &[])?;
    let quarantine: Option<(i64,)> = tx.one(QUARANTINED, &[])?;
    let events: Option<(i64,)> = tx.one(EVENTS_QUARANTINED, &[])?;
    let count = |state| match state {
        State::Pending => pending,
        State::Sending => sending.map_or(0, |(count,)| count),
        State::SetAside => quarantine.map_or(0, |(count,)| count),
        other => troubled
            .iter()
            .find(|(state, _)| *state == other)
            .map_or(0, |(_, count)| *count),
    };
    let states = State::ALL
        .into_iter()
        .filter(|state| !matches!(state, State::Delivered | State::Written | State::Bundled))
        .map(|state| (state, count(state)))
        .collect();
    let now = tx.now();
    Ok(Queue {
        states,
        quarantined_events: events.map_or(0, |(count,)| count),
        oldest_due: first.map_or(Duration::ZERO, |first| now.since(first)),
    })
}
