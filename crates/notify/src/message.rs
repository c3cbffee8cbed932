//! The content of messages: one wording for the inbox and all channels.
//!
//! Owns: how a [`Message`] is composed from an event ([`compose()`]). Its untrusted texts are cleaned (one line,
//! limited length), but not escaped: every channel escapes them itself.
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
