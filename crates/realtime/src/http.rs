//! The live stream of the API, and its tickets.
//!
//! Owns: `GET /stream`, `POST /stream/tickets`. Must not: decide who sees what, or keep a ticket.

use std::sync::Arc;

use access::{Access, Caller, Problem, Query, Secret};
use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Clock, Time};
use serde::{Deserialize, Serialize};

use crate::{
    admission::{Admission, Identify},
    connection::Hangup,
    credential::Claim,
    frame::Form,
    handover::Handover,
    hub::Hub,
};

/// What the two handlers use.
#[derive(Clone)]
pub struct Streams {
    admission: Admission,
}

impl Streams {
    /// The stream of this hub for callers of `access`.
    pub fn new(hub: Hub, access: Access, clock: Clock) -> Self {
        Self::behind(hub, Arc::new(access), clock)
    }

    /// The stream of this hub for callers that `callers` identifies.
    pub fn behind(hub: Hub, callers: Arc<dyn Identify>, clock: Clock) -> Self {
        Self {
            admission: Admission { hub, callers, clock },
        }
    }
}

/// The credential in the URL, for clients that cannot set a header.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Address {
    /// A session's token or an API token. It may end up in logs: prefer a ticket.
    token: Option<String>,
    /// A ticket from `POST /stream/tickets`.
    ticket: Option<String>,
}

/// A single-use ticket for the stream.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ticket {
    /// The value of `?ticket=`. Valid once.
    ticket: String,
    /// Until when it is valid.
    expires_at: Time,
}

/// Live events as Server-Sent Events
///
/// Each message is one JSON object, `{"type", "id", "at", "company_id", "subject": {"type", "id"}, "severity"?,
/// "data"}`. The first is `{"type": "ping"}`; `{"type": "resync", "dropped": N}` means that N messages were lost
/// and everything shown should be reloaded. Nothing is replayed after a disconnect. A comment about every
/// 20 s keeps the connection open. The credential is a bearer token, `?ticket=`, `?token=` or the cookie, in
/// this order; the first one present is used. The stream ends when the caller's access changes, and for a session
/// after half of the session's idle timeout: reconnect, which counts as a use.
#[utoipa::path(
    get,
    path = "/stream",
    tag = "stream",
    params(Address),
    responses(
        (status = 200, description = "The stream.", content_type = "text/event-stream", body = String),
        (status = 401, description = "Missing or invalid credentials.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The user has too many streams.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The caller cannot be looked up at the moment, or there are too many streams.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn stream(
    State(streams): State<Streams>,
    Query(address): Query<Address>,
    hangup: Option<Extension<Hangup>>,
    handover: Option<Extension<Handover>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A stream that takes over the socket can close its connection itself.
    let hangup = hangup
        .filter(|_| handover.is_none())
        .map(|Extension(hangup)| hangup);
    let credential = streams.credential(&headers, address).await?;
    let form = handover.as_ref().map_or(Form::Plain, |_| Form::Chunked);
    let feed = streams.admission.open(form, credential.expose(), hangup).await?;
    let body = match handover {
        Some(Extension(handover)) => {
            handover.put(feed);
            Body::empty()
        }
        None => Body::new(feed),
    };
    let fields = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would buffer the stream.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    // hyper adds a date to each response, but not if its socket is taken over.
    let now = streams.admission.clock.now().timestamp();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    Ok((fields, [(header::DATE, date)], body).into_response())
}

impl Streams {
    fn claim<'a>(&self, headers: &'a HeaderMap) -> Claim<'a> {
        Claim::of(headers, self.admission.callers.cookie())
    }

    async fn credential(&self, headers: &HeaderMap, address: Address) -> Result<Secret, Problem> {
        let found = match (self.claim(headers), address.ticket, address.token) {
            (Claim::Header(bearer), _, _) => bearer.map(Secret::new),
            (_, Some(ticket), _) => self.admission.redeem(&ticket).await?,
            (_, None, Some(token)) => Some(Secret::new(token)),
            (claim, None, None) => claim.credential().map(Secret::new),
        };
        found.ok_or_else(Problem::unauthorized)
    }

    /// A ticket for the session of a request with these headers.
    ///
    /// # Errors
    /// 429 if the session has too many.
    pub async fn ticket_for(&self, caller: &Caller, headers: &HeaderMap) -> Result<Ticket, Problem> {
        let credential = self
            .claim(headers)
            .credential()
            .ok_or_else(Problem::unauthorized)?;
        let issued = self.admission.callers.issue(caller.session, credential);
        let (ticket, until) = issued.await?;
        Ok(Ticket {
            ticket,
            expires_at: until.min(caller.expires_at),
        })
    }
}

/// Create a ticket for the stream
///
/// For clients that can neither set a header nor send the cookie: valid once, for 30 seconds, only for the
/// stream, and no longer than the session that requested it. It works on every node.
#[utoipa::path(
    post,
    path = "/stream/tickets",
    tag = "stream",
    responses(
        (status = 201, description = "The ticket.", body = Ticket),
        (status = 401, description = "Missing or invalid credentials.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The session has too many tickets.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn ticket(
    State(streams): State<Streams>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ticket = streams.ticket_for(&caller, &headers).await?;
    let fields = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, fields, Json(ticket)).into_response())
}
