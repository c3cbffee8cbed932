//! A vulnerability of a `CycloneDX` document.
//!
//! Owns: what is read of it, and the entry it becomes for one component. Must not: look up components.
//!
//! Severity: the most severe word of the ratings, from any source
//! (<https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_ratings>), else the highest score of a CVSS method,
//! else informational. The CVSS rating that is kept is the highest with this severity, else the highest. What the
//! analysis calls resolved, a false positive or not affected is skipped, and so is a component if all its versions are
//! unaffected; anything else in the analysis is shown and decides nothing.

use base::Severity;

use super::{AFFECTED, part::Part};
use crate::{
    Component, Cvss, cwe,
    draft::{Draft, Key, labelled, old},
    list::Entry,
    package, rating, severity,
    shape::{LONG, Record, SHORT, Shape, WORD, Want},
};

pub(super) const VULNERABILITY: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("source", Want::One(SOURCE)),
    ("references", Want::Many(200, REFERENCE)),
    ("ratings", Want::Many(1_000, RATING)),
    ("cwes", Want::Texts(200, WORD)),
    ("description", Want::Text(LONG)),
    ("detail", Want::Text(LONG)),
    ("recommendation", Want::Text(LONG)),
    ("workaround", Want::Text(LONG)),
    ("advisories", Want::Many(1_000, ADVISORY)),
    ("analysis", Want::One(ANALYSIS)),
    ("affects", Want::Many(AFFECTED + 1, AFFECTS)),
];
const SOURCE: &Shape = &[("name", Want::Text(SHORT)), ("url", Want::Text(SHORT))];
const REFERENCE: &Shape = &[("id", Want::Text(SHORT)), ("source", Want::One(SOURCE))];
const ADVISORY: &Shape = &[("url", Want::Text(SHORT))];
const RATING: &Shape = &[
    ("severity", Want::Text(WORD)),
    ("score", Want::Number),
    ("method", Want::Text(WORD)),
    ("vector", Want::Text(SHORT)),
];
const ANALYSIS: &Shape = &[
    ("state", Want::Text(WORD)),
    ("justification", Want::Text(SHORT)),
    ("detail", Want::Text(SHORT)),
];
const AFFECTS: &Shape = &[
    ("ref", Want::Text(SHORT)),
    ("versions", Want::Many(10_000, VERSION)),
];
const VERSION: &Shape = &[
    ("version", Want::Text(SHORT)),
    ("range", Want::Text(SHORT)),
    ("status", Want::Text(WORD)),
];

pub(super) const VULNERABILITY_XML: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("source", Want::One(SOURCE)),
    (
        "references",
        Want::One(&[("reference", Want::Many(200, REFERENCE))]),
    ),
    ("ratings", Want::One(&[("rating", Want::Many(1_000, RATING))])),
    ("cwes", Want::One(&[("cwe", Want::Texts(200, WORD))])),
    ("description", Want::Text(LONG)),
    ("detail", Want::Text(LONG)),
    ("recommendation", Want::Text(LONG)),
    ("workaround", Want::Text(LONG)),
    (
        "advisories",
        Want::One(&[("advisory", Want::Many(1_000, ADVISORY))]),
    ),
    ("analysis", Want::One(ANALYSIS)),
    (
        "affects",
        Want::One(&[("target", Want::Many(AFFECTED + 1, AFFECTS_XML))]),
    ),
];
const AFFECTS_XML: &Shape = &[
    ("ref", Want::Text(SHORT)),
    ("versions", Want::One(&[("version", Want::Many(10_000, VERSION))])),
];

/// The parts of a list: in JSON under its key, in XML one element deeper.
fn listed<'r>(record: &'r Record, key: &'r str, inner: &'r str) -> impl Iterator<Item = &'r Record> {
    record.parts(key).flat_map(move |part| within(part, inner))
}

/// What one part of a list contains: itself, or the elements within.
pub(super) fn within<'r>(part: &'r Record, inner: &'r str) -> impl Iterator<Item = &'r Record> {
    let own = part.parts(inner).next().is_none().then_some(part);
    own.into_iter().chain(part.parts(inner))
}

/// The entry of a vulnerability for one component.
pub(super) fn of(record: &Record, target: Option<&Record>, part: &Part) -> Result<Entry, String> {
    ratings(record).try_for_each(|rating| severity::stated(rating.text("severity")))?;
    let id = record.text("id").trim();
    if id.is_empty() {
        return Err("`id` is missing".to_owned());
    }
    if let Some(reason) = no_problem(record) {
        return Ok(Entry::skipped(&reason));
    }
    let versions = target.map_or_else(Versions::default, |target| Versions::of(target, part));
    if versions.unaffected {
        let reason = format!("unaffected versions: {}", versions.shown);
        return Ok(Entry::skipped(reason.trim_end_matches([':', ' '])));
    }
    let shown = part.shown.as_str();
    let source = record.part("source");
    let severity = severity_of(record);
    let state = record.part("analysis").text("state").trim();
    Ok(Entry::from(Draft {
        key: key(record, part, &versions),
        old: old("cyclonedx 1", &[id, &part.old], 0, &[shown]),
        title: if shown.is_empty() {
            id.to_owned()
        } else {
            format!("{id} in {shown}")
        },
        description: vec![
            record.text("description").to_owned(),
            record.text("detail").to_owned(),
            labelled("Recommendation", record.text("recommendation")),
            labelled("Workaround", record.text("workaround")),
            labelled("Versions", &versions.shown),
            labelled("Analysis", state),
            labelled("Source", source.first(&["url", "name"])),
        ],
        severity: Some(severity),
        locations: vec![shown.to_owned()],
        rule_id: id.to_owned(),
        identifiers: std::iter::once(id)
            .chain(aliases(record))
            .map(str::to_owned)
            .collect(),
        cwes: record
            .texts("cwes")
            .chain(record.part("cwes").texts("cwe"))
            .filter_map(cwe::of)
            .collect(),
        cvss: cvss(record, severity),
        component: (!part.name.is_empty()).then(|| Component {
            name: part.name.clone(),
            version: versions.one(part).to_owned(),
            purl: part.purl.clone(),
            fixed_versions: Vec::new(),
        }),
        references: references(record),
        statement: statement(record, &versions),
        ..Draft::default()
    }))
}

