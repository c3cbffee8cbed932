//! An alert of ZAP.
//!
//! Owns: the entry it becomes, and its places. Must not: know the form of the scan report.

use std::collections::HashSet;

use base::Severity;

use crate::{
    cwe,
    draft::{Draft, Key, labelled, old},
    list::Entry,
    shape::{LONG, Record, SHORT, Shape, WORD, Want},
};

/// Maximum number of places of an alert that are kept.
const PLACES: usize = 10_000;
/// Maximum number of places in the description, with the evidence.
const SHOWN: usize = 20;
/// Maximum number of tags of an alert that are read.
const TAGS: usize = 1_000;

pub(super) const ALERT: &Shape = &[
    ("pluginid", Want::Number),
    ("alertRef", Want::Number),
    ("alert", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("riskcode", Want::Number),
    ("confidence", Want::Number),
    ("desc", Want::Text(LONG)),
    ("instances", Want::Many(PLACES, INSTANCE)),
    ("count", Want::Number),
    ("solution", Want::Text(LONG)),
    ("otherinfo", Want::Text(LONG)),
    ("reference", Want::Text(LONG)),
    ("cweid", Want::Number),
    ("tags", Want::Many(TAGS, &[("tag", Want::Text(SHORT))])),
];
const INSTANCE: &Shape = &[
    ("uri", Want::Text(SHORT)),
    ("method", Want::Text(WORD)),
    ("param", Want::Text(SHORT)),
    ("attack", Want::Text(SHORT)),
    ("evidence", Want::Text(SHORT)),
];
pub(super) const ALERT_XML: &Shape = &[
    ("pluginid", Want::Number),
    ("alertRef", Want::Number),
    ("alert", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("riskcode", Want::Number),
    ("confidence", Want::Number),
    ("desc", Want::Text(LONG)),
    (
        "instances",
        Want::One(&[("instance", Want::Many(PLACES, INSTANCE))]),
    ),
    // Before version 2.5 of ZAP an alert has one place and is repeated for each.
    ("uri", Want::Text(SHORT)),
    ("method", Want::Text(WORD)),
    ("param", Want::Text(SHORT)),
    ("attack", Want::Text(SHORT)),
    ("evidence", Want::Text(SHORT)),
    ("count", Want::Number),
    ("solution", Want::Text(LONG)),
    ("otherinfo", Want::Text(LONG)),
    ("reference", Want::Text(LONG)),
    ("cweid", Want::Number),
    (
        "tags",
        Want::One(&[("tag", Want::Many(TAGS, &[("tag", Want::Text(SHORT))]))]),
    ),
];

/// The entry of an alert. `name` is the site as in the scan report, `site` its normalized spelling.
pub(super) fn entry(name: &str, site: &str, record: &Record) -> Result<Entry, String> {
    let rule = record.text("pluginid");
    if rule.is_empty() {
        return Err("`pluginid` is missing".to_owned());
    }
    let severity = match record.text("riskcode") {
        "0" => Severity::Informational,
        "1" => Severity::Low,
        "2" => Severity::Medium,
        "3" => Severity::High,
        _ => return Err("`riskcode` must be 0 to 3".to_owned()),
    };
    if record.text("confidence") == "0" {
        return Ok(Entry::skipped("confidence 0: marked as a false positive"));
    }
    let title = record.first(&["name", "alert"]);
    let places = Places::of(record);
    let description = plain(record.text("desc"));
    Ok(Entry::from(Draft {
        key: key((site, rule, title), (&description, record), &places),
        old: old("zap 1", &[name, rule, title], 0, &[&description]),
        title: title.to_owned(),
        description: vec![
            description,
            labelled("Solution", &plain(record.text("solution"))),
            labelled(&format!("Places ({})", places.count), &places.described()),
            labelled("Other information", &plain(record.text("otherinfo"))),
        ],
        severity: Some(severity),
        locations_count: places.unique.len() + places.count - places.listed.len(),
        locations: if places.is_empty() {
            vec![site.to_owned()]
        } else {
            places.each(shown)
        },
        rule_id: rule.to_owned(),
        identifiers: cves(record),
        cwes: cwe::of(record.text("cweid")).into_iter().collect(),
        references: plain(record.text("reference"))
            .split_whitespace()
            .filter(|word| word.contains("://"))
            .map(str::to_owned)
            .collect(),
        ..Draft::default()
    }))
}

fn key(
    (site, rule, title): (&str, &str, &str),
    (description, record): (&str, &Record),
    places: &Places<'_>,
) -> Key {
    // Numbers are removed from messages, so these are words.
    let confidence = match record.text("confidence") {
        "1" => "low",
        "2" => "medium",
        "3" => "high",
        "4" => "confirmed",
        _ => "",
    };
    let risk = match record.text("riskcode") {
        "0" => "informational",
        "1" => "low",
        "2" => "medium",
        _ => "high",
    };
    let named = format!("{rule}\n{title}");
    let reference = record.text("alertRef");
    Key {
        kind: "zap",
        place: vec![site.to_owned()],
        // A reference survives a change of the name; scan reports without references have only the name.
        rules: if reference.is_empty() {
            vec![named]
        } else {
            vec![named, format!("ref\n{reference}")]
        },
        message: format!("{description}\nrisk {risk}, confidence {confidence}"),
        places: if places.is_empty() {
            vec![site.to_owned()]
        } else {
            places.each(identity)
        },
        ..Key::default()
    }
}

/// The places of an alert.
struct Places<'r> {
    listed: Vec<&'r Record>,
    /// Each of them once, whatever the evidence.
    unique: Vec<&'r Record>,
    /// The number that the scan report states.
    count: usize,
}

impl<'r> Places<'r> {
    fn of(record: &'r Record) -> Self {
        let parts = record.parts("instances").flat_map(|part| {
            part.parts("instance")
                .chain((!part.has("instance")).then_some(part))
        });
        let mut listed: Vec<_> = parts.filter(|place| place.has("uri")).collect();
        if listed.is_empty() && record.has("uri") {
            listed.push(record);
        }
        // Their order in the scan report does not matter.
        listed.sort_by_cached_key(|place| (identity(place), seen(place)));
        let count = record.text("count").parse().unwrap_or(0);
        let mut known = HashSet::new();
        let unique = listed
            .iter()
            .copied()
            .filter(|place| known.insert(identity(place)));
        Self {
            unique: unique.collect(),
            count: listed.len().max(count),
            listed,
        }
    }

    fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    fn each(&self, text: fn(&Record) -> String) -> Vec<String> {
        self.unique.iter().map(|place| text(place)).collect()
    }

    /// The first of them with their evidence, and the number of further ones.
    fn described(&self) -> String {
        let mut lines: Vec<_> = self.listed.iter().take(SHOWN).map(|place| seen(place)).collect();
        let more = self.count.saturating_sub(lines.len());
        if more > 0 && !lines.is_empty() {
            lines.push(format!("… and {more} more"));
        }
        lines.join("\n")
    }
}

/// What identifies a place.
fn identity(place: &Record) -> String {
    [place.text("method"), place.text("uri"), place.text("param")].join("\n")
}

/// `https://…`, with the method if it is not GET, and with the parameter.
fn shown(place: &Record) -> String {
    let (method, uri, parameter) = (place.text("method"), place.text("uri"), place.text("param"));
    let method = if matches!(method, "" | "GET") {
        String::new()
    } else {
        format!("{method} ")
    };
    if parameter.is_empty() {
        format!("{method}{uri}")
    } else {
        format!("{method}{uri} ({parameter})")
    }
}

/// `GET https://… (parameter): evidence`.
fn seen(place: &Record) -> String {
    let mut line = format!("{} {}", place.text("method"), place.text("uri"));
    let parts = [
        (" (", place.text("param"), ")"),
        (": ", place.text("evidence"), ""),
        (", attack: ", place.text("attack"), ""),
    ];
    for (before, text, behind) in parts {
        if !text.is_empty() {
            line = format!("{line}{before}{text}{behind}");
        }
    }
    line
}

/// The CVEs among the tags of an alert.
fn cves(record: &Record) -> Vec<String> {
    let tags = record
        .parts("tags")
        .flat_map(|part| part.parts("tag").chain(std::iter::once(part)));
    let names = tags.map(|tag| tag.text("tag"));
    names
        .filter(|name| name.starts_with("CVE-"))
        .map(str::to_owned)
        .collect()
}

/// A text without ZAP's paragraph tags.
fn plain(text: &str) -> String {
    text.replace("</p>", "\n").replace("<p>", "").trim().to_owned()
}
