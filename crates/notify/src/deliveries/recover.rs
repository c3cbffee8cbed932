//! Attempts whose outcome will never be recorded: the process that made them ended.

use std::{sync::Arc, time::Duration};

use base::{Id, Time};
use store::{Error, FromRow, Row, Select, Tx};

use super::{
    in_flight::InFlight,
    quarantine,
    record::{AttemptResult, Recorded, record},
    retry::{self, Next},
};
use crate::{
    channel::Channel,
    channels::{Attempt, Outcome},
};

/// Whose attempts are recovered.
#[derive(Debug, Clone)]
pub(crate) enum RecoverFrom {
    /// This node's own, at its start: nothing from before is still in flight.
    Own(Arc<str>),
    /// Those of a node that ended, except what it claimed since, should it be back.
    Ended(Arc<str>),
    /// Anyone's whose lease expired.
    Expired,
}

/// How soon after its claim a message is sent, or else not at all by that node. A node that has been silent for long enough
/// to count as ended claimed nothing within this time.
pub(crate) const FENCE: Duration = Duration::from_secs(8);

struct Abandoned {
    id: Id,
    channel: Channel,
    attempts: u32,
    earlier: u32,
    unknowns: u32,
    lane: Arc<str>,
    /// When its last attempt began.
    since: Time,
    /// When its event happened, if the event still exists.
    happened_at: Option<Time>,
}

impl FromRow for Abandoned {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            channel: row.word(1)?,
            attempts: row.get(2)?,
            earlier: row.get(3)?,
            unknowns: row.get(4)?,
            lane: row.get::<String>(5)?.into(),
            since: row.get(6)?,
            happened_at: row.get(7)?,
        })
    }
}

const ABANDONED: &str = "select id, channel, attempts, earlier, unknowns, lane, updated_at, \
     (select at from events where events.id = deliveries.event_id) from deliveries where state = 'sending'";

/// Ends such attempts with an unknown outcome, at most `limit`, but none that this process has in flight; messages to
/// retry wait as [`retry::after_interruption`] defines, and the time since counts. Returns the attempts and what waits
/// now; `limit` attempts mean that there may be more.
///
/// # Errors
/// Database errors.
pub(crate) fn recover(
    tx: &mut Tx<'_>,
    (from, in_flight): (&RecoverFrom, &InFlight),
    limit: usize,
) -> Result<(Vec<AttemptResult>, Recorded), Error> {
    let now = tx.now();
    let select = match from {
        RecoverFrom::Own(node) => Select::new(ABANDONED).filter("node = ?", Some(&**node)),
        RecoverFrom::Ended(node) => Select::new(ABANDONED)
            .filter("node = ?", Some(&**node))
            .filter("updated_at < ?", Some(now.before(FENCE))),
        RecoverFrom::Expired => Select::new(ABANDONED).filter("lease_until < ?", Some(now)),
    };
    let locked = store::outbox::skip_locked(tx);
    // In-flight ones are among them if this process was suspended.
    let most = limit + in_flight.count();
    let rows: Vec<Row> = select
        .push(" order by lease_until limit ?", vec![most.into()])
        .push(locked, Vec::new())
        .all(tx)?;
    let mut done = Vec::new();
    for row in &rows {
        match Abandoned::from_row(row) {
            Ok(abandoned) if in_flight.contains(abandoned.id) => {}
            Ok(abandoned) => done.push(given_up(&abandoned, now)),
            Err(error) => quarantine::set(tx, row, &error)?,
        }
        if done.len() == limit {
            break;
        }
    }
    let waits = record(tx, &done)?;
    Ok((done, waits))
}

fn given_up(abandoned: &Abandoned, now: Time) -> AttemptResult {
    let attempts = abandoned.attempts.saturating_sub(abandoned.earlier);
    let attempt = Attempt::without_answer(
        Outcome::Unknown,
        "the server stopped before a response was recorded",
    );
    let next = match retry::next(abandoned.channel, &attempt, attempts, abandoned.unknowns + 1, 0.0) {
        Next::Retry(_, reason) => {
            let wait = retry::after_interruption(abandoned.channel, attempts)
                .saturating_sub(now.since(abandoned.since));
            Next::Retry(wait, reason)
        }
        done @ Next::End(..) => done,
    };
    AttemptResult {
        delivery: abandoned.id,
        number: abandoned.attempts,
        channel: abandoned.channel,
        since: abandoned.happened_at.filter(|_| abandoned.earlier == 0),
        lane: Arc::clone(&abandoned.lane),
        key: None,
        started_at: now,
        ended_at: now,
        attempt,
        next,
        held: None,
    }
}