/// Why the analysis considers it not a problem.
fn no_problem(record: &Record) -> Option<String> {
    let analysis = record.part("analysis");
    let state = analysis.text("state").trim();
    let over = matches!(
        state,
        "resolved" | "resolved_with_pedigree" | "false_positive" | "not_affected"
    );
    let why = analysis.first(&["justification", "detail"]);
    let reason = format!("analysis state {state}: {why}");
    over.then(|| reason.trim_end_matches([':', ' ']).to_owned())
}

/// What a vulnerability is recognised by. It does not change as long as the problem does not: neither the text nor the
/// preferred name is part of it.
fn key(record: &Record, part: &Part, versions: &Versions) -> Key {
    Key {
        kind: "cyclonedx",
        place: vec![part.key.clone()],
        rules: package::rules(record.text("id"), aliases(record)),
        version: versions.one(part).to_owned(),
        message: "a vulnerable component".to_owned(),
        detail: part.purl.clone(),
        ..Key::default()
    }
}

fn aliases(record: &Record) -> impl Iterator<Item = &str> {
    listed(record, "references", "reference").map(|one| one.text("id").trim())
}

fn references(record: &Record) -> Vec<String> {
    let of = |one: &Record| one.part("source").text("url").to_owned();
    let others = listed(record, "references", "reference").map(of);
    let advisories = listed(record, "advisories", "advisory").map(|one| one.text("url").to_owned());
    std::iter::once(of(record))
        .chain(advisories)
        .chain(others)
        .collect()
}

/// The analysis, for deciding about the finding.
fn statement(record: &Record, versions: &Versions) -> String {
    let analysis = record.part("analysis");
    let state = analysis.text("state").trim();
    let why: Vec<_> = ["justification", "detail"]
        .iter()
        .map(|key| analysis.text(key).trim())
        .filter(|text| !text.is_empty())
        .collect();
    let text = format!("{state}: {}", why.join(", "));
    let text = text.trim_end_matches(' ').trim_matches(':').trim_start();
    if text.is_empty() && versions.unknown {
        return "it is unknown whether this version is affected".to_owned();
    }
    text.to_owned()
}

fn ratings(record: &Record) -> impl Iterator<Item = &Record> {
    listed(record, "ratings", "rating")
}

/// Ratings by CVSS, or by an unnamed method.
fn scored(record: &Record) -> impl Iterator<Item = &Record> {
    ratings(record).filter(|rating| rating.text("method").starts_with("CVSS") || !rating.has("method"))
}

fn severity_of(record: &Record) -> Severity {
    let words = ratings(record).filter_map(|rating| severity::of_word(rating.text("severity")));
    words
        .max()
        .or_else(|| severity::of_scores(scored(record).map(|rating| rating.text("score"))))
        .unwrap_or(Severity::Informational)
}

fn cvss(record: &Record, severity: Severity) -> Option<Cvss> {
    let of = |one: &Record| {
        let version = match one.text("method").trim_start_matches("CVSSv") {
            "2" => "2.0",
            "3" => "3.0",
            "31" => "3.1",
            "4" => "4.0",
            _ => "",
        };
        rating::of(one.text("vector"), version, one.text("score"))
    };
    let has_severity = |one: &&Record| {
        let own = severity::of_word(one.text("severity"));
        own.or_else(|| severity::of_score(one.text("score"))) == Some(severity)
    };
    rating::worst(scored(record).filter(has_severity).filter_map(of))
        .or_else(|| rating::worst(scored(record).filter_map(of)))
}

/// What a vulnerability states about the versions of a component.
#[derive(Default)]
struct Versions {
    unaffected: bool,
    unknown: bool,
    /// For display.
    shown: String,
    /// The only affected version, if there is one.
    only: String,
}

impl Versions {
    fn of(target: &Record, part: &Part) -> Self {
        let all: Vec<_> = listed(target, "versions", "version").collect();
        // A status of this exact version takes precedence over ranges.
        let exact = |one: &&&Record| !part.version.is_empty() && one.text("version").trim() == part.version;
        let own = all.iter().find(exact).copied();
        let status = |one: &Record| one.text("status").trim().to_owned();
        let is = |wanted: &str| match own {
            Some(own) => status(own) == wanted,
            None => !all.is_empty() && all.iter().all(|one| status(one) == wanted),
        };
        let affected: Vec<_> = all
            .iter()
            .filter(|one| !matches!(one.text("status").trim(), "unaffected" | "unknown"))
            .collect();
        let only = match affected[..] {
            [one] => one.text("version").trim().to_owned(),
            _ => String::new(),
        };
        let name = |one: &&Record| {
            let text = format!("{} {}", one.first(&["version", "range"]).trim(), status(one));
            text.trim().to_owned()
        };
        Self {
            unaffected: is("unaffected"),
            unknown: is("unknown"),
            shown: all.iter().map(name).collect::<Vec<_>>().join(", "),
            only,
        }
    }

    /// The version that was found: the component's own, else the only affected one.
    fn one<'v>(&'v self, part: &'v Part) -> &'v str {
        if part.version.is_empty() {
            &self.only
        } else {
            &part.version
        }
    }
}
