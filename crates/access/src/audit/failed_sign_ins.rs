//! Failed sign-ins: counted in memory, logged by the next sweep.
//!
//! Owns: the count for each account since the last sweep. So an attempt costs no write, takes as long whether or not the
//! account exists, and constant attempts add one entry a minute per account. Unknown addresses are not
//! logged: users sometimes type passwords there.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use base::Id;
use store::{Tx, params};

use super::{Action, By, Entry, note};
use crate::{Peer, Refused};

/// The most accounts of one sweep; any more are not logged.
const ACCOUNTS: usize = 1_000;

/// How many attempts there were on one account, and the address of the last one.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    attempts: u64,
    address: Option<IpAddr>,
}

/// The failed sign-ins since the last sweep.
#[derive(Debug, Default)]
pub(crate) struct FailedSignIns(Mutex<BTreeMap<Id, Failures>>);

/// Those of one sweep.
#[derive(Clone)]
pub(crate) struct Counted(BTreeMap<Id, Failures>);

impl FailedSignIns {
    /// One more on this account.
    pub(crate) fn count(&self, account: Id, peer: Option<Peer>) {
        let mut failed_sign_ins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_sign_ins.len() < ACCOUNTS || failed_sign_ins.contains_key(&account) {
            let refused = failed_sign_ins.entry(account).or_default();
            refused.attempts = refused.attempts.saturating_add(1);
            refused.address = peer.map(|peer| peer.0);
        }
    }

    /// Takes all of them and starts counting again.
    pub(crate) fn take(&self) -> Counted {
        Counted(std::mem::take(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

const NAME: &str = "select name from users where id = $1";

impl Counted {
    /// Logs them, one entry per account.
    pub(crate) fn note(self, tx: &mut Tx<'_>) -> Result<(), Refused> {
        for (account, refused) in self.0 {
            let Some((name,)) = tx.one::<(String,)>(NAME, params![account])? else {
                continue;
            };
            let entry = Entry::new(Action::SessionRefused, account, name).says("attempts", refused.attempts);
            note(tx, &By::anonymous(refused.address), entry)?;
        }
        Ok(())
    }
}
