//! Nuclei's results as JSON lines (`-jsonl`) or as one array (`-json-export`), of the tool `Nuclei`.
//!
//! Owns: what is read of a result, under the keys of version 2 (`templateID`, `matched`) and of version 3
//! (`template-id`, `matched-at`). Must not: keep requests and responses.
//!
//! Severity: Nuclei's own word, `critical` to `info` (<https://docs.projectdiscovery.io/templates/structure>, "Template
//! info"); for `unknown` the template's CVSS score, and informational without one. A result is recognised by the host,
//! the template, the matcher, the extractor and where on the host it matched, and by what was extracted there. The host
//! is the scanned one (`host`, else `ip`): without scheme and without the HTTP ports, but with any other port, since a
//! scan of one port says nothing about the others. The time is that of the latest result. A line that is not a result
//! is skipped; a file without results means that the caller's target is clean.

use std::collections::HashSet;

use base::{Severity, Time};

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, Key, labelled, old},
    host::{self, Url},
    json::{
        lines::{self, Form},
        shaped::{self, fault},
    },
    list::{Entry, Reader, Sink},
    rating, severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
};

const RESULT: &Shape = &[
    ("template-id", Want::Text(SHORT)),
    ("templateID", Want::Text(SHORT)),
    ("info", Want::One(INFO)),
    ("matcher-name", Want::Text(SHORT)),
    ("matcher_name", Want::Text(SHORT)),
    ("extractor-name", Want::Text(SHORT)),
    ("extractor_name", Want::Text(SHORT)),
    ("matcher-status", Want::Flag),
    ("matched-at", Want::Text(SHORT)),
    ("matched", Want::Text(SHORT)),
    ("host", Want::Text(SHORT)),
    ("ip", Want::Text(SHORT)),
    ("error", Want::Text(SHORT)),
    ("timestamp", Want::Text(WORD)),
    ("fuzzing_parameter", Want::Text(SHORT)),
    ("fuzzing_position", Want::Text(SHORT)),
    ("extracted-results", Want::Texts(MANY, SHORT)),
    ("extracted_results", Want::Texts(MANY, SHORT)),
];
const INFO: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("severity", Want::Text(WORD)),
    ("description", Want::Text(LONG)),
    ("impact", Want::Text(LONG)),
    ("remediation", Want::Text(LONG)),
    ("reference", Want::Texts(MANY, LONG)),
    ("classification", Want::One(CLASSIFICATION)),
];
const CLASSIFICATION: &Shape = &[
    ("cve-id", Want::Texts(MANY, WORD)),
    ("cwe-id", Want::Texts(MANY, WORD)),
    ("cvss-metrics", Want::Text(SHORT)),
    ("cvss-score", Want::Number),
];

/// Maximum number of texts of each list that are read.
const MANY: usize = 1_000;
/// Maximum number of extracted results in the description.
const SHOWN: usize = 20;

/// How a scan report is written, and what the caller states about it.
pub(crate) struct Nuclei {
    form: Form,
    target: bool,
}

impl Reader for Nuclei {
    const TOOL: &'static str = "Nuclei";

    fn survey(file: &mut dyn Source, options: &Options) -> Result<Self, Error> {
        let form = lines::form(file)?;
        if form == Form::Empty && !options.format {
            return Err(Error::whole("the file is empty"));
        }
        let target = options.target;
        Ok(Self { form, target })
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut pass = Pass::default();
        match self.form {
            Form::Empty => {}
            Form::Array => {
                let mut each = |at: &At<'_>, record: Record| pass.put(sink, at, &record);
                shaped::read_all(file, RESULT, &mut each)?;
            }
            Form::Lines => lines::read(file, RESULT, &mut |at, line| match line {
                Ok(record) => pass.put(sink, at, &record),
                Err(what) => sink.put(at, Entry::of(Err(what))),
            })?,
        }
        if pass.any && !pass.results {
            return Err(pass.refusal());
        }
        sink.time(pass.latest);
        if self.target {
            sink.covers_all();
        }
        if !pass.any && !self.target {
            sink.partial("the file is empty, and no target was given");
        }
        Ok(())
    }
}

/// The state in the middle of a scan report.
#[derive(Default)]
struct Pass {
    /// Whether there was an object, and whether one was a result.
    any: bool,
    results: bool,
    /// The first fault.
    fault: Option<(String, String)>,
    latest: Option<Time>,
    /// The coverages of hosts for which the tool reported an error.
    failed: HashSet<usize>,
}

impl Pass {
    /// Why a file without a single result is rejected.
    fn refusal(self) -> Error {
        let (path, what) = self.fault.unwrap_or_default();
        fault(&path, &what)
    }

