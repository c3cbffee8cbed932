//! Users and companies over HTTP, on every database: permissions, and what stays hidden.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot continue has failed; clippy knows only functions marked as tests"
)]

mod audit;
mod bodies;
mod caller_cache;
mod changes;
mod companies;
mod credentials;
mod directory;
mod following;
mod idempotency;
mod idle;
mod ownership;
mod profile;
mod roles;
mod session;
mod sessions;
mod signin;
mod teams;
mod tokens;
mod users;
mod views;
mod world;
