//! The effect of an import in numbers, actual or previewed.
//!
//! Owns: the counts, also by severity, and the assignees of what changed. Must not: decide the outcome of an entry.

use std::collections::{BTreeMap, BTreeSet};

use base::{Id, Severity};

use super::judge::{Action, Step};
use crate::{findings::Finding, scans::Severities};

/// The effect of portions.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) reopened: u64,
    pub(super) closed: u64,
    pub(super) unchanged: u64,
    pub(super) severities: Severities,
    /// The assignees of the findings that changed.
    pub(super) users: BTreeSet<Id>,
    pub(super) teams: BTreeSet<Id>,
}

fn count(counts: &mut BTreeMap<Severity, u64>, severity: Severity) {
    *counts.entry(severity).or_default() += 1;
}

fn merge(counts: &mut BTreeMap<Severity, u64>, other: BTreeMap<Severity, u64>) {
    for (severity, more) in other {
        *counts.entry(severity).or_default() += more;
    }
}

impl Tally {
    /// Adds the numbers of another portion.
    pub(super) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.reopened += other.reopened;
        self.closed += other.closed;
        self.unchanged += other.unchanged;
        merge(&mut self.severities.created, other.severities.created);
        merge(&mut self.severities.reopened, other.severities.reopened);
        merge(&mut self.severities.worse, other.severities.worse);
        merge(&mut self.severities.closed, other.severities.closed);
        self.users.extend(other.users);
        self.teams.extend(other.teams);
    }

    /// Notes the assignees of a finding that changed.
    pub(super) fn concerns(&mut self, finding: &Finding) {
        self.users.extend(finding.users.iter().map(|user| user.id));
        self.teams.extend(finding.teams.iter().map(|team| team.id));
    }

    /// Counts a finding that is closed.
    pub(super) fn close(&mut self, finding: &Finding) {
        self.closed += 1;
        count(&mut self.severities.closed, finding.severity);
        self.concerns(finding);
    }

    fn take(&mut self, action: &Action) {
        match action {
            Action::Create { found, .. } => {
                self.created += 1;
                count(&mut self.severities.created, found.severity);
            }
            Action::Keep { .. } => self.unchanged += 1,
            Action::Change(changing) => {
                let finding = &changing.finding;
                let severity = changing.change.severity.unwrap_or(finding.severity);
                if changing.step == Step::Reopen {
                    self.reopened += 1;
                    count(&mut self.severities.reopened, severity);
                }
                if severity > finding.severity {
                    count(&mut self.severities.worse, severity);
                }
                if changing.step == Step::None && !changing.announced {
                    self.unchanged += 1;
                } else {
                    self.updated += 1;
                    self.concerns(finding);
                }
            }
        }
    }
}

/// The effect of these actions, without performing them.
pub(super) fn tally(actions: &[Action]) -> Tally {
    let mut tally = Tally::default();
    for action in actions {
        tally.take(action);
    }
    tally
}
