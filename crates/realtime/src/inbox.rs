//! What a shard is told: the one way into it, in order.
//!
//! Owns: the bound on frames that wait for a shard. Must not: let anyone wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Audience, Id};
use tokio::sync::{Notify, watch};

use crate::{connection::Connection, frame::Frame, metrics::Counters, socket::Socket};

/// How many frames may wait for a shard before it counts as behind.
const FRAMES: usize = 32_768;
/// How many bytes of frames may wait for a shard before it counts as behind.
const BYTES: usize = 32 * 1024 * 1024;

/// Whose streams to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This person's: what they may see has changed.
    User(Id),
    /// Those that rest on this session or token: it has ended.
    Session(Id),
    /// Everyone's: what has changed is not known.
    Everyone,
}

pub(crate) enum Command {
    Join(Arc<Connection>),
    Leave(Arc<Connection>),
    /// From now on the connection's frames go to this socket.
    Adopt(Arc<Connection>, Socket),
    Publish(Audience, Frame),
    Missed(u64),
    End(Whose),
    Close(Duration),
}

/// The way into one shard. Commands are carried out in the order of their arrival, so a stream that was told to
/// end gets no frame published after that.
#[derive(Default)]
pub(crate) struct Inbox {
    pending: Mutex<Pending>,
    wake: Notify,
    gone: watch::Sender<bool>,
    pub(crate) counters: Counters,
}

/// What has arrived since the shard last looked.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) commands: Vec<Command>,
    /// Frames there was no room for, by whom they were for.
    pub(crate) missed: HashMap<Audience, u64>,
    frames: usize,
    bytes: usize,
    /// Takes no new connection.
    closed: bool,
    /// The shard has ended: nobody will look.
    gone: bool,
}

impl Inbox {
    /// A frame for all whom the audience reaches. When the shard is too far behind, the frame is dropped for them
    /// and they are told.
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

    /// A new connection; false if the shard takes none any more.
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

    /// Whatever is neither a frame nor a new connection.
    pub(crate) fn tell(&self, command: Command) {
        let mut pending = self.pending();
        if pending.gone {
            return;
        }
        pending.commands.push(command);
        drop(pending);
        self.wake.notify_one();
    }

    /// Takes no connection from now on and ends those there are, spread over so long.
    pub(crate) fn close(&self, over: Duration) {
        self.pending().closed = true;
        self.tell(Command::Close(over));
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

    /// The shard's last word: nothing that arrives from now on is kept. Gives what was still there.
    pub(crate) fn leave(&self) -> Pending {
        let mut pending = self.pending();
        (pending.closed, pending.gone) = (true, true);
        drop(pending);
        self.gone.send_replace(true);
        self.take()
    }

    /// Waits until the shard has ended.
    pub(crate) async fn left(&self) {
        // The sender lives in `self`, so waiting can only end by the shard's end.
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
    fn what_a_shard_has_no_room_for_is_counted_by_audience() {
        let clock = Clock::system();
        let (one, other) = (Audience::Company(clock.id()), Audience::Company(clock.id()));
        let inbox = Inbox::default();
        for _ in 0..FRAMES {
            inbox.publish(one, &Frame::new(b"x"));
        }
        for _ in 0..3 {
            inbox.publish(other, &Frame::new(b"x"));
        }
        inbox.publish(one, &Frame::new(b"x"));
        let pending = inbox.take();
        assert_eq!(pending.commands.len(), FRAMES);
        assert_eq!(pending.missed, HashMap::from([(other, 3), (one, 1)]));
        inbox.publish(one, &Frame::new(b"x"));
        assert_eq!(inbox.take().commands.len(), 1, "room again");
        inbox.publish(one, &Frame::new(&vec![0; BYTES + 1]));
        assert_eq!(inbox.take().missed, HashMap::from([(one, 1)]), "bytes count too");
    }

    #[tokio::test]
    async fn a_shard_that_has_left_keeps_nothing() {
        let inbox = Inbox::default();
        drop(inbox.leave());
        inbox.publish(Audience::Platform, &Frame::new(b"x"));
        inbox.tell(Command::End(Whose::Everyone));
        let pending = inbox.take();
        assert!(pending.commands.is_empty() && pending.missed.is_empty());
        inbox.left().await;
    }
}
