//! Claiming due messages: a claim records the attempt before anything is sent.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use access::Vault;
use base::{Event, Id, Scope, Time};
use store::{Error, FromRow, Row, Tx, Value, outbox, params, rows};

use super::{
    bundle::content,
    claimed::{Address, ClaimedDelivery, Content},
    due::Due,
    in_flight::InFlightGuard,
    insert::{ATTEMPTS, Lease, attempt},
    pace::Pace,
    quarantine,
    state::State,
};
use crate::{
    facts::{self, Wanted},
    plan::{Cause, Rules, Why},
    reads, sql,
};

/// The result of a claim.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    /// The messages to send now.
    pub(crate) claimed: Vec<ClaimedDelivery>,
    /// The lanes in which something was taken, to be sent or canceled.
    pub(crate) taken: BTreeSet<Arc<str>>,
    /// When each of the given lanes has its next row due, if one waits.
    pub(crate) next: Vec<(Arc<str>, Option<Time>)>,
}

/// The scope of one claim.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// The lanes, and the limit of each.
    pub(crate) lanes: Vec<(Arc<str>, usize)>,
    pub(crate) lease: Lease,
    pub(crate) pace: Arc<Pace>,
}

const DUE: &str = "select id, event_id, channel, recipient_kind, recipient, target_key, body, attempts, earlier, \
     unknowns, lane, summary_id, digest_id, why from deliveries where state = 'pending' and lane = $1 and next_at <= $2 order by next_at limit $3";
const LATER: &str = "update deliveries set next_at = $2 where id = $1";
const SEALED: &str = "update deliveries set next_at = $2, reason = $3, updated_at = $4 where id = $1";
/// How long until it is checked again whether the secret key can decrypt a URL.
const SEALED_WAIT: Duration = Duration::from_mins(1);
// Not min(next_at): without statistics PostgreSQL reads every row that waits in the lane for that.
const NEXT: &str =
    "select next_at from deliveries where state = 'pending' and lane = $1 order by next_at limit 1";

/// Claims due messages in these lanes, up to the limit of each, cancels what may no longer be sent, and postpones what
/// would exceed its destination's rate.
///
/// # Errors
/// Database errors.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rules: Arc<Rules>,
    round: &Round,
) -> Result<Claim, Error> {
    let (now, steady) = (tx.now(), tx.clock().steady());
    let sql = format!("{DUE}{}", outbox::skip_locked(tx));
    let mut due: Vec<Due> = Vec::new();
    let mut claim = Claim::default();
    for (lane, limit) in &round.lanes {
        let rows: Vec<Row> = tx.all(&sql, params![&**lane, now, *limit])?;
        if !rows.is_empty() {
            claim.taken.insert(Arc::clone(lane));
        }
        for row in &rows {
            match Due::from_row(row) {
                Ok(read) => due.push(read),
                Err(error) => quarantine::set(tx, row, &error)?,
            }
        }
    }
    let events = events_of(tx, &due)?;
    let wanted = Wanted::by_recipients(due.iter().map(|due| &due.recipient));
    let world = facts::world(tx, vault, rules, wanted)?;
    let whys = due
        .iter()
        .filter_map(|due| Some((due.why.as_ref()?, Some(&due.recipient))));
    let teams = facts::team_names(tx, whys)?;
    let mut cancelled = Vec::new();
    for due in due {
        let content = match content(tx, &world, &due, &events) {
            Err(error @ Error::Decode(_)) => {
                quarantine::set_id(tx, &due.id.to_string(), &error)?;
                continue;
            }
            content => content?,
        };
        match content {
            Ok((content, address)) => match round.pace.check(due.channel, &due.key, steady) {
                Ok(()) => {
                    let held = round.lease.in_flight.add(due.id, steady);
                    claim
                        .claimed
                        .push(claimed(due, content, address, (&teams, now, held)));
                }
                Err(later) => {
                    let later = now.after(later.since(steady));
                    tx.post(LATER, params![due.id, later])?;
                }
            },
            Err(why @ Why::Sealed) => {
                let later = now.after(SEALED_WAIT);
                tx.post(SEALED, params![due.id, later, why.words(), now])?;
            }
            Err(why) => {
                cancel(tx, due.id, &why)?;
                cancelled.push(due.id);
            }
        }
    }
    reads::unread::given_up(tx, &cancelled)?;
    begin(tx, &claim.claimed, &round.lease)?;
    for (lane, _) in &round.lanes {
        let next = tx.one::<(Option<Time>,)>(NEXT, params![&**lane])?;
        claim.next.push((Arc::clone(lane), next.and_then(|(next,)| next)));
    }
    Ok(claim)
}

