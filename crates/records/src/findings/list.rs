//! Reads findings: one, or a page of those that match.

use access::{Page, PageQuery, directory};
use base::{Id, Scope, Severity, Time};
use store::{PARTS, Select, Tx};

use super::{deadline::Deadline, finding::Finding, identifiers, row, status::Status};
use crate::{
    Refused,
    by::rank,
    order::{self, Order, Sorted},
    tags, text,
};

/// A filter by assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignee {
    /// Assigned directly to this user.
    Person(Id),
    /// Assigned directly to this user or team.
    Either(Id),
    /// Without assignees.
    Nobody,
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<Id>,
    /// Of this project.
    pub project: Option<Id>,
    /// About this asset.
    pub asset: Option<Id>,
    /// First or last found by this scan.
    pub scan: Option<Id>,
    /// With this CVE, GHSA or other identifier, in any case.
    pub identifier: Option<String>,
    /// Of this tool, as findings name it.
    pub tool: Option<String>,
    /// With this tag, in any case.
    pub tag: Option<String>,
    /// In this component.
    pub component: Option<String>,
    /// Of this target.
    pub target: Option<Target>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// Of one of these severities; empty for all.
    pub severities: Vec<Severity>,
    /// Assigned like this.
    pub assignee: Option<Assignee>,
    /// Open, and with this deadline.
    pub sla: Option<Deadline>,
    /// Accepted before an approval was required, or not.
    pub accepted_without_approval: Option<bool>,
    /// With this text in title, location, rule, CWE, tool or description, in any case.
    pub text: Option<String>,
}

impl Filter {
    /// Whether findings must be scanned one by one: no index covers the filter.
    pub(super) const fn searches(&self) -> bool {
        self.text.is_some() || self.tool.is_some() || self.accepted_without_approval.is_some()
    }
}

/// A target of scan reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By its id.
    Id(Id),
    /// By its name.
    Named(String),
}

/// The sort order.
pub type Sort = order::Sort<Finding>;

/// No deadline is later than any deadline.
const DUE: &str = "case f.sla_due_at when 0 then 9223372036854775807 else f.sla_due_at end";

impl Sorted for Finding {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::down("-severity", "f.severity_rank", |finding| rank(finding.severity)),
        order::up("severity", "f.severity_rank", |finding| rank(finding.severity)),
        order::up("sla_due_at", DUE, |finding| {
            finding.sla_due_at.map_or(i64::MAX, Time::nanos)
        }),
        order::down("-sla_due_at", "f.sla_due_at", |finding| {
            finding.sla_due_at.map_or(0, Time::nanos)
        }),
        order::down("-updated_at", "f.updated_at", |finding| {
            finding.updated_at.nanos()
        }),
        order::up("updated_at", "f.updated_at", |finding| finding.updated_at.nanos()),
    ];
    const ID: &'static str = "f.id";

    fn id(&self) -> Id {
        self.id
    }
}

// Looked up separately, by indexes that leave out '': SQLite must see that the value is not ''.
const OF_ASSET: &str = " and f.id in (select x.id from findings x where x.asset_id = ? and x.asset_id <> '')";
const OF_SCAN: &str = " and f.id in (select x.id from findings x where (x.last_scan_id = ? and x.last_scan_id <> '') \
     or (x.first_scan_id = ? and x.first_scan_id <> ''))";

const WITHOUT_APPROVAL: &str = "f.status = 'accepted_risk' and not exists (select 1 from approvals h \
     where h.finding_id = f.id and h.status = 'approved')";
const OF_IDENTIFIER: &str =
    " and f.id in (select x.finding_id from finding_identifiers x where x.identifier = ?)";
const OF_TAG: &str = " and f.id in (select x.finding_id from finding_tags x where x.tag = ?)";
const OF_TARGET: &str = " and f.target_id = ? and f.target_id <> ''";
const OF_TARGETS: &str =
    " and f.target_id <> '' and f.target_id in (select x.id from scan_targets x where x.name = ?)";
const OF_COMPONENT: &str = " and f.component = ? and f.component <> ''";

const ASSIGNED_EITHER: &str = " and f.id in (select a.finding_id from finding_users a where a.user_id = ? \
     union all select b.finding_id from finding_teams b where b.team_id = ?)";
