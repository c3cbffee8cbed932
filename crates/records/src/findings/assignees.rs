//! Who sees to a finding: people who may see its company, and teams of it.

use std::collections::BTreeSet;

use access::{Problem, directory, validate::Check};
use base::{Id, Kind};
use serde_json::json;
use store::{Tx, params};

use super::{
    Finding, event,
    history::{self, Changed},
};
use crate::{By, Named, text};

/// The most people, and the most teams, that one finding can have.
pub const MAX: usize = 100;

/// The people and the teams.
pub type Assignees = (Vec<Named>, Vec<Named>);

/// Those of these ids, each once, if they may see to findings of the company; else notes which may not, as
/// `fields.0[i]` for people and `fields.1[i]` for teams.
///
/// # Errors
/// The store's.
pub fn check(
    tx: &mut Tx<'_>,
    company: Id,
    ids: (&[Id], &[Id]),
    fields: (&str, &str),
    check: &mut Check,
) -> Result<Assignees, Problem> {
    let (users, teams) = ids;
    let small = "it names more than 100";
    check.that(users.len() <= MAX, fields.0, small);
    check.that(teams.len() <= MAX, fields.1, small);
    if users.len() > MAX || teams.len() > MAX {
        return Ok(Assignees::default());
    }
    let people = directory::people(tx, users)?
        .into_iter()
        .filter(|person| person.active && person.scope.allows(company))
        .map(|person| (person.id, person.name));
    let known: Vec<Named> = named(people);
    note(
        check,
        users,
        &known,
        fields.0,
        "it names nobody who may see this company",
    );
    let of_company = directory::team_names(tx, teams)?
        .into_iter()
        .filter(|team| team.company_id == company)
        .map(|team| (team.id, team.name));
    let known_teams = named(of_company);
    note(
        check,
        teams,
        &known_teams,
        fields.1,
        "it names no team of this company",
    );
    Ok((known, known_teams))
}

fn named(pairs: impl Iterator<Item = (Id, String)>) -> Vec<Named> {
    let set: BTreeSet<Named> = pairs.map(|(id, name)| Named { id, name }).collect();
    set.into_iter().collect()
}

fn note(check: &mut Check, asked: &[Id], known: &[Named], field: &str, detail: &str) {
    for (index, id) in asked.iter().enumerate() {
        check.that(contains(known, *id), &format!("{field}[{index}]"), detail);
    }
}

fn contains(named: &[Named], id: Id) -> bool {
    named.iter().any(|one| one.id == id)
}

/// Sets who sees to a finding. Those who are new hear of it by `finding.assigned`; where somebody only went,
/// `finding.updated` says so; the same set again says nothing. Whether it changed.
///
/// # Errors
/// The store's.
pub fn assign(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    assignees: Assignees,
    by: &By,
) -> Result<bool, Problem> {
    let (users, teams) = assignees;
    let new_users = replace(
        tx,
        (INSERT_USER, DELETE_USER),
        finding.id,
        (&finding.users, &users),
    )?;
    let new_teams = replace(
        tx,
        (INSERT_TEAM, DELETE_TEAM),
        finding.id,
        (&finding.teams, &teams),
    )?;
    if same(&finding.users, &users) && same(&finding.teams, &teams) {
        return Ok(false);
    }
    let changes = changes(finding, (&users, &teams));
    (finding.users, finding.teams) = (users, teams);
    finding.updated_at = tx.now();
    tx.execute(
        TOUCH,
        params![finding.id, finding.place.company.id, finding.updated_at],
    )?;
    let mut event = if new_users.is_empty() && new_teams.is_empty() {
        let mut updated = event::of(tx, Kind::FindingUpdated, finding, by);
        updated.data.insert("changed".to_owned(), json!(["assignees"]));
        updated
    } else {
        let mut assigned = event::of(tx, Kind::FindingAssigned, finding, by);
        (assigned.assignee_users, assigned.assignee_teams) = (new_users, new_teams);
        assigned
    };
    event::name_assignees(&mut event, finding);
    let step = history::Step {
        changes: &changes,
        ..history::Step::default()
    };
    history::add(tx, &event, &step, by)?;
    tx.emit(event)?;
    Ok(true)
}

/// Who sees to it from now on, as the finding's history says it.
fn changes(finding: &Finding, (users, teams): (&Vec<Named>, &Vec<Named>)) -> Vec<Changed> {
    let names = |named: &Vec<Named>| {
        let names: Vec<_> = named.iter().map(|one| one.name.as_str()).collect();
        text::given(names.join(", "))
    };
    let changes = [
        Changed::between("assignee_user_ids", (&finding.users, users), names),
        Changed::between("assignee_team_ids", (&finding.teams, teams), names),
    ];
    changes.into_iter().flatten().collect()
}

const INSERT_USER: &str = "insert into finding_users (finding_id, user_id) values ($1, $2)";
const DELETE_USER: &str = "delete from finding_users where finding_id = $1 and user_id = $2";
const INSERT_TEAM: &str = "insert into finding_teams (finding_id, team_id) values ($1, $2)";
const DELETE_TEAM: &str = "delete from finding_teams where finding_id = $1 and team_id = $2";
const TOUCH: &str = "update findings set updated_at = $3 where id = $1 and company_id = $2";

/// Makes the second set of the first, and answers whom that adds.
fn replace(
    tx: &mut Tx<'_>,
    (insert, delete): (&str, &str),
    finding: Id,
    (before, after): (&[Named], &[Named]),
) -> Result<Vec<Id>, store::Error> {
    for gone in before.iter().filter(|one| !contains(after, one.id)) {
        tx.execute(delete, params![finding, gone.id])?;
    }
    let added: Vec<Id> = after
        .iter()
        .map(|one| one.id)
        .filter(|id| !contains(before, *id))
        .collect();
    for id in &added {
        tx.execute(insert, params![finding, *id])?;
    }
    Ok(added)
}

fn same(before: &[Named], after: &[Named]) -> bool {
    before.iter().map(|one| one.id).eq(after.iter().map(|one| one.id))
}
