//! The hub alone, and the stream through a real server and a real socket: one test or more for each of the
//! promises E1 to E8.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot continue fails"
)]

mod carrying;
mod ending;
mod examples;
mod hub;
mod opening;
mod slow;
mod sockets;
mod support;
mod worlds;
