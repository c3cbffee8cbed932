//! The timer for connections: a timeout noticed late, because the process was suspended, is extended a little, so that a
//! request that arrived in time is read before its connection is closed.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use base::patience;
use hyper::rt::{Sleep, Timer};
use tokio::time;

/// Creates timeouts that follow [`patience`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ExtendingTimer;

/// A timeout.
struct Timeout {
    sleep: Pin<Box<time::Sleep>>,
    /// Whether it has been extended already.
    longer: bool,
}

impl Timer for ExtendingTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        wait(time::Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        wait(deadline.into())
    }
}

fn wait(until: time::Instant) -> Pin<Box<dyn Sleep>> {
    Box::pin(Timeout {
        sleep: Box::pin(time::sleep_until(until)),
        longer: false,
    })
}

impl Sleep for Timeout {}

impl Future for Timeout {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            let grace = patience::grace(self.sleep.deadline()).filter(|_| !self.longer);
            let Some(grace) = grace else {
                return Poll::Ready(());
            };
            self.longer = true;
            self.sleep.as_mut().reset(time::Instant::now() + grace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: L5
    #[tokio::test]
    async fn a_timeout_that_is_noticed_late_is_extended_once() {
        let short = Duration::from_millis(10);
        let mut late = ExtendingTimer.sleep(short);
        assert!(time::timeout(short / 2, late.as_mut()).await.is_err());
        // Blocks the only thread of this test, like a suspended process.
        std::thread::sleep(short * 20);
        assert!(time::timeout(short * 5, late.as_mut()).await.is_err());
        late.await;
        ExtendingTimer.sleep_until(Instant::now() + short).await;
    }
}
