//! One entry as an event: its title, time and link.

use base::{Severity, Time, text};
use records::{
    Date,
    dated::{Item, Kind, Stamps},
};

use super::{Document, Lines};

/// What follows the `@` of every UID. Not the host, so that moving to another one leaves every event unchanged.
const SUFFIX: &str = "campanile";

/// The most characters of a record's name in the title of an event.
const NAME: usize = 200;

pub(super) fn write(lines: &mut Lines, item: &Item, document: &Document<'_>) {
    let stamps = stamps(item);
    let changed = stamp(stamps.updated_at);
    lines.raw("BEGIN:VEVENT");
    lines.value("UID", &uid(item));
    lines.value("DTSTAMP", &changed);
    lines.value("CREATED", &stamp(stamps.created_at));
    lines.value("LAST-MODIFIED", &changed);
    lines.value("SEQUENCE", &sequence(stamps).to_string());
    when(lines, item);
    let summary = summary(item);
    lines.text("SUMMARY", &summary);
    lines.block("DESCRIPTION", &description(item));
    lines.text("CATEGORIES", category(item.kind));
    lines.raw("STATUS:CONFIRMED");
    // A deadline does not make anyone busy.
    lines.raw("TRANSP:TRANSPARENT");
    lines.value("URL", &format!("{}{}", document.public_url, path(item)));
    for minutes in document.alarms {
        lines.raw("BEGIN:VALARM");
        lines.raw("ACTION:DISPLAY");
        lines.text("DESCRIPTION", &summary);
        lines.value("TRIGGER", &format!("-PT{minutes}M"));
        lines.raw("END:VALARM");
    }
    lines.raw("END:VEVENT");
}

/// The entry's id, without the colon: programs use it in file names.
fn uid(item: &Item) -> String {
    format!("{}-{}@{SUFFIX}", item.kind.name(), item.entity_id)
}

/// Seconds from the first to the last change of the record: it grows with each.
fn sequence(stamps: Stamps) -> u64 {
    stamps.updated_at.since(stamps.created_at).as_secs()
}

/// A record that was read without them counts as never changed.
fn stamps(item: &Item) -> Stamps {
    item.stamps.unwrap_or(Stamps {
        created_at: item.at,
        updated_at: item.at,
    })
}

/// A time of day in UTC, or a date; the end of several days is the day after the last one (RFC 5545, 3.6.1).
fn when(lines: &mut Lines, item: &Item) {
    let Some(day) = item.day() else {
        lines.value("DTSTART", &stamp(item.at));
        if let Some(end) = item.ends_at.filter(|end| *end > item.at) {
            lines.value("DTEND", &stamp(end));
        }
        return;
    };
    let last = item.last_day().filter(|last| *last > day).unwrap_or(day);
    lines.value("DTSTART;VALUE=DATE", &date(day));
    lines.value("DTEND;VALUE=DATE", &date(last.next()));
}

/// `20261203T140000Z`.
fn stamp(time: Time) -> String {
    time.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `20261203`.
fn date(day: Date) -> String {
    day.to_string().replace('-', "")
}

fn summary(item: &Item) -> String {
    let what = match item.kind {
        Kind::SlaDue => "SLA deadline",
        Kind::RetestDue => "Retest due",
        Kind::Scan if item.status == "running" => "Scan running",
        Kind::Scan => "Scan",
        Kind::ProjectStart if item.ends_at.is_some() => "Project",
        Kind::ProjectStart => "Project starts",
        Kind::ProjectEnd => "Project ends",
        Kind::AgreementExpiry => "Agreement expires",
        Kind::AcceptanceEnd => "Risk acceptance expires",
    };
    match name(item) {
        Some(name) => format!("{what}: {name}"),
        None => what.to_owned(),
    }
}

/// The record's name; only the severity where details are hidden.
fn name(item: &Item) -> Option<String> {
    if item.minimal {
        return item.severity.map(finding);
    }
    Some(text::line(&item.title, NAME)).filter(|name| !name.is_empty())
}

fn finding(severity: Severity) -> String {
    let article = match severity {
        Severity::Informational | Severity::Urgent => "an",
        _ => "a",
    };
    format!("{article} {severity} finding")
}

fn description(item: &Item) -> Vec<String> {
    let mut lines = vec![format!("Company: {}", item.company.name)];
    if let Some(project) = item.project.as_ref().filter(|_| !item.minimal) {
        lines.push(format!("Project: {}", project.name));
    }
    lines.extend(item.severity.map(|severity| format!("Severity: {severity}")));
    lines.push(format!("Status: {}", item.status.replace('_', " ")));
    lines
}

const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::SlaDue => "SLA deadline",
        Kind::RetestDue => "Retest",
        Kind::Scan => "Scan",
        Kind::ProjectStart | Kind::ProjectEnd => "Project",
        Kind::AgreementExpiry => "Agreement",
        Kind::AcceptanceEnd => "Risk acceptance",
    }
}

/// The console's page of the record.
fn path(item: &Item) -> String {
    let page = item.kind.entity().path(item.entity_id);
    page.unwrap_or_else(|| "/calendar".to_owned())
}
