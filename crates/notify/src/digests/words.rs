//! The message about a group.

use std::sync::Arc;

use base::Event;
use serde_json::json;

use super::Digest;
use crate::message::{self, Detail, Message};

/// The message; `of` is the end of an import, or the event that represents a bulk change.
pub(super) fn message(
    digest: &Digest,
    of: &Event,
    named: &[Arc<Event>],
    public_url: &str,
    detail: Detail,
) -> Message {
    let events = named.iter().map(AsRef::as_ref);
    let mut message = message::group(of, events, &digest.counts, (public_url, detail));
    let mut findings = Vec::new();
    for (_, finding) in &digest.named {
        if !findings.contains(finding) {
            findings.push(*finding);
        }
    }
    message.ids.insert("finding_ids".to_owned(), json!(findings));
    message
}
