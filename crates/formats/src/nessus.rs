//! Nessus scan reports (`.nessus`, version 2), of the tool `Nessus`.
//!
//! Owns: what is read of a host and of a report item. Must not: read the policy, which is most of such a file.
//!
//! Severity: the attribute `severity`, 0 informational to 4 critical
//! (<https://docs.tenable.com/nessus/Content/NessusFileFormat.htm>); without it the highest CVSS base score. An item is
//! recognised by the host, the plugin, the port with its protocol and the check of a compliance plugin, and by the
//! plugin's output with the version it found. A compliance check that passed is skipped. Each host has its own
//! coverage, dated by its `HOST_END_TIMESTAMP`; it is incomplete if its scan began and did not end, or if it did not
//! answer.

use base::{Severity, Time};

use crate::{
    Cvss, Error, Options, Source, cwe,
    draft::{Draft, Key, labelled, old},
    host,
    list::{Entry, Reader, Sink},
    output::Output,
    rating, severity,
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
    xml,
};

const ROOTS: &[(&str, &Shape)] = &[("NessusClientData_v2", FILE)];
const FILE: &Shape = &[("Report", Want::Through(REPORT))];
// A host is an entry, too: it comes after its items, even if it has none.
const REPORT: &Shape = &[("ReportHost", Want::Entries(HOST))];
const HOST: &Shape = &[
    ("@name", Want::Text(SHORT)),
    (
        "HostProperties",
        Want::One(&[("tag", Want::Tagged(PROPERTIES, SHORT))]),
    ),
    ("ReportItem", Want::Entries(ITEM)),
];
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
    ("cve", Want::Texts(MANY, WORD)),
    ("cwe", Want::Texts(MANY, WORD)),
    ("xref", Want::Texts(MANY, SHORT)),
    ("cvss_base_score", Want::Number),
    ("cvss_vector", Want::Text(SHORT)),
    ("cvss3_base_score", Want::Number),
    ("cvss3_vector", Want::Text(SHORT)),
    ("cvss4_base_score", Want::Number),
    ("cvss4_vector", Want::Text(SHORT)),
    ("compliance-result", Want::Text(WORD)),
    ("compliance-check-name", Want::Text(SHORT)),
];

/// Maximum number of properties of a host that are read.
const PROPERTIES: usize = 5_000;
/// Maximum number of CVEs and cross references of an item that are read.
const MANY: usize = 2_000;
/// Maximum number of CVEs that are repeated in the description.
const SHOWN: usize = 50;
/// The plugin that checks whether a host is up.
const PING: &str = "10180";

/// Nothing of a scan report is needed before its items.
pub(crate) struct Nessus;

impl Reader for Nessus {
    const TOOL: &'static str = "Nessus";

    fn survey(_: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        Ok(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut hosts = false;
        let mut each = |at: &At<'_>, record: Record| {
            let name = host::named(if at.key == "ReportHost" {
                record.text("@name")
            } else {
                at.outer_text("@name")
            });
            hosts |= !name.is_empty();
            match (at.key, name.is_empty()) {
                ("ReportHost", true) => Ok(()),
                ("ReportHost", false) => end_of_host(sink, &name, &record),
                (_, true) => sink.put(at, Entry::of(Err("the host has no `name`".to_owned()))),
                _ => item(sink, (at, &name), &record),
            }
        };
        let top = xml::read(file, ROOTS, &mut each)?;
        if !top.listed("Report") {
            // A policy alone contains no results.
            sink.partial("the file contains no report");
        } else if !hosts {
            sink.partial("the report names no host");
        }
        Ok(())
    }
}

/// Notes what a host states about its scan.
fn end_of_host(sink: &mut Sink<'_>, name: &str, host: &Record) -> Result<(), String> {
    let coverage = host::covers(sink, "nessus", name)?;
    let seconds: Option<i64> = property(host, "HOST_END_TIMESTAMP").parse().ok();
    // `HOST_END` has no zone.
    let time = seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000_000))
        .map(Time::from_nanos);
    let began = ["HOST_START", "HOST_START_TIMESTAMP"];
    let ended = ["HOST_END", "HOST_END_TIMESTAMP"];
    let has = |names: [&str; 2]| names.iter().any(|name| !property(host, name).is_empty());
    let partial = (has(began) && !has(ended)).then(|| format!("the scan of {name} did not finish"));
    sink.of_target(coverage, time, partial.as_deref());
    Ok(())
}

/// A property of a host.
fn property<'r>(host: &'r Record, name: &str) -> &'r str {
    let mut tags = host.part("HostProperties").texts("tag");
    let found = tags.find_map(|tag| tag.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_default().trim()
}

