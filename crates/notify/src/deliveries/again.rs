//! Sending once more what is over, because an administrator asks for it.

use base::{Id, Time};
use store::{Error, Tx, params};

use crate::{
    plan::Why,
    target::{Key, Recipient},
};

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It waits for its next attempt, and the schedule begins anew.
    Waits,
    /// It is under way already.
    UnderWay,
    /// There is no such delivery.
    None,
}

const AGAIN: &str = "update deliveries set state = 'pending', reason = 'sent again by an administrator', next_at = $2, \
     earlier = attempts, unknowns = 0, updated_at = $2 where id = $1 and state not in ('pending', 'sending')";
const EXISTS: &str = "select state from deliveries where id = $1";

/// Makes the delivery due. It is the same message: the same id, on a webhook the same body.
///
/// # Errors
/// The database's.
pub(crate) fn send_again(tx: &mut Tx<'_>, delivery: Id) -> Result<Again, Error> {
    let now = tx.now();
    if tx.execute(AGAIN, params![delivery, now])? > 0 {
        return Ok(Again::Waits);
    }
    Ok(match tx.one::<(String,)>(EXISTS, params![delivery])? {
        Some(_) => Again::UnderWay,
        None => Again::None,
    })
}

const WHERE_TO: &str = "select target_key, recipient_kind, recipient from deliveries where id = $1";

/// Where a delivery went, if there is one: the destination, and who it was for.
///
/// # Errors
/// The database's.
pub(super) fn destination_of(tx: &mut Tx<'_>, delivery: Id) -> Result<Option<(Key, Recipient)>, Error> {
    let row: Option<(String, String, String)> = tx.one(WHERE_TO, params![delivery])?;
    row.map(|(key, kind, reference)| {
        let recipient = Recipient::parse(&kind, &reference)
            .ok_or_else(|| Error::Decode(format!("a recipient of the kind {kind:?}")))?;
        Ok((Key::stored(&key), recipient))
    })
    .transpose()
}

/// What did not arrive at a destination: what came to its end at `since` or later, at most so many of it.
#[derive(Debug, Clone)]
pub(crate) struct Misses {
    pub(crate) key: Key,
    pub(crate) since: Time,
    pub(crate) most: u32,
}

// What was cancelled for another reason than the destination's own is not to go out: its recipient lost the right
// to it, or it goes somewhere else now.
const MISSED: &str = "target_key = $1 and updated_at >= $2 and state in ('refused', 'failed', 'unknown', 'cancelled') \
     and (state <> 'cancelled' or reason = $3)";

/// Makes them due, the oldest first: how many, and whether there are more.
///
/// # Errors
/// The database's.
pub(crate) fn send_all_again(tx: &mut Tx<'_>, misses: &Misses) -> Result<(u64, bool), Error> {
    let (now, off) = (tx.now(), Why::SwitchedOff.name());
    let Misses { key, since, most } = misses;
    // The states once more, for one that somebody else took up meanwhile.
    let again = format!(
        "update deliveries set state = 'pending', reason = 'sent again by an administrator', next_at = $4, \
         earlier = attempts, unknowns = 0, updated_at = $4 \
         where state in ('refused', 'failed', 'unknown', 'cancelled') \
         and id in (select id from deliveries where {MISSED} order by updated_at, id limit $5)"
    );
    let sent = tx.execute(&again, params![key.as_str(), *since, off, now, *most])?;
    let more = format!("select id from deliveries where {MISSED} limit 1");
    let more: Option<(Id,)> = tx.one(&more, params![key.as_str(), *since, off])?;
    Ok((sent, more.is_some()))
}

#[cfg(test)]
mod tests;
