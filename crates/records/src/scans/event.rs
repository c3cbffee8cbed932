//! The event of each change of a scan.

use base::{Event, Kind, Subject, SubjectType};
use serde_json::json;
use store::Tx;

use super::scan::Scan;
use crate::{
    By,
    by::{self, put},
};

/// An event about this scan in its current state. The user who created it is notified of its end.
pub(super) fn of(tx: &Tx<'_>, kind: Kind, scan: &Scan, by: &By) -> Event {
    let subject = Subject {
        kind: SubjectType::Scan,
        id: scan.id,
    };
    let mut event = by::event(tx, kind, subject, &scan.place, by);
    if matches!(kind, Kind::ScanCompleted | Kind::ScanFailed) {
        event.assignee_users.extend(scan.created_by);
    }
    let data = &mut event.data;
    put(data, "scan_id", Some(scan.id));
    put(data, "name", Some(&scan.name));
    put(data, "title", Some(&scan.name));
    put(data, "status", Some(scan.status));
    put(data, "tool", Some(&scan.tool).filter(|tool| !tool.is_empty()));
    put(data, "error", Some(&scan.error).filter(|error| !error.is_empty()));
    if let Some(counts) = scan.counts {
        data.insert("counts".to_owned(), json!(counts));
    }
    event
}
