//! Who is who, for those who send messages and show names: people, members, teams and their addresses.
//!
//! There is no caller's scope here: who asks names the ids or the company, and a person comes with their own scope,
//! so that nobody is told of a company outside it (promise F6).

use std::collections::BTreeMap;

use base::{Id, Scope, Time};
use store::{Error, FromRow, Row, Select, Tx, Value, params};

use crate::{Role, Secret, Vault, validate};

/// How many ids one statement asks for: below every database's bound on parameters.
const CHUNK: usize = 500;

/// A person as messages need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user's id.
    pub id: Id,
    /// Where mail goes.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they administer the platform.
    pub is_admin: bool,
    /// Whether they may use the platform at all; one who is not active is told nothing.
    pub active: bool,
    /// The companies they may see.
    pub scope: Scope,
}

/// A team with where its posts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamAddress {
    /// The team's id.
    pub id: Id,
    /// The company it is of.
    pub company_id: Id,
    /// Its name.
    pub name: String,
    /// Its Slack webhook.
    pub slack_url: Option<Secret>,
    /// Its Teams webhook.
    pub teams_url: Option<Secret>,
    /// When the Slack webhook was last saved, be it as the same one.
    pub slack_saved_at: Time,
    /// The same of the Teams webhook.
    pub teams_saved_at: Time,
    /// Whether an address is stored that does not open with the present key, and is therefore missing above.
    pub broken: bool,
}

/// The companies of a scope, or the one of them that is asked for.
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

/// Whether there is such a company in a scope.
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

/// A team by name, without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamName {
    /// The team's id.
    pub id: Id,
    /// The company it is of.
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
}

impl FromRow for UserRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            is_admin: row.get(3)?,
            disabled: row.get(4)?,
        })
    }
}

const PEOPLE: &str = "select u.id, u.email, u.name, u.is_admin, u.disabled from users u where 1 = 1";
const SCOPES: &str = "select m.user_id, m.company_id from memberships m where 1 = 1";

/// The people of these ids, as far as they exist, in the order of their ids.
///
/// # Errors
/// The store's.
pub fn people(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Person>, Error> {
    people_where(tx, "u.id", ids)
}

/// The people who have these addresses, in any spelling.
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

/// The ids of the active administrators of the platform.
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
    for chunk in values.chunks(CHUNK) {
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

/// The names of these teams, as far as they exist.
///
/// # Errors
/// The store's.
pub fn team_names(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<TeamName>, Error> {
    let mut names = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        names.extend(
            Select::new(TEAM_NAMES)
                .within("id", chunk.iter().copied())
                .all::<TeamName>(tx)?,
        );
    }
    Ok(names)
}

const TEAMS: &str = "select id, company_id, name, slack_sealed, teams_sealed, slack_saved_at, teams_saved_at \
     from teams where 1 = 1";

struct TeamRow {
    id: Id,
    company_id: Id,
    name: String,
    slack: String,
    teams: String,
    slack_saved_at: Time,
    teams_saved_at: Time,
}

impl FromRow for TeamRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            company_id: row.get(1)?,
            name: row.get(2)?,
            slack: row.get(3)?,
            teams: row.get(4)?,
            slack_saved_at: row.get(5)?,
            teams_saved_at: row.get(6)?,
        })
    }
}

/// Where the posts of these teams go, as far as the teams exist.
///
/// # Errors
/// The store's. An address that does not open is no error here: it is missing, `broken` says so, and the log.
pub fn teams(tx: &mut Tx<'_>, vault: &Vault, ids: &[Id]) -> Result<Vec<TeamAddress>, Error> {
    let mut teams = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<TeamRow> = Select::new(TEAMS).within("id", chunk.iter().copied()).all(tx)?;
        teams.extend(rows.into_iter().map(|row| address(vault, row)));
    }
    Ok(teams)
}

/// Teams that have somewhere to post to, from this id on in the order of their ids, at most `limit`.
///
/// # Errors
/// The store's. Of an address that does not open see [`teams`].
pub fn teams_with_addresses(
    tx: &mut Tx<'_>,
    vault: &Vault,
    from: Option<Id>,
    limit: u32,
) -> Result<Vec<TeamAddress>, Error> {
    let rows: Vec<TeamRow> = Select::new(TEAMS)
        .push(" and (slack_sealed <> '' or teams_sealed <> '')", Vec::new())
        .filter("id >= ?", from)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)?;
    Ok(rows.into_iter().map(|row| address(vault, row)).collect())
}

fn address(vault: &Vault, row: TeamRow) -> TeamAddress {
    let aad = team_aad(row.id, row.company_id);
    let (slack_url, slack_broken) = opened(vault, &aad, &row.slack);
    let (teams_url, teams_broken) = opened(vault, &aad, &row.teams);
    let broken = slack_broken || teams_broken;
    if broken {
        tracing::error!(team = %row.id, "a team's stored address does not open with the present secret key");
    }
    TeamAddress {
        id: row.id,
        company_id: row.company_id,
        name: row.name,
        slack_url,
        teams_url,
        slack_saved_at: row.slack_saved_at,
        teams_saved_at: row.teams_saved_at,
        broken,
    }
}

/// The record a team's addresses are sealed for.
pub(crate) fn team_aad(team: Id, company: Id) -> String {
    format!("team {team} company {company}")
}

fn opened(vault: &Vault, aad: &str, sealed: &str) -> (Option<Secret>, bool) {
    if sealed.is_empty() {
        return (None, false);
    }
    match vault.open(aad, sealed) {
        Ok(secret) => (Some(secret), false),
        Err(_) => (None, true),
    }
}

const TEAM_MEMBERS: &str = "select user_id from team_members where team_id = $1 order by user_id";

/// Who is in a team.
///
/// # Errors
/// The store's.
pub fn team_members(tx: &mut Tx<'_>, team: Id) -> Result<Vec<Id>, Error> {
    let rows: Vec<(Id,)> = tx.all(TEAM_MEMBERS, params![team])?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const MINIMAL: &str = "select id from companies where minimal_messages = 1";

/// The companies of the scope whose messages are to hold no detail.
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
