//! The owners of projects and assets, as this crate's records show and change them. The rows belong to
//! [`access::ownership`].

use std::collections::BTreeMap;

use access::{
    directory,
    ownership::{self, Owners},
    schema::Ids,
    validate::Check,
};
use base::{Id, SubjectType};
use serde::{Deserialize, Serialize};
use store::{Error, Tx};

use crate::{Named, Refused};

/// The owners of a record: members and teams of its company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// Users, ordered by id.
    pub users: Vec<Named>,
    /// Teams, ordered by id.
    pub teams: Vec<Named>,
}

/// The new owners; omitted fields stay unchanged.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = NewOwners)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Members of the company, at most 100.
    #[schema(value_type = Option<Ids<{ ownership::MAX_OWNERS }>>)]
    user_ids: Option<Vec<Id>>,
    /// Teams of the company, at most 100.
    #[schema(value_type = Option<Ids<{ ownership::MAX_OWNERS }>>)]
    team_ids: Option<Vec<Id>>,
}

/// The owners of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Owners)]
pub struct View {
    /// The users.
    user_ids: Vec<Id>,
    /// The teams.
    team_ids: Vec<Id>,
    /// The same users with their names.
    users: Vec<Named>,
    /// The same teams with their names.
    teams: Vec<Named>,
}

impl From<Owned> for View {
    fn from(owned: Owned) -> Self {
        Self {
            user_ids: ids(&owned.users),
            team_ids: ids(&owned.teams),
            users: owned.users,
            teams: owned.teams,
        }
    }
}

fn ids(named: &[Named]) -> Vec<Id> {
    named.iter().map(|one| one.id).collect()
}

/// The owners in a body, on top of the current ones; anyone who is not a member or team of the company is noted.
///
/// # Errors
/// The store's.
pub(crate) fn checked(
    tx: &mut Tx<'_>,
    company: Id,
    body: Option<Body>,
    present: &Owned,
    check: &mut Check,
) -> Result<Option<Owned>, Refused> {
    let Some(body) = body else { return Ok(None) };
    let users = body.user_ids.unwrap_or_else(|| ids(&present.users));
    let teams = body.team_ids.unwrap_or_else(|| ids(&present.teams));
    let owners = ownership::check_owners(tx, company, (&users, &teams), "owners.", check)?;
    let names = Names::of(tx, std::iter::once(&owners))?;
    Ok(Some(names.owned(owners)))
}

/// Writes the owners of a project or an asset.
///
/// # Errors
/// The store's.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    company: Id,
    subject: (SubjectType, Id),
    owned: &Owned,
) -> Result<(), Error> {
    ownership::set_owners(tx, company, subject, (&ids(&owned.users), &ids(&owned.teams)))
}

/// The owners of these projects or assets, if any.
///
/// # Errors
/// The store's.
pub(crate) fn of(
    tx: &mut Tx<'_>,
    kind: SubjectType,
    ids: impl Iterator<Item = Id>,
) -> Result<BTreeMap<Id, Owned>, Error> {
    let subjects: Vec<_> = ids.map(|id| (kind, id)).collect();
    let owners = ownership::owners(tx, &subjects)?;
    if owners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names = Names::of(tx, owners.values())?;
    Ok(owners
        .into_iter()
        .map(|(id, owners)| (id, names.owned(owners)))
        .collect())
}

/// Users and teams by id.
struct Names {
    users: BTreeMap<Id, String>,
    teams: BTreeMap<Id, String>,
}

impl Names {
    fn of<'a>(tx: &mut Tx<'_>, owners: impl Iterator<Item = &'a Owners>) -> Result<Self, Error> {
        let (mut users, mut teams) = (Vec::new(), Vec::new());
        for owners in owners {
            users.extend(&owners.0);
            teams.extend(&owners.1);
        }
        let people = directory::people(tx, &users)?.into_iter();
        let known = directory::team_names(tx, &teams)?.into_iter();
        Ok(Self {
            users: people.map(|person| (person.id, person.name)).collect(),
            teams: known.map(|team| (team.id, team.name)).collect(),
        })
    }

    fn owned(&self, (users, teams): Owners) -> Owned {
        let named = |ids: Vec<Id>, names: &BTreeMap<Id, String>| -> Vec<Named> {
            let named = ids.into_iter().filter_map(|id| {
                let name = names.get(&id)?.clone();
                Some(Named { id, name })
            });
            named.collect()
        };
        Owned {
            users: named(users, &self.users),
            teams: named(teams, &self.teams),
        }
    }
}
