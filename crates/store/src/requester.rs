//! For whom something is written. The writer serves requesters in turns, so that nobody waits behind everything that another
//! has requested.
//!
//! Owns: who it is, while a request is processed. Must not: decide what they may do.

use std::future::Future;

use base::Id;
use tokio::task_local;

/// For whom something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Requester {
    /// The server itself: planning messages, recording attempts, cleanup.
    Server,
    /// Requests without a credential, such as sign-ins.
    Stranger,
    /// A company, or a user of several: requests of its users.
    Of(Id),
}

task_local! {
    static REQUESTER: Requester;
}

impl Requester {
    /// Runs `f` on behalf of this requester.
    pub fn scope<F: Future>(self, f: F) -> impl Future<Output = F::Output> {
        REQUESTER.scope(self, f)
    }

    /// The current requester.
    pub fn current() -> Self {
        REQUESTER.try_with(|current| *current).unwrap_or(Self::Server)
    }

    /// Keeps the requester in a new task, which would otherwise lose it: `spawn(inherited(f))`.
    pub fn inherited<F: Future>(f: F) -> impl Future<Output = F::Output> {
        Self::current().scope(f)
    }
}
