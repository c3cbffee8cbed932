//! Teams of a company: the database rows. Their destinations are not known here.

use std::collections::{BTreeMap, BTreeSet};

use base::{Id, Scope, Time};
use serde::{Deserialize, Serialize};
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{FieldError, Refused};

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Team {
    /// Its id.
    pub id: Id,
    /// The company it belongs to.
    pub company_id: Id,
    /// The company's name.
    pub company_name: String,
    /// Its name, unique per company.
    pub name: String,
    /// Its members.
    pub members: Vec<TeamMember>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TeamMember {
    /// The user's id.
    pub id: Id,
    /// Their name.
    pub name: String,
}

impl FromRow for Team {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            company_id: row.get(1)?,
            company_name: row.get(2)?,
            name: row.get(3)?,
            members: Vec::new(),
            created_at: row.get(4)?,
            updated_at: row.get(5)?,
        })
    }
}

const SELECT: &str = "select t.id, t.company_id, c.name, t.name, t.created_at, t.updated_at \
     from teams t join companies c on c.id = t.company_id where 1 = 1";

/// The team of this id.
///
/// # Errors
/// 404 outside the scope.
pub fn find(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Team, Refused> {
    let team: Team = Select::new(SELECT)
        .scope("t.company_id", scope)
        .filter("t.id = ?", Some(id))
        .one(tx)?
        .ok_or(Refused::NotFound)?;
    let mut teams = with_members(tx, vec![team])?;
    teams.pop().ok_or(Refused::NotFound)
}

/// The teams of the scope, in order of creation; only those of `company` if given.
pub fn list(
    tx: &mut Tx<'_>,
    scope: &Scope,
    company: Option<Id>,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<Team>, Error> {
    let teams = Select::new(SELECT)
        .scope("t.company_id", scope)
        .filter("t.company_id = ?", company)
        .filter("t.id > ?", after)
        .push(" order by t.id limit ?", vec![limit.into()])
        .all(tx)?;
    with_members(tx, teams)
}

const MEMBERS: &str = "select m.team_id, u.id, u.name from team_members m join users u on u.id = m.user_id \
     where 1 = 1";

fn with_members(tx: &mut Tx<'_>, mut teams: Vec<Team>) -> Result<Vec<Team>, Error> {
    let rows: Vec<(Id, Id, String)> = Select::new(MEMBERS)
        .within("m.team_id", teams.iter().map(|team| team.id))
        .push(" order by u.id", Vec::new())
        .all(tx)?;
    let mut members: BTreeMap<Id, Vec<TeamMember>> = BTreeMap::new();
    for (team, id, name) in rows {
        members.entry(team).or_default().push(TeamMember { id, name });
    }
    for team in &mut teams {
        team.members = members.remove(&team.id).unwrap_or_default();
    }
    Ok(teams)
}

const NAMES: &str = "select id, name from teams where company_id = $1 order by id";

/// The teams of a company, by name.
pub(crate) fn names(tx: &mut Tx<'_>, company: Id) -> Result<Vec<(Id, String)>, Error> {
    tx.all(NAMES, params![company])
}

const INSERT: &str = "insert into teams (id, company_id, name, slack_sealed, slack_mask, teams_sealed, teams_mask, \
     created_at, updated_at) values ($1, $2, $3, '', '', '', '', $4, $4)";

/// Adds a team without members.
///
/// # Errors
/// 409 for a name the company already has.
pub fn insert(tx: &mut Tx<'_>, id: Id, company: Id, name: &str) -> Result<(), Refused> {
    let now = tx.now();
    tx.execute(INSERT, params![id, company, name, now])
        .map_err(|error| match error {
            // The company was deleted meanwhile.
            Error::Foreign => Refused::NotFound,
            other => name_taken(other),
        })?;
    Ok(())
}

fn name_taken(error: Error) -> Refused {
    match error {
        Error::Unique => Refused::conflict("The company already has a team with this name."),
        other => other.into(),
    }
}

const RENAME: &str = "update teams set name = $2 where id = $1";

/// Renames a team.
///
/// # Errors
/// 409 for a name the company already has.
pub fn rename(tx: &mut Tx<'_>, id: Id, name: &str) -> Result<(), Refused> {
    tx.execute(RENAME, params![id, name]).map_err(name_taken)?;
    Ok(())
}

const TOUCH: &str = "update teams set updated_at = $2 where id = $1";

/// Sets the time of the team's change, and locks it until the end of the transaction.
///
/// # Errors
/// 404 if there is none.
pub fn touch(tx: &mut Tx<'_>, id: Id) -> Result<(), Refused> {
    let now = tx.now();
    match tx.execute(TOUCH, params![id, now])? {
        0 => Err(Refused::NotFound),
        _ => Ok(()),
    }
}

const CLEAR_MEMBERS: &str = "delete from team_members where team_id = $1";
const ADD_MEMBER: &str = "insert into team_members (team_id, company_id, user_id) values ($1, $2, $3)";
const IN_COMPANY: &str = "select user_id from memberships where company_id = $1";

/// Sets the team's members.
///
/// # Errors
/// 422 for a user who is not a member of the company, whether or not they exist.
pub fn set_members(tx: &mut Tx<'_>, id: Id, company: Id, users: &[Id]) -> Result<(), Refused> {
    let known: BTreeSet<Id> = tx
        .all::<(Id,)>(IN_COMPANY, params![company])?
        .into_iter()
        .map(|(user,)| user)
        .collect();
    let strangers: Vec<FieldError> = users
        .iter()
        .enumerate()
        .filter(|(_, user)| !known.contains(user))
        .map(|(index, _)| FieldError::new(format!("member_ids[{index}]"), "must be a member of the company"))
        .collect();
    if !strangers.is_empty() {
        return Err(Refused::Invalid(strangers));
    }
    tx.execute(CLEAR_MEMBERS, params![id])?;
    for user in users.iter().collect::<BTreeSet<_>>() {
        tx.execute(ADD_MEMBER, params![id, company, user])?;
    }
    Ok(())
}

const DELETE: &str = "delete from teams where id = $1";

/// Deletes a team.
///
/// # Errors
/// 404 if there is none, 409 while records refer to it.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), Refused> {
    match tx.execute(DELETE, params![id]) {
        Ok(0) => Err(Refused::NotFound),
        Ok(_) => Ok(()),
        Err(Error::Foreign) => Err(Refused::conflict(
            "Records still refer to this team. Remove it from them first.",
        )),
        Err(other) => Err(other.into()),
    }
}
