//! The words of each kind: what happened, as a name and as a sentence.

use base::{Event, Kind, Severity, Time, text};
use jiff::civil::Date;

use super::one_line;

/// Name and sentence of an event.
pub(super) struct Words {
    pub(super) action: &'static str,
    pub(super) sentence: String,
}

/// The words of an event. Total over every kind, so that a new kind does not compile without words.
#[expect(clippy::too_many_lines, reason = "a table: a row for each kind")]
pub(super) fn words(event: &Event) -> Words {
    // With whoever did it, if known: "Mara Lind assigned this finding." or "This finding was assigned."
    let done = |action, active: &str, passive: &str| {
        let sentence = match one_line(event, "actor_name") {
            Some(actor) => format!("{actor} {active}."),
            None => passive.to_owned(),
        };
        Words { action, sentence }
    };
    let said = |action, sentence: String| Words { action, sentence };
    match event.kind {
        Kind::FindingCreated => done("New finding", "recorded this finding", "A finding was recorded."),
        Kind::FindingUpdated => done(
            "Finding updated",
            "changed this finding",
            "This finding was changed.",
        ),
        Kind::FindingAssigned if many(event).is_some() => many_assigned(event),
        Kind::FindingAssigned => done(
            "Finding assigned",
            "assigned this finding",
            "This finding was assigned.",
        ),
        Kind::FindingStatusChanged => status_changed(event),
        Kind::FindingCommented => done(
            "New comment",
            "commented on this finding",
            "This finding has a comment.",
        ),
        Kind::FindingDeleted => done(
            "Finding deleted",
            "deleted this finding",
            "This finding was deleted.",
        ),
        Kind::SlaWarning => said(
            "SLA deadline near",
            deadline(event, "This finding is to be closed", "soon"),
        ),
        Kind::SlaBreached => said(
            "SLA deadline passed",
            deadline(event, "This finding was to be closed", "by now"),
        ),
        Kind::SlaEscalated => said(
            "SLA warning unread",
            deadline(
                event,
                "Nobody read the warning: this finding is to be closed",
                "soon",
            ),
        ),
        Kind::RetestDue => said("Retest due", "This finding is due for its retest.".to_owned()),
        Kind::ScanScheduled => done(
            "Scan scheduled",
            "put this scan on the calendar",
            "This scan was put on the calendar.",
        ),
        Kind::ScanStarted => done("Scan started", "started this scan", "This scan started."),
        Kind::ScanCompleted => said("Scan completed", completed(event)),
        Kind::ScanFailed => said("Scan failed", "This scan or its import failed.".to_owned()),
        Kind::ScanUpdated => done("Scan updated", "changed this scan", "This scan was changed."),
        Kind::ScanDeleted => done("Scan deleted", "deleted this scan", "This scan was deleted."),
        Kind::AssetCreated => done("New asset", "added this asset", "An asset was added."),
        Kind::AssetUpdated => done("Asset updated", "changed this asset", "This asset was changed."),
        Kind::AssetDeleted => done("Asset deleted", "deleted this asset", "This asset was deleted."),
        Kind::ProjectCreated => done("New project", "added this project", "A project was added."),
        Kind::ProjectUpdated => done(
            "Project updated",
            "changed this project",
            "This project was changed.",
        ),
        Kind::ProjectDeleted => done(
            "Project deleted",
            "deleted this project",
            "This project was deleted.",
        ),
        Kind::ReportRequested => done(
            "Report requested",
            "asks for this report",
            "A report is asked for.",
        ),
        Kind::ReportReady => said("Report ready", "This report is ready to download.".to_owned()),
        Kind::ReportFailed => said("Report failed", "This report could not be made.".to_owned()),
        Kind::ReportUpdated => done(
            "Report renamed",
            "renamed this report",
            "This report was renamed.",
        ),
        Kind::ReportDeleted => done(
            "Report deleted",
            "deleted this report",
            "This report was deleted.",
        ),
        Kind::AgreementCreated => done("New agreement", "added this agreement", "An agreement was added."),
        Kind::AgreementUpdated => done(
            "Agreement updated",
            "changed this agreement",
            "This agreement was changed.",
        ),
        Kind::AgreementDeleted => done(
            "Agreement deleted",
            "deleted this agreement",
            "This agreement was deleted.",
        ),
        Kind::AgreementExpiring => said(
            "Agreement expiring",
            "This agreement is about to expire.".to_owned(),
        ),
        Kind::ApprovalRequested => done(
            "Approval requested",
            "asks for an approval",
            "An approval is asked for.",
        ),
        Kind::ApprovalDecided => decided(event),
        Kind::ApprovalUpdated => done(
            "Approval changed",
            "changed this request",
            "This request was changed.",
        ),
        Kind::ApprovalExpired => said(
            "Approval expired",
            "The risk acceptance expired; the finding is open again.".to_owned(),
        ),
        Kind::ApprovalExpiring => said("Risk acceptance expiring", expiring(event)),
        Kind::ApprovalOutgrown => said("Worse than accepted", outgrown(event)),
        Kind::ApprovalDeleted => done(
            "Request taken back",
            "took this request back",
            "This request was taken back.",
        ),
        Kind::DestinationSwitchedOff => said(
            "Destination switched off",
            "No message goes there until its URL is saved again or a test message arrives there.".to_owned(),
        ),
        Kind::NotificationCreated => said("Notification", "A notification arrived.".to_owned()),
        Kind::NotificationRead | Kind::NotificationAllRead => {
            said("Notifications read", "Notifications were read.".to_owned())
        }
    }
}

