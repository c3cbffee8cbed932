//! The changes of a finding's details, each with its one event.

use base::{Event, Kind, Severity, Time};
use formats::Details;
use serde_json::json;
use store::Tx;

use super::{
    due, event,
    finding::Finding,
    history::{self, Changed},
    identifiers, row,
};
use crate::{
    By, Named, Refused, Settings,
    approvals::worse,
    by::put,
    differ::set,
    tags::{self, Tagged},
    text,
};

/// What a change needs in addition to the finding: the settings of its company ([`Settings::of`]) and the actor.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The settings of the finding's company.
    pub settings: &'a Settings,
    /// The actor.
    pub by: &'a By,
}

/// What may change about a finding; none leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of a finding")]
pub struct Change {
    pub project: Option<Option<Named>>,
    pub asset: Option<Option<Named>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub severity: Option<Severity>,
    pub location: Option<String>,
    pub rule_id: Option<String>,
    pub cwe: Option<String>,
    /// The scanner's facts. References, code and dates in them change without an event.
    pub details: Option<Details>,
    /// A deadline set by a user, or none for the SLA's.
    pub sla_due_at: Option<Option<Time>>,
    pub retest_due_at: Option<Option<Time>>,
    pub tags: Option<Vec<String>>,
}

impl Change {
    /// Reduces it to where the finding is.
    pub(crate) fn only_location(self, finding: &Finding) -> Self {
        let details = self.details.map(|details| Details {
            locations: details.locations,
            locations_count: details.locations_count,
            ..finding.details.clone()
        });
        Self {
            location: self.location,
            details,
            ..Self::default()
        }
    }
}

/// Changes a finding's details: `finding.severity_changed` if the severity changes, else `finding.updated`, or nothing
/// if nothing differs. Returns whether they changed.
///
/// # Errors
/// 409 if the finding of a tool would move to a project that already has it.
pub fn change(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    change: Change,
    context: Context<'_>,
) -> Result<bool, Refused> {
    let mut changed = finding.clone();
    apply(&mut changed, change, context.settings);
    let differing = differences(finding, &changed);
    if differing.is_empty() {
        if finding.details != changed.details {
            row::update(tx, &changed, due::next_check(&changed, context.settings))?;
            *finding = changed;
        }
        return Ok(false);
    }
    changed.updated_at = tx.now();
    row::update(tx, &changed, due::next_check(&changed, context.settings))?;
    if finding.details.identifiers != changed.details.identifiers {
        identifiers::write(tx, &changed)?;
    }
    let (company, is) = (changed.place.company.id, &changed.tags);
    tags::write(tx, (Tagged::Finding, changed.id), company, (&finding.tags, is))?;
    let kind = kind_of(finding, &changed);
    let mut updated = event::of(tx, kind, &changed, context.by);
    name_changes(&mut updated, &differing);
    let step = history::Step {
        changes: &differing,
        ..history::Step::default()
    };
    history::add(tx, &updated, &step, context.by)?;
    tx.emit(updated)?;
    if changed.severity > finding.severity {
        worse::became_more_severe(tx, &changed, context.by)?;
    }
    *finding = changed;
    Ok(true)
}

/// The event type of a change of the details.
pub(super) fn kind_of(before: &Finding, after: &Finding) -> Kind {
    if before.severity == after.severity {
        Kind::FindingUpdated
    } else {
        Kind::FindingSeverityChanged
    }
}

/// Adds to an event what changed, and the previous severity.
pub(super) fn name_changes(event: &mut Event, changes: &[Changed]) {
    let fields: Vec<_> = changes.iter().map(|one| &one.field).collect();
    event.data.insert("changed".to_owned(), json!(fields));
    let severity = changes.iter().find(|one| one.field == "severity");
    put(
        &mut event.data,
        "from_severity",
        severity.and_then(|one| one.before.as_ref()),
    );
}

/// Whether this changes anything that people are notified about.
pub(crate) fn would_change(finding: &Finding, change: Change, settings: &Settings) -> bool {
    let mut changed = finding.clone();
    apply(&mut changed, change, settings);
    !differences(finding, &changed).is_empty()
}

/// Adopts the data of a scan report without an event: the finding is of an earlier version, or has a verdict.
///
/// # Errors
/// The store's.
pub(crate) fn adopt(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    change: Change,
    context: Context<'_>,
) -> Result<(), Refused> {
    apply(finding, change, context.settings);
    row::update(tx, finding, due::next_check(finding, context.settings))?;
    identifiers::write(tx, finding)?;
    Ok(())
}

