//! New deliveries, written in the transaction of their plan.

use std::sync::Arc;

use base::{Event, Id, Time};
use store::{Error, Tx, Value, rows};

use super::{
    burst::Mode,
    claimed::{Address, ClaimedDelivery, Content},
    in_flight::InFlight,
    state::State,
};
use crate::plan::{Cause, Planned};

/// A delivery to write. One with an address has a slot: it is sent at once, and is created with its first attempt.
pub(crate) struct NewDelivery<'a> {
    pub(crate) event: &'a Arc<Event>,
    pub(crate) planned: &'a Planned,
    pub(crate) body: String,
    pub(crate) now: Option<Address>,
    pub(crate) mode: Mode,
    /// When it is due.
    pub(crate) due: Time,
    /// Its digest and the event that represents it, for a message of a group.
    pub(crate) of: Option<(Id, Id)>,
    /// Why its recipient gets it; none on a webhook, whose body does not contain it.
    pub(crate) cause: Option<Cause>,
}

/// Who sends, and until when the message is leased.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) node: Arc<str>,
    pub(crate) until: Time,
    /// What this process has in flight.
    pub(crate) in_flight: InFlight,
}

const HEAD: &str = "insert into deliveries (id, event_id, event_type, company_id, channel, recipient_kind, recipient, \
     label, lane, target_key, state, reason, body, attempts, earlier, unknowns, next_at, lease_until, node, created_at, \
     updated_at, summary_id, digest_id, why)";
const WIDTH: usize = 24;
pub(super) const ATTEMPTS: &str = "insert into delivery_attempts (delivery_id, number, started_at, ended_at, outcome, status, answer, reason)";
pub(super) const ATTEMPT_WIDTH: usize = 8;

/// Writes the deliveries; those that have a slot are returned as claimed, in the same order.
///
/// # Errors
/// Database errors.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    deliveries: Vec<NewDelivery<'_>>,
    lease: &Lease,
) -> Result<Vec<ClaimedDelivery>, Error> {
    let now = tx.now();
    let mut new = Vec::with_capacity(deliveries.len());
    let mut attempts = Vec::new();
    let mut claimed = Vec::new();
    for delivery in deliveries {
        let id = match delivery.mode {
            Mode::Opens(id, _) => id,
            Mode::Single | Mode::Joins(_) => tx.id(),
        };
        new.push(row(id.into(), &delivery, lease, now));
        if let Some(address) = delivery.now {
            attempts.push(attempt(id.into(), 1, now));
            claimed.push(ClaimedDelivery {
                id,
                channel: delivery.planned.channel,
                content: Content::One(Arc::clone(delivery.event)),
                cause: delivery.cause,
                recipient: delivery.planned.recipient.clone(),
                key: delivery.planned.target.key.clone(),
                address,
                body: delivery.body,
                attempt: 1,
                earlier: 0,
                unknowns: 0,
                lane: Arc::clone(&delivery.planned.target.lane),
                started_at: now,
                held: lease.in_flight.add(id, tx.clock().steady()),
            });
        }
    }
    rows::post(tx, (HEAD, ""), new)?;
    rows::post(tx, (ATTEMPTS, ""), attempts)?;
    Ok(claimed)
}

fn row(id: Value, delivery: &NewDelivery<'_>, lease: &Lease, now: Time) -> [Value; WIDTH] {
    let NewDelivery { event, planned, .. } = delivery;
    let target = &planned.target;
    let at_once = delivery.now.is_some();
    let company = event.audience.company();
    let (summary, reason) = match delivery.mode {
        Mode::Single => (String::new(), ""),
        Mode::Opens(summary, _) => (
            summary.to_string(),
            "many in a minute: collecting further messages",
        ),
        Mode::Joins(summary) => (summary.to_string(), "many in a minute: bundled in a summary"),
    };
    let state = match delivery.mode {
        Mode::Joins(_) => State::Bundled,
        _ if at_once => State::Sending,
        _ => State::Pending,
    };
    [
        id,
        delivery.of.map_or(event.id, |(_, lead)| lead).into(),
        event.kind.into(),
        company.map(|id| id.to_string()).unwrap_or_default().into(),
        planned.channel.name().into(),
        planned.recipient.kind().into(),
        planned.recipient.reference().into(),
        (&*target.label).into(),
        (&*target.lane).into(),
        target.key.as_str().into(),
        state.into(),
        reason.into(),
        delivery.body.as_str().into(),
        i64::from(at_once).into(),
        0.into(),
        0.into(),
        delivery.due.into(),
        if at_once { lease.until } else { Time::default() }.into(),
        if at_once { &*lease.node } else { "" }.into(),
        now.into(),
        now.into(),
        summary.into(),
        delivery
            .of
            .map(|(digest, _)| digest.to_string())
            .unwrap_or_default()
            .into(),
        delivery
            .cause
            .as_ref()
            .map(|cause| cause.why.stored())
            .unwrap_or_default()
            .into(),
    ]
}

/// The row of an attempt that begins now.
pub(super) fn attempt(delivery: Value, number: u32, now: Time) -> [Value; ATTEMPT_WIDTH] {
    [
        delivery,
        number.into(),
        now.into(),
        0.into(),
        "".into(),
        0.into(),
        "".into(),
        "".into(),
    ]
}
