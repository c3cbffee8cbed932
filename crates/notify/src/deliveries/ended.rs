//! Finished attempts, for metrics.

use std::{fmt, sync::Arc, time::Duration};

use super::state::State;
use crate::{channel::Channel, channels::Outcome};

/// An attempt whose outcome is recorded. One whose lease expired counts as unknown then, and once more if its response
/// arrives after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The channel.
    pub channel: Channel,
    /// Its outcome.
    pub outcome: Outcome,
    /// The final state of the delivery; none if it is retried.
    pub last: Option<State>,
    /// The time from its event to the final state; none if it is not final, or if the message was resent.
    pub took: Option<Duration>,
}

/// Called for each finished attempt, on the engine's own time: it must be quick.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Ended) + Send + Sync>);

impl Observer {
    /// An observer that calls this function.
    pub fn new(notify: impl Fn(Ended) + Send + Sync + 'static) -> Self {
        Self(Arc::new(notify))
    }

    pub(crate) fn notify(&self, ended: Ended) {
        (self.0)(ended);
    }
}

impl Default for Observer {
    /// An observer that does nothing.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
