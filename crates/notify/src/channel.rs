//! What the deciding half knows of a channel besides its name.

pub use channels::{Channel, NotAChannel};
