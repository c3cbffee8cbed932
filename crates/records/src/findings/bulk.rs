//! The same change of many findings at once: all or none, in one transaction, and one message for each person.
//!
//! Owns: which findings a list of ids means, and the event that tells people of all of them. Must not: change a finding
//! but as one alone is changed.
//!
//! Each finding has its own event, as ever, marked as one of many: open tabs get them bundled and nobody is told of them
//! one by one. One more event of the same kind, about the worst of them, is what people hear of.

use std::collections::BTreeSet;

use access::{Problem, validate::Check};
use base::{Id, Kind, Scope};
use serde_json::json;
use store::{Select, Tx};

use super::{Context, Finding, Mover, Status, assignees, change, event, import::CHUNK, row};
use crate::By;

/// The most findings of one change.
pub const MAX: usize = 1_000;

/// The findings of these ids, each once, in the order of their ids. Nobody else changes them until the end of this
/// transaction.
///
/// # Errors
/// 422 for none or more than [`MAX`], 404 where one is not there or not in the scope.
pub fn held(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope) -> Result<Vec<Finding>, Problem> {
    let ids: Vec<Id> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() || ids.len() > MAX {
        return Err(Problem::field(
            "finding_ids",
            "it names not from 1 to 1,000 findings",
        ));
    }
    let lock = format!(" order by f.id{}", tx.for_update("f"));
    let mut findings = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let select = Select::new(row::SELECT)
            .scope("f.company_id", scope)
            .within("f.id", chunk)
            .push(&lock, Vec::new());
        findings.extend(row::all(tx, &select)?);
    }
    if findings.len() < ids.len() {
        return Err(Problem::not_found());
    }
    Ok(findings)
}

/// Whom to assign: who they are, and whether they come beside those who see to it or instead of them.
#[derive(Debug, Clone, Copy)]
pub struct Assign<'a> {
    /// People.
    pub users: &'a [Id],
    /// Teams.
    pub teams: &'a [Id],
    /// Whether those who see to a finding stay.
    pub add: bool,
}

/// Assigns findings that are held, and answers how many changed: one `finding.assigned` tells everyone who is new.
///
/// # Errors
/// 422 for somebody who may not see to one of them.
pub fn assign(
    tx: &mut Tx<'_>,
    findings: &mut [Finding],
    assign: Assign<'_>,
    by: &By,
) -> Result<usize, Problem> {
    let one = by.clone().one_of_many(tx.id());
    let companies: BTreeSet<Id> = findings.iter().map(|finding| finding.place.company.id).collect();
    let mut told = Told::default();
    for company in companies {
        let mut check = Check::new();
        let ids = (assign.users, assign.teams);
        let (users, teams) = assignees::check(tx, company, ids, ("user_ids", "team_ids"), &mut check)?;
        check.done()?;
        for finding in findings
            .iter_mut()
            .filter(|finding| finding.place.company.id == company)
        {
            let mut wanted = (users.clone(), teams.clone());
            if assign.add {
                merge(&mut wanted.0, &finding.users);
                merge(&mut wanted.1, &finding.teams);
            }
            let before = finding.clone();
            if assignees::assign(tx, finding, wanted, &one)? {
                told.changed(finding);
                told.users.extend(new(&before.users, &finding.users));
                told.teams.extend(new(&before.teams, &finding.teams));
            }
        }
    }
    let changed = told.changed;
    if !told.users.is_empty() || !told.teams.is_empty() {
        told.tell(tx, (Kind::FindingAssigned, findings), by, None)?;
    }
    Ok(changed)
}

fn merge(into: &mut Vec<crate::Named>, more: &[crate::Named]) {
    into.extend(more.iter().cloned());
    into.sort_unstable();
    into.dedup_by_key(|one| one.id);
}

fn new<'a>(before: &'a [crate::Named], after: &'a [crate::Named]) -> impl Iterator<Item = Id> + 'a {
    after
        .iter()
        .map(|one| one.id)
        .filter(|id| before.iter().all(|other| other.id != *id))
}

/// Moves findings that are held to a status, and answers how many moved; those that are there already stay. One
/// `finding.status_changed` tells everyone who sees to one of them.
///
/// # Errors
/// 409 naming the first whose lifecycle does not allow it; 409 for `accepted_risk`, which only an approval leads to.
pub fn move_to(
    tx: &mut Tx<'_>,
    findings: &mut [Finding],
    (to, comment): (Status, &str),
    context: Context<'_>,
) -> Result<usize, Problem> {
    if to == Status::AcceptedRisk {
        // Also where all of them are there already: nobody gets there this way.
        change::allowed(to, to, Mover::Person)?;
    }
    let one = context.by.clone().one_of_many(tx.id());
    let settings = context.settings;
    let mut told = Told::default();
    let mut from = None;
    for finding in findings.iter_mut().filter(|finding| finding.status != to) {
        let settings = settings.of(tx, finding.place.company.id)?;
        let context = Context {
            settings: &settings,
            by: &one,
        };
        let before = finding.status;
        super::move_to(tx, finding, to, comment, context).map_err(|problem| {
            Problem::new(problem.status(), format!("{} {}", finding.id, problem.detail()))
        })?;
        from.get_or_insert(before);
        told.changed(finding);
        told.users.extend(finding.users.iter().map(|user| user.id));
        told.teams.extend(finding.teams.iter().map(|team| team.id));
    }
    let changed = told.changed;
    if let Some(from) = from {
        told.tell(
            tx,
            (Kind::FindingStatusChanged, findings),
            context.by,
            Some((from, comment)),
        )?;
    }
    Ok(changed)
}

/// What changed, and whom it concerns.
#[derive(Default)]
struct Told {
    changed: usize,
    ids: BTreeSet<Id>,
    users: BTreeSet<Id>,
    teams: BTreeSet<Id>,
}

impl Told {
    fn changed(&mut self, finding: &Finding) {
        self.changed += 1;
        self.ids.insert(finding.id);
    }

    /// The event that people hear of, one for each company, about the worst finding of it.
    fn tell(
        &self,
        tx: &mut Tx<'_>,
        (kind, findings): (Kind, &[Finding]),
        by: &By,
        step: Option<(Status, &str)>,
    ) -> Result<(), Problem> {
        let companies: BTreeSet<Id> = findings.iter().map(|finding| finding.place.company.id).collect();
        for company in companies {
            let of_company =
                |finding: &&Finding| finding.place.company.id == company && self.ids.contains(&finding.id);
            let changed: Vec<&Finding> = findings.iter().filter(of_company).collect();
            let Some(worst) = changed.iter().max_by_key(|finding| finding.severity) else {
                continue;
            };
            let mut event = event::of(tx, kind, worst, by);
            event.assignee_users = self.users.iter().copied().collect();
            event.assignee_teams = self.teams.iter().copied().collect();
            event.data.insert("count".to_owned(), json!(changed.len()));
            let ids: Vec<Id> = changed.iter().map(|finding| finding.id).collect();
            event.data.insert("finding_ids".to_owned(), json!(ids));
            if let Some((from, comment)) = step {
                event.data.insert("from_status".to_owned(), json!(from));
                crate::by::put(
                    &mut event.data,
                    "comment",
                    (!comment.is_empty()).then_some(comment),
                );
            }
            tx.emit(event)?;
        }
        Ok(())
    }
}
