//! Reads reports: one, its parts, or a page of those that match.

use access::{Page, PageQuery};
use base::{Id, Scope};
use store::{Error, FromRow, Row, Select, Tx};

use super::report::{Format, Report, Status};
use crate::{
    Named, Place, Refused, column,
    order::{self, Order, Sorted},
    text,
};

const SELECT: &str = "select r.id, r.company_id, c.name, r.project_id, p.name, r.name, r.format, r.filter, r.status, \
     r.findings, r.size, r.error, r.created_by, u.name, r.created_at, r.updated_at, r.finished_at from reports r \
     join companies c on c.id = r.company_id left join projects p on p.id = r.project_id \
     left join users u on u.id = r.created_by where 1 = 1";

impl FromRow for Report {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let contents: String = row.get(7)?;
        let count = |index| {
            row.get::<i64>(index)
                .map(|number| u64::try_from(number).unwrap_or(0))
        };
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
            format: row.get(6)?,
            contents: serde_json::from_str(&contents)
                .map_err(|error| Error::Decode(format!("the contents of a report: {error}")))?,
            status: row.get(8)?,
            findings: count(9)?,
            size: count(10)?,
            error: row.get(11)?,
            created_by: column::named(row, 12)?,
            created_at: row.get(14)?,
            updated_at: row.get(15)?,
            finished_at: column::time(row, 16)?,
        })
    }
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
    /// In one of these formats; empty for all.
    pub formats: Vec<Format>,
    /// With this text in the name, in any case.
    pub text: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Report>;

impl Sorted for Report {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("updated_at", "r.updated_at", |report| report.updated_at.nanos()),
        order::down("-updated_at", "r.updated_at", |report| report.updated_at.nanos()),
    ];
    const ID: &'static str = "r.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A page of matching reports of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Report>, Refused> {
    let select = Select::new(SELECT)
        .scope("r.company_id", scope)
        .filter("r.company_id = ?", filter.company)
        .filter("r.project_id = ?", filter.project)
        .filter(
            "r.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("r.status", &filter.statuses)
        .among("r.format", &filter.formats);
    sort.cut(sort.page(select, page)?.all(tx)?, page)
}

/// One report of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Report, Refused> {
    one(tx, id, scope, "")
}

/// One report of a scope, locked until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Report, Refused> {
    let lock = tx.for_update("r");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Report, Refused> {
    Select::new(SELECT)
        .scope("r.company_id", scope)
        .filter("r.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or(Refused::NotFound)
}

const PART: &str =
    "select p.body from report_parts p join reports r on r.id = p.report_id where r.status = 'ready'";

/// A part of a ready report of the scope; none after the last one.
///
/// # Errors
/// The store's.
pub fn part(tx: &mut Tx<'_>, id: Id, scope: &Scope, part: i64) -> Result<Option<String>, Error> {
    Ok(Select::new(PART)
        .scope("r.company_id", scope)
        .filter("p.report_id = ?", Some(id))
        .filter("p.part = ?", Some(part))
        .one::<(String,)>(tx)?
        .map(|(body,)| body))
}
