//! Where a request carries its credential (promise E1): `EventSource` can set no header.
//!
//! Owns: the places and their precedence. Must not: verify what it finds, or write it anywhere.

use access::session_cookie;
use axum::http::{HeaderMap, header};

/// The credential in the headers.
pub(crate) enum Claim<'a> {
    /// An `Authorization` header, with its bearer token if it has one. Even without one nothing else is used: the
    /// caller chose this header.
    Header(Option<&'a str>),
    /// The console's cookie.
    Cookie(&'a str),
    /// Nothing.
    Anonymous,
}

impl<'a> Claim<'a> {
    /// Reads these headers; the session is in the cookie of this name.
    pub(crate) fn of(headers: &'a HeaderMap, cookie: &str) -> Self {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            return Self::Header(value.to_str().ok().and_then(bearer));
        }
        session_cookie(headers, cookie).map_or(Self::Anonymous, Self::Cookie)
    }

    /// The credential, if there is one.
    pub(crate) fn credential(self) -> Option<&'a str> {
        match self {
            Self::Header(credential) => credential,
            Self::Cookie(credential) => Some(credential),
            Self::Anonymous => None,
        }
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
