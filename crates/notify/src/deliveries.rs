//! Outgoing messages: one row per event and destination, one row per attempt.
//!
//! Owns: their states, what follows from an attempt ([`retry`]), claims and leases, their log.
//! Must not: send.

pub mod again;
mod aside;
mod bundle;
mod burst;
mod claim;
mod due;
mod ended;
pub mod http;
mod insert;
mod letter;
pub mod log;
mod pace;
mod queue;
mod record;
mod recover;
pub(crate) mod retry;
mod state;
mod under_way;
pub mod unread;

pub(crate) use aside::{readable_again, wait_again};
pub(crate) use burst::{Bursts, Way};
pub(crate) use claim::{Claim, Round, ask_keys_again, claim, waiting};
pub use ended::{Ended, Observer};
pub(crate) use insert::{Lease, New, insert};
pub(crate) use letter::{Address, Content, Letter, address};
pub(crate) use pace::Pace;
pub use queue::{Queue, queue};
pub(crate) use record::{Done, Recorded, record};
pub(crate) use recover::{Whose, recover};
pub use state::{NotAState, State};
pub(crate) use under_way::UnderWay;

#[cfg(test)]
mod tests;
