//! The sockets of HTTP/1.1 streams: a shard writes to them itself, without a task or a timer for each.
//!
//! Owns: one socket with what it did not take yet, and a shard's view of all of them.
//! Must not: wait for a client, or know what a frame is.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Read, Write},
    time::Duration,
};

use bytes::{Buf, Bytes};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tokio::io::{Interest as Readiness, unix::AsyncFd};

use crate::{frame::LAST_CHUNK, seats::Seat};

/// What the kernel keeps for a client that does not read, in bytes (Linux doubles it for its own bookkeeping,
/// socket(7)); by itself it would let that grow to megabytes.
const SEND_BUFFER: usize = 48 * 1024;
/// After how long without an acknowledgement the kernel gives a connection up (`TCP_USER_TIMEOUT`, RFC 5482).
const SILENCE: Duration = Duration::from_mins(1);
/// How much a client may say on a stream before it is cut: it has nothing to say.
const CHATTER: usize = 4 * 1024;
/// How many buffers leave in one write.
const TOGETHER: usize = 32;
/// How many events of sockets are looked at together.
const EVENTS: usize = 1024;

/// A socket that a stream has taken over, with its seat in the hub.
pub(crate) struct Socket {
    stream: TcpStream,
    /// What the kernel did not take yet of what was taken for it.
    left: VecDeque<Bytes>,
    /// Whether the answer's head is on its way.
    begun: bool,
    /// The kernel has no room, and will tell when it has.
    full: bool,
    _seat: Seat,
}

/// How far a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The kernel has taken all.
    All,
    /// There is no room: the socket tells when there is.
    Later,
    /// The connection is over.
    Gone,
}

impl Socket {
    /// A socket that sends `head` first.
    pub(crate) fn new(stream: TcpStream, head: Bytes, seat: Seat) -> Self {
        let options = socket2::SockRef::from(&stream);
        // Both are bounds on what a dead client costs, not what a living one gets.
        let _ = options.set_send_buffer_size(SEND_BUFFER);
        let _ = options.set_tcp_user_timeout(Some(SILENCE));
        Self {
            stream,
            left: VecDeque::from([head]),
            begun: false,
            full: false,
            _seat: seat,
        }
    }

    /// The kernel has room again.
    pub(crate) fn has_room(&mut self) {
        self.full = false;
    }

    /// Sends what is left.
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
        // An idle connection keeps no room for more.
        self.left = VecDeque::new();
        Sent::All
    }

    /// What is left in one write, without a copy of its own.
    fn write(&mut self) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); TOGETHER];
        let count = self.left.len().min(TOGETHER);
        for (slice, bytes) in slices.iter_mut().zip(&self.left) {
            *slice = IoSlice::new(bytes);
        }
        self.stream
            .write_vectored(slices.get(..count).unwrap_or_default())
    }

    /// So many bytes are on their way.
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

    /// Sends this after what was sent before; only when that was all.
    pub(crate) fn then(&mut self, chunks: Vec<Bytes>) -> Sent {
        debug_assert!(self.left.is_empty());
        self.left = chunks.into();
        self.send()
    }

    /// Ends the answer in good order, unless it stands in the middle of a frame.
    pub(crate) fn end(&mut self) {
        if !self.begun {
            self.send();
        }
        if self.left.is_empty() {
            self.then(vec![Bytes::from_static(LAST_CHUNK)]);
        }
    }

    /// Reads and forgets what the client says. Whether it is still there.
    pub(crate) fn listen(&mut self) -> bool {
        let mut buffer = [0; CHATTER];
        let mut heard = 0;
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    heard += count;
                    if heard >= CHATTER {
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

/// A shard's sockets as the kernel sees them: one descriptor that tells which of them can be read or written.
pub(crate) struct Sockets {
    poll: AsyncFd<Poll>,
    events: Events,
}

/// What the kernel says of one socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News {
    /// Where its connection is kept.
    pub(crate) slot: u32,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Sockets {
    #[expect(
        deprecated,
        reason = "the new constructor is unsafe; what it asks for holds, as mio's Poll owns its descriptor"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: AsyncFd::with_interest(Poll::new()?, Readiness::READABLE)?,
            events: Events::with_capacity(EVENTS),
        })
    }

    /// Watches a socket under the number of its connection.
    pub(crate) fn watch(&self, socket: &mut Socket, slot: u32) -> io::Result<()> {
        let token = Token(slot as usize);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .get_ref()
            .registry()
            .register(&mut socket.stream, token, interest)
    }

    /// Waits until there is news of some sockets.
    pub(crate) async fn arrival(&self) {
        // An error is of the descriptor itself; what is to be seen, `news` sees.
        if let Ok(mut ready) = self.poll.readable().await {
            ready.retain_ready();
        }
    }

    /// The news there is, without waiting; what does not fit comes with the next call.
    pub(crate) fn news(&mut self) -> Vec<News> {
        let events = &mut self.events;
        let looked = self.poll.try_io_mut(Readiness::READABLE, |poll| {
            poll.poll(events, Some(Duration::ZERO))?;
            if events.is_empty() {
                // So that the next wait is one.
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        if looked.is_err() {
            return Vec::new();
        }
        let news = events.iter().filter_map(|event| {
            Some(News {
                slot: u32::try_from(event.token().0).ok()?,
                readable: event.is_readable() || event.is_error() || event.is_read_closed(),
                writable: event.is_writable(),
            })
        });
        news.collect()
    }
}
