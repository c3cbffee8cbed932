//! Decided events of a bundle, kept until all of it is planned: a row per event, and one per set of events with the
//! same decision, however many recipients they have.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use access::Vault;
use base::{Event, Id};
use store::{Error, FromRow, Row, Tx, Value, outbox, params, rows};

use super::target::{GroupTarget, Targets};
use crate::{
    message::Change,
    plan::{Batch, Plan, Planned, Reason},
};

/// An open group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grouped {
    pub(crate) id: Id,
    pub(crate) bundle: Id,
    pub(crate) lead: Id,
    /// Whether it is a bulk change, which has no end event.
    pub(crate) is_bulk: bool,
}

impl FromRow for Grouped {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            bundle: row.get(1)?,
            lead: row.get(2)?,
            is_bulk: row.get(3)?,
        })
    }
}

const GROUP: &str = "insert into event_groups (id, bundle_id, company_id, lead_event, is_bulk, closer_event, created_at, updated_at, closed_at)";
// The change is the lock: two nodes that plan parts of one bundle come here one after the other, so that the later node
// sees that nothing is left.
const OPEN: &str = "on conflict (bundle_id, company_id) where closed_at = 0 do update set updated_at = excluded.updated_at \
     returning id, bundle_id, lead_event, is_bulk, company_id";
const SET: &str = "insert into event_sets (id, group_id, signature, event_type, severity, change, first_event, count, \
     reasons, targets)";
const COUNTED: &str = "on conflict (group_id, signature) do update set count = event_sets.count + excluded.count \
     returning id, signature";
const MEMBER: &str = "insert into event_set_members (event_id, set_id, finding_id)";

struct Opened(Grouped, String);

impl FromRow for Opened {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self(Grouped::from_row(row)?, row.get(4)?))
    }
}

/// A bundle in one company: what a group consists of.
pub(super) type Place = (Id, String);

/// Events of a group with the same decision.
pub(super) struct Draft<'a> {
    pub(super) event: &'a Event,
    reasons: &'a [Reason],
    pub(super) targets: Targets,
    pub(super) members: Vec<&'a Event>,
}

/// What they share.
type Decision<'a> = (
    (Place, Change, base::Kind, Option<base::Severity>),
    &'a [Reason],
    &'a [Planned],
);

/// Stores these events, and returns their groups.
///
/// # Errors
/// Database errors.
pub(crate) fn collect(
    tx: &mut Tx<'_>,
    vault: &Vault,
    decided: &[(Arc<Event>, &Plan)],
) -> Result<Vec<Grouped>, Error> {
    let groups = open(tx, decided)?;
    let mut rows: Vec<(String, [Value; 10])> = Vec::new();
    let mut members: HashMap<String, Vec<&Event>> = HashMap::new();
    for (place, draft) in by_decision(decided) {
        let Some(group) = groups.get(&place) else {
            continue;
        };
        let (signature, row) = row(tx, vault, group.id, &draft)?;
        members.insert(signature.clone(), draft.members);
        rows.push((signature, row));
    }
    // In order, so that two nodes never deadlock.
    rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    let sets: Vec<(Id, String)> = rows::insert_returning(tx, (SET, COUNTED), rows)?;
    let mut rows: Vec<[Value; 3]> = Vec::with_capacity(decided.len());
    for (set, signature) in sets {
        for event in members.remove(&signature).into_iter().flatten() {
            rows.push([event.id.into(), set.into(), event.subject.id.into()]);
        }
    }
    rows::post(tx, (MEMBER, ""), rows)?;
    Ok(groups.into_values().collect())
}

