//! The writer: takes jobs from a queue, runs the queued ones in one transaction, and commits them together.
//! `synchronous = full` makes a commit wait for the disk, so sharing it is what makes writing both safe and fast.
//!
//! A job that joins others has a savepoint, so that it can fail alone. The first one of a transaction has none: SQLite would
//! keep the previous state of each page it changes in memory, which for a portion of an import is most of the database. A
//! portion of a large change runs alone: no small change waits for its end.

use std::{
    thread,
    time::{Duration, Instant},
};

use base::{Bus, Clock, Event, Throttle};
use rusqlite::Connection;

use crate::{
    Error, Tx,
    job::{Attempt, Job},
    load::Ticket,
    sqlite::{checkpoint::Checkpoints, queue::Queue},
    tx,
};

/// How many jobs share a commit at most, and for how long they are collected: it limits how long the first one waits for the
/// others.
const MAX_BATCH: usize = 256;
const MAX_COLLECT: Duration = Duration::from_millis(10);

/// A job and its place in the queue.
pub(super) struct Queued {
    pub(super) job: Box<dyn Job>,
    pub(super) ticket: Ticket,
}

pub(super) fn run(
    (connection, checkpoints): (&Connection, &Checkpoints),
    queue: &Queue<Queued>,
    clock: &Clock,
    bus: &Bus,
) {
    while let Some((first, is_portion)) = queue.pop() {
        let mut group = Group {
            connection,
            clock,
            done: Vec::new(),
        };
        let began = Instant::now();
        let mut next = Some(first);
        while let Some(queued) = next {
            group.run(queued);
            let joins = !is_portion && group.done.len() < MAX_BATCH && began.elapsed() < MAX_COLLECT;
            next = joins.then(|| joining(queue)).flatten();
        }
        group.commit(bus);
        checkpoints.between();
    }
}

/// The next change that joins the commit. If none is queued, tasks that are about to request one get the processor first: a commit
/// costs as much as several small changes.
fn joining(queue: &Queue<Queued>) -> Option<Queued> {
    queue.try_pop_change().or_else(|| {
        thread::yield_now();
        queue.try_pop_change()
    })
}

impl Queued {
    /// It counts as complete before the requester gets the result.
    fn finish(self, commit: Result<(), Error>) {
        drop(self.ticket);
        self.job.finish(commit);
    }
}

/// The jobs of one commit.
struct Group<'a> {
    connection: &'a Connection,
    clock: &'a Clock,
    /// Jobs that have run and wait for the commit, with the events they emitted.
    done: Vec<(Queued, Vec<Event>)>,
}

impl Group<'_> {
    fn run(&mut self, mut queued: Queued) {
        if !queued.job.is_wanted() {
            return;
        }
        queued.ticket.begin();
        let first = self.connection.is_autocommit();
        if let Err(error) = self.begin(first) {
            return queued.finish(Err(error));
        }
        let mut tx = Tx::new(tx::Connection::Sqlite(self.connection), self.clock);
        let keep = queued.job.run(&mut tx, Attempt::Last);
        let events = if keep { tx.into_events() } else { Vec::new() };
        match self.end(first, keep) {
            // It has seen nothing of others that could still be rolled back.
            Ok(()) if first && !keep => queued.finish(Ok(())),
            Ok(()) => self.done.push((queued, events)),
            Err(error) => {
                queued.finish(Err(error.clone()));
                self.abandon(&error);
            }
        }
    }

    fn begin(&self, first: bool) -> Result<(), Error> {
        self.statement(if first { "begin immediate" } else { "savepoint job" })
    }

    /// Ends a job, but not the transaction if anything in it is to be kept.
    fn end(&self, first: bool, keep: bool) -> Result<(), Error> {
        if self.connection.is_autocommit() {
            // A full or failing disk made SQLite roll back the whole transaction, including the other jobs' part.
            return Err(if keep { Error::Unavailable } else { Error::Full });
        }
        match (first, keep) {
            (true, true) => Ok(()),
            (true, false) => self.statement("rollback"),
            (false, true) => self.statement("release job"),
            (false, false) => {
                self.statement("rollback to job")?;
                self.statement("release job")
            }
        }
    }

    /// Rolls back everything so far, and reports it to all affected requesters.
    fn abandon(&mut self, error: &Error) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("rollback")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        for (queued, _) in self.done.drain(..) {
            queued.finish(Err(error.clone()));
        }
    }

    fn commit(mut self, bus: &Bus) {
        if self.connection.is_autocommit() {
            // Nothing is left: everything failed, or was rolled back and reported.
            return self.abandon(&Error::Unavailable);
        }
        if let Err(error) = self.statement("commit") {
            static LOGGED: Throttle = Throttle::new();
            if let Some(times) = LOGGED.due() {
                tracing::error!(%error, times, "a commit failed");
            }
            return self.abandon(&error);
        }
        base::failpoint::hit("store.committed");
        for (queued, events) in self.done {
            bus.publish(events.into());
            queued.finish(Ok(()));
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
