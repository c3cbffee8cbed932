//! The owner of a row.

use base::{Event, Id};

use crate::{
    message::Detail,
    plan::{Cause, Why},
    target::Recipient,
};

/// Who gets a row, and why.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) user: Id,
    pub(crate) why: Option<Why>,
    /// The reason in words for them.
    pub(crate) sentence: Option<String>,
}

impl Owner {
    /// Why this person gets a row about the event, or about several that it represents.
    pub(crate) fn new(user: Id, cause: Option<Cause>, event: &Event, many: bool) -> Self {
        let recipient = Recipient::User(user);
        let sentence = cause
            .as_ref()
            .and_then(|cause| cause.sentence(event, &recipient, Detail::Full, many));
        Self {
            user,
            why: cause.map(|cause| cause.why),
            sentence,
        }
    }
}
