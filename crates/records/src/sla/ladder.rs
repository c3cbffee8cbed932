//! The steps before a deadline, each a number of hours before it.
//!
//! Owns: which step is due, and when the next one is. Must not: know what a step is about, or what time it is.

use std::time::Duration;

use base::Time;

/// Maximum number of warnings before one deadline.
pub const MAX_WARNINGS: usize = 10;
/// The earliest possible warning, in hours before the deadline: 90 days.
pub const MAX_HOURS: u32 = 2160;

/// Steps in hours before a deadline, earliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    steps: [u32; MAX_WARNINGS + 1],
    len: usize,
}

impl Ladder {
    /// Only the deadline itself.
    pub const DEADLINE: Self = Self {
        steps: [0; MAX_WARNINGS + 1],
        len: 1,
    };

    /// These warnings, in any order, at most [`MAX_WARNINGS`] of them, and nothing at the deadline.
    pub fn before(hours: impl IntoIterator<Item = u32>) -> Self {
        let mut sorted: Vec<u32> = hours.into_iter().filter(|hours| *hours > 0).collect();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        sorted.truncate(MAX_WARNINGS);
        let mut steps = [0; MAX_WARNINGS + 1];
        for (step, hours) in steps.iter_mut().zip(&sorted) {
            *step = *hours;
        }
        Self {
            steps,
            len: sorted.len(),
        }
    }

    /// These warnings, and the deadline itself.
    pub fn up_to(hours: impl IntoIterator<Item = u32>) -> Self {
        let mut ladder = Self::before(hours);
        // Unused slots are already 0.
        ladder.len += 1;
        ladder
    }

    /// The hours of all steps, earliest step first.
    pub fn steps(&self) -> &[u32] {
        &self.steps[..self.len]
    }

    /// The step that is due: the latest that has come, unless it or a later one was already announced. Earlier
    /// unannounced steps are skipped: one message, not one for each.
    pub fn due(&self, deadline: Time, now: Time, announced: Option<u32>) -> Option<u32> {
        let come = self
            .steps()
            .iter()
            .rev()
            .find(|step| at(deadline, **step) <= now)?;
        announced
            .is_none_or(|announced| *come < announced)
            .then_some(*come)
    }

    /// When the next step comes that may still be announced.
    pub fn next(&self, deadline: Time, now: Time, announced: Option<u32>) -> Option<Time> {
        self.steps()
            .iter()
            .filter(|step| announced.is_none_or(|announced| **step < announced))
            .map(|step| at(deadline, *step))
            .find(|at| *at > now)
    }

    /// When to check without knowing what was announced: when the first step comes, or at once if it has.
    pub fn first_check(&self, deadline: Time) -> Option<Time> {
        self.steps().first().map(|step| at(deadline, *step))
    }
}

/// This many hours before.
fn at(deadline: Time, hours: u32) -> Time {
    deadline.before(Duration::from_hours(hours.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: u32) -> Time {
        Time::from_nanos(0).after(Duration::from_hours(hours.into()))
    }

    #[test]
    fn only_the_nearest_step_is_announced_and_none_twice() {
        let ladder = Ladder::up_to([4, 168, 24, 72, 24]);
        assert_eq!(ladder.steps(), [168, 72, 24, 4, 0]);
        let deadline = hours(1000);
        // Hours since the start, last announced, due, when next.
        for (now, announced, due, next) in [
            (0, None, None, Some(832)),
            (831, None, None, Some(832)),
            (832, None, Some(168), Some(928)),
            (832, Some(168), None, Some(928)),
            (990, None, Some(24), Some(996)),
            (990, Some(24), None, Some(996)),
            (1000, Some(4), Some(0), None),
            (5000, None, Some(0), None),
            (5000, Some(0), None, None),
            // The clock was set back.
            (0, Some(24), None, Some(996)),
            (0, Some(0), None, None),
        ] {
            let case = format!("{now} {announced:?}");
            assert_eq!(ladder.due(deadline, hours(now), announced), due, "{case}");
            assert_eq!(
                ladder.next(deadline, hours(now), announced),
                next.map(hours),
                "{case}"
            );
        }
        assert_eq!(ladder.first_check(deadline), Some(hours(832)));
    }

    #[test]
    fn a_ladder_has_at_least_its_end_and_at_most_ten_warnings() {
        assert_eq!(Ladder::up_to([]), Ladder::DEADLINE);
        assert_eq!(Ladder::before([]).steps(), [0; 0]);
        assert_eq!(Ladder::before([]).first_check(hours(5)), None);
        assert_eq!(
            Ladder::up_to(1..=30).steps(),
            [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 0]
        );
        assert_eq!(Ladder::before([24]).due(hours(100), hours(500), None), Some(24));
    }
}
