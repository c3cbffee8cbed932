//! A closure that waits for its transaction, and its result that waits for the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{Error, Tx};

/// Whether a closure may have to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It may be rolled back because of others: a copy of it runs, if it can be cloned.
    Repeatable,
    /// It is consumed.
    Last,
}

/// A unit of work, without its types.
pub(crate) trait Job: Send {
    /// Whether the result is still awaited. Work for a request that has been abandoned is not begun.
    fn is_wanted(&self) -> bool;
    /// Runs the closure; returns whether to keep its changes. A panic counts as a failure.
    fn run(&mut self, tx: &mut Tx<'_>, attempt: Attempt) -> bool;
    /// Delivers the result: the closure's own, or the error of the commit.
    fn finish(self: Box<Self>, commit: Result<(), Error>);
}

pub(crate) struct Typed<T, E, F> {
    /// None once it is consumed.
    f: Option<F>,
    /// How to clone it, if it may run more than once.
    copy: fn(&F) -> Option<F>,
    ran: bool,
    result: Result<T, E>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Typed<T, E, F>
where
    E: From<Error>,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E>,
{
    /// A job that runs once.
    pub(crate) fn new(f: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        Self::copied_by(f, |_| None)
    }

    /// A job that runs again, from its beginning, if it was rolled back because of others.
    pub(crate) fn repeatable(f: F) -> (Self, oneshot::Receiver<Result<T, E>>)
    where
        F: Clone,
    {
        Self::copied_by(f, |f| Some(f.clone()))
    }

    fn copied_by(f: F, copy: fn(&F) -> Option<F>) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (
            Self {
                f: Some(f),
                copy,
                ran: false,
                result: Err(Error::Closed.into()),
                reply,
            },
            answer,
        )
    }
}

impl<T, E, F> Job for Typed<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx<'_>, attempt: Attempt) -> bool {
        let copy = match attempt {
            Attempt::Repeatable => self.f.as_ref().and_then(self.copy),
            Attempt::Last => None,
        };
        let Some(f) = copy.or_else(|| self.f.take()) else {
            return false;
        };
        self.ran = true;
        // Before it runs again: resources held by the discarded result are released first, not after the copy acquired them.
        self.result = Err(Error::Closed.into());
        // Partial changes of the closure are rolled back, so nothing inconsistent is visible after a panic.
        self.result = catch_unwind(AssertUnwindSafe(|| f(tx))).unwrap_or_else(|_| {
            tracing::error!("a transaction panicked and was rolled back");
            Err(Error::Panicked.into())
        });
        if let (Ok(_), Some(error)) = (&self.result, tx.lost()) {
            // It ignored a failure: a successful result would be wrong on PostgreSQL.
            self.result = Err(error.clone().into());
        }
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, commit: Result<(), Error>) {
        let answer = match (self.result, commit) {
            (_, Err(error)) if !self.ran => Err(error.into()),
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(error),
        };
        // The requester may be gone: a request that was cancelled after this began. The change is kept anyway.
        let _ = self.reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use base::Clock;

    use super::*;
    use crate::tx::Connection;

    /// Marks something as held while it exists.
    struct Held(Arc<AtomicBool>);

    impl Held {
        fn new(flag: &Arc<AtomicBool>) -> Self {
            flag.store(true, Ordering::SeqCst);
            Self(Arc::clone(flag))
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(false, Ordering::SeqCst);
        }
    }

    // promise: L5
    #[test]
    fn resources_of_a_discarded_result_are_released_before_a_retry() {
        let (connection, clock) = (rusqlite::Connection::open_in_memory().unwrap(), Clock::system());
        let flag = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&flag);
        let (mut job, _answer) = Typed::repeatable(move |_: &mut Tx<'_>| Ok::<_, Error>(Held::new(&taken)));
        for attempt in [Attempt::Repeatable, Attempt::Last] {
            let mut tx = Tx::new(Connection::Sqlite(&connection), &clock);
            assert!(job.run(&mut tx, attempt));
            assert!(flag.load(Ordering::SeqCst), "{attempt:?}");
        }
    }
}
