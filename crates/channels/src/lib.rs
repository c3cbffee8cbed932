//! The channels: how a message reaches people and programs elsewhere, and the only way out to other hosts.
//!
//! Owns: the registry of channels ([`Channel`]), one module with one [`Descriptor`] for each; a message before a
//! channel renders it ([`Message`]); [`egress`]; [`Channels::send`]: one message to one destination on one channel,
//! with its own timeout, with one of four outcomes. Each channel escapes untrusted text itself.
//! Must not: know a database, retry, plan, or know who is notified of what.
//!
//! Files import downwards only:
//!
//! ```text
//! sending                                    one message, one destination, one attempt
//! channel                                    the registry
//! inbox  email  webhook  slack  teams  chat  one module for each channel
//! descriptor                                 a channel's properties
//! post                                       one HTTP POST and its outcome
//! outbound  outcome  egress                  what is sent, its outcome, the way out
//! message  destination                       the content, and where it may be sent
//! ```

mod channel;
pub mod chat;
pub mod descriptor;
pub mod destination;
pub mod egress;
pub mod email;
mod inbox;
pub mod message;
mod outbound;
mod outcome;
mod post;
mod sending;
pub mod slack;
pub mod teams;
#[cfg(feature = "testing")]
pub mod testing;
pub mod webhook;

pub use channel::Channel;
pub use descriptor::Descriptor;
pub use message::Message;
pub use outbound::{Outbound, SigningMaster};
pub use outcome::{Attempt, Outcome};
pub use sending::{Channels, Options, SetupError};
