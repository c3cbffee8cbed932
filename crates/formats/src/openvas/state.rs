//! What a report of `OpenVAS` says of itself.
//!
//! Owns: whether it is one at all, when its scan was, and why it may hold less than was found. Must not: read results.

use base::Time;

use super::time;
use crate::{
    Error, Source,
    shape::{Record, Shape, WORD, Want},
    xml,
};

const ROOTS: &[(&str, &Shape)] = &[
    ("report", OUTER),
    ("get_reports_response", &[("report", Want::Many(2, OUTER))]),
];
const OUTER: &Shape = &[
    ("@format_id", Want::Text(WORD)),
    ("@type", Want::Text(WORD)),
    ("report", Want::One(INNER)),
    ("task", Want::One(&[])),
    ("report_format", Want::One(&[])),
    ("creation_time", Want::Text(WORD)),
    ("gmp", Want::One(&[])),
    ("omp", Want::One(&[])),
    ("ports", Want::One(&[])),
    ("scan_run_status", Want::Text(WORD)),
    ("scan_start", Want::Text(WORD)),
    ("scan_end", Want::Text(WORD)),
    ("results", Want::One(RESULTS)),
    ("result_count", Want::One(COUNT)),
    ("errors", Want::One(ERRORS)),
];
const INNER: &Shape = &[
    ("@type", Want::Text(WORD)),
    ("task", Want::One(&[])),
    ("gmp", Want::One(&[])),
    ("omp", Want::One(&[])),
    ("ports", Want::One(&[])),
    ("scan_run_status", Want::Text(WORD)),
    ("scan_start", Want::Text(WORD)),
    ("scan_end", Want::Text(WORD)),
    ("results", Want::One(RESULTS)),
    ("result_count", Want::One(COUNT)),
    ("errors", Want::One(ERRORS)),
];
const RESULTS: &Shape = &[
    ("@start", Want::Text(WORD)),
    ("@max", Want::Text(WORD)),
    ("result", Want::Many(1, &[("nvt", Want::One(&[]))])),
];
const COUNT: &Shape = &[("filtered", Want::Number)];
const ERRORS: &Shape = &[("count", Want::Number)];

/// Elements and attributes that reports of others do not have, or not together.
const MARKS: &[&str] = &[
    "@format_id",
    "report",
    "task",
    "report_format",
    "gmp",
    "omp",
    "ports",
    "scan_run_status",
    "scan_start",
    "results",
    "result_count",
];

/// What a report says of itself.
#[derive(Default)]
pub(super) struct State {
    /// When its scan was.
    pub(super) time: Option<Time>,
    /// Every status it names.
    unfinished: Vec<String>,
    several: bool,
    delta: bool,
    /// Of how many results it shows how many, and from which on.
    start: u64,
    page: u64,
    filtered: u64,
    errors: u64,
}

impl State {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Refused`] for another tool's file.
    pub(super) fn read(file: &mut dyn Source) -> Result<Self, Error> {
        let root = xml::root(file)?;
        let top = xml::read(file, ROOTS, &mut |_, _| Ok(()))?;
        let outer = if root == "report" {
            &top
        } else {
            top.part("report")
        };
        let inner = outer.part("report");
        let marks = [outer, inner].map(marks).iter().sum::<usize>() + usize::from(root != "report");
        if marks < 2 {
            return Err(Error::whole(
                "this is no report of OpenVAS: it has neither its results nor the state of its scan",
            ));
        }
        let number = |key: &str, of: &str| {
            let numbers = [outer, inner].map(|part| part.part(key).text(of).trim().parse::<u64>().ok());
            numbers.into_iter().flatten().max().unwrap_or_default()
        };
        let states = [&top, outer, inner].map(|part| part.text("scan_run_status").trim());
        let unfinished = states.iter().filter(|state| !matches!(**state, "" | "Done"));
        Ok(Self {
            time: time(inner.text("scan_end"))
                .or_else(|| time(outer.text("scan_end")))
                .or_else(|| time(outer.text("creation_time"))),
            unfinished: unfinished.map(|state| (*state).to_owned()).collect(),
            several: root != "report" && top.parts("report").count() > 1,
            delta: [outer, inner].iter().any(|part| part.text("@type") == "delta"),
            start: number("results", "@start"),
            page: number("results", "@max"),
            filtered: number("result_count", "filtered"),
            errors: number("errors", "count"),
        })
    }

    /// Why it holds less than was found: `results` and `errors` are how many it lists.
    pub(super) fn reasons(&self, results: u64, errors: u64) -> Vec<String> {
        let mut reasons: Vec<_> = self
            .unfinished
            .iter()
            .map(|state| format!("the scan is not done: its status is {state}"))
            .collect();
        if self.delta {
            reasons.push("the report compares two scans".to_owned());
        }
        if self.several {
            reasons.push("the file holds several reports".to_owned());
        }
        // Without an end of the page the counts are of no use: scanners keep old ones.
        if self.start > 1 || self.page > 0 && results < self.filtered {
            reasons.push(format!(
                "the report shows {results} of {} results, from number {}",
                self.filtered,
                self.start.max(1)
            ));
        }
        if errors < self.errors {
            reasons.push(format!(
                "the scanner reports {} errors and lists {errors}",
                self.errors
            ));
        }
        reasons
    }
}

/// How many marks of the tool a report has; a test in its first result is one, an empty list is none. With the root, the
/// status of a scan is enough.
fn marks(report: &Record) -> usize {
    let results = report.part("results").part("result");
    let has = |mark: &&&str| match **mark {
        "results" => report.part("results").has("result"),
        mark => report.has(mark),
    };
    let sure = usize::from(report.has("scan_run_status"));
    MARKS.iter().filter(has).count() + sure + usize::from(results.has("nvt"))
}
