//! The live stream: from the bus to every open tab.
//!
//! Owns: the bridge from events to frames, the hub, the one SSE endpoint and its tickets.
//! Must not: make an event or write anything (promise E4): it does not depend on the store.

pub mod bridge;
pub mod connection;
mod credential;
pub mod feed;
pub mod frame;
pub mod gate;
pub mod handover;
pub mod http;
pub mod hub;
mod inbox;
mod index;
mod metrics;
mod seats;
pub mod shard;
mod socket;
mod thread;
pub mod ticket;

pub use bridge::Bridge;
pub use connection::{Hangup, Reader};
pub use feed::Feed;
pub use frame::Frame;
pub use gate::Gate;
pub use handover::Handover;
pub use http::Streams;
pub use hub::{Hub, Options, Refused};
pub use inbox::Whose;
pub use metrics::Snapshot;
pub use shard::Shard;
