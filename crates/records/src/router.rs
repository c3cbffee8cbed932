//! The routes of this crate.
//!
//! Owns: which handler answers where. Must not: handle a request, or know the middleware before a handler.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Records, activity,
    agreements::http as agreements,
    approvals::http as approvals,
    assets::http as assets,
    dashboard::http as dashboard,
    external::http as external,
    findings::http as findings,
    import::{self, Import},
    projects::http as projects,
    reports::http as reports,
    scans::http as scans,
    sla::http as sla,
    targets::http as targets,
};

/// The routes of the records, behind [`authenticate`](access::authenticate).
pub fn records() -> OpenApiRouter<Records> {
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
pub fn bulk() -> OpenApiRouter<Records> {
    OpenApiRouter::new()
        .routes(routes!(findings::bulk::assign))
        .routes(routes!(findings::bulk::set_status))
}

/// Imports: the body may be large and take long.
pub fn imports() -> OpenApiRouter<Import> {
    OpenApiRouter::new()
        .routes(routes!(import::http::import))
        .routes(routes!(import::undo::http::undo))
        .routes(routes!(import::http::import_formats))
        .routes(routes!(import::http::table_preview))
}
