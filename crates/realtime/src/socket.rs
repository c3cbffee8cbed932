//! The sockets of HTTP/1.1 streams: a shard writes to them itself, without a task or timer for each.
//!
//! Owns: one socket with its unsent data, and a shard's view of all sockets.
//! Must not: wait for a client, or know what a frame is.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Read, Write},
    time::Duration,
};

use bytes::{Buf, Bytes};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tokio::io::{Interest as Readiness, unix::AsyncFd};

use crate::{connections::Registration, frame::LAST_CHUNK};

/// The kernel's buffer for a client that does not read, in bytes (Linux doubles it for its own bookkeeping,
/// socket(7)); by default it could grow to megabytes.
const SEND_BUFFER: usize = 48 * 1024;
/// After how long without an acknowledgement the kernel closes a connection (`TCP_USER_TIMEOUT`, RFC 5482).
const UNACKED_TIMEOUT: Duration = Duration::from_mins(1);
/// How much a client may send on a stream before it is closed: it should send nothing.
const MAX_INPUT: usize = 4 * 1024;
/// How many buffers are sent in one write.
const MAX_BUFFERS: usize = 32;
/// How many socket events are processed together.
const MAX_EVENTS: usize = 1024;

/// A socket that a stream has taken over, with its registration in the hub.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Data that the kernel has not accepted yet.
    left: VecDeque<Bytes>,
    /// Whether the response head has been sent.
    begun: bool,
    /// The kernel has no room, and will report when it has.
    full: bool,
    _seat: Registration,
}

/// The state of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The kernel has accepted everything.
    All,
    /// There is no room: the socket reports when there is.
    Later,
    /// The connection is closed.
    Gone,
}

impl Socket {
    /// A socket that sends `head` first.
    pub(crate) fn new(stream: TcpStream, head: Bytes, registration: Registration) -> Self {
        let options = socket2::SockRef::from(&stream);
        // Both limit what a dead client costs, not what a live one gets.
        let _ = options.set_send_buffer_size(SEND_BUFFER);
        let _ = options.set_tcp_user_timeout(Some(UNACKED_TIMEOUT));
        Self {
            stream,
            left: VecDeque::from([head]),
            begun: false,
            full: false,
            _seat: registration,
        }
    }

    /// The kernel has room again.
    pub(crate) fn has_room(&mut self) {
        self.full = false;
    }

    /// Sends unsent data.
    pub(crate) fn send(&mut self) -> Sent {
        self.begun = true;
        if self.full {
            return Sent::Later;
        }
        while !self.left.is_empty() {
            match self.write() {
                Ok(0) => return Sent::Gone,
                Ok(sent) => self.forget(sent),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.full = true;
                    return Sent::Later;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Sent::Gone,
            }
        }
        // An idle connection keeps no spare capacity.
        self.left = VecDeque::new();
        Sent::All
    }

    /// Writes unsent data in one call, without copying.
    fn write(&mut self) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); MAX_BUFFERS];
        let count = self.left.len().min(MAX_BUFFERS);
        for (slice, bytes) in slices.iter_mut().zip(&self.left) {
            *slice = IoSlice::new(bytes);
        }
        self.stream
            .write_vectored(slices.get(..count).unwrap_or_default())
    }

    /// Removes this many bytes, which were sent.
    fn forget(&mut self, mut sent: usize) {
        while let Some(first) = self.left.front_mut() {
            if sent < first.len() {
                first.advance(sent);
                return;
            }
            sent -= first.len();
            self.left.pop_front();
        }
    }

    /// Sends this next; only if everything before was sent.
    pub(crate) fn then(&mut self, chunks: Vec<Bytes>) -> Sent {
        debug_assert!(self.left.is_empty());
        self.left = chunks.into();
        self.send()
    }

    /// Ends the response cleanly, unless it is in the middle of a frame.
    pub(crate) fn end(&mut self) {
        if !self.begun {
            self.send();
        }
        if self.left.is_empty() {
            self.then(vec![Bytes::from_static(LAST_CHUNK)]);
        }
    }

    /// Reads and discards what the client sends. Returns whether it is still connected.
    pub(crate) fn listen(&mut self) -> bool {
        let mut buffer = [0; MAX_INPUT];
        let mut heard = 0;
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    heard += count;
                    if heard >= MAX_INPUT {
                        return false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}

/// A shard's sockets in the kernel: one descriptor that reports which of them can be read or written.
pub(crate) struct Sockets {
    poll: AsyncFd<Poll>,
    events: Events,
}

/// A socket event from the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SocketEvent {
    /// The slot of its connection.
    pub(crate) slot: u32,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Sockets {
    #[expect(
        deprecated,
        reason = "the new constructor is unsafe; its condition is met, as mio's Poll owns its descriptor"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: AsyncFd::with_interest(Poll::new()?, Readiness::READABLE)?,
            events: Events::with_capacity(MAX_EVENTS),
        })
    }

    /// Watches a socket under its connection's slot.
    pub(crate) fn watch(&self, socket: &mut Socket, slot: u32) -> io::Result<()> {
        let token = Token(slot as usize);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .get_ref()
            .registry()
            .register(&mut socket.stream, token, interest)
    }

    /// Waits for socket events.
    pub(crate) async fn arrival(&self) {
        // An error is about the descriptor itself; `events` reads the events.
        if let Ok(mut ready) = self.poll.readable().await {
            ready.retain_ready();
        }
    }

    /// The current events, without waiting; the rest comes with the next call.
    pub(crate) fn events(&mut self) -> Vec<SocketEvent> {
        let events = &mut self.events;
        let looked = self.poll.try_io_mut(Readiness::READABLE, |poll| {
            poll.poll(events, Some(Duration::ZERO))?;
            if events.is_empty() {
                // So that the next call waits.
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        if looked.is_err() {
            return Vec::new();
        }
        let events = events.iter().filter_map(|event| {
            Some(SocketEvent {
                slot: u32::try_from(event.token().0).ok()?,
                readable: event.is_readable() || event.is_error() || event.is_read_closed(),
                writable: event.is_writable(),
            })
        });
        events.collect()
    }
}