    fn put(&mut self, sink: &mut Sink<'_>, at: &At<'_>, record: &Record) -> Result<(), String> {
        self.any = true;
        let sound = record.sound().and_then(|record| match template(record) {
            "" => Err("`template-id` is missing".to_owned()),
            _ => Ok(()),
        });
        if let Err(what) = sound {
            self.fault.get_or_insert_with(|| (at.to_string(), what.clone()));
            return sink.put(at, Entry::of(Err(what)));
        }
        self.results = true;
        let time = time(record);
        self.latest = self.latest.max(time);
        let host = host_of(record);
        let coverage = host::covers(sink, "nuclei", &host)?;
        if !record.text("error").trim().is_empty() && self.failed.insert(coverage) {
            sink.of_target(
                coverage,
                None,
                Some(&format!("Nuclei reports an error on {host}")),
            );
        }
        if record.text("matcher-status") == "false" {
            return sink.put(at, Entry::skipped("matcher-status false: nothing was found"));
        }
        if let Err(what) = severity::stated(record.part("info").text("severity")) {
            return sink.put(at, Entry::of(Err(what)));
        }
        let draft = host::place(draft(record, &host), ("nuclei", &host), coverage);
        sink.put(at, Entry::from(draft))
    }
}

fn template(record: &Record) -> &str {
    record.first(&["template-id", "templateID"])
}

fn time(record: &Record) -> Option<Time> {
    record.text("timestamp").trim().parse().ok()
}

/// The host that was scanned; if the result does not state it, the one it matched on.
fn host_of(record: &Record) -> String {
    Url::of(record.first(&["host", "ip", "matched-at", "matched"])).host()
}

fn draft(record: &Record, host: &str) -> Draft {
    let (info, template) = (record.part("info"), template(record));
    let matcher = record.first(&["matcher-name", "matcher_name"]);
    let extractor = record.first(&["extractor-name", "extractor_name"]);
    let location = record.first(&["matched-at", "matched", "host"]);
    let mut extracted: Vec<_> = ["extracted-results", "extracted_results"]
        .into_iter()
        .flat_map(|key| record.texts(key))
        .collect();
    let classification = info.part("classification");
    let name = info.text("name");
    let title = if name.is_empty() { template } else { name };
    let description = paragraphs(info, &extracted);
    extracted.sort_unstable();
    let extracted = extracted.join("\n");
    let [port, place] = within(record, location, host);
    Draft {
        key: Key {
            rules: vec![template.to_owned()],
            parts: vec![matcher.to_owned(), extractor.to_owned(), port, place],
            // The extracted results are what was found: a version, a protocol, a secret.
            version: extracted.clone(),
            message: template.to_owned(),
            detail: format!("{extracted}\n{location}"),
            ..Key::default()
        },
        old: old("nuclei 1", &[template, matcher, extractor, location], 0, &[]),
        title: if matcher.is_empty() {
            title.to_owned()
        } else {
            format!("{title} ({matcher})")
        },
        description,
        severity: Some(
            severity::of_word(info.text("severity"))
                .or_else(|| severity::of_score(classification.text("cvss-score")))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![location.to_owned()],
        rule_id: template.to_owned(),
        identifiers: classification
            .texts("cve-id")
            .map(|id| id.trim().to_uppercase())
            .collect(),
        cwes: classification.texts("cwe-id").filter_map(cwe::of).collect(),
        cvss: rating::of(
            classification.text("cvss-metrics"),
            "",
            classification.text("cvss-score"),
        ),
        references: references(info),
        found_at: time(record),
        ..Draft::default()
    }
}

fn paragraphs(info: &Record, extracted: &[&str]) -> Vec<String> {
    let mut shown = extracted
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = extracted.len().saturating_sub(SHOWN);
    if more > 0 {
        shown = format!("{shown} … and {more} more");
    }
    let cves: Vec<_> = info.part("classification").texts("cve-id").collect();
    vec![
        info.text("description").to_owned(),
        labelled("Impact", info.text("impact")),
        labelled("Extracted", &shown),
        labelled("Remediation", info.text("remediation")),
        labelled("CVE", &cves.join("\n")),
    ]
}

/// Where on the host it matched: the port, and the rest of the URL, with the name of another host. For a fuzzed request
/// the fuzzed parameter, since the URL contains a changing payload.
fn within(record: &Record, location: &str, host: &str) -> [String; 2] {
    let url = Url::of(location);
    let name = if url.name == Url::of(host).name {
        ""
    } else {
        url.name.as_str()
    };
    let fuzzed = record.text("fuzzing_parameter");
    let rest = if fuzzed.is_empty() {
        url.rest.to_owned()
    } else {
        let path = url.rest.split(['?', '#']).next().unwrap_or_default();
        format!("{path}\n{} {fuzzed}", record.text("fuzzing_position"))
    };
    let rest = if rest == "/" { "" } else { rest.as_str() };
    [url.port().to_owned(), format!("{name}{rest}")]
}

/// One reference, a list of them, or a text with one on each line.
fn references(info: &Record) -> Vec<String> {
    let lines = info.texts("reference").flat_map(str::lines);
    let bare = lines.map(|line| line.trim().trim_start_matches("- ").trim());
    bare.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
