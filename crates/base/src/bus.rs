//! The wake-up between events and their consumers. The event table is the memory; the bus may lose events.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::Event;

/// The events of one committed transaction.
pub type Batch = Arc<[Event]>;

/// Passes the events of each commit to every consumer. Publishing never waits; a consumer that falls more than
/// [`CAPACITY`] commits behind is notified that it lagged.
#[derive(Clone, Debug)]
pub struct Bus(broadcast::Sender<Batch>);

/// How many commits a consumer may be behind.
pub const CAPACITY: usize = 4096;

impl Bus {
    /// A bus without consumers.
    pub fn new() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }

    /// Passes the events to the current consumers. Only the store calls this, after a commit; see
    /// ARCHITECTURE.md.
    pub fn publish(&self, batch: Batch) {
        if !batch.is_empty() {
            // Without a consumer there is nothing to wake.
            let _ = self.0.send(batch);
        }
    }

    /// A consumer of everything published from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Batch> {
        self.0.subscribe()
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}
