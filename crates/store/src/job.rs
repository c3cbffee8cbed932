//! A closure that waits for its transaction, and its answer that waits for the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{Error, Tx};

/// A unit of work, without its types.
pub(crate) trait Job: Send {
    /// Runs the closure; whether what it did may stay. A panic counts as a failure.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Hands the answer over: the closure's own, or the error of the commit.
    fn finish(self: Box<Self>, commit: Result<(), Error>);
}

pub(crate) struct Typed<T, E, F> {
    f: Option<F>,
    result: Result<T, E>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Typed<T, E, F>
where
    E: From<Error>,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E>,
{
    pub(crate) fn new(f: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (
            Self {
                f: Some(f),
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
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(f) = self.f.take() else { return false };
        // What the closure left half done is rolled back, so nothing broken can be seen after a panic.
        self.result = catch_unwind(AssertUnwindSafe(|| f(tx))).unwrap_or_else(|_| {
            tracing::error!("a transaction panicked and was rolled back");
            Err(Error::Panicked.into())
        });
        if let (Ok(_), Some(error)) = (&self.result, tx.lost()) {
            // It passed over a failure: an answer that says it is done would be wrong on PostgreSQL.
            self.result = Err(error.clone().into());
        }
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, commit: Result<(), Error>) {
        let never_ran = self.f.is_some();
        let answer = match (self.result, commit) {
            (_, Err(error)) if never_ran => Err(error.into()),
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(error),
        };
        // Whoever asked may be gone: a request that was cancelled. The change stands all the same.
        let _ = self.reply.send(answer);
    }
}
