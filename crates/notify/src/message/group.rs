//! One message to one recipient about an import or a change of many findings.
//!
//! Owns: its headline, its counts by severity, and how it names each finding. Must not: decide who gets it, or name a
//! finding that it was not given.

use base::{Event, Kind, Severity};
use serde_json::Value;

use channels::message::{Entry, Fact, Link, Message, TITLE_CHARS};

use super::{
    compose::{Detail, compose},
    plain,
    tally::{Change, Count, Tally},
    texts::{ids, one_line},
};

/// The most findings that are named.
const ENTRIES: usize = 50;

/// The message about them. `of` is the end of the scan of an import, or for another change one of its events; `named`
/// are the events of the recipient's own findings that matter most, in that order; `counts` are of all of them.
pub fn group<'a>(
    of: &Event,
    named: impl IntoIterator<Item = &'a Event>,
    counts: &[Count],
    (public_url, detail): (&str, Detail),
) -> Message {
    let named: Vec<&Event> = named.into_iter().take(ENTRIES).collect();
    let total: u64 = counts.iter().map(|(.., count)| count).sum();
    let is_import = of.kind.category() == "scan";
    let alike = |event: &&Event| event.kind == of.kind && event.text("status") == of.text("status");
    let alike = !is_import && named.iter().all(alike);
    let shown = u64::try_from(named.len()).unwrap_or(u64::MAX);
    let base = Message {
        severity: worst(counts),
        entries: named
            .iter()
            .map(|event| entry(event, alike, (public_url, detail)))
            .collect(),
        more: usize::try_from(total.saturating_sub(shown)).unwrap_or(usize::MAX),
        note: None,
        ..compose(of, public_url, detail)
    };
    let tally = Tally::of_counts(counts);
    let mut message = if is_import {
        import(of, &tally, base)
    } else {
        let what = what(of, &named).filter(|_| detail == Detail::Full);
        change(of, (&tally, total, what), base, public_url)
    };
    let ids: Vec<Value> = named
        .iter()
        .map(|event| event.subject.id.to_string().into())
        .collect();
    message.ids.insert("finding_ids".to_owned(), ids.into());
    message.ids.insert("count".to_owned(), total.into());
    message
}

/// The highest severity of what is not closed; of everything if all is closed.
fn worst(counts: &[Count]) -> Option<Severity> {
    let open = counts.iter().filter(|(change, ..)| *change != Change::Closed);
    let worst = open.map(|(_, severity, _)| *severity).max();
    worst.unwrap_or_else(|| counts.iter().filter_map(|(_, severity, _)| *severity).max())
}

/// The findings that an import brought.
fn import(of: &Event, tally: &Tally, message: Message) -> Message {
    let place = message
        .fact("Project")
        .map(str::to_owned)
        .or_else(|| message.company.clone());
    let name =
        one_line(of, "name").filter(|_| message.fact("Project").is_some() || message.fact("Tool").is_some());
    let mut facts: Vec<Fact> = message
        .facts
        .iter()
        .filter(|fact| matches!(fact.label, "Project" | "Tool"))
        .cloned()
        .collect();
    facts.extend(name.map(|text| Fact { label: "Scan", text }));
    Message {
        headline: Some(tally.headline(place.as_deref())),
        sentence: format!("Findings: {}.", tally.sentence()),
        facts,
        ..message
    }
}

/// The findings that someone changed together.
fn change(
    of: &Event,
    (tally, total, what): (&Tally, u64, Option<String>),
    message: Message,
    public_url: &str,
) -> Message {
    let findings = if total == 1 {
        "1 finding".to_owned()
    } else {
        format!("{total} findings")
    };
    let what = what.unwrap_or_else(|| "changed".to_owned());
    let severities = Some(tally.severities()).filter(|severities| !severities.is_empty());
    let severities = severities.map_or_else(String::new, |severities| format!(" ({severities})"));
    let mut ids = ids(of);
    ids.retain(|key, _| matches!(key.as_str(), "company_id" | "project_id"));
    Message {
        action: plural_action(message.action),
        headline: Some(format!("{findings}{severities}")),
        sentence: format!("{findings} {what}."),
        facts: Vec::new(),
        link: Link {
            label: "Open findings",
            url: format!("{}/findings", public_url.trim_end_matches('/')),
        },
        subject: None,
        ids,
        ..message
    }
}

/// The name of one finding's change for several.
fn plural_action(action: &'static str) -> &'static str {
    match action {
        "Finding assigned" => "Findings assigned",
        "Finding deleted" => "Findings deleted",
        "Finding reopened" => "Findings reopened",
        "Finding unread" => "Findings unread",
        "Finding updated" => "Findings updated",
        other => other,
    }
}

/// What happened to all of them: "assigned by Mara Lind", "changed to Retest by Mara Lind"; none if it differs.
fn what(of: &Event, named: &[&Event]) -> Option<String> {
    if named.iter().any(|event| event.kind != of.kind) {
        return None;
    }
    let status = plain::named(of, "status");
    let one_status = named
        .iter()
        .all(|event| event.text("status") == of.text("status"));
    let what = match (of.kind, status) {
        (Kind::FindingAssigned, _) => "assigned".to_owned(),
        (Kind::FindingDeleted, _) => "deleted".to_owned(),
        (Kind::FindingUnread, _) => "not read by anyone yet".to_owned(),
        (Kind::FindingStatusChanged, Some(to)) if one_status => format!("changed to {to}"),
        _ if Change::of(of) == Change::Reopened => "reopened".to_owned(),
        _ => "changed".to_owned(),
    };
    let by = one_line(of, "actor_name").map_or_else(String::new, |actor| format!(" by {actor}"));
    Some(format!("{what}{by}"))
}

/// One finding; what happened to it is omitted if the same happened to all.
fn entry(event: &Event, alike: bool, (public_url, detail): (&str, Detail)) -> Entry {
    let message = compose(event, public_url, detail);
    let title = match Change::of(event) {
        _ if alike => message.subject_title.clone(),
        Change::Other => message.title(),
        change => format!("{}: {}", change.label(), message.subject_title),
    };
    let raised = raised(event).filter(|_| detail == Detail::Full);
    let about = Some(message.detail()).filter(|about| !about.is_empty());
    Entry {
        severity: event.severity,
        title: base::text::cut(&title, TITLE_CHARS),
        detail: raised.into_iter().chain(about).collect::<Vec<_>>().join(" · "),
        url: message.link.url,
    }
}

/// The severity before it was raised: "was medium".
fn raised(event: &Event) -> Option<String> {
    let from = event.text("from_severity").and_then(plain::severity)?;
    Some(format!("was {from}"))
}
