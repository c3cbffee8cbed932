//! In-app: a row of the person's inbox (promise C1). Nothing is sent; writing the row is not this crate's business.

use crate::descriptor::{Descriptor, Kind, Transport};

/// The channel's descriptor.
pub(crate) const DESCRIPTOR: Descriptor = Descriptor {
    name: "in_app",
    title: "In-app",
    kind: Kind::Person,
    personal: true,
    default_on: true,
    pace: None,
    retries: &[],
    templates: &[],
    transport: Transport::Inbox,
};
