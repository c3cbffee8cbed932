//! What follows from an attempt: the end, or a retry, and when. Pure.

use std::time::Duration;

use crate::channels::{Attempt, Channel, Outcome};

use super::state::State;

/// The longest delay that another side can ask for: nobody pauses a destination for longer (promise S4).
pub(crate) const LONGEST: Duration = Duration::from_hours(1);

/// The delay after the end of a schedule.
const LAST: Duration = Duration::from_hours(24);

/// The jitter of a delay, so that messages that failed together are not retried together.
const JITTER: f64 = 0.2;

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The end.
    End(State, String),
    /// A retry after this long.
    Retry(Duration, String),
}

/// What follows from the attempt number `attempts` (from 1); `unknowns` counts those with an unknown outcome, including
/// this one; `fraction`, from 0 to 1, is the jitter.
pub(crate) fn next(channel: Channel, attempt: &Attempt, attempts: u32, unknowns: u32, fraction: f64) -> Next {
    let asked = match attempt.outcome {
        Outcome::Delivered => return Next::End(State::Delivered, String::new()),
        Outcome::Written => return Next::End(State::Written, attempt.reason.clone()),
        Outcome::RefusedForGood => return Next::End(State::Refused, attempt.reason.clone()),
        // A copy cannot be recognized there: one more is the most a recipient should get.
        Outcome::Unknown if channel.is_chat() && unknowns >= 2 => {
            let reason = "the outcome of two attempts is unknown; another attempt could be a third copy";
            return Next::End(State::Unknown, reason.to_owned());
        }
        Outcome::Unknown => None,
        Outcome::RefusedForNow { retry_after } => retry_after,
    };
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    match channel.about().retries.get(at) {
        Some(wait) => {
            let least = asked.unwrap_or_default().min(LONGEST).max(*wait);
            Next::Retry(
                least.mul_f64(1.0 + JITTER * fraction.clamp(0.0, 1.0)),
                attempt.reason.clone(),
            )
        }
        None => Next::End(
            State::Failed,
            format!("gave up after {attempts} attempts: {}", attempt.reason),
        ),
    }
}

/// How long after the beginning of the attempt number `attempts` (from 1) the next one is made, if the server ended in
/// between. The first time at once; then by the schedule, so that a server that crashes repeatedly neither uses up a
/// message's attempts nor sends copy after copy.
pub(crate) fn after_interruption(channel: Channel, attempts: u32) -> Duration {
    let Some(at) = attempts.checked_sub(2) else {
        return Duration::ZERO;
    };
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    channel.about().retries.get(at).copied().unwrap_or(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(channel: Channel, outcome: Outcome, attempts: u32, unknowns: u32) -> Next {
        next(
            channel,
            &Attempt::without_answer(outcome, "why"),
            attempts,
            unknowns,
            0.0,
        )
    }

    const LATER: Outcome = Outcome::RefusedForNow { retry_after: None };

    // promise: S4
    #[test]
    fn every_channel_is_tried_for_three_days_or_more() {
        for channel in Channel::ALL
            .into_iter()
            .filter(|channel| *channel != Channel::InApp)
        {
            let whole: Duration = channel.about().retries.iter().sum();
            assert!(whole >= Duration::from_hours(72), "{channel}: {whole:?}");
        }
    }

    #[test]
    fn the_schedule_spans_days_and_ends() {
        let waits: Vec<_> = (1..=10)
            .map(|attempt| match after(Channel::Webhook, LATER, attempt, 0) {
                Next::Retry(wait, _) => wait.as_secs(),
                Next::End(State::Failed, _) => 0,
                other @ Next::End(..) => panic!("{other:?}"),
            })
            .collect();
        let hours = |hours: u64| hours * 3600;
        assert_eq!(
            waits,
            [
                5,
                300,
                1800,
                hours(2),
                hours(5),
                hours(10),
                hours(14),
                hours(20),
                hours(24),
                0
            ]
        );
    }

    #[test]
    fn final_outcomes_end_and_retry_after_is_respected() {
        assert!(matches!(
            after(Channel::Email, Outcome::RefusedForGood, 1, 0),
            Next::End(State::Refused, _)
        ));
        let asked = |seconds| Outcome::RefusedForNow {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let wait = |outcome| match after(Channel::Slack, outcome, 1, 0) {
            Next::Retry(wait, _) => wait.as_secs(),
            other @ Next::End(..) => panic!("{other:?}"),
        };
        assert_eq!(wait(asked(90)), 90);
        assert_eq!(wait(asked(1)), 5, "never sooner than the schedule");
        assert_eq!(wait(asked(u64::MAX)), 3600);
    }

    #[test]
    fn a_chat_gets_one_more_after_an_unknown_outcome_and_a_webhook_all() {
        assert!(matches!(
            after(Channel::Slack, Outcome::Unknown, 1, 1),
            Next::Retry(..)
        ));
        assert!(matches!(
            after(Channel::Teams, Outcome::Unknown, 2, 2),
            Next::End(State::Unknown, _)
        ));
        assert!(matches!(
            after(Channel::Webhook, Outcome::Unknown, 5, 5),
            Next::Retry(..)
        ));
    }

    #[test]
    fn jitter_only_adds() {
        let attempt = Attempt::without_answer(LATER, "");
        let Next::Retry(wait, _) = next(Channel::Email, &attempt, 1, 0, 1.0) else {
            panic!("again")
        };
        assert_eq!(wait, Duration::from_secs(6));
    }
}
