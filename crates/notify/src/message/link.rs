//! A message's link: the page of its record.

use base::{Event, Id, Kind, SubjectType};

use channels::message::Link;

use super::texts::is_elsewhere;

/// The page of the record. A deleted one leads to its parent; one from another platform, to the inbox.
pub(super) fn of(event: &Event, public_url: &str) -> Link {
    let (label, path) = place(event).unwrap_or_else(|| ("Open inbox", "/inbox".to_owned()));
    Link {
        label,
        url: format!("{}{path}", public_url.trim_end_matches('/')),
    }
}

fn place(event: &Event) -> Option<(&'static str, String)> {
    if event.kind == Kind::DestinationSwitchedOff {
        return Some(("Open settings", "/settings".to_owned()));
    }
    if is_elsewhere(event) {
        return None;
    }
    if !event.kind.name().ends_with(".deleted") {
        return page(event.subject.kind, event.subject.id);
    }
    [SubjectType::Finding, SubjectType::Project]
        .into_iter()
        .filter(|kind| *kind != event.subject.kind)
        .find_map(|kind| {
            let id = event.text(&format!("{}_id", kind.name()))?.parse().ok()?;
            page(kind, id)
        })
}

fn page(kind: SubjectType, id: Id) -> Option<(&'static str, String)> {
    Some((label(kind), kind.path(id)?))
}

const fn label(kind: SubjectType) -> &'static str {
    match kind {
        SubjectType::Finding => "Open finding",
        SubjectType::Scan => "Open scan",
        SubjectType::Approval => "Open request",
        SubjectType::Report => "Open report",
        SubjectType::Agreement => "Open agreement",
        SubjectType::Asset => "Open asset",
        SubjectType::Project => "Open project",
        SubjectType::Notification | SubjectType::Destination | SubjectType::Announcement => "Open inbox",
    }
}