fn apply(finding: &mut Finding, change: Change, settings: &Settings) {
    set(&mut finding.place.project, change.project);
    set(&mut finding.asset, change.asset);
    set(&mut finding.title, change.title);
    set(&mut finding.description, change.description);
    set(&mut finding.location, change.location);
    set(&mut finding.rule_id, change.rule_id);
    set(&mut finding.cwe, change.cwe);
    set(&mut finding.details, change.details);
    set(&mut finding.retest_due_at, change.retest_due_at);
    set(&mut finding.tags, change.tags);
    let computed = |severity| settings.sla_days.deadline(severity, finding.created_at);
    let worse_or_better = change
        .severity
        .is_some_and(|severity| severity != finding.severity);
    set(&mut finding.severity, change.severity);
    match change.sla_due_at {
        // A value that a form sends back unchanged is not set by hand.
        Some(due) if due.is_some() && due == finding.sla_due_at && !worse_or_better => {}
        Some(Some(due)) => (finding.sla_due_at, finding.sla_by_hand) = (Some(due), true),
        Some(None) => (finding.sla_due_at, finding.sla_by_hand) = (computed(finding.severity), false),
        None if worse_or_better && !finding.sla_by_hand => finding.sla_due_at = computed(finding.severity),
        None => {}
    }
}

/// The fields in which two states of a finding differ.
pub(super) fn differences(before: &Finding, after: &Finding) -> Vec<Changed> {
    let text = |field, pick: fn(&Finding) -> &String| {
        Changed::between(field, (pick(before), pick(after)), |text| {
            text::given(text.clone())
        })
    };
    let named = |field, pick: fn(&Finding) -> Option<&Named>| {
        let id = |finding| pick(finding).map(|named| named.id);
        let name = |finding| pick(finding).map(|named| named.name.clone());
        let changed = Changed::between(field, (&id(before), &id(after)), |_| None);
        changed.map(|changed| Changed {
            before: name(before),
            after: name(after),
            ..changed
        })
    };
    let time = |field, pick: fn(&Finding) -> &Option<Time>| {
        let show = |time: &Option<Time>| time.map(|time| time.to_string());
        Changed::between(field, (pick(before), pick(after)), show)
    };
    let severity = (&before.severity, &after.severity);
    [
        named("project_id", |finding| finding.place.project.as_ref()),
        named("asset_id", |finding| finding.asset.as_ref()),
        text("title", |finding| &finding.title),
        text("description", |finding| &finding.description),
        Changed::between("severity", severity, |severity| Some(severity.to_string())),
        text("location", |finding| &finding.location),
        text("rule_id", |finding| &finding.rule_id),
        text("cwe", |finding| &finding.cwe),
        detail("identifiers", (before, after), |details| {
            details.identifiers.join(", ")
        }),
        detail("cwes", (before, after), |details| details.cwes.join(", ")),
        detail("cvss", (before, after), |details| {
            details.cvss.as_ref().map_or_else(String::new, shown_cvss)
        }),
        detail("component", (before, after), |details| {
            details
                .component
                .as_ref()
                .map_or_else(String::new, shown_component)
        }),
        detail("locations", (before, after), |details| {
            details.locations.join("\n")
        }),
        deadline(before, after),
        time("retest_due_at", |finding| &finding.retest_due_at),
        Changed::between("tags", (&before.tags, &after.tags), |tags| {
            text::given(tags.join(", "))
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A part of the details, if the two differ in it.
fn detail(
    field: &str,
    (before, after): (&Finding, &Finding),
    show: fn(&Details) -> String,
) -> Option<Changed> {
    if before.details == after.details {
        return None;
    }
    let (before, after) = (show(&before.details), show(&after.details));
    Changed::between(field, (&before, &after), |text| text::given(text.clone()))
}

fn shown_cvss(cvss: &formats::Cvss) -> String {
    let score = cvss.score.map(|score| score.to_string()).unwrap_or_default();
    format!("{score} {}", cvss.vector).trim().to_owned()
}

fn shown_component(component: &formats::Component) -> String {
    format!("{} {}", component.name, component.version)
        .trim()
        .to_owned()
}

/// The deadline, even if only its origin differs.
fn deadline(before: &Finding, after: &Finding) -> Option<Changed> {
    let pair = |finding: &Finding| (finding.sla_due_at, finding.sla_by_hand);
    Changed::between("sla_due_at", (&pair(before), &pair(after)), |(due, _)| {
        due.map(|due| due.to_string())
    })
}
