//! Time and randomness as an argument, so that no test sleeps or depends on chance.
//!
//! There are three times. [`Clock::wall`] is the machine's clock, which may be set. [`Clock::steady`] never steps: for waits
//! and limits inside this process. [`Clock::now`] is used for all dates and comparisons: it advances steadily, and a step of
//! the clock is applied in one place, together with the pending rows in the tables.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::{Id, Time, failpoint};

/// Provides the time, waits, ids and random bytes. Clones share one clock.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// How many nanoseconds [`now`](Self::now) is ahead of [`steady`](Self::steady).
    ahead: Arc<AtomicI64>,
    /// Milliseconds and counter of the last id, packed, so that ids of one process never go back.
    last_id: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Source {
    /// With the start of the time that never steps.
    System(Instant),
    Manual(Arc<Mutex<Shown>>, watch::Sender<Time>),
}

/// What a manual clock shows.
struct Shown {
    wall: Time,
    steady: Time,
}

/// The start of [`Clock::steady`]: far from the beginning of time, so that earlier times are possible.
const STEADY: Time = Time::from_nanos(1_000_000_000_000_000_000);

/// How many bits of [`Clock::last_id`] count ids within one millisecond.
const COUNTER_BITS: u32 = 16;

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::of(Source::System(Instant::now()))
    }

    /// A clock that stays at `start` until [`advance`](Self::advance) moves it: for tests.
    pub fn manual(start: Time) -> Self {
        let (sender, _) = watch::channel(STEADY);
        let shown = Shown {
            wall: start,
            steady: STEADY,
        };
        Self::of(Source::Manual(Arc::new(Mutex::new(shown)), sender))
    }

    fn of(source: Source) -> Self {
        let clock = Self {
            source,
            ahead: Arc::default(),
            last_id: Arc::default(),
        };
        let ahead = clock.wall().nanos().saturating_sub(clock.steady().nanos());
        clock.ahead.store(ahead, Ordering::Relaxed);
        clock
    }

    /// The current time, used for all dates.
    pub fn now(&self) -> Time {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Time::from_nanos(self.steady().nanos().saturating_add(ahead))
    }

    /// Moves [`now`](Self::now) ahead by this many nanoseconds, or back, also for its clones.
    pub fn adjust(&self, by: i64) {
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }

    /// Whether it is a test clock.
    pub const fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(..))
    }

    /// The machine's clock, which may be set at any time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that reads the machine's time"
    )]
    pub fn wall(&self) -> Time {
        match &self.source {
            Source::System(_) => {
                let since = std::time::SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                let nanos = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
                let ahead = failpoint::clock_is_ahead().saturating_mul(1_000_000_000);
                Time::from_nanos(nanos.saturating_add(ahead))
            }
            Source::Manual(shown, _) => shown.lock().unwrap_or_else(PoisonError::into_inner).wall,
        }
    }

    /// A monotonic time, unaffected by changes to the machine's clock: for waits and limits inside this process. Only differences
    /// of it are meaningful.
    pub fn steady(&self) -> Time {
        match &self.source {
            Source::System(start) => STEADY.after(start.elapsed()),
            Source::Manual(shown, _) => shown.lock().unwrap_or_else(PoisonError::into_inner).steady,
        }
    }

    /// Moves a manual clock forward and wakes waiting tasks; on the machine's clock it does nothing.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(shown, sender) = &self.source {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.wall = shown.wall.after(by);
            shown.steady = shown.steady.after(by);
            sender.send_replace(shown.steady);
        }
    }

    /// Sets a manual clock, also back, as when a machine's clock is set, and applies it at once; on the machine's clock it
    /// does nothing.
    pub fn set(&self, to: Time) {
        if let Source::Manual(_, sender) = &self.source {
            self.step(to);
            self.adjust(to.nanos().saturating_sub(self.now().nanos()));
            sender.send_modify(|_| ());
        }
    }

    /// Sets a manual clock without notice: the server has yet to detect it. On the machine's clock it does nothing.
    pub fn step(&self, to: Time) {
        if let Source::Manual(shown, _) = &self.source {
            shown.lock().unwrap_or_else(PoisonError::into_inner).wall = to;
        }
    }

    /// Waits until `until`: for the time from now until then, however the clock is set meanwhile.
    pub async fn sleep_until(&self, until: Time) {
        match &self.source {
            Source::System(_) => tokio::time::sleep(until.since(self.now())).await,
            Source::Manual(_, sender) => {
                let mut receiver = sender.subscribe();
                let end = self.steady().after(until.since(self.now()));
                // The sender lives in `self`, so waiting can only end when the time comes. Setting the clock forward wakes it, too.
                let _ = receiver
                    .wait_for(|steady| *steady >= end || self.now() >= until)
                    .await;
            }
        }
    }

    /// Waits for this long.
    pub async fn sleep(&self, by: Duration) {
        self.sleep_until(self.now().after(by)).await;
    }

    /// A new id. Ids of one clock are strictly ascending: RFC 9562 section 6.2, method 1 (a counter in `rand_a`
    /// and the first bits of `rand_b`), running ahead of the time when a millisecond's counter is used up.
    pub fn id(&self) -> Id {
        let floor = self.now().millis() << COUNTER_BITS;
        let next = |last: u64| (last + 1).max(floor);
        let mut last = self.last_id.load(Ordering::Relaxed);
        let packed = loop {
            let packed = next(last);
            match self
                .last_id
                .compare_exchange_weak(last, packed, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => break packed,
                Err(seen) => last = seen,
            }
        };
        let counter = packed & ((1 << COUNTER_BITS) - 1);
        let mut random = self.random::<10>();
        // 12 bits of the counter fill rand_a, the other 4 the first bits of rand_b after the two variant bits.
        let [high, low] = u16::try_from(counter).unwrap_or_default().to_be_bytes();
        random[0] = high >> 4;
        random[1] = (high << 4) | (low >> 4);
        random[2] = ((low & 0x0f) << 2) | (random[2] & 0x03);
        Id::from_parts(packed >> COUNTER_BITS, random)
    }

    /// Random bytes of the system.
    ///
    /// # Panics
    /// If the system has no randomness: nothing can be done safely without it.
    #[expect(
        clippy::expect_used,
        reason = "a system without randomness cannot run this server"
    )]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the system's random source answers");
        bytes
    }

    /// A uniform random number from 0 to 1, for jitter.
    pub fn fraction(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.random())) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_within_one_millisecond_and_past_its_counter() {
        let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
        let mut last = clock.id();
        for _ in 0..200_000 {
            let id = clock.id();
            assert!(id > last, "{id} after {last}");
            last = id;
        }
    }

    // promise: L5
    #[test]
    fn steady_time_does_not_step_with_the_clock() {
        let start = Time::from_nanos(1_700_000_000_000_000_000);
        let clock = Clock::manual(start);
        let before = clock.steady();
        clock.step(start.before(Duration::from_hours(2)));
        assert_eq!((clock.steady(), clock.now()), (before, start));
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.steady().since(before), Duration::from_secs(3));
        assert_eq!(clock.now().since(start), Duration::from_secs(3));
        clock.set(start.before(Duration::from_hours(2)));
        assert_eq!(clock.clone().now(), start.before(Duration::from_hours(2)));
        let machine = Clock::system();
        assert!(machine.steady() <= machine.clone().steady());
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_waiting_tasks() {
        let clock = Clock::manual(Time::from_nanos(0));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_mins(1)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(1));
        waiting.await.unwrap();
    }
}
