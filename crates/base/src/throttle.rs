//! What would be said with each call is said once a minute.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long it is quiet after a line.
const QUIET: Duration = Duration::from_mins(1);

/// When a line was last written, and how often it would have been since.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<(Option<Instant>, u64)>);

impl Throttle {
    /// One that has said nothing yet.
    pub const fn new() -> Self {
        Self(Mutex::new((None, 0)))
    }

    /// Counts one more; if a line is due, how many it stands for.
    pub fn due(&self) -> Option<u64> {
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (said, count) = &mut *state;
        *count += 1;
        if said.is_some_and(|said| now.saturating_duration_since(said) < QUIET) {
            return None;
        }
        *said = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_tells_of_all() {
        let (throttle, start) = (Throttle::new(), Instant::now());
        let at = |seconds| throttle.due_at(start + Duration::from_secs(seconds));
        assert_eq!((at(0), at(1), at(59)), (Some(1), None, None));
        assert_eq!((at(60), at(61), at(130)), (Some(3), None, Some(2)));
    }
}
