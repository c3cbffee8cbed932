//! What an import or a bulk change brings, grouped: one message per recipient and channel about what affects that
//! recipient (promise O3).
//!
//! Owns: events that are decided but whose message waits for the end of their bundle, and what each recipient gets
//! then. Each event is decided individually, by the same plan as any other ([`collect()`]); when the last one of a
//! bundle is planned, the group is closed ([`close`]): inbox rows and deliveries are written, each with a digest, and
//! webhook posts page by page ([`pages`]). Every step is one transaction; what is not written yet is in the tables.
//! Must not: decide who is notified of an event.

mod close;
mod collect;
mod pages;
mod past;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use close::{Closer, close, closes};
pub(crate) use collect::{collect, waiting};
pub(crate) use pages::{next_pages, pages_of};
pub(crate) use past::{Past, Reached, ended_by, of_event, reached};
