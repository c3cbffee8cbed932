//! The events of approvals.

use base::{Event, Kind, Subject, SubjectType};
use store::Tx;

use super::approval::Approval;
use crate::{
    By, Place,
    by::{self, put},
};

/// An event about this approval as it is now.
pub(crate) fn event(tx: &Tx<'_>, kind: Kind, approval: &Approval, by: &By) -> Event {
    let subject = Subject {
        kind: SubjectType::Approval,
        id: approval.id,
    };
    let mut event = by::event(tx, kind, subject, &Place::of(&approval.company), by);
    let data = &mut event.data;
    put(data, "approval_id", Some(approval.id));
    put(data, "finding_id", Some(approval.finding.id));
    put(data, "title", Some(&approval.finding.name));
    put(data, "status", Some(approval.status));
    put(data, "reason", Some(&approval.reason));
    put(data, "expires_at", Some(approval.expires_at));
    event
}
