//! The rules in memory, as long as their version in the database stands: they change seldom and every batch needs
//! all of them.

use std::sync::{Arc, Mutex, PoisonError};

use access::Vault;
use store::{Error, Tx};

use super::read;
use crate::plan::Rules;

/// The rules as they were at a version.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Option<(i64, Arc<Rules>)>>);

const VERSION: &str = "select value from notification_meta where name = 'rules'";
const CHANGED: &str = "insert into notification_meta (name, value) values ('rules', 1) \
     on conflict (name) do update set value = notification_meta.value + 1";

impl Cache {
    /// The rules that count now.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn current(&self, tx: &mut Tx<'_>, vault: &Vault) -> Result<Arc<Rules>, Error> {
        // The version first: rules that change in between are then read under an old one, and read again.
        let version = tx.one::<(i64,)>(VERSION, &[])?.map_or(0, |(version,)| version);
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, rules)) = &*cached
            && *known == version
        {
            return Ok(Arc::clone(rules));
        }
        let rules = Arc::new(read::for_plan(tx, vault)?);
        *cached = Some((version, Arc::clone(&rules)));
        Ok(rules)
    }
}

/// Says that the rules changed, in the transaction that changes them.
///
/// # Errors
/// The database's.
pub(super) fn changed(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute(CHANGED, &[]).map(drop)
}
