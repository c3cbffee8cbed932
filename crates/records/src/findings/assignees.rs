//! The assignees of a finding: users who may see its company, and its teams.

use std::collections::BTreeSet;

use access::{directory, validate::Check};
use base::{Id, Kind, Time};
use serde_json::json;
use store::Tx;

use super::{
    event,
    finding::Finding,
    history::{self, Changed},
    rows::{Rows, contains},
};
use crate::{By, Named, Refused, text};

/// Maximum number of users, and of teams, assigned to a finding.
pub const MAX: usize = 100;

/// Users and teams.
pub type Assignees = (Vec<Named>, Vec<Named>);

/// The users and teams with these ids, each once, if they may be assigned in this company; else notes the invalid ones,
/// as `fields.0[i]` for users and `fields.1[i]` for teams.
///
/// # Errors
/// The store's.
pub fn check(
    tx: &mut Tx<'_>,
    company: Id,
    ids: (&[Id], &[Id]),
    fields: (&str, &str),
    check: &mut Check,
) -> Result<Assignees, Refused> {
    let (users, teams) = ids;
    let small = "must list at most 100";
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
        "must be a user who may see the company",
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
        "must be a team of the company",
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

/// Sets the assignees of a finding. New ones are notified by `finding.assigned`; if users or teams were only removed,
/// `finding.updated` is emitted; the same set again emits nothing. Returns whether it changed.
///
/// # Errors
/// The store's.
pub fn assign(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    assignees: Assignees,
    by: &By,
) -> Result<bool, Refused> {
    let (mut rows, now) = (Rows::default(), tx.now());
    let changed = assign_one(tx, finding, (assignees, now), by, &mut rows);
    rows.write(tx)?;
    Ok(changed)
}

/// The same for one of many at this time: what must be written goes to `rows`.
pub(crate) fn assign_one(
    tx: &Tx<'_>,
    finding: &mut Finding,
    (assignees, now): (Assignees, Time),
    by: &By,
    rows: &mut Rows,
) -> bool {
    if !differ(finding, &assignees) {
        return false;
    }
    let (users, teams) = assignees;
    let users = std::mem::replace(&mut finding.users, users);
    let teams = std::mem::replace(&mut finding.teams, teams);
    let changes = changes((&users, &teams), (&finding.users, &finding.teams));
    let (new_users, new_teams) = rows.assign(finding, (&users, &teams));
    finding.updated_at = now;
    rows.touch(finding);
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
    rows.step(history::row(tx, &event, &step, by));
    rows.emit(event);
    true
}

/// The new assignees, as changes in the finding's history.
pub(super) fn changes(
    before: (&Vec<Named>, &Vec<Named>),
    (users, teams): (&Vec<Named>, &Vec<Named>),
) -> Vec<Changed> {
    let names = |named: &Vec<Named>| {
        let names: Vec<_> = named.iter().map(|one| one.name.as_str()).collect();
        text::given(names.join(", "))
    };
    let changes = [
        Changed::between("assignee_user_ids", (before.0, users), names),
        Changed::between("assignee_team_ids", (before.1, teams), names),
    ];
    changes.into_iter().flatten().collect()
}

/// Whether these differ from the finding's assignees.
pub(super) fn differ(finding: &Finding, (users, teams): &Assignees) -> bool {
    !same(&finding.users, users) || !same(&finding.teams, teams)
}

fn same(before: &[Named], after: &[Named]) -> bool {
    before.iter().map(|one| one.id).eq(after.iter().map(|one| one.id))
}
