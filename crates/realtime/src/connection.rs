//! One open stream: its reader, and its pending frames.
//!
//! Owns: the bounded buffer and what happens when it is full (promise E5).
//! Must not: wait, have its own task or timer, or decide who gets what.

use std::{
    cell::OnceCell,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use base::{Id, Scope, Time};
use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::{
    frame::{self, Form, Frame},
    metrics::Counters,
    socket::{Sent, Socket},
};

/// The user of a stream and what it may carry, from the lookup at connect.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The user.
    pub user: Id,
    /// The session or API token it uses.
    pub session: Id,
    /// The visible companies.
    pub scope: Scope,
    /// When the session or token ends, and the stream with it.
    pub expires_at: Time,
    /// How to close the connection of a stream that is not read; provided by the accept loop.
    pub hangup: Option<Hangup>,
}

/// Closes a connection whose client does not read: a body that is never polled cannot end itself. The
/// accept loop puts one into the request's extensions and drops the connection when [`called`](Self::called).
#[derive(Debug, Clone, Default)]
pub struct Hangup(Arc<Notify>);

impl Hangup {
    /// Requests closing the connection.
    pub fn call(&self) {
        self.0.notify_one();
    }

    /// Waits until closing is requested.
    pub async fn called(&self) {
        self.0.notified().await;
    }
}

/// The frames of one pass for the same audience: joined once per form, so that a connection with room
/// takes one buffer for all of them.
pub(crate) struct Run<'a> {
    frames: &'a [Frame],
    bytes: usize,
    plain: OnceCell<Bytes>,
    chunked: OnceCell<Bytes>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(frames: &'a [Frame]) -> Self {
        Self {
            frames,
            bytes: frames.iter().map(|frame| frame.bytes().len()).sum(),
            plain: OnceCell::new(),
            chunked: OnceCell::new(),
        }
    }

    fn joined(&self, form: Form) -> Bytes {
        let kept = match form {
            Form::Plain => &self.plain,
            Form::Chunked => &self.chunked,
        };
        kept.get_or_init(|| join(self.frames.iter().map(|frame| form.of(frame))))
            .clone()
    }
}

/// The result of offering a run to a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offered {
    /// How many of its frames were dropped.
    pub(crate) dropped: u64,
    /// Whether the shard is to flush the connection's socket.
    pub(crate) flush: bool,
}

/// The result of a sweep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swept {
    /// Nothing was read for too long.
    pub(crate) unread: bool,
    /// Whether the shard is to flush the connection's socket.
    pub(crate) flush: bool,
}

/// The limits of a connection's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

pub(crate) struct Connection {
    pub(crate) reader: Reader,
    form: Form,
    /// Its slot in its shard.
    pub(crate) slot: AtomicU32,
    waiting: Mutex<Waiting>,
}

/// No slot: not yet or no longer in a shard.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What waits to be taken by the body or written to the socket.
#[derive(Default)]
struct Waiting {
    chunks: Vec<Bytes>,
    frames: usize,
    /// With those that the socket has not sent yet.
    bytes: usize,
    dropped: u64,
    heartbeat: bool,
    ended: bool,
    /// Since which sweep something has been waiting.
    unread_since: Option<Time>,
    body: Option<Waker>,
    socket: Option<Socket>,
    /// Whether it is on the shard's list of sockets to flush.
    to_flush: bool,
}

/// What the body or the socket took at once.
pub(crate) struct Taken {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) frames: usize,
    pub(crate) resynced: bool,
}

/// What the body gets.
pub(crate) enum Next {
    /// All that waited.
    Taken(Taken),
    /// Nothing now; the body will be woken.
    Later,
    /// The end.
    End,
}

impl Connection {
    /// A connection with its greeting pending.
    pub(crate) fn new(form: Form, reader: Reader, greeting: Bytes) -> Self {
        Self {
            reader,
            form,
            slot: AtomicU32::new(NO_SLOT),
            waiting: Mutex::new(Waiting {
                chunks: vec![form.wrap(greeting)],
                ..Waiting::default()
            }),
        }
    }

    /// Its slot in its shard, or [`NO_SLOT`].
    pub(crate) fn slot(&self) -> u32 {
        self.slot.load(Ordering::Relaxed)
    }

    /// Everything that waits, or registers the body to be woken.
    pub(crate) fn next(&self, context: &Context<'_>) -> Next {
        let mut waiting = self.waiting();
        if let Some(taken) = waiting.take(self.form) {
            waiting.bytes = 0;
            return Next::Taken(taken);
        }
        if waiting.ended {
            return Next::End;
        }
        waiting.body = Some(context.waker().clone());
        Next::Later
    }

    /// Adds the frames to the buffer as far as there is room, and counts the others as dropped. A full buffer is
    /// written first, if there is a socket: one pass may have more than a buffer holds.
    pub(crate) fn offer(&self, run: &Run<'_>, bound: Bound, counters: &Counters) -> Offered {
        let mut waiting = self.waiting();
        if waiting.ended {
            return Offered::default();
        }
        let room = |waiting: &mut Waiting, frames, bytes| {
            waiting.has_room(frames, bytes, bound) || {
                // A closed socket reports it again when flushed.
                waiting.write(self.form, counters);
                waiting.has_room(frames, bytes, bound)
            }
        };
        let mut dropped = 0;
        if room(&mut waiting, run.frames.len(), run.bytes) {
            waiting.push(run.frames.len(), run.bytes, run.joined(self.form));
        } else {
            for frame in run.frames {
                let bytes = frame.bytes().len();
                if room(&mut waiting, 1, bytes) {
                    waiting.push(1, bytes, self.form.of(frame).clone());
                } else {
                    dropped += 1;
                    waiting.dropped += 1;
                }
            }
        }
        Offered {
            dropped,
            flush: waiting.wake(),
        }
    }

