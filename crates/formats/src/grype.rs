//! Grype's JSON report (`grype -o json`), of the tool `Grype`.
//!
//! Owns: what is read of a match. Must not: read the list of packages.
//!
//! Severity: Grype's own word, `Critical` to `Negligible`
//! (<https://github.com/anchore/grype/blob/main/grype/vulnerability/severity.go>); for `Unknown` the highest CVSS
//! score, and informational without one. A match is recognised by the package with its type, its place, and the
//! vulnerability or one of its aliases; two versions of one package are distinguished by the version. The target is the
//! image without tag and digest, or the folder. Matches that the user's ignore rules exclude are skipped as suppressed.

use base::Severity;

use crate::{
    Component, Cvss, Error, Options, Source, cwe,
    draft::{Draft, Key, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    package, rating, severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
};

const REPORT: &Shape = &[
    ("matches", Want::Entries(MATCH)),
    ("ignoredMatches", Want::Entries(MATCH)),
    ("source", Want::One(SOURCE)),
    (
        "descriptor",
        Want::One(&[("name", Want::Text(WORD)), ("timestamp", Want::Text(WORD))]),
    ),
];
const SOURCE: &Shape = &[
    ("type", Want::Text(WORD)),
    ("target", Want::Named(&[("userInput", Want::Text(SHORT))])),
];
const MATCH: &Shape = &[
    ("vulnerability", Want::One(VULNERABILITY)),
    ("relatedVulnerabilities", Want::Many(200, VULNERABILITY)),
    ("artifact", Want::One(ARTIFACT)),
    ("appliedIgnoreRules", Want::Many(1, RULE)),
];
const VULNERABILITY: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("dataSource", Want::Text(SHORT)),
    ("severity", Want::Text(WORD)),
    ("urls", Want::Texts(1_000, SHORT)),
    ("description", Want::Text(LONG)),
    ("cvss", Want::Many(200, CVSS)),
    ("cwes", Want::Many(200, CWE)),
    ("fix", Want::One(FIX)),
    ("advisories", Want::Many(1_000, ADVISORY)),
];
const CVSS: &Shape = &[
    ("version", Want::Text(WORD)),
    ("vector", Want::Text(SHORT)),
    ("metrics", Want::One(&[("baseScore", Want::Number)])),
];
const CWE: &Shape = &[("cwe", Want::Text(WORD))];
const FIX: &Shape = &[
    ("versions", Want::Texts(1_000, SHORT)),
    ("state", Want::Text(WORD)),
];
const ADVISORY: &Shape = &[("id", Want::Text(SHORT)), ("link", Want::Text(SHORT))];
const ARTIFACT: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("type", Want::Text(WORD)),
    ("purl", Want::Text(SHORT)),
    ("locations", Want::Many(10_000, LOCATION)),
];
const LOCATION: &Shape = &[("path", Want::Text(SHORT))];
const RULE: &Shape = &[("reason", Want::Text(SHORT))];

/// Package types that an operating system keeps in one list: the path of the list distinguishes nothing.
const SYSTEM: [&str; 6] = ["deb", "rpm", "apk", "alpm", "portage", "linux-kernel"];

/// Nothing of a scan report is needed before its matches.
pub(crate) struct Grype;

impl Reader for Grype {
    const TOOL: &'static str = "Grype";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut known = false;
        let mut each = |at: &At<'_>, record: Record| {
            known |= entry(&record).is_ok();
            sink.take(at, &record, |record| {
                if at.key == "matches" {
                    return entry(record).map(Entry::from);
                }
                let reason = record.part("appliedIgnoreRules").text("reason");
                let reason = format!("suppressed (ignore rule): {reason}");
                Ok(Entry::skipped(reason.trim_end_matches([':', ' '])))
            })
        };
        let report = shaped::read(file, REPORT, &mut each)?;
        known |= report.has("descriptor") || report.has("source");
        if !known || !report.listed("matches") {
            let key = if report.listed("matches") {
                "descriptor"
            } else {
                "matches"
            };
            return Err(fault(key, "missing; this is not a Grype report"));
        }
        let source = report.part("source");
        let target = source.first(&["target"]);
        let input = source.part("target").text("userInput");
        let is_image = !input.is_empty() && matches!(source.text("type"), "image" | "");
        sink.target(&package::target(
            if input.is_empty() { target } else { input },
            is_image,
        ));
        sink.time(report.part("descriptor").text("timestamp").parse().ok());
        if let Err(what) = report.sound() {
            sink.partial(&what);
        }
        Ok(())
    }
}

