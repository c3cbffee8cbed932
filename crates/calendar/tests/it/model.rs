//! The feed as the promises define it, over records that a test invented. It knows no table, statement or time zone
//! library.

use base::{Severity, Time};
use records::{Date, findings, projects, scans};

use crate::world::Wanted;

/// A company, by its number. A person: one of [`PEOPLE`].
pub(crate) type Company = usize;

/// Which companies each person may see: a member of the first, of two, of three, of none, and an administrator.
pub(crate) const PEOPLE: [&[Company]; 5] = [&[0], &[0, 1], &[0, 1, 2], &[], &[0, 1, 2, 3]];

/// The names of the companies.
pub(crate) const NAMES: [&str; 4] = ["Ours", "Theirs", "Third", "Fourth"];

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A zone: its offset in minutes in the spring of 2026, and when and how that changes.
type Zone = (&'static str, i64, Option<(&'static str, i64)>);

pub(crate) const ZONES: [Zone; 7] = [
    ("UTC", 0, None),
    ("Pacific/Kiritimati", 14 * 60, None),
    ("Pacific/Pago_Pago", -11 * 60, None),
    ("Asia/Kathmandu", 5 * 60 + 45, None),
    ("America/New_York", -4 * 60, None),
    ("Europe/Berlin", 60, Some(("2026-03-29T01:00:00Z", 120))),
    (
        "Australia/Lord_Howe",
        11 * 60,
        Some(("2026-04-04T15:00:00Z", 10 * 60 + 30)),
    ),
];

/// The day in a zone, counted from 1970.
fn day_in(zone: usize, at: Time) -> i64 {
    let (_, usual, change) = ZONES[zone];
    let offset = match change {
        Some((from, later)) if at >= from.parse().unwrap() => later,
        _ => usual,
    };
    (at.nanos() + offset * MINUTE).div_euclid(DAY)
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) company: Company,
    pub(crate) status: projects::Status,
    pub(crate) days: [Option<Date>; 2],
}

#[derive(Debug, Clone)]
pub(crate) struct Agreement {
    pub(crate) company: Company,
    pub(crate) status: &'static str,
    pub(crate) expires: Option<Date>,
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
    /// Whether it is in the first project of its company, if that has one.
    pub(crate) of_project: bool,
    pub(crate) wanted: Wanted,
    /// Whether each person is assigned to it.
    pub(crate) assigned: [bool; 5],
}

#[derive(Debug, Clone)]
pub(crate) struct Records {
    pub(crate) projects: Vec<Project>,
    pub(crate) agreements: Vec<Agreement>,
    pub(crate) scans: Vec<Scan>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) by: usize,
    /// One more than the number of companies is a company that does not exist.
    pub(crate) company: Option<Company>,
    pub(crate) mine: bool,
    pub(crate) from: Time,
    pub(crate) to: Time,
    /// None is UTC.
    pub(crate) zone: Option<usize>,
    /// The page size.
    pub(crate) limit: Option<usize>,
}

/// An entry, in the order of a feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) at: Time,
    pub(crate) id: String,
    pub(crate) severity: Option<Severity>,
    pub(crate) status: String,
    pub(crate) company: &'static str,
    pub(crate) of_project: bool,
    pub(crate) date: Option<String>,
    pub(crate) ends_on: Option<String>,
}

/// The id of a record, by its kind of entry and its number.
pub(crate) type Ids<'a> = &'a dyn Fn(&str, usize) -> String;

impl Records {
    /// Whether a company has a project.
    fn has_project(&self, company: Company) -> bool {
        self.projects.iter().any(|project| project.company == company)
    }

    /// The calendar's answer, in its order.
    pub(crate) fn feed(&self, question: &Question, ids: Ids<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !question.mine {
            entries.extend(self.of_days(question, ids));
            entries.extend(self.of_scans(question, ids));
        }
        entries.extend(self.of_findings(question, ids));
        entries.sort();
        entries
    }

    fn of_days(&self, question: &Question, ids: Ids<'_>) -> Vec<Entry> {
        let mut found = Vec::new();
        for (n, project) in self.projects.iter().enumerate() {
            let [start, end] = project.days;
            let status = project.status.name();
            found.push(("project_start", n, start, end, status, project.company));
            found.push(("project_end", n, end, None, status, project.company));
        }
        for (n, agreement) in self.agreements.iter().enumerate() {
            let expires = agreement.expires.filter(|_| agreement.status == "active");
            found.push((
                "agreement_expiry",
                n,
                expires,
                None,
                agreement.status,
                agreement.company,
            ));
        }
        let mut entries = Vec::new();
        for (kind, n, day, last, status, company) in found {
            if let Some(day) = day.filter(|day| question.has_day(*day) && question.sees(company)) {
                entries.push(Entry {
                    at: day.midnight(),
                    id: format!("{kind}:{}", ids(kind, n)),
                    severity: None,
                    status: status.to_owned(),
                    company: NAMES[company],
                    of_project: kind != "agreement_expiry",
                    date: Some(day.to_string()),
                    ends_on: last.map(|last| last.to_string()),
                });
            }
        }
        entries
    }

    fn of_scans(&self, question: &Question, ids: Ids<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (n, scan) in self.scans.iter().enumerate() {
            let at = match scan.status.name() {
                "scheduled" => scan.scheduled,
                "running" => scan.started,
                _ => continue,
            };
            if question.sees(scan.company) && question.has(at) {
                entries.push(Entry {
                    at,
                    id: format!("scan:{}", ids("scan", n)),
                    severity: None,
                    status: scan.status.name().to_owned(),
                    company: NAMES[scan.company],
                    of_project: false,
                    date: None,
                    ends_on: None,
                });
            }
        }
        entries
    }

    fn of_findings(&self, question: &Question, ids: Ids<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
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
            let (sla, retest) = (finding.wanted.sla, finding.wanted.retest);
            for (kind, at) in [("sla_due", sla), ("retest_due", retest)] {
                if let Some(at) = at.filter(|at| question.has(*at)) {
                    entries.push(Entry {
                        at,
                        id: format!("{kind}:{}", ids(kind, n)),
                        severity: Some(finding.wanted.severity),
                        status: status.name().to_owned(),
                        company: NAMES[finding.company],
                        of_project: finding.of_project && self.has_project(finding.company),
                        date: None,
                        ends_on: None,
                    });
                }
            }
        }
        entries
    }
}

impl Question {
    fn sees(&self, company: Company) -> bool {
        PEOPLE[self.by].contains(&company) && self.company.is_none_or(|only| only == company)
    }

    fn has(&self, at: Time) -> bool {
        at >= self.from && at < self.to
    }

    /// Whether any part of that day is in the window, in the user's zone.
    fn has_day(&self, day: Date) -> bool {
        let zone = self.zone.unwrap_or(0);
        let (first, last) = (
            day_in(zone, self.from),
            day_in(zone, Time::from_nanos(self.to.nanos() - 1)),
        );
        (first..=last).contains(&day.midnight().nanos().div_euclid(DAY))
    }
}
