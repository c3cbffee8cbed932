//! Changes of who may see what: told within this process, and as rows to every other one on the same database.
//!
//! Owns: [`AccessChange`], the table `access_changes`, and which of its rows this process has told.
//! Must not: know who rests on access, or when to look (that is the [`Follower`](crate::Follower)).
//!
//! A row is written in the transaction of the change itself, so the one is there exactly if the other is. Whoever learns
//! of it first in this process tells it, and nobody tells it again: the one who made the change, after its commit, or the
//! follower, also where the answer to the commit was lost.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{Requester, Tx, params};
use tokio::sync::broadcast;

use crate::{Access, Problem};

/// How many changes of access a listener may be behind before it is told that it lagged.
const LISTENER: usize = 1024;

/// How long rows are kept; much longer than anyone looks back.
const KEPT: Duration = Duration::from_mins(10);

/// Access that was taken away or given: whoever rests on it looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessChange {
    /// Something about this user: a membership, a role, being an administrator, disabled, deleted, the password.
    User(Id),
    /// This session or API token ended.
    Session(Id),
    /// It is not known whose access has changed: it may be anyone's.
    Unknown,
}

/// Who listens in this process, and the rows they need not hear of (again): never more than the table has.
pub(crate) struct Told {
    listeners: broadcast::Sender<AccessChange>,
    rows: Mutex<BTreeSet<Id>>,
}

impl Told {
    pub(crate) fn new() -> Self {
        Self {
            listeners: broadcast::Sender::new(LISTENER),
            rows: Mutex::default(),
        }
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, BTreeSet<Id>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the rows that may be pruned by now.
    pub(crate) fn forget(&self, now: Time) {
        let mut rows = self.rows();
        *rows = rows.split_off(&first_kept(now));
    }
}

impl Access {
    /// Every change of access from now on, each after its commit. A listener that lags must look at everything again.
    /// Those of other processes are among them while a [`Follower`](crate::Follower) runs.
    pub fn changes(&self) -> broadcast::Receiver<AccessChange> {
        self.told().listeners.subscribe()
    }

    /// Tells this process, unless this row was told.
    pub(crate) fn tell_row(&self, row: Id, changes: &[AccessChange]) {
        // Held until all is told: who comes second may go on only then.
        let mut rows = self.told().rows();
        if rows.insert(row) {
            self.tell(changes);
        }
    }

    /// Tells this process: first what it has kept itself, then who listens.
    pub(crate) fn tell(&self, changes: &[AccessChange]) {
        self.known().forget(changes);
        for change in changes {
            // Nobody listening is nobody who rests on it.
            let _ = self.told().listeners.send(*change);
        }
    }

    /// Changes data and then tells of the changes of access the closure answers with.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<(T, Vec<AccessChange>), Problem> + Clone + Send + 'static,
    ) -> Result<T, Problem> {
        let access = self.clone();
        // On a task of its own: a caller who hangs up after the commit must not keep the change from being told.
        let told = tokio::spawn(Requester::inherited(async move {
            let done = access.store().write(move |tx| {
                let (value, changes) = f(tx)?;
                let row = insert(tx, &changes)?;
                Ok::<_, Problem>((value, row, changes))
            });
            let (value, row, changes) = done.await?;
            if let Some(row) = row {
                access.tell_row(row, &changes);
            }
            Ok(value)
        }));
        told.await.unwrap_or_else(|_| Err(Problem::internal()))
    }
}

const INSERT: &str = "insert into access_changes (id, body) values ($1, $2)";

/// Writes the changes for other processes, if there are any. The last thing before the commit: from the time in the id
/// to the commit is how far they must look back.
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

/// The rows made since then.
pub(crate) fn since(tx: &mut Tx<'_>, since: Time) -> Result<Vec<Id>, store::Error> {
    let rows: Vec<(Id,)> = tx.all(SINCE, params![first_at(since)])?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const BODY: &str = "select body from access_changes where id = $1";

/// What a row says.
pub(crate) fn read(tx: &mut Tx<'_>, row: Id) -> Result<Vec<AccessChange>, store::Error> {
    let Some((body,)) = tx.one::<(String,)>(BODY, params![row])? else {
        return Ok(vec![AccessChange::Unknown]);
    };
    // A newer version may know changes that this one does not.
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

/// Ids sort by time: no id made then or later is smaller.
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
    async fn a_row_is_told_by_whoever_learns_of_it_first() {
        let clock = Clock::system();
        let store = store::testing::sqlite(clock.clone()).await.unwrap();
        let access = Access::new(store, Options::new(Secret::new("a key")));
        let mut heard = access.changes();
        let change = AccessChange::User(clock.id());
        let row = clock.id();
        for row in [row, row, clock.id()] {
            access.tell_row(row, &[change]);
        }
        assert_eq!((heard.try_recv(), heard.try_recv()), (Ok(change), Ok(change)));
        assert!(heard.try_recv().is_err(), "two rows");
    }
}
