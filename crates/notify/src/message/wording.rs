//! The words of each kind: a name and a sentence for what happened.

mod approval;
mod finding;
mod scan;
mod sentence;

use base::{Event, Kind};

use super::plain;

pub(super) use sentence::Words;
use sentence::{changed, done};

/// The words of an event. Total over every kind, so that a new kind does not compile without words.
#[expect(clippy::too_many_lines, reason = "a table: a row for each kind")]
pub(super) fn words(event: &Event) -> Words {
    let done = |action, active: &str, passive: &str| done(event, action, active, passive);
    match event.kind {
        Kind::FindingCreated => finding::created(event),
        Kind::FindingUpdated => finding::updated(event),
        Kind::FindingAssigned => finding::assigned(event),
        Kind::FindingStatusChanged => finding::status_changed(event),
        Kind::FindingReopened => finding::reopened(event),
        Kind::FindingSeverityChanged => finding::severity_changed(event),
        Kind::FindingCommented => done(
            "New comment",
            "commented on this finding",
            "This finding has a new comment.",
        ),
        Kind::FindingDeleted => done(
            "Finding deleted",
            "deleted this finding",
            "This finding was deleted.",
        ),
        Kind::SlaWarning => deadline(event, "SLA warning", "This finding is due", " soon"),
        Kind::SlaBreached => deadline(
            event,
            "SLA breached",
            "This finding is overdue; it was due",
            " earlier",
        ),
        Kind::FindingUnread => finding::unread(event),
        Kind::SlaEscalated => deadline(event, "SLA escalated", finding::escalated(event), " soon"),
        Kind::RetestDue => Words::new("Retest due", "This finding is due for retest."),
        Kind::ScanScheduled => done(
            "Scan scheduled",
            "scheduled this scan",
            "This scan was scheduled.",
        ),
        Kind::ScanStarted => done("Scan started", "started this scan", "This scan started."),
        Kind::ScanCompleted => scan::completed(event),
        Kind::ScanFailed => Words::new("Scan failed", "The scan or the import of its report failed."),
        Kind::ScanUpdated => scan::updated(event),
        Kind::ScanDeleted => done("Scan deleted", "deleted this scan", "This scan was deleted."),
        Kind::AssetCreated => done("New asset", "added this asset", "An asset was added."),
        Kind::AssetUpdated => changed(event, "Asset updated", "asset", false),
        Kind::AssetDeleted => done("Asset deleted", "deleted this asset", "This asset was deleted."),
        Kind::ProjectCreated => done("New project", "added this project", "A project was added."),
        Kind::ProjectUpdated => changed(event, "Project updated", "project", false),
        Kind::ProjectDeleted => done(
            "Project deleted",
            "deleted this project",
            "This project was deleted.",
        ),
        Kind::ReportRequested => done(
            "Report requested",
            "requested this report",
            "This report was requested.",
        ),
        Kind::ReportReady => Words::new("Report ready", "This report is ready to download."),
        Kind::ReportFailed => Words::new("Report failed", "This report could not be created."),
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
        Kind::AgreementUpdated => changed(event, "Agreement updated", "agreement", false),
        Kind::AgreementDeleted => done(
            "Agreement deleted",
            "deleted this agreement",
            "This agreement was deleted.",
        ),
        Kind::AgreementExpiring => agreement_expiring(event),
        Kind::ApprovalRequested => approval::requested(event),
        Kind::ApprovalDecided => approval::decided(event),
        Kind::ApprovalUpdated => approval::updated(event),
        Kind::ApprovalExpired => Words::new(
            "Approval expired",
            "The risk acceptance expired; the finding is open again.",
        ),
        Kind::ApprovalExpiring => approval::expiring(event),
        Kind::ApprovalOutgrown => approval::outgrown(event),
        Kind::ApprovalDeleted => done(
            "Request withdrawn",
            "withdrew this request",
            "This request was withdrawn.",
        ),
        Kind::DestinationSwitchedOff => Words::new(
            "Destination turned off",
            "Nothing more is sent there until its URL is saved again or a test message is delivered.",
        ),
        Kind::DeliveryFailed => Words::new(
            "Delivery failed",
            "A message could not be delivered there and will not be retried. Once the destination works, an administrator can resend failed messages.",
        ),
        Kind::PlatformAnnounced => Words::new("Announcement", "An administrator announced this to everyone."),
        Kind::NotificationCreated => Words::new("Notification", "There is a new notification."),
        Kind::NotificationRead | Kind::NotificationAllRead => {
            Words::new("Notifications read", "Notifications were marked as read.")
        }
    }
}

/// "This finding is due on 3 Dec 2026, 14:00 UTC."
fn deadline(event: &Event, action: &'static str, start: &str, otherwise: &str) -> Words {
    let when =
        plain::when(event, "sla_due_at").map_or_else(|| otherwise.to_owned(), |due| format!(" on {due}"));
    Words::new(action, format!("{start}{when}."))
}

fn agreement_expiring(event: &Event) -> Words {
    let sentence = match plain::when(event, "expires_on") {
        Some(day) => format!("This agreement expires on {day}."),
        None => "This agreement expires soon.".to_owned(),
    };
    Words::new("Agreement expiring", sentence)
}
