//! The handlers of users and companies, each documented in place. Their state is [`Access`].
//!
//! Owns: the [`router`], bodies, their validation, and permissions. Must not: contain SQL.

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
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Access;

/// The longest name of a user, company, team or token, in characters.
pub const NAME: usize = 200;

/// Prevents caching of a response with personal or secret content.
pub(crate) fn no_store(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Every route of this crate, behind [`authenticate`](crate::authenticate).
pub fn router() -> OpenApiRouter<Access> {
    OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(me::get, me::update))
        .routes(routes!(me::change_password))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::delete))
        .routes(routes!(sessions::end_others))
        .routes(routes!(views::list, views::create))
        .routes(routes!(views::update, views::delete))
        .routes(routes!(audit::list))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(companies::list, companies::create))
        .routes(routes!(companies::get, companies::update, companies::delete))
        .routes(routes!(members::put, members::delete))
        .routes(routes!(ownership::get, ownership::put))
        .routes(routes!(ownership::read_codeowners))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(credentials::list, credentials::delete_all))
        .routes(routes!(credentials::delete))
}
