//! The one table of event kinds (promise V3). The API serves it; `docs/events.md` is made from it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a row of the table says of a kind.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "columns of a table, not states")]
pub struct About {
    /// The name in the API, such as `finding.assigned`.
    pub name: &'static str,
    /// Whether its events carry a severity (promise V2).
    pub severity: bool,
    /// Whether people can be told of it: it has rules and preferences. A live-only kind has none.
    pub notifies: bool,
    /// Whether it goes to open tabs (promise E3).
    pub live: bool,
    /// Whether an event of it may be for no company (promise E7): for the whole platform, or for people named one by
    /// one.
    pub platform: bool,
    /// One sentence for people who make a rule.
    pub summary: &'static str,
}

macro_rules! kinds {
    ($($(#[$flag:meta])* $variant:ident $name:literal $severity:ident $notifies:ident $live:ident $platform:ident $summary:literal;)*) => {
        /// What happened. A row of the one table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each kind's sentence stands in the table, where the API reads it too")]
        pub enum Kind { $($variant,)* }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

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
    FindingCreated        "finding.created"        yes yes yes no  "A finding was recorded.";
    FindingUpdated        "finding.updated"        yes yes yes no  "A finding's details changed.";
    FindingAssigned       "finding.assigned"       yes yes yes no  "A finding was assigned to people or teams.";
    FindingStatusChanged  "finding.status_changed" yes yes yes no  "A finding moved to another status.";
    FindingReopened       "finding.reopened"       yes yes yes no  "A finding that was closed is open again.";
    FindingSeverityChanged "finding.severity_changed" yes yes yes no "A finding's severity changed.";
    FindingCommented      "finding.commented"      yes yes yes no  "Somebody commented on a finding.";
    FindingDeleted        "finding.deleted"        yes yes yes no  "A finding was deleted.";
    FindingUnread         "finding.unread"         yes yes yes no  "A critical or urgent event of a finding reached nobody, or nobody read it in time; the company's managers are notified.";
    SlaWarning            "sla.warning"            yes yes yes no  "A finding's SLA deadline is near.";
    SlaBreached           "sla.breached"           yes yes yes no  "A finding's SLA deadline has passed.";
    SlaEscalated          "sla.escalated"          yes yes yes no  "Nobody read the warning of a critical or urgent finding; the company's managers are told.";
    RetestDue             "retest.due"             yes yes yes no  "A finding is due for its retest.";
    ScanScheduled         "scan.scheduled"         no  yes yes no  "A scan was put on the calendar.";
    ScanStarted           "scan.started"           no  yes yes no  "A scan started.";
    ScanCompleted         "scan.completed"         no  yes yes no  "A scan ended and its findings are in.";
    ScanFailed            "scan.failed"            no  yes yes no  "A scan or its import failed.";
    ScanUpdated           "scan.updated"           no  yes yes no  "A scan's details changed.";
    ScanDeleted           "scan.deleted"           no  yes yes no  "A scan was deleted.";
    AssetCreated          "asset.created"          no  yes yes no  "An asset was added.";
    AssetUpdated          "asset.updated"          no  yes yes no  "An asset changed.";
    AssetDeleted          "asset.deleted"          no  yes yes no  "An asset was deleted.";
    ProjectCreated        "project.created"        no  yes yes no  "A project was added.";
    ProjectUpdated        "project.updated"        no  yes yes no  "A project changed.";
    ProjectDeleted        "project.deleted"        no  yes yes no  "A project was deleted.";
    ReportRequested       "report.requested"       no  yes yes no  "Somebody asks for a report.";
    ReportReady           "report.ready"           no  yes yes no  "A report is ready to download.";
    ReportFailed          "report.failed"          no  yes yes no  "A report could not be made.";
    ReportUpdated         "report.updated"         no  yes yes no  "A report was renamed.";
    ReportDeleted         "report.deleted"         no  yes yes no  "A report was deleted.";
    AgreementCreated      "agreement.created"      no  yes yes no  "A framework agreement was added.";
    AgreementUpdated      "agreement.updated"      no  yes yes no  "A framework agreement changed.";
    AgreementDeleted      "agreement.deleted"      no  yes yes no  "A framework agreement was deleted.";
    AgreementExpiring     "agreement.expiring"     no  yes yes no  "A framework agreement is about to expire.";
    ApprovalRequested     "approval.requested"     no  yes yes no  "Somebody asks for an approval.";
    ApprovalDecided       "approval.decided"       no  yes yes no  "An approval was decided.";
    ApprovalUpdated       "approval.updated"       no  yes yes no  "What is asked for in an approval changed.";
    ApprovalExpired       "approval.expired"       no  yes yes no  "A risk acceptance expired; its finding is open again.";
    ApprovalExpiring      "approval.expiring"      no  yes yes no  "A risk acceptance is about to expire.";
    ApprovalOutgrown      "approval.outgrown"      no  yes yes no  "A finding got worse than what was accepted.";
    ApprovalDeleted       "approval.deleted"       no  yes yes no  "A request for an approval was taken back.";
    DestinationSwitchedOff "destination.switched_off" no yes no yes "A URL refused messages for good and is switched off.";
    DeliveryFailed        "delivery.failed"        no  yes no  yes "A message was given up: its destination did not take it.";
    PlatformAnnounced     "platform.announced"     no  yes yes yes "An administrator announced something to everyone.";
    NotificationCreated   "notification.created"   no  no  yes no  "A notification arrived in the inbox of the one who gets the frame.";
    NotificationRead      "notification.read"      no  no  yes no  "One notification was read.";
    NotificationAllRead   "notification.all_read"  no  no  yes no  "All notifications were read.";
}

/// A text that names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event type: GET /api/v1/event-types lists them")]
pub struct NotAKind;

impl Kind {
    /// The name in the API and in storage, such as `finding.assigned`.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// What the name begins with: `finding` of `finding.assigned`. An inbox row's `type` (promise I2).
    pub fn category(self) -> &'static str {
        self.name()
            .split_once('.')
            .map_or(self.name(), |(category, _)| category)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = NotAKind;
    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
            .ok_or(NotAKind)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Kind {}
impl utoipa::PartialSchema for Kind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.name())))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: V3
    #[test]
    fn the_table_holds_at_least_what_is_promised() {
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
    fn finding_and_sla_events_carry_a_severity_and_scan_and_report_events_none() {
        for kind in Kind::ALL {
            let expected = matches!(kind.category(), "finding" | "sla" | "retest");
            assert_eq!(kind.about().severity, expected, "{kind}");
        }
    }
}
