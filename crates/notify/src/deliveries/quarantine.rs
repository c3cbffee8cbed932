//! Messages that this server cannot read: quarantined, so that they do not block others, and checked again from time to
//! time, because a later version may be able to read them.

use base::Id;
use store::{Error, FromRow, Row, Tx, outbox, params};

use super::{due::Due, state::kept};
use crate::digests;

const SET: &str = "update deliveries set state = 'set_aside', reason = $2, lease_until = 0, updated_at = $3 \
     where id = $1";

/// Quarantines the delivery of this row, whose first column is its id.
///
/// # Errors
/// Database errors.
pub(super) fn set(tx: &mut Tx<'_>, row: &Row, error: &Error) -> Result<(), Error> {
    let id: String = row.get(0)?;
    set_id(tx, &id, error)
}

/// The same by its id.
///
/// # Errors
/// Database errors.
pub(super) fn set_id(tx: &mut Tx<'_>, id: &str, error: &Error) -> Result<(), Error> {
    let now = tx.now();
    let why = match error {
        Error::Decode(why) => kept(&format!("it cannot be read: {why}")),
        other => kept(&other.to_string()),
    };
    tracing::error!(delivery = id, why, "a message was quarantined");
    tx.execute(SET, params![id, why, now]).map(drop)
}

/// How many one check reads.
const PAGE: usize = 500;

const QUARANTINED: &str = "select id, event_id, channel, recipient_kind, recipient, target_key, body, attempts, earlier, \
     unknowns, lane, summary_id, digest_id, why from deliveries where state = 'set_aside' and id > $1 order by id limit $2";

/// The quarantined messages after `after` that can be read now, and after which one to continue, if there may be more.
///
/// # Errors
/// Database errors.
pub(crate) fn readable_now(tx: &mut Tx<'_>, after: &str) -> Result<(Vec<Id>, Option<String>), Error> {
    let rows: Vec<Row> = tx.all(QUARANTINED, params![after, PAGE])?;
    let next = match rows.last() {
        Some(last) if rows.len() == PAGE => Some(last.get(0)?),
        _ => None,
    };
    let due: Vec<Due> = rows.iter().filter_map(|row| Due::from_row(row).ok()).collect();
    let events: Vec<Id> = due.iter().map(|due| due.event).collect();
    let broken = outbox::unreadable(tx, &events)?;
    let mut read = Vec::new();
    for due in due.iter().filter(|due| !broken.contains(&due.event)) {
        let whole = match due.digest {
            Some(digest) => !matches!(digests::read(tx, digest), Err(Error::Decode(_))),
            None => true,
        };
        if whole {
            read.push(due.id);
        }
    }
    Ok((read, next))
}

const RELEASE: &str = "update deliveries set state = 'pending', reason = '', next_at = $2, updated_at = $2 \
     where id = $1 and state = 'set_aside'";

/// Releases quarantined messages for another attempt.
///
/// # Errors
/// Database errors.
pub(crate) fn release(tx: &mut Tx<'_>, deliveries: &[Id]) -> Result<(), Error> {
    let now = tx.now();
    for delivery in deliveries {
        tx.execute(RELEASE, params![delivery, now])?;
    }
    Ok(())
}
