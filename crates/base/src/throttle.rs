//! Limits repeated log lines to one a minute.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long to log nothing after a line.
const INTERVAL: Duration = Duration::from_mins(1);

/// When a line was last logged, and how often it would have been since.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<(Option<Instant>, u64)>);

impl Throttle {
    /// A throttle that has logged nothing yet.
    pub const fn new() -> Self {
        Self(Mutex::new((None, 0)))
    }

    /// Counts one more; if a line is due, returns how many it covers.
    pub fn due(&self) -> Option<u64> {
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (logged_at, count) = &mut *state;
        *count += 1;
        if logged_at.is_some_and(|logged_at| now.saturating_duration_since(logged_at) < INTERVAL) {
            return None;
        }
        *logged_at = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_covers_all() {
        let (throttle, start) = (Throttle::new(), Instant::now());
        let at = |seconds| throttle.due_at(start + Duration::from_secs(seconds));
        assert_eq!((at(0), at(1), at(59)), (Some(1), None, None));
        assert_eq!((at(60), at(61), at(130)), (Some(3), None, Some(2)));
    }
}
