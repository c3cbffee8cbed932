//! Users: the database rows.
//!
//! Owns: the table `users`, and that one active administrator remains. Must not: see a password.

use base::{Id, Scope, Time};
use serde::{Deserialize, Serialize};
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{Refused, validate};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The email address, as entered.
    pub email: String,
    /// The name.
    pub name: String,
    /// Whether the user is a platform administrator.
    pub is_admin: bool,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// When the user was created.
    pub created_at: Time,
}

impl FromRow for User {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            is_admin: row.get(3)?,
            disabled: row.get(4)?,
            created_at: row.get(5)?,
        })
    }
}

/// A user to add. The texts have been validated.
#[derive(Clone)]
pub(crate) struct NewRow {
    pub(crate) email: String,
    pub(crate) name: String,
    /// A PHC string, or empty for a user who cannot sign in.
    pub(crate) password_hash: String,
    pub(crate) is_admin: bool,
}

/// Changes to a user; `None` leaves a field unchanged.
#[derive(Clone, Default)]
pub(crate) struct Change {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) password_hash: Option<String>,
    pub(crate) is_admin: Option<bool>,
    pub(crate) disabled: Option<bool>,
}

const SELECT: &str =
    "select u.id, u.email, u.name, u.is_admin, u.disabled, u.created_at from users u where 1 = 1";

/// Restricts to users visible to a caller of this scope: themselves and everyone in their companies.
fn visible(select: Select, scope: &Scope, me: Id) -> Select {
    let Scope::Companies(companies) = scope else {
        return select;
    };
    if companies.is_empty() {
        return select.filter("u.id = ?", Some(me));
    }
    select
        .push(
            " and (u.id = ? or exists (select 1 from memberships m where m.user_id = u.id",
            vec![me.into()],
        )
        .within("m.company_id", companies.iter())
        .push("))", Vec::new())
}

/// The user with this id, if visible to a caller of this scope.
pub(crate) fn find(tx: &mut Tx<'_>, id: Id, scope: &Scope, me: Id) -> Result<User, Refused> {
    visible(Select::new(SELECT), scope, me)
        .filter("u.id = ?", Some(id))
        .one(tx)?
        .ok_or(Refused::NotFound)
}

/// The users visible to a caller of this scope, in order of creation; only members of `company` if given.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    (scope, me): (&Scope, Id),
    company: Option<Id>,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<User>, Error> {
    let mut select = visible(Select::new(SELECT), scope, me).filter("u.id > ?", after);
    if let Some(company) = company {
        if !scope.allows(company) {
            return Ok(Vec::new());
        }
        select = select.filter(
            "exists (select 1 from memberships f where f.user_id = u.id and f.company_id = ?)",
            Some(company),
        );
    }
    select.push(" order by u.id limit ?", vec![limit.into()]).all(tx)
}

const INSERT: &str = "insert into users (id, email, email_key, name, password_hash, is_admin, disabled, created_at, \
     updated_at) values ($1, $2, $3, $4, $5, $6, 0, $7, $7)";

/// Adds a user.
///
/// # Errors
/// 409 for an email address that is taken, in any spelling.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &NewRow) -> Result<User, Refused> {
    let (id, now) = (tx.id(), tx.now());
    tx.execute(
        INSERT,
        params![
            id,
            &new.email,
            validate::email_key(&new.email),
            &new.name,
            &new.password_hash,
            new.is_admin,
            now
        ],
    )
    .map_err(email_taken)?;
    Ok(User {
        id,
        email: new.email.clone(),
        name: new.name.clone(),
        is_admin: new.is_admin,
        disabled: false,
        created_at: now,
    })
}

fn email_taken(error: Error) -> Refused {
    match error {
        Error::Unique => Refused::conflict("A user with this email address already exists."),
        other => other.into(),
    }
}

const ROW: &str =
    "select u.id, u.email, u.name, u.is_admin, u.disabled, u.created_at from users u where u.id = $1";
const UPDATE: &str =
    "update users set email = $2, email_key = $3, name = $4, is_admin = $5, disabled = $6 where id = $1";
