//! Every route on one page. The OpenAPI document is generated from these lines.

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

fn access_routes() -> OpenApiRouter<Access> {
    use access::http::{
        audit, auth, companies, credentials, me, members, ownership, sessions, tokens, users, views,
    };
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

fn record_routes() -> OpenApiRouter<Records> {
    use records::{
        activity, agreements::http as agreements, approvals::http as approvals, assets::http as assets,
        dashboard::http as dashboard, external::http as external, findings::http as findings,
        projects::http as projects, reports::http as reports, scans::http as scans, sla::http as sla,
        targets::http as targets,
    };
    OpenApiRouter::new()
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get, projects::update, projects::delete))
        .routes(routes!(targets::targets))
        .routes(routes!(targets::retire_target))
        .routes(routes!(assets::list, assets::create))
        .routes(routes!(assets::get, assets::update, assets::delete))
        .routes(routes!(agreements::list, agreements::create))
        .routes(routes!(agreements::get, agreements::update, agreements::delete))
        .routes(routes!(approvals::list, approvals::create))
        .routes(routes!(approvals::get, approvals::update, approvals::delete))
        .routes(routes!(approvals::decide))
        .routes(routes!(reports::list, reports::create))
        .routes(routes!(reports::get, reports::update, reports::delete))
        .routes(routes!(reports::download))
        .routes(routes!(scans::list, scans::create))
        .routes(routes!(scans::get, scans::update, scans::delete))
        .routes(routes!(findings::list, findings::create))
        .routes(routes!(findings::get, findings::update, findings::delete))
        .routes(routes!(findings::assign))
        .routes(routes!(findings::set_status))
        .routes(routes!(findings::history))
        .routes(routes!(findings::comments::list, findings::comments::create))
        .routes(routes!(findings::comments::update, findings::comments::delete))
        .routes(routes!(external::take_events))
        .routes(routes!(sla::get_sla_defaults))
        .routes(routes!(sla::get_sla_days, sla::put_sla_days))
        .routes(routes!(sla::get_sla_warnings, sla::put_sla_warnings))
        .routes(routes!(dashboard::get))
        .routes(routes!(activity::list))
}

/// Bulk changes: one per user at a time.
fn bulk_routes() -> OpenApiRouter<Records> {
    use records::findings::http::bulk;
    OpenApiRouter::new()
        .routes(routes!(bulk::assign))
        .routes(routes!(bulk::set_status))
}

fn calendar_routes() -> OpenApiRouter<Calendar> {
    use calendar::feeds::http as feeds;
    OpenApiRouter::new()
        .routes(routes!(calendar::http::get))
        .routes(routes!(feeds::list, feeds::create))
        .routes(routes!(feeds::delete))
        .routes(routes!(feeds::fetch))
}

fn import_routes() -> OpenApiRouter<Import> {
    OpenApiRouter::new()
        .routes(routes!(records::import::http::import))
        .routes(routes!(records::import::undo::http::undo))
        .routes(routes!(records::import::http::import_formats))
        .routes(routes!(records::import::http::table_preview))
}

fn notification_routes() -> OpenApiRouter<notify::http::State> {
    use notify::{
        announcements::http as announcements,
        chat::http as chat,
        deliveries::{http as deliveries, quarantined, resend::http as resend},
        destinations::http as destinations,
        follows::http as follows,
        inbox::http as inbox,
        kinds,
        preferences::http as preferences,
        reads::http as insights,
        rules::{http as rules, secrets, sources},
        teams::http as teams,
        trace, unsubscribe,
    };
    OpenApiRouter::new()
        .routes(routes!(kinds::list_event_types))
        .routes(routes!(
            announcements::list_announcements,
            announcements::create_announcement
        ))
        .routes(routes!(announcements::withdraw_announcement))
        .routes(routes!(sources::list_sources))
        .routes(routes!(follows::follow_finding, follows::unfollow_finding))
        .routes(routes!(follows::follow_project, follows::unfollow_project))
        .routes(routes!(inbox::list_notifications))
        .routes(routes!(inbox::summarize))
        .routes(routes!(inbox::mark_read))
        .routes(routes!(inbox::mark_all_read))
        .routes(routes!(rules::list_rules, rules::create_rule))
        .routes(routes!(rules::get_rule, rules::change_rule, rules::delete_rule))
        .routes(routes!(secrets::list_webhook_secrets))
        .routes(routes!(secrets::rotate_webhook_secrets))
        .routes(routes!(
            preferences::get_preferences,
            preferences::put_preferences
        ))
        .routes(routes!(chat::get_chat, chat::put_chat))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(quarantined::list_set_aside))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(resend::redeliver_all))
        .routes(routes!(resend::send_now))
        .routes(routes!(destinations::list_destinations))
        .routes(routes!(destinations::summarize_destinations))
        .routes(routes!(teams::list_teams, teams::create_team))
        .routes(routes!(teams::get_team, teams::change_team, teams::delete_team))
        .routes(routes!(insights::time_to_know))
        .routes(routes!(trace::trace_event))
        .routes(routes!(unsubscribe::ask, unsubscribe::unsubscribe))
}

/// Previews of a rule with past events: limited per user.
fn preview_routes() -> OpenApiRouter<notify::http::State> {
    OpenApiRouter::new().routes(routes!(notify::rules::http::try_rule))
}

/// Tests of a destination: limited per user.
fn test_routes() -> OpenApiRouter<notify::http::State> {
    OpenApiRouter::new().routes(routes!(notify::destinations::http::test_destination))
}

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
            bulk_routes()
                .with_state(parts.records.clone())
                .layer(costly(Costly::Bulk)),
        )
        .merge(
            preview_routes()
                .with_state(parts.notify.clone())
                .layer(costly(Costly::DryRun)),
        )
        .merge(
            test_routes()
                .with_state(parts.notify.clone())
                .layer(costly(Costly::Test)),
        )
        .merge(access_routes().with_state(parts.access.clone()))
        .merge(record_routes().with_state(parts.records).layer(noted))
        .merge(calendar_routes().with_state(parts.calendar))
        .merge(notification_routes().with_state(parts.notify))
        .merge(node_routes().with_state(parts.nodes))
        .merge(ticket_routes().with_state(parts.streams.clone()))
        .layer(shared.clone())
        .layer(authenticated.clone())
        .split_for_parts();
    // These two may take long: a large body, and an endless response whose lookup has its own deadline.
    let (lasting, _) = OpenApiRouter::new()
        .merge(import_routes().with_state(parts.import))
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
    let routes = access_routes()
        .into_openapi()
        .merge_from(record_routes().into_openapi())
        .merge_from(bulk_routes().into_openapi())
        .merge_from(import_routes().into_openapi())
        .merge_from(calendar_routes().into_openapi())
        .merge_from(notification_routes().into_openapi())
        .merge_from(preview_routes().into_openapi())
        .merge_from(test_routes().into_openapi())
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
