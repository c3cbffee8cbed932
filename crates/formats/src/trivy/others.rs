//! Trivy's findings other than vulnerabilities.
//!
//! Owns: what is read of its misconfigurations, secrets and licences. Must not: know which lists they are in.
//!
//! A misconfiguration is recognised by the file, the check, the resource and the lines that cause it; a secret by the
//! file, the rule and its line as Trivy shows it, with the secret masked; a licence by the component.

use super::{NO_FILES, required, severity_of};
use crate::{
    draft::{Draft, Key, labelled, old},
    list::Entry,
    paths,
    shape::{LONG, Record, SHORT, Shape, WORD, Want},
};

pub(super) const MISCONFIGURATION: &Shape = &[
    ("ID", Want::Text(SHORT)),
    ("AVDID", Want::Text(SHORT)),
    ("Title", Want::Text(SHORT)),
    ("Description", Want::Text(LONG)),
    ("Message", Want::Text(LONG)),
    ("Resolution", Want::Text(LONG)),
    ("Severity", Want::Text(WORD)),
    ("PrimaryURL", Want::Text(SHORT)),
    ("References", Want::Texts(1_000, SHORT)),
    ("Status", Want::Text(WORD)),
    ("CauseMetadata", Want::One(CAUSE)),
];
const CAUSE: &Shape = &[
    ("Resource", Want::Text(SHORT)),
    ("StartLine", Want::Number),
    ("Code", Want::One(CODE)),
];
const CODE: &Shape = &[("Lines", Want::Many(1_000, LINE))];
const LINE: &Shape = &[("Content", Want::Text(LONG)), ("IsCause", Want::Flag)];
pub(super) const SECRET: &Shape = &[
    ("RuleID", Want::Text(SHORT)),
    ("Category", Want::Text(SHORT)),
    ("Severity", Want::Text(WORD)),
    ("Title", Want::Text(SHORT)),
    ("StartLine", Want::Number),
    ("Code", Want::One(CODE)),
    ("Match", Want::Text(SHORT)),
];
pub(super) const LICENSE: &Shape = &[
    ("Severity", Want::Text(WORD)),
    ("Category", Want::Text(WORD)),
    ("PkgName", Want::Text(SHORT)),
    ("FilePath", Want::Text(SHORT)),
    ("Name", Want::Text(SHORT)),
    ("Link", Want::Text(SHORT)),
];

pub(super) fn misconfiguration(target: &Record, record: &Record) -> Result<Entry, String> {
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
    let urls = std::iter::once(record.text("PrimaryURL")).chain(record.texts("References"));
    Ok(Entry::from(Draft {
        key: Key {
            kind: "trivy misconfiguration",
            path: paths::normal(name),
            place: vec![target.text("Type").to_owned()],
            rules: vec![id.to_owned(), record.text("AVDID").to_owned()],
            parts: vec![resource.to_owned()],
            code: causes(cause),
            message: message.to_owned(),
            line: line(cause),
            ..Key::default()
        },
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
        severity: Some(severity_of(record)),
        locations: vec![in_line(name, cause)],
        rule_id: id.to_owned(),
        identifiers: vec![record.text("AVDID").to_owned()],
        references: urls.map(str::to_owned).collect(),
        snippet: lines(cause).collect::<Vec<_>>().join("\n"),
        ..Draft::default()
    }))
}

pub(super) fn secret(target: &Record, record: &Record) -> Result<Draft, String> {
    let (name, rule) = (target.text("Target"), required(record, "RuleID")?);
    let shown = record.text("Match");
    let around = lines(record).collect::<Vec<_>>().join("\n");
    // Masking may make two secrets look the same: then the line distinguishes them.
    let code = if shown.contains("**") {
        format!("{shown}\n{}", causes(record))
    } else {
        shown.to_owned()
    };
    Ok(Draft {
        key: Key {
            kind: "trivy secret",
            path: paths::normal(name),
            rules: vec![rule.to_owned()],
            code,
            detail: around.clone(),
            line: line(record),
            ..Key::default()
        },
        old: old("trivy secret 1", &[name, rule], line(record), &[shown]),
        title: record.first(&["Title", "RuleID"]).to_owned(),
        description: vec![
            labelled("Category", record.text("Category")),
            labelled("Match", shown),
        ],
        severity: Some(severity_of(record)),
        locations: vec![in_line(name, record)],
        rule_id: rule.to_owned(),
        snippet: if around.is_empty() {
            shown.to_owned()
        } else {
            around
        },
        ..Draft::default()
    })
}

pub(super) fn license(target: &Record, record: &Record) -> Result<Draft, String> {
    let name = required(record, "Name")?;
    let (package, path) = (record.text("PkgName"), record.text("FilePath"));
    let of = if package.is_empty() { path } else { package };
    let target = target.text("Target");
    let file = match path {
        "" if NO_FILES.contains(&target) || target == "OS Packages" => "",
        "" => target,
        path => path,
    };
    Ok(Draft {
        key: Key {
            kind: "trivy license",
            path: paths::normal(file),
            place: vec![package.to_owned()],
            rules: vec![name.to_owned()],
            detail: target.to_owned(),
            ..Key::default()
        },
        old: old("trivy license 1", &[target, package, path, name], 0, &[]),
        title: format!("License {name} of {of}"),
        description: vec![
            labelled("Category", record.text("Category")),
            labelled("More about it", record.text("Link")),
        ],
        severity: Some(severity_of(record)),
        locations: vec![format!("{target}: {of}")],
        rule_id: name.to_owned(),
        references: vec![record.text("Link").to_owned()],
        ..Draft::default()
    })
}

/// The lines shown for a place.
fn lines(record: &Record) -> impl Iterator<Item = &str> {
    record
        .part("Code")
        .parts("Lines")
        .map(|line| line.text("Content"))
}

/// The lines among them that are the cause.
fn causes(record: &Record) -> String {
    let lines = record.part("Code").parts("Lines");
    let causes = lines.filter(|line| line.text("IsCause") == "true");
    causes
        .map(|line| line.text("Content"))
        .collect::<Vec<_>>()
        .join("\n")
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
