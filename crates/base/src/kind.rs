//! The table of event kinds (promise V3). The API serves it; `docs/events.md` is generated from it.

/// The table's row for a kind.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "columns of a table, not states")]
pub struct About {
    /// The name in the API, such as `finding.assigned`.
    pub name: &'static str,
    /// Whether its events carry a severity (promise V2).
    pub severity: bool,
    /// Whether users can be notified of it: it has rules and preferences. A live-only kind has none.
    pub notifies: bool,
    /// Whether it goes to open tabs (promise E3).
    pub live: bool,
    /// Whether its events may have no company (promise E7): for the whole platform, or for individual
    /// users.
    pub platform: bool,
    /// One sentence for users who create a rule.
    pub summary: &'static str,
}

macro_rules! kinds {
    ($($(#[$flag:meta])* $variant:ident $name:literal $severity:ident $notifies:ident $live:ident $platform:ident $summary:literal;)*) => {
        /// The kind of an event. A row of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each kind's sentence is in the table, where the API reads it too")]
        pub enum Kind { $($variant,)* }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The row of this kind.
            pub const fn about(self) -> &'static About {
                match self {
                    $(Self::$variant => &About {
                        name: $name,
                        severity: column!($severity),
                        notifies: column!($notifies),
                        live: column!($live),
                        platform: column!($platform),
                        summary: $summary,
                    },)*
                }
            }
        }
    };
}

macro_rules! column {
    (yes) => {
        true
    };
    (no) => {
        false
    };
}

kinds! {
    // variant            name                    severity notifies live platform
    FindingCreated        "finding.created"        yes yes yes no  "A finding was created.";
    FindingUpdated        "finding.updated"        yes yes yes no  "A finding's details changed.";
    FindingAssigned       "finding.assigned"       yes yes yes no  "A finding was assigned to users or teams.";
    FindingStatusChanged  "finding.status_changed" yes yes yes no  "A finding's status changed.";
    FindingReopened       "finding.reopened"       yes yes yes no  "A closed finding was reopened.";
    FindingSeverityChanged "finding.severity_changed" yes yes yes no "A finding's severity changed.";
    FindingCommented      "finding.commented"      yes yes yes no  "Someone commented on a finding.";
    FindingDeleted        "finding.deleted"        yes yes yes no  "A finding was deleted.";
    FindingUnread         "finding.unread"         yes yes yes no  "Nobody was notified of a critical or urgent event of a finding, or nobody read it in time; the company's managers are notified.";
    SlaWarning            "sla.warning"            yes yes yes no  "A finding's SLA deadline is approaching.";
    SlaBreached           "sla.breached"           yes yes yes no  "A finding's SLA deadline has passed.";
    SlaEscalated          "sla.escalated"          yes yes yes no  "Nobody read the SLA warning of a critical or urgent finding; the company's managers are notified.";
    RetestDue             "retest.due"             yes yes yes no  "A finding is due for a retest.";
    ScanScheduled         "scan.scheduled"         no  yes yes no  "A scan was scheduled.";
    ScanStarted           "scan.started"           no  yes yes no  "A scan started.";
    ScanCompleted         "scan.completed"         no  yes yes no  "A scan was completed and its findings are imported.";
    ScanFailed            "scan.failed"            no  yes yes no  "A scan or its import failed.";
    ScanUpdated           "scan.updated"           no  yes yes no  "A scan's details changed.";
    ScanDeleted           "scan.deleted"           no  yes yes no  "A scan was deleted.";
    AssetCreated          "asset.created"          no  yes yes no  "An asset was created.";
    AssetUpdated          "asset.updated"          no  yes yes no  "An asset's details changed.";
    AssetDeleted          "asset.deleted"          no  yes yes no  "An asset was deleted.";
    ProjectCreated        "project.created"        no  yes yes no  "A project was created.";
    ProjectUpdated        "project.updated"        no  yes yes no  "A project's details changed.";
    ProjectDeleted        "project.deleted"        no  yes yes no  "A project was deleted.";
    ReportRequested       "report.requested"       no  yes yes no  "Someone requested a report.";
    ReportReady           "report.ready"           no  yes yes no  "A report is ready to download.";
    ReportFailed          "report.failed"          no  yes yes no  "A report could not be generated.";
    ReportUpdated         "report.updated"         no  yes yes no  "A report was renamed.";
    ReportDeleted         "report.deleted"         no  yes yes no  "A report was deleted.";
    AgreementCreated      "agreement.created"      no  yes yes no  "A framework agreement was created.";
    AgreementUpdated      "agreement.updated"      no  yes yes no  "A framework agreement's details changed.";
    AgreementDeleted      "agreement.deleted"      no  yes yes no  "A framework agreement was deleted.";
    AgreementExpiring     "agreement.expiring"     no  yes yes no  "A framework agreement is about to expire.";
    ApprovalRequested     "approval.requested"     no  yes yes no  "Someone requested a risk acceptance.";
    ApprovalDecided       "approval.decided"       no  yes yes no  "A risk acceptance was approved or rejected.";
    ApprovalUpdated       "approval.updated"       no  yes yes no  "A request for a risk acceptance changed.";
    ApprovalExpired       "approval.expired"       no  yes yes no  "A risk acceptance expired; its finding was reopened.";
    ApprovalExpiring      "approval.expiring"      no  yes yes no  "A risk acceptance is about to expire.";
    ApprovalOutgrown      "approval.outgrown"      no  yes yes no  "A finding became more severe than the accepted risk.";
    ApprovalDeleted       "approval.deleted"       no  yes yes no  "A request for a risk acceptance was withdrawn.";
    DestinationSwitchedOff "destination.switched_off" no yes no yes "A URL rejected messages permanently and was disabled.";
    DeliveryFailed        "delivery.failed"        no  yes no  yes "A message could not be delivered to its destination.";
    PlatformAnnounced     "platform.announced"     no  yes yes yes "An administrator announced something to everyone.";
    NotificationCreated   "notification.created"   no  no  yes no  "A notification arrived in the inbox of the frame's recipient.";
    NotificationRead      "notification.read"      no  no  yes no  "One notification was read.";
    NotificationAllRead   "notification.all_read"  no  no  yes no  "All notifications were read.";
}

impl Kind {
    /// The name in the API and in storage, such as `finding.assigned`.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// The first part of the name: `finding` of `finding.assigned`. An inbox row's `type` (promise I2).
    pub fn category(self) -> &'static str {
        self.name()
            .split_once('.')
            .map_or(self.name(), |(category, _)| category)
    }
}

crate::word!(Kind, Kind, None);

#[cfg(test)]
mod tests {
    use super::*;

    // promise: V3
    #[test]
    fn the_table_contains_all_promised_kinds() {
        let promised = "finding.created finding.updated finding.assigned finding.status_changed finding.reopened finding.severity_changed finding.deleted \
            sla.warning sla.breached retest.due scan.started scan.completed scan.failed asset.created \
            asset.updated asset.deleted project.created project.updated project.deleted report.ready \
            report.failed agreement.expiring approval.requested approval.decided notification.created \
            notification.read notification.all_read";
        for name in promised.split_whitespace() {
            assert_eq!(name.parse::<Kind>().map(Kind::name), Ok(name));
        }
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len(), "each name once");
    }

    // promise: V2
    #[test]
    fn finding_and_sla_events_have_a_severity_and_scan_and_report_events_none() {
        for kind in Kind::ALL {
            let expected = matches!(kind.category(), "finding" | "sla" | "retest");
            assert_eq!(kind.about().severity, expected, "{kind}");
        }
    }
}
