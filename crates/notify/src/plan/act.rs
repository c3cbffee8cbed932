//! Whose own action an event is (promise O7), and which kinds it counts as.

use base::{Event, Id, Kind};

/// Kinds that report the end of something that a person started: news to that person as well.
const OUTCOMES: [Kind; 5] = [
    Kind::ScanFailed,
    Kind::ReportReady,
    Kind::ReportFailed,
    Kind::ApprovalExpired,
    Kind::DestinationSwitchedOff,
];

/// Whether the event is this person's own action. Findings of an import are news, even to the person who ran it, and
/// what an API token does is nobody's own action.
pub(super) fn is_own(event: &Event, user: Id) -> bool {
    let imported = event.bundle.is_some() && !event.data.contains_key("many");
    event.actor == Some(user) && !event.by_token && !imported && !OUTCOMES.contains(&event.kind)
}

/// The kinds that the event counts as for rules, preferences and teams: its own, and an assignment if a finding was
/// created or reopened with assignees.
pub fn kinds(event: &Event) -> impl Iterator<Item = Kind> + Clone + use<> {
    let came = matches!(event.kind, Kind::FindingCreated | Kind::FindingReopened);
    let assigned = came && !(event.assignee_users.is_empty() && event.assignee_teams.is_empty());
    [Some(event.kind), assigned.then_some(Kind::FindingAssigned)]
        .into_iter()
        .flatten()
}
