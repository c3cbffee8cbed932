//! The same change of many findings at once.
//!
//! Owns: which findings a list of ids refers to, and how many of them one transaction takes. Must not: change a finding
//! in another way than a single change does.
//!
//! Everything is checked before anything is written. A change that fits into one portion is one transaction. A larger
//! one is written in portions, so that others need not wait for all of it: each finding is changed completely or not at
//! all, and the request ends when all are.
//!
//! Each finding has its own event with its own assignees, marked as part of a bundle: open tabs get them bundled, and
//! notifications are grouped for each recipient. The most severe one represents all of them in the recent activity.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use access::validate::Check;
use base::{Id, Scope};
use store::{Select, Tx, rows};

use super::{
    assignees::{self, Assignees},
    change::Context,
    finding::Finding,
    moves,
    responsible::ByRule,
    row,
    rows::Rows,
    status::{Mover, Status},
};
use crate::{By, Refused};

/// Maximum number of findings per change.
pub const MAX: usize = 1_000;
/// Maximum number of findings per transaction, and about how many rows it writes: it occupies the only writer of
/// SQLite.
pub(crate) const PORTION: usize = 250;
const ROWS: usize = 2_000;

/// How many findings a transaction takes if each needs this many rows.
pub(super) fn portion(rows: usize) -> usize {
    (ROWS / rows.max(1)).clamp(1, PORTION)
}

/// The findings with these ids, each once, ordered by id.
///
/// # Errors
/// 422 for none or more than [`MAX`], 404 if one does not exist or is not in the scope.
pub fn get(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope) -> Result<Vec<Finding>, Refused> {
    read(tx, ids, scope, "")
}

/// The same, locked until the end of this transaction.
///
/// # Errors
/// As for [`get`].
pub fn get_for_update(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope) -> Result<Vec<Finding>, Refused> {
    let lock = tx.for_update("f");
    read(tx, ids, scope, &lock)
}

fn read(tx: &mut Tx<'_>, ids: &[Id], scope: &Scope, lock: &str) -> Result<Vec<Finding>, Refused> {
    if ids.is_empty() || ids.len() > MAX {
        return Err(Refused::field("finding_ids", "must list 1 to 1,000 findings"));
    }
    let ids: Vec<Id> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let end = format!(" order by f.id{lock}");
    let mut findings = Vec::with_capacity(ids.len());
    for ids in rows::portions(&ids) {
        let select = Select::new(row::SELECT)
            .scope("f.company_id", scope)
            .within("f.id", ids)
            .push(&end, Vec::new());
        findings.extend(row::all(tx, &select)?);
    }
    if findings.len() < ids.len() {
        return Err(Refused::NotFound);
    }
    Ok(findings)
}

/// Whom to assign, and whether in addition to the current assignees or instead of them.
#[derive(Debug, Clone, Copy)]
pub struct Assign<'a> {
    /// Users.
    pub users: &'a [Id],
    /// Teams.
    pub teams: &'a [Id],
    /// Whether the current assignees are kept.
    pub add: bool,
}

impl Assign<'_> {
    /// Maximum number of rows it writes for a finding, except for removed assignees.
    pub(super) fn rows(&self) -> usize {
        3 + self.users.len() + self.teams.len()
    }

    /// The assignees in each company of these findings.
    ///
    /// # Errors
    /// 422 for a user who may not see one of the findings.
    fn checked(&self, tx: &mut Tx<'_>, findings: &[Finding]) -> Result<BTreeMap<Id, Assignees>, Refused> {
        let companies: BTreeSet<Id> = findings.iter().map(|finding| finding.place.company.id).collect();
        let mut known = BTreeMap::new();
        for company in companies {
            let mut check = Check::new();
            let ids = (self.users, self.teams);
            let found = assignees::check(tx, company, ids, ("user_ids", "team_ids"), &mut check)?;
            check.valid()?;
            known.insert(company, found);
        }
        Ok(known)
    }

    /// The new assignees of a finding, from those known in its company.
    fn wanted(&self, known: &BTreeMap<Id, Assignees>, finding: &Finding) -> Assignees {
        let mut wanted = known.get(&finding.place.company.id).cloned().unwrap_or_default();
        if self.add {
            merge(&mut wanted.0, &finding.users);
            merge(&mut wanted.1, &finding.teams);
        }
        wanted
    }

    /// The findings among these that it changes.
    ///
    /// # Errors
    /// As for [`checked`](Self::checked).
    pub fn changes(&self, tx: &mut Tx<'_>, mut findings: Vec<Finding>) -> Result<Vec<Finding>, Refused> {
        let known = self.checked(tx, &findings)?;
        findings.retain(|finding| assignees::differ(finding, &self.wanted(&known, finding)));
        Ok(findings)
    }
}

/// Assigns locked findings, and returns how many changed.
///
/// # Errors
/// 422 for a user who may not see one of them.
pub fn assign(
    tx: &mut Tx<'_>,
    findings: &mut [Finding],
    assign: Assign<'_>,
    by: &mut By,
) -> Result<usize, Refused> {
    let known = assign.checked(tx, findings)?;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let (mut rows, now) = (Rows::default(), tx.now());
    let mut changed = 0;
    for finding in findings {
        let wanted = assign.wanted(&known, finding);
        if assignees::assign_one(tx, finding, (wanted, now), by, &mut rows) {
            changed += 1;
            by.leads = false;
        }
    }
    rows.write(tx)?;
    Ok(changed)
}

fn merge(into: &mut Vec<crate::Named>, more: &[crate::Named]) {
    into.extend(more.iter().cloned());
    into.sort_unstable();
    into.dedup_by_key(|one| one.id);
}

/// Whether findings may change to a status; those that already have it stay unchanged.
///
/// # Errors
/// 409 naming the first whose lifecycle does not allow it; 409 for `accepted_risk`, which requires an approval.
pub fn may_move(findings: &[Finding], to: Status) -> Result<(), Refused> {
    if to == Status::AcceptedRisk {
        // Checked even if all of them already have it: this status cannot be set this way.
        moves::allowed(to, to, Mover::Person)?;
    }
    for finding in findings.iter().filter(|finding| finding.status != to) {
        let allowed = moves::allowed(finding.status, to, Mover::Person);
        allowed.map_err(|refused| match refused {
            Refused::Conflict(why, record) => Refused::Conflict(format!("{} {why}", finding.id), record),
            other => other,
        })?;
    }
    Ok(())
}

/// Changes the status of locked findings, and returns how many changed; those that already have it stay unchanged.
///
/// # Errors
/// As for [`may_move`].
pub fn move_to(
    tx: &mut Tx<'_>,
    findings: &mut [Finding],
    (to, comment): (Status, &str),
    settings: crate::Settings,
    by: &mut By,
) -> Result<usize, Refused> {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    may_move(findings, to)?;
    let (mut companies, mut rows) = (BTreeMap::new(), Rows::default());
    let mut changed = 0;
    for finding in findings.iter_mut().filter(|finding| finding.status != to) {
        let (settings, rules) = match companies.entry(finding.place.company.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let rules = if to.is_open() {
                    ByRule::of(tx, *place.key())?
                } else {
                    ByRule::default()
                };
                let settings = settings.of(tx, *place.key())?;
                place.insert((settings, rules))
            }
        };
        let context = Context { settings, by };
        moves::move_one(tx, finding, to, (comment, &*rules, &mut rows), context)?;
        changed += 1;
        by.leads = false;
    }
    rows.write(tx)?;
    Ok(changed)
}
