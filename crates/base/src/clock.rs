//! Time and randomness as an argument, so that no test sleeps and none is a matter of luck.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::{Id, Time};

/// Tells the time, waits, and makes ids and random bytes. Clones share one clock.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// Milliseconds and counter of the last id, packed, so that ids of one process never go back.
    last_id: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<Time>>, watch::Sender<Time>),
}

/// How many bits of [`Clock::last_id`] count ids within one millisecond.
const COUNTER_BITS: u32 = 16;

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self {
            source: Source::System,
            last_id: Arc::default(),
        }
    }

    /// A clock that stands at `start` until [`advance`](Self::advance) moves it: for tests.
    pub fn manual(start: Time) -> Self {
        let (sender, _) = watch::channel(start);
        Self {
            source: Source::Manual(Arc::new(Mutex::new(start)), sender),
            last_id: Arc::default(),
        }
    }

    /// The time now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine for the time"
    )]
    pub fn now(&self) -> Time {
        match &self.source {
            Source::System => {
                let since = std::time::SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
            }
            Source::Manual(now, _) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock forward and wakes who waits for it; on the machine's clock it does nothing.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now, sender) = &self.source {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = now.after(by);
            sender.send_replace(*now);
        }
    }

    /// Sets a manual clock, also back, as somebody does who sets that of a machine; on the machine's clock it does nothing.
    pub fn set(&self, to: Time) {
        if let Source::Manual(now, sender) = &self.source {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = to;
            sender.send_replace(to);
        }
    }

    /// Waits until the clock shows `until`.
    pub async fn sleep_until(&self, until: Time) {
        match &self.source {
            Source::System => tokio::time::sleep(until.since(self.now())).await,
            Source::Manual(_, sender) => {
                let mut receiver = sender.subscribe();
                // The sender lives in `self`, so waiting can only end by the time coming.
                let _ = receiver.wait_for(|now| *now >= until).await;
            }
        }
    }

    /// Waits for so long.
    pub async fn sleep(&self, by: Duration) {
        self.sleep_until(self.now().after(by)).await;
    }

    /// A new id. Ids of one clock are strictly ascending: RFC 9562 section 6.2, method 1 (a counter in `rand_a`
    /// and the first bits of `rand_b`), running ahead of the time when a millisecond has used its counter up.
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
    /// If the system has no randomness to give: nothing sound can be done without it.
    #[expect(
        clippy::expect_used,
        reason = "a system without randomness cannot run this server"
    )]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the system's random source answers");
        bytes
    }

    /// A number drawn evenly from 0 to 1, for jitter.
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

    #[tokio::test]
    async fn a_manual_clock_wakes_who_waits() {
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