const ASSIGNED_TO: &str = " and f.id in (select a.finding_id from finding_users a where a.user_id = ?)";

/// A page of matching findings of a scope. For each company the first few ids are read in the order of its own index,
/// so that a page of a hundred thousand findings of several companies costs no more than one of a few.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Finding>, Refused> {
    let mut findings = Vec::new();
    for places in places(tx, scope, filter)?.chunks(PARTS) {
        let parts = places.iter().map(|place| {
            narrow(
                sort.part("findings f").scope("f.company_id", place),
                filter,
                tx.now(),
            )
        });
        let ids = sort.ids(parts.collect(), page)?;
        let select = Select::new(row::SELECT).inside("f.id", ids);
        findings.extend(row::all(tx, &select)?);
    }
    sort.sort(&mut findings);
    sort.cut(findings, page)
}

/// The scopes to read, each separately: each company, or all at once for a separate lookup that belongs to one company.
fn places(tx: &mut Tx<'_>, scope: &Scope, filter: &Filter) -> Result<Vec<Scope>, Refused> {
    let looked_up =
        filter.asset.or(filter.scan).is_some() || filter.identifier.is_some() || filter.target.is_some();
    if looked_up && filter.company.is_none() {
        return Ok(vec![scope.clone()]);
    }
    let companies = directory::companies(tx, scope, filter.company)?;
    if companies.is_empty() {
        return Ok(vec![Scope::of([])]);
    }
    Ok(companies
        .into_iter()
        .map(|company| Scope::of([company]))
        .collect())
}

/// Applies the filters other than the company.
fn narrow(select: Select, filter: &Filter, now: Time) -> Select {
    let mut select = select.filter("f.project_id = ?", filter.project);
    if let Some(asset) = filter.asset {
        select = select.push(OF_ASSET, vec![asset.into()]);
    }
    if let Some(scan) = filter.scan {
        select = select.push(OF_SCAN, vec![scan.into(), scan.into()]);
    }
    if let Some(identifier) = &filter.identifier {
        select = select.push(OF_IDENTIFIER, vec![identifiers::key(identifier).into()]);
    }
    if let Some(tag) = &filter.tag {
        select = select.push(OF_TAG, vec![tags::key(tag).into()]);
    }
    if let Some(component) = &filter.component {
        select = select.push(OF_COMPONENT, vec![component.as_str().into()]);
    }
    select = match &filter.target {
        Some(Target::Id(id)) => select.push(OF_TARGET, vec![(*id).into()]),
        Some(Target::Named(name)) => select.push(OF_TARGETS, vec![name.as_str().into()]),
        None => select,
    };
    select = select.filter("f.tool = ?", filter.tool.as_deref());
    if let Some(deadline) = filter.sla {
        select = deadline.narrow(select, now);
    }
    let select = match filter.assignee {
        None => select,
        Some(Assignee::Person(person)) => select.push(ASSIGNED_TO, vec![person.into()]),
        Some(Assignee::Either(id)) => select.push(ASSIGNED_EITHER, vec![id.into(), id.into()]),
        Some(Assignee::Nobody) => select.push(" and f.assigned = 0", Vec::new()),
    };
    let select = match filter.accepted_without_approval {
        None => select,
        Some(true) => select.push(&format!(" and {WITHOUT_APPROVAL}"), Vec::new()),
        Some(false) => select.push(&format!(" and not ({WITHOUT_APPROVAL})"), Vec::new()),
    };
    let ranks: Vec<i64> = filter.severities.iter().copied().map(rank).collect();
    select
        .among("f.status", &filter.statuses)
        .among("f.severity_rank", &ranks)
        .filter(
            "f.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
}

/// One finding of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Finding, Refused> {
    one(tx, id, scope, "")
}

/// One finding of a scope, locked until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Finding, Refused> {
    let lock = tx.for_update("f");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Finding, Refused> {
    let select = Select::new(row::SELECT)
        .scope("f.company_id", scope)
        .filter("f.id = ?", Some(id))
        .push(lock, Vec::new());
    row::all(tx, &select)?.pop().ok_or(Refused::NotFound)
}
