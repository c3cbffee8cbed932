//! Checkpoints: the write-ahead log is moved into the database on a separate thread, so that no commit waits for it.
//!
//! Owns: when it is done. Must not: wait for a reader or delay the writer.
//!
//! SQLite would do it within the commit that makes the log long. The log restarts only when all of it has been moved and
//! nobody reads it (<https://www.sqlite.org/wal.html>, section 2.3), which never happens while the writer continues; so if it
//! has become very long, the writer waits until the rest is done.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

use crate::Error;

/// From how many pages the log is moved: SQLite's default.
const MOVE_PAGES: usize = 1_000;
/// From how many pages the writer waits for it.
const WAIT_PAGES: usize = 16 * MOVE_PAGES;

/// The checkpoint thread. It ends when this is dropped.
pub(super) struct Checkpoints {
    /// The connection for checkpoints.
    own: Arc<Mutex<Connection>>,
    log: Arc<Log>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    /// Pages in the log after the latest commit.
    pages: AtomicUsize,
    ended: AtomicBool,
}

impl Checkpoints {
    /// Follows the commits of the writer.
    ///
    /// # Errors
    /// [`Error::Database`] if no thread can be started.
    pub(super) fn begin(writer: &mut Connection, own: Connection) -> Result<Self, Error> {
        let (own, log) = (Arc::new(Mutex::new(own)), Arc::new(Log::default()));
        let (at_work, seen) = (Arc::clone(&own), Arc::clone(&log));
        let thread = thread::Builder::new()
            .name("sqlite-checkpoints".into())
            .spawn(move || {
                while !seen.ended.load(Ordering::Acquire) {
                    thread::park();
                    if seen.pages.load(Ordering::Acquire) >= MOVE_PAGES {
                        checkpoint(&at_work);
                    }
                }
            })
            .map_err(|error| Error::Database(format!("no thread for checkpoints: {error}")))?;
        let (noted, wakes) = (Arc::clone(&log), thread.thread().clone());
        // This replaces checkpoints within a commit.
        writer.wal_hook(Some(move |_: &mut _, pages| {
            let pages = usize::try_from(pages).unwrap_or_default();
            noted.pages.store(pages, Ordering::Release);
            if pages >= MOVE_PAGES {
                wakes.unpark();
            }
            Ok(())
        }))?;
        Ok(Self {
            own,
            log,
            thread: Some(thread),
        })
    }

    /// Between two transactions of the writer: if the log is too long, waits for the running checkpoint, and does the rest.
    pub(super) fn between(&self) {
        if self.log.pages.load(Ordering::Acquire) >= WAIT_PAGES {
            checkpoint(&self.own);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.log.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Moves what can be moved without waiting. If the disk is full it stays in the log, and nothing is lost.
fn checkpoint(connection: &Mutex<Connection>) {
    let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    let done = connection
        .prepare_cached("pragma wal_checkpoint(passive)")
        .and_then(|mut statement| statement.query_row([], |_| Ok(())));
    if let Err(error) = done {
        tracing::debug!(%error, "a checkpoint failed");
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::sqlite::{Vfs, connect_writer};

    // promise: L3
    #[test]
    fn a_long_log_is_moved_outside_of_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = connect_writer(&path, None, Vfs::Shared).unwrap();
        let own = connect_writer(&path, None, Vfs::Shared).unwrap();
        let checkpoints = Checkpoints::begin(&mut writer, own).unwrap();
        writer.execute_batch("create table t (a blob)").unwrap();
        let size = || std::fs::metadata(&path).unwrap().len();
        // Less than a long log: nothing happens.
        let empty = size();
        writer
            .execute("insert into t values (zeroblob(4096 * 100))", [])
            .unwrap();
        thread::sleep(Duration::from_millis(200));
        assert_eq!(size(), empty);
        writer
            .execute("insert into t values (zeroblob(4096 * 1000))", [])
            .unwrap();
        let began = Instant::now();
        while size() < 4096 * 1_100 {
            assert!(began.elapsed() < Duration::from_secs(10), "{}", size());
            thread::sleep(Duration::from_millis(10));
        }
        drop(checkpoints);
    }

    #[test]
    fn the_writer_moves_the_rest_of_a_too_long_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = connect_writer(&path, None, Vfs::Shared).unwrap();
        let own = connect_writer(&path, None, Vfs::Shared).unwrap();
        let checkpoints = Checkpoints::begin(&mut writer, own).unwrap();
        writer.execute_batch("create table t (a blob)").unwrap();
        let log = || std::fs::metadata(folder.path().join("a.db-wal")).unwrap().len();
        for _ in 0..20 {
            writer
                .execute("insert into t values (zeroblob(4096 * 4000))", [])
                .unwrap();
            checkpoints.between();
        }
        // It restarts each time that all of it has been moved.
        assert!(log() < 4096 * 4_000 * 7, "{}", log());
        drop(checkpoints);
    }
}
