//! Events from other platforms, as `CloudEvents` 1.0.
//!
//! Owns: their format ([`http`]), which kinds are allowed ([`may_bring`]), what is kept of their data, and the table
//! `external_events`, which ensures that each is accepted once. An accepted event is then processed like any other.
//! Must not: change a record. What another platform states about our records is announced, not applied.

mod cloud;
mod data;
mod described;
pub mod http;
mod take;

use base::Kind;
use serde::Serialize;

/// Maximum number of events in a batch.
pub const MOST: usize = 500;

/// Whether another platform may send events of this kind: those of a company that people can be notified about, except
/// what only Campanile decides or does. A forged approval would be a lie with a link.
pub fn may_bring(kind: Kind) -> bool {
    let about = kind.about();
    let ours = matches!(kind.category(), "approval" | "report")
        || matches!(kind, Kind::SlaEscalated | Kind::FindingUnread);
    about.notifies && !about.platform && !ours
}

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TakenEvent)]
pub struct Taken {
    /// Its id at the other platform.
    pub id: String,
    /// The other platform.
    pub source: String,
    /// Its id in Campanile: in frames, and for `GET /events/{id}/trace`.
    pub event_id: base::Id,
    /// Whether it was received before: then nothing happened, and the first one's content is kept.
    pub duplicate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_campanile_decides_itself_is_not_accepted() {
        let names: Vec<_> = Kind::ALL
            .iter()
            .filter(|kind| may_bring(**kind))
            .map(|kind| kind.name())
            .collect();
        for yes in [
            "finding.created",
            "finding.assigned",
            "sla.breached",
            "scan.failed",
            "asset.created",
        ] {
            assert!(names.contains(&yes), "{yes}");
        }
        for no in [
            "approval.decided",
            "report.ready",
            "sla.escalated",
            "finding.unread",
            "destination.switched_off",
            "notification.created",
            "notification.all_read",
        ] {
            assert!(!names.contains(&no), "{no}");
        }
    }
}