/// Which of these events have the same decision, and which group they belong to.
pub(super) fn by_decision<'a>(decided: &'a [(Arc<Event>, &'a Plan)]) -> Vec<(Place, Draft<'a>)> {
    let mut drafts: HashMap<Decision<'_>, Draft<'_>> = HashMap::new();
    for (event, plan) in decided {
        // If nobody was considered, nobody is notified.
        if plan.reasons.is_empty() {
            continue;
        }
        let key = (
            (place(event), Change::of(event), event.kind, event.severity),
            plan.reasons.as_slice(),
            plan.deliveries.as_slice(),
        );
        drafts
            .entry(key)
            .or_insert_with(|| Draft {
                event,
                reasons: &plan.reasons,
                targets: targets(plan),
                members: Vec::new(),
            })
            .members
            .push(event);
    }
    let placed = |(((place, ..), ..), draft): (Decision<'_>, Draft<'a>)| (place, draft);
    drafts.into_iter().map(placed).collect()
}

/// The bundle and the company of an event.
fn place(event: &Event) -> Place {
    let company = event.audience.company().map(|id| id.to_string());
    (event.bundle.unwrap_or(event.id), company.unwrap_or_default())
}

fn open(tx: &mut Tx<'_>, decided: &[(Arc<Event>, &Plan)]) -> Result<BTreeMap<Place, Grouped>, Error> {
    let mut places: BTreeMap<Place, (Id, bool)> = BTreeMap::new();
    for (event, _) in decided {
        let is_bulk = event.data.contains_key("many");
        places.entry(place(event)).or_insert((event.id, is_bulk));
    }
    let now = tx.now();
    let mut rows: Vec<[Value; 9]> = Vec::with_capacity(places.len());
    for ((bundle, company), (lead, is_bulk)) in places {
        rows.push([
            tx.id().into(),
            bundle.into(),
            company.into(),
            lead.into(),
            is_bulk.into(),
            "".into(),
            now.into(),
            now.into(),
            0.into(),
        ]);
    }
    let opened: Vec<Opened> = rows::insert_returning(tx, (GROUP, OPEN), rows)?;
    Ok(opened
        .into_iter()
        .map(|Opened(group, company)| ((group.bundle, company), group))
        .collect())
}

/// Where the event is sent as part of a group; without what is sent individually.
fn targets(plan: &Plan) -> Targets {
    Targets {
        inbox: plan.inbox.clone(),
        messages: plan
            .deliveries
            .iter()
            .filter(|planned| planned.batch == Batch::Import)
            .map(GroupTarget::of)
            .collect(),
    }
}

/// The texts of a set, and the text that identifies it when more such events come later.
pub(super) struct Texts {
    reasons: String,
    targets: String,
    pub(super) signature: String,
}

impl Texts {
    pub(super) fn of(vault: &Vault, group: Id, draft: &Draft<'_>) -> Result<Self, Error> {
        let json = |error: serde_json::Error| Error::Decode(error.to_string());
        let reasons = serde_json::to_string(draft.reasons).map_err(json)?;
        let targets = serde_json::to_string(&draft.targets).map_err(json)?;
        let event = draft.event;
        let change = Change::of(event).name();
        let severity = event.severity.map_or("", base::Severity::name);
        let signature = vault.digest(&format!(
            "group {group} {} {severity} {change} {reasons} {targets}",
            event.kind
        ));
        Ok(Self {
            reasons,
            targets,
            signature,
        })
    }
}

fn row(tx: &Tx<'_>, vault: &Vault, group: Id, draft: &Draft<'_>) -> Result<(String, [Value; 10]), Error> {
    let Texts {
        reasons,
        targets,
        signature,
    } = Texts::of(vault, group, draft)?;
    let event = draft.event;
    let count = i64::try_from(draft.members.len()).unwrap_or(i64::MAX);
    let row = [
        tx.id().into(),
        group.into(),
        signature.clone().into(),
        event.kind.into(),
        event.severity.map_or("", base::Severity::name).into(),
        Change::of(event).name().into(),
        event.id.into(),
        count.into(),
        reasons.into(),
        targets.into(),
    ];
    Ok((signature, row))
}

const OF_BUNDLE: &str = "select id, bundle_id, lead_event, is_bulk from event_groups where closed_at = 0 and bundle_id = $1 order by id";
// A bulk change says itself whether there is more to come.
const STALE: &str = "select id, bundle_id, lead_event, is_bulk from event_groups where closed_at = 0 and (updated_at < $1 or is_bulk = 1) order by updated_at limit 20";

/// How long a group may stay open without anything new: far longer than an import pauses between two portions.
const REST: Duration = Duration::from_mins(10);

/// The open groups of a bundle, or those whose bundle was never ended.
///
/// # Errors
/// Database errors.
pub(crate) fn waiting(tx: &mut Tx<'_>, bundle: Option<Id>) -> Result<Vec<Grouped>, Error> {
    if let Some(bundle) = bundle {
        return tx.all(OF_BUNDLE, params![bundle]);
    }
    let long_ago = tx.now().before(REST);
    let stale: Vec<Grouped> = tx.all(STALE, params![long_ago])?;
    let bundles: Vec<Id> = stale.iter().map(|group| group.bundle).collect();
    let busy = outbox::unplanned_bundles(tx, &bundles)?;
    Ok(stale
        .into_iter()
        .filter(|group| !busy.contains(&group.bundle))
        .collect())
}
