//! Semgrep's JSON report (`semgrep scan --json`), of the tool `Semgrep`.
//!
//! Owns: what is read of a result. Must not: read data flows.
//!
//! Severity: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW` as they are; of the older words `ERROR` is high, `WARNING` medium,
//! `INFO` low (<https://semgrep.dev/docs/writing-rules/rule-syntax>, "severity"); an inventory or experiment is
//! informational. A fingerprint is made of the rule, the path and the first there is of: Semgrep's own fingerprint,
//! the lines of code, the message. A report with an error of level `error` closes nothing: what it could not read
//! is not gone.

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
    ("results", Want::Entries(RESULT)),
    ("errors", Want::Entries(ERROR)),
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
];
const METADATA: &Shape = &[
    ("cwe", Want::Texts(8, SHORT)),
    ("references", Want::Texts(20, SHORT)),
    ("source", Want::Texts(1, SHORT)),
];
const ERROR: &Shape = &[("level", Want::Text(WORD))];

/// What Semgrep writes in the place of a value where nobody was signed in.
const WITHHELD: &str = "requires login";

/// Nothing of a report is needed before its results.
pub(crate) struct Semgrep;

impl Reader for Semgrep {
    const TOOL: &'static str = "Semgrep";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| {
            if at.key == "results" {
                return sink.take(at, &record, entry);
            }
            if record.text("level") == "error" {
                sink.partial("the report does not say that it is whole");
            }
            Ok(())
        };
        let report = shaped::read(file, REPORT, &mut each)?;
        if report.listed("results") {
            return Ok(());
        }
        Err(fault("results", "it is missing: this is no report of Semgrep"))
    }
}

fn entry(record: &Record) -> Result<Entry, String> {
    let (rule, path) = (record.text("check_id"), record.text("path"));
    if rule.is_empty() {
        return Err("`check_id` is missing: this is no result of Semgrep".to_owned());
    }
    let (extra, start) = (record.part("extra"), record.part("start"));
    if extra.text("is_ignored") == "true" {
        return Ok(Entry::skipped("suppressed (in source)"));
    }
    let known = |key: &str| Some(extra.text(key)).filter(|text| !text.trim().is_empty() && *text != WITHHELD);
    let message = extra.text("message");
    let code = known("lines").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    let print = known("fingerprint").or(code.as_deref()).unwrap_or(message);
    let line = start.text("line").parse().unwrap_or_default();
    let metadata = extra.part("metadata");
    let name = rule.rsplit('.').next().unwrap_or(rule);
    let says = message.trim_start().lines().next().unwrap_or_default();
    Ok(Entry::from(Draft {
        old: old(
            "semgrep 1",
            &[rule, path, print],
            line,
            &[start.text("col"), message],
        ),
        title: if says.is_empty() {
            name.to_owned()
        } else {
            format!("{name}: {says}")
        },
        description: vec![
            message.to_owned(),
            labelled("Code", known("lines").unwrap_or_default()),
            labelled("Fix", known("fix").unwrap_or_default()),
            labelled(
                "References",
                &metadata.texts("references").collect::<Vec<_>>().join("\n"),
            ),
            labelled("More about this rule", metadata.text("source")),
        ],
        severity: Some(severity_of(extra.text("severity"))),
        locations: vec![if line > 0 {
            format!("{path}:{line}")
        } else {
            path.to_owned()
        }],
        rule_id: rule.to_owned(),
        cwes: metadata.texts("cwe").find_map(cwe::of).into_iter().collect(),
        ..Draft::default()
    }))
}

fn severity_of(word: &str) -> Severity {
    match word {
        "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        "INFO" => Severity::Low,
        "INVENTORY" | "EXPERIMENT" => Severity::Informational,
        // Without a word, as SARIF has it: a warning.
        word => severity::of_word(word).unwrap_or(Severity::Medium),
    }
}
