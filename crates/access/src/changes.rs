//! Access changes: announced within this process, and as rows to every other process on the same database.
//!
//! Owns: [`AccessChange`], the table `access_changes`, and which of its rows this process has announced.
//! Must not: know who depends on access, or when to poll (that is the [`Follower`](crate::Follower)).
//!
//! A row is written in the transaction of the change itself, so one exists exactly if the other does. Whichever part
//! of this process learns of it first announces it, exactly once: the writer of the change, after its commit, or the
//! follower, also if the response to the commit was lost.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{Requester, Tx, params};
use tokio::sync::broadcast;

use crate::{Access, Problem};

/// How many access changes a listener may be behind before it is notified that it lagged.
const LISTENER: usize = 1024;

/// How long rows are kept; much longer than any follower reads back.
const KEPT: Duration = Duration::from_mins(10);

/// Access was revoked or granted: dependents must check again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessChange {
    /// Something about this user: a membership, a role, being an administrator, disabled, deleted, the password.
    User(Id),
    /// This session or API token ended.
    Session(Id),
    /// It is unknown whose access has changed: it may be anyone's.
    Unknown,
}

/// Called with each row that this process wrote, and what it contains.
pub(crate) type Forward = Box<dyn Fn(Id, &[AccessChange]) + Send + Sync>;

/// The listeners in this process, and the rows already announced to them: never more than the table has.
pub(crate) struct Announcer {
    listeners: broadcast::Sender<AccessChange>,
    rows: Mutex<BTreeSet<Id>>,
    forward: OnceLock<Forward>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Self {
            listeners: broadcast::Sender::new(LISTENER),
            rows: Mutex::default(),
            forward: OnceLock::new(),
        }
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, BTreeSet<Id>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the rows that may have been pruned.
    pub(crate) fn forget(&self, now: Time) {
        let mut rows = self.rows();
        *rows = rows.split_off(&first_kept(now));
    }
}

impl Access {
    /// Every access change from now on, each after its commit. A listener that lags must check everything again.
    /// Includes those of other processes while a [`Follower`](crate::Follower) runs.
    pub fn changes(&self) -> broadcast::Receiver<AccessChange> {
        self.announcer().listeners.subscribe()
    }

    /// Passes on what this process changes, after the commit and before anyone in this process is notified, so that
    /// other processes may learn of it sooner than by polling. Only the first call has an effect.
    pub fn forward_changes(&self, forward: impl Fn(Id, &[AccessChange]) + Send + Sync + 'static) {
        let _ = self.announcer().forward.set(Box::new(forward));
    }

    /// Another process made these changes and wrote this row. Without the changes they are read from the row.
    pub async fn changed_elsewhere(&self, row: Id, changes: Option<Vec<AccessChange>>) {
        let changes = match changes {
            Some(changes) => changes,
            None if self.announcer().rows().contains(&row) => return,
            // If it cannot be read, it may be anyone's.
            None => {
                let read = self.store().read(move |tx| read(tx, row)).await;
                read.unwrap_or_else(|_| vec![AccessChange::Unknown])
            }
        };
        self.announce_row(row, &changes);
    }

    /// Announces changes in this process, unless this row was announced.
    pub(crate) fn announce_row(&self, row: Id, changes: &[AccessChange]) {
        // Held until all are announced: a second caller may only continue then.
        let mut rows = self.announcer().rows();
        if rows.insert(row) {
            self.announce(changes);
        }
    }

    /// Announces changes in this process: first to its own cache, then to the listeners.
    pub(crate) fn announce(&self, changes: &[AccessChange]) {
        self.caller_cache().forget(changes);
        for change in changes {
            // Without listeners, nobody depends on it.
            let _ = self.announcer().listeners.send(*change);
        }
    }

    /// Changes data and then announces the access changes that the closure returns.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<(T, Vec<AccessChange>), Problem> + Clone + Send + 'static,
    ) -> Result<T, Problem> {
        let access = self.clone();
        // On its own task: a caller who disconnects after the commit must not prevent the announcement.
        let announcement = tokio::spawn(Requester::inherited(async move {
            let done = access.store().write(move |tx| {
                let (value, changes) = f(tx)?;
                let row = insert(tx, &changes)?;
                Ok::<_, Problem>((value, row, changes))
            });
            let (value, row, changes) = done.await?;
            if let Some(row) = row {
                if let Some(forward) = access.announcer().forward.get() {
                    forward(row, &changes);
                }
                access.announce_row(row, &changes);
            }
            Ok(value)
        }));
        announcement.await.unwrap_or_else(|_| Err(Problem::internal()))
    }
}

const INSERT: &str = "insert into access_changes (id, body) values ($1, $2)";

/// Writes the changes for other processes, if there are any. The last thing before the commit: from the time in the id
/// to the commit is how far they must read back.
fn insert(tx: &mut Tx<'_>, changes: &[AccessChange]) -> Result<Option<Id>, store::Error> {
    if changes.is_empty() {
        return Ok(None);
    }
    let row = tx.id();
    let body = serde_json::to_string(changes).map_err(|error| store::Error::Decode(error.to_string()))?;
    tx.execute(INSERT, params![row, body])?;
    Ok(Some(row))
}

const SINCE: &str = "select id from access_changes where id >= $1 order by id";

/// The rows created since then.
pub(crate) fn since(tx: &mut Tx<'_>, since: Time) -> Result<Vec<Id>, store::Error> {
    let rows: Vec<(Id,)> = tx.all(SINCE, params![first_at(since)])?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const BODY: &str = "select body from access_changes where id = $1";

/// The changes in a row.
pub(crate) fn read(tx: &mut Tx<'_>, row: Id) -> Result<Vec<AccessChange>, store::Error> {
    let Some((body,)) = tx.one::<(String,)>(BODY, params![row])? else {
        return Ok(vec![AccessChange::Unknown]);
    };
    // A newer version may write changes that this one does not know.
    Ok(serde_json::from_str(&body).unwrap_or_else(|_| vec![AccessChange::Unknown]))
}

const PRUNE: &str = "delete from access_changes where id < $1";

/// Removes the rows that everyone has read.
pub(crate) fn prune(tx: &mut Tx<'_>) -> Result<(), store::Error> {
    let first = first_kept(tx.now());
    tx.execute(PRUNE, params![first]).map(drop)
}

fn first_kept(now: Time) -> Id {
    first_at(now.before(KEPT))
}

/// Ids sort by time: no id created then or later is smaller.
pub(crate) fn first_at(time: Time) -> Id {
    Id::from_parts(time.millis(), [0; 10])
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;
    use crate::{Options, Secret};

    // promise: E8
    #[tokio::test]
    async fn a_row_is_announced_once_by_the_first_to_learn_of_it() {
        let clock = Clock::system();
        let store = store::testing::sqlite(clock.clone()).await.unwrap();
        let access = Access::new(store, Options::new(Secret::new("a key")));
        let mut heard = access.changes();
        let change = AccessChange::User(clock.id());
        let row = clock.id();
        for row in [row, row, clock.id()] {
            access.announce_row(row, &[change]);
        }
        assert_eq!((heard.try_recv(), heard.try_recv()), (Ok(change), Ok(change)));
        assert!(heard.try_recv().is_err(), "two rows");
    }
}
