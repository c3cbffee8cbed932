//! The handlers of people and companies, each documented where it stands. Their state is [`Access`](crate::Access).
//!
//! Owns: bodies, their validation, and who may do what. Must not: hold SQL.

pub mod audit;
pub mod auth;
pub mod companies;
pub mod credentials;
pub mod me;
pub mod members;
pub mod ownership;
pub mod sessions;
pub mod tokens;
pub mod users;
pub mod views;

use axum::{
    http::{HeaderValue, header},
    response::Response,
};

/// The longest name of a person, company, team or token, in characters.
pub const NAME: usize = 200;

/// An answer with something personal or secret in it is kept by nobody on the way.
pub(crate) fn no_store(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
