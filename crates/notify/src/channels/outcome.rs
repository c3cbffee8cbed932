//! What became of one attempt, and the one table from answers to outcomes.

use std::time::Duration;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The other side took it.
    Delivered,
    /// The other side, or our own guard, will not take it, however often it is tried.
    RefusedForGood,
    /// It did not go through, surely, and may later.
    RefusedForNow {
        /// How long the other side asked to wait.
        retry_after: Option<Duration>,
    },
    /// The whole of it was written and no answer came back: it may have arrived.
    Unknown,
}

/// One attempt, for the log of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What became of it.
    pub outcome: Outcome,
    /// The status of the answer, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the answer, cleaned; never holds the destination.
    pub answer: String,
    /// Why, in our words, for people; never holds the destination.
    pub reason: String,
    /// The other side said that the destination is gone for good (HTTP 410): switch it off.
    pub gone: bool,
}

impl Outcome {
    /// The name in storage and the API: `delivered`, `refused_for_good`, `refused_for_now`, `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::RefusedForGood => "refused_for_good",
            Self::RefusedForNow { .. } => "refused_for_now",
            Self::Unknown => "unknown",
        }
    }
}

impl Attempt {
    /// An attempt without an answer.
    pub fn without_answer(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            status: None,
            answer: String::new(),
            reason: reason.into(),
            gone: false,
        }
    }
}
