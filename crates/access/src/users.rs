//! People: their rows.
//!
//! Owns: the table `users`, and that one active administrator remains. Must not: see a password.

use base::{Id, Scope, Time};
use serde::{Deserialize, Serialize};
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{Problem, validate};

/// A person, as the API shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// Their id.
    pub id: Id,
    /// Their email address, as it was written.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they administer the platform.
    pub is_admin: bool,
    /// Whether they are kept from signing in.
    pub disabled: bool,
    /// When they were added.
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

/// A person to add. The texts have been validated.
#[derive(Clone)]
pub(crate) struct NewRow {
    pub(crate) email: String,
    pub(crate) name: String,
    /// A PHC string, or empty for one who cannot sign in.
    pub(crate) password_hash: String,
    pub(crate) is_admin: bool,
}

/// What changes of a person; none stays as it is.
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

/// Whom a caller of this scope may see: themselves and everyone in their companies.
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

/// The person of this id, if a caller of this scope may see them.
pub(crate) fn find(tx: &mut Tx<'_>, id: Id, scope: &Scope, me: Id) -> Result<User, Problem> {
    visible(Select::new(SELECT), scope, me)
        .filter("u.id = ?", Some(id))
        .one(tx)?
        .ok_or_else(Problem::not_found)
}

/// The people a caller of this scope may see, in the order they were added; only members of `company` if it is given.
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

/// Adds a person.
///
/// # Errors
/// 409 for an email address that is taken, in any spelling.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &NewRow) -> Result<User, Problem> {
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

fn email_taken(error: Error) -> Problem {
    match error {
        Error::Unique => Problem::conflict("Somebody with this email address is there already."),
        other => other.into(),
    }
}

const ROW: &str =
    "select u.id, u.email, u.name, u.is_admin, u.disabled, u.created_at from users u where u.id = $1";
const UPDATE: &str =
    "update users set email = $2, email_key = $3, name = $4, is_admin = $5, disabled = $6 where id = $1";
const SET_PASSWORD: &str = "update users set password_hash = $2 where id = $1";

/// Changes a person: as they were, and as they are. Whether the caller may is settled before.
///
/// # Errors
/// 404 where there is none; 409 for an email address that is taken, and for the last active administrator.
pub(crate) fn update(tx: &mut Tx<'_>, id: Id, change: Change) -> Result<(User, User), Problem> {
    // Taken before the row is read, so that what is read is still so when it is written.
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

/// What a person's password is kept as, empty for one without; none where there is nobody.
pub(crate) fn password_hash(tx: &mut Tx<'_>, id: Id) -> Result<Option<String>, Error> {
    Ok(tx.one::<(String,)>(PASSWORD, params![id])?.map(|(hash,)| hash))
}

const NEW_PASSWORD: &str = "update users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = $2 and disabled = 0";

/// Gives a person another password, unless it is not this one any more; whether it was.
pub(crate) fn set_password(tx: &mut Tx<'_>, id: Id, (was, is): (&str, &str)) -> Result<bool, Error> {
    let now = tx.now();
    Ok(tx.execute(NEW_PASSWORD, params![id, was, is, now])? > 0)
}

const TOUCH: &str = "update users set updated_at = $2 where id = $1";

/// The person, whom nobody else changes until the transaction ends.
fn locked(tx: &mut Tx<'_>, id: Id) -> Result<User, Problem> {
    let now = tx.now();
    tx.execute(TOUCH, params![id, now])?;
    tx.one::<User>(ROW, params![id])?.ok_or_else(Problem::not_found)
}

const DELETE: &str = "delete from users where id = $1";

/// Removes a person with their memberships, sessions and tokens; as they were.
///
/// # Errors
/// 404 where there is none; 409 for the last active administrator, and where records still name the person.
pub(crate) fn delete(tx: &mut Tx<'_>, id: Id) -> Result<User, Problem> {
    let administrators = lock_administrators(tx)?;
    let was = locked(tx, id)?;
    if was.is_admin && !was.disabled {
        refuse_last(administrators)?;
    }
    match tx.execute(DELETE, params![id]) {
        Ok(_) => Ok(was),
        Err(Error::Foreign) => Err(Problem::conflict(
            "Records still name this person. Disable them instead: {\"disabled\": true}.",
        )),
        Err(other) => Err(other.into()),
    }
}

const LOCK: &str = "update users set updated_at = updated_at where is_admin = 1 and disabled = 0";

/// How many active administrators there are. They are locked, so that of two requests that each remove one of the
/// last two the second sees what the first did.
pub(crate) fn lock_administrators(tx: &mut Tx<'_>) -> Result<u64, Error> {
    tx.execute(LOCK, &[])
}

fn refuse_last(administrators: u64) -> Result<(), Problem> {
    if administrators <= 1 {
        return Err(Problem::conflict(
            "This is the last active administrator: make another one first.",
        ));
    }
    Ok(())
}
