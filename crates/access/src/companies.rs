//! Companies and their members: the database rows.

use base::{Id, Scope, Time};
use serde::{Deserialize, Serialize};
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{AccessChange, Refused, Role};

/// A company: a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Company {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Whether messages about it by email and chat hide details: no title, project, location, user or comment.
    pub minimal_messages: bool,
    /// When it was added.
    pub created_at: Time,
}

/// A member of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// The user's id.
    pub user_id: Id,
    /// Their name.
    pub name: String,
    /// Their email address.
    pub email: String,
    /// What they may do there.
    pub role: Role,
}

impl FromRow for Company {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            minimal_messages: row.get(2)?,
            created_at: row.get(3)?,
        })
    }
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user_id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            role: row.get(3)?,
        })
    }
}

const SELECT: &str = "select id, name, minimal_messages, created_at from companies where 1 = 1";

/// The company of this id.
///
/// # Errors
/// 404 outside the scope.
pub(crate) fn find(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Company, Refused> {
    Select::new(SELECT)
        .scope("id", scope)
        .filter("id = ?", Some(id))
        .one(tx)?
        .ok_or(Refused::NotFound)
}

/// The companies of the scope, in order of creation.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<Company>, Error> {
    Select::new(SELECT)
        .scope("id", scope)
        .filter("id > ?", after)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)
}

const INSERT: &str = "insert into companies (id, name, minimal_messages, created_at, updated_at) \
     values ($1, $2, 0, $3, $3)";

/// Adds a company without members.
pub(crate) fn insert(tx: &mut Tx<'_>, name: String) -> Result<Company, Error> {
    let (id, created_at) = (tx.id(), tx.now());
    tx.execute(INSERT, params![id, &name, created_at])?;
    Ok(Company {
        id,
        name,
        minimal_messages: false,
        created_at,
    })
}

const TOUCH: &str = "update companies set updated_at = $2 where id = $1";
const RENAME: &str = "update companies set name = $2 where id = $1";
const SET_MINIMAL_MESSAGES: &str = "update companies set minimal_messages = $2 where id = $1";

/// A change of a company; the rest stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) minimal_messages: Option<bool>,
}

/// Changes a company of the scope; returns it before and after.
///
/// # Errors
/// 404 if there is none.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    id: Id,
    scope: &Scope,
    change: Change,
) -> Result<(Company, Company), Refused> {
    // Locked by a write before it is read, so that what is read is still current when it changes.
    let now = tx.now();
    tx.execute(TOUCH, params![id, now])?;
    let was = find(tx, id, scope)?;
    if let Some(name) = change.name {
        tx.execute(RENAME, params![id, name])?;
    }
    if let Some(on) = change.minimal_messages {
        tx.execute(SET_MINIMAL_MESSAGES, params![id, on])?;
    }
    Ok((was, find(tx, id, scope)?))
}

const DELETE: &str = "delete from companies where id = $1";
const MEMBER_IDS: &str = "select user_id from memberships where company_id = $1 order by user_id";

/// Deletes a company with its memberships and teams; returns it, and whose access ended.
///
/// # Errors
/// 404 if there is none, 409 while it has records.
pub(crate) fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(Company, Vec<AccessChange>), Refused> {
    let was = find(tx, id, &Scope::All)?;
    let members: Vec<(Id,)> = tx.all(MEMBER_IDS, params![id])?;
    match tx.execute(DELETE, params![id]) {
        Ok(0) => Err(Refused::NotFound),
        Ok(_) => {
            let ended = members.into_iter().map(|(user,)| AccessChange::User(user));
            Ok((was, ended.collect()))
        }
        Err(Error::Foreign) => Err(Refused::conflict(
            "The company still has records. Delete them first.",
        )),
        Err(other) => Err(other.into()),
    }
}

const MEMBERS: &str = "select u.id, u.name, u.email, m.role from memberships m join users u on u.id = m.user_id \
     where m.company_id = $1 order by u.id";

/// The members of a company that the caller may see.
pub(crate) fn members(tx: &mut Tx<'_>, company: Id) -> Result<Vec<Member>, Error> {
    tx.all(MEMBERS, params![company])
}

const SET_MEMBER: &str = "insert into memberships (company_id, user_id, role, created_at) values ($1, $2, $3, $4) \
     on conflict (company_id, user_id) do update set role = excluded.role";
const PERSON: &str = "select name, email from users where id = $1";
const ROLE: &str = "select role from memberships where company_id = $1 and user_id = $2";

/// Adds a user as a member, or changes a member's role; returns the previous role, if any, and the member.
///
/// # Errors
/// 404 if there is no such company or user.
pub(crate) fn set_member(
    tx: &mut Tx<'_>,
    company: Id,
    user: Id,
    role: Role,
) -> Result<(Option<Role>, Member), Refused> {
    find(tx, company, &Scope::All)?;
    let (name, email) = tx
        .one::<(String, String)>(PERSON, params![user])?
        .ok_or(Refused::NotFound)?;
    let role_of = format!("{ROLE}{}", tx.for_update("memberships"));
    let had = tx.one::<(Role,)>(&role_of, params![company, user])?;
    let now = tx.now();
    tx.execute(SET_MEMBER, params![company, user, role, now])?;
    let member = Member {
        user_id: user,
        name,
        email,
        role,
    };
    Ok((had.map(|(role,)| role), member))
}

const REMOVE_MEMBER: &str = "delete from memberships where company_id = $1 and user_id = $2 returning role";

/// Ends a membership, also in the company's teams; returns the former member.
///
/// # Errors
/// 404 if there is none.
pub(crate) fn remove_member(tx: &mut Tx<'_>, company: Id, user: Id) -> Result<Member, Refused> {
    let (role,) = tx
        .one::<(Role,)>(REMOVE_MEMBER, params![company, user])?
        .ok_or(Refused::NotFound)?;
    let (name, email) = tx
        .one::<(String, String)>(PERSON, params![user])?
        .ok_or(Refused::NotFound)?;
    Ok(Member {
        user_id: user,
        name,
        email,
        role,
    })
}
