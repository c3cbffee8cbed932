//! Creates a finding, with its one event.

use base::{Id, Kind, Severity, Time};
use formats::Details;
use store::Tx;

use super::{
    change::Context, due, event, finding::Finding, history, identifiers, responsible::ByRule, row,
    rows::Rows, status::Status,
};
use crate::{
    Named, Place, Refused,
    tags::{self, Tagged},
};

/// A finding to create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a finding")]
pub struct New {
    pub asset: Option<Named>,
    pub title: String,
    pub severity: Severity,
    pub description: String,
    pub location: String,
    pub rule_id: String,
    pub cwe: String,
    pub details: Details,
    pub target: Option<Named>,
    /// The finding with a verdict from which it differs only in code or version.
    pub related: Option<Id>,
    pub tool: String,
    /// Empty for a finding without a tool.
    pub fingerprint: String,
    /// A deadline set by a user; none for the SLA's.
    pub sla_due_at: Option<Time>,
    pub retest_due_at: Option<Time>,
    pub tags: Vec<String>,
    /// Users who may see the company: from [`assignees::check`].
    pub users: Vec<Named>,
    /// Teams of the company: from [`assignees::check`].
    pub teams: Vec<Named>,
}

impl New {
    /// One with only this title and severity.
    pub fn titled(title: impl Into<String>, severity: Severity) -> Self {
        Self {
            asset: None,
            title: title.into(),
            severity,
            description: String::new(),
            location: String::new(),
            rule_id: String::new(),
            cwe: String::new(),
            details: Details::default(),
            target: None,
            related: None,
            tool: String::new(),
            fingerprint: String::new(),
            sla_due_at: None,
            retest_due_at: None,
            tags: Vec::new(),
            users: Vec::new(),
            teams: Vec::new(),
        }
    }
}

/// Creates an open finding with its deadline: one `finding.created`, with its assignees. One without assignees is
/// assigned by the first matching ownership rule.
///
/// # Errors
/// 409 for a fingerprint that the tool already has in this place.
pub fn create(tx: &mut Tx<'_>, new: New, place: &Place, context: Context<'_>) -> Result<Finding, Refused> {
    let rules = if new.users.is_empty() && new.teams.is_empty() {
        ByRule::of(tx, place.company.id)?
    } else {
        ByRule::default()
    };
    let mut rows = Rows::default();
    let finding = record(tx, new, (place, &rules), context, &mut rows)?;
    rows.write(tx)?;
    Ok(finding)
}

/// The same for one of many: what can be written together goes to `rows`.
///
/// # Errors
/// As for [`create`].
pub(crate) fn record(
    tx: &mut Tx<'_>,
    new: New,
    (place, rules): (&Place, &ByRule),
    context: Context<'_>,
    rows: &mut Rows,
) -> Result<Finding, Refused> {
    let mut finding = made(tx, new, place, context);
    let by_rule = rules.assign(&mut finding);
    row::insert(tx, &finding, due::next_check(&finding, context.settings))?;
    identifiers::write(tx, &finding)?;
    let tagged = (Tagged::Finding, finding.id);
    tags::write(tx, tagged, place.company.id, (&[], &finding.tags))?;
    let mut created = event::of(tx, Kind::FindingCreated, &finding, context.by);
    if !finding.users.is_empty() || !finding.teams.is_empty() {
        rows.assign(&finding, (&[], &[]));
        let nobody = (&Vec::new(), &Vec::new());
        let changes = event::assigned(&mut created, &finding, nobody, by_rule);
        let step = history::Step {
            changes: &changes,
            ..history::Step::default()
        };
        rows.step(history::row(tx, &created, &step, context.by));
    }
    rows.emit(created);
    Ok(finding)
}

/// The new finding.
fn made(tx: &Tx<'_>, new: New, place: &Place, context: Context<'_>) -> Finding {
    let (id, now) = (tx.id(), tx.now());
    let days = &context.settings.sla_days;
    Finding {
        id,
        place: place.clone(),
        asset: new.asset,
        fingerprint: if new.fingerprint.is_empty() {
            id.to_string()
        } else {
            new.fingerprint
        },
        sla_due_at: new.sla_due_at.or_else(|| days.deadline(new.severity, now)),
        sla_by_hand: new.sla_due_at.is_some(),
        details: new.details,
        target: new.target,
        related: new.related,
        tool: new.tool,
        rule_id: new.rule_id,
        location: new.location,
        cwe: new.cwe,
        title: new.title,
        description: new.description,
        severity: new.severity,
        status: Status::Open,
        first_scan: context.by.scan,
        last_scan: context.by.scan,
        retest_due_at: new.retest_due_at,
        closed_at: None,
        closed_by_scan: false,
        created_by: context.by.id(),
        created_at: now,
        updated_at: now,
        last_seen_at: now,
        gone_at: None,
        accepted_without_approval: false,
        tags: new.tags,
        users: new.users,
        teams: new.teams,
    }
}
