//! The directory, for code that sends messages and shows names: users, members and teams.
//!
//! Queries here have no caller's scope: the calling code passes ids or the company, and each user is returned with their own scope,
//! so that nobody is notified about a company outside it (promise F6).

use std::collections::BTreeMap;

use base::{Id, Scope};
use store::{Error, FromRow, Row, Select, Tx, Value, params, rows};

use crate::{Role, validate};

/// A user, with what messages need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user's id.
    pub id: Id,
    /// The email address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they administer the platform.
    pub is_admin: bool,
    /// Whether they may use the platform; inactive users are not notified.
    pub active: bool,
    /// Whether they want to be notified of their own actions.
    pub own_acts: bool,
    /// The companies they may see.
    pub scope: Scope,
}

/// The companies of a scope, or only one of them.
///
/// # Errors
/// The store's.
pub fn companies(tx: &mut Tx<'_>, scope: &Scope, one: Option<Id>) -> Result<Vec<Id>, Error> {
    match (scope, one) {
        (scope, Some(one)) => Ok(scope.allows(one).then_some(one).into_iter().collect()),
        (Scope::Companies(companies), None) => Ok(companies.iter().copied().collect()),
        (Scope::All, None) => {
            let all: Vec<(Id,)> = tx.all("select id from companies", &[])?;
            Ok(all.into_iter().map(|(id,)| id).collect())
        }
    }
}

/// Whether a company is in a scope.
///
/// # Errors
/// The store's.
pub fn has_company(tx: &mut Tx<'_>, company: Id, scope: &Scope) -> Result<bool, Error> {
    let found: Option<(Id,)> = Select::new("select id from companies where 1 = 1")
        .scope("id", scope)
        .filter("id = ?", Some(company))
        .one(tx)?;
    Ok(found.is_some())
}

/// A team by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamName {
    /// The team's id.
    pub id: Id,
    /// The company it belongs to.
    pub company_id: Id,
    /// Its name.
    pub name: String,
}

struct UserRow {
    id: Id,
    email: String,
    name: String,
    is_admin: bool,
    disabled: bool,
    own_acts: bool,
}

impl FromRow for UserRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            is_admin: row.get(3)?,
            disabled: row.get(4)?,
            own_acts: row.get(5)?,
        })
    }
}

const PEOPLE: &str = "select u.id, u.email, u.name, u.is_admin, u.disabled, u.notify_own_actions from users u \
     where 1 = 1";
const SCOPES: &str = "select m.user_id, m.company_id from memberships m where 1 = 1";

