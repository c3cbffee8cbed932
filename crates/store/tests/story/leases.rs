//! Leases: one holder at a time, for as long as it renews them.

use std::time::Duration;

use base::{Clock, Id, Time};
use store::{Lease, MigrationSet, Store, lease::Taken, testing};

const TABLES: &[MigrationSet] = &[
    store::MIGRATIONS,
    MigrationSet {
        owner: "leases",
        steps: &[(
            "0001-leases",
            "create table leases (thing text not null primary key, by text not null, renewed_at bigint not null)",
        )],
    },
];

const LEASE: Lease = Lease {
    table: "leases",
    subject: "thing",
    holder: "by",
    length: Duration::from_secs(30),
    fresh: Duration::from_secs(5),
};

/// A nanosecond less than the lease.
const ALMOST: Duration = Duration::from_nanos(29_999_999_999);

async fn stores() -> (Clock, Vec<(&'static str, Store)>) {
    let clock = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
    (clock.clone(), testing::stores_with(clock, TABLES).await)
}

async fn take(store: &Store, things: &[Id], holder: Id, alive: Option<Id>) -> Taken {
    let things = things.to_vec();
    let taken = store.write(move |tx| LEASE.take(tx, &things, holder, |other| Some(other) == alive));
    taken.await.unwrap()
}

async fn renew(store: &Store, holder: Id, count: usize) -> bool {
    let renewed = store.write(move |tx| LEASE.renew(tx, holder, count));
    renewed.await.unwrap()
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_is_released() {
    let (clock, stores) = stores().await;
    let [one, two, other, ana, ben] = std::array::from_fn(|_| clock.id());
    for (name, store) in stores {
        assert_eq!(
            take(&store, &[one, two], ana, None).await,
            Taken::Over(Vec::new()),
            "{name}"
        );
        assert_eq!(
            take(&store, &[other, two], ben, None).await,
            Taken::Busy { index: 1 },
            "{name}"
        );
        assert!(renew(&store, ana, 2).await);
        assert!(!renew(&store, ana, 3).await, "it never had a third one");
        let now = clock.now();
        let held = store.read(move |tx| Ok::<_, store::Error>((LEASE.held(tx, one)?, LEASE.holds(tx, ben)?)));
        assert_eq!(held.await.unwrap(), (Some((ana, now)), None), "{name}");
        store.write(move |tx| LEASE.release(tx, ana)).await.unwrap();
        assert!(!renew(&store, ana, 2).await, "{name}");
        assert_eq!(
            take(&store, &[other, two], ben, None).await,
            Taken::Over(Vec::new()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_is_taken_over_and_never_comes_back() {
    let (clock, stores) = stores().await;
    let [one, two, ana, ben] = std::array::from_fn(|_| clock.id());
    for (name, store) in stores {
        take(&store, &[one, two], ana, None).await;
        clock.advance(ALMOST);
        assert_eq!(take(&store, &[one], ben, None).await, Taken::Busy { index: 0 });
        assert!(renew(&store, ana, 2).await);
        clock.advance(ALMOST);
        assert_eq!(
            take(&store, &[one], ben, None).await,
            Taken::Busy { index: 0 },
            "{name}: renewed"
        );
        let expired = async || store.read(|tx| LEASE.expired(tx, 10)).await.unwrap();
        assert_eq!(expired().await, [], "{name}");
        clock.advance(Duration::from_nanos(1));
        assert_eq!(expired().await, [ana], "{name}");
        assert_eq!(
            take(&store, &[one], ben, Some(ana)).await,
            Taken::Busy { index: 0 },
            "{name}: at work in this process"
        );
        assert_eq!(
            take(&store, &[one], ben, None).await,
            Taken::Over(vec![ana]),
            "{name}"
        );
        assert!(!renew(&store, ana, 2).await, "{name}");
        assert!(!renew(&store, ana, 1).await, "all leases of a lost holder end");
        assert!(renew(&store, ben, 1).await, "{name}");
    }
}

#[tokio::test]
async fn a_lease_from_before_the_clock_was_set_back_is_over() {
    let (clock, stores) = stores().await;
    let [one, ana, ben] = std::array::from_fn(|_| clock.id());
    for (name, store) in stores {
        let ahead = clock.now().after(LEASE.length + Duration::from_nanos(1));
        take(&store, &[one], ana, None).await;
        let set = move |tx: &mut store::Tx<'_>| {
            tx.execute("update leases set renewed_at = $1", store::params![ahead])
        };
        store.write(set).await.unwrap();
        assert!(LEASE.is_over(ahead, clock.now()));
        assert_eq!(
            take(&store, &[one], ben, None).await,
            Taken::Over(vec![ana]),
            "{name}"
        );
        let oldest = store.read(move |tx| LEASE.oldest(tx, ahead)).await.unwrap();
        assert_eq!(oldest, Some(clock.now()), "{name}");
    }
}
