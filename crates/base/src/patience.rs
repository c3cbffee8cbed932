//! Timeouts for responses of others, and how to treat them after this process was suspended.
//!
//! A process that was suspended, or had no processor for a while, resumes with expired timers and responses still in its sockets:
//! it notices the timers first. A timer that is noticed late therefore says nothing about the other side yet.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, timeout, timeout_at};

/// How late a timeout is noticed at most if this process runs normally.
const LATE: Duration = Duration::from_millis(50);

/// How long to process what arrived while this process was suspended.
const GRACE: Duration = Duration::from_secs(2);

/// How long to continue after a timeout that is noticed now, if at all.
pub fn grace(end: Instant) -> Option<Duration> {
    (end.elapsed() >= LATE).then_some(GRACE)
}

/// The result of the work until `end`, or a little later if this process was suspended at that time. None if it does not
/// finish in time.
pub async fn until<T>(end: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    if let Ok(done) = timeout_at(end, work.as_mut()).await {
        return Some(done);
    }
    timeout(grace(end)?, work).await.ok()
}

/// The same for a timeout that begins now.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    until(Instant::now() + limit, work).await
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, time::sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_timeout_is_kept() {
        assert_eq!(within(Duration::from_secs(5), sleep(LIMIT)).await, Some(()));
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        assert_eq!(grace(Instant::now() + LIMIT), None);
    }

    // promise: L5
    #[tokio::test]
    async fn responses_during_a_suspension_are_read_before_the_timeout_applies() {
        let (answer, answered) = oneshot::channel();
        let suspended = async {
            // Blocks the only thread of this test, like a suspended process.
            std::thread::sleep(LIMIT * 6);
            sleep(LIMIT).await;
            let _ = answer.send("an answer");
        };
        let (heard, ()) = tokio::join!(within(LIMIT, answered), suspended);
        assert_eq!(heard, Some(Ok("an answer")));
    }
}
