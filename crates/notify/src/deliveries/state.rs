//! The state of a delivery.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use store::{FromValue, Value};

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
pub enum State {
    /// It waits for its first or next attempt.
    Pending,
    /// It is being sent.
    Sending,
    /// The other side accepted it.
    Delivered,
    /// It was written to a file, because there is no mail server: it did not reach anyone.
    Written,
    /// The other side rejected it permanently.
    Refused,
    /// Every attempt of the schedule failed, or the attempt itself panicked repeatedly.
    Failed,
    /// It is unknown whether it arrived, and another copy could be one too many.
    Unknown,
    /// Between the plan and the attempt its recipient lost access, or its destination was removed or turned off.
    Cancelled,
    /// Its recipient got many in a minute: it is bundled in a summary.
    Bundled,
    /// It cannot be read: it is damaged, or from a later version. It is checked again from time to time.
    SetAside,
}

/// A text that is not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a state: expected pending, sending, delivered, written, refused, failed, unknown, cancelled, bundled or \
     set_aside"
)]
pub struct NotAState;

impl State {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Sending,
        Self::Delivered,
        Self::Written,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
        Self::Cancelled,
        Self::Bundled,
        Self::SetAside,
    ];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Written => "written",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Bundled => "bundled",
            Self::SetAside => "set_aside",
        }
    }

    /// Whether no further attempt is made unless it is resent.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = NotAState;
    fn from_str(text: &str) -> Result<Self, NotAState> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or(NotAState)
    }
}

impl From<State> for Value {
    fn from(state: State) -> Self {
        state.name().into()
    }
}

impl FromValue for State {
    const WHAT: &'static str = "a state of a delivery";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// How many characters of a response or a reason are kept.
const KEPT: usize = 512;

/// The beginning of a text, up to the limit.
pub(super) fn kept(text: &str) -> String {
    base::text::block(text, KEPT)
}
