//! Who wrote or changed a request, and who may still decide it.
//!
//! Owns: the table `approval_authors`. Must not: decide.

use access::{Role, directory};
use base::Id;
use store::{Error, Tx, params};

use crate::By;

const ADD: &str =
    "insert into approval_authors (approval_id, user_id) values ($1, $2) on conflict do nothing";

/// Notes that this user wrote or changed the request.
pub(super) fn add(tx: &mut Tx<'_>, approval: Id, by: &By) -> Result<(), Error> {
    match by.id() {
        Some(person) => tx.execute(ADD, params![approval, person]).map(drop),
        None => Ok(()),
    }
}

const OF: &str = "select user_id from approval_authors where approval_id = $1 order by user_id";

/// Who wrote or changed the request.
pub(super) fn of(tx: &mut Tx<'_>, approval: Id) -> Result<Vec<Id>, Error> {
    let rows: Vec<(Id,)> = tx.all(OF, params![approval])?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

/// Who may decide, other than its authors: the company's managers; the administrators if there are no others.
pub(super) fn deciders(tx: &mut Tx<'_>, company: Id, authors: &[Id]) -> Result<Vec<Id>, Error> {
    let managers: Vec<Id> = managers(tx, company)?
        .into_iter()
        .filter(|person| !authors.contains(person))
        .collect();
    if managers.is_empty() {
        return directory::administrators(tx);
    }
    Ok(managers)
}

/// The active managers of a company.
pub(super) fn managers(tx: &mut Tx<'_>, company: Id) -> Result<Vec<Id>, Error> {
    Ok(directory::members(tx, company, Role::Manager)?
        .into_iter()
        .filter(|person| person.active)
        .map(|person| person.id)
        .collect())
}
