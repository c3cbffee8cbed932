//! Trivy's JSON report (schema version 2, `trivy … --format json`), of the tool `Trivy`.
//!
//! Owns: what is read of its vulnerabilities, misconfigurations, secrets and licences. Must not: read its XML or
//! table.
//!
//! Severity: Trivy's own word, `CRITICAL` to `LOW`
//! (<https://trivy.dev/latest/docs/scanner/vulnerability/#severity-selection>); of `UNKNOWN` the worst CVSS score,
//! and informational without one. A fingerprint is made of the target (of an operating system's packages its type:
//! the target names an image with its tag), the package with its path and the id; of a misconfiguration, the
//! resource; of a secret, the file and the rule.

use base::Severity;

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
};

/// How many targets are kept for their names.
const TARGETS: usize = 100_000;

const HEADS: &Shape = &[
    ("SchemaVersion", Want::Number),
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
    ("Misconfigurations", Want::Entries(MISCONFIGURATION)),
    ("Secrets", Want::Entries(SECRET)),
    ("Licenses", Want::Entries(LICENSE)),
];
const VULNERABILITY: &Shape = &[
    ("VulnerabilityID", Want::Text(SHORT)),
    ("PkgName", Want::Text(SHORT)),
    ("PkgPath", Want::Text(SHORT)),
    ("InstalledVersion", Want::Text(SHORT)),
    ("FixedVersion", Want::Text(SHORT)),
    ("Status", Want::Text(WORD)),
    ("PrimaryURL", Want::Text(SHORT)),
    ("Title", Want::Text(SHORT)),
    ("Description", Want::Text(LONG)),
    ("Severity", Want::Text(WORD)),
    ("CweIDs", Want::Texts(8, WORD)),
    ("CVSS", Want::One(CVSS)),
];
const CVSS: &Shape = &[
    ("nvd", Want::One(SCORES)),
    ("redhat", Want::One(SCORES)),
    ("ghsa", Want::One(SCORES)),
];
const SCORES: &Shape = &[
    ("V2Score", Want::Number),
    ("V3Score", Want::Number),
    ("V40Score", Want::Number),
];
const MISCONFIGURATION: &Shape = &[
    ("ID", Want::Text(SHORT)),
    ("AVDID", Want::Text(SHORT)),
    ("Title", Want::Text(SHORT)),
    ("Description", Want::Text(LONG)),
    ("Message", Want::Text(LONG)),
    ("Resolution", Want::Text(LONG)),
    ("Severity", Want::Text(WORD)),
    ("PrimaryURL", Want::Text(SHORT)),
    ("Status", Want::Text(WORD)),
    ("CauseMetadata", Want::One(CAUSE)),
];
const CAUSE: &Shape = &[("Resource", Want::Text(SHORT)), ("StartLine", Want::Number)];
const SECRET: &Shape = &[
    ("RuleID", Want::Text(SHORT)),
    ("Category", Want::Text(SHORT)),
    ("Severity", Want::Text(WORD)),
    ("Title", Want::Text(SHORT)),
    ("StartLine", Want::Number),
    ("Match", Want::Text(SHORT)),
];
const LICENSE: &Shape = &[
    ("Severity", Want::Text(WORD)),
    ("Category", Want::Text(WORD)),
    ("PkgName", Want::Text(SHORT)),
    ("FilePath", Want::Text(SHORT)),
    ("Name", Want::Text(SHORT)),
    ("Link", Want::Text(SHORT)),
];

/// The targets of a report, in their order: a target's name may stand behind what was found in it.
pub(crate) struct Trivy(Vec<Record>);

impl Reader for Trivy {
    const TOOL: &'static str = "Trivy";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        let report = shaped::read(file, HEADS, &mut |_, _| Ok(()))?;
        if !report.has("SchemaVersion") {
            return Err(fault(
                "SchemaVersion",
                "it is missing: this is no report of Trivy",
            ));
        }
        if report.text("SchemaVersion") != "2" {
            return Err(fault("SchemaVersion", "only version 2 is read"));
        }
        Ok(Self(report.into_parts("Results")))
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| {
            let target = at.trail.index(0).and_then(|index| self.0.get(index));
            sink.take(at, &record, |record| {
                let none = Record::default();
                entry(at.key, target.unwrap_or(&none), record)
            })
        };
        shaped::read(file, REPORT, &mut each).map(drop)
    }
}

