//! Reads approvals: one, or a page of those that match.

use access::{Page, PageQuery};
use base::{Id, Scope};
use store::{Error, FromRow, Row, Select, Tx};

use super::approval::{Approval, Status};
use crate::{
    Named, Refused, column,
    order::{self, Order, Sorted},
    text,
};

/// Every query for approvals begins with this.
pub(super) const SELECT: &str = "select a.id, a.company_id, c.name, a.finding_id, f.title, f.severity, a.reason, \
     a.status, a.expires_at, a.requested_by, r.name, a.decided_by, d.name, a.decided_at, a.comment, a.created_at, \
     a.updated_at, a.version, a.accepted_severity from approvals a join companies c on c.id = a.company_id \
     join findings f on f.id = a.finding_id left join users r on r.id = a.requested_by \
     left join users d on d.id = a.decided_by where 1 = 1";

impl FromRow for Approval {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            company: Named {
                id: row.get(1)?,
                name: row.get(2)?,
            },
            finding: Named {
                id: row.get(3)?,
                name: row.get(4)?,
            },
            severity: row.get(5)?,
            reason: row.get(6)?,
            status: row.get(7)?,
            expires_at: row.get(8)?,
            requested_by: column::named(row, 9)?,
            decided_by: column::named(row, 11)?,
            decided_at: column::time(row, 13)?,
            comment: row.get(14)?,
            created_at: row.get(15)?,
            updated_at: row.get(16)?,
            version: row.get(17)?,
            accepted_severity: {
                let severity: String = row.get(18)?;
                if severity.is_empty() {
                    None
                } else {
                    Some(row.get(18)?)
                }
            },
        })
    }
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this company.
    pub company: Option<Id>,
    /// About this finding.
    pub finding: Option<Id>,
    /// Requested by this user.
    pub requested_by: Option<Id>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// With this text in the finding, in any case.
    pub text: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Approval>;

impl Sorted for Approval {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("expires_at", "a.expires_at", |approval| {
            approval.expires_at.nanos()
        }),
        order::down("-expires_at", "a.expires_at", |approval| {
            approval.expires_at.nanos()
        }),
        order::up("updated_at", "a.updated_at", |approval| {
            approval.updated_at.nanos()
        }),
        order::down("-updated_at", "a.updated_at", |approval| {
            approval.updated_at.nanos()
        }),
    ];
    const ID: &'static str = "a.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A page of matching approvals of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Approval>, Refused> {
    let select = Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.company_id = ?", filter.company)
        .filter("a.finding_id = ?", filter.finding)
        .filter("a.requested_by = ?", filter.requested_by)
        .filter(
            "f.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("a.status", &filter.statuses);
    sort.cut(sort.page(select, page)?.all(tx)?, page)
}

/// One approval of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Approval, Refused> {
    one(tx, id, scope, "")
}

/// One approval of a scope, locked until the end of this transaction. Lock its finding before: a deletion locks the two
/// in this order.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Approval, Refused> {
    let lock = tx.for_update("a");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Approval, Refused> {
    Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or(Refused::NotFound)
}
