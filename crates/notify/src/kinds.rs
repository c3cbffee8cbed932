//! The catalogue of event types over HTTP, made from the one table (promise V3).

use access::{Caller, Json, Page, Problem};
use base::Kind;
use serde::Serialize;

use crate::channel::Channel;

/// The schema of an event type that has notifications.
pub(crate) struct NotifiedKind;

impl utoipa::ToSchema for NotifiedKind {}
impl utoipa::PartialSchema for NotifiedKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let notified = Kind::ALL.iter().filter(|kind| kind.about().notifies);
        access::schema::one_of(notified.map(|kind| kind.name()))
    }
}

/// The schema of a chat template.
pub(crate) struct TemplateName;

impl utoipa::ToSchema for TemplateName {}
impl utoipa::PartialSchema for TemplateName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        access::schema::one_of(
            Channel::ALL
                .iter()
                .flat_map(|channel| channel.about().templates)
                .copied(),
        )
    }
}

/// An event type.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "columns of a table, not states")]
pub struct EventType {
    /// Its name, such as `finding.assigned`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The first part of the name.
    pub category: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// Whether its events have a severity, so that a threshold applies.
    pub severity: bool,
    /// Whether people can be notified of it: it can have rules and preferences.
    pub notifies: bool,
    /// Whether it is sent to open tabs.
    pub live: bool,
    /// Whether it may be without a company: for the whole platform, or for people named individually.
    pub platform: bool,
    /// The channels a rule can turn on for it; a person can turn off all but `webhook`.
    pub channels: Vec<Channel>,
}

/// All event types.
#[utoipa::path(get, path = "/event-types", tag = "events", responses(
    (status = 200, description = "All event types, in one page", body = Page<EventType>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
#[allow(
    clippy::unused_async,
    reason = "a handler is async; clippy says so only where no test uses it"
)]
pub async fn list_event_types(_caller: Caller) -> Json<Page<EventType>> {
    let items = Kind::ALL.iter().map(|kind| event_type(*kind)).collect();
    Json(Page {
        items,
        next_cursor: None,
    })
}

fn event_type(kind: Kind) -> EventType {
    let about = kind.about();
    EventType {
        kind,
        category: kind.category(),
        summary: about.summary,
        severity: about.severity,
        notifies: about.notifies,
        live: about.live,
        platform: about.platform,
        channels: if about.notifies {
            Channel::ALL.to_vec()
        } else {
            Vec::new()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: V3
    #[test]
    fn the_catalogue_is_the_table() {
        let all: Vec<_> = Kind::ALL.iter().map(|kind| event_type(*kind)).collect();
        assert_eq!(all.len(), Kind::ALL.len());
        let created = event_type(Kind::NotificationCreated);
        assert!(created.channels.is_empty() && created.live);
        assert!(event_type(Kind::SlaBreached).severity);
    }
}
