//! Reads: a bounded number of read-only connections, used on blocking threads.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use base::Clock;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connect_reader;
use crate::{Error, Tx, job::Job, tx};

pub(super) struct Readers {
    path: PathBuf,
    /// One permit per connection; to close is to have them all.
    permits: Arc<Semaphore>,
    connections: u32,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, connections: u32) -> Self {
        Self {
            path,
            permits: Arc::new(Semaphore::new(connections as usize)),
            connections,
            idle: Arc::default(),
        }
    }

    pub(super) async fn run(&self, mut job: Box<dyn Job>, clock: Clock) -> Result<(), Error> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Error::Closed)?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || {
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match reused.map_or_else(|| connect_reader(&path), Ok) {
                Ok(connection) => connection,
                Err(error) => {
                    drop(permit);
                    return Err(error);
                }
            };
            let ended = snapshot(&connection, &mut *job, &clock);
            if ended.is_ok() {
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(connection);
            }
            drop(permit);
            job.finish(ended);
            Ok(())
        })
        .await
        .unwrap_or(Err(Error::Panicked))
    }

    /// Waits for the reads under way, then takes none and closes the connections.
    pub(super) async fn close(&self) {
        if let Ok(permits) = self.permits.acquire_many(self.connections).await {
            permits.forget();
        }
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Runs the job in one read transaction, so that all its queries see the same state.
fn snapshot(connection: &Connection, job: &mut dyn Job, clock: &Clock) -> Result<(), Error> {
    connection.prepare_cached("begin deferred")?.execute([])?;
    let mut tx = Tx::new(tx::Connection::Sqlite(connection), clock);
    job.run(&mut tx);
    connection.prepare_cached("rollback")?.execute([])?;
    Ok(())
}
