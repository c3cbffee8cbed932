//! Sending once more what is over, because an administrator asks for it.

use base::Id;
use store::{Error, Tx, params};

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
