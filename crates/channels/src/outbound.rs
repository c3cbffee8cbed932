//! One outgoing message, as a channel gets it.
//!
//! Must not: print a destination.

use std::fmt;

use base::Id;

use crate::{message::Message, webhook::Signing};

/// One outgoing message to one destination.
#[derive(Clone)]
pub struct Outbound {
    /// The delivery: the same in every attempt, so that a receiver can recognize a copy.
    pub delivery_id: Id,
    /// The message.
    pub message: Message,
    /// The email address or the URL. A URL is a secret: `Debug` omits it.
    pub destination: String,
    /// For a webhook the body that was fixed when the delivery was planned, so that every attempt sends the same bytes;
    /// built from the message if absent.
    pub body: Option<String>,
    /// The name of the payload template, on channels whose descriptor has templates; empty on others.
    pub template: String,
    /// For a mail to a user the unsubscribe link (RFC 8058).
    pub unsubscribe: Option<String>,
    /// Which secrets sign it, on a webhook.
    pub signing: Signing,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

/// The key that the signing keys of webhooks are derived from; itself derived from the installation's secret key.
#[derive(Clone)]
pub struct SigningMaster(pub Vec<u8>);

impl fmt::Debug for SigningMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningMaster(***)")
    }
}
