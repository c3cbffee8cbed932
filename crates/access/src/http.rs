//! The handlers of people and companies, each documented where it stands. Their state is [`Access`](crate::Access).
//!
//! Owns: bodies, their validation, and who may do what. Must not: hold SQL.

pub mod audit;
pub mod auth;
pub mod companies;
pub mod me;
pub mod members;
pub mod sessions;
pub mod teams;
pub mod tokens;
pub mod users;
pub mod views;

/// The longest name of a person, company, team or token, in characters.
pub const NAME: usize = 200;
