//! From a request to its [`Caller`](crate::Caller): bearer or cookie, and the check that a write with the cookie comes from our pages.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, OptionalFromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, header, request::Parts, uri::Authority},
    middleware::Next,
    response::Response,
};

use store::Requester;

use crate::{Access, Problem, caller::Outcome};

/// The console's cookie if the server is reached over plain http.
pub const SESSION_COOKIE: &str = "campanile_session";

/// The same over https. Browsers accept a cookie with this prefix only from this exact host over https, so that a page on another
/// host of the domain cannot plant a session.
pub const SECURE_SESSION_COOKIE: &str = "__Host-campanile_session";

/// The IP address of a request: one that an outer layer put into the request's extensions, else the connection's
/// own (axum's `ConnectInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl<S: Send + Sync> OptionalFromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let connected = || {
            let info = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(Self(info.0.ip()))
        };
        Ok(parts.extensions.get::<Self>().copied().or_else(connected))
    }
}

/// Middleware: identifies the caller for the [`Caller`](crate::Caller) extractor. It refuses nobody
/// itself, so that signing in works with an old cookie; a handler that takes a caller does. Responses to a known caller
/// are not cached.
pub async fn authenticate(State(access): State<Access>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(peer) = <Peer as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
    let outcome = outcome(&access, &parts)
        .await
        .map(|caller| crate::Caller { peer, ..caller });
    let known = outcome.is_ok();
    let requester = outcome
        .as_ref()
        .map_or(Requester::Stranger, crate::Caller::requester);
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(Outcome(outcome));
    let mut response = requester.scope(next.run(request)).await;
    if known && !response.headers().contains_key(header::CACHE_CONTROL) {
        crate::http::no_store(&mut response);
    }
    response
}

async fn outcome(access: &Access, request: &Parts) -> Result<crate::Caller, Problem> {
    let headers = &request.headers;
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // An invalid header does not fall back to the cookie: the caller chose this credential.
        let token = value
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or_else(Problem::unauthorized)?;
        return access.caller(token).await;
    }
    let token = session_cookie(headers, access.session_cookie()).ok_or_else(Problem::unauthorized)?;
    let caller = access.caller(token).await?;
    if !request.method.is_safe() && !is_ours(headers, asked(request), access.public_origin()) {
        return Err(Problem::forbidden(
            "A write with the console's cookie must come from the console's own pages.",
        ));
    }
    Ok(caller)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of the cookie of this name, see [`Access::session_cookie`].
pub fn session_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
        .filter(|value| !value.is_empty())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The requested host and port: a header in HTTP/1.1, part of the target in HTTP/2 (RFC 9113, section 8.3.1).
fn asked(request: &Parts) -> Option<&str> {
    let authority = || request.uri.authority().map(Authority::as_str);
    text(&request.headers, header::HOST).or_else(authority)
}

/// Whether a write comes from our own pages, by the browser's `Sec-Fetch-Site` or by its origin.
fn is_ours(headers: &HeaderMap, asked: Option<&str>, public_origin: &str) -> bool {
    if let Some(site) = text(headers, HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(headers, header::ORIGIN) else {
        return false;
    };
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    (!public_origin.is_empty() && origin.eq_ignore_ascii_case(public_origin))
        || (host.is_some_and(|host| !host.is_empty()) && host == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, axum::http::HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_write_is_ours_by_fetch_metadata_or_origin() {
        let ours = |pairs| {
            let headers = headers(pairs);
            is_ours(
                &headers,
                text(&headers, header::HOST),
                "https://campanile.example",
            )
        };
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://campanile.example")]));
        assert!(ours(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        for foreign in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://campanile.example"),
            ],
            &[("origin", "null"), ("host", "null")],
            &[("origin", "https://evil.example"), ("host", "campanile.example")],
            &[("origin", "https://campanile.example.evil.example")],
            &[("origin", "https://"), ("host", "")],
        ] {
            assert!(!ours(foreign), "{foreign:?}");
        }
        assert!(!is_ours(&headers(&[("origin", "")]), None, ""));
    }

    #[test]
    fn both_versions_of_http_name_the_requested_host() {
        let request = |target: &str, host: Option<&str>| {
            let mut request = axum::http::Request::builder().uri(target);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            request.body(()).unwrap().into_parts().0
        };
        let first = request("/api/v1/me", Some("campanile.example:8443"));
        let second = request("https://campanile.example:8443/api/v1/me", None);
        for request in [first, second] {
            assert_eq!(asked(&request), Some("campanile.example:8443"));
        }
        assert_eq!(asked(&request("/api/v1/me", None)), None);
    }

    #[test]
    fn finds_the_cookie_among_others() {
        let found = |pairs| session_cookie(&headers(pairs), SESSION_COOKIE).map(ToOwned::to_owned);
        let pairs: &[_] = &[("cookie", "a=b; campanile_session=x; c=d")];
        assert_eq!(found(pairs).as_deref(), Some("x"));
        assert_eq!(
            found(&[("cookie", "a=b"), ("cookie", "campanile_session=y")]).as_deref(),
            Some("y")
        );
        assert_eq!(found(&[("cookie", "xcampanile_session=y")]), None);
        assert_eq!(found(&[("cookie", "campanile_session=")]), None);
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }
}
