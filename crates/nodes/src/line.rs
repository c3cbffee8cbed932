//! The line: what one node tells the others, at once and without a promise.
//!
//! Owns: the format of its texts, their numbers, the connection that carries them. Must not: be the only copy of
//! anything: whatever is lost here is in the tables, and the numbers show that something was lost.

mod message;
mod nats;
mod numbers;
mod run;
mod wire;

pub use message::Item;
pub use nats::Nats;
pub use run::{Line, Receive};
pub use wire::Wire;
