//! Taking what is due: a claim writes the attempt down before anything is sent.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use access::Vault;
use base::{Event, Id, Scope, Time};
use store::{Error, FromRow, Row, Tx, Value, outbox, params};

use super::{
    Address, Content, Lease, Letter, Pace, State,
    bundle::content,
    insert::{ATTEMPT_WIDTH, ATTEMPTS, attempt},
};
use crate::{
    channel::Channel,
    facts::{self, Wanted},
    plan::{Rules, Why},
    sql,
    target::{Key, Recipient},
};

/// What a claim brought.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    /// What is to be sent now.
    pub(crate) letters: Vec<Letter>,
    /// The lanes in which something was taken, be it to be sent or to be cancelled.
    pub(crate) taken: BTreeSet<Arc<str>>,
    /// When each lane that was asked has its next row due, if it has one that waits.
    pub(crate) next: Vec<(Arc<str>, Option<Time>)>,
}

/// What one claim is about.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// The lanes, and how many of each at most.
    pub(crate) lanes: Vec<(Arc<str>, usize)>,
    pub(crate) lease: Lease,
    pub(crate) pace: Arc<Pace>,
}

pub(super) struct Due {
    pub(super) id: Id,
    pub(super) event: Id,
    pub(super) channel: Channel,
    pub(super) recipient: Recipient,
    pub(super) key: Key,
    /// Whether it tells of what others have collected in it.
    pub(super) summary: bool,
    body: String,
    attempts: u32,
    earlier: u32,
    unknowns: u32,
    lane: Arc<str>,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (kind, reference): (String, String) = (row.get(3)?, row.get(4)?);
        Ok(Self {
            id: row.get(0)?,
            event: row.get(1)?,
            channel: row.get(2)?,
            recipient: Recipient::parse(&kind, &reference)
                .ok_or_else(|| Error::Decode(format!("a recipient of the kind {kind:?}")))?,
            key: Key::stored(&row.get::<String>(5)?),
            summary: row.get::<String>(11)? == row.get::<String>(0)?,
            body: row.get(6)?,
            attempts: row.get(7)?,
            earlier: row.get(8)?,
            unknowns: row.get(9)?,
            lane: row.get::<String>(10)?.into(),
        })
    }
}

const DUE: &str = "select id, event_id, channel, recipient_kind, recipient, target_key, body, attempts, earlier, \
     unknowns, lane, summary_id from deliveries where state = 'pending' and lane = $1 and next_at <= $2 order by next_at limit $3";
const LATER: &str = "update deliveries set next_at = $2 where id = $1";
// Not min(next_at): without statistics PostgreSQL reads every row that waits in the lane for that.
const NEXT: &str =
    "select next_at from deliveries where state = 'pending' and lane = $1 order by next_at limit 1";

/// Claims what is due in these lanes, at most so many in each, cancels what may no longer go out, and puts off what
/// would come too fast for its destination.
///
/// # Errors
/// The database's.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    vault: &Vault,
    rules: Arc<Rules>,
    round: &Round,
) -> Result<Claim, Error> {
    let now = tx.now();
    let sql = format!("{DUE}{}", outbox::skip_locked(tx));
    let mut due: Vec<Due> = Vec::new();
    for (lane, most) in &round.lanes {
        due.extend(tx.all::<Due>(&sql, params![&**lane, now, *most])?);
    }
    let mut claim = Claim {
        taken: due.iter().map(|due| Arc::clone(&due.lane)).collect(),
        ..Claim::default()
    };
    let events = events_of(tx, &due)?;
    let wanted = Wanted::by_recipients(due.iter().map(|due| &due.recipient));
    let world = facts::world(tx, vault, rules, wanted)?;
    for due in due {
        match content(tx, &world, &due, &events)? {
            Ok((told, address)) => match round.pace.ask(due.channel, &due.key, now) {
                Ok(()) => claim.letters.push(letter(due, told, address, now)),
                Err(later) => drop(tx.execute(LATER, params![due.id, later])?),
            },
            Err(why) => cancel(tx, due.id, &why)?,
        }
    }
    begin(tx, &claim.letters, &round.lease)?;
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

fn letter(due: Due, content: Content, address: Address, now: Time) -> Letter {
    Letter {
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
    }
}

const BEGIN: &str = "update deliveries set state = 'sending', attempts = attempts + 1, node = $1, lease_until = $2, \
     updated_at = $3 where 1 = 1";

fn begin(tx: &mut Tx<'_>, letters: &[Letter], lease: &Lease) -> Result<(), Error> {
    if letters.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let ids: Vec<Value> = letters.iter().map(|letter| letter.id.into()).collect();
    sql::update_among(tx, BEGIN, params![&*lease.node, lease.until, now], "id", &ids)?;
    let attempts: Vec<Value> = letters
        .iter()
        .flat_map(|letter| attempt(letter.id.into(), letter.attempt, now))
        .collect();
    sql::insert(tx, ATTEMPTS, ATTEMPT_WIDTH, &attempts, "")
}

const CANCEL: &str = "update deliveries set state = $2, reason = $3, updated_at = $4 where id = $1";

pub(super) fn cancel(tx: &mut Tx<'_>, delivery: Id, why: &Why) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(CANCEL, params![delivery, State::Cancelled, why.name(), now])
        .map(drop)
}

const WAITING: &str = "select lane, min(next_at) from deliveries where state = 'pending' group by lane";

/// Every lane in which something waits, and when the first of it is due.
///
/// # Errors
/// The database's.
pub(crate) fn waiting(tx: &mut Tx<'_>) -> Result<Vec<(Arc<str>, Time)>, Error> {
    let lanes: Vec<(String, Time)> = tx.all(WAITING, &[])?;
    Ok(lanes.into_iter().map(|(lane, due)| (lane.into(), due)).collect())
}
