//! The stream's metrics, for an exporter.
//!
//! Owns: plain counters. Must not: know a metrics library.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::connection::Taken;

/// The counters of one shard: one set per shard, so that cores do not contend for one cache line.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) resyncs: AtomicU64,
    pub(crate) unread: AtomicU64,
}

impl Counters {
    /// Counts what was passed on for sending.
    pub(crate) fn count(&self, taken: &Taken) {
        let frames = u64::try_from(taken.frames).unwrap_or(u64::MAX);
        self.sent.fetch_add(frames, Ordering::Relaxed);
        self.resyncs
            .fetch_add(u64::from(taken.resynced), Ordering::Relaxed);
    }
}

/// The state of the hub at one time. Counters start with the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Streams open now.
    pub connections: u64,
    /// Frames passed to the hub, each counted once.
    pub published: u64,
    /// Frames passed to connections for sending, without heartbeats, pings and resyncs.
    pub sent: u64,
    /// Frames dropped because a connection's buffer was full, or because the hub itself fell behind.
    pub dropped: u64,
    /// Resync frames sent.
    pub resyncs: u64,
    /// Connections closed because their client did not read.
    pub unread: u64,
    /// Streams refused because a limit was reached or the hub was closing.
    pub refused: u64,
}
