//! Lists targets.

use access::{Page, PageQuery};
use base::{Id, Scope, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, Value, rows};

use crate::{
    Named, Place, Refused, column,
    findings::Status,
    order::{self, Order, Sorted},
};

/// A target with its current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: Id,
    /// The company and the project it belongs to.
    pub place: Place,
    /// The tool, as named by its first scan report.
    pub tool: String,
    /// Its name; empty for the whole project.
    pub name: String,
    /// The scan of its latest scan report.
    pub last_scan: Option<Id>,
    /// When that scan report was created.
    pub reported_at: Option<Time>,
    /// When it was retired.
    pub retired_at: Option<Time>,
    /// Open findings.
    pub open: u64,
    /// When it was created.
    pub created_at: Time,
}

/// A target as the API returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Target)]
pub struct View {
    /// Its id.
    pub id: Id,
    /// The company it belongs to.
    pub company_id: Id,
    /// That company's name.
    pub company_name: String,
    /// The project it belongs to.
    pub project_id: Option<Id>,
    /// That project's name.
    pub project_name: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its name, such as an image or a host; null for the whole project.
    pub target: Option<String>,
    /// The scan of its latest scan report; null if it was undone or deleted.
    pub last_scan_id: Option<Id>,
    /// When that scan report was created, by its own clock if it has one.
    pub last_report_at: Option<Time>,
    /// Whether there has been no scan report for 30 days.
    pub stale: bool,
    /// When it was retired; null if it is not. The next scan report reactivates it.
    pub retired_at: Option<Time>,
    /// Open findings.
    pub open: u64,
    /// When it was created.
    pub created_at: Time,
}

/// After how long without a scan report a target is stale.
const STALE: std::time::Duration = std::time::Duration::from_hours(30 * 24);

impl Target {
    /// As the API returns it.
    pub fn view(self, now: Time) -> View {
        let (project_id, project_name) = Named::split(self.place.project);
        let last = self.reported_at.unwrap_or(self.created_at);
        View {
            id: self.id,
            company_id: self.place.company.id,
            company_name: self.place.company.name,
            project_id,
            project_name,
            tool: self.tool,
            target: (!self.name.is_empty()).then_some(self.name),
            last_scan_id: self.last_scan,
            last_report_at: self.reported_at,
            stale: self.retired_at.is_none() && last.after(STALE) < now,
            retired_at: self.retired_at,
            open: self.open,
            created_at: self.created_at,
        }
    }
}

const SELECT: &str = "select t.id, t.company_id, c.name, t.project_id, p.name, t.tool_name, t.name, t.last_scan_id, \
     t.reported_at, t.retired_at, t.created_at, (select count(*) from findings f where f.target_id = t.id \
     and f.target_id <> '' and f.status in ('open', 'in_progress', 'retest')) from scan_targets t \
     join companies c on c.id = t.company_id left join projects p on p.id = t.project_id where 1 = 1";

impl FromRow for Target {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let open: i64 = row.get(11)?;
        Ok(Self {
            id: row.get(0)?,
            place: Place {
                company: Named {
                    id: row.get(1)?,
                    name: row.get(2)?,
                },
                project: column::named(row, 3)?,
            },
            tool: row.get(5)?,
            name: row.get(6)?,
            last_scan: column::id(row, 7)?,
            reported_at: column::time(row, 8)?,
            retired_at: column::time(row, 9)?,
            created_at: row.get(10)?,
            open: u64::try_from(open).unwrap_or_default(),
        })
    }
}

impl Sorted for Target {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("last_report_at", "t.reported_at", |target| {
            target.reported_at.map_or(0, Time::nanos)
        }),
        order::down("-last_report_at", "t.reported_at", |target| {
            target.reported_at.map_or(0, Time::nanos)
        }),
    ];
    const ID: &'static str = "t.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// The sort order.
pub(super) type Sort = order::Sort<Target>;

/// A page of the targets of a scope, optionally of a company and a project.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    (company, project): (Option<Id>, Option<Id>),
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Target>, Refused> {
    let select = Select::new(SELECT)
        .scope("t.company_id", scope)
        .filter("t.company_id = ?", company)
        .filter("t.project_id = ?", project);
    sort.cut(sort.page(select, page)?.all(tx)?, page)
}

/// One target of a scope, read-only.
///
/// # Errors
/// 404.
pub(super) fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Target, Refused> {
    Select::new(SELECT)
        .scope("t.company_id", scope)
        .filter("t.id = ?", Some(id))
        .one(tx)?
        .ok_or(Refused::NotFound)
}

/// One target of a scope, locked until the end of this transaction.
///
/// # Errors
/// 404.
pub(super) fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Target, Refused> {
    let lock = tx.for_update("t");
    Select::new(SELECT)
        .scope("t.company_id", scope)
        .filter("t.id = ?", Some(id))
        .push(&lock, Vec::new())
        .one(tx)?
        .ok_or(Refused::NotFound)
}

const OPEN: &str = "select f.severity, count(*) from findings f where f.target_id <> ''";

/// The open findings of these targets by severity.
///
/// # Errors
/// The store's.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    targets: &[Id],
) -> Result<std::collections::BTreeMap<base::Severity, u64>, Error> {
    let mut counts = std::collections::BTreeMap::new();
    for chunk in rows::portions(targets) {
        let rows: Vec<(base::Severity, i64)> = Select::new(OPEN)
            .within("f.target_id", chunk)
            .within("f.status", Status::OPEN)
            .push(" group by f.severity", Vec::<Value>::new())
            .all(tx)?;
        for (severity, count) in rows {
            *counts.entry(severity).or_default() += u64::try_from(count).unwrap_or_default();
        }
    }
    Ok(counts)
}
