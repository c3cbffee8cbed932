//! The timer of connections: one that is noticed late, because this process did not run meanwhile, is over a little later, so that a
//! request that came in time is read before its connection is closed.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use base::patience;
use hyper::rt::{Sleep, Timer};
use tokio::time;

/// Makes waits that heed [`patience`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Unhurried;

/// One of them.
struct Wait {
    sleep: Pin<Box<time::Sleep>>,
    /// Whether it has been made longer already.
    longer: bool,
}

impl Timer for Unhurried {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        wait(time::Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        wait(deadline.into())
    }
}

fn wait(until: time::Instant) -> Pin<Box<dyn Sleep>> {
    Box::pin(Wait {
        sleep: Box::pin(time::sleep_until(until)),
        longer: false,
    })
}

impl Sleep for Wait {}

impl Future for Wait {
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
    async fn a_wait_that_is_noticed_late_is_made_longer_once() {
        let short = Duration::from_millis(10);
        let mut late = Unhurried.sleep(short);
        assert!(time::timeout(short / 2, late.as_mut()).await.is_err());
        // The one thread of this test stands, as a process that is stopped.
        std::thread::sleep(short * 20);
        assert!(time::timeout(short * 5, late.as_mut()).await.is_err());
        late.await;
        Unhurried.sleep_until(Instant::now() + short).await;
    }
}
