//! Trivy's JSON scan report (schema version 2, `trivy … --format json`), of the tool `Trivy`.
//!
//! Owns: what a Trivy scan report is, what it covers, and its vulnerabilities; [`others`] has its misconfigurations,
//! secrets and licences. Must not: read its XML or table.
//!
//! Severity: Trivy's own word, `CRITICAL` to `LOW`
//! (<https://trivy.dev/latest/docs/scanner/vulnerability/#severity-selection>); for `UNKNOWN` the highest CVSS score,
//! and informational without one. A vulnerability is recognised by the component, its place, and the id or one of its
//! aliases; two versions of one component are distinguished by the version. The target is the artifact without tag and
//! digest. What a VEX document or an ignore file excludes is skipped as suppressed.

mod others;

use base::Severity;

use crate::{
    Component, Error, Options, Source, cwe,
    draft::{Draft, Key, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    package, rating, severity,
    shape::{At, KEY, LONG, Record, SHORT, Shape, WORD, Want},
    start,
};

/// Maximum number of targets whose names are kept.
const TARGETS: usize = 100_000;

const HEADS: &Shape = &[
    ("SchemaVersion", Want::Number),
    ("CreatedAt", Want::Text(WORD)),
    ("ArtifactName", Want::Text(SHORT)),
    ("ArtifactType", Want::Text(WORD)),
    ("ClusterName", Want::Text(SHORT)),
    ("Results", Want::Many(TARGETS, HEAD)),
];
const HEAD: &Shape = &[
    ("Target", Want::Text(SHORT)),
    ("Class", Want::Text(WORD)),
    ("Type", Want::Text(WORD)),
];

const REPORT: &Shape = &[("Results", Want::Through(RESULT))];
const RESULT: &Shape = &[
    ("Target", Want::Text(SHORT)),
    ("Class", Want::Text(WORD)),
    ("Type", Want::Text(WORD)),
    ("Vulnerabilities", Want::Entries(VULNERABILITY)),
    ("Misconfigurations", Want::Entries(others::MISCONFIGURATION)),
    ("Secrets", Want::Entries(others::SECRET)),
    ("Licenses", Want::Entries(others::LICENSE)),
    ("ExperimentalModifiedFindings", Want::Entries(MODIFIED)),
];
const VULNERABILITY: &Shape = &[
    ("VulnerabilityID", Want::Text(SHORT)),
    ("VendorIDs", Want::Texts(200, SHORT)),
    ("PkgName", Want::Text(SHORT)),
    ("PkgPath", Want::Text(SHORT)),
    ("PkgIdentifier", Want::One(&[("PURL", Want::Text(SHORT))])),
    ("InstalledVersion", Want::Text(SHORT)),
    ("FixedVersion", Want::Text(SHORT)),
    ("Status", Want::Text(WORD)),
    ("PrimaryURL", Want::Text(SHORT)),
    ("References", Want::Texts(1_000, SHORT)),
    ("Title", Want::Text(SHORT)),
    ("Description", Want::Text(LONG)),
    ("Severity", Want::Text(WORD)),
    ("SeveritySource", Want::Text(WORD)),
    ("CweIDs", Want::Texts(200, WORD)),
    ("CVSS", Want::Table(100, SCORES)),
];
const SCORES: &Shape = &[
    ("V2Vector", Want::Text(SHORT)),
    ("V3Vector", Want::Text(SHORT)),
    ("V40Vector", Want::Text(SHORT)),
    ("V2Score", Want::Number),
    ("V3Score", Want::Number),
    ("V40Score", Want::Number),
];
const MODIFIED: &Shape = &[("Status", Want::Text(WORD)), ("Statement", Want::Text(SHORT))];

/// What Trivy writes as the place of packages that have no file of their own.
const NO_FILES: [&str; 6] = ["Java", "Python", "Node.js", "Ruby", "Conda", "Kubernetes"];

/// The metadata of a scan report, and its results in order: a result's target may come after what was found in it.
pub(crate) struct Trivy(Record);

impl Reader for Trivy {
    const TOOL: &'static str = "Trivy";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        if start::first(&mut *file)? == Some(b'[') {
            return Err(Error::whole(
                "this is the format of Trivy before 0.20; use a newer version",
            ));
        }
        let report = shaped::read(file, HEADS, &mut |_, _| Ok(()))?;
        if report.has("ClusterName") {
            let what =
                "reports of `trivy k8s` are not supported; scan the images with `trivy image --format json`";
            return Err(fault("ClusterName", what));
        }
        let what = match report.text("SchemaVersion") {
            "2" => "",
            "" => "missing; this is not a Trivy report",
            _ => "must be 2; other versions are not supported",
        };
        if !what.is_empty() {
            return Err(fault("SchemaVersion", what));
        }
        let named = |result: &Record| result.has("Target");
        if !report.has("ArtifactName") && !report.parts("Results").any(named) {
            return Err(fault("ArtifactName", "missing; this is not a Trivy report"));
        }
        Ok(Self(report))
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let Self(report) = self;
        let name = report.text("ArtifactName");
        let is_image = match report.text("ArtifactType") {
            "" => !name.starts_with(['.', '/']) && !name.contains('\\'),
            kind => kind == "container_image",
        };
        sink.target(&package::target(name, is_image));
        sink.time(report.text("CreatedAt").parse().ok());
        if let Err(what) = report.sound() {
            sink.partial(&what);
        }
        let results: Vec<_> = report.parts("Results").collect();
        let none = Record::default();
        let mut each = |at: &At<'_>, record: Record| {
            let result = at.trail.index(0).and_then(|index| results.get(index));
            sink.take(at, &record, |record| {
                entry(at.key, result.unwrap_or(&&none).sound()?, record)
            })
        };
        shaped::read(file, REPORT, &mut each).map(drop)
    }
}

