//! The writer: takes jobs from a queue, puts what has gathered into one transaction, and commits it together.
//! `synchronous = full` makes a commit wait for the disk, so sharing it is what makes writing both safe and fast.
//!
//! A job that joins others has a savepoint, so that it can fail alone. The first of a transaction has none: SQLite would
//! keep the former state of each page it touches in memory, which for a portion of an import is most of the database. A
//! portion of a large change is alone: nobody who changes a little waits for its end.

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

/// How many jobs share a commit at most, and for how long they gather: it bounds how long the first of them waits for the
/// others.
const BATCH: usize = 256;
const GATHER: Duration = Duration::from_millis(10);

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
            let joins = !is_portion && group.done.len() < BATCH && began.elapsed() < GATHER;
            next = joins.then(|| joining(queue)).flatten();
        }
        group.commit(bus);
        checkpoints.between();
    }
}

/// The next change that joins the commit. Where none waits, those who are about to ask for one get the processor first: a commit
/// costs as much as several small changes.
fn joining(queue: &Queue<Queued>) -> Option<Queued> {
    queue.try_pop_change().or_else(|| {
        thread::yield_now();
        queue.try_pop_change()
    })
}

impl Queued {
    /// It is over before whoever asked hears of it.
    fn finish(self, commit: Result<(), Error>) {
        drop(self.ticket);
        self.job.finish(commit);
    }
}

/// The jobs of one commit.
struct Group<'a> {
    connection: &'a Connection,
    clock: &'a Clock,
    /// Jobs that ran and wait for the commit, with the events they emitted.
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
            // It has seen nothing of others that could still be undone.
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

    /// Ends a job, but not the transaction if anything in it is to stay.
    fn end(&self, first: bool, keep: bool) -> Result<(), Error> {
        if self.connection.is_autocommit() {
            // A full disk or a failing one made SQLite undo the whole transaction, the other jobs' part too.
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

    /// Everything so far is undone, and everyone concerned hears of it.
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
            // Nothing is left of it: all of it failed, or was undone and answered.
            return self.abandon(&Error::Unavailable);
        }
        if let Err(error) = self.statement("commit") {
            static SAID: Throttle = Throttle::new();
            if let Some(times) = SAID.due() {
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
