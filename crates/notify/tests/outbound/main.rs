//! Outbound traffic against real parts: HTTPS and SMTP servers on this machine that behave well or badly.
//!
//! The sinks are reached under the names of Slack and Microsoft: `resolve` dials 127.0.0.1 for them, and the test's own
//! authority signs their certificates. All other checks stay as they are in production.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it must be"
)]

mod egress;
mod email;
mod fixtures;
mod golden;
mod hostile;
mod minimal;
mod posts;
mod suspended;
mod webhooks;
mod world;
