//! The metadata of an `OpenVAS` scan report.
//!
//! Owns: whether it is one at all, when its scan was, and why it may be incomplete. Must not: read results.

use base::Time;

use super::time;
use crate::{
    Error, Source,
    shape::{Shape, WORD, Want},
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

/// The metadata of a scan report.
#[derive(Default)]
pub(super) struct State {
    /// When its scan was.
    pub(super) time: Option<Time>,
    /// Every status it names, except `Done`.
    unfinished: Vec<String>,
    several: bool,
    delta: bool,
    /// The page it shows: the first result, and how many of how many.
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
        let top = xml::read(file, ROOTS, &mut |_, _| Ok(()))?;
        // `get_reports_response` contains a report that contains another; else the outer one is the root.
        let held = top.part("report");
        let outer = if held.has("report") { held } else { &top };
        let inner = outer.part("report");
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
            several: top.parts("report").count() > 1,
            delta: [outer, inner].iter().any(|part| part.text("@type") == "delta"),
            start: number("results", "@start"),
            page: number("results", "@max"),
            filtered: number("result_count", "filtered"),
            errors: number("errors", "count"),
        })
    }

    /// Why it is incomplete: `results` and `errors` are the numbers it lists.
    pub(super) fn reasons(&self, results: u64, errors: u64) -> Vec<String> {
        let mut reasons: Vec<_> = self
            .unfinished
            .iter()
            .map(|state| format!("the scan is not finished: its status is {state}"))
            .collect();
        if self.delta {
            reasons.push("the report is a comparison of two scans".to_owned());
        }
        if self.several {
            reasons.push("the file contains several reports".to_owned());
        }
        // Without a page size the counts are unreliable: scanners keep old ones.
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