/// Adds an item of a host.
fn item(sink: &mut Sink<'_>, (at, name): (&At<'_>, &str), record: &Record) -> Result<(), String> {
    let coverage = host::covers(sink, "nessus", name)?;
    if record.text("@pluginID") == PING && record.text("plugin_output").contains("considered as dead") {
        sink.of_target(coverage, None, Some(&format!("{name} did not answer")));
    }
    let read = record
        .sound()
        .and_then(|record| entry(at.outer_text("@name"), record));
    let entry = match read {
        Ok(Entry::Found(draft)) => {
            let mut draft = host::place(*draft, ("nessus", name), coverage);
            draft.description.push(other_names(at));
            Entry::from(draft)
        }
        other => Entry::of(other),
    };
    sink.put(at, entry)
}

/// The other names of a host besides its name in the scan report.
fn other_names(at: &At<'_>) -> String {
    let Some(host) = at.outer.map(|outer| outer.record) else {
        return String::new();
    };
    let name = host.text("@name");
    let names = ["host-fqdn", "netbios-name", "host-ip"].map(|key| property(host, key));
    let others = names
        .iter()
        .filter(|other| !other.is_empty() && !other.eq_ignore_ascii_case(name));
    labelled("Host", &others.copied().collect::<Vec<_>>().join(", "))
}

fn entry(host: &str, record: &Record) -> Result<Entry, String> {
    let plugin = record.text("@pluginID").trim();
    if plugin.is_empty() {
        return Err("`pluginID` is missing".to_owned());
    }
    let check = record.text("compliance-check-name");
    if record.text("compliance-result").trim() == "PASSED" {
        return Ok(Entry::skipped(&format!("compliance PASSED: {check}")));
    }
    let (port, protocol) = (record.text("@port"), record.text("@protocol"));
    let output = record.text("plugin_output");
    let seen = Output::of(output, plugin);
    let name = [check, record.text("@pluginName")]
        .into_iter()
        .find(|name| !name.is_empty());
    let severity = severity_of(record)?;
    Ok(Entry::from(Draft {
        key: Key {
            rules: vec![plugin.to_owned()],
            parts: [port, protocol, check].map(str::to_owned).to_vec(),
            version: seen.version,
            message: seen.message,
            detail: format!("{}\n{output}", record.text("@svc_name")),
            ..Key::default()
        },
        old: old(
            "nessus 1",
            &[host, port, protocol, record.text("@pluginID"), check],
            0,
            &[record.text("@svc_name"), output],
        ),
        title: name.map_or_else(|| format!("Plugin {plugin}"), str::to_owned),
        description: vec![
            record.text("synopsis").to_owned(),
            record.text("description").to_owned(),
            labelled("Solution", record.text("solution")),
            labelled("Output", output),
            labelled("CVE", &first(record.texts("cve"))),
            labelled("Family", record.text("@pluginFamily")),
        ],
        severity: Some(severity),
        locations: vec![if matches!(port, "" | "0") {
            host.to_owned()
        } else {
            format!("{host}:{port}/{protocol}")
        }],
        rule_id: plugin.to_owned(),
        identifiers: identifiers(record),
        cwes: cwes(record),
        cvss: rating_of(record, severity),
        references: references(record),
        ..Draft::default()
    }))
}

/// The first of these, and the number of further ones.
fn first<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<_> = texts.collect();
    let shown = texts.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} … and {more} more"),
    }
}

/// A cross reference that is a URL, without the name that may precede it.
fn url(xref: &str) -> Option<&str> {
    let at = xref.find("https://").or_else(|| xref.find("http://"))?;
    xref.get(at..)
}

fn is_weakness(xref: &str) -> bool {
    xref.get(..4)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("cwe:"))
}

/// CVEs, then the ids of other catalogues: `MSFT:MS17-010`.
fn identifiers(record: &Record) -> Vec<String> {
    let others = record
        .texts("xref")
        .filter(|xref| !is_weakness(xref) && url(xref).is_none());
    let all = record.texts("cve").chain(others);
    all.map(|id| id.trim().to_uppercase()).collect()
}

fn cwes(record: &Record) -> Vec<String> {
    let named = record.texts("xref").filter(|xref| is_weakness(xref));
    record.texts("cwe").chain(named).filter_map(cwe::of).collect()
}

fn references(record: &Record) -> Vec<String> {
    let see = record.text("see_also").split_whitespace();
    let named = record.texts("xref").filter_map(url);
    see.chain(named).map(str::to_owned).collect()
}

/// The rating that the severity came from; else that of the newest CVSS.
fn rating_of(record: &Record, severity: Severity) -> Option<Cvss> {
    let ratings = [
        ("cvss4_vector", "cvss4_base_score", "4.0"),
        ("cvss3_vector", "cvss3_base_score", ""),
        ("cvss_vector", "cvss_base_score", "2.0"),
    ];
    let score = |key: &str| severity::of_score(record.text(key));
    let made = |(vector, score, version): &(&str, &str, &str)| {
        rating::of(record.text(vector), version, record.text(score))
    };
    let same = ratings.iter().filter(|(_, key, _)| score(key) == Some(severity));
    same.chain(&ratings).find_map(made)
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
        _ => return Err("`severity` must be 0 to 4".to_owned()),
    })
}