    /// Counts frames lost before this point as dropped. Returns whether the shard is to flush.
    pub(crate) fn missed(&self, frames: u64) -> bool {
        let mut waiting = self.waiting();
        if waiting.ended {
            return false;
        }
        waiting.dropped += frames;
        waiting.wake()
    }

    /// Sends the heartbeat, and checks whether the connection has been unread for `limit`. A pending heartbeat is
    /// not sent twice.
    pub(crate) fn sweep(&self, now: Time, limit: Duration) -> Swept {
        let mut waiting = self.waiting();
        let since = *waiting.unread_since.get_or_insert(now);
        waiting.heartbeat = true;
        Swept {
            unread: now.since(since) >= limit,
            flush: waiting.wake(),
        }
    }

    /// Gives the stream its socket. Returns whether the shard is to watch and flush it; one that has ended meanwhile sends
    /// its head and closes.
    pub(crate) fn adopt(&self, mut socket: Socket, watch: impl FnOnce(&mut Socket) -> bool) -> bool {
        let mut waiting = self.waiting();
        if waiting.ended {
            socket.end();
            return false;
        }
        if !watch(&mut socket) {
            waiting.ended = true;
            return false;
        }
        waiting.socket = Some(socket);
        waiting.wake()
    }

    /// Writes pending data to the socket, as much as it takes.
    pub(crate) fn flush(&self, counters: &Counters) -> Sent {
        let mut waiting = self.waiting();
        waiting.to_flush = false;
        let mut sent = waiting.write(self.form, counters);
        if sent == Sent::All
            && waiting.ended
            && let Some(socket) = &mut waiting.socket
        {
            socket.end();
            sent = Sent::Gone;
        }
        if sent == Sent::Gone {
            waiting.socket = None;
        }
        sent
    }

    /// The socket has room again. Returns whether the shard is to flush.
    pub(crate) fn has_room(&self) -> bool {
        let mut waiting = self.waiting();
        if let Some(socket) = &mut waiting.socket {
            socket.has_room();
        }
        waiting.wake()
    }

    /// Reads and discards what the client sends on its socket. Returns whether it is still connected.
    pub(crate) fn listen(&self) -> bool {
        self.waiting().socket.as_mut().is_none_or(Socket::listen)
    }

    /// Ends the stream after pending data: the client still has access to it. Returns whether the shard is to flush.
    pub(crate) fn finish(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.ended = true;
        waiting.wake()
    }

    /// Ends the stream at once; pending data is not sent (promise E8).
    pub(crate) fn cut(&self) {
        let mut waiting = self.waiting();
        if let Some(socket) = &mut waiting.socket {
            socket.end();
        }
        let body = waiting.body.take();
        *waiting = Waiting {
            ended: true,
            body,
            ..Waiting::default()
        };
        waiting.wake();
    }

    /// Ends the stream of a client that does not read, and its connection.
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

    fn push(&mut self, frames: usize, bytes: usize, chunk: Bytes) {
        self.frames += frames;
        self.bytes += bytes;
        self.chunks.push(chunk);
    }

    /// Wakes the body. With a socket, returns whether the shard is to add it to its list of sockets to flush.
    fn wake(&mut self) -> bool {
        if let Some(body) = self.body.take() {
            body.wake();
        }
        self.socket.is_some() && !std::mem::replace(&mut self.to_flush, true)
    }

    /// Writes pending data to the socket, as much as it takes.
    fn write(&mut self, form: Form, counters: &Counters) -> Sent {
        let Some(mut socket) = self.socket.take() else {
            return Sent::All;
        };
        let mut sent = socket.send();
        while sent == Sent::All {
            self.bytes = self.chunks.iter().map(Bytes::len).sum();
            let Some(taken) = self.take(form) else { break };
            counters.count(&taken);
            sent = socket.then(taken.chunks);
        }
        self.socket = Some(socket);
        sent
    }

    /// Everything that waits; the report of a gap first.
    fn take(&mut self, form: Form) -> Option<Taken> {
        let mut chunks = std::mem::take(&mut self.chunks);
        let resynced = self.dropped > 0;
        if resynced {
            chunks.insert(0, form.wrap(frame::resync(self.dropped)));
        } else if chunks.is_empty() && self.heartbeat {
            chunks.push(form.wrap(Bytes::from_static(frame::HEARTBEAT)));
        }
        if chunks.is_empty() {
            return None;
        }
        let frames = std::mem::take(&mut self.frames);
        (self.dropped, self.heartbeat, self.unread_since) = (0, false, None);
        Some(Taken {
            chunks,
            frames,
            resynced,
        })
    }
}

/// Joins several buffers; a single one is returned without a copy.
pub(crate) fn join<'a>(mut chunks: impl ExactSizeIterator<Item = &'a Bytes> + Clone) -> Bytes {
    if chunks.len() == 1 {
        return chunks.next().cloned().unwrap_or_default();
    }
    let mut joined = BytesMut::with_capacity(chunks.clone().map(Bytes::len).sum());
    for chunk in chunks {
        joined.extend_from_slice(chunk);
    }
    joined.freeze()
}
