//! Events from elsewhere: what another platform says happened, as `CloudEvents` 1.0.
//!
//! Owns: the form in which they come ([`http`]), which kinds may ([`may_bring`]), what is kept of their data, and the
//! table `external_events`, by which each is taken once. An event that is taken goes the way of every other.
//! Must not: change a record. What another platform says about one of ours is told, not believed.

mod cloud;
mod data;
mod described;
pub mod http;
mod take;

use base::Kind;
use serde::Serialize;

/// The most events of one batch.
pub const MOST: usize = 500;

/// Whether another platform may bring events of this kind: those of a company that people can be told of, but for what
/// Campanile alone decides or does. An approval that somebody else says was given would be a lie with a link.
pub fn may_bring(kind: Kind) -> bool {
    let about = kind.about();
    let ours = matches!(kind.category(), "approval" | "report")
        || matches!(kind, Kind::SlaEscalated | Kind::FindingUnread);
    about.notifies && !about.platform && !ours
}

/// An event that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TakenEvent)]
pub struct Taken {
    /// Its id at the other platform.
    pub id: String,
    /// The other platform.
    pub source: String,
    /// Its id here: of frames, and for `GET /events/{id}/trace`.
    pub event_id: base::Id,
    /// Whether it was here before: nothing happened then, and the first one's content stays.
    pub duplicate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_campanile_decides_itself_is_not_brought() {
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
