//! From the bus to the hub: every commit becomes frames, every access change ends the streams that depend on it. Frames
//! of other nodes come in the same way, and those of this node go to them.
//!
//! Owns: the order of the two. Must not: create an event, wait for a client, or know how nodes are connected.

use std::io;

use access::AccessChange;
use base::{Bus, Event, bus::Batch};
use tokio::sync::{
    broadcast::{
        self,
        error::{RecvError, TryRecvError},
    },
    mpsc, watch,
};

use crate::{
    admission::Identify,
    frame::{self, Addressed},
    hub::Hub,
    queue::EndTarget,
    thread,
};

/// What other nodes sent for open tabs.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// A frame.
    Frame(Addressed),
    /// At least this many were lost.
    Missed(u64),
}

/// Takes the frames of this node to others. It must not wait.
pub trait Outgoing: Send + 'static {
    /// A frame of this node.
    fn frame(&self, frame: &Addressed);
    /// Frames of this node were lost.
    fn missed(&self);
}

/// Forwards events to the hub. When it ends, for whatever reason, the hub closes: streams without it would
/// stay silent, and would outlive the access they depend on.
pub struct Bridge {
    hub: Hub,
    events: broadcast::Receiver<Batch>,
    changes: broadcast::Receiver<AccessChange>,
    incoming: Option<mpsc::Receiver<Incoming>>,
    outgoing: Option<Onward>,
}

/// The way to other nodes, until the server has nothing more to announce.
struct Onward {
    to: Box<dyn Outgoing>,
    over: watch::Receiver<bool>,
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
            incoming: None,
            outgoing: None,
        }
    }

    /// The same, with other nodes: what they send reaches this node's tabs, and the other way around. They receive what
    /// is committed until `over`, also after the streams of this node are closed; then `outgoing` is dropped.
    #[must_use]
    pub fn between(
        mut self,
        incoming: mpsc::Receiver<Incoming>,
        outgoing: impl Outgoing,
        over: watch::Receiver<bool>,
    ) -> Self {
        self.incoming = Some(incoming);
        self.outgoing = Some(Onward {
            to: Box::new(outgoing),
            over,
        });
        self
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
                () = &mut closed => break,
                change = self.changes.recv() => self.handle(&change),
                batch = self.events.recv() => self.forward(batch),
                incoming = next(&mut self.incoming) => self.deliver(incoming),
            };
            if carried.is_err() {
                return;
            }
        }
        self.finish().await;
    }

    /// The streams are closed. Passes on what is still committed, and ends when nothing more will be.
    async fn finish(mut self) {
        let Some(mut over) = self.outgoing.as_ref().map(|onward| onward.over.clone()) else {
            return;
        };
        loop {
            let batch = tokio::select! {
                biased;
                batch = self.events.recv() => batch,
                _ = over.wait_for(|over| *over) => return,
            };
            if self.forward(batch).is_err() {
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
                if let Some(onward) = &self.outgoing {
                    onward.to.missed();
                }
            }
            Err(RecvError::Closed) => return Err(Closed),
        }
        Ok(())
    }

    fn publish(&self, events: &[Event]) {
        for addressed in frame::of_commit(events) {
            self.hub.publish(addressed.audience, &addressed.frame);
            if let Some(onward) = &self.outgoing {
                onward.to.frame(&addressed);
            }
        }
    }

    /// Publishes what another node sent; like its own, after every access change announced before it.
    fn deliver(&mut self, incoming: Incoming) -> Result<(), Closed> {
        self.handle_all()?;
        match incoming {
            Incoming::Frame(Addressed { audience, frame, .. }) => self.hub.publish(audience, &frame),
            Incoming::Missed(frames) => self.hub.missed(frames),
        }
        Ok(())
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

/// What other nodes send next; never anything without them.
async fn next(incoming: &mut Option<mpsc::Receiver<Incoming>>) -> Incoming {
    if let Some(receiver) = incoming
        && let Some(next) = receiver.recv().await
    {
        return next;
    }
    *incoming = None;
    std::future::pending().await
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
        for from_another_node in [false, true] {
            change_comes_first(from_another_node).await;
        }
    }

    async fn change_comes_first(from_another_node: bool) {
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
            incoming: None,
            outgoing: None,
        };
        sender.send(AccessChange::User(user)).unwrap();
        let subject = Subject {
            kind: SubjectType::Project,
            id: clock.id(),
        };
        let event = Event::new(&clock, Kind::ProjectCreated, Audience::Company(company), subject);
        if from_another_node {
            let addressed = frame::of_commit(&[event]).remove(0);
            assert!(bridge.deliver(Incoming::Frame(addressed)).is_ok());
        } else {
            assert!(bridge.forward(Ok([event].into())).is_ok());
        }
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
            incoming: None,
            outgoing: None,
        };
        drop(sender);
        bridge.run().await;
        let mut next = async || poll_fn(|context| Pin::new(&mut feed).poll_frame(context)).await;
        assert!(next().await.is_some(), "the greeting");
        assert!(next().await.is_none());
        assert!(hub.open(reader).is_err());
    }
}
