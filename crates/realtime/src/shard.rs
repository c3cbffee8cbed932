//! A part of the hub: it owns its connections exclusively and passes each what it may see.
//!
//! Owns: the pass (everything that arrived since the last one is sent together), the heartbeat sweep, the
//! end of expired and unread connections, the drain.
//! Must not: wait for a client, or identify a client.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base::{Audience, Clock, Time};

use crate::{
    connection::{Bound, Connection, Run},
    frame::Frame,
    index::Index,
    queue::{Command, CommandQueue, EndTarget},
    socket::{Sent, Socket, SocketEvent, Sockets},
    thread,
};

/// How many bytes of frames for one audience are joined into one buffer.
const RUN: usize = 32 * 1024;

/// In how many steps a drain ends its connections.
const DRAIN_STEPS: u32 = 20;

/// A time that never comes.
const NEVER: Time = Time::from_nanos(i64::MAX);

/// The limits and timeouts of a shard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) bound: Bound,
    pub(crate) heartbeat: Duration,
    pub(crate) unread: Duration,
}

/// One shard. Unless it [`run`](Self::run)s, its connections get no frames; dropping it ends them.
pub struct Shard {
    queue: Arc<CommandQueue>,
    index: Index,
    /// Connections whose sockets have pending data.
    to_flush: Vec<Arc<Connection>>,
    rules: Rules,
    clock: Clock,
    /// When the first of its connections expires, or earlier.
    expiry: Time,
}

impl Shard {
    pub(crate) fn new(queue: Arc<CommandQueue>, rules: Rules, clock: Clock) -> Self {
        Self {
            queue,
            index: Index::default(),
            to_flush: Vec::new(),
            rules,
            clock,
            expiry: NEVER,
        }
    }

    /// Calls [`run`](Self::run) on its own thread: writing to ten thousand sockets takes a while.
    ///
    /// # Errors
    /// If the system provides no thread, or not what the runtime needs.
    pub fn start(self) -> io::Result<()> {
        thread::start("stream", self.run())
    }

    /// Does the shard's work until the hub is closed and the last connection has ended.
    pub async fn run(mut self) {
        let mut sockets = match Sockets::new() {
            Ok(sockets) => sockets,
            Err(error) => {
                tracing::error!(%error, "a shard of the live stream could not start");
                return;
            }
        };
        let (clock, queue) = (self.clock.clone(), Arc::clone(&self.queue));
        // In steady time: setting the clock does not silence streams.
        let mut beat = clock.steady().after(self.rules.heartbeat);
        let mut set = (beat, None);
        let mut timer = Box::pin(clock.sleep_until(clock.now().after(self.rules.heartbeat)));
        loop {
            let rang = tokio::select! {
                () = queue.arrival() => false,
                () = &mut timer => true,
                () = sockets.arrival() => false,
            };
            let close = self.pass(&mut sockets);
            let (now, steady) = (clock.now(), clock.steady());
            if steady >= beat {
                self.sweep(steady);
                beat = steady.after(self.rules.heartbeat);
            }
            self.flush();
            // Setting a timer costs more than a small pass. An expired one is used up, even if the machine's clock was
            // set back meanwhile.
            let (pause, left) = (beat.since(steady), self.expiry.since(now));
            let ends = (left < pause).then_some(self.expiry);
            if rang || set != (beat, ends) {
                set = (beat, ends);
                timer.set(clock.sleep_until(now.after(pause.min(left))));
            }
            if let Some(over) = close {
                return self.drain(over, &mut sockets).await;
            }
            // The bodies get a turn: what arrives meanwhile is sent together in the next pass.
            tokio::task::yield_now().await;
        }
    }

    /// Processes all that has arrived. Returns over how long to drain, if requested.
    fn pass(&mut self, sockets: &mut Sockets) -> Option<Duration> {
        let now = self.clock.now();
        if now >= self.expiry {
            // First: an ended session receives nothing more.
            self.expire(now);
        }
        for event in sockets.events() {
            self.handle(event);
        }
        let arrived = self.queue.take();
        let mut close = None;
        let mut commands = arrived.commands.into_iter().peekable();
        while let Some(command) = commands.next() {
            match command {
                Command::Publish(audience, frame) => {
                    let mut bytes = frame.bytes().len();
                    let mut frames = vec![frame];
                    let more =
                        |command: &Command| matches!(command, Command::Publish(to, _) if *to == audience);
                    while bytes < RUN
                        && let Some(Command::Publish(_, frame)) = commands.next_if(more)
                    {
                        bytes += frame.bytes().len();
                        frames.push(frame);
                    }
                    self.deliver(audience, &frames);
                }
                Command::Join(connection) => self.join(connection),
                Command::Leave(connection) => self.index.remove(&connection),
                Command::Adopt(connection, socket) => self.adopt(&connection, socket, sockets),
                Command::Missed(frames) => self.missed(Audience::Platform, frames),
                Command::End(target) => self.end(target),
                Command::Close(over) => close = Some(over),
            }
        }
        for (audience, frames) in arrived.missed {
            self.missed(audience, frames);
        }
        close
    }

