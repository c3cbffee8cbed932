//! Reads scans: one, or a page of those that match.

use access::{Page, PageQuery};
use base::{Id, Scope, Time};
use store::{Error, FromRow, Row, Select, Tx};

use super::{scan::Scan, status::Status};
use crate::{
    Named, Place, Refused, column,
    order::{self, Order, Sorted},
    text,
};

const SELECT: &str = "select s.id, s.company_id, c.name, s.project_id, p.name, s.name, s.tool, s.status, \
     s.scheduled_at, s.started_at, s.finished_at, s.counts, s.error, s.created_by, s.created_at, s.updated_at, \
     s.report, s.undone_at \
     from scans s join companies c on c.id = s.company_id left join projects p on p.id = s.project_id where 1 = 1";

impl FromRow for Scan {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            place: Place {
                company: Named {
                    id: row.get(1)?,
                    name: row.get(2)?,
                },
                project: column::named(row, 3)?,
            },
            name: row.get(5)?,
            tool: row.get(6)?,
            status: row.get(7)?,
            scheduled_at: column::time(row, 8)?,
            started_at: column::time(row, 9)?,
            finished_at: column::time(row, 10)?,
            counts: json(&row.get::<String>(11)?)?,
            error: row.get(12)?,
            created_by: column::id(row, 13)?,
            created_at: row.get(14)?,
            updated_at: row.get(15)?,
            report: json(&row.get::<String>(16)?)?,
            undone_at: column::time(row, 17)?,
        })
    }
}

/// A value stored as JSON; none for an empty text.
fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<Option<T>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| Error::Decode(format!("a scan: {error}")))
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<Id>,
    /// Of this project.
    pub project: Option<Id>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// With this text in name or tool, in any case.
    pub text: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Scan>;

impl Sorted for Scan {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("scheduled_at", "s.scheduled_at", |scan| {
            scan.scheduled_at.map_or(0, Time::nanos)
        }),
        order::down("-scheduled_at", "s.scheduled_at", |scan| {
            scan.scheduled_at.map_or(0, Time::nanos)
        }),
        order::up("updated_at", "s.updated_at", |scan| scan.updated_at.nanos()),
        order::down("-updated_at", "s.updated_at", |scan| scan.updated_at.nanos()),
    ];
    const ID: &'static str = "s.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A page of matching scans of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Scan>, Refused> {
    let select = Select::new(SELECT)
        .scope("s.company_id", scope)
        .filter("s.company_id = ?", filter.company)
        .filter("s.project_id = ?", filter.project)
        .filter(
            "s.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("s.status", &filter.statuses);
    sort.cut(sort.page(select, page)?.all(tx)?, page)
}

/// One scan of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Scan, Refused> {
    one(tx, id, scope, "")
}

/// One scan of a scope, locked until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Scan, Refused> {
    let lock = tx.for_update("s");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Scan, Refused> {
    Select::new(SELECT)
        .scope("s.company_id", scope)
        .filter("s.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or(Refused::NotFound)
}
