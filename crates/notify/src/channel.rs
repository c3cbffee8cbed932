//! What the deciding part needs to know about a channel in addition to its name.

pub use channels::Channel;
