//! Reads agreements: one, or a page of those that match.

use access::{Page, PageQuery, Problem};
use base::{Id, Scope};
use store::{Error, FromRow, Row, Select, Tx};

use super::{Agreement, Status};
use crate::{
    Date, Named, column,
    order::{self, Order, Sorted},
    text,
};

const SELECT: &str = "select a.id, a.company_id, c.name, a.name, a.reference, a.description, a.status, a.starts_at, \
     a.expires_at, a.hours, a.hours_used, a.created_at, a.updated_at from agreements a \
     join companies c on c.id = a.company_id where 1 = 1";

impl FromRow for Agreement {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let hours: i64 = row.get(9)?;
        Ok(Self {
            id: row.get(0)?,
            company: Named {
                id: row.get(1)?,
                name: row.get(2)?,
            },
            name: row.get(3)?,
            reference: row.get(4)?,
            description: row.get(5)?,
            status: row.get(6)?,
            starts_on: column::time(row, 7)?.map(Date::of),
            expires_on: Date::of(row.get(8)?),
            hours: u32::try_from(hours).ok(),
            hours_used: row.get(10)?,
            created_at: row.get(11)?,
            updated_at: row.get(12)?,
        })
    }
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// With this company.
    pub company: Option<Id>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// With this text in name, reference or description, in any case.
    pub text: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Agreement>;

impl Sorted for Agreement {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("expires_on", "a.expires_at", |agreement| {
            agreement.expires_on.midnight().nanos()
        }),
        order::down("-expires_on", "a.expires_at", |agreement| {
            agreement.expires_on.midnight().nanos()
        }),
        order::up("updated_at", "a.updated_at", |agreement| {
            agreement.updated_at.nanos()
        }),
        order::down("-updated_at", "a.updated_at", |agreement| {
            agreement.updated_at.nanos()
        }),
    ];
    const ID: &'static str = "a.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A page of matching agreements of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Agreement>, Problem> {
    let select = Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.company_id = ?", filter.company)
        .filter(
            "a.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("a.status", &filter.statuses);
    sort.cut(sort.page(select, page)?.all(tx)?, page)
}

/// One agreement of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Agreement, Problem> {
    one(tx, id, scope, "")
}

/// One agreement of a scope, locked until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Agreement, Problem> {
    let lock = tx.for_update("a");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Agreement, Problem> {
    Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or_else(Problem::not_found)
}
