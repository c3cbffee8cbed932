//! Reads projects: one, or a page of those that match.

use access::{Page, PageQuery, Problem};
use base::{Id, Scope, SubjectType, Time};
use store::{Error, FromRow, Row, Select, Tx, params};

use super::{Project, Status};
use crate::{
    Date, Named, column,
    order::{self, Order, Sorted},
    owned::{self, Owned},
    tags, text,
};

const SELECT: &str = "select p.id, p.company_id, c.name, p.name, p.description, p.status, p.starts_at, p.ends_at, \
     p.created_at, p.updated_at, p.tags from projects p join companies c on c.id = p.company_id where 1 = 1";

impl FromRow for Project {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let day = |time: Option<Time>| time.map(Date::of);
        Ok(Self {
            id: row.get(0)?,
            company: Named {
                id: row.get(1)?,
                name: row.get(2)?,
            },
            name: row.get(3)?,
            description: row.get(4)?,
            status: row.get(5)?,
            starts_on: day(column::time(row, 6)?),
            ends_on: day(column::time(row, 7)?),
            created_at: row.get(8)?,
            updated_at: row.get(9)?,
            tags: tags::read(&row.get::<String>(10)?)?,
            owned: Owned::default(),
        })
    }
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<Id>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// With this text in name or description, in any case.
    pub text: Option<String>,
    /// With this tag, in any case.
    pub tag: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Project>;

impl Sorted for Project {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("starts_on", "p.starts_at", |project| midnight(project.starts_on)),
        order::down("-starts_on", "p.starts_at", |project| midnight(project.starts_on)),
        order::up("ends_on", "p.ends_at", |project| midnight(project.ends_on)),
        order::down("-ends_on", "p.ends_at", |project| midnight(project.ends_on)),
        order::up("updated_at", "p.updated_at", |project| project.updated_at.nanos()),
        order::down("-updated_at", "p.updated_at", |project| {
            project.updated_at.nanos()
        }),
    ];
    const ID: &'static str = "p.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A day as stored in the column.
fn midnight(day: Option<Date>) -> i64 {
    column::time_or_none(day.map(Date::midnight)).nanos()
}

const OF_TAG: &str = " and p.id in (select x.project_id from project_tags x where x.tag = ?)";

/// A page of matching projects of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Project>, Problem> {
    let mut select = Select::new(SELECT)
        .scope("p.company_id", scope)
        .filter("p.company_id = ?", filter.company)
        .filter(
            "p.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("p.status", &filter.statuses);
    if let Some(tag) = &filter.tag {
        select = select.push(OF_TAG, vec![tags::key(tag).into()]);
    }
    let projects = sort.page(select, page)?.all(tx)?;
    sort.cut(with_owners(tx, projects)?, page)
}

/// One project of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Project, Problem> {
    one(tx, id, scope, "")
}

/// One project of a scope, locked against changes and references until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Project, Problem> {
    let lock = tx.for_update("p");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Project, Problem> {
    let project: Project = Select::new(SELECT)
        .scope("p.company_id", scope)
        .filter("p.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or_else(Problem::not_found)?;
    with_owners(tx, vec![project])?
        .pop()
        .ok_or_else(Problem::not_found)
}

fn with_owners(tx: &mut Tx<'_>, mut projects: Vec<Project>) -> Result<Vec<Project>, Error> {
    let mut owned = owned::of(
        tx,
        SubjectType::Project,
        projects.iter().map(|project| project.id),
    )?;
    for project in &mut projects {
        project.owned = owned.remove(&project.id).unwrap_or_default();
    }
    Ok(projects)
}

const IN_COMPANY: &str = "select id, name from projects where id = $1 and company_id = $2";

/// A project of this company, which cannot be deleted until the end of this transaction.
///
/// # Errors
/// 422 naming `project_id`, for one of another company as for one that does not exist.
pub fn in_company(tx: &mut Tx<'_>, company: Id, id: Id) -> Result<Named, Problem> {
    let sql = format!("{IN_COMPANY}{}", tx.for_share("projects"));
    tx.one::<(Id, String)>(&sql, params![id, company])?
        .map(|(id, name)| Named { id, name })
        .ok_or_else(|| Problem::field("project_id", "must be a project of the company"))
}
