//! From the bus to the hub: every commit becomes frames, every change of access ends the streams that rested on it.
//!
//! Owns: the order of the two. Must not: make an event, or wait for a client.

use access::AccessChange;
use base::{Bus, Event, bus::Batch};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::{frame, gate::Gate, hub::Hub, inbox::Whose};

/// Carries what happens to the hub. When it ends, for whatever reason, the hub closes: streams without it would
/// stay silent, and would outlive the access they rest on.
pub struct Bridge {
    hub: Hub,
    events: broadcast::Receiver<Batch>,
    changes: broadcast::Receiver<AccessChange>,
}

/// The other side has ended.
struct Closed;

impl Bridge {
    /// A bridge that misses nothing from now on; make it before the first stream is opened.
    pub fn new(hub: Hub, bus: &Bus, gate: &dyn Gate) -> Self {
        Self {
            hub,
            events: bus.subscribe(),
            changes: gate.changes(),
        }
    }

    /// Carries until the bus or the source of changes ends.
    pub async fn run(mut self) {
        loop {
            let carried = tokio::select! {
                biased;
                change = self.changes.recv() => self.heed(&change),
                batch = self.events.recv() => self.carry(batch),
            };
            if carried.is_err() {
                return;
            }
        }
    }

    /// The frames of one commit. A change of access that was announced before it comes first, so that nothing
    /// follows to a stream that has lost its ground (promise E8).
    fn carry(&mut self, batch: Result<Batch, RecvError>) -> Result<(), Closed> {
        self.heed_all()?;
        match batch {
            Ok(events) => self.publish(&events),
            Err(RecvError::Lagged(commits)) => {
                tracing::warn!(commits, "the live stream fell behind the bus");
                self.hub.missed(commits);
            }
            Err(RecvError::Closed) => return Err(Closed),
        }
        Ok(())
    }

    fn publish(&self, events: &[Event]) {
        for (audience, frame) in frame::of_commit(events) {
            self.hub.publish(audience, &frame);
        }
    }

    fn heed_all(&mut self) -> Result<(), Closed> {
        loop {
            let change = match self.changes.try_recv() {
                Ok(change) => Ok(change),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Lagged(changes)) => Err(RecvError::Lagged(changes)),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
            };
            self.heed(&change)?;
        }
    }

    fn heed(&self, change: &Result<AccessChange, RecvError>) -> Result<(), Closed> {
        let whose = match *change {
            Ok(AccessChange::User(user)) => Whose::User(user),
            Ok(AccessChange::Session(session)) => Whose::Session(session),
            Err(RecvError::Lagged(changes)) => {
                // Whose access has changed is not known: everyone's is looked up again.
                tracing::warn!(changes, "the live stream fell behind the changes of access");
                Whose::Everyone
            }
            Err(RecvError::Closed) => return Err(Closed),
        };
        self.hub.end(whose);
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.hub.begin_close(std::time::Duration::ZERO);
    }
}
