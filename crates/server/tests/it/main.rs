//! The whole server against real parts: both databases, the real binary, stopped and killed.
#![allow(unreachable_pub, reason = "modules of a test binary")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod clock;
mod crash;
mod deadline;
mod elsewhere;
mod first_light;
mod logs;
mod metrics;
mod nodes;
mod reports;
mod routes;
mod shutdown;
mod support;
mod tls;
