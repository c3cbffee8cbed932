//! Notes which records users open in a session, to measure the time until someone knows (promise A4).
//!
//! Must not: wait, fail, or write: the engine saves it in the background.

use access::Caller;
use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use base::{Clock, Id};
use notify::Doorbell;

/// Middleware: a record returned to a user in a session counts as opened. Reading with an API
/// token does not.
pub(crate) async fn note(
    State((doorbell, clock)): State<(Doorbell, Clock)>,
    caller: Result<Caller, access::Problem>,
    request: Request,
    next: Next,
) -> Response {
    let record = record(&request);
    let response = next.run(request).await;
    if let (Ok(caller), Some(record)) = (caller, record)
        && !caller.is_token
        && response.status().is_success()
    {
        doorbell.opened(caller.user_id, record, clock.now());
    }
    response
}

/// The record that a request asks for, if any: `GET /findings/{id}`, and nothing below it.
fn record(request: &Request) -> Option<Id> {
    let pattern = request.extensions().get::<MatchedPath>()?;
    if request.method() != Method::GET || !pattern.as_str().ends_with("/{id}") {
        return None;
    }
    request.uri().path().rsplit('/').next()?.parse().ok()
}
