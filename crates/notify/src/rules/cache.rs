//! The rules in memory, as long as their version in the database is unchanged: they rarely change and every batch needs
//! all of them.

use std::sync::{Arc, Mutex, PoisonError};

use access::Vault;
use store::{Error, Tx};

use super::read;
use crate::plan::Rules;

/// The rules as of a version.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Option<(i64, Arc<Rules>)>>);

const VERSION: &str = "select value from notification_meta where name = 'rules'";
const CHANGED: &str = "insert into notification_meta (name, value) values ('rules', 1) \
     on conflict (name) do update set value = notification_meta.value + 1";

impl Cache {
    /// The current rules.
    ///
    /// # Errors
    /// Database errors.
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

    /// Clears the cache: a transaction failed, and the rules may have been read from it. A later change could get the
    /// version they were read at.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Marks the rules as changed, in the transaction that changes them.
///
/// # Errors
/// Database errors.
pub(super) fn changed(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute(CHANGED, &[]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::fixtures;

    #[tokio::test]
    async fn rules_of_a_transaction_that_failed_are_not_kept() {
        for fixture in fixtures().await {
            let (cache, vault) = (Arc::new(Cache::default()), fixture.access.vault().clone());
            let count = |rules: &Rules| {
                rules
                    .of(base::Kind::FindingAssigned, crate::channel::Channel::InApp)
                    .count()
            };
            let (inside, sealed) = (Arc::clone(&cache), vault.clone());
            // Like a planner that reads what another job of the same batch wrote, before the batch fails to commit.
            let failed = fixture.store.write(move |tx| {
                tx.execute("delete from notification_rules", &[])?;
                changed(tx)?;
                assert_eq!(count(&*inside.current(tx, &sealed)?), 0);
                Err::<(), _>(Error::Full)
            });
            assert!(failed.await.is_err());
            cache.forget();
            fixture
                .store
                .write(move |tx| {
                    changed(tx)?;
                    assert_eq!(count(&*cache.current(tx, &vault)?), 1);
                    Ok::<_, Error>(())
                })
                .await
                .unwrap();
        }
    }
}
