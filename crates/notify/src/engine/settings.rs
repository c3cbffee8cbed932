//! How the engine works.

use std::{fmt, sync::Arc, time::Duration};

use base::{Id, Time};
use store::{Error, Tx};

use super::Observer;

/// Whether a warning of this company's finding and that deadline still holds: the finding is open and has it still.
pub type Stands = Arc<dyn Fn(&mut Tx<'_>, Id, Id, Time) -> Result<bool, Error> + Send + Sync>;

/// When the warning of a critical or urgent finding that nobody read goes to the company's managers.
#[derive(Clone)]
pub struct Escalation {
    /// How long after it was told; zero for never.
    pub after: Duration,
    /// Asked before it goes there. Findings are another crate's: whoever puts both together says how to ask.
    pub stands: Stands,
}

impl Default for Escalation {
    fn default() -> Self {
        Self {
            after: Duration::ZERO,
            stands: Arc::new(|_, _, _, _| Ok(true)),
        }
    }
}

impl fmt::Debug for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Escalation")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

/// Bounds and times of the engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this node among those that share a database; the same after a restart. Two nodes of one name
    /// would take each other's messages for left behind.
    pub node: Arc<str>,
    /// How many events one transaction plans at most.
    pub batch: u32,
    /// How many messages are under way at once, over all destinations.
    pub parallel: usize,
    /// How many of them to one host.
    pub per_lane: usize,
    /// How long a claimed message is nobody else's: longer than any channel's timeout.
    pub lease: Duration,
    /// How long messages under way may take to end when the engine stops.
    pub grace: Duration,
    /// How often the tables are looked at without being woken.
    pub tick: Duration,
    /// How long to wait after the database failed.
    pub pause: Duration,
    /// How many times a broken event is tried before it is set aside.
    pub tries: u32,
    /// How many single messages one person gets in a minute on a channel, before what follows becomes a summary;
    /// 0 for no bound.
    pub burst: u32,
    /// What becomes of warnings that nobody reads.
    pub escalation: Escalation,
    /// Who is told of every attempt that ended.
    pub observer: Observer,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: "local".into(),
            batch: 256,
            parallel: 1024,
            per_lane: 32,
            lease: Duration::from_mins(2),
            grace: Duration::from_secs(8),
            tick: Duration::from_secs(20),
            pause: Duration::from_secs(1),
            tries: 3,
            burst: 0,
            escalation: Escalation::default(),
            observer: Observer::default(),
        }
    }
}
