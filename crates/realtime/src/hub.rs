//! The one place where frames meet connections.
//!
//! Owns: the shards' inboxes, who may open one more stream, the numbers. Must not: wait, or know what an event is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Audience, Clock};

use crate::{
    connection::{Bound, Connection, Reader},
    feed::Feed,
    frame::{self, Form, Frame},
    inbox::{Command, Inbox, Whose},
    metrics::{Counters, Snapshot},
    seats::{Seat, Seats},
    shard::{Rules, Shard},
};

/// The shortest time a client is asked to wait before it reconnects, in milliseconds.
const RETRY_MIN_MS: f64 = 1_000.0;
/// How much longer than that it may be, in milliseconds.
const RETRY_SPREAD_MS: f64 = 4_000.0;

/// What a hub may use and how long it waits.
#[derive(Debug, Clone)]
pub struct Options {
    /// Into how many shards it is divided; 0 for one per core.
    pub shards: u16,
    /// How many frames wait for one connection at most.
    pub frames: usize,
    /// How many bytes of frames wait for one connection at most, beside what the kernel holds. A single frame above it
    /// is never delivered.
    pub bytes: usize,
    /// How many streams one person may have open.
    pub per_user: usize,
    /// How many streams may be open in all.
    pub total: usize,
    /// How often a comment is sent to every connection.
    pub heartbeat: Duration,
    /// After how long a connection is ended from which nothing was read although something waits. Looked at with
    /// each heartbeat.
    pub unread: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shards: 0,
            frames: 1_024,
            bytes: 150 * 1024,
            per_user: 50,
            total: 20_000,
            heartbeat: Duration::from_secs(20),
            unread: Duration::from_mins(1),
        }
    }
}

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// This person has as many open as one may have.
    #[error("this person has too many streams open")]
    User,
    /// There are as many open as there may be.
    #[error("too many streams are open")]
    Full,
    /// The hub is closing or closed.
    #[error("the stream is closing")]
    Closing,
}

/// Hands frames to connections. Clones share one hub; nothing here waits except [`close`](Self::close).
#[derive(Clone)]
pub struct Hub(Arc<Parts>);

struct Parts {
    shards: Vec<Arc<Inbox>>,
    seats: Arc<Seats>,
    clock: Clock,
    published: AtomicU64,
    refused: AtomicU64,
}

impl Hub {
    /// A hub and its shards, each of which someone must [`run`](Shard::run).
    pub fn new(options: &Options, clock: Clock) -> (Self, Vec<Shard>) {
        let count = match options.shards {
            0 => std::thread::available_parallelism()
                .map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX)),
            count => count,
        };
        let rules = Rules {
            bound: Bound {
                frames: options.frames,
                bytes: options.bytes,
            },
            heartbeat: options.heartbeat,
            unread: options.unread,
        };
        let inboxes: Vec<Arc<Inbox>> = (0..count).map(|_| Arc::default()).collect();
        let shards = inboxes
            .iter()
            .map(|inbox| Shard::new(Arc::clone(inbox), rules, clock.clone()))
            .collect();
        let hub = Self(Arc::new(Parts {
            shards: inboxes,
            seats: Arc::new(Seats::new(count, options.per_user, options.total)),
            clock,
            published: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }));
        (hub, shards)
    }

    /// Hands a frame to every connection that the audience reaches. Never waits: where there is no room, the
    /// frame is dropped for that connection and its client is told (promise E5).
    pub fn publish(&self, audience: Audience, frame: &Frame) {
        self.0.published.fetch_add(1, Ordering::Relaxed);
        self.0.seats.listening(audience, |shard| {
            if let Some(inbox) = self.0.shards.get(usize::from(shard)) {
                inbox.publish(audience, frame);
            }
        });
    }

    /// Tells everyone that they missed so many frames.
    pub fn missed(&self, frames: u64) {
        for shard in &self.0.shards {
            shard.tell(Command::Missed(frames));
        }
    }

    /// Ends streams at once: no frame published after this reaches them, and what waits is not sent
    /// (promise E8).
    pub fn end(&self, whose: Whose) {
        for shard in &self.0.shards {
            shard.tell(Command::End(whose));
        }
    }

    /// Opens a stream. From now on its body gathers what the reader may see.
    pub fn open(&self, reader: Reader) -> Result<Feed, Refused> {
        self.open_as(Form::Plain, reader)
    }

    pub(crate) fn open_as(&self, form: Form, reader: Reader) -> Result<Feed, Refused> {
        let opened = self.seat(form, reader);
        if opened.is_err() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        opened
    }

    fn seat(&self, form: Form, reader: Reader) -> Result<Feed, Refused> {
        let (user, scope) = (reader.user, reader.scope.clone());
        let greeting = frame::greeting(retry_ms(&self.0.clock));
        let connection = Arc::new(Connection::new(form, reader, greeting));
        loop {
            // Taken before the shard has the connection: what is published from now on goes there.
            let seat = Seats::take(&self.0.seats, user, &scope)?;
            let shard = seat.shard();
            let inbox = self.0.shards.get(usize::from(shard)).ok_or(Refused::Closing)?;
            if inbox.join(Arc::clone(&connection)) {
                let inbox = Arc::clone(inbox);
                return Ok(Feed::new(connection, Place { inbox, seat }));
            }
            // A shard that has ended takes none; the next one does.
            self.0.seats.retire(shard);
        }
    }

    /// Refuses new streams and ends the open ones, spread over so long; each gets what already waits for it.
    /// Only the first call's time counts.
    pub fn begin_close(&self, over: Duration) {
        for shard in &self.0.shards {
            shard.close(over);
        }
    }

    /// [`begin_close`](Self::begin_close), and waits until every stream has been told to end.
    pub async fn close(&self, over: Duration) {
        self.begin_close(over);
        self.closed().await;
    }

    /// Waits until the hub is closed and every stream has been told to end.
    pub(crate) async fn closed(&self) {
        for shard in &self.0.shards {
            shard.left().await;
        }
    }

    /// The numbers now.
    pub fn metrics(&self) -> Snapshot {
        let sum = |of: fn(&Counters) -> &AtomicU64| {
            let each = self.0.shards.iter();
            each.map(|shard| of(&shard.counters).load(Ordering::Relaxed))
                .sum()
        };
        Snapshot {
            connections: u64::try_from(self.0.seats.count()).unwrap_or(u64::MAX),
            published: self.0.published.load(Ordering::Relaxed),
            sent: sum(|counters| &counters.sent),
            dropped: sum(|counters| &counters.dropped),
            resyncs: sum(|counters| &counters.resyncs),
            unread: sum(|counters| &counters.unread),
            refused: self.0.refused.load(Ordering::Relaxed),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few thousand, never below zero"
)]
fn retry_ms(clock: &Clock) -> u64 {
    (RETRY_MIN_MS + RETRY_SPREAD_MS * clock.fraction()) as u64
}

/// A connection's place in the hub, given back when its body is dropped.
pub(crate) struct Place {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) seat: Seat,
}
