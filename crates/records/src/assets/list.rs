//! Reads assets: one, or a page of those that match.

use access::{Page, PageQuery, Problem};
use base::{Id, Scope, SubjectType};
use store::{Error, FromRow, Row, Select, Tx, params};

use super::{Asset, Criticality, Kind, Status};
use crate::{
    Named,
    order::{self, Order, Sorted},
    owned::{self, Owned},
    tags, text,
};

const SELECT: &str = "select a.id, a.company_id, c.name, a.name, a.kind, a.identifier, a.description, a.criticality, \
     a.status, a.created_at, a.updated_at, a.tags from assets a join companies c on c.id = a.company_id where 1 = 1";

impl FromRow for Asset {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            company: Named {
                id: row.get(1)?,
                name: row.get(2)?,
            },
            name: row.get(3)?,
            kind: row.get(4)?,
            identifier: row.get(5)?,
            description: row.get(6)?,
            criticality: row.get(7)?,
            status: row.get(8)?,
            created_at: row.get(9)?,
            updated_at: row.get(10)?,
            tags: tags::read(&row.get::<String>(11)?)?,
            owned: Owned::default(),
        })
    }
}

/// Filters; none means no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this company.
    pub company: Option<Id>,
    /// Of one of these kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// In one of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// Of one of these criticalities; empty for all.
    pub criticalities: Vec<Criticality>,
    /// With this text in name, identifier or description, in any case.
    pub text: Option<String>,
    /// With this tag, in any case.
    pub tag: Option<String>,
}

/// The sort order.
pub type Sort = order::Sort<Asset>;

impl Sorted for Asset {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("updated_at", "a.updated_at", |asset| asset.updated_at.nanos()),
        order::down("-updated_at", "a.updated_at", |asset| asset.updated_at.nanos()),
    ];
    const ID: &'static str = "a.id";

    fn id(&self) -> Id {
        self.id
    }
}

const OF_TAG: &str = " and a.id in (select x.asset_id from asset_tags x where x.tag = ?)";

/// A page of matching assets of a scope.
///
/// # Errors
/// 422 for an invalid limit or cursor.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    page: &PageQuery,
) -> Result<Page<Asset>, Problem> {
    let mut select = Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.company_id = ?", filter.company)
        .filter(
            "a.search like ? escape '!'",
            filter.text.as_deref().map(text::pattern),
        )
        .among("a.kind", &filter.kinds)
        .among("a.status", &filter.statuses)
        .among("a.criticality", &filter.criticalities);
    if let Some(tag) = &filter.tag {
        select = select.push(OF_TAG, vec![tags::key(tag).into()]);
    }
    let assets = sort.page(select, page)?.all(tx)?;
    sort.cut(with_owners(tx, assets)?, page)
}

/// One asset of a scope.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Asset, Problem> {
    one(tx, id, scope, "")
}

/// One asset of a scope, locked against changes and references until the end of this transaction.
///
/// # Errors
/// 404.
pub fn get_for_update(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Asset, Problem> {
    let lock = tx.for_update("a");
    one(tx, id, scope, &lock)
}

fn one(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<Asset, Problem> {
    let asset: Asset = Select::new(SELECT)
        .scope("a.company_id", scope)
        .filter("a.id = ?", Some(id))
        .push(lock, Vec::new())
        .one(tx)?
        .ok_or_else(Problem::not_found)?;
    with_owners(tx, vec![asset])?.pop().ok_or_else(Problem::not_found)
}

fn with_owners(tx: &mut Tx<'_>, mut assets: Vec<Asset>) -> Result<Vec<Asset>, Error> {
    let mut owned = owned::of(tx, SubjectType::Asset, assets.iter().map(|asset| asset.id))?;
    for asset in &mut assets {
        asset.owned = owned.remove(&asset.id).unwrap_or_default();
    }
    Ok(assets)
}

const IN_COMPANY: &str = "select id, name from assets where id = $1 and company_id = $2";

/// An asset of this company, which cannot be deleted until the end of this transaction.
///
/// # Errors
/// 422 naming `asset_id`, for one of another company as for one that does not exist.
pub fn in_company(tx: &mut Tx<'_>, company: Id, id: Id) -> Result<Named, Problem> {
    let sql = format!("{IN_COMPANY}{}", tx.for_share("assets"));
    tx.one::<(Id, String)>(&sql, params![id, company])?
        .map(|(id, name)| Named { id, name })
        .ok_or_else(|| Problem::field("asset_id", "must be an asset of the company"))
}
