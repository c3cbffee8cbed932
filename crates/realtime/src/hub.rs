//! The hub: passes frames to connections.
//!
//! Owns: the shards' queues, the limits on open streams, the metrics. Must not: wait, or know what an event is.

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
    connections::{Connections, Registration},
    feed::Feed,
    frame::{self, Form, Frame},
    metrics::{Counters, Snapshot},
    queue::{Command, CommandQueue, EndTarget},
    shard::{Rules, Shard},
};

/// The shortest time a client is asked to wait before it reconnects, in milliseconds.
const RETRY_MIN_MS: f64 = 1_000.0;
/// How much longer than that it can be, in milliseconds.
const RETRY_SPREAD_MS: f64 = 4_000.0;

/// The limits and timeouts of a hub.
#[derive(Debug, Clone)]
pub struct Options {
    /// The number of shards; 0 for one per core.
    pub shards: u16,
    /// The most frames pending for one connection.
    pub frames: usize,
    /// The most bytes of frames pending for one connection, in addition to the kernel's buffer. A single larger frame
    /// is never delivered.
    pub bytes: usize,
    /// How many streams one user may have open.
    pub per_user: usize,
    /// How many streams may be open in total.
    pub total: usize,
    /// How often a comment is sent to every connection.
    pub heartbeat: Duration,
    /// After how long a connection is closed whose client does not read pending data. Checked with
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
    /// This user has reached the limit of open streams.
    #[error("this user has too many open streams")]
    User,
    /// The limit of open streams is reached.
    #[error("too many open streams")]
    Full,
    /// The hub is closing or closed.
    #[error("the stream is closing")]
    Closing,
}

/// Passes frames to connections. Clones share one hub; nothing here waits except [`close`](Self::close).
#[derive(Clone)]
pub struct Hub(Arc<Parts>);

struct Parts {
    shards: Vec<Arc<CommandQueue>>,
    connections: Arc<Connections>,
    clock: Clock,
    published: AtomicU64,
    refused: AtomicU64,
}

impl Hub {
    /// A hub and its shards, for the caller to [`run`](Shard::run).
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
        let queues: Vec<Arc<CommandQueue>> = (0..count).map(|_| Arc::default()).collect();
        let shards = queues
            .iter()
            .map(|queue| Shard::new(Arc::clone(queue), rules, clock.clone()))
            .collect();
        let hub = Self(Arc::new(Parts {
            shards: queues,
            connections: Arc::new(Connections::new(count, options.per_user, options.total)),
            clock,
            published: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }));
        (hub, shards)
    }

    /// Passes a frame to every connection in the audience. Never waits: if there is no room, the
    /// frame is dropped for that connection and the gap is reported to its client (promise E5).
    pub fn publish(&self, audience: Audience, frame: &Frame) {
        self.0.published.fetch_add(1, Ordering::Relaxed);
        self.0.connections.listening(audience, |shard| {
            if let Some(queue) = self.0.shards.get(usize::from(shard)) {
                queue.publish(audience, frame);
            }
        });
    }

    /// Reports to everyone that they missed this many frames.
    pub fn missed(&self, frames: u64) {
        for shard in &self.0.shards {
            shard.send(Command::Missed(frames));
        }
    }

    /// Ends streams at once: no frame published after this reaches them, and pending ones are not sent
    /// (promise E8).
    pub fn end(&self, target: EndTarget) {
        for shard in &self.0.shards {
            shard.send(Command::End(target));
        }
    }

    /// Opens a stream. From now on its body collects what the reader may see.
    pub fn open(&self, reader: Reader) -> Result<Feed, Refused> {
        self.open_as(Form::Plain, reader)
    }

    pub(crate) fn open_as(&self, form: Form, reader: Reader) -> Result<Feed, Refused> {
        let opened = self.register(form, reader);
        if opened.is_err() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        opened
    }

    fn register(&self, form: Form, reader: Reader) -> Result<Feed, Refused> {
        let (user, scope) = (reader.user, reader.scope.clone());
        let greeting = frame::greeting(retry_ms(&self.0.clock));
        let connection = Arc::new(Connection::new(form, reader, greeting));
        loop {
            // Registered before the shard has the connection: what is published from now on goes there.
            let registration = Connections::register(&self.0.connections, user, &scope)?;
            let shard = registration.shard();
            let queue = self.0.shards.get(usize::from(shard)).ok_or(Refused::Closing)?;
            if queue.join(Arc::clone(&connection)) {
                let queue = Arc::clone(queue);
                return Ok(Feed::new(connection, Place { queue, registration }));
            }
            // A shard that has ended accepts none; the next one does.
            self.0.connections.retire(shard);
        }
    }

    /// Refuses new streams and ends the open ones, spread over this time; each gets its pending frames.
    /// Only the first call's time is used.
    pub fn begin_close(&self, over: Duration) {
        for shard in &self.0.shards {
            shard.close(over);
        }
    }

    /// [`begin_close`](Self::begin_close), and waits until every stream has been asked to end.
    pub async fn close(&self, over: Duration) {
        self.begin_close(over);
        self.closed().await;
    }

    /// Waits until the hub is closed and every stream has been asked to end.
    pub(crate) async fn closed(&self) {
        for shard in &self.0.shards {
            shard.left().await;
        }
    }

    /// The current metrics.
    pub fn metrics(&self) -> Snapshot {
        let sum = |of: fn(&Counters) -> &AtomicU64| {
            let each = self.0.shards.iter();
            each.map(|shard| of(&shard.counters).load(Ordering::Relaxed))
                .sum()
        };
        Snapshot {
            connections: u64::try_from(self.0.connections.count()).unwrap_or(u64::MAX),
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

/// A connection's place in the hub, released when its body is dropped.
pub(crate) struct Place {
    pub(crate) queue: Arc<CommandQueue>,
    pub(crate) registration: Registration,
}
