//! What the deciding half knows of a channel besides its name.

use store::{FromValue, Value};

pub use crate::channels::{Channel, NotAChannel};

impl Channel {
    /// Those that lead to one person, so that the person decides: the columns of the preference matrix (promise R5).
    pub const PERSONAL: [Self; 4] = [Self::InApp, Self::Email, Self::Slack, Self::Teams];

    /// What a person who has said nothing hears: in-app and email, but no personal chat (promise F5).
    pub const fn on_by_default(self) -> bool {
        matches!(self, Self::InApp | Self::Email)
    }

    /// Whether nothing tells a second message from a repeated one there, so that it is repeated only once after an
    /// unknown outcome.
    pub const fn is_chat(self) -> bool {
        matches!(self, Self::Slack | Self::Teams)
    }
}

impl From<Channel> for Value {
    fn from(channel: Channel) -> Self {
        channel.name().into()
    }
}

impl FromValue for Channel {
    const WHAT: &'static str = "a channel";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
