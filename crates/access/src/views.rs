//! Saved views: named list views of the console.
//!
//! Owns: the table `saved_views`, always by owner. Must not: know what a query means; the console does.

use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::Refused;

/// How many views a user may have.
pub(crate) const MOST: u64 = 100;

store::words! {
    /// A page of the console that shows a list.
    #[expect(missing_docs, reason = "the names are the documentation")]
    pub enum ViewPage (ViewPage, "a page of the console") {
        Findings "findings",
        Scans "scans",
        Assets "assets",
        Projects "projects",
        Agreements "agreements",
        Reports "reports",
        Approvals "approvals",
        Calendar "calendar",
        Inbox "inbox",
    }
}

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SavedView {
    /// Its id.
    pub id: Id,
    /// The page it belongs to.
    pub page: ViewPage,
    /// Its name.
    pub name: String,
    /// The query string of the page's URL, without the `?`; may be empty.
    pub query: String,
    /// When it was saved.
    pub created_at: Time,
}

impl FromRow for SavedView {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            page: row.get(1)?,
            name: row.get(2)?,
            query: row.get(3)?,
            created_at: row.get(4)?,
        })
    }
}

const SELECT: &str = "select id, page, name, query, created_at from saved_views where 1 = 1";

/// The views of a user, in the order they were saved; only of one page if given.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    user: Id,
    page: Option<ViewPage>,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<SavedView>, Error> {
    Select::new(SELECT)
        .filter("user_id = ?", Some(user))
        .filter("page = ?", page)
        .filter("id > ?", after)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)
}

const COUNT: &str = "select count(*) from saved_views where user_id = $1";
const INSERT: &str = "insert into saved_views (id, user_id, page, name, query, created_at) \
     values ($1, $2, $3, $4, $5, $6)";

/// Saves a view of a user.
///
/// # Errors
/// 409 for a name that the page already has, 422 for more than [`MOST`].
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    user: Id,
    page: ViewPage,
    (name, query): (String, String),
) -> Result<SavedView, Refused> {
    let made = tx.one::<(u64,)>(COUNT, params![user])?;
    if made.is_some_and(|(count,)| count >= MOST) {
        return Err(Refused::field(
            "name",
            format!("you already have {MOST} saved views; delete one first"),
        ));
    }
    let (id, created_at) = (tx.id(), tx.now());
    tx.execute(INSERT, params![id, user, page, &name, &query, created_at])
        .map_err(refused)?;
    Ok(SavedView {
        id,
        page,
        name,
        query,
        created_at,
    })
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Unique => Refused::conflict("This page already has a saved view with this name."),
        // The user was deleted meanwhile, and their credentials too.
        Error::Foreign => Refused::SignedOut,
        other => other.into(),
    }
}

const UPDATE: &str = "update saved_views set name = coalesce($3, name), query = coalesce($4, query) \
     where id = $1 and user_id = $2 returning id, page, name, query, created_at";

/// Changes a view of a user; `None` leaves a field unchanged.
///
/// # Errors
/// 404 if they have none with this id, 409 for a name that the page already has.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    user: Id,
    id: Id,
    (name, query): (Option<String>, Option<String>),
) -> Result<SavedView, Refused> {
    tx.one(UPDATE, params![id, user, name, query])
        .map_err(refused)?
        .ok_or(Refused::NotFound)
}

const DELETE: &str = "delete from saved_views where id = $1 and user_id = $2";

/// Deletes a view of a user.
///
/// # Errors
/// 404 if they have none with this id.
pub(crate) fn delete(tx: &mut Tx<'_>, user: Id, id: Id) -> Result<(), Refused> {
    match tx.execute(DELETE, params![id, user])? {
        0 => Err(Refused::NotFound),
        _ => Ok(()),
    }
}