    fn join(&mut self, connection: Arc<Connection>) {
        self.expiry = self.expiry.min(connection.reader.expires_at);
        if let Err(connection) = self.index.insert(connection) {
            connection.cut();
        }
    }

    /// Adopts a stream's socket: from now on the shard writes to it.
    fn adopt(&mut self, connection: &Arc<Connection>, socket: Socket, sockets: &Sockets) {
        let slot = connection.slot();
        let watch = |socket: &mut Socket| match sockets.watch(socket, slot) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "a stream's socket cannot be watched");
                false
            }
        };
        if connection.adopt(socket, watch) {
            self.to_flush.push(Arc::clone(connection));
        } else {
            self.index.remove(connection);
        }
    }

    /// Handles a client that has disconnected, or that has room again.
    fn handle(&mut self, event: SocketEvent) {
        let Some(connection) = self.index.get(event.slot).cloned() else {
            return;
        };
        if event.readable && !connection.listen() {
            connection.cut();
            self.index.remove(&connection);
        } else if event.writable && connection.has_room() {
            self.to_flush.push(connection);
        }
    }

    /// Writes pending data to the sockets that have any, all of one connection in one write.
    fn flush(&mut self) {
        for connection in self.to_flush.drain(..) {
            if connection.flush(&self.queue.counters) == Sent::Gone {
                connection.cut();
                self.index.remove(&connection);
            }
        }
    }

    fn deliver(&mut self, audience: Audience, frames: &[Frame]) {
        let run = Run::new(frames);
        let bound = self.rules.bound;
        let mut dropped = 0;
        let (to_flush, counters) = (&mut self.to_flush, &self.queue.counters);
        self.index.reached_by(audience, |connection| {
            let offered = connection.offer(&run, bound, counters);
            dropped += offered.dropped;
            if offered.flush {
                to_flush.push(Arc::clone(connection));
            }
        });
        self.queue.counters.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    fn missed(&mut self, audience: Audience, frames: u64) {
        let mut reached = 0;
        let to_flush = &mut self.to_flush;
        self.index.reached_by(audience, |connection| {
            if connection.missed(frames) {
                to_flush.push(Arc::clone(connection));
            }
            reached += 1;
        });
        let dropped = frames.saturating_mul(reached);
        self.queue.counters.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    fn end(&mut self, target: EndTarget) {
        let mut ended: Vec<Arc<Connection>> = Vec::new();
        match target {
            EndTarget::User(user) => self
                .index
                .reached_by(Audience::User(user), |one| ended.push(Arc::clone(one))),
            EndTarget::Session(session) => ended.extend(
                self.index
                    .all()
                    .filter(|one| one.reader.session == session)
                    .cloned(),
            ),
            EndTarget::Everyone => ended.extend(self.index.all().cloned()),
        }
        for connection in ended {
            connection.cut();
            self.index.remove(&connection);
        }
    }

    /// Sends the heartbeat to all, and ends those that do not read.
    fn sweep(&mut self, now: Time) {
        let limit = self.rules.unread;
        let mut unread = Vec::new();
        for connection in self.index.all() {
            let swept = connection.sweep(now, limit);
            if swept.unread {
                unread.push(Arc::clone(connection));
            } else if swept.flush {
                self.to_flush.push(Arc::clone(connection));
            }
        }
        for connection in unread {
            connection.hang_up();
            self.index.remove(&connection);
            self.queue.counters.unread.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn expire(&mut self, now: Time) {
        let over = |one: &&Arc<Connection>| one.reader.expires_at <= now;
        let expired: Vec<_> = self.index.all().filter(over).cloned().collect();
        for connection in expired {
            connection.cut();
            self.index.remove(&connection);
        }
        let next = self.index.all().map(|one| one.reader.expires_at).min();
        self.expiry = next.unwrap_or(NEVER);
    }

    /// Ends every connection after its pending data, some at a time: if all clients reconnected at once, they would
    /// overload the server that takes over.
    async fn drain(mut self, over: Duration, sockets: &mut Sockets) {
        for left in (1..=DRAIN_STEPS).rev() {
            let share = match left {
                _ if over.is_zero() => self.index.len(),
                left => self.index.len().div_ceil(left as usize),
            };
            let ending: Vec<_> = self.index.all().take(share).cloned().collect();
            for connection in ending {
                if connection.finish() {
                    self.to_flush.push(Arc::clone(&connection));
                }
                self.index.remove(&connection);
            }
            self.flush();
            if self.index.len() == 0 {
                return;
            }
            self.clock.sleep(over / DRAIN_STEPS).await;
            // Until their turn the others are still served.
            self.pass(sockets);
            self.flush();
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // After a drain no one is left; after a panic no client may be left with a silent stream.
        for command in self.queue.leave().commands {
            if let Command::Join(connection) = command {
                connection.cut();
            }
        }
        for connection in self.index.all() {
            connection.cut();
        }
    }
}