fn entry(list: &str, target: &Record, record: &Record) -> Result<Entry, String> {
    match list {
        "Vulnerabilities" => vulnerability(target, record).map(Entry::from),
        "Misconfigurations" => misconfiguration(target, record),
        "Secrets" => secret(target, record).map(Entry::from),
        _ => license(target, record).map(Entry::from),
    }
}

/// The text of a key that an entry has to have.
fn required<'r>(record: &'r Record, key: &str) -> Result<&'r str, String> {
    let text = record.text(key);
    if text.trim().is_empty() {
        Err(format!("`{key}` is missing"))
    } else {
        Ok(text)
    }
}

fn vulnerability(target: &Record, record: &Record) -> Result<Draft, String> {
    let id = required(record, "VulnerabilityID")?;
    let (package, version) = (record.text("PkgName"), record.text("InstalledVersion"));
    let path = record.text("PkgPath");
    let scores = || record.part("CVSS");
    let scores = ["nvd", "redhat", "ghsa"].map(|source| scores().part(source));
    let scores = scores
        .iter()
        .flat_map(|of| ["V40Score", "V3Score", "V2Score"].map(|key| of.text(key)));
    let name = target.text("Target");
    let system = target.text("Class") == "os-pkgs";
    let place = if path.is_empty() { name } else { path };
    Ok(Draft {
        old: old(
            "trivy vulnerability 1",
            &[if system { target.text("Type") } else { name }, path, package, id],
            0,
            &[version],
        ),
        title: format!("{package}: {}", record.first(&["Title", "VulnerabilityID"])),
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
        cwes: record.texts("CweIDs").find_map(cwe::of).into_iter().collect(),
        ..Draft::default()
    })
}

fn misconfiguration(target: &Record, record: &Record) -> Result<Entry, String> {
    let id = required(record, "ID")?;
    match record.text("Status") {
        "PASS" => {
            return Ok(Entry::skipped("status PASS: the check found no problem"));
        }
        "EXCEPTION" => return Ok(Entry::skipped("suppressed (status EXCEPTION)")),
        _ => {}
    }
    let cause = record.part("CauseMetadata");
    let (name, message) = (target.text("Target"), record.text("Message"));
    let resource = cause.text("Resource");
    Ok(Entry::from(Draft {
        old: old(
            "trivy misconfiguration 1",
            &[name, id, resource],
            line(cause),
            &[message],
        ),
        title: record.first(&["Title", "Message", "ID"]).to_owned(),
        description: vec![
            message.to_owned(),
            record.text("Description").to_owned(),
            labelled("Resource", resource),
            labelled("Resolution", record.text("Resolution")),
            labelled("More about it", record.text("PrimaryURL")),
        ],
        severity: Some(severity::of_word(record.text("Severity")).unwrap_or(Severity::Informational)),
        locations: vec![in_line(name, cause)],
        rule_id: id.to_owned(),
        ..Draft::default()
    }))
}

fn secret(target: &Record, record: &Record) -> Result<Draft, String> {
    let (name, rule) = (target.text("Target"), required(record, "RuleID")?);
    Ok(Draft {
        old: old(
            "trivy secret 1",
            &[name, rule],
            line(record),
            &[record.text("Match")],
        ),
        title: record.first(&["Title", "RuleID"]).to_owned(),
        description: vec![
            labelled("Category", record.text("Category")),
            labelled("Match", record.text("Match")),
        ],
        severity: Some(severity::of_word(record.text("Severity")).unwrap_or(Severity::Informational)),
        locations: vec![in_line(name, record)],
        rule_id: rule.to_owned(),
        ..Draft::default()
    })
}

fn license(target: &Record, record: &Record) -> Result<Draft, String> {
    let name = required(record, "Name")?;
    let (package, path) = (record.text("PkgName"), record.text("FilePath"));
    let of = if package.is_empty() { path } else { package };
    Ok(Draft {
        old: old(
            "trivy license 1",
            &[target.text("Target"), package, path, name],
            0,
            &[],
        ),
        title: format!("License {name} of {of}"),
        description: vec![
            labelled("Category", record.text("Category")),
            labelled("More about it", record.text("Link")),
        ],
        severity: Some(severity::of_word(record.text("Severity")).unwrap_or(Severity::Informational)),
        locations: vec![format!("{}: {of}", target.text("Target"))],
        rule_id: name.to_owned(),
        ..Draft::default()
    })
}

fn line(record: &Record) -> u32 {
    record.text("StartLine").parse().unwrap_or_default()
}

/// `target:line`.
fn in_line(target: &str, record: &Record) -> String {
    match line(record) {
        0 => target.to_owned(),
        line => format!("{target}:{line}"),
    }
}
