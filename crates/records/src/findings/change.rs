//! The changes of a finding, each with its one event.

use access::Problem;
use base::{Id, Kind, Severity, Time};
use formats::Details;
use serde_json::json;
use store::Tx;

use super::{
    Finding, Mover, Status, assignees, due, event,
    history::{self, Changed},
    identifiers, row,
};
use crate::{By, Named, Place, Settings, approvals, differ::set, sla, text};

/// What a change needs to know beside the finding: the settings of its company ([`Settings::of`]) and who does it.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The settings of the finding's company.
    pub settings: &'a Settings,
    /// Who does it.
    pub by: &'a By,
}

/// A finding to be.
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
    /// The judged finding from which it differs in code or version only.
    pub related: Option<Id>,
    pub tool: String,
    /// Empty for a finding without a tool.
    pub fingerprint: String,
    /// A deadline set by hand; none for the SLA days' one.
    pub sla_due_at: Option<Time>,
    pub retest_due_at: Option<Time>,
    /// People who may see the company: from [`assignees::check`].
    pub users: Vec<Named>,
    /// Teams of the company: from [`assignees::check`].
    pub teams: Vec<Named>,
}

impl New {
    /// One with this title and severity and nothing else.
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
            users: Vec::new(),
            teams: Vec::new(),
        }
    }
}

/// Records a finding, open, with its deadline: `finding.created`, and `finding.assigned` if it begins with assignees.
///
/// # Errors
/// 409 for a fingerprint that the tool has already in this place.
pub fn create(tx: &mut Tx<'_>, new: New, place: &Place, context: Context<'_>) -> Result<Finding, Problem> {
    let (id, now) = (tx.id(), tx.now());
    let days = &context.settings.sla_days;
    let mut finding = Finding {
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
        users: Vec::new(),
        teams: Vec::new(),
    };
    row::insert(tx, &finding, due::look(&finding, context.settings))?;
    identifiers::write(tx, &finding)?;
    let created = event::of(tx, Kind::FindingCreated, &finding, context.by);
    tx.emit(created)?;
    assignees::assign(tx, &mut finding, (new.users, new.teams), context.by)?;
    Ok(finding)
}

/// What may change about a finding; none leaves it as it is.
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
    /// What the scanner knows about it. References, code and dates in it change silently.
    pub details: Option<Details>,
    /// A deadline set by hand, or none for the SLA days' one.
    pub sla_due_at: Option<Option<Time>>,
    pub retest_due_at: Option<Option<Time>>,
}

