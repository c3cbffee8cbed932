//! Attempts that ended, for whoever counts them.

use std::{fmt, sync::Arc, time::Duration};

use super::state::State;
use crate::{channel::Channel, channels::Outcome};

/// An attempt whose outcome is written down. One whose lease ran out counts as unknown then, and once more should its
/// answer come after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The channel.
    pub channel: Channel,
    /// How it ended.
    pub outcome: Outcome,
    /// Where this put the delivery for good; none if it is tried again.
    pub last: Option<State>,
    /// How long after its event it was over for good; none if it is not, or if somebody had it sent again.
    pub took: Option<Duration>,
}

/// Is told of each attempt that ended, on the engine's own time: it must be quick.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Ended) + Send + Sync>);

impl Observer {
    /// One that calls this.
    pub fn new(tell: impl Fn(Ended) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, ended: Ended) {
        (self.0)(ended);
    }
}

impl Default for Observer {
    /// One that looks at nothing.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