fn events_of(tx: &mut Tx<'_>, due: &[Due]) -> Result<HashMap<Id, Arc<Event>>, Error> {
    let mut ids: Vec<Id> = due.iter().map(|due| due.event).collect();
    ids.sort_unstable();
    ids.dedup();
    let events = outbox::events(tx, &ids, &Scope::All)?;
    Ok(events
        .into_iter()
        .map(|event| (event.id, Arc::new(event)))
        .collect())
}

fn claimed(
    due: Due,
    content: Content,
    address: Address,
    (teams, now, held): (&HashMap<Id, String>, Time, Arc<InFlightGuard>),
) -> ClaimedDelivery {
    let named = |team| teams.get(&team).cloned();
    let cause = due.why.map(|why| Cause::of(why, &due.recipient, named));
    ClaimedDelivery {
        cause,
        id: due.id,
        channel: due.channel,
        content,
        recipient: due.recipient,
        key: due.key,
        address,
        body: due.body,
        attempt: due.attempts + 1,
        earlier: due.earlier,
        unknowns: due.unknowns,
        lane: due.lane,
        started_at: now,
        held,
    }
}

const BEGIN: &str = "update deliveries set state = 'sending', attempts = attempts + 1, node = $1, lease_until = $2, \
     updated_at = $3 where 1 = 1";

fn begin(tx: &mut Tx<'_>, claimed: &[ClaimedDelivery], lease: &Lease) -> Result<(), Error> {
    if claimed.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let ids: Vec<Value> = claimed.iter().map(|claimed| claimed.id.into()).collect();
    sql::post_among(tx, BEGIN, params![&*lease.node, lease.until, now], "id", &ids)?;
    let attempts = claimed
        .iter()
        .map(|claimed| attempt(claimed.id.into(), claimed.attempt, now));
    rows::post(tx, (ATTEMPTS, ""), attempts.collect())
}

const CANCEL: &str = "update deliveries set state = $2, reason = $3, updated_at = $4 where id = $1";

pub(super) fn cancel(tx: &mut Tx<'_>, delivery: Id, why: &Why) -> Result<(), Error> {
    let now = tx.now();
    tx.post(CANCEL, params![delivery, State::Cancelled, why.name(), now])
}

const RETRY_SEALED: &str = "update deliveries set next_at = $1 where state = 'pending' and reason = $2";

/// Makes messages due that wait for a secret key that can decrypt their URL: the key may be the right one now.
///
/// # Errors
/// Database errors.
pub(crate) fn retry_sealed(tx: &mut Tx<'_>) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(RETRY_SEALED, params![now, Why::Sealed.words()])
        .map(drop)
}

const WAITING: &str = "select lane, min(next_at) from deliveries where state = 'pending' group by lane";

/// Every lane with waiting messages, and when the first of them is due.
///
/// # Errors
/// Database errors.
pub(crate) fn waiting(tx: &mut Tx<'_>) -> Result<Vec<(Arc<str>, Time)>, Error> {
    let lanes: Vec<(String, Time)> = tx.all(WAITING, &[])?;
    Ok(lanes.into_iter().map(|(lane, due)| (lane.into(), due)).collect())
}
