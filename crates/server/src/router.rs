//! The routers of all crates in one, each behind its middleware. The OpenAPI document is generated from them.

use std::sync::Arc;

use access::{Access, Costly, Problem};
use axum::{
    Router,
    http::{StatusCode, header},
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{any, get},
};
use base::Clock;
use calendar::Calendar;
use records::{Records, import::Import};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    console, document,
    health::{self, Health},
    middleware::{self, Around},
    opened, repeats,
    startup::Stage,
};

/// What the handlers use, each its own part.
#[derive(Clone)]
pub struct Parts {
    /// Users and companies.
    pub access: Access,
    /// Projects, findings, scans, and the calendar over them.
    pub records: Records,
    /// The import of scan reports.
    pub import: Import,
    /// What is due when.
    pub calendar: Calendar,
    /// Inbox, rules, preferences, deliveries.
    pub notify: notify::http::State,
    /// The servers on this database.
    pub nodes: nodes::Nodes,
    /// The live stream.
    pub streams: realtime::Streams,
    /// Health and metrics.
    pub health: Health,
}

/// Where the API begins.
const ROOT: &str = "/api/v1";

fn node_routes() -> OpenApiRouter<nodes::Nodes> {
    OpenApiRouter::new().routes(routes!(nodes::http::list))
}

fn ticket_routes() -> OpenApiRouter<realtime::Streams> {
    OpenApiRouter::new().routes(routes!(realtime::http::ticket))
}

/// Separate because it checks its credential itself: it accepts more kinds, and its response stays open.
fn stream_routes() -> OpenApiRouter<realtime::Streams> {
    OpenApiRouter::new().routes(routes!(realtime::http::stream))
}

/// The whole server: the API, its OpenAPI document, health, and the console for everything else.
pub fn router(parts: Parts, clock: Clock) -> Router {
    let authenticated = from_fn_with_state(parts.access.clone(), access::authenticate);
    let shared = from_fn_with_state(parts.access.clone(), access::share);
    let costly = |costly| from_fn_with_state((parts.access.clone(), costly), access::costly);
    let noted = from_fn_with_state((parts.notify.doorbell.clone(), clock.clone()), opened::note);
    let around = Around::new(&parts.health.metrics, &clock, parts.access.is_secure());
    let with_timeout = from_fn_with_state(clock, middleware::with_timeout);
    let (calls, _) = OpenApiRouter::new()
        .merge(
            records::router::bulk()
                .with_state(parts.records.clone())
                .layer(costly(Costly::Bulk)),
        )
        .merge(
            notify::router::previews()
                .with_state(parts.notify.clone())
                .layer(costly(Costly::DryRun)),
        )
        .merge(
            notify::router::tests()
                .with_state(parts.notify.clone())
                .layer(costly(Costly::Test)),
        )
        .merge(access::http::router().with_state(parts.access.clone()))
        .merge(records::router::records().with_state(parts.records).layer(noted))
        .merge(calendar::router().with_state(parts.calendar))
        .merge(notify::router::notifications().with_state(parts.notify))
        .merge(node_routes().with_state(parts.nodes))
        .merge(ticket_routes().with_state(parts.streams.clone()))
        .layer(shared.clone())
        .layer(authenticated.clone())
        .split_for_parts();
    // These two may take long: a large body, and an endless response whose lookup has its own deadline.
    let (lasting, _) = OpenApiRouter::new()
        .merge(records::router::imports().with_state(parts.import))
        .layer(shared)
        .layer(authenticated)
        .merge(stream_routes().with_state(parts.streams))
        .split_for_parts();
    let document: Arc<str> = document_text().into();
    let description = get(move || async move {
        ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
    });
    let calls = calls
        .route("/openapi.json", description)
        .fallback(any(|| async { Problem::not_found() }));
    let router = Router::new()
        .nest(ROOT, calls)
        .merge(health::routes(parts.health))
        .fallback(console::serve)
        .layer(with_timeout)
        .nest(ROOT, lasting)
        .method_not_allowed_fallback(|| async { method_not_allowed() });
    middleware::around(router, around)
}

/// The router used while the server starts.
pub(crate) fn starting(stage: &Stage, around: Around) -> Router {
    middleware::around(health::starting(stage.clone()), around)
}

/// 405: the path exists, for another method.
pub(crate) fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
}

/// The OpenAPI document, as in `openapi.json`.
pub fn document_text() -> String {
    let routes = access::http::router()
        .into_openapi()
        .merge_from(records::router::records().into_openapi())
        .merge_from(records::router::bulk().into_openapi())
        .merge_from(records::router::imports().into_openapi())
        .merge_from(calendar::router().into_openapi())
        .merge_from(notify::router::notifications().into_openapi())
        .merge_from(notify::router::previews().into_openapi())
        .merge_from(notify::router::tests().into_openapi())
        .merge_from(node_routes().into_openapi())
        .merge_from(ticket_routes().into_openapi())
        .merge_from(stream_routes().into_openapi());
    let mut document = document::of(ROOT, routes);
    repeats::describe(&mut document);
    // Serializing our own value does not fail.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_openapi_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == document_text(),
            "openapi.json is out of date: run `make openapi`"
        );
    }
}
