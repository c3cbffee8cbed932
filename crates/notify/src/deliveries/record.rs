//! Recording the outcomes of attempts, in batches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base::{Id, Time};
use store::{Error, Tx, Value, params, rows};

use super::{
    claimed::ClaimedDelivery,
    ended::Ended,
    in_flight::InFlightGuard,
    insert::{ATTEMPT_WIDTH, ATTEMPTS},
    retry::Next,
    state::{State, kept},
};
use crate::{
    channel::Channel,
    channels::{Attempt, Outcome},
    destinations::health::{self, Tally},
    reads, sql,
    target::{Key, MAIL_LANE},
};

/// A finished attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptResult {
    pub(crate) delivery: Id,
    pub(crate) number: u32,
    pub(crate) channel: Channel,
    /// When its event happened; none if the message was resent since.
    pub(crate) since: Option<Time>,
    pub(crate) lane: Arc<str>,
    /// Its destination; none if the response is unknown.
    pub(crate) key: Option<Key>,
    pub(crate) started_at: Time,
    pub(crate) ended_at: Time,
    pub(crate) attempt: Attempt,
    pub(crate) next: Next,
    /// Marks it as in flight in this process, if it is.
    pub(crate) held: Option<Arc<InFlightGuard>>,
}

impl AttemptResult {
    pub(crate) fn of(claimed: &ClaimedDelivery, ended_at: Time, attempt: Attempt, next: Next) -> Self {
        Self {
            delivery: claimed.id,
            number: claimed.attempt,
            channel: claimed.channel,
            since: claimed.since(),
            lane: Arc::clone(&claimed.lane),
            key: Some(claimed.key.clone()),
            started_at: claimed.started_at,
            ended_at,
            attempt,
            next,
            held: Some(Arc::clone(&claimed.held)),
        }
    }

    /// The same for observers.
    pub(crate) fn ended(&self) -> Ended {
        let last = match self.next {
            Next::End(state, _) => Some(state),
            Next::Retry(..) => None,
        };
        Ended {
            channel: self.channel,
            outcome: self.attempt.outcome,
            last,
            took: last.and(self.since).map(|since| self.ended_at.since(since)),
        }
    }

    fn row(&self) -> [Value; ATTEMPT_WIDTH] {
        [
            self.delivery.into(),
            self.number.into(),
            self.started_at.into(),
            self.ended_at.into(),
            self.attempt.outcome.name().into(),
            self.attempt.status.unwrap_or_default().into(),
            kept(&self.attempt.answer).into(),
            kept(&self.attempt.reason).into(),
        ]
    }
}

/// Messages to retry: the lane, and when it is due.
pub(crate) type Recorded = Vec<(Arc<str>, Time)>;

// An attempt is written completely, because its start is already stored.
const ENDED: &str = "on conflict (delivery_id, number) do update set ended_at = excluded.ended_at, \
     outcome = excluded.outcome, status = excluded.status, answer = excluded.answer, reason = excluded.reason";
// Even if the lease expired meanwhile: a delivered message is not resent.
const DELIVERED: &str = "update deliveries set state = 'delivered', reason = '', lease_until = 0, updated_at = $1 \
     where state in ('sending', 'pending')";
const RETRY: &str = "update deliveries set state = 'pending', reason = $3, next_at = $4, lease_until = 0, \
     unknowns = unknowns + $5, updated_at = $6 where id = $1 and attempts = $2 and state = 'sending'";
const END: &str = "update deliveries set state = $3, reason = $4, lease_until = 0, unknowns = unknowns + $5, \
     updated_at = $6 where id = $1 and attempts = $2 and state = 'sending'";

/// Records the outcomes. If the delivery has changed since (its lease expired, another attempt began), only the attempt
/// is updated.
///
/// # Errors
/// Database errors.
pub(crate) fn record(tx: &mut Tx<'_>, done: &[AttemptResult]) -> Result<Recorded, Error> {
    let now = tx.now();
    rows::post(
        tx,
        (ATTEMPTS, ENDED),
        done.iter().map(AttemptResult::row).collect(),
    )?;
    let delivered: Vec<Value> = done
        .iter()
        .filter(|done| matches!(done.next, Next::End(State::Delivered, _)))
        .map(|done| done.delivery.into())
        .collect();
    sql::post_among(tx, DELIVERED, params![now], "id", &delivered)?;
    health_of(tx, done)?;
    give_up(tx, done)?;
    let mut waits = Vec::new();
    for done in done {
        let unknown = done.attempt.outcome == Outcome::Unknown;
        match &done.next {
            Next::End(State::Delivered, _) => {}
            Next::End(state, reason) => tx.post(
                END,
                params![done.delivery, done.number, *state, kept(reason), unknown, now],
            )?,
            Next::Retry(wait, reason) => {
                waits.extend(retry(tx, done, *wait, reason, unknown)?);
            }
        }
    }
    Ok(waits)
}

/// What the responses mean for the destinations' health.
fn health_of(tx: &mut Tx<'_>, done: &[AttemptResult]) -> Result<(), Error> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut mails = BTreeSet::new();
    for done in done {
        // An attempt that the shutdown cut off has no key: its response is unknown.
        let Some(key) = &done.key else { continue };
        let delivered = done.attempt.outcome == Outcome::Delivered;
        let place = if done.channel.has_url() {
            // Without a status our own guard rejected it.
            if done.attempt.outcome == Outcome::RefusedForGood && done.attempt.status.is_some() {
                health::refused(tx, key, done.delivery, &done.attempt)?;
            }
            key.as_str()
        } else {
            if delivered {
                mails.insert(key.as_str());
            }
            MAIL_LANE
        };
        let tally = tallies.entry(place).or_default();
        tally.attempts += 1;
        tally.successes += u32::from(delivered);
        let took = done.ended_at.since(done.started_at).as_millis();
        tally.took_ms += u64::try_from(took).unwrap_or_default();
        tally.last_status = done.attempt.status.unwrap_or_default();
        if delivered {
            tally.last_success = tally.last_success.max(done.ended_at);
        }
    }
    health::note(tx, &tallies)?;
    health::mails_accepted(tx, &mails)
}

/// Raises `delivery.failed` for given-up messages, once for each destination.
fn give_up(tx: &mut Tx<'_>, done: &[AttemptResult]) -> Result<(), Error> {
    let mut announced: BTreeSet<(&str, bool)> = BTreeSet::new();
    let mut ended = Vec::new();
    for done in done {
        let (refused, reason) = match &done.next {
            Next::End(State::Refused, reason) => (true, reason),
            Next::End(State::Failed | State::Unknown, reason) => (false, reason),
            Next::End(..) | Next::Retry(..) => continue,
        };
        ended.push(done.delivery);
        if let Some(key) = &done.key
            && !announced.insert((key.as_str(), refused))
        {
            continue;
        }
        health::given_up(tx, done.delivery, refused, reason)?;
    }
    reads::unread::given_up(tx, &ended)
}

fn retry(
    tx: &mut Tx<'_>,
    done: &AttemptResult,
    wait: Duration,
    reason: &str,
    unknown: bool,
) -> Result<Option<(Arc<str>, Time)>, Error> {
    // Not from the end of the attempt on: the clock may have been set since.
    let now = tx.now();
    let next_at = now.after(wait);
    let changed = tx.execute(
        RETRY,
        params![done.delivery, done.number, kept(reason), next_at, unknown, now],
    )?;
    Ok((changed > 0).then(|| (Arc::clone(&done.lane), next_at)))
}
