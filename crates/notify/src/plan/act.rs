//! Whose own act an event is (promise O7), and as what it counts.

use base::{Event, Id, Kind};

/// Kinds that report how something ended which somebody began: news also to whoever began it.
const OUTCOMES: [Kind; 5] = [
    Kind::ScanFailed,
    Kind::ReportReady,
    Kind::ReportFailed,
    Kind::ApprovalExpired,
    Kind::DestinationSwitchedOff,
];

/// Whether the event is what this person did themselves. What an import found is news, also to whoever ran it, and what
/// came with an API token is nobody's own act.
pub(super) fn is_own(event: &Event, user: Id) -> bool {
    let imported = event.bundle.is_some() && !event.data.contains_key("many");
    event.actor == Some(user) && !event.by_token && !imported && !OUTCOMES.contains(&event.kind)
}

/// As which kinds rules, preferences and teams see the event: its own, and an assignment where a finding came, or came
/// back, with assignees.
pub fn kinds(event: &Event) -> impl Iterator<Item = Kind> + Clone + use<> {
    let came = matches!(event.kind, Kind::FindingCreated | Kind::FindingReopened);
    let assigned = came && !(event.assignee_users.is_empty() && event.assignee_teams.is_empty());
    [Some(event.kind), assigned.then_some(Kind::FindingAssigned)]
        .into_iter()
        .flatten()
}
