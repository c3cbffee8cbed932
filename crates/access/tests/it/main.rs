//! People and companies over HTTP, on every database: who may do what, and what nobody finds out.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

mod audit;
mod bodies;
mod changes;
mod companies;
mod credentials;
mod directory;
mod following;
mod idempotency;
mod idle;
mod known;
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
