//! New deliveries, written in the transaction of their plan.

use std::sync::Arc;

use base::{Event, Time};
use store::{Error, Tx, Value};

use super::{Address, Content, Letter, State, Way};
use crate::{plan::Planned, sql};

/// A delivery to write. One with an address has a turn: it is sent at once, and is born with its first attempt.
pub(crate) struct New<'a> {
    pub(crate) event: &'a Arc<Event>,
    pub(crate) planned: &'a Planned,
    pub(crate) body: String,
    pub(crate) now: Option<Address>,
    pub(crate) way: Way,
    /// When it is due.
    pub(crate) due: Time,
}

/// Who sends, and until when nobody else may.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) node: Arc<str>,
    pub(crate) until: Time,
}

const HEAD: &str = "insert into deliveries (id, event_id, event_type, company_id, channel, recipient_kind, recipient, \
     label, lane, target_key, state, reason, body, attempts, earlier, unknowns, next_at, lease_until, node, created_at, \
     updated_at, summary_id)";
const WIDTH: usize = 22;
pub(super) const ATTEMPTS: &str = "insert into delivery_attempts (delivery_id, number, started_at, ended_at, outcome, status, answer, reason)";
pub(super) const ATTEMPT_WIDTH: usize = 8;

/// Writes the deliveries; those that have a turn come back as letters, in the same order.
///
/// # Errors
/// The database's.
pub(crate) fn insert(tx: &mut Tx<'_>, deliveries: Vec<New<'_>>, lease: &Lease) -> Result<Vec<Letter>, Error> {
    let now = tx.now();
    let mut rows = Vec::with_capacity(deliveries.len() * WIDTH);
    let mut attempts = Vec::new();
    let mut letters = Vec::new();
    for delivery in deliveries {
        let id = match delivery.way {
            Way::Opens(id, _) => id,
            Way::Single | Way::Joins(_) => tx.id(),
        };
        push(&mut rows, id.into(), &delivery, lease, now);
        if let Some(address) = delivery.now {
            attempts.extend(attempt(id.into(), 1, now));
            letters.push(Letter {
                id,
                channel: delivery.planned.channel,
                content: Content::One(Arc::clone(delivery.event)),
                recipient: delivery.planned.recipient.clone(),
                key: delivery.planned.target.key.clone(),
                address,
                body: delivery.body,
                attempt: 1,
                earlier: 0,
                unknowns: 0,
                lane: Arc::clone(&delivery.planned.target.lane),
                started_at: now,
            });
        }
    }
    sql::insert(tx, HEAD, WIDTH, &rows, "")?;
    sql::insert(tx, ATTEMPTS, ATTEMPT_WIDTH, &attempts, "")?;
    Ok(letters)
}

fn push(rows: &mut Vec<Value>, id: Value, delivery: &New<'_>, lease: &Lease, now: Time) {
    let New { event, planned, .. } = delivery;
    let target = &planned.target;
    let at_once = delivery.now.is_some();
    let company = event.audience.company();
    let (summary, reason) = match delivery.way {
        Way::Single => (String::new(), ""),
        Way::Opens(summary, _) => (summary.to_string(), "many in a minute: it collects what follows"),
        Way::Joins(summary) => (summary.to_string(), "many in a minute: told of in a summary"),
    };
    let state = match delivery.way {
        Way::Joins(_) => State::Bundled,
        _ if at_once => State::Sending,
        _ => State::Pending,
    };
    rows.extend([
        id,
        event.id.into(),
        event.kind.into(),
        company.map(|id| id.to_string()).unwrap_or_default().into(),
        planned.channel.into(),
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
    ]);
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
