//! Facts about a record, at a glance.

use base::{Event, text};
use serde_json::Value;

use channels::message::Fact;

use super::{
    counts, plain,
    texts::{LINE_CHARS, one_line},
};

/// The most identifiers or versions that are named.
const NAMED: usize = 5;
/// The longest of them.
const NAME_CHARS: usize = 80;

/// The facts, in the order in which they are read.
pub(super) fn of(event: &Event) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label, text: Option<String>| facts.extend(text.map(|text| Fact { label, text }));
    add("Project", one_line(event, "project_name"));
    add("Scan", scan(event));
    add("Status", plain::named(event, "status"));
    add("Identifiers", several(event, "identifiers"));
    add("Component", component(event));
    add("Fixed in", several(event, "fixed_versions"));
    add("Asset", one_line(event, "asset_name"));
    add("Location", one_line(event, "location"));
    add("Tool", one_line(event, "tool"));
    add("Rule", rule(event));
    add("Tags", several(event, "tags"));
    add("Source", one_line(event, "source"));
    for (label, key) in [
        ("SLA deadline", "sla_due_at"),
        ("Retest due", "retest_due_at"),
        ("Expires", "expires_at"),
        ("Expires on", "expires_on"),
    ] {
        add(label, plain::when(event, key));
    }
    add("Findings", counts::of_scan(event));
    add("Channel", plain::named(event, "channel"));
    facts
}

/// The scan's own name, if the headline is a different one.
fn scan(event: &Event) -> Option<String> {
    event.data.get("severities")?;
    one_line(event, "name")
}

/// "lodash 4.17.20".
fn component(event: &Event) -> Option<String> {
    let name = one_line(event, "component")?;
    let version = one_line(event, "component_version").unwrap_or_default();
    Some(text::line(&format!("{name} {version}"), LINE_CHARS))
}

/// The tool's rule, unless it repeats the identifier.
fn rule(event: &Event) -> Option<String> {
    let rule = one_line(event, "rule")?;
    let repeated = texts(event, "identifiers")
        .any(|identifier| text::line(identifier, LINE_CHARS).eq_ignore_ascii_case(&rule));
    (!repeated).then_some(rule)
}

/// A list of texts on one line: "CVE-2021-44228, GHSA-jfh8-c2jp-5v3q and 3 more".
fn several(event: &Event, key: &str) -> Option<String> {
    let named: Vec<String> = texts(event, key)
        .take(NAMED)
        .map(|text| text::cut(&text::line(text, LINE_CHARS), NAME_CHARS))
        .filter(|text| !text.is_empty())
        .collect();
    if named.is_empty() {
        return None;
    }
    let more = texts(event, key).count().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(text::line(&format!("{}{more}", named.join(", ")), LINE_CHARS))
}

fn texts<'a>(event: &'a Event, key: &str) -> impl Iterator<Item = &'a str> {
    let list = event.data.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
