//! A result of `OpenVAS`.
//!
//! Owns: the entry it becomes. Must not: know the rest of the scan report.

use base::Severity;

use crate::{
    Cvss, cwe,
    draft::{Draft, Key, labelled, old},
    list::Entry,
    output::Output,
    rating, severity,
    shape::{LONG, Record, SHORT, Shape, WORD, Want},
};

pub(super) const RESULT: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("host", Want::Text(SHORT)),
    ("port", Want::Text(SHORT)),
    ("nvt", Want::One(NVT)),
    ("threat", Want::Text(WORD)),
    ("severity", Want::Number),
    ("description", Want::Text(LONG)),
    ("creation_time", Want::Text(WORD)),
];
const NVT: &Shape = &[
    ("@oid", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("tags", Want::Text(LONG)),
    ("solution", Want::Text(LONG)),
    ("cvss_base", Want::Number),
    // Before version 11.
    ("cve", Want::Text(LONG)),
    ("xref", Want::Text(LONG)),
    ("severities", Want::One(&[("severity", Want::Many(10, SEVERITY))])),
    (
        "refs",
        Want::One(&[(
            "ref",
            Want::Many(2_000, &[("@id", Want::Text(SHORT)), ("@type", Want::Text(WORD))]),
        )]),
    ),
];
const SEVERITY: &Shape = &[("score", Want::Number), ("value", Want::Text(SHORT))];

/// Maximum number of CVEs that are repeated in the description.
const SHOWN: usize = 50;

/// The entry of a result.
pub(super) fn entry(record: &Record) -> Result<Entry, String> {
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
    let (tags, references) = (Tags(nvt.text("tags")), References::of(nvt));
    let description = record.text("description");
    let seen = Output::of(description, test);
    Ok(Entry::from(Draft {
        key: Key {
            rules: vec![test.to_owned()],
            parts: vec![number(port).to_owned()],
            version: seen.version,
            message: seen.message,
            detail: description.to_owned(),
            ..Key::default()
        },
        old: old("openvas 1", &[host, port, test], 0, &[description]),
        title: [record.text("name"), nvt.text("name"), test]
            .into_iter()
            .find(|name| !name.trim().is_empty())
            .unwrap_or_default()
            .to_owned(),
        description: paragraphs(record, &tags, &references),
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
        cvss: rating_of(nvt, &tags),
        identifiers: references.identifiers,
        cwes: references.cwes,
        references: references.urls,
        found_at: super::time(record.text("creation_time")),
        ..Draft::default()
    }))
}

fn paragraphs(record: &Record, tags: &Tags<'_>, references: &References) -> Vec<String> {
    let solution = record.part("nvt").text("solution");
    let cves: Vec<_> = references
        .identifiers
        .iter()
        .filter(|id| id.starts_with("CVE-"))
        .map(String::as_str)
        .collect();
    let shown = cves.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    vec![
        tags.get("summary").to_owned(),
        record.text("description").to_owned(),
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
        labelled(
            "CVE",
            &match cves.len().saturating_sub(SHOWN) {
                0 => shown,
                more => format!("{shown} … and {more} more"),
            },
        ),
    ]
}

/// The port number, also as versions before 9 wrote it: `443/tcp` of `https (443/tcp)`.
fn number(port: &str) -> &str {
    let inner = port.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(port)
}

/// The references of a test.
#[derive(Default)]
struct References {
    identifiers: Vec<String>,
    cwes: Vec<String>,
    urls: Vec<String>,
}

impl References {
    fn of(nvt: &Record) -> Self {
        let mut all = Self::default();
        for one in nvt.part("refs").parts("ref") {
            all.add(one.text("@type"), one.text("@id"));
        }
        for cve in nvt.text("cve").split(',').map(str::trim) {
            if cve != "NOCVE" {
                all.add("cve", cve);
            }
        }
        for (kind, id) in nvt
            .text("xref")
            .split(", ")
            .filter_map(|xref| xref.split_once(':'))
        {
            if kind.trim().eq_ignore_ascii_case("url") {
                all.add("url", id);
            }
        }
        all
    }

    fn add(&mut self, kind: &str, id: &str) {
        match kind.to_ascii_lowercase().as_str() {
            "url" => self.urls.push(id.to_owned()),
            "cwe" => self.cwes.extend(cwe::of(id)),
            _ => self.identifiers.push(id.trim().to_uppercase()),
        }
    }
}

/// The test's rating: the most severe of those it lists, else its base score with the vector of its tags.
fn rating_of(nvt: &Record, tags: &Tags<'_>) -> Option<Cvss> {
    let listed = nvt.part("severities").parts("severity");
    let listed = listed.filter_map(|one| rating::of(one.text("value"), "", one.text("score")));
    let score = |cvss: &Cvss| cvss.score.unwrap_or_default();
    listed
        .max_by(|one, other| score(one).total_cmp(&score(other)))
        .filter(|cvss| cvss.score.is_some())
        .or_else(|| rating::of(tags.get("cvss_base_vector"), "", nvt.text("cvss_base")))
}

/// Whether a result states that the scanner failed.
pub(super) fn is_error(record: &Record) -> bool {
    record.text("threat").trim() == "Error" || is_scored(record.text("severity"), -3.0)
}

fn is_scored(score: &str, of: f64) -> bool {
    let score = score.trim().parse::<f64>();
    score.is_ok_and(|score| (score - of).abs() < 0.01)
}

/// Why a result is not a problem, if so.
fn no_problem(score: &str, threat: &str) -> Option<&'static str> {
    if threat == "False Positive" || is_scored(score, -1.0) {
        return Some("false positive (override)");
    }
    if threat == "Debug" || is_scored(score, -2.0) {
        return Some("a debug message of the scanner");
    }
    (threat == "Error" || is_scored(score, -3.0)).then_some("an error message of the scanner")
}

/// The tags of a test: `name=text|name=text`.
struct Tags<'t>(&'t str);

impl<'t> Tags<'t> {
    fn get(&self, name: &str) -> &'t str {
        let mut tags = self.0.split('|').filter_map(|tag| tag.split_once('='));
        tags.find(|(key, _)| *key == name).map_or("", |(_, text)| text)
    }
}
