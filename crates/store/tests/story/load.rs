//! The store under load: few statements, few connections for long reads, and nothing
//! done for disconnected requesters.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use store::{Error, Select, Store, Tx, params, rows, testing};

use crate::{count, insert, stores};

/// Keeps a transaction open until the sender is dropped; the receiver reports when it is open.
fn hold_transaction() -> (
    mpsc::Sender<()>,
    impl FnOnce(&mut Tx<'_>) -> Result<(), Error> + Clone + Send + 'static,
) {
    let (open, opened) = mpsc::channel::<()>();
    let opened = Arc::new(Mutex::new(opened));
    (open, move |_: &mut Tx<'_>| {
        // Until the sender is dropped.
        let _ = opened.lock().unwrap().recv();
        Ok(())
    })
}

/// Waits for a condition, not for a time.
async fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come");
}

// promise: U3
#[tokio::test]
async fn lists_and_rows_of_all_lengths_use_a_few_statements() {
    for (name, store) in stores().await {
        testing::count_texts(&store);
        for length in (1..=300).chain([900, 1_500, 5_000]) {
            let found = store
                .read(move |tx| {
                    Select::new("select count(*) from things where 1 = 1")
                        .within("n", 0..length)
                        .one::<(i64,)>(tx)
                })
                .await
                .unwrap();
            assert_eq!(found, Some((0,)), "{name}");
        }
        let texts = testing::count_texts(&store);
        assert!(texts <= 8, "{name}: {texts} texts of a list");
        for length in [1_usize, 2, 3, 99, 100, 257, 1_000] {
            let written = store
                .write(move |tx| {
                    let row = |tx: &Tx<'_>, n: usize| params![tx.id(), tx.id(), n, "", 0.5].to_vec();
                    let new = (0..length).map(|n| row(tx, n)).collect();
                    let head = "insert into things (id, company_id, n, note, ratio)";
                    rows::insert(tx, (head, "on conflict do nothing"), new)
                })
                .await
                .unwrap();
            assert_eq!(written, length as u64, "{name}");
        }
        assert_eq!(count(&store).await, 1_462, "{name}");
        let more = testing::count_texts(&store) - texts;
        assert!(more <= 7, "{name}: {more} texts of an insert");
    }
}

// promise: U3
#[tokio::test]
async fn a_connection_evicts_statements() {
    const PREPARED: &str = "select count(*) from pg_prepared_statements";
    for (name, store) in stores().await.into_iter().skip(1) {
        for round in 0..3 {
            let prepared = store
                .read(move |tx| {
                    for n in round * 600..(round + 1) * 600 {
                        tx.one::<(i64,)>(&format!("select cast({n} as bigint)"), &[])?;
                    }
                    tx.one::<(i64,)>(PREPARED, &[])
                })
                .await
                .unwrap()
                .unwrap();
            assert!((1..=512).contains(&prepared.0), "{name}: {prepared:?}");
        }
    }
}

#[tokio::test]
async fn an_error_does_not_quote_a_long_statement() {
    for (name, store) in stores().await {
        let long = format!(
            "select nothing_of_this_name, {} from things",
            "1, ".repeat(20_000)
        );
        let error = store
            .read(move |tx| tx.one::<(i64,)>(&long, &[]))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Database(_)), "{name}");
        assert!(
            error.to_string().len() < 2_000,
            "{name}: {}",
            error.to_string().len()
        );
    }
}

async fn blocked(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Error>>) {
    let (open, job) = hold_transaction();
    let writer = store.clone();
    let blocking = tokio::spawn(async move { writer.write(job).await });
    let begun = || store.load().waiting == 0 && !store.load().running.is_zero();
    until("the change that blocks", begun).await;
    (open, blocking)
}

// promise: U3
#[tokio::test]
async fn abandoned_work_is_not_begun_and_a_blocked_writer_is_detected() {
    let (_, store) = stores().await.remove(0);
    let (open, blocking) = blocked(&store).await;
    let write = |n| {
        let store = store.clone();
        tokio::spawn(async move { insert(&store, n).await })
    };
    let (gone, stays) = (write(1), write(2));
    until("both", || store.load().waiting == 2).await;
    assert!(store.load().blocked() >= store.load().waited);
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    drop(open);
    blocking.await.unwrap().unwrap();
    stays.await.unwrap().unwrap();
    assert_eq!(count(&store).await, 1, "only what is still awaited");
    let load = store.load();
    assert_eq!((load.waiting, load.blocked()), (0, Duration::ZERO));
}

// promise: U3
#[tokio::test]
async fn long_reads_leave_connections_for_others() {
    for (name, store) in stores().await {
        let gates: Vec<_> = (0..32).map(|_| hold_transaction()).collect();
        let (opens, jobs): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
        let long: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                let store = store.clone();
                tokio::spawn(async move { store.scan(job).await })
            })
            .collect();
        for _ in 0..50 {
            tokio::task::yield_now().await;
            assert_eq!(count(&store).await, 0, "{name}");
        }
        drop(opens);
        for read in long {
            read.await.unwrap().expect(name);
        }
    }
}
