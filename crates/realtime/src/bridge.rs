//! From the bus to the hub: every commit becomes frames, every access change ends the streams that depend on it.
//!
//! Owns: the order of the two. Must not: create an event, or wait for a client.

use std::io;

use access::AccessChange;
use base::{Bus, Event, bus::Batch};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::{admission::Identify, frame, hub::Hub, queue::EndTarget, thread};

/// Forwards events to the hub. When it ends, for whatever reason, the hub closes: streams without it would
/// stay silent, and would outlive the access they depend on.
pub struct Bridge {
    hub: Hub,
    events: broadcast::Receiver<Batch>,
    changes: broadcast::Receiver<AccessChange>,
}

/// The other side has ended.
struct Closed;

impl Bridge {
    /// A bridge that misses nothing from now on; create it before the first stream is opened.
    pub fn new(hub: Hub, bus: &Bus, callers: &dyn Identify) -> Self {
        Self {
            hub,
            events: bus.subscribe(),
            changes: callers.changes(),
        }
    }

    /// Calls [`run`](Self::run) on its own thread.
    ///
    /// # Errors
    /// If the system provides no thread, or not what the runtime needs.
    pub fn start(self) -> io::Result<()> {
        thread::start("stream-bridge", self.run())
    }

    /// Forwards until the hub is closed, or the bus or the source of access changes ends.
    pub async fn run(mut self) {
        let hub = self.hub.clone();
        let mut closed = std::pin::pin!(hub.closed());
        loop {
            let carried = tokio::select! {
                biased;
                () = &mut closed => return,
                change = self.changes.recv() => self.handle(&change),
                batch = self.events.recv() => self.forward(batch),
            };
            if carried.is_err() {
                return;
            }
        }
    }

    /// Publishes the frames of one commit. An access change announced before it is handled first, so that nothing
    /// reaches a stream that has lost its access (promise E8).
    fn forward(&mut self, batch: Result<Batch, RecvError>) -> Result<(), Closed> {
        self.handle_all()?;
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

    fn handle_all(&mut self) -> Result<(), Closed> {
        loop {
            let change = match self.changes.try_recv() {
                Ok(change) => Ok(change),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Lagged(changes)) => Err(RecvError::Lagged(changes)),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
            };
            self.handle(&change)?;
        }
    }

    fn handle(&self, change: &Result<AccessChange, RecvError>) -> Result<(), Closed> {
        let target = match *change {
            Ok(AccessChange::User(user)) => EndTarget::User(user),
            Ok(AccessChange::Session(session)) => EndTarget::Session(session),
            Ok(AccessChange::Unknown) => EndTarget::Everyone,
            Err(RecvError::Lagged(changes)) => {
                // It is unknown whose access has changed: all callers are looked up again.
                tracing::warn!(changes, "the live stream fell behind the access changes");
                EndTarget::Everyone
            }
            Err(RecvError::Closed) => return Err(Closed),
        };
        self.hub.end(target);
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.hub.begin_close(std::time::Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::Pin, time::Duration};

    use base::{Audience, Clock, Kind, Scope, Subject, SubjectType};
    use http_body::Body;

    use super::*;
    use crate::{Options, Reader};

    // promise: E8
    #[tokio::test]
    async fn a_change_announced_before_a_commit_comes_first() {
        let clock = Clock::system();
        let (hub, shards) = Hub::new(&Options::default(), clock.clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        let (user, company) = (clock.id(), clock.id());
        let reader = Reader {
            user,
            session: clock.id(),
            scope: Scope::of([company]),
            expires_at: clock.now().after(Duration::from_mins(1)),
            hangup: None,
        };
        let mut feed = hub.open(reader).unwrap();
        let mut next = async || poll_fn(|context| Pin::new(&mut feed).poll_frame(context)).await;
        assert!(next().await.is_some(), "the greeting");
        let (sender, changes) = broadcast::channel(8);
        let mut bridge = Bridge {
            hub: hub.clone(),
            events: Bus::new().subscribe(),
            changes,
        };
        sender.send(AccessChange::User(user)).unwrap();
        let subject = Subject {
            kind: SubjectType::Project,
            id: clock.id(),
        };
        let event = Event::new(&clock, Kind::ProjectCreated, Audience::Company(company), subject);
        assert!(bridge.forward(Ok([event].into())).is_ok());
        assert!(next().await.is_none());
        assert_eq!(hub.metrics().sent, 0);
    }

    // promise: E8
    #[tokio::test]
    async fn without_a_bridge_there_is_no_stream() {
        let clock = Clock::system();
        let (hub, shards) = Hub::new(&Options::default(), clock.clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        let reader = Reader {
            user: clock.id(),
            session: clock.id(),
            scope: Scope::All,
            expires_at: clock.now().after(Duration::from_mins(1)),
            hangup: None,
        };
        let mut feed = hub.open(reader.clone()).unwrap();
        let (sender, changes) = broadcast::channel(1);
        let bridge = Bridge {
            hub: hub.clone(),
            events: Bus::new().subscribe(),
            changes,
        };
        drop(sender);
        bridge.run().await;
        let mut next = async || poll_fn(|context| Pin::new(&mut feed).poll_frame(context)).await;
        assert!(next().await.is_some(), "the greeting");
        assert!(next().await.is_none());
        assert!(hub.open(reader).is_err());
    }
}
