//! Semgrep's JSON report (`semgrep scan --json`), of the tool `Semgrep`.
//!
//! Owns: what is read of a result, and whether Semgrep scanned everything it was asked to. Must not: read data flows.
//!
//! Severity: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW` as they are; of the older words `ERROR` is high, `WARNING` medium,
//! `INFO` low (<https://semgrep.dev/docs/writing-rules/rule-syntax>, "severity"); an inventory or experiment is
//! informational. A result is recognised by the rule and the path, and by Semgrep's own fingerprint, the lines of code
//! and the message; one about a dependency by the package, its version and the advisory. A scan report with an error of
//! level `error`, a skipped rule or a file that could not be scanned is incomplete: what it could not read is not gone.

use base::Severity;

use crate::{
    Component, Error, Options, Source, cwe,
    draft::{Draft, Key, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    package, paths, severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
};

const REPORT: &Shape = &[
    ("version", Want::Text(WORD)),
    ("results", Want::Entries(RESULT)),
    ("errors", Want::Entries(ERROR)),
    ("paths", Want::One(PATHS)),
    ("skipped_rules", Want::Entries(RULE)),
];
const RESULT: &Shape = &[
    ("check_id", Want::Text(SHORT)),
    ("path", Want::Text(SHORT)),
    ("start", Want::One(POSITION)),
    ("extra", Want::One(EXTRA)),
];
const POSITION: &Shape = &[("line", Want::Number), ("col", Want::Number)];
const EXTRA: &Shape = &[
    ("message", Want::Text(LONG)),
    ("severity", Want::Text(WORD)),
    ("fingerprint", Want::Text(SHORT)),
    ("lines", Want::Text(LONG)),
    ("fix", Want::Text(LONG)),
    ("is_ignored", Want::Flag),
    ("metadata", Want::One(METADATA)),
    ("sca_info", Want::One(SCA)),
];
const METADATA: &Shape = &[
    ("cwe", Want::Texts(200, SHORT)),
    ("references", Want::Texts(1_000, SHORT)),
    ("source", Want::Texts(1, SHORT)),
    ("cve", Want::Texts(200, SHORT)),
    ("ghsa", Want::Texts(200, SHORT)),
    ("sca-vuln-database-identifier", Want::Texts(200, SHORT)),
];
const SCA: &Shape = &[
    ("reachable", Want::Flag),
    (
        "dependency_match",
        Want::One(&[("found_dependency", Want::One(DEPENDENCY))]),
    ),
];
const DEPENDENCY: &Shape = &[
    ("package", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("ecosystem", Want::Text(WORD)),
];
const ERROR: &Shape = &[
    ("level", Want::Text(WORD)),
    ("message", Want::Text(LONG)),
    ("path", Want::Text(SHORT)),
];
const PATHS: &Shape = &[
    ("scanned", Want::Texts(1, SHORT)),
    ("skipped", Want::Entries(SKIPPED)),
];
const SKIPPED: &Shape = &[("path", Want::Text(SHORT)), ("reason", Want::Text(WORD))];
const RULE: &Shape = &[("rule_id", Want::Text(SHORT))];

/// What Semgrep writes in place of a value if no user was signed in.
const WITHHELD: &str = "requires login";

/// Reasons that mean that a file should have been scanned. The others mean that it was excluded.
const FAILED: [&str; 6] = [
    "analysis_failed_parser_or_internal_error",
    "exceeded_size_limit",
    "too_big",
    "too_many_matches",
    "insufficient_permissions",
    "nonexistent_file",
];

/// Nothing of a scan report is needed before its results.
pub(crate) struct Semgrep;

impl Reader for Semgrep {
    const TOOL: &'static str = "Semgrep";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        // A result with the name of its rule, or an error with a level: no other tool's list has them.
        let mut known = false;
        let mut each = |at: &At<'_>, record: Record| match at.key {
            "results" => {
                known |= record.has("check_id");
                sink.take(at, &record, entry)
            }
            key => {
                known |= record.has("level");
                if let Some(reason) = lack(key, &record) {
                    sink.partial(&reason);
                }
                Ok(())
            }
        };
        let report = shaped::read(file, REPORT, &mut each)?;
        let paths = report.part("paths");
        if report.has("version") {
            known |= report.has("paths") || report.listed("errors");
        }
        if !report.listed("results") {
            return Err(fault("results", "missing; this is not a Semgrep report"));
        }
        if !known {
            return Err(fault("version", "missing; this is not a Semgrep report"));
        }
        if paths.listed("scanned") && paths.text("scanned").is_empty() {
            sink.partial("no file was scanned");
        }
        if let Err(what) = report.sound() {
            sink.partial(&what);
        }
        Ok(())
    }
}

/// Why the scan report is incomplete, according to an element of a list other than the results.
fn lack(list: &str, record: &Record) -> Option<String> {
    if let Err(what) = record.sound() {
        return Some(format!("an element of `{list}` could not be read: {what}"));
    }
    let path = record.text("path");
    match list {
        "errors" if record.text("level") == "error" => {
            let message = base::text::line(record.text("message"), 150);
            Some(format!("Semgrep reports an error: {path} {message}"))
        }
        "skipped" if FAILED.contains(&record.text("reason")) => Some(format!(
            "a file was not scanned ({}): {path}",
            record.text("reason")
        )),
        "skipped_rules" => Some(format!("a rule was skipped: {}", record.text("rule_id"))),
        _ => None,
    }
}