/// The vulnerability, and its entries in other sources.
fn all(record: &Record) -> impl Iterator<Item = &Record> {
    std::iter::once(record.part("vulnerability")).chain(record.parts("relatedVulnerabilities"))
}

fn entry(record: &Record) -> Result<Draft, String> {
    severity::stated(record.part("vulnerability").text("severity"))?;
    let (found, artifact) = (record.part("vulnerability"), record.part("artifact"));
    let (id, package) = (found.text("id"), artifact.text("name"));
    if id.is_empty() {
        return Err("`vulnerability.id` is missing".to_owned());
    }
    let version = artifact.text("version");
    let path = artifact.part("locations").text("path");
    let scores = all(record).flat_map(|one| {
        one.parts("cvss")
            .map(|cvss| cvss.part("metrics").text("baseScore"))
    });
    let description = all(record)
        .map(|one| one.text("description"))
        .find(|text| !text.is_empty());
    let fixed: Vec<_> = found.part("fix").texts("versions").map(str::to_owned).collect();
    let state = if fixed.is_empty() {
        found.part("fix").text("state")
    } else {
        ""
    };
    let shown = format!("{package} {version}");
    let paths = locations(artifact);
    Ok(Draft {
        key: key(record, &paths),
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
            labelled("Fix", state),
            labelled("More about it", found.text("dataSource")),
        ],
        severity: Some(
            severity::of_word(found.text("severity"))
                .or_else(|| severity::of_scores(scores))
                .unwrap_or(Severity::Informational),
        ),
        locations: if paths.is_empty() { vec![shown] } else { paths },
        rule_id: id.to_owned(),
        identifiers: identifiers(record),
        cwes: all(record)
            .flat_map(|one| one.parts("cwes"))
            .filter_map(|one| cwe::of(one.text("cwe")))
            .collect(),
        cvss: cvss(record),
        component: Some(Component {
            name: package.to_owned(),
            version: version.to_owned(),
            purl: artifact.text("purl").to_owned(),
            fixed_versions: fixed,
        }),
        references: references(record),
        ..Draft::default()
    })
}

/// What a match is recognised by. It does not change as long as the problem does not: neither the advisory's text nor
/// the name that Grype prefers is part of it.
fn key(record: &Record, paths: &[String]) -> Key {
    let artifact = record.part("artifact");
    let (version, kind) = (artifact.text("version"), artifact.text("type"));
    let places = paths.iter().map(|path| package::place(path, version));
    let place = if SYSTEM.contains(&kind) {
        None
    } else {
        places.min()
    };
    let related = record.parts("relatedVulnerabilities").map(|one| one.text("id"));
    Key {
        kind: "grype",
        path: place.unwrap_or_default(),
        place: vec![kind.to_owned(), artifact.text("name").to_owned()],
        rules: package::rules(record.part("vulnerability").text("id"), related),
        version: version.to_owned(),
        message: "a vulnerable component".to_owned(),
        detail: paths.join("\n"),
        ..Key::default()
    }
}

/// The paths of the package, in an order independent of the scan report.
fn locations(artifact: &Record) -> Vec<String> {
    let paths = artifact.parts("locations").map(|one| one.text("path").to_owned());
    let mut paths: Vec<_> = paths.filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn identifiers(record: &Record) -> Vec<String> {
    let advisories = all(record).flat_map(|one| one.parts("advisories"));
    let ids = all(record).chain(advisories).map(|one| one.text("id").to_owned());
    ids.collect()
}

fn references(record: &Record) -> Vec<String> {
    let urls = all(record).flat_map(|one| {
        let links = one.parts("advisories").map(|advisory| advisory.text("link"));
        std::iter::once(one.text("dataSource"))
            .chain(one.texts("urls"))
            .chain(links)
    });
    urls.map(str::to_owned).collect()
}

/// The most severe rating of the vulnerability itself, else of the related ones.
fn cvss(record: &Record) -> Option<Cvss> {
    let of = |one: &Record| {
        let ratings = one.parts("cvss").filter_map(|cvss| {
            rating::of(
                cvss.text("vector"),
                cvss.text("version"),
                cvss.part("metrics").text("baseScore"),
            )
        });
        rating::worst(ratings)
    };
    of(record.part("vulnerability"))
        .or_else(|| rating::worst(record.parts("relatedVulnerabilities").filter_map(of)))
}
