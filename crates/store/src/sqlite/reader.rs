//! Reads: a bounded number of read-only connections, used on blocking threads.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::Clock;
use rusqlite::Connection;

use super::{Vfs, connect_reader};
use crate::{
    Error, Tx,
    job::{Attempt, Job},
    share::{Shares, Takes},
    tx,
};

/// How long a read waits for a connection. The database is in this process, so if none becomes free the machine is busy.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Readers {
    path: PathBuf,
    vfs: Vfs,
    shares: Shares,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new((path, vfs): (PathBuf, Vfs), connections: usize) -> Self {
        Self {
            path,
            vfs,
            shares: Shares::new(connections, TIMEOUT),
            idle: Arc::default(),
        }
    }

    pub(super) async fn run(&self, mut job: Box<dyn Job>, takes: Takes, clock: Clock) -> Result<(), Error> {
        let place = self.shares.take(takes).await?;
        let idle = Arc::clone(&self.idle);
        let (path, vfs) = (self.path.clone(), self.vfs);
        let read = move || {
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match reused.map_or_else(|| connect_reader(&path, vfs), Ok) {
                Ok(connection) => connection,
                Err(error) => {
                    drop(place);
                    return Err(error);
                }
            };
            let ended = snapshot(&connection, &mut *job, &clock);
            if ended.is_ok() {
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(connection);
            }
            drop(place);
            job.finish(ended);
            Ok(())
        };
        let reading = match takes {
            Takes::Moment => tokio::task::spawn_blocking(read),
            Takes::Long => base::spawn_background(read),
        };
        reading.await.unwrap_or(Err(Error::Panicked))
    }

    /// Waits for running reads, then accepts none and closes the connections.
    pub(super) async fn close(&self) {
        self.shares.close().await;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Runs the job in one read transaction, so that all its queries see the same state.
fn snapshot(connection: &Connection, job: &mut dyn Job, clock: &Clock) -> Result<(), Error> {
    connection.prepare_cached("begin deferred")?.execute([])?;
    let mut tx = Tx::new(tx::Connection::Sqlite(connection), clock);
    job.run(&mut tx, Attempt::Last);
    connection.prepare_cached("rollback")?.execute([])?;
    Ok(())
}
