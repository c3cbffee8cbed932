//! Imports over HTTP on real databases: SQLite always, PostgreSQL if `CAMPANILE_TEST_POSTGRES` names a server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::format_collect,
    clippy::similar_names,
    clippy::type_complexity,
    reason = "small reports are read more easily so"
)]

mod breaking;
mod cases;
mod formats;
mod hostile;
mod http;
mod life;
mod many;
mod more_siblings;
mod owning;
mod random;
mod real_tools;
mod repeated;
mod samples;
mod siblings;
mod targets;
mod tools;
mod undo;
mod upgrade;
mod world;
