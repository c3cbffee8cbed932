//! The event of each change of a finding.

use base::{Event, Kind, Subject, SubjectType};
use serde_json::{Map, Value, json};
use store::Tx;

use super::{assignees, finding::Finding, history::Changed};
use crate::{
    By, Named,
    by::{self, put},
};

/// An event about this finding in its current state, for its assignees.
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
    // Notifications know no status: an open notification about a finding that is done is done, too.
    if !finding.status.is_open() {
        data.insert("done".to_owned(), Value::Bool(true));
    }
    put(data, "scan_id", finding.last_scan);
    if by.many.is_some() {
        data.insert("many".to_owned(), Value::Bool(true));
        if by.leads {
            data.insert(base::event::LEADS.to_owned(), Value::Bool(true));
        }
    }
    put(data, "asset_id", finding.asset.as_ref().map(|asset| asset.id));
    put(
        data,
        "asset_name",
        finding.asset.as_ref().map(|asset| &asset.name),
    );
    put(data, "location", given(&finding.location));
    put(data, "tool", given(&finding.tool));
    put(data, "rule", given(&finding.rule_id));
    if let Some(component) = &finding.details.component {
        put(data, "component", given(&component.name));
        put(data, "component_version", given(&component.version));
        list(data, "fixed_versions", &component.fixed_versions);
    }
    list(data, "identifiers", &finding.details.identifiers);
    list(data, "tags", &finding.tags);
    put(data, "sla_due_at", finding.sla_due_at);
    put(data, "retest_due_at", finding.retest_due_at);
    event
}

/// The complete set of its assignees.
pub(super) fn name_assignees(event: &mut Event, finding: &Finding) {
    let ids = |named: &[Named]| -> Value { json!(named.iter().map(|one| one.id).collect::<Vec<_>>()) };
    event
        .data
        .insert("assignee_user_ids".to_owned(), ids(&finding.users));
    event
        .data
        .insert("assignee_team_ids".to_owned(), ids(&finding.teams));
}

/// Adds the assignees to an event that assigns, in addition to its other data, and returns them as changes for the
/// history. It is for the new ones; `by_rule` is the ownership rule that named them.
pub(super) fn assigned(
    event: &mut Event,
    finding: &Finding,
    before: (&Vec<Named>, &Vec<Named>),
    by_rule: Option<String>,
) -> Vec<Changed> {
    name_assignees(event, finding);
    let mut changes = assignees::changes(before, (&finding.users, &finding.teams));
    put(&mut event.data, "assigned_by_rule", by_rule.as_ref());
    changes.extend(by_rule.map(|rule| Changed::to("assigned_by_rule", rule)));
    changes
}

/// Maximum number of texts of a list in an event.
const LISTED: usize = 50;

fn list(data: &mut Map<String, Value>, key: &str, texts: &[String]) {
    if !texts.is_empty() {
        let texts = &texts[..texts.len().min(LISTED)];
        data.insert(key.to_owned(), json!(texts));
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
