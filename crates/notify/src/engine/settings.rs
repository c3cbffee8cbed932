//! The engine's settings.

use std::{sync::Arc, time::Duration};

use crate::{deliveries::Observer, opened::ReadObserver, reads::unread::Escalation};

/// Limits and times of the engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this node among those that share a database; the same after a restart. Two nodes with one name would
    /// take each other's messages for abandoned.
    pub node: Arc<str>,
    /// How many events one transaction plans at most.
    pub batch: u32,
    /// How many messages are in flight at once, for all destinations.
    pub parallel: usize,
    /// How many of them to one host.
    pub per_lane: usize,
    /// How long a claimed message is leased: longer than any channel's timeout.
    pub lease: Duration,
    /// How long messages in flight may take to finish when the engine stops.
    pub grace: Duration,
    /// How often the tables are checked without being woken.
    pub tick: Duration,
    /// How long to wait after a database error.
    pub pause: Duration,
    /// How many times a broken event is tried before it is quarantined.
    pub tries: u32,
    /// How many single messages one person gets per minute on a channel, before the next ones become a summary; 0 for
    /// no limit.
    pub burst: u32,
    /// What happens to critical and urgent events that nobody reads.
    pub escalation: Escalation,
    /// Called for every finished attempt.
    pub observer: Observer,
    /// Called for the first read of each event.
    pub read_observer: ReadObserver,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: "local".into(),
            batch: 256,
            parallel: 1024,
            per_lane: 32,
            lease: Duration::from_mins(2),
            grace: Duration::from_secs(8),
            tick: Duration::from_secs(20),
            pause: Duration::from_secs(1),
            tries: 3,
            burst: 0,
            escalation: Escalation::default(),
            observer: Observer::default(),
            read_observer: ReadObserver::default(),
        }
    }
}
