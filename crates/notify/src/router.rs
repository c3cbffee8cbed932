//! The routes of this crate.
//!
//! Owns: which handler answers where. Must not: handle a request, or know the middleware before a handler.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    announcements::http as announcements,
    chat::http as chat,
    deliveries::{http as deliveries, quarantined, resend::http as resend},
    destinations::http as destinations,
    follows::http as follows,
    http::State,
    inbox::http as inbox,
    kinds,
    preferences::http as preferences,
    reads::http as insights,
    rules::{http as rules, secrets, sources},
    teams::http as teams,
    trace, unsubscribe,
};

/// The routes of notifications, behind [`authenticate`](access::authenticate).
pub fn notifications() -> OpenApiRouter<State> {
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
pub fn previews() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(rules::try_rule))
}

/// Tests of a destination: limited per user.
pub fn tests() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(destinations::test_destination))
}