fn entry(record: &Record) -> Result<Entry, String> {
    let word = record.part("extra").text("severity");
    if !matches!(word, "ERROR" | "WARNING" | "INVENTORY" | "EXPERIMENT") {
        severity::stated(word)?;
    }
    let (rule, path) = (record.text("check_id"), record.text("path"));
    if rule.is_empty() {
        return Err("`check_id` is missing".to_owned());
    }
    let (extra, start) = (record.part("extra"), record.part("start"));
    if extra.text("is_ignored") == "true" {
        return Ok(Entry::skipped("suppressed (in source)"));
    }
    let message = extra.text("message");
    let lines = known(extra, "lines");
    let code = lines.map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    let print = known(extra, "fingerprint").or(code.as_deref()).unwrap_or(message);
    let line = number(start, "line");
    let metadata = extra.part("metadata");
    let name = rule.rsplit('.').next().unwrap_or(rule);
    let summary = message.trim_start().lines().next().unwrap_or_default();
    let urls = metadata.texts("references").chain(metadata.texts("source"));
    Ok(Entry::from(Draft {
        key: key(record),
        old: old(
            "semgrep 1",
            &[rule, path, print],
            line,
            &[start.text("col"), message],
        ),
        title: if summary.is_empty() {
            name.to_owned()
        } else {
            format!("{name}: {summary}")
        },
        description: vec![
            message.to_owned(),
            labelled("Fix", known(extra, "fix").unwrap_or_default()),
            labelled("More about this rule", metadata.text("source")),
        ],
        severity: Some(severity_of(extra.text("severity"))),
        locations: vec![if line > 0 {
            format!("{path}:{line}")
        } else {
            path.to_owned()
        }],
        rule_id: rule.to_owned(),
        identifiers: identifiers(metadata).map(str::to_owned).collect(),
        cwes: metadata.texts("cwe").filter_map(cwe::of).collect(),
        component: component(extra),
        references: urls.map(str::to_owned).collect(),
        snippet: lines.unwrap_or_default().to_owned(),
        ..Draft::default()
    }))
}

/// A text that Semgrep did not withhold.
fn known<'r>(extra: &'r Record, key: &str) -> Option<&'r str> {
    Some(extra.text(key)).filter(|text| !text.trim().is_empty() && *text != WITHHELD)
}

fn number(record: &Record, key: &str) -> u32 {
    record.text(key).parse().unwrap_or_default()
}

fn key(record: &Record) -> Key {
    let (extra, start) = (record.part("extra"), record.part("start"));
    let rule = record.text("check_id");
    let path = paths::normal(record.text("path"));
    let code = known(extra, "lines").unwrap_or_default().to_owned();
    let (line, column) = (number(start, "line"), number(start, "col"));
    let Some(component) = component(extra) else {
        return Key {
            kind: "semgrep",
            path,
            rules: vec![rule.to_owned()],
            tool: known(extra, "fingerprint").unwrap_or_default().to_owned(),
            code,
            message: extra.text("message").to_owned(),
            line,
            column,
            ..Key::default()
        };
    };
    // If the code calls it, each call is a separate problem.
    let is_called = extra.part("sca_info").text("reachable") == "true";
    let called = if is_called { code.as_str() } else { "" };
    // The advisory is the rule, with Semgrep's own id; the fingerprint is that of a line in a lock file.
    let mut rules = vec![rule.to_owned()];
    let mut ids = identifiers(extra.part("metadata"));
    rules.extend(ids.next().map(|id| package::rules(id, ids)).unwrap_or_default());
    Key {
        kind: "semgrep dependency",
        path,
        place: vec![dependency(extra).text("ecosystem").to_owned(), component.name],
        rules,
        version: component.version,
        message: format!("a vulnerable component {called}"),
        line,
        column,
        ..Key::default()
    }
}

/// The dependency that a result is about.
fn dependency(extra: &Record) -> &Record {
    let sca = extra.part("sca_info").part("dependency_match");
    sca.part("found_dependency")
}

fn component(extra: &Record) -> Option<Component> {
    let found = dependency(extra);
    let (name, version) = (found.text("package"), found.text("version"));
    if name.is_empty() {
        return None;
    }
    let kind = match found.text("ecosystem") {
        "gomod" => "golang",
        "npm" => "npm",
        "pypi" => "pypi",
        "maven" => "maven",
        "gem" => "gem",
        "cargo" => "cargo",
        "nuget" => "nuget",
        "composer" => "composer",
        "pub" => "pub",
        _ => "",
    };
    let path = name.replace(':', "/").replace('@', "%40");
    let purl = if kind.is_empty() || version.is_empty() {
        String::new()
    } else {
        format!("pkg:{kind}/{path}@{version}")
    };
    Some(Component {
        name: name.to_owned(),
        version: version.to_owned(),
        purl,
        fixed_versions: Vec::new(),
    })
}

/// The ids of a vulnerability of a dependency.
fn identifiers(metadata: &Record) -> impl Iterator<Item = &str> {
    let keys = ["sca-vuln-database-identifier", "cve", "ghsa"];
    keys.into_iter().flat_map(|key| metadata.texts(key))
}

fn severity_of(word: &str) -> Severity {
    match word {
        "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        "INFO" => Severity::Low,
        "INVENTORY" | "EXPERIMENT" => Severity::Informational,
        // Without a word it is a warning, as in SARIF.
        word => severity::of_word(word).unwrap_or(Severity::Medium),
    }
}
