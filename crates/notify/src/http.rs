//! What the handlers of this crate share. The handlers stand beside their domain: `inbox::http`, `rules::http`, …

use access::Access;

use crate::{channels::Channels, engine::Doorbell};

/// The state of every handler here.
#[derive(Clone)]
pub struct State {
    /// The data, and who is calling.
    pub access: Access,
    /// What checks a destination, and the console's address.
    pub channels: Channels,
    /// Wakes the engine.
    pub doorbell: Doorbell,
}
