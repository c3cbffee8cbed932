//! What is said of an event: one wording for the inbox and all channels.
//!
//! Owns: how a [`Message`] is made from an event ([`compose()`]). Its texts from outside are cleaned (one line, a length), but
//! not escaped: every channel escapes for itself.
//! Must not: know a recipient or a channel.

mod compose;
mod counts;
mod facts;
mod group;
mod link;
mod listing;
mod minimal;
mod plain;
mod summary;
mod tally;
mod texts;
mod wording;

pub use channels::message::{Entry, Fact, Link, Message, TEST_TYPE, moment, test};
pub use compose::{Detail, compose};
pub use group::group;
pub use summary::{SUMMARY_TYPE, Summary};
pub use tally::{Change, Count};

#[cfg(test)]
mod tests;
