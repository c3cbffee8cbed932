//! The handlers of users and companies, each documented in place. Their state is [`Access`](crate::Access).
//!
//! Owns: bodies, their validation, and permissions. Must not: contain SQL.

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

/// The longest name of a user, company, team or token, in characters.
pub const NAME: usize = 200;

/// Prevents caching of a response with personal or secret content.
pub(crate) fn no_store(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
