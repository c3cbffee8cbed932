//! The whole server against real parts: both databases, the real binary, stopped and killed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod crash;
mod reports;
mod shutdown;
mod support;