const SET_PASSWORD: &str = "update users set password_hash = $2 where id = $1";

/// Changes a user; returns the user before and after. Permissions are checked before.
///
/// # Errors
/// 404 if there is none; 409 for an email address that is taken, and for the last active administrator.
pub(crate) fn update(tx: &mut Tx<'_>, id: Id, change: Change) -> Result<(User, User), Refused> {
    // Locked before the row is read, so that what is read is still current when it is written.
    let administrators = lock_administrators(tx)?;
    let was = locked(tx, id)?;
    let is = User {
        email: change.email.unwrap_or_else(|| was.email.clone()),
        name: change.name.unwrap_or_else(|| was.name.clone()),
        is_admin: change.is_admin.unwrap_or(was.is_admin),
        disabled: change.disabled.unwrap_or(was.disabled),
        ..was.clone()
    };
    let (counted, counts) = (was.is_admin && !was.disabled, is.is_admin && !is.disabled);
    if counted && !counts {
        refuse_last(administrators)?;
    }
    tx.execute(
        UPDATE,
        params![
            id,
            &is.email,
            validate::email_key(&is.email),
            &is.name,
            is.is_admin,
            is.disabled
        ],
    )
    .map_err(email_taken)?;
    if let Some(hash) = change.password_hash {
        tx.execute(SET_PASSWORD, params![id, hash])?;
    }
    Ok((was, is))
}

const PASSWORD: &str = "select password_hash from users where id = $1";

/// A user's password hash, empty if there is no password; none if there is no such user.
pub(crate) fn password_hash(tx: &mut Tx<'_>, id: Id) -> Result<Option<String>, Error> {
    Ok(tx.one::<(String,)>(PASSWORD, params![id])?.map(|(hash,)| hash))
}

const NEW_PASSWORD: &str = "update users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = $2 and disabled = 0";

/// Changes a user's password if it is still this one; returns whether it was.
pub(crate) fn set_password(tx: &mut Tx<'_>, id: Id, (was, is): (&str, &str)) -> Result<bool, Error> {
    let now = tx.now();
    Ok(tx.execute(NEW_PASSWORD, params![id, was, is, now])? > 0)
}

const TOUCH: &str = "update users set updated_at = $2 where id = $1";

/// The user, locked until the transaction ends.
fn locked(tx: &mut Tx<'_>, id: Id) -> Result<User, Refused> {
    let now = tx.now();
    tx.execute(TOUCH, params![id, now])?;
    tx.one::<User>(ROW, params![id])?.ok_or(Refused::NotFound)
}

const DELETE: &str = "delete from users where id = $1";

/// Deletes a user with their memberships, sessions and tokens; returns the former user.
///
/// # Errors
/// 404 if there is none; 409 for the last active administrator, and if records still refer to the user.
pub(crate) fn delete(tx: &mut Tx<'_>, id: Id) -> Result<User, Refused> {
    let administrators = lock_administrators(tx)?;
    let was = locked(tx, id)?;
    if was.is_admin && !was.disabled {
        refuse_last(administrators)?;
    }
    match tx.execute(DELETE, params![id]) {
        Ok(_) => Ok(was),
        Err(Error::Foreign) => Err(Refused::conflict(
            "Records still refer to this user. Disable the account instead: {\"disabled\": true}.",
        )),
        Err(other) => Err(other.into()),
    }
}

const LOCK: &str = "update users set updated_at = updated_at where is_admin = 1 and disabled = 0";

/// How many active administrators there are. They are locked, so that of two requests that each remove one of the
/// last two, the second sees what the first did.
pub(crate) fn lock_administrators(tx: &mut Tx<'_>) -> Result<u64, Error> {
    tx.execute(LOCK, &[])
}

fn refuse_last(administrators: u64) -> Result<(), Refused> {
    if administrators <= 1 {
        return Err(Refused::conflict(
            "This is the last active administrator. Create another one first.",
        ));
    }
    Ok(())
}