fn entry(list: &str, target: &Record, record: &Record) -> Result<Entry, String> {
    severity::stated(record.text("Severity"))?;
    match list {
        "Vulnerabilities" => vulnerability(target, record),
        "Misconfigurations" => others::misconfiguration(target, record),
        "Secrets" => others::secret(target, record).map(Entry::from),
        "Licenses" => others::license(target, record).map(Entry::from),
        _ => {
            let (status, why) = (record.text("Status"), record.text("Statement"));
            let reason = format!("suppressed (status {status}): {why}");
            Ok(Entry::skipped(reason.trim_end_matches([':', ' '])))
        }
    }
}

/// The text of a required key.
fn required<'r>(record: &'r Record, key: &str) -> Result<&'r str, String> {
    let text = record.text(key);
    if text.trim().is_empty() {
        Err(format!("`{key}` is missing"))
    } else {
        Ok(text)
    }
}

/// Trivy's word, or informational.
fn severity_of(record: &Record) -> Severity {
    severity::of_word(record.text("Severity")).unwrap_or(Severity::Informational)
}

fn vulnerability(target: &Record, record: &Record) -> Result<Entry, String> {
    let id = required(record, "VulnerabilityID")?;
    if record.text("Status") == "not_affected" {
        return Ok(Entry::skipped(
            "status not_affected: the component is not affected",
        ));
    }
    let (package, version) = (record.text("PkgName"), record.text("InstalledVersion"));
    let path = record.text("PkgPath");
    let name = target.text("Target");
    let system = target.text("Class") == "os-pkgs";
    let place = if path.is_empty() { name } else { path };
    let scores = record
        .parts("CVSS")
        .flat_map(|of| ["V40Score", "V3Score", "V2Score"].map(|key| of.text(key)));
    let ids = || {
        std::iter::once(id)
            .chain(record.texts("VendorIDs"))
            .map(str::to_owned)
    };
    let urls = std::iter::once(record.text("PrimaryURL")).chain(record.texts("References"));
    Ok(Entry::from(Draft {
        key: vulnerable(target, record),
        old: old(
            "trivy vulnerability 1",
            &[if system { target.text("Type") } else { name }, path, package, id],
            0,
            &[version],
        ),
        title: title(package, record.first(&["Title", "VulnerabilityID"])),
        description: vec![
            record.text("Description").to_owned(),
            labelled("Package", &format!("{package} {version}")),
            labelled("Fixed in", record.text("FixedVersion")),
            labelled("Status", record.text("Status")),
            labelled("More about it", record.text("PrimaryURL")),
        ],
        severity: Some(
            severity::of_word(record.text("Severity"))
                .or_else(|| severity::of_scores(scores))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![format!("{place}: {package} {version}")],
        rule_id: id.to_owned(),
        identifiers: ids().collect(),
        cwes: record.texts("CweIDs").filter_map(cwe::of).collect(),
        cvss: cvss(record),
        component: Some(Component {
            name: package.to_owned(),
            version: version.to_owned(),
            purl: record.part("PkgIdentifier").text("PURL").to_owned(),
            fixed_versions: versions(record.text("FixedVersion")),
        }),
        references: urls.map(str::to_owned).collect(),
        ..Draft::default()
    }))
}

/// The package and what is wrong with it; many titles already begin with the package.
fn title(package: &str, summary: &str) -> String {
    let named = summary
        .get(..package.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(package));
    let rest = summary.get(package.len()..).unwrap_or_default();
    if package.is_empty() || named && rest.starts_with([':', ' ']) {
        summary.to_owned()
    } else {
        format!("{package}: {summary}")
    }
}

/// What a vulnerability is recognised by. It does not change as long as the problem does not: neither the advisory's
/// text nor the name that Trivy prefers is part of it.
fn vulnerable(target: &Record, record: &Record) -> Key {
    let (package, version) = (record.text("PkgName"), record.text("InstalledVersion"));
    let (path, name) = (record.text("PkgPath"), target.text("Target"));
    let system = target.text("Class") == "os-pkgs";
    let file = match path {
        // An operating system's packages have no single place, and their target names the image with its tag.
        _ if system => "",
        "" if NO_FILES.contains(&name) => "",
        "" => name,
        path => path,
    };
    Key {
        kind: "trivy vulnerability",
        path: package::place(file, version),
        place: vec![target.text("Type").to_owned(), package.to_owned()],
        rules: package::rules(record.text("VulnerabilityID"), record.texts("VendorIDs")),
        version: version.to_owned(),
        message: "a vulnerable component".to_owned(),
        detail: format!(
            "{path} {}",
            architecture(record.part("PkgIdentifier").text("PURL"))
        ),
        ..Key::default()
    }
}

/// The `arch` of a package URL: one package may be present for two architectures.
fn architecture(purl: &str) -> &str {
    let qualifiers = purl.split_once('?').map_or("", |(_, rest)| rest);
    let mut qualifiers = qualifiers.split(['&', '#']);
    qualifiers
        .find(|one| one.starts_with("arch="))
        .unwrap_or_default()
}

/// The versions of a list.
fn versions(list: &str) -> Vec<String> {
    list.split(',').map(|version| version.trim().to_owned()).collect()
}

/// The rating of the source that the severity is from, else the NVD's, else the most severe; of one source the newest.
fn cvss(record: &Record) -> Option<crate::Cvss> {
    let of = |source: &Record| {
        let one = |vector, version, score| rating::of(source.text(vector), version, source.text(score));
        one("V40Vector", "4.0", "V40Score")
            .or_else(|| one("V3Vector", "", "V3Score"))
            .or_else(|| one("V2Vector", "2.0", "V2Score"))
    };
    let named = |name: &str| {
        record
            .parts("CVSS")
            .find(|source| source.text(KEY) == name)
            .and_then(of)
    };
    named(record.text("SeveritySource"))
        .or_else(|| named("nvd"))
        .or_else(|| rating::worst(record.parts("CVSS").filter_map(of)))
}
