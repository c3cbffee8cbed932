//! Where a group's events are sent, as stored.

use base::Id;
use serde::{Deserialize, Serialize};

use crate::{
    channel::Channel,
    plan::{Batch, Planned},
    target::{Key, Recipient, Target},
};

/// Where a set of events is to be sent, without any secret: stored as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Targets {
    pub(super) inbox: Vec<Id>,
    pub(super) messages: Vec<GroupTarget>,
}

/// One message of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct GroupTarget {
    pub(super) channel: Channel,
    pub(super) recipient: Recipient,
    pub(super) key: String,
    lane: String,
    label: String,
}

impl GroupTarget {
    pub(super) fn of(planned: &Planned) -> Self {
        let Target { key, lane, label } = &planned.target;
        Self {
            channel: planned.channel,
            recipient: planned.recipient.clone(),
            key: key.as_str().to_owned(),
            lane: lane.to_string(),
            label: label.to_string(),
        }
    }

    pub(super) fn planned(&self) -> Planned {
        Planned {
            channel: self.channel,
            recipient: self.recipient.clone(),
            target: Target {
                key: Key::stored(&self.key),
                lane: self.lane.as_str().into(),
                label: self.label.as_str().into(),
            },
            batch: Batch::Import,
        }
    }
}
