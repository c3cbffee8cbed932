//! Middleware for every request: an id, a log line and a count, the security headers, panic handling.

use std::{any::Any, sync::Arc, time::Duration};

use access::{Denied, Peer, Problem};
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state, map_request},
    response::{IntoResponse, Response},
};
use base::{Clock, Throttle};
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    timeout::RequestBodyTimeoutLayer,
};

use crate::{denials::Denials, telemetry::Metrics};

/// The largest body of a call, in bytes; importing a scan report has its own limit.
const MAX_BODY: usize = 1_000_000;

/// How long a body may pause: a client that stops halfway does not hold a socket any longer.
const BODY_PAUSE: Duration = Duration::from_secs(30);

/// How long a call may take from its head to the head of its response, including the body: many short pauses add up
/// too.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// What the console's pages may load and do: their own files and this server, nothing else. Markup from text is created
/// only by the policy of Svelte's templates, which are constants.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types svelte-trusted-html";

const HEADERS: &[(HeaderName, &str)] = &[
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Keeps tokens in the stream's URL, and ids, from other sites.
    (header::REFERRER_POLICY, "no-referrer"),
];

/// For a year, a browser that used https uses only https (RFC 6797). Other hosts of the domain are not ours to
/// decide for.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that a client may choose.
const MAX_ID: usize = 64;

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Around {
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Whether users reach the server over https only.
    secure: bool,
}

impl Around {
    pub(crate) fn new(metrics: &Arc<Metrics>, clock: &Clock, secure: bool) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            clock: clock.clone(),
            secure,
        }
    }
}

/// Wraps the router with all of it.
pub(crate) fn around(router: Router, around: Around) -> Router {
    let Around {
        metrics,
        clock,
        secure,
    } = around;
    let ids = clock.clone();
    let denials = Arc::new(Denials::default());
    let router = HEADERS.iter().fold(router, |router, (name, value)| {
        let value = HeaderValue::from_static(value);
        router.layer(SetResponseHeaderLayer::if_not_present(name.clone(), value))
    });
    let router = if secure {
        let value = HeaderValue::from_static(TRANSPORT_SECURITY);
        let name = header::STRICT_TRANSPORT_SECURITY;
        router.layer(SetResponseHeaderLayer::if_not_present(name, value))
    } else {
        router
    };
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state((metrics, clock, denials), observe))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(Ids(ids)))
        .layer(map_request(without_invalid_id))
}

/// Removes an id that is not one word of a sensible length: it goes into the log and back to the client.
async fn without_invalid_id(mut request: Request) -> Request {
    if !has_invalid_id(request.headers()) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

fn has_invalid_id(headers: &HeaderMap) -> bool {
    let mut ids = headers.get_all(REQUEST_ID).iter();
    let (Some(id), None) = (ids.next(), ids.next()) else {
        return false;
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(plain)
}

/// Middleware: aborts a call that takes too long.
pub(crate) async fn with_timeout(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = clock.sleep(CALL_TIMEOUT) => late().into_response(),
    }
}

/// 408. hyper then closes the connection if the body is incomplete (RFC 9110, section 15.5.9).
fn late() -> Problem {
    let detail = format!("The request took longer than {} seconds.", CALL_TIMEOUT.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

#[derive(Clone)]
struct Ids(Clock);

impl MakeRequestId for Ids {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&self.0.id().to_string())
            .ok()
            .map(RequestId::new)
    }
}

/// Logs and counts a request by its route: the path itself contains ids, and the query may contain a token.
async fn observe(
    State((metrics, clock, denials)): State<(Arc<Metrics>, Clock, Arc<Denials>)>,
    request: Request,
    next: Next,
) -> Response {
    let start = clock.steady();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "console".to_owned());
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.header_value().clone());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let response = next.run(request).await;
    let took = clock.steady().since(start);
    let status = response.status().as_u16();
    metrics.request(known(&method), &route, status, took);
    let id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if matches!(status, 503 | 507) {
        // Errors that affect every call are logged once a minute.
        static LOGGED: Throttle = Throttle::new();
        if let Some(times) = LOGGED.due() {
            tracing::warn!(%method, route, status, micros, times, request_id = id, "answered");
        }
    } else if status >= 500 {
        tracing::warn!(%method, route, status, micros, request_id = id, "answered");
    } else if let Some(denied) = response.extensions().get::<Denied>()
        && let Some(times) = denials.due(peer, status)
    {
        let (reason, peer) = (&*denied.reason, peer.map(tracing::field::display));
        tracing::info!(
            method = known(&method),
            route,
            status,
            times,
            peer,
            reason,
            request_id = id,
            "denied"
        );
    } else {
        tracing::debug!(%method, route, status, micros, request_id = id, "answered");
    }
    response
}

/// The method, if HTTP defines it: clients could invent any number, and each would create a counter.
fn known(method: &Method) -> &str {
    let own = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if own.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    // issue 18, line 4
    #[test]
    fn a_client_id_is_one_short_word() {
        let sound = |ids: &[&str]| {
            let mut headers = HeaderMap::new();
            for id in ids {
                headers.append(REQUEST_ID, id.parse().unwrap());
            }
            has_invalid_id(&headers)
        };
        let (longest, longer) = ("x".repeat(64), "x".repeat(65));
        for good in ["a", "01J-abc_DEF.9", &*longest] {
            assert!(sound(&[good]), "{good}");
        }
        for bad in ["", "a b", "a\tb", "a=b", "a\"b", "ä", &*longer] {
            assert!(!sound(&[bad]), "{bad}");
        }
        assert!(!sound(&["a", "b"]) && !sound(&[]));
    }
}
