//! How the engine works.

use std::{sync::Arc, time::Duration};

use crate::{deliveries::Observer, opened::ReadObserver, reads::unread::Escalation};

/// Bounds and times of the engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this node among those that share a database; the same after a restart. Two nodes of one name
    /// would take each other's messages for left behind.
    pub node: Arc<str>,
    /// How many events one transaction plans at most.
    pub batch: u32,
    /// How many messages are under way at once, over all destinations.
    pub parallel: usize,
    /// How many of them to one host.
    pub per_lane: usize,
    /// How long a claimed message is nobody else's: longer than any channel's timeout.
    pub lease: Duration,
    /// How long messages under way may take to end when the engine stops.
    pub grace: Duration,
    /// How often the tables are looked at without being woken.
    pub tick: Duration,
    /// How long to wait after the database failed.
    pub pause: Duration,
    /// How many times a broken event is tried before it is set aside.
    pub tries: u32,
    /// How many single messages one person gets in a minute on a channel, before what follows becomes a summary;
    /// 0 for no bound.
    pub burst: u32,
    /// What becomes of critical and urgent events that nobody reads.
    pub escalation: Escalation,
    /// Who is told of every attempt that ended.
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
