//! Nuclei's results as JSON lines (`-jsonl`) or as one array (`-json-export`), of the tool `Nuclei`.
//!
//! Owns: what is read of a result, under the keys of version 2 (`templateID`, `matched`) and of version 3
//! (`template-id`, `matched-at`). Must not: keep requests and responses.
//!
//! Severity: Nuclei's own word, `critical` to `info` (<https://docs.projectdiscovery.io/templates/structure>, "Template
//! info"); of `unknown` the template's CVSS score, and informational without one. A fingerprint is made of the
//! template, the matcher, the extractor and where it matched.

use base::Severity;

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    json::shaped,
    list::{Entry, Reader, Sink},
    severity,
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
    ("type", Want::Text(WORD)),
    ("extracted-results", Want::Texts(20, SHORT)),
    ("extracted_results", Want::Texts(20, SHORT)),
];
const INFO: &Shape = &[
    ("name", Want::Text(SHORT)),
    ("severity", Want::Text(WORD)),
    ("description", Want::Text(LONG)),
    ("remediation", Want::Text(LONG)),
    ("reference", Want::Texts(20, SHORT)),
    ("classification", Want::One(CLASSIFICATION)),
];
const CLASSIFICATION: &Shape = &[
    ("cve-id", Want::Texts(8, WORD)),
    ("cwe-id", Want::Texts(8, WORD)),
    ("cvss-score", Want::Number),
];

/// Nothing of a report is needed before its results.
pub(crate) struct Nuclei;

impl Reader for Nuclei {
    const TOOL: &'static str = "Nuclei";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| sink.put(at, entry(&record)?);
        shaped::read_all(file, RESULT, &mut each)
    }
}

fn entry(record: &Record) -> Result<Entry, String> {
    let template = record.first(&["template-id", "templateID"]);
    if template.is_empty() {
        return Err("`template-id` is missing: this is no result of Nuclei".to_owned());
    }
    if record.text("matcher-status") == "false" {
        return Ok(Entry::skipped("matcher-status false: nothing was found"));
    }
    let (info, matcher) = (
        record.part("info"),
        record.first(&["matcher-name", "matcher_name"]),
    );
    let extractor = record.first(&["extractor-name", "extractor_name"]);
    let location = record.first(&["matched-at", "matched", "host"]);
    let extracted = ["extracted-results", "extracted_results"].map(|key| record.texts(key));
    let extracted: Vec<_> = extracted.into_iter().flatten().collect();
    let classification = info.part("classification");
    let list = |texts: &mut dyn Iterator<Item = &str>| texts.collect::<Vec<_>>().join("\n");
    let name = info.text("name");
    let title = if name.is_empty() { template } else { name };
    Ok(Entry::from(Draft {
        old: old("nuclei 1", &[template, matcher, extractor, location], 0, &[]),
        title: if matcher.is_empty() {
            title.to_owned()
        } else {
            format!("{title} ({matcher})")
        },
        description: vec![
            info.text("description").to_owned(),
            labelled("Extracted", &extracted.join(", ")),
            labelled("Remediation", info.text("remediation")),
            labelled("CVE", &list(&mut classification.texts("cve-id"))),
            labelled("References", &list(&mut info.texts("reference"))),
        ],
        severity: Some(
            severity::of_word(info.text("severity"))
                .or_else(|| severity::of_score(classification.text("cvss-score")))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![location.to_owned()],
        rule_id: template.to_owned(),
        cwes: classification
            .texts("cwe-id")
            .find_map(cwe::of)
            .into_iter()
            .collect(),
        ..Draft::default()
    }))
}
