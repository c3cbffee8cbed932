//! What follows from an attempt: done, or again, and when. Pure.

use std::time::Duration;

use crate::channels::{Attempt, Channel, Outcome};

use super::State;

/// How long to wait after the first, second, … attempt that did not go through. The first attempt is made at once.
const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// The longest wait another side can ask for: a day, the longest of ours.
const LONGEST: Duration = Duration::from_hours(24);

/// How far a wait is spread, so that what failed together does not come back together.
const JITTER: f64 = 0.2;

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is over.
    Done(State, String),
    /// Again after this long.
    Again(Duration, String),
}

/// How many waits a channel has: a webhook's receiver may be down for days; a chat message of yesterday or a mail of
/// last week helps nobody.
const fn waits(channel: Channel) -> usize {
    match channel {
        Channel::Webhook | Channel::InApp => SCHEDULE.len(),
        Channel::Email => 6,
        Channel::Slack | Channel::Teams => 4,
    }
}

/// What follows from the attempt number `attempts` (from 1); `unknowns` counts those of unknown outcome, this one
/// included; `fraction`, from 0 to 1, spreads the wait.
pub(crate) fn next(channel: Channel, attempt: &Attempt, attempts: u32, unknowns: u32, fraction: f64) -> Next {
    let asked = match attempt.outcome {
        Outcome::Delivered => return Next::Done(State::Delivered, String::new()),
        Outcome::RefusedForGood => return Next::Done(State::Refused, attempt.reason.clone()),
        // Nothing tells a copy from the first there: one more is the most anybody should get.
        Outcome::Unknown if channel.is_chat() && unknowns >= 2 => {
            let reason = "the outcome of two attempts is unknown; another could be a third copy";
            return Next::Done(State::Unknown, reason.to_owned());
        }
        Outcome::Unknown => None,
        Outcome::RefusedForNow { retry_after } => retry_after,
    };
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    match SCHEDULE.get(at) {
        Some(wait) if at < waits(channel) => {
            let least = asked.unwrap_or_default().min(LONGEST).max(*wait);
            Next::Again(
                least.mul_f64(1.0 + JITTER * fraction.clamp(0.0, 1.0)),
                attempt.reason.clone(),
            )
        }
        _ => Next::Done(
            State::Failed,
            format!("gave up after {attempts} attempts: {}", attempt.reason),
        ),
    }
}

/// How long after the beginning of the attempt number `attempts` (from 1) the next one is made, where the server ended
/// in between. Once at once; from then on by the schedule, so that a server that dies again and again neither uses up a
/// message's attempts nor sends copy after copy.
pub(crate) fn after_interruption(attempts: u32) -> Duration {
    let Some(at) = attempts.checked_sub(2) else {
        return Duration::ZERO;
    };
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    SCHEDULE.get(at).copied().unwrap_or(LONGEST)
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

    #[test]
    fn the_schedule_spans_days_and_ends() {
        let waits: Vec<_> = (1..=10)
            .map(|attempt| match after(Channel::Webhook, LATER, attempt, 0) {
                Next::Again(wait, _) => wait.as_secs(),
                Next::Done(State::Failed, _) => 0,
                other @ Next::Done(..) => panic!("{other:?}"),
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
    fn what_is_final_ends_and_what_the_other_side_asks_is_heeded() {
        assert!(matches!(
            after(Channel::Email, Outcome::RefusedForGood, 1, 0),
            Next::Done(State::Refused, _)
        ));
        let asked = |seconds| Outcome::RefusedForNow {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let wait = |outcome| match after(Channel::Slack, outcome, 1, 0) {
            Next::Again(wait, _) => wait.as_secs(),
            other @ Next::Done(..) => panic!("{other:?}"),
        };
        assert_eq!(wait(asked(90)), 90);
        assert_eq!(wait(asked(1)), 5, "never sooner than the schedule");
        assert_eq!(wait(asked(u64::MAX)), 24 * 3600);
    }

    #[test]
    fn a_chat_gets_one_more_after_an_unknown_outcome_and_a_webhook_all() {
        assert!(matches!(
            after(Channel::Slack, Outcome::Unknown, 1, 1),
            Next::Again(..)
        ));
        assert!(matches!(
            after(Channel::Teams, Outcome::Unknown, 2, 2),
            Next::Done(State::Unknown, _)
        ));
        assert!(matches!(
            after(Channel::Webhook, Outcome::Unknown, 5, 5),
            Next::Again(..)
        ));
    }

    #[test]
    fn jitter_only_adds() {
        let attempt = Attempt::without_answer(LATER, "");
        let Next::Again(wait, _) = next(Channel::Email, &attempt, 1, 0, 1.0) else {
            panic!("again")
        };
        assert_eq!(wait, Duration::from_secs(6));
    }
}
