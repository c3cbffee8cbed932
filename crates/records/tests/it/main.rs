//! The records over HTTP on real databases: SQLite always, PostgreSQL if `CAMPANILE_TEST_POSTGRES` names a server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

mod acceptance;
mod activity;
mod approvals;
mod assets;
mod assigning;
mod bulk;
mod clock;
mod comments;
mod dashboard;
mod deadlines;
mod editing;
mod external;
mod hostile;
mod lifecycle;
mod lists;
mod owning;
mod pages;
mod plans;
mod poison;
mod projects;
mod queries;
mod reports;
mod scans;
mod scope;
mod upgrade;
mod world;
