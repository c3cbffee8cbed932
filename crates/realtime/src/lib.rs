//! The live stream: from the bus to every open tab.
//!
//! Owns: the bridge from events to frames, the hub, the one SSE endpoint.
//! Must not: create an event or write anything (promise E4): it does not depend on the store.

pub mod admission;
pub mod bridge;
pub mod connection;
mod connections;
mod credential;
pub mod feed;
pub mod frame;
pub mod handover;
pub mod http;
pub mod hub;
mod index;
mod metrics;
mod queue;
pub mod shard;
mod socket;
mod thread;

pub use admission::Identify;
pub use bridge::{Bridge, Incoming, Outgoing};
pub use connection::{Hangup, Reader};
pub use feed::Feed;
pub use frame::{Addressed, Frame};
pub use handover::Handover;
pub use http::Streams;
pub use hub::{Hub, Options, Refused};
pub use metrics::Snapshot;
pub use queue::EndTarget;
pub use shard::Shard;
