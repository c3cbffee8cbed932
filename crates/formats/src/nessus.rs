//! Nessus' reports (`.nessus`, version 2), of the tool `Nessus`.
//!
//! Owns: what is read of a report item. Must not: read the policy, which is most of such a file.
//!
//! Severity: the attribute `severity`, 0 informational to 4 critical
//! (<https://docs.tenable.com/nessus/Content/NessusFileFormat.htm>); without it the worst CVSS base score. A fingerprint
//! is made of the host, the port with its protocol, the plugin, and the check of a compliance plugin. A compliance
//! check that passed is skipped.

use base::{Severity, text};

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    list::{Entry, Reader, Sink},
    severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
    xml,
};

const ROOTS: &[(&str, &Shape)] = &[("NessusClientData_v2", FILE)];
const FILE: &Shape = &[("Report", Want::Through(REPORT))];
const REPORT: &Shape = &[("ReportHost", Want::Through(HOST))];
const HOST: &Shape = &[("@name", Want::Text(SHORT)), ("ReportItem", Want::Entries(ITEM))];
const ITEM: &Shape = &[
    ("@port", Want::Text(WORD)),
    ("@protocol", Want::Text(WORD)),
    ("@svc_name", Want::Text(WORD)),
    ("@severity", Want::Text(WORD)),
    ("@pluginID", Want::Text(WORD)),
    ("@pluginName", Want::Text(SHORT)),
    ("@pluginFamily", Want::Text(SHORT)),
    ("synopsis", Want::Text(LONG)),
    ("description", Want::Text(LONG)),
    ("solution", Want::Text(LONG)),
    ("see_also", Want::Text(LONG)),
    ("plugin_output", Want::Text(LONG)),
    ("cve", Want::Texts(50, WORD)),
    ("cwe", Want::Texts(8, WORD)),
    ("cvss_base_score", Want::Number),
    ("cvss3_base_score", Want::Number),
    ("cvss4_base_score", Want::Number),
    ("compliance-result", Want::Text(WORD)),
    ("compliance-check-name", Want::Text(SHORT)),
];

/// Nothing of a report is needed before its items.
pub(crate) struct Nessus;

impl Reader for Nessus {
    const TOOL: &'static str = "Nessus";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| sink.put(at, entry(at.outer_text("@name"), &record)?);
        let top = xml::read(file, ROOTS, &mut each)?;
        if !top.listed("Report") {
            // A policy alone says nothing of what there is.
            sink.partial("the report does not say that it is whole");
        }
        Ok(())
    }
}

fn entry(host: &str, record: &Record) -> Result<Entry, String> {
    let plugin = record.text("@pluginID");
    if plugin.is_empty() || host.is_empty() {
        let what = if host.is_empty() {
            "`name` of the host"
        } else {
            "`pluginID`"
        };
        return Err(format!("{what} is missing"));
    }
    let check = record.text("compliance-check-name");
    if record.text("compliance-result").trim() == "PASSED" {
        return Ok(Entry::skipped(&format!("compliance PASSED: {check}")));
    }
    let (port, protocol) = (record.text("@port"), record.text("@protocol"));
    let output = record.text("plugin_output");
    let name = [check, record.text("@pluginName")]
        .into_iter()
        .find(|name| !name.is_empty());
    let cves: Vec<_> = record.texts("cve").collect();
    Ok(Entry::from(Draft {
        old: old(
            "nessus 1",
            &[host, port, protocol, plugin, check],
            0,
            &[record.text("@svc_name"), output],
        ),
        title: name.map_or_else(|| format!("Plugin {plugin}"), str::to_owned),
        description: vec![
            record.text("synopsis").to_owned(),
            record.text("description").to_owned(),
            labelled("Solution", record.text("solution")),
            labelled("Output", output),
            labelled("CVE", &cves.join(", ")),
            labelled("Family", record.text("@pluginFamily")),
            labelled("See also", record.text("see_also")),
        ],
        severity: Some(severity_of(record)?),
        locations: vec![if matches!(port, "" | "0") {
            host.to_owned()
        } else {
            format!("{host}:{port}/{protocol}")
        }],
        rule_id: plugin.to_owned(),
        cwes: record.texts("cwe").find_map(cwe::of).into_iter().collect(),
        ..Draft::default()
    }))
}

fn severity_of(record: &Record) -> Result<Severity, String> {
    let scores = ["cvss4_base_score", "cvss3_base_score", "cvss_base_score"].map(|key| record.text(key));
    Ok(match record.text("@severity") {
        "0" => Severity::Informational,
        "1" => Severity::Low,
        "2" => Severity::Medium,
        "3" => Severity::High,
        "4" => Severity::Critical,
        "" => severity::of_scores(scores).unwrap_or(Severity::Informational),
        _ => return Err("`severity` is none of 0 to 4".to_owned()),
    })
}