impl Change {
    /// Only where the finding is.
    pub(crate) fn whereabouts(self, finding: &Finding) -> Self {
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

/// Changes a finding's details: `finding.updated`, or nothing at all if they are that already. Whether they changed.
///
/// # Errors
/// 409 where the finding of a tool moves to a project that has it already.
pub fn change(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    change: Change,
    context: Context<'_>,
) -> Result<bool, Problem> {
    let mut changed = finding.clone();
    apply(&mut changed, change, context.settings);
    let differing = differences(finding, &changed);
    if differing.is_empty() {
        if finding.details != changed.details {
            row::update(tx, &changed, due::look(&changed, context.settings))?;
            *finding = changed;
        }
        return Ok(false);
    }
    let fields: Vec<_> = differing.iter().map(|one| &one.field).collect();
    changed.updated_at = tx.now();
    row::update(tx, &changed, due::look(&changed, context.settings))?;
    if finding.details.identifiers != changed.details.identifiers {
        identifiers::write(tx, &changed)?;
    }
    let mut updated = event::of(tx, Kind::FindingUpdated, &changed, context.by);
    updated.data.insert("changed".to_owned(), json!(fields));
    let step = history::Step {
        changes: &differing,
        ..history::Step::default()
    };
    history::add(tx, &updated, &step, context.by)?;
    tx.emit(updated)?;
    if changed.severity > finding.severity {
        approvals::got_worse(tx, &changed, context.by)?;
    }
    *finding = changed;
    Ok(true)
}

/// Whether this changes anything of a finding that people hear of.
pub(crate) fn would_change(finding: &Finding, change: Change, settings: &Settings) -> bool {
    let mut changed = finding.clone();
    apply(&mut changed, change, settings);
    !differences(finding, &changed).is_empty()
}

/// Takes over what a report says about a finding without a word: it is of an earlier version, or judged.
///
/// # Errors
/// The store's.
pub(crate) fn adopt(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    change: Change,
    context: Context<'_>,
) -> Result<(), Problem> {
    apply(finding, change, context.settings);
    row::update(tx, finding, due::look(finding, context.settings))?;
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
    let computed = |severity| settings.sla_days.deadline(severity, finding.created_at);
    let worse_or_better = change
        .severity
        .is_some_and(|severity| severity != finding.severity);
    set(&mut finding.severity, change.severity);
    match change.sla_due_at {
        // What a form sends back unchanged is not set by hand.
        Some(due) if due.is_some() && due == finding.sla_due_at && !worse_or_better => {}
        Some(Some(due)) => (finding.sla_due_at, finding.sla_by_hand) = (Some(due), true),
        Some(None) => (finding.sla_due_at, finding.sla_by_hand) = (computed(finding.severity), false),
        None if worse_or_better && !finding.sla_by_hand => finding.sla_due_at = computed(finding.severity),
        None => {}
    }
}

/// The fields in which two states of a finding differ.
fn differences(before: &Finding, after: &Finding) -> Vec<Changed> {
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

/// The deadline, also where only who set it differs.
fn deadline(before: &Finding, after: &Finding) -> Option<Changed> {
    let pair = |finding: &Finding| (finding.sla_due_at, finding.sla_by_hand);
    Changed::between("sla_due_at", (&pair(before), &pair(after)), |(due, _)| {
        due.map(|due| due.to_string())
    })
}

/// Moves a finding to another status: `finding.status_changed`, and a line in its history.
///
/// # Errors
/// 409 where the lifecycle does not allow it to a person, or to an import ([`By::scan`]).
pub fn move_to(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    to: Status,
    comment: &str,
    context: Context<'_>,
) -> Result<(), Problem> {
    let mover = if context.by.scan.is_some() {
        Mover::Scan
    } else {
        Mover::Person
    };
    move_by(tx, finding, (to, mover), comment, context)
}

/// The same by a mover who is neither: an approval, its decision and its end.
///
/// # Errors
/// 409 where the lifecycle does not allow it to that mover.
pub fn move_by(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    (to, mover): (Status, Mover),
    comment: &str,
    context: Context<'_>,
) -> Result<(), Problem> {
    let from = finding.status;
    allowed(from, to, mover)?;
    let now = tx.now();
    finding.status = to;
    finding.updated_at = now;
    finding.closed_at = (!to.is_open()).then_some(now);
    // An acceptance that ends closes only what no report holds any more.
    finding.closed_by_scan = to == Status::Closed && mover != Mover::Person;
    finding.accepted_without_approval = false;
    finding.retest_due_at = retest_due(finding.retest_due_at, (from, to), now, context.settings);
    row::update(tx, finding, due::look(finding, context.settings))?;
    if from == Status::AcceptedRisk {
        approvals::end(tx, finding.id, context.by)?;
    }
    let mut event = event::of(tx, Kind::FindingStatusChanged, finding, context.by);
    event.data.insert("from_status".to_owned(), json!(from));
    if !comment.is_empty() {
        event.data.insert("comment".to_owned(), json!(comment));
    }
    let step = history::Step {
        moved: Some((from, to)),
        comment,
        ..history::Step::default()
    };
    history::add(tx, &event, &step, context.by)?;
    tx.emit(event)?;
    Ok(())
}

/// Whether the lifecycle lets this mover do it.
///
/// # Errors
/// 409, and where a risk is to be accepted without an approval the way that leads there.
pub(super) fn allowed(from: Status, to: Status, mover: Mover) -> Result<(), Problem> {
    if from.may_become(to, mover) {
        return Ok(());
    }
    if to == Status::AcceptedRisk && mover == Mover::Person {
        return Err(Problem::conflict(
            "A risk is accepted only by an approved request with an end: POST /approvals.",
        ));
    }
    Err(Problem::conflict(format!(
        "A finding that is {from} cannot become {to}."
    )))
}

/// A retest gets a date when it is asked for, unless one is set that is still to come, and loses it when the fix did
/// not hold.
fn retest_due(due: Option<Time>, step: (Status, Status), now: Time, settings: &Settings) -> Option<Time> {
    match step {
        (_, Status::Retest) => due
            .filter(|due| *due > now)
            .or_else(|| Some(now.after(sla::days_long(settings.retest_days)))),
        (Status::Retest, to) if to.is_open() => None,
        (from, to) if !from.is_open() && to.is_open() => None,
        _ => due,
    }
}

/// Puts a finding back to what it was before an import that is undone: `finding.status_changed` where that moves it,
/// else `finding.updated`. Whether anything changed.
///
/// # Errors
/// The store's.
pub(crate) fn restore(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    mut before: Finding,
    context: Context<'_>,
) -> Result<bool, Problem> {
    let differing = differences(finding, &before);
    let moved = (finding.status != before.status).then_some((finding.status, before.status));
    before.updated_at = tx.now();
    row::update(tx, &before, due::look(&before, context.settings))?;
    identifiers::write(tx, &before)?;
    if moved.is_none() && differing.is_empty() {
        *finding = before;
        return Ok(false);
    }
    let kind = if moved.is_some() {
        Kind::FindingStatusChanged
    } else {
        Kind::FindingUpdated
    };
    let mut event = event::of(tx, kind, &before, context.by);
    if let Some((from, _)) = moved {
        event.data.insert("from_status".to_owned(), json!(from));
    } else {
        let fields: Vec<_> = differing.iter().map(|one| &one.field).collect();
        event.data.insert("changed".to_owned(), json!(fields));
    }
    let step = history::Step {
        moved,
        changes: &differing,
        comment: "the import was undone",
    };
    history::add(tx, &event, &step, context.by)?;
    tx.emit(event)?;
    *finding = before;
    Ok(true)
}
