//! Rows about findings that one transaction writes together: many per statement, for any number of findings.
//!
//! Owns: the assignees, the steps of the history and the events of changes that are the same for one finding and for
//! many. Must not: decide anything; everything here was already decided.

use std::collections::BTreeMap;

use base::{Event, Id, Time};
use store::{Error, Select, Tx, Value, rows};

use super::{finding::Finding, history};
use crate::Named;

/// What must be written, in the order of the fields.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    users: Assigned,
    teams: Assigned,
    /// When findings changed, by company.
    touched: BTreeMap<(Id, Time), Vec<Id>>,
    /// Whether findings have assignees, by company.
    assigned: BTreeMap<(Id, bool), Vec<Id>>,
    steps: Vec<Vec<Value>>,
    events: Vec<Event>,
}

/// Changes of assignees.
#[derive(Debug, Default)]
struct Assigned {
    /// The findings from which the same users are removed: mostly one set from all of them.
    gone: BTreeMap<Vec<Id>, Vec<Id>>,
    new: Vec<[Value; 2]>,
}

const INSERT_USER: &str = "insert into finding_users (finding_id, user_id)";
const DELETE_USER: (&str, &str) = ("delete from finding_users where 1 = 1", "user_id");
const INSERT_TEAM: &str = "insert into finding_teams (finding_id, team_id)";
const DELETE_TEAM: (&str, &str) = ("delete from finding_teams where 1 = 1", "team_id");

impl Rows {
    /// Changes the assignees from these users and teams to the finding's current ones, and returns the new ones.
    pub(super) fn assign(
        &mut self,
        finding: &Finding,
        (users, teams): (&[Named], &[Named]),
    ) -> (Vec<Id>, Vec<Id>) {
        let assigned = !finding.users.is_empty() || !finding.teams.is_empty();
        let key = (finding.place.company.id, assigned);
        self.assigned.entry(key).or_default().push(finding.id);
        (
            self.users.change(finding.id, (users, &finding.users)),
            self.teams.change(finding.id, (teams, &finding.teams)),
        )
    }

    /// Notes when a finding changed that is not written completely.
    pub(super) fn touch(&mut self, finding: &Finding) {
        let key = (finding.place.company.id, finding.updated_at);
        self.touched.entry(key).or_default().push(finding.id);
    }

    /// A step of the history: from [`history::row`].
    pub(super) fn step(&mut self, step: Vec<Value>) {
        self.steps.push(step);
    }

    /// An event.
    pub(super) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes them.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.users.write(tx, INSERT_USER, DELETE_USER)?;
        self.teams.write(tx, INSERT_TEAM, DELETE_TEAM)?;
        for ((company, at), findings) in self.touched {
            set(tx, ("updated_at", at.into()), company, &findings)?;
        }
        for ((company, assigned), findings) in self.assigned {
            set(tx, ("assigned", assigned.into()), company, &findings)?;
        }
        history::write(tx, self.steps)?;
        tx.emit_all(self.events)
    }
}

/// Sets a column of findings of a company.
fn set(tx: &mut Tx<'_>, (column, value): (&str, Value), company: Id, findings: &[Id]) -> Result<(), Error> {
    for findings in rows::portions(findings) {
        Select::new("update findings set ")
            .push(column, Vec::new())
            .push(" = ? where company_id = ?", vec![value.clone(), company.into()])
            .within("id", findings)
            .execute(tx)?;
    }
    Ok(())
}

impl Assigned {
    fn change(&mut self, finding: Id, (before, after): (&[Named], &[Named])) -> Vec<Id> {
        let without = |all: &[Named], others: &[Named]| -> Vec<Id> {
            let ids = all.iter().map(|one| one.id);
            ids.filter(|id| !contains(others, *id)).collect()
        };
        let (gone, new) = (without(before, after), without(after, before));
        if !gone.is_empty() {
            self.gone.entry(gone).or_default().push(finding);
        }
        self.new
            .extend(new.iter().map(|id| [finding.into(), (*id).into()]));
        new
    }

    fn write(self, tx: &mut Tx<'_>, insert: &str, (delete, column): (&str, &str)) -> Result<(), Error> {
        for (gone, findings) in self.gone {
            for findings in rows::portions(&findings) {
                for gone in rows::portions(&gone) {
                    Select::new(delete)
                        .within("finding_id", findings)
                        .within(column, gone)
                        .execute(tx)?;
                }
            }
        }
        rows::insert(tx, (insert, ""), self.new).map(drop)
    }
}

/// Whether one of them has this id.
pub(super) fn contains(named: &[Named], id: Id) -> bool {
    named.iter().any(|one| one.id == id)
}
