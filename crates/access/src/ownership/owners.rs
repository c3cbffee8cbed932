//! The owners of projects and assets: the database rows. Other crates own the records themselves.

use std::collections::{BTreeSet, HashMap};

use base::{Id, SubjectType};
use store::{Error, Select, Tx, Value, params, rows};

use crate::validate::Check;

/// The users and teams that own something, ordered by id.
pub type Owners = (Vec<Id>, Vec<Id>);

/// The most users, and the most teams, that one record can have.
pub const MAX: usize = 100;
const USERS: &str = "select subject_id, user_id from owner_users where 1 = 1";
const TEAMS: &str = "select subject_id, team_id from owner_teams where 1 = 1";

/// The owners of these projects and assets, if any.
///
/// # Errors
/// The store's.
pub fn owners(tx: &mut Tx<'_>, of: &[(SubjectType, Id)]) -> Result<HashMap<Id, Owners>, Error> {
    let mut found: HashMap<Id, Owners> = HashMap::new();
    for kind in [SubjectType::Project, SubjectType::Asset] {
        let ids: BTreeSet<Id> = of.iter().filter(|one| one.0 == kind).map(|one| one.1).collect();
        let ids: Vec<Id> = ids.into_iter().collect();
        for ids in rows::portions(&ids) {
            let select = |sql, column: &str| {
                Select::new(sql)
                    .filter("subject_type = ?", Some(kind.name()))
                    .within("subject_id", ids)
                    .push(&format!(" order by {column}"), Vec::new())
            };
            for (subject, user) in select(USERS, "user_id").all::<(Id, Id)>(tx)? {
                found.entry(subject).or_default().0.push(user);
            }
            for (subject, team) in select(TEAMS, "team_id").all::<(Id, Id)>(tx)? {
                found.entry(subject).or_default().1.push(team);
            }
        }
    }
    Ok(found)
}

const MEMBERS: &str = "select user_id from memberships where company_id = $1";
const OF_COMPANY: &str = "select id from teams where company_id = $1";

/// The ids that are members and teams of the company, each once; notes invalid ones as `field.user_ids[i]`
/// and `field.team_ids[i]`.
///
/// # Errors
/// The store's.
pub fn check_owners(
    tx: &mut Tx<'_>,
    company: Id,
    (users, teams): (&[Id], &[Id]),
    field: &str,
    check: &mut Check,
) -> Result<Owners, Error> {
    let known = Known::of(tx, company)?;
    Ok(known.check((users, teams), field, check))
}

/// The members and the teams of a company.
pub(crate) struct Known {
    users: BTreeSet<Id>,
    teams: BTreeSet<Id>,
}

impl Known {
    pub(crate) fn of(tx: &mut Tx<'_>, company: Id) -> Result<Self, Error> {
        let mut ids = |sql| -> Result<BTreeSet<Id>, Error> {
            let rows: Vec<(Id,)> = tx.all(sql, params![company])?;
            Ok(rows.into_iter().map(|(id,)| id).collect())
        };
        Ok(Self {
            users: ids(MEMBERS)?,
            teams: ids(OF_COMPANY)?,
        })
    }

    pub(crate) fn check(&self, (users, teams): (&[Id], &[Id]), field: &str, check: &mut Check) -> Owners {
        let mut each = |ids: &[Id], known: &BTreeSet<Id>, name: &str, detail: &str| -> Vec<Id> {
            let field = format!("{field}{name}");
            check.that(ids.len() <= MAX, &field, "must have at most 100 entries");
            for (index, _) in ids
                .iter()
                .enumerate()
                .take(MAX)
                .filter(|(_, id)| !known.contains(id))
            {
                check.note(format!("{field}[{index}]"), detail);
            }
            let once: BTreeSet<Id> = ids.iter().take(MAX).copied().collect();
            once.into_iter().collect()
        };
        (
            each(users, &self.users, "user_ids", "must be a member of the company"),
            each(teams, &self.teams, "team_ids", "must be a team of the company"),
        )
    }
}

const CLEAR: [&str; 2] = [
    "delete from owner_users where subject_type = $1 and subject_id = $2",
    "delete from owner_teams where subject_type = $1 and subject_id = $2",
];
const INSERT_USER: &str = "insert into owner_users (subject_type, subject_id, company_id, user_id)";
const INSERT_TEAM: &str = "insert into owner_teams (subject_type, subject_id, company_id, team_id)";

/// Sets the owners of a project or an asset of a company: from [`check_owners`].
///
/// # Errors
/// The store's.
pub fn set_owners(
    tx: &mut Tx<'_>,
    company: Id,
    subject: (SubjectType, Id),
    (users, teams): (&[Id], &[Id]),
) -> Result<(), Error> {
    clear_owners(tx, subject)?;
    let row = |id: &Id| -> Vec<Value> {
        vec![
            subject.0.name().into(),
            subject.1.into(),
            company.into(),
            id.into(),
        ]
    };
    rows::insert(tx, (INSERT_USER, ""), users.iter().map(row).collect())?;
    rows::insert(tx, (INSERT_TEAM, ""), teams.iter().map(row).collect()).map(drop)
}

/// Removes all owners from a project or an asset that is about to be deleted.
///
/// # Errors
/// The store's.
pub fn clear_owners(tx: &mut Tx<'_>, (kind, id): (SubjectType, Id)) -> Result<(), Error> {
    for sql in CLEAR {
        tx.execute(sql, params![kind.name(), id])?;
    }
    Ok(())
}
