//! Requesters take turns: nobody waits behind everything that another has requested.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use store::{Error, Requester, Store};

use super::stores;

const WRITES: usize = 60;
const EACH: Duration = Duration::from_millis(20);

/// A slow change that counts itself.
async fn slow(store: Store, done: Arc<AtomicUsize>) {
    let written = store.write(move |_| {
        thread::sleep(EACH);
        done.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Error>(())
    });
    written.await.unwrap();
}

// issue 18, line 3; promise: U3
#[tokio::test]
async fn a_write_does_not_wait_behind_all_writes_of_another_company() {
    for (name, store) in stores().await {
        let company = || Requester::Of(store.clock().id());
        let (busy, quiet) = (company(), company());
        let done = Arc::new(AtomicUsize::new(0));
        let queued: Vec<_> = (0..WRITES)
            .map(|_| tokio::spawn(busy.scope(slow(store.clone(), Arc::clone(&done)))))
            .collect();
        while done.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(EACH / 4).await;
        }
        let written = quiet.scope(store.write(|tx| Ok::<_, Error>(tx.now())));
        written.await.unwrap();
        let before = done.load(Ordering::SeqCst);
        assert!(before < WRITES / 2, "{name}: {before} of {WRITES} came first");
        for one in queued {
            one.await.unwrap();
        }
    }
}
