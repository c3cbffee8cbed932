//! ZAP's traditional report, XML or JSON, of the tool `ZAP`.
//!
//! Owns: what is read of an alert. Must not: keep requests and responses.
//!
//! An alert is one finding for each site, however many places show it, as in ZAP itself; the first of them are in
//! its description. Severity: the risk, 0 informational to 3 high
//! (<https://www.zaproxy.org/docs/desktop/start/features/alerts/>). A confidence of 0 is a false positive and skipped. A
//! fingerprint is made of the site, the rule (`pluginid`) and the alert's name.

use base::Severity;

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    shape::{At, LONG, Record, SHORT, Shape, WORD, Want},
    start, xml,
};

/// How many sites are kept for their names.
const SITES: usize = 100_000;
/// How many places of an alert are kept.
const PLACES: usize = 20;

const HEADS: &Shape = &[("site", Want::Many(SITES, &[("@name", Want::Text(SHORT))]))];
const REPORT: &Shape = &[("site", Want::Through(&[("alerts", Want::Entries(ALERT))]))];
const ALERT: &Shape = &[
    ("pluginid", Want::Number),
    ("alert", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("riskcode", Want::Number),
    ("confidence", Want::Number),
    ("desc", Want::Text(LONG)),
    ("instances", Want::Many(PLACES, INSTANCE)),
    ("count", Want::Number),
    ("solution", Want::Text(LONG)),
    ("reference", Want::Text(LONG)),
    ("cweid", Want::Number),
];
const INSTANCE: &Shape = &[
    ("uri", Want::Text(SHORT)),
    ("method", Want::Text(WORD)),
    ("param", Want::Text(SHORT)),
    ("evidence", Want::Text(SHORT)),
];

const ROOTS: &[(&str, &Shape)] = &[("OWASPZAPReport", REPORT_XML)];
const REPORT_XML: &Shape = &[("site", Want::Through(SITE_XML))];
const SITE_XML: &Shape = &[
    ("@name", Want::Text(SHORT)),
    (
        "alerts",
        Want::Through(&[("alertitem", Want::Entries(ALERT_XML))]),
    ),
];
const ALERT_XML: &Shape = &[
    ("pluginid", Want::Number),
    ("alert", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("riskcode", Want::Number),
    ("confidence", Want::Number),
    ("desc", Want::Text(LONG)),
    (
        "instances",
        Want::One(&[("instance", Want::Many(PLACES, INSTANCE))]),
    ),
    ("count", Want::Number),
    ("solution", Want::Text(LONG)),
    ("reference", Want::Text(LONG)),
    ("cweid", Want::Number),
];

/// A report in one of its two forms.
pub(crate) enum Zap {
    Xml,
    /// With the sites in their order: a site's name may stand behind its alerts.
    Json(Vec<Record>),
}

impl Reader for Zap {
    const TOOL: &'static str = "ZAP";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        if start::is_xml(&mut *file)? {
            return Ok(Self::Xml);
        }
        let top = shaped::read(file, HEADS, &mut |_, _| Ok(()))?;
        Ok(Self::Json(top.into_parts("site")))
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let Self::Json(sites) = self else {
            let mut each =
                |at: &At<'_>, record: Record| sink.put(at, entry(at.outer_text("@name"), &record)?);
            let top = xml::read(file, ROOTS, &mut each)?;
            if !top.listed("site") {
                // No site was reached.
                sink.partial("the report does not say that it is whole");
            }
            return Ok(());
        };
        let mut each = |at: &At<'_>, record: Record| {
            let site = at.trail.index(0).and_then(|index| sites.get(index));
            sink.put(at, entry(site.map_or("", |site| site.text("@name")), &record)?)
        };
        let top = shaped::read(file, REPORT, &mut each)?;
        if top.listed("site") {
            return Ok(());
        }
        Err(fault("site", "it is missing: this is no report of ZAP"))
    }
}

fn entry(site: &str, record: &Record) -> Result<Entry, String> {
    let rule = record.text("pluginid");
    if rule.is_empty() {
        return Err("`pluginid` is missing: this is no alert of ZAP".to_owned());
    }
    let severity = match record.text("riskcode") {
        "0" => Severity::Informational,
        "1" => Severity::Low,
        "2" => Severity::Medium,
        "3" => Severity::High,
        _ => return Err("`riskcode` is none of 0 to 3".to_owned()),
    };
    if record.text("confidence") == "0" {
        return Ok(Entry::skipped("confidence 0: marked as a false positive"));
    }
    let name = record.first(&["name", "alert"]);
    let places: Vec<_> = record
        .parts("instances")
        .flat_map(|part| {
            part.parts("instance")
                .chain((!part.has("instance")).then_some(part))
        })
        .collect();
    let lines: Vec<_> = places.iter().map(|place| instance(place)).collect();
    let uri = places.first().map_or("", |place| place.text("uri"));
    let one = places.len() < PLACES && places.iter().all(|place| place.text("uri") == uri);
    let description = plain(record.text("desc"));
    Ok(Entry::from(Draft {
        old: old("zap 1", &[site, rule, name], 0, &[&description]),
        title: name.to_owned(),
        description: vec![
            description,
            labelled("Solution", &plain(record.text("solution"))),
            labelled(
                &format!("Places ({})", record.first(&["count"])),
                &lines.join("\n"),
            ),
            labelled("See also", &plain(record.text("reference"))),
        ],
        severity: Some(severity),
        locations: vec![if one && !uri.is_empty() {
            uri.to_owned()
        } else {
            site.to_owned()
        }],
        rule_id: rule.to_owned(),
        cwes: cwe::of(record.text("cweid")).into_iter().collect(),
        ..Draft::default()
    }))
}

/// `GET https://… (parameter): evidence`.
fn instance(place: &Record) -> String {
    let (parameter, evidence) = (place.text("param"), place.text("evidence"));
    let mut line = format!("{} {}", place.text("method"), place.text("uri"));
    if !parameter.is_empty() {
        line = format!("{line} ({parameter})");
    }
    if evidence.is_empty() {
        line
    } else {
        format!("{line}: {evidence}")
    }
}

/// A text without the paragraphs ZAP marks in it.
fn plain(text: &str) -> String {
    text.replace("</p>", "\n").replace("<p>", "").trim().to_owned()
}
