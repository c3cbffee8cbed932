//! Rate limits over all nodes: the same as [`Rates`](crate::rates::Rates), in a table.
//!
//! Owns: the table `sign_in_limits`. Must not: know what is counted, or hold up anyone while the database does not accept
//! writes: then the limits in memory remain.
//!
//! An attempt is counted in memory first, so that this table gets no more writes than the limits allow.

use std::time::Duration;

use base::Time;
use store::{Store, Tx, params};

use crate::{Problem, rates::Rate};

/// A limit, and the key under which it is counted.
pub(crate) type Limit = (String, Rate);

/// What was counted, to be given back if the attempt was no guess.
#[derive(Debug, Default)]
pub(crate) struct SharedCount(Vec<(String, Duration)>);

// A limit that would be whole later than an exhausted one is of a time before the clock was set back: it starts again. The row
// stays locked until the transaction ends, so that two attempts on two nodes are counted one after the other.
const TAKE: &str = "insert into sign_in_limits (key, whole_at) values ($1, $3) on conflict (key) do update set \
     whole_at = (case when sign_in_limits.whole_at between $2 and $5 then sign_in_limits.whole_at else $2 end) + $4 \
     returning whole_at";
const GIVE_BACK: &str = "update sign_in_limits set whole_at = whole_at - $2 where key = $1";
const PRUNE: &str = "delete from sign_in_limits where whole_at < $1";

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Counts one more for each; where one is exhausted, the ones before it stay counted: trying locked accounts is not free.
///
/// # Errors
/// The time after which the next attempt is allowed.
pub(crate) async fn take(store: &Store, limits: Vec<Limit>) -> Result<SharedCount, Duration> {
    let counted = store.write(move |tx| {
        let mut counted = SharedCount::default();
        for (key, rate) in limits {
            if let Some(wait) = count(tx, &key, rate)? {
                return Ok(Err(wait));
            }
            counted.0.push((key, rate.interval));
        }
        Ok::<_, Problem>(Ok(counted))
    });
    counted.await.unwrap_or_else(|problem| {
        tracing::debug!(%problem, "a sign-in attempt is counted by this node only");
        Ok(SharedCount::default())
    })
}

/// Counts one more; if there is none left, counts nothing and returns how long to wait.
fn count(tx: &mut Tx<'_>, key: &str, rate: Rate) -> Result<Option<Duration>, Problem> {
    let (now, interval) = (tx.now(), nanos(rate.interval));
    let first = now.after(rate.interval);
    let most = rate.interval.saturating_mul(rate.burst.max(1));
    let exhausted = now.after(most);
    let whole_at = tx.one::<(Time,)>(TAKE, params![key, now, first, interval, exhausted])?;
    let debt = whole_at.map_or(Duration::ZERO, |(at,)| at.since(now));
    if debt <= most {
        return Ok(None);
    }
    tx.execute(GIVE_BACK, params![key, interval])?;
    Ok(Some(debt.saturating_sub(most)))
}

/// Undoes a count.
pub(crate) async fn give_back(store: &Store, counted: SharedCount) {
    if counted.0.is_empty() {
        return;
    }
    let given = store.write(move |tx| {
        for (key, interval) in &counted.0 {
            tx.execute(GIVE_BACK, params![&**key, nanos(*interval)])?;
        }
        Ok::<_, store::Error>(())
    });
    if let Err(error) = given.await {
        // It is whole again after a while.
        tracing::debug!(%error, "a sign-in attempt stays counted");
    }
}

const EARLIER: &str = "update sign_in_limits set whole_at = whole_at + $1";

/// The clock was set back by this many nanoseconds (a negative number): limits are whole again as soon as before.
pub(crate) fn earlier(tx: &mut Tx<'_>, by: i64) -> Result<(), store::Error> {
    tx.execute(EARLIER, params![by]).map(drop)
}

/// Removes the limits that are whole again.
pub(crate) fn prune(tx: &mut Tx<'_>) -> Result<(), store::Error> {
    let now = tx.now();
    tx.execute(PRUNE, params![now]).map(drop)
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;
    use crate::MIGRATIONS;

    const RATE: Rate = Rate {
        burst: 3,
        interval: Duration::from_secs(30),
    };

    // promise: N1
    #[tokio::test]
    async fn a_limit_counts_over_all_callers_and_is_whole_again() {
        let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
        for (name, store) in
            store::testing::stores_with(clock.clone(), &[store::MIGRATIONS, MIGRATIONS]).await
        {
            let attempt = || take(&store, vec![("a".to_owned(), RATE)]);
            let at_once = futures_util::future::join_all((0..10).map(|_| attempt())).await;
            assert_eq!(at_once.iter().filter(|taken| taken.is_ok()).count(), 3, "{name}");
            assert_eq!(attempt().await.unwrap_err(), Duration::from_secs(30), "{name}");
            clock.advance(Duration::from_secs(20));
            assert_eq!(attempt().await.unwrap_err(), Duration::from_secs(10), "{name}");
            clock.advance(Duration::from_secs(10));
            let taken = attempt().await.unwrap();
            assert!(attempt().await.is_err(), "{name}");
            give_back(&store, taken).await;
            assert!(attempt().await.is_ok(), "{name}");
            assert!(take(&store, vec![("b".to_owned(), RATE)]).await.is_ok(), "{name}");
            clock.advance(Duration::from_secs(1_000));
            store.write(prune).await.unwrap();
            let left = store.read(|tx| tx.one::<(u64,)>("select count(*) from sign_in_limits", &[]));
            assert_eq!(left.await.unwrap(), Some((0,)), "{name}");
        }
    }

    #[tokio::test]
    async fn an_exhausted_limit_leaves_those_before_it_counted() {
        let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
        for (name, store) in
            store::testing::stores_with(clock.clone(), &[store::MIGRATIONS, MIGRATIONS]).await
        {
            let both = |account: &str| vec![("address".to_owned(), RATE), (account.to_owned(), RATE)];
            for _ in 0..3 {
                take(&store, vec![("a".to_owned(), RATE)]).await.unwrap();
            }
            for _ in 0..3 {
                assert!(take(&store, both("a")).await.is_err(), "{name}");
            }
            assert!(
                take(&store, both("b")).await.is_err(),
                "{name}: the address is used up"
            );
        }
    }
}
