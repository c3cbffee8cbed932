//! Resending finished messages, or sending waiting ones at once, because an administrator asks for it.

pub mod http;

use base::{Id, Time};
use store::{Error, Tx, Value, Word, params};

use crate::{channel::Channel, plan::Why, target::Key};

/// The result of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    /// It waits for its next attempt, and the schedule starts over.
    Waits,
    /// It is being sent already.
    InFlight,
    /// There is no such delivery.
    None,
}

const RESEND: &str = "update deliveries set state = 'pending', reason = 'resent by an administrator', next_at = $2, \
     earlier = attempts, unknowns = 0, updated_at = $2 where id = $1 and state not in ('pending', 'sending')";
const EXISTS: &str = "select state from deliveries where id = $1";

/// Makes the delivery due. It is the same message: the same id, on a webhook the same body.
///
/// # Errors
/// Database errors.
pub(crate) fn resend(tx: &mut Tx<'_>, delivery: Id) -> Result<Resend, Error> {
    let now = tx.now();
    if tx.execute(RESEND, params![delivery, now])? > 0 {
        return Ok(Resend::Waits);
    }
    Ok(match tx.one::<(String,)>(EXISTS, params![delivery])? {
        Some(_) => Resend::InFlight,
        None => Resend::None,
    })
}

const DESTINATION: &str = "select target_key, channel, label from deliveries where id = $1";

/// Where a delivery was sent, if there is one: the destination, its channel, and its label.
///
/// # Errors
/// Database errors.
fn destination_of(tx: &mut Tx<'_>, delivery: Id) -> Result<Option<(Key, Channel, String)>, Error> {
    let row: Option<(String, Word<Channel>, String)> = tx.one(DESTINATION, params![delivery])?;
    Ok(row.map(|(key, Word(channel), label)| (Key::stored(&key), channel, label)))
}

/// One destination, or all of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    Key(Key),
    Channel(Channel),
}

impl Selection {
    /// The condition on a delivery, whose value is `$1`.
    const fn sql(&self) -> &'static str {
        match self {
            Self::Key(_) => "target_key = $1",
            Self::Channel(_) => "channel = $1",
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Key(key) => key.as_str().into(),
            Self::Channel(channel) => channel.name().into(),
        }
    }
}

/// Failed messages that ended at `since` or later, at most this many.
#[derive(Debug, Clone)]
pub(crate) struct Failures {
    pub(crate) selection: Selection,
    pub(crate) since: Time,
    pub(crate) limit: u32,
}

// A message that was canceled for any other reason than its destination's state must not be sent: its recipient lost
// access, or its destination changed.
const RESENDABLE: &str = "updated_at >= $2 and state in ('refused', 'failed', 'unknown', 'cancelled') \
     and (state <> 'cancelled' or reason = $3) \
     and target_key not in (select target_key from destinations where off_at > 0)";

/// Makes them due, oldest first: how many, and whether there are more. Not those for a destination that is turned off.
///
/// # Errors
/// Database errors.
pub(crate) fn resend_failed(tx: &mut Tx<'_>, failures: &Failures) -> Result<(u64, bool), Error> {
    let (now, off) = (tx.now(), Why::SwitchedOff.name());
    let Failures {
        selection,
        since,
        limit,
    } = failures;
    let there = selection.sql();
    // The states are checked again, for a message that something else took up meanwhile.
    let again = format!(
        "update deliveries set state = 'pending', reason = 'resent by an administrator', next_at = $4, \
         earlier = attempts, unknowns = 0, updated_at = $4 \
         where state in ('refused', 'failed', 'unknown', 'cancelled') \
         and id in (select id from deliveries where {there} and {RESENDABLE} order by updated_at, id limit $5)"
    );
    let sent = tx.execute(&again, params![selection.value(), *since, off, now, *limit])?;
    let more = format!("select id from deliveries where {there} and {RESENDABLE} limit 1");
    let more: Option<(Id,)> = tx.one(&more, params![selection.value(), *since, off])?;
    Ok((sent, more.is_some()))
}

// A summary too: it is sent with what it has collected.
const WAITS: &str = "state = 'pending' and next_at > $2";

/// Makes waiting messages due, oldest first: how many, and whether there are more.
///
/// # Errors
/// Database errors.
pub(crate) fn send_waiting(tx: &mut Tx<'_>, selection: &Selection, limit: u32) -> Result<(u64, bool), Error> {
    let (now, there) = (tx.now(), selection.sql());
    let send_waiting = format!(
        "update deliveries set next_at = $2, reason = 'sent now by an administrator', updated_at = $2 \
         where state = 'pending' \
         and id in (select id from deliveries where {there} and {WAITS} order by next_at, id limit $3)"
    );
    let sent = tx.execute(&send_waiting, params![selection.value(), now, limit])?;
    let more = format!("select id from deliveries where {there} and {WAITS} limit 1");
    let more: Option<(Id,)> = tx.one(&more, params![selection.value(), now])?;
    Ok((sent, more.is_some()))
}

#[cfg(test)]
mod tests;
