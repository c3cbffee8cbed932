//! Wrong passwords: counted in memory, noted by the next sweep.
//!
//! Owns: the count for each account since the last sweep. So an attempt costs no write, takes as long whether there is
//! the account or not, and who tries all day makes one entry a minute and account. Addresses that nobody has are not
//! noted: people type passwords there.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use base::Id;
use store::{Tx, params};

use super::{Action, By, Entry, note};
use crate::{Peer, Problem};

/// The most accounts of one sweep; beyond that some stay unnoted.
const ACCOUNTS: usize = 1_000;

/// How many attempts there were on one account, and from which address the last came.
#[derive(Debug, Clone, Copy, Default)]
struct Refused {
    attempts: u64,
    address: Option<IpAddr>,
}

/// The wrong passwords since the last sweep.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<Id, Refused>>);

/// Those of one sweep.
#[derive(Clone)]
pub(crate) struct Counted(BTreeMap<Id, Refused>);

impl Refusals {
    /// One more on this account.
    pub(crate) fn count(&self, account: Id, peer: Option<Peer>) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() < ACCOUNTS || refusals.contains_key(&account) {
            let refused = refusals.entry(account).or_default();
            refused.attempts = refused.attempts.saturating_add(1);
            refused.address = peer.map(|peer| peer.0);
        }
    }

    /// All of them; counting begins anew.
    pub(crate) fn take(&self) -> Counted {
        Counted(std::mem::take(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

const NAME: &str = "select name from users where id = $1";

impl Counted {
    /// Notes them, one entry for each account.
    pub(crate) fn note(self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        for (account, refused) in self.0 {
            let Some((name,)) = tx.one::<(String,)>(NAME, params![account])? else {
                continue;
            };
            let entry = Entry::new(Action::SessionRefused, account, name).says("attempts", refused.attempts);
            note(tx, &By::nobody(refused.address), entry)?;
        }
        Ok(())
    }
}