/// The users with these ids that exist, ordered by id.
///
/// # Errors
/// The store's.
pub fn people(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Person>, Error> {
    people_where(tx, "u.id", ids)
}

/// The users with these addresses, regardless of case.
///
/// # Errors
/// The store's.
pub fn people_by_email(tx: &mut Tx<'_>, emails: &[String]) -> Result<Vec<Person>, Error> {
    let keys: Vec<String> = emails.iter().map(|email| validate::email_key(email)).collect();
    people_where(tx, "u.email_key", &keys)
}

/// The members of a company who have at least this role there, active or not.
///
/// # Errors
/// The store's.
pub fn members(tx: &mut Tx<'_>, company: Id, min_role: Role) -> Result<Vec<Person>, Error> {
    const MEMBERS: &str = "select user_id, role from memberships where company_id = $1";
    let ids: Vec<Id> = tx
        .all::<(Id, Role)>(MEMBERS, params![company])?
        .into_iter()
        .filter(|(_, role)| *role >= min_role)
        .map(|(id, _)| id)
        .collect();
    people(tx, &ids)
}

/// The members of these companies with at least this role there, active or not, with their role.
///
/// # Errors
/// The store's.
pub fn roles(tx: &mut Tx<'_>, companies: &[Id], min_role: Role) -> Result<Vec<(Id, Id, Role)>, Error> {
    const ROLES: &str = "select company_id, user_id, role from memberships where 1 = 1";
    let roles = Role::ALL.into_iter().filter(|role| *role >= min_role);
    let roles: Vec<Value> = roles.map(Value::from).collect();
    let mut found = Vec::new();
    for chunk in rows::portions(companies) {
        let select = Select::new(ROLES)
            .within("company_id", chunk.iter().copied())
            .within("role", roles.iter().cloned())
            .push(" order by company_id, user_id", Vec::new());
        found.extend(select.all::<(Id, Id, Role)>(tx)?);
    }
    Ok(found)
}

/// The ids of the active platform administrators.
///
/// # Errors
/// The store's.
pub fn administrators(tx: &mut Tx<'_>) -> Result<Vec<Id>, Error> {
    const ADMINS: &str = "select id from users where is_admin = 1 and disabled = 0 order by id";
    Ok(tx
        .all::<(Id,)>(ADMINS, &[])?
        .into_iter()
        .map(|(id,)| id)
        .collect())
}

fn people_where<V: Clone + Into<Value>>(
    tx: &mut Tx<'_>,
    column: &str,
    values: &[V],
) -> Result<Vec<Person>, Error> {
    let mut people = BTreeMap::new();
    for chunk in rows::portions(values) {
        let rows: Vec<UserRow> = Select::new(PEOPLE)
            .within(column, chunk.iter().cloned())
            .all(tx)?;
        let memberships: Vec<(Id, Id)> = Select::new(SCOPES)
            .within("m.user_id", rows.iter().map(|row| row.id))
            .all(tx)?;
        let mut scopes: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for (user, company) in memberships {
            scopes.entry(user).or_default().push(company);
        }
        for row in rows {
            let companies = scopes.remove(&row.id).unwrap_or_default();
            people.insert(row.id, person(row, companies));
        }
    }
    Ok(people.into_values().collect())
}

fn person(row: UserRow, companies: Vec<Id>) -> Person {
    Person {
        id: row.id,
        email: row.email,
        name: row.name,
        is_admin: row.is_admin,
        active: !row.disabled,
        own_acts: row.own_acts,
        scope: if row.is_admin {
            Scope::All
        } else {
            Scope::of(companies)
        },
    }
}

const TEAM_NAMES: &str = "select id, company_id, name from teams where 1 = 1";

impl FromRow for TeamName {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            company_id: row.get(1)?,
            name: row.get(2)?,
        })
    }
}

/// The names of the teams that exist.
///
/// # Errors
/// The store's.
pub fn team_names(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<TeamName>, Error> {
    let mut names = Vec::new();
    for chunk in rows::portions(ids) {
        names.extend(
            Select::new(TEAM_NAMES)
                .within("id", chunk.iter().copied())
                .all::<TeamName>(tx)?,
        );
    }
    Ok(names)
}

const TEAM_MEMBERS: &str = "select user_id from team_members where team_id = $1 order by user_id";

/// The members of a team.
///
/// # Errors
/// The store's.
pub fn team_members(tx: &mut Tx<'_>, team: Id) -> Result<Vec<Id>, Error> {
    let rows: Vec<(Id,)> = tx.all(TEAM_MEMBERS, params![team])?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The members of these teams: team and member, ordered by id.
///
/// # Errors
/// The store's.
pub fn members_of_teams(tx: &mut Tx<'_>, teams: &[Id]) -> Result<Vec<(Id, Id)>, Error> {
    const MEMBERS: &str = "select team_id, user_id from team_members where 1 = 1";
    let mut found = Vec::new();
    for chunk in rows::portions(teams) {
        let select = Select::new(MEMBERS)
            .within("team_id", chunk.iter().copied())
            .push(" order by team_id, user_id", Vec::new());
        found.extend(select.all::<(Id, Id)>(tx)?);
    }
    Ok(found)
}

const MINIMAL: &str = "select id from companies where minimal_messages = 1";

/// The companies of the scope whose messages hide details.
///
/// # Errors
/// The store's.
pub fn with_minimal_messages(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<Id>, Error> {
    let rows: Vec<(Id,)> = Select::new(MINIMAL).scope("id", scope).all(tx)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const COMPANY_NAME: &str = "select name from companies where id = $1";

/// The name of a company, if there is one.
///
/// # Errors
/// The store's.
pub fn company_name(tx: &mut Tx<'_>, id: Id) -> Result<Option<String>, Error> {
    Ok(tx
        .one::<(String,)>(COMPANY_NAME, params![id])?
        .map(|(name,)| name))
}
