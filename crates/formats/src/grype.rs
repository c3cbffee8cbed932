//! Grype's JSON report (`grype -o json`), of the tool `Grype`.
//!
//! Owns: what is read of a match. Must not: read the list of packages.
//!
//! Severity: Grype's own word, `Critical` to `Negligible`
//! (<https://github.com/anchore/grype/blob/main/grype/vulnerability/severity.go>); of `Unknown` the worst CVSS score, and
//! informational without one. A fingerprint is made of the vulnerability, the package with its type, and its path.
//! Matches that a rule of the user ignores are skipped as suppressed.

use base::Severity;

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
};

const REPORT: &Shape = &[
    ("matches", Want::Entries(MATCH)),
    ("ignoredMatches", Want::Entries(MATCH)),
];
const MATCH: &Shape = &[
    ("vulnerability", Want::One(VULNERABILITY)),
    ("relatedVulnerabilities", Want::Many(5, VULNERABILITY)),
    ("artifact", Want::One(ARTIFACT)),
    ("appliedIgnoreRules", Want::Many(1, RULE)),
];
const VULNERABILITY: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("dataSource", Want::Text(SHORT)),
    ("severity", Want::Text(WORD)),
    ("description", Want::Text(LONG)),
    ("cvss", Want::Many(20, CVSS)),
    ("cwes", Want::Many(8, CWE)),
    ("fix", Want::One(FIX)),
];
const CVSS: &Shape = &[("metrics", Want::One(METRICS))];
const METRICS: &Shape = &[("baseScore", Want::Number)];
const CWE: &Shape = &[("cwe", Want::Text(WORD))];
const FIX: &Shape = &[("versions", Want::Texts(20, SHORT)), ("state", Want::Text(WORD))];
const ARTIFACT: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("type", Want::Text(WORD)),
    ("locations", Want::Many(1, LOCATION)),
];
const LOCATION: &Shape = &[("path", Want::Text(SHORT))];
const RULE: &Shape = &[("reason", Want::Text(SHORT))];

/// Nothing of a report is needed before its matches.
pub(crate) struct Grype;

impl Reader for Grype {
    const TOOL: &'static str = "Grype";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| {
            if at.key == "matches" {
                return sink.take(at, &record, entry);
            }
            let reason = record.part("appliedIgnoreRules").text("reason");
            let reason = base::text::line(&format!("suppressed (ignore rule): {reason}"), 300);
            sink.put(at, Entry::skipped(reason.trim_end_matches(':')))
        };
        let report = shaped::read(file, REPORT, &mut each)?;
        if report.listed("matches") {
            return Ok(());
        }
        Err(fault("matches", "it is missing: this is no report of Grype"))
    }
}

fn entry(record: &Record) -> Result<Draft, String> {
    let (found, artifact) = (record.part("vulnerability"), record.part("artifact"));
    let (id, package) = (found.text("id"), artifact.text("name"));
    if id.is_empty() {
        return Err("`vulnerability.id` is missing: this is no match of Grype".to_owned());
    }
    let version = artifact.text("version");
    let path = artifact.part("locations").text("path");
    let all = || std::iter::once(found).chain(record.parts("relatedVulnerabilities"));
    let scores = all().flat_map(|one| {
        one.parts("cvss")
            .map(|cvss| cvss.part("metrics").text("baseScore"))
    });
    let description = all()
        .map(|one| one.text("description"))
        .find(|text| !text.is_empty());
    let fixed: Vec<_> = found.part("fix").texts("versions").collect();
    let shown = format!("{package} {version}");
    Ok(Draft {
        old: old(
            "grype 1",
            &[id, artifact.text("type"), package, path],
            0,
            &[version],
        ),
        title: format!("{id} in {shown}"),
        description: vec![
            description.unwrap_or_default().to_owned(),
            labelled("Package", &format!("{shown} ({})", artifact.text("type"))),
            labelled("Fixed in", &fixed.join(", ")),
            labelled(
                "Fix",
                if fixed.is_empty() {
                    found.part("fix").text("state")
                } else {
                    ""
                },
            ),
            labelled("More about it", found.text("dataSource")),
        ],
        severity: Some(
            severity::of_word(found.text("severity"))
                .or_else(|| severity::of_scores(scores))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![if path.is_empty() { shown } else { path.to_owned() }],
        rule_id: id.to_owned(),
        cwes: all()
            .flat_map(|one| one.parts("cwes"))
            .find_map(|one| cwe::of(one.text("cwe")))
            .into_iter()
            .collect(),
        ..Draft::default()
    })
}
