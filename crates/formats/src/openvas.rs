//! The XML report of `OpenVAS` (Greenbone, GVM), of the tool `OpenVAS`.
//!
//! Owns: what is read of a result, whether the report stands alone or in an answer of the management protocol. Must
//! not: read hosts, ports or errors.
//!
//! Severity: the result's score (<https://docs.greenbone.net/API/GMP/gmp-22.5.html>, "severity"), which overrides of the
//! user changed already, in the bands of CVSS; without one the threat, `High` to `Log`. A score below 0 is no
//! problem: -1 is a false positive, -2 a debug message, -3 an error; these are skipped. A fingerprint is made of the
//! host, the port and the test (NVT). A report of a scan that is not done closes nothing.

use base::Severity;

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    list::{Entry, Reader, Sink},
    severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
    xml,
};

const ROOTS: &[(&str, &Shape)] = &[("report", OUTER), ("get_reports_response", ANSWER)];
const ANSWER: &Shape = &[("report", Want::Through(OUTER))];
const OUTER: &Shape = &[
    ("report", Want::Through(INNER)),
    ("results", Want::Through(RESULTS)),
];
const INNER: &Shape = &[("results", Want::Through(RESULTS))];
const RESULTS: &Shape = &[("result", Want::Entries(RESULT))];
const RESULT: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("host", Want::Text(SHORT)),
    ("port", Want::Text(SHORT)),
    ("nvt", Want::One(NVT)),
    ("threat", Want::Text(WORD)),
    ("severity", Want::Number),
    ("description", Want::Text(LONG)),
];
const NVT: &Shape = &[
    ("@oid", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("tags", Want::Text(LONG)),
    ("solution", Want::Text(LONG)),
    (
        "refs",
        Want::One(&[(
            "ref",
            Want::Many(100, &[("@id", Want::Text(SHORT)), ("@type", Want::Text(WORD))]),
        )]),
    ),
];

const STATES: &[(&str, &Shape)] = &[
    ("report", STATE),
    ("get_reports_response", &[("report", Want::One(STATE))]),
];
const STATE: &Shape = &[
    ("scan_run_status", Want::Text(WORD)),
    ("report", Want::One(&[("scan_run_status", Want::Text(WORD))])),
];

/// Whether the scan is done, as far as the report says.
pub(crate) struct OpenVas {
    done: bool,
}

impl Reader for OpenVas {
    const TOOL: &'static str = "OpenVAS";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        let top = xml::read(file, STATES, &mut |_, _| Ok(()))?;
        let (outer, below) = (top.part("report"), top.part("report").part("report"));
        let states = [&top, outer, below].map(|part| part.text("scan_run_status").trim());
        let done = states.iter().all(|state| matches!(*state, "" | "Done"));
        Ok(Self { done })
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| sink.put(at, entry(&record)?);
        let top = xml::read(file, ROOTS, &mut each)?;
        if !self.done || !top.listed("report") && !top.listed("results") {
            sink.partial("the report does not say that it is whole");
        }
        Ok(())
    }
}

fn entry(record: &Record) -> Result<Entry, String> {
    let nvt = record.part("nvt");
    let (test, host) = (nvt.text("@oid"), record.text("host").trim());
    if test.is_empty() || host.is_empty() {
        let what = if host.is_empty() { "host" } else { "nvt.oid" };
        return Err(format!("`{what}` is missing"));
    }
    let (port, score, threat) = (
        record.text("port").trim(),
        record.text("severity"),
        record.text("threat").trim(),
    );
    if let Some(reason) = no_problem(score, threat) {
        return Ok(Entry::skipped(reason));
    }
    let tags = Tags(nvt.text("tags"));
    let references: Vec<_> = nvt
        .part("refs")
        .parts("ref")
        .map(|one| (one.text("@type"), one.text("@id")))
        .collect();
    let of = |kind: &str| {
        let ids = references
            .iter()
            .filter(|(of, _)| of.eq_ignore_ascii_case(kind))
            .map(|(_, id)| *id);
        ids.collect::<Vec<_>>().join(", ")
    };
    let solution = nvt.text("solution");
    let description = record.text("description");
    Ok(Entry::from(Draft {
        old: old("openvas 1", &[host, port, test], 0, &[description]),
        title: [record.text("name"), nvt.text("name"), test]
            .into_iter()
            .find(|name| !name.trim().is_empty())
            .unwrap_or_default()
            .to_owned(),
        description: vec![
            tags.get("summary").to_owned(),
            description.to_owned(),
            tags.get("insight").to_owned(),
            labelled("Impact", tags.get("impact")),
            labelled("Affected", tags.get("affected")),
            labelled(
                "Solution",
                if solution.trim().is_empty() {
                    tags.get("solution")
                } else {
                    solution
                },
            ),
            labelled("CVE", &of("cve")),
            labelled("See also", &of("url")),
        ],
        severity: Some(
            severity::of_score(score)
                .or_else(|| severity::of_word(if threat == "Log" { "info" } else { threat }))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![if port.is_empty() || port.starts_with("general/") {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        }],
        rule_id: test.to_owned(),
        cwes: references
            .iter()
            .filter(|(of, _)| of.eq_ignore_ascii_case("cwe"))
            .find_map(|(_, id)| cwe::of(id))
            .into_iter()
            .collect(),
        ..Draft::default()
    }))
}

/// Why a result is no problem, if it is none.
fn no_problem(score: &str, threat: &str) -> Option<&'static str> {
    let scored = |of: f64| {
        score
            .trim()
            .parse::<f64>()
            .is_ok_and(|score| (score - of).abs() < 0.01)
    };
    if threat == "False Positive" || scored(-1.0) {
        return Some("false positive: an override says so");
    }
    if threat == "Debug" || scored(-2.0) {
        return Some("a debug message of the scanner");
    }
    (threat == "Error" || scored(-3.0)).then_some("an error message of the scanner")
}

/// The tags of a test: `name=text|name=text`.
struct Tags<'t>(&'t str);

impl<'t> Tags<'t> {
    fn get(&self, name: &str) -> &'t str {
        let mut tags = self.0.split('|').filter_map(|tag| tag.split_once('='));
        tags.find(|(key, _)| *key == name).map_or("", |(_, text)| text)
    }
}
