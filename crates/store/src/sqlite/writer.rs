//! The writer: takes jobs from a queue, puts what has gathered into one transaction with a savepoint each, and
//! commits them together. `synchronous = full` makes a commit wait for the disk, so sharing it is what makes
//! writing both safe and fast.

use base::{Bus, Clock, Event};
use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::{Error, Tx, job::Job, tx};

/// How many jobs share a commit at most: it bounds how long the first of them waits for the others.
const BATCH: usize = 256;

pub(super) fn run(
    connection: &Connection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    clock: &Clock,
    bus: &Bus,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = Group {
            connection,
            clock,
            done: Vec::new(),
        };
        let mut next = Some(first);
        while let Some(job) = next {
            group.run(job);
            next = if group.done.len() < BATCH {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        group.commit(bus);
    }
}

/// The jobs of one commit.
struct Group<'a> {
    connection: &'a Connection,
    clock: &'a Clock,
    /// Jobs that ran and wait for the commit, with the events they emitted.
    done: Vec<(Box<dyn Job>, Vec<Event>)>,
}

impl Group<'_> {
    fn run(&mut self, mut job: Box<dyn Job>) {
        if let Err(error) = self.begin() {
            return job.finish(Err(error));
        }
        let mut tx = Tx::new(tx::Connection::Sqlite(self.connection), self.clock);
        let keep = job.run(&mut tx);
        let events = if keep { tx.into_events() } else { Vec::new() };
        match self.end_savepoint(keep) {
            Ok(()) => self.done.push((job, events)),
            Err(error) => {
                job.finish(Err(error.clone()));
                self.abandon(&error);
            }
        }
    }

    fn begin(&self) -> Result<(), Error> {
        if self.connection.is_autocommit() {
            self.statement("begin immediate")?;
        }
        self.statement("savepoint job")
    }

    fn end_savepoint(&self, keep: bool) -> Result<(), Error> {
        if self.connection.is_autocommit() {
            // A full disk or a failing one made SQLite undo the whole transaction, the other jobs' part too.
            return Err(if keep { Error::Unavailable } else { Error::Full });
        }
        if !keep {
            self.statement("rollback to job")?;
        }
        self.statement("release job")
    }

    /// Everything so far is undone, and everyone concerned hears of it.
    fn abandon(&mut self, error: &Error) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("rollback")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        for (job, _) in self.done.drain(..) {
            job.finish(Err(error.clone()));
        }
    }

    fn commit(mut self, bus: &Bus) {
        if self.connection.is_autocommit() {
            // Nothing began, or all of it was undone and answered.
            return self.abandon(&Error::Unavailable);
        }
        if let Err(error) = self.statement("commit") {
            tracing::error!(%error, "a commit failed");
            return self.abandon(&error);
        }
        base::failpoint::hit("store.committed");
        for (job, events) in self.done {
            bus.publish(events.into());
            job.finish(Ok(()));
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
