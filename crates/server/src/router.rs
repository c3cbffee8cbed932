//! Every route on one page. The OpenAPI document is made from these lines.

use std::sync::Arc;

use access::{Access, Problem};
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
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    console,
    health::{self, Health},
    middleware,
};

/// What the handlers use, each its own part.
#[derive(Clone)]
pub struct Parts {
    /// People and companies.
    pub access: Access,
    /// Projects, findings, scans, and the calendar over them.
    pub records: Records,
    /// The import of reports.
    pub import: Import,
    /// What is due when.
    pub calendar: Calendar,
    /// Inbox, rules, preferences, deliveries.
    pub notify: notify::http::State,
    /// The live stream.
    pub streams: realtime::Streams,
    /// Health and metrics.
    pub health: Health,
}

/// Where the API begins.
const ROOT: &str = "/api/v1";

fn people() -> OpenApiRouter<Access> {
    use access::http::{audit, auth, companies, me, members, sessions, teams, tokens, users, views};
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
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::update, teams::delete))
}

fn work() -> OpenApiRouter<Records> {
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
        .routes(routes!(findings::bulk::assign))
        .routes(routes!(findings::bulk::set_status))
        .routes(routes!(findings::comments::list, findings::comments::create))
        .routes(routes!(findings::comments::update, findings::comments::delete))
        .routes(routes!(external::take_events))
        .routes(routes!(sla::get_sla_defaults))
        .routes(routes!(sla::get_sla_days, sla::put_sla_days))
        .routes(routes!(sla::get_sla_warnings, sla::put_sla_warnings))
        .routes(routes!(dashboard::get))
        .routes(routes!(activity::list))
}

fn timeline() -> OpenApiRouter<Calendar> {
    use calendar::feeds::http as feeds;
    OpenApiRouter::new()
        .routes(routes!(calendar::http::get))
        .routes(routes!(feeds::list, feeds::create))
        .routes(routes!(feeds::delete))
        .routes(routes!(feeds::fetch))
}

fn reports() -> OpenApiRouter<Import> {
    OpenApiRouter::new()
        .routes(routes!(records::import::http::import))
        .routes(routes!(records::import::undo::http::undo))
        .routes(routes!(records::import::http::import_formats))
        .routes(routes!(records::import::http::table_preview))
}

fn telling() -> OpenApiRouter<notify::http::State> {
    use notify::{
        chat::http as chat,
        deliveries::http as deliveries,
        destinations,
        inbox::http as inbox,
        kinds,
        preferences::http as preferences,
        rules::{http as rules, secrets},
        trace, unsubscribe,
    };
    OpenApiRouter::new()
        .routes(routes!(kinds::list_event_types))
        .routes(routes!(inbox::list_notifications))
        .routes(routes!(inbox::summarize))
        .routes(routes!(inbox::mark_read))
        .routes(routes!(inbox::mark_all_read))
        .routes(routes!(rules::list_rules, rules::create_rule))
        .routes(routes!(rules::try_rule))
        .routes(routes!(rules::get_rule, rules::change_rule, rules::delete_rule))
        .routes(routes!(secrets::list_webhook_secrets))
        .routes(routes!(secrets::rotate_webhook_secrets))
        .routes(routes!(
            preferences::get_preferences,
            preferences::put_preferences
        ))
        .routes(routes!(chat::get_chat, chat::put_chat))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(deliveries::redeliver_all))
        .routes(routes!(destinations::list_destinations))
        .routes(routes!(deliveries::test_destination))
        .routes(routes!(trace::trace_event))
        .routes(routes!(unsubscribe::ask, unsubscribe::unsubscribe))
}

fn tickets() -> OpenApiRouter<realtime::Streams> {
    OpenApiRouter::new().routes(routes!(realtime::http::ticket))
}

/// Beside the others because it looks at its credential itself: it takes more kinds of them, and its answer lasts.
fn live() -> OpenApiRouter<realtime::Streams> {
    OpenApiRouter::new().routes(routes!(realtime::http::stream))
}

/// The whole server: the API, its description, health, and the console for everything else.
pub fn router(parts: Parts, clock: Clock) -> Router {
    let authenticated = from_fn_with_state(parts.access.clone(), access::authenticate);
    let in_time = from_fn_with_state(clock.clone(), middleware::in_time);
    let (calls, _) = OpenApiRouter::new()
        .merge(people().with_state(parts.access))
        .merge(work().with_state(parts.records))
        .merge(timeline().with_state(parts.calendar))
        .merge(telling().with_state(parts.notify))
        .merge(tickets().with_state(parts.streams.clone()))
        .layer(authenticated.clone())
        .split_for_parts();
    // These two take their time: a large body, and an answer without an end whose look-up has a deadline of its own.
    let (lasting, _) = OpenApiRouter::new()
        .merge(reports().with_state(parts.import))
        .layer(authenticated)
        .merge(live().with_state(parts.streams))
        .split_for_parts();
    let document: Arc<str> = document_text().into();
    let description = get(move || async move {
        ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
    });
    let calls = calls
        .route("/openapi.json", description)
        .fallback(any(|| async { Problem::not_found() }));
    let metrics = Arc::clone(&parts.health.metrics);
    let router = Router::new()
        .nest(ROOT, calls)
        .merge(health::routes(parts.health))
        .fallback(console::serve)
        .layer(in_time)
        .nest(ROOT, lasting)
        .method_not_allowed_fallback(|| async { not_in_this_way() });
    middleware::around(router, metrics, clock)
}

/// 405: the path is there, for another method.
pub(crate) fn not_in_this_way() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This can't be done here in this way.",
    )
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Campanile",
        description = "The real-time operations server for vulnerability programs.",
        license(name = "Apache-2.0 OR MIT")
    ),
    security(("token" = []), ("cookie" = [])),
    modifiers(&Credentials)
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(access::SESSION_COOKIE));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

/// The description of the API, as `openapi.json` holds it.
pub fn document_text() -> String {
    let routes = people()
        .into_openapi()
        .merge_from(work().into_openapi())
        .merge_from(reports().into_openapi())
        .merge_from(timeline().into_openapi())
        .merge_from(telling().into_openapi())
        .merge_from(tickets().into_openapi())
        .merge_from(live().into_openapi());
    let document = Document::openapi().nest(ROOT, routes);
    // Writing a value we made ourselves does not fail.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_the_one_these_routes_make() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == document_text(),
            "openapi.json is out of date: run `make openapi`"
        );
    }
}
