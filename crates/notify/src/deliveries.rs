//! Outgoing messages: one row per event and destination, one row per attempt.
//!
//! Owns: their states, what follows from an attempt ([`retry`]), claims and leases, their log.
//! Must not: send.

mod bundle;
mod burst;
mod claim;
mod claimed;
mod due;
mod ended;
pub mod http;
mod in_flight;
mod insert;
pub mod log;
mod pace;
mod quarantine;
pub mod quarantined;
mod queue;
mod record;
mod recover;
pub mod resend;
pub(crate) mod retry;
mod state;

pub(crate) use burst::{Bursts, Mode};
pub(crate) use claim::{Claim, Round, claim, retry_sealed, waiting};
pub(crate) use claimed::{Address, ClaimedDelivery, Content, address};
pub use ended::{Ended, Observer};
pub(crate) use in_flight::InFlight;
pub(crate) use insert::{Lease, NewDelivery, insert};
pub(crate) use pace::Pace;
pub(crate) use quarantine::{readable_now, release};
pub use queue::{Queue, queue};
pub(crate) use record::{AttemptResult, Recorded, record};
pub(crate) use recover::{FENCE, RecoverFrom, recover};
pub use state::State;

#[cfg(test)]
mod tests;
