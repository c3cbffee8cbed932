//! For whom something is written. The writer serves one after the other, so that nobody waits behind all that another
//! has asked for.
//!
//! Owns: who it is, for as long as a request is answered. Must not: decide what they may do.

use std::future::Future;

use base::Id;
use tokio::task_local;

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Requester {
    /// The server itself: it plans messages, records what was sent, cleans up.
    Server,
    /// Requests without a credential, such as those to sign in.
    Stranger,
    /// A company, or a person of several: requests of its people.
    Of(Id),
}

task_local! {
    static REQUESTER: Requester;
}

impl Requester {
    /// What `f` writes is written for this requester.
    pub fn scope<F: Future>(self, f: F) -> impl Future<Output = F::Output> {
        REQUESTER.scope(self, f)
    }

    /// Whoever this is for.
    pub fn current() -> Self {
        REQUESTER.try_with(|current| *current).unwrap_or(Self::Server)
    }

    /// The same requester for a task of its own, which would forget it otherwise: `spawn(inherited(f))`.
    pub fn inherited<F: Future>(f: F) -> impl Future<Output = F::Output> {
        Self::current().scope(f)
    }
}
