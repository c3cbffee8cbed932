//! A limit in time for what others are to answer, and what to make of it when this process did not run meanwhile.
//!
//! A process that was suspended, or had no processor for a while, wakes up with its timers over and the answers still in its sockets:
//! the timers are seen first. A timer that is noticed late therefore says nothing about the other side yet.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, timeout, timeout_at};

/// How much later than its end a limit is noticed where this process runs as it should.
const LATE: Duration = Duration::from_millis(50);

/// For how long to look at what came while this process did not run.
const GRACE: Duration = Duration::from_secs(2);

/// For how long to go on beyond a limit that is noticed now, if at all.
pub fn grace(end: Instant) -> Option<Duration> {
    (end.elapsed() >= LATE).then_some(GRACE)
}

/// What the work answers until `end`, or a little later where this process did not run when that came. None where it does not
/// answer in time.
pub async fn until<T>(end: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    if let Ok(done) = timeout_at(end, work.as_mut()).await {
        return Some(done);
    }
    timeout(grace(end)?, work).await.ok()
}

/// The same for a limit that begins now.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    until(Instant::now() + limit, work).await
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, time::sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_limit_is_kept() {
        assert_eq!(within(Duration::from_secs(5), sleep(LIMIT)).await, Some(()));
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        assert_eq!(grace(Instant::now() + LIMIT), None);
    }

    // promise: L5
    #[tokio::test]
    async fn what_came_while_nothing_ran_is_looked_at_before_the_limit_counts() {
        let (answer, answered) = oneshot::channel();
        let suspended = async {
            // The one thread of this test stands, as a process that is stopped.
            std::thread::sleep(LIMIT * 6);
            sleep(LIMIT).await;
            let _ = answer.send("an answer");
        };
        let (heard, ()) = tokio::join!(within(LIMIT, answered), suspended);
        assert_eq!(heard, Some(Ok("an answer")));
    }
}