/// Of how many findings the event is, where it is of several.
fn many(event: &Event) -> Option<u64> {
    event.data.get("count")?.as_u64().filter(|count| *count > 1)
}

fn many_assigned(event: &Event) -> Words {
    let count = many(event).unwrap_or_default();
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} assigned {count} findings; this is the worst of them."),
        None => format!("{count} findings were assigned; this is the worst of them."),
    };
    Words {
        action: "Findings assigned",
        sentence,
    }
}

/// The severity as people read it.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
        Severity::Urgent => "Urgent",
    }
}

/// The severity as a colour that is seen at a glance.
pub(super) const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "⚪",
        Severity::Low => "🔵",
        Severity::Medium => "🟡",
        Severity::High => "🟠",
        Severity::Critical => "🔴",
        Severity::Urgent => "🟣",
    }
}

/// A name of the API as people read it: `in_progress` is "In progress".
pub(super) fn plain_name(name: &str) -> String {
    let plain = text::line(&name.replace('_', " "), 40);
    let mut chars = plain.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A time or a date as people read it, "3 Dec 2026, 14:00 UTC"; another text as it is, cleaned.
pub(super) fn moment(raw: &str) -> String {
    if let Ok(time) = raw.parse::<Time>() {
        return at(time);
    }
    raw.parse::<Date>().map_or_else(
        |_| text::line(raw, 40),
        |date| date.strftime("%-d %b %Y").to_string(),
    )
}

/// A time as people read it.
pub(super) fn at(time: Time) -> String {
    time.timestamp().strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// The counts of a scan: "12 read, 3 new, 1 closed".
pub(super) fn counts(event: &Event) -> Option<String> {
    let counts = event.data.get("counts")?.as_object()?;
    let names = [
        ("read", "read"),
        ("created", "new"),
        ("updated", "changed"),
        ("reopened", "reopened"),
        ("closed", "closed"),
        ("skipped", "skipped"),
    ];
    let parts: Vec<_> = names
        .iter()
        .filter_map(|(key, name)| Some((counts.get(*key)?.as_u64()?, *key, name)))
        .filter(|(count, key, _)| *count > 0 || *key == "read")
        .map(|(count, _, name)| format!("{count} {name}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn completed(event: &Event) -> String {
    match event
        .data
        .get("counts")
        .and_then(|counts| counts.get("created")?.as_u64())
    {
        Some(0) => "This scan ended without new findings.".to_owned(),
        Some(1) => "This scan ended with one new finding.".to_owned(),
        Some(new) => format!("This scan ended with {new} new findings."),
        None => "This scan ended and its findings are in.".to_owned(),
    }
}

fn status_changed(event: &Event) -> Words {
    let status = |key| event.text(key).map(plain_name).filter(|name| !name.is_empty());
    let way = match (status("from_status"), status("status")) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, Some(to)) => format!(" to {to}"),
        _ => " to another status".to_owned(),
    };
    let actor = one_line(event, "actor_name");
    if let (Some(count), Some(to)) = (many(event), status("status")) {
        // They may have come from different statuses.
        let actor = actor.unwrap_or_else(|| "Somebody".to_owned());
        let sentence = format!("{actor} moved {count} findings to {to}; this is the worst of them.");
        return Words {
            action: "Statuses changed",
            sentence,
        };
    }
    let sentence = match actor {
        Some(actor) => format!("{actor} moved this finding{way}."),
        None => format!("This finding moved{way}."),
    };
    Words {
        action: "Status changed",
        sentence,
    }
}

fn decided(event: &Event) -> Words {
    let decision = ["decision", "status"].iter().find_map(|key| event.text(key));
    let (action, verb) = match decision {
        Some("approved") => ("Approval given", "approved"),
        Some("rejected") => ("Approval rejected", "rejected"),
        _ => ("Approval decided", "decided"),
    };
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} {verb} this request."),
        None => format!("This request was {verb}."),
    };
    Words { action, sentence }
}

fn expiring(event: &Event) -> String {
    match event.text("expires_at").map(moment) {
        Some(end) if !end.is_empty() => {
            format!("The risk acceptance expires {end}; the finding is open again then.")
        }
        _ => "The risk acceptance expires soon; the finding is open again then.".to_owned(),
    }
}

fn outgrown(event: &Event) -> String {
    let severity = |key| event.text(key).map(plain_name).filter(|name| !name.is_empty());
    match (severity("finding_severity"), severity("accepted_severity")) {
        (Some(now), Some(accepted)) => format!(
            "This finding is {now} now; its risk was accepted as {accepted}. Withdraw the acceptance if it no longer holds."
        ),
        _ => "This finding is worse than what was accepted. Withdraw the acceptance if it no longer holds."
            .to_owned(),
    }
}

fn deadline(event: &Event, start: &str, otherwise: &str) -> String {
    match event.text("sla_due_at").map(moment) {
        Some(due) if !due.is_empty() => format!("{start} by {due}."),
        _ => format!("{start} {otherwise}."),
    }
}
