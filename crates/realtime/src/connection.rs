//! One open stream: who it is for, and the frames that wait for it.
//!
//! Owns: the bounded buffer and what happens when it is full (promise E5).
//! Must not: wait, have a task or a timer of its own, or decide who gets what.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU32},
    task::{Context, Waker},
    time::Duration,
};

use base::{Id, Scope, Time};
use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::frame;

/// Whom a stream is for and what it may carry, as the look-up at connect said.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The person.
    pub user: Id,
    /// The session or API token it rests on.
    pub session: Id,
    /// The companies.
    pub scope: Scope,
    /// When the session or token ends, and the stream with it.
    pub expires_at: Time,
    /// How to end the connection below a stream that is not read; the accept loop's to give.
    pub hangup: Option<Hangup>,
}

/// Ends a connection whose client does not read: a body that is never asked for more cannot end itself. The
/// accept loop puts one into the request's extensions and drops the connection when [`called`](Self::called).
#[derive(Debug, Clone, Default)]
pub struct Hangup(Arc<Notify>);

impl Hangup {
    /// Asks for the end of the connection.
    pub fn call(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody asks for the end.
    pub async fn called(&self) {
        self.0.notified().await;
    }
}

/// The frames of one pass that go to the same audience: joined once, so that a connection with room takes one
/// buffer for all of them.
pub(crate) struct Run<'a> {
    frames: &'a [Bytes],
    joined: Bytes,
}

impl<'a> Run<'a> {
    pub(crate) fn new(frames: &'a [Bytes]) -> Self {
        Self {
            frames,
            joined: join(frames),
        }
    }
}

/// What a connection's buffer holds at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

pub(crate) struct Connection {
    pub(crate) reader: Reader,
    /// Where its shard keeps it.
    pub(crate) slot: AtomicU32,
    waiting: Mutex<Waiting>,
}

/// No slot: not yet or no longer kept by a shard.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What waits to be taken by the body.
#[derive(Default)]
struct Waiting {
    chunks: Vec<Bytes>,
    frames: usize,
    bytes: usize,
    dropped: u64,
    heartbeat: bool,
    ended: bool,
    /// Since which sweep something has been waiting.
    unread_since: Option<Time>,
    body: Option<Waker>,
}

/// What the body took at once.
pub(crate) struct Taken {
    pub(crate) bytes: Bytes,
    pub(crate) frames: usize,
    pub(crate) resynced: bool,
}

/// What there is for the body.
pub(crate) enum Next {
    /// All that waited.
    Taken(Taken),
    /// Nothing now; the body is woken.
    Later,
    /// Nothing any more.
    End,
}

impl Connection {
    /// A connection that has its greeting waiting.
    pub(crate) fn new(reader: Reader, greeting: Bytes) -> Self {
        Self {
            reader,
            slot: AtomicU32::new(NO_SLOT),
            waiting: Mutex::new(Waiting {
                chunks: vec![greeting],
                ..Waiting::default()
            }),
        }
    }

    /// Everything that waits, or the promise to wake the body.
    pub(crate) fn next(&self, context: &Context<'_>) -> Next {
        let mut waiting = self.waiting();
        if let Some(taken) = waiting.take() {
            return Next::Taken(taken);
        }
        if waiting.ended {
            return Next::End;
        }
        waiting.body = Some(context.waker().clone());
        Next::Later
    }

    /// Puts the frames into the buffer as far as there is room, and counts the others as dropped. Says how many
    /// were dropped.
    pub(crate) fn offer(&self, run: &Run<'_>, bound: Bound) -> u64 {
        let mut waiting = self.waiting();
        if waiting.ended {
            return 0;
        }
        let mut dropped = 0;
        if waiting.has_room(run.frames.len(), run.joined.len(), bound) {
            waiting.push(run.frames.len(), run.joined.clone());
        } else {
            for frame in run.frames {
                if waiting.has_room(1, frame.len(), bound) {
                    waiting.push(1, frame.clone());
                } else {
                    dropped += 1;
                    waiting.dropped += 1;
                }
            }
        }
        waiting.wake();
        dropped
    }

    /// Counts frames that never came this far as dropped.
    pub(crate) fn missed(&self, frames: u64) {
        let mut waiting = self.waiting();
        if !waiting.ended {
            waiting.dropped += frames;
            waiting.wake();
        }
    }

    /// The heartbeat, and whether the connection has gone unread for `limit`. A heartbeat that still waits is
    /// not sent twice.
    pub(crate) fn sweep(&self, now: Time, limit: Duration) -> bool {
        let mut waiting = self.waiting();
        let since = *waiting.unread_since.get_or_insert(now);
        waiting.heartbeat = true;
        waiting.wake();
        now.since(since) >= limit
    }

    /// Ends the stream after what waits: the client has lost nothing it may see.
    pub(crate) fn finish(&self) {
        let mut waiting = self.waiting();
        waiting.ended = true;
        waiting.wake();
    }

    /// Ends the stream at once; what waits is not sent (promise E8).
    pub(crate) fn cut(&self) {
        let mut waiting = self.waiting();
        let body = waiting.body.take();
        *waiting = Waiting {
            ended: true,
            body,
            ..Waiting::default()
        };
        waiting.wake();
    }

    /// Ends the stream of a client that does not read, and the connection below it.
    pub(crate) fn hang_up(&self) {
        self.cut();
        if let Some(hangup) = &self.reader.hangup {
            hangup.call();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each change is complete before anything in it could panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn has_room(&self, frames: usize, bytes: usize, bound: Bound) -> bool {
        self.frames + frames <= bound.frames && self.bytes + bytes <= bound.bytes
    }

    fn push(&mut self, frames: usize, bytes: Bytes) {
        self.frames += frames;
        self.bytes += bytes.len();
        self.chunks.push(bytes);
    }

    fn wake(&mut self) {
        if let Some(body) = self.body.take() {
            body.wake();
        }
    }

    /// Everything that waits, as one buffer; the word of a gap first.
    fn take(&mut self) -> Option<Taken> {
        let mut chunks = std::mem::take(&mut self.chunks);
        let resynced = self.dropped > 0;
        if resynced {
            chunks.insert(0, frame::resync(self.dropped));
        } else if chunks.is_empty() && self.heartbeat {
            chunks.push(Bytes::from_static(frame::HEARTBEAT));
        }
        if chunks.is_empty() {
            return None;
        }
        let frames = std::mem::take(&mut self.frames);
        (self.bytes, self.dropped, self.heartbeat, self.unread_since) = (0, 0, false, None);
        Some(Taken {
            bytes: join(&chunks),
            frames,
            resynced,
        })
    }
}

/// One buffer of several; of one, the same bytes without a copy.
fn join(chunks: &[Bytes]) -> Bytes {
    if let [only] = chunks {
        return only.clone();
    }
    let mut joined = BytesMut::with_capacity(chunks.iter().map(Bytes::len).sum());
    for chunk in chunks {
        joined.extend_from_slice(chunk);
    }
    joined.freeze()
}
