//! The whole server against real parts: both databases, the real binary, stopped and killed.
#![allow(unreachable_pub, reason = "modules of a test binary")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot continue has failed"
)]

mod clock;
mod crash;
mod deadline;
mod end_to_end;
mod external;
mod following;
mod full;
mod headers;
mod keys;
mod line;
mod logs;
mod metrics;
mod nodes;
mod notified;
mod read_only;
mod reports;
mod routes;
mod shares;
mod shutdown;
mod starting;
mod support;
mod time_to_know;
mod tls;
