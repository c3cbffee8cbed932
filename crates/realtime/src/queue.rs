//! A shard's queue: the only way into it, in order.
//!
//! Owns: the limit on frames pending for a shard. Must not: make anyone wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Audience, Id};
use tokio::sync::{Notify, watch};

use crate::{connection::Connection, frame::Frame, metrics::Counters, socket::Socket};

/// How many frames may be pending for a shard before it counts as behind.
const FRAMES: usize = 32_768;
/// How many bytes of frames may be pending for a shard before it counts as behind.
const BYTES: usize = 32 * 1024 * 1024;

/// Which streams to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndTarget {
    /// This user's: their access has changed.
    User(Id),
    /// Those that use this session or token: it has ended.
    Session(Id),
    /// All: it is unknown what has changed.
    Everyone,
}

pub(crate) enum Command {
    Join(Arc<Connection>),
    Leave(Arc<Connection>),
    /// From now on the connection's frames go to this socket.
    Adopt(Arc<Connection>, Socket),
    Publish(Audience, Frame),
    Missed(u64),
    End(EndTarget),
    Close(Duration),
}

/// The queue of one shard. Commands are executed in order of arrival, so a stream that was asked to
/// end gets no frame published after that.
#[derive(Default)]
pub(crate) struct CommandQueue {
    pending: Mutex<Pending>,
    wake: Notify,
    gone: watch::Sender<bool>,
    pub(crate) counters: Counters,
}

/// What has arrived since the shard last checked.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) commands: Vec<Command>,
    /// Frames that did not fit, by audience.
    pub(crate) missed: HashMap<Audience, u64>,
    frames: usize,
    bytes: usize,
    /// Whether it accepts no new connections.
    closed: bool,
    /// Whether the shard has ended: nothing will be processed.
    gone: bool,
}

impl CommandQueue {
    /// Adds a frame for an audience. If the shard is too far behind, the frame is dropped for them
    /// and the gap is reported to them.
    pub(crate) fn publish(&self, audience: Audience, frame: &Frame) {
        let mut pending = self.pending();
        if pending.gone {
            return;
        }
        let size = frame.bytes().len();
        if pending.frames < FRAMES && pending.bytes + size <= BYTES {
            pending.frames += 1;
            pending.bytes += size;
            pending.commands.push(Command::Publish(audience, frame.clone()));
        } else {
            *pending.missed.entry(audience).or_default() += 1;
        }
        drop(pending);
        self.wake.notify_one();
    }

    /// Adds a connection; false if the shard no longer accepts any.
    pub(crate) fn join(&self, connection: Arc<Connection>) -> bool {
        let mut pending = self.pending();
        if pending.closed {
            return false;
        }
        pending.commands.push(Command::Join(connection));
        drop(pending);
        self.wake.notify_one();
        true
    }

    /// Adds a command that is neither a frame nor a new connection.
    pub(crate) fn send(&self, command: Command) {
        let mut pending = self.pending();
        if pending.gone {
            return;
        }
        pending.commands.push(command);
        drop(pending);
        self.wake.notify_one();
    }

    /// Accepts no connections from now on and ends the existing ones, spread over this time.
    pub(crate) fn close(&self, over: Duration) {
        self.pending().closed = true;
        self.send(Command::Close(over));
    }

    /// Waits until something has arrived.
    pub(crate) async fn arrival(&self) {
        self.wake.notified().await;
    }

    /// Takes all that has arrived.
    pub(crate) fn take(&self) -> Pending {
        let mut pending = self.pending();
        let (closed, gone) = (pending.closed, pending.gone);
        let taken = std::mem::take(&mut *pending);
        (pending.closed, pending.gone) = (closed, gone);
        taken
    }

    /// Called when the shard ends: nothing that arrives from now on is kept. Returns what was still pending.
    pub(crate) fn leave(&self) -> Pending {
        let mut pending = self.pending();
        (pending.closed, pending.gone) = (true, true);
        drop(pending);
        self.gone.send_replace(true);
        self.take()
    }

    /// Waits until the shard has ended.
    pub(crate) async fn left(&self) {
        // The sender lives in `self`, so waiting can only end when the shard ends.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Each change is complete before anything in it could panic.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    // promise: E5
    #[test]
    fn frames_that_do_not_fit_are_counted_by_audience() {
        let clock = Clock::system();
        let (one, other) = (Audience::Company(clock.id()), Audience::Company(clock.id()));
        let queue = CommandQueue::default();
        for _ in 0..FRAMES {
            queue.publish(one, &Frame::new(b"x"));
        }
        for _ in 0..3 {
            queue.publish(other, &Frame::new(b"x"));
        }
        queue.publish(one, &Frame::new(b"x"));
        let pending = queue.take();
        assert_eq!(pending.commands.len(), FRAMES);
        assert_eq!(pending.missed, HashMap::from([(other, 3), (one, 1)]));
        queue.publish(one, &Frame::new(b"x"));
        assert_eq!(queue.take().commands.len(), 1, "room again");
        queue.publish(one, &Frame::new(&vec![0; BYTES + 1]));
        assert_eq!(
            queue.take().missed,
            HashMap::from([(one, 1)]),
            "bytes are limited too"
        );
    }

    #[tokio::test]
    async fn an_ended_shard_keeps_nothing() {
        let queue = CommandQueue::default();
        drop(queue.leave());
        queue.publish(Audience::Platform, &Frame::new(b"x"));
        queue.send(Command::End(EndTarget::Everyone));
        let pending = queue.take();
        assert!(pending.commands.is_empty() && pending.missed.is_empty());
        queue.left().await;
    }
}
