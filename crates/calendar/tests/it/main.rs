//! The calendar through its handler, on real databases: SQLite always, PostgreSQL where `CAMPANILE_TEST_POSTGRES` names
//! a server.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

mod add;
mod days;
mod drawer;
mod feeds;
mod fixtures;
mod hostile;
mod model;
mod pages;
mod promises;
mod random;
mod world;
