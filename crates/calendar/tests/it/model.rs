//! The feed as the promises say it, over records as a test has made them up. It knows no table and no statement.

use base::{Severity, Time};
use records::{Date, findings, scans};

use crate::world::Wanted;

/// A company: 0 or 1. A person: one of [`PEOPLE`].
pub(crate) type Company = usize;

/// Which companies each person may see: a member of the first, of both, of none, and an administrator.
pub(crate) const PEOPLE: [&[Company]; 4] = [&[0], &[0, 1], &[], &[0, 1]];

/// The names of the companies.
pub(crate) const NAMES: [&str; 2] = ["Ours", "Theirs"];

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) company: Company,
    pub(crate) days: [Option<Date>; 2],
}

#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) company: Company,
    pub(crate) status: scans::Status,
    pub(crate) scheduled: Time,
    pub(crate) started: Time,
}

#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) company: Company,
    /// Whether it is of the first project of its company, if that has one.
    pub(crate) of_project: bool,
    pub(crate) wanted: Wanted,
    /// Whether each person sees to it.
    pub(crate) assigned: [bool; 4],
}

#[derive(Debug, Clone)]
pub(crate) struct Records {
    pub(crate) projects: Vec<Project>,
    pub(crate) scans: Vec<Scan>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) by: usize,
    /// 2 is a company that is not there.
    pub(crate) company: Option<Company>,
    pub(crate) mine: bool,
    pub(crate) from: Time,
    pub(crate) to: Time,
}

/// An entry: when, why, which record (by its number), how bad, where it stands, of which company and whether of a project.
pub(crate) type Entry = (
    Time,
    &'static str,
    usize,
    Option<Severity>,
    String,
    &'static str,
    bool,
);

impl Records {
    /// Whether a company has a project.
    pub(crate) fn has_project(&self, company: Company) -> bool {
        self.projects.iter().any(|project| project.company == company)
    }

    /// What the calendar answers, in no order.
    pub(crate) fn feed(&self, question: &Question) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !question.mine {
            self.add_projects(&mut entries, question);
            self.add_scans(&mut entries, question);
        }
        self.add_findings(&mut entries, question);
        entries.retain(|entry| entry.0 >= question.from && entry.0 < question.to);
        entries
    }

    fn add_projects(&self, entries: &mut Vec<Entry>, question: &Question) {
        for (n, project) in self.projects.iter().enumerate() {
            for (kind, day) in ["project_start", "project_end"].into_iter().zip(project.days) {
                if let Some(day) = day.filter(|_| question.sees(project.company)) {
                    let (status, name) = ("active".to_owned(), NAMES[project.company]);
                    entries.push((day.midnight(), kind, n, None, status, name, true));
                }
            }
        }
    }

    fn add_scans(&self, entries: &mut Vec<Entry>, question: &Question) {
        for (n, scan) in self.scans.iter().enumerate() {
            let at = match scan.status.name() {
                "scheduled" => scan.scheduled,
                "running" => scan.started,
                _ => continue,
            };
            if question.sees(scan.company) {
                let (status, name) = (scan.status.name().to_owned(), NAMES[scan.company]);
                entries.push((at, "scan", n, None, status, name, false));
            }
        }
    }

    fn add_findings(&self, entries: &mut Vec<Entry>, question: &Question) {
        for (n, finding) in self.findings.iter().enumerate() {
            let status = finding.wanted.status;
            let open = matches!(
                status,
                findings::Status::Open | findings::Status::InProgress | findings::Status::Retest
            );
            let wanted = !question.mine || finding.assigned[question.by];
            if !open || !wanted || !question.sees(finding.company) {
                continue;
            }
            let of_project = finding.of_project && self.has_project(finding.company);
            for (kind, at) in [
                ("sla_due", finding.wanted.sla),
                ("retest_due", finding.wanted.retest),
            ] {
                if let Some(at) = at {
                    let (severity, name) = (finding.wanted.severity, NAMES[finding.company]);
                    entries.push((
                        at,
                        kind,
                        n,
                        Some(severity),
                        status.name().to_owned(),
                        name,
                        of_project,
                    ));
                }
            }
        }
    }
}

impl Question {
    fn sees(&self, company: Company) -> bool {
        PEOPLE[self.by].contains(&company) && self.company.is_none_or(|only| only == company)
    }
}
