//! The event of each change of a finding.

use base::{Event, Kind, Subject, SubjectType};
use serde_json::{Value, json};
use store::Tx;

use super::Finding;
use crate::{
    By, Named,
    by::{self, put},
};

/// An event about this finding as it is now, for the people and teams that see to it.
pub(super) fn of(tx: &Tx<'_>, kind: Kind, finding: &Finding, by: &By) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: finding.id,
    };
    let mut event = by::event(tx, kind, subject, &finding.place, by);
    event.severity = Some(finding.severity);
    event.bundle = by.scan.or(by.many);
    event.assignee_users = finding.users.iter().map(|user| user.id).collect();
    event.assignee_teams = finding.teams.iter().map(|team| team.id).collect();
    let data = &mut event.data;
    put(data, "finding_id", Some(finding.id));
    put(data, "title", Some(&finding.title));
    put(data, "status", Some(finding.status));
    put(data, "scan_id", finding.last_scan);
    if by.many.is_some() {
        data.insert("many".to_owned(), Value::Bool(true));
    }
    put(data, "asset_id", finding.asset.as_ref().map(|asset| asset.id));
    put(
        data,
        "asset_name",
        finding.asset.as_ref().map(|asset| &asset.name),
    );
    put(data, "location", given(&finding.location));
    put(data, "tool", given(&finding.tool));
    put(data, "sla_due_at", finding.sla_due_at);
    put(data, "retest_due_at", finding.retest_due_at);
    event
}

/// The whole set of who sees to it.
pub(super) fn name_assignees(event: &mut Event, finding: &Finding) {
    let ids = |named: &[Named]| -> Value { json!(named.iter().map(|one| one.id).collect::<Vec<_>>()) };
    event
        .data
        .insert("assignee_user_ids".to_owned(), ids(&finding.users));
    event
        .data
        .insert("assignee_team_ids".to_owned(), ids(&finding.teams));
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
