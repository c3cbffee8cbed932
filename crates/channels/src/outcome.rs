//! The outcome of one attempt, and the one table from responses to outcomes.

use std::time::Duration;

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The other side accepted it.
    Delivered,
    /// It was written to a file, because there is no mail server.
    Written,
    /// The other side, or our own guard, will not accept it, however often it is tried.
    RefusedForGood,
    /// It certainly failed, and may succeed later.
    RefusedForNow {
        /// How long the other side asked to wait.
        retry_after: Option<Duration>,
    },
    /// It was written completely and no response came back: it may have arrived.
    Unknown,
}

/// One attempt, for the log of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The outcome.
    pub outcome: Outcome,
    /// The status of the response, HTTP or SMTP.
    pub status: Option<u16>,
    /// The beginning of the response, cleaned; never contains the destination.
    pub answer: String,
    /// Why, in our own words, for people; never contains the destination.
    pub reason: String,
    /// The other side said that the destination is gone permanently (HTTP 410): turn it off.
    pub gone: bool,
}

impl Outcome {
    /// The name in storage and the API: `delivered`, `written`, `refused_for_good`, `refused_for_now`, `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Written => "written",
            Self::RefusedForGood => "refused_for_good",
            Self::RefusedForNow { .. } => "refused_for_now",
            Self::Unknown => "unknown",
        }
    }
}

impl Attempt {
    /// An attempt without a response.
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

/// The one table from an HTTP status to the outcome of the attempt, for every channel that posts.
pub(crate) fn of_status(status: u16, retry_after: Option<Duration>) -> (Outcome, &'static str) {
    let for_now = Outcome::RefusedForNow { retry_after };
    match status {
        200..=299 => (Outcome::Delivered, "delivered"),
        300..=399 => (Outcome::RefusedForGood, "redirects are not followed"),
        408 => (for_now, "the request timed out"),
        425 => (for_now, "the request is too early"),
        429 => (for_now, "too many requests"),
        410 => (Outcome::RefusedForGood, "the destination is gone"),
        400..=499 => (Outcome::RefusedForGood, "the request was rejected"),
        500..=599 => (for_now, "server error"),
        _ => (Outcome::RefusedForGood, "unknown HTTP status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // One table for webhook, Slack and Teams.
    #[test]
    fn every_status_has_its_outcome() {
        let wait = Some(Duration::from_secs(7));
        for status in 0..=1000 {
            let expected = match status {
                200..=299 => Outcome::Delivered,
                408 | 425 | 429 | 500..=599 => Outcome::RefusedForNow { retry_after: wait },
                _ => Outcome::RefusedForGood,
            };
            assert_eq!(of_status(status, wait).0, expected, "{status}");
        }
    }
}
