//! From an event to the first person who read it (promise A4).
//!
//! Owns: the table `first_reads`, who counts as a reader ([`notified`]), what counts as read ([`mark`]), what is done
//! about a critical or urgent event that nobody read ([`unread`]), and the figures ([`insights`]). A row is written
//! with the plan of its event. Must not: be written when a record is opened: that is noted in memory
//! ([`crate::opened`]) and recorded in the background. A mail or a chat does not show whether someone saw it, so
//! neither counts.

mod expect;
pub mod http;
mod insights;
mod mark;
mod notified;
pub(crate) mod unread;

pub(crate) use expect::{expect, expect_group};
pub(crate) use mark::{acted, all_read, by_row, catch_up, opened, waits};
