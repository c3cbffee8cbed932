//! The process is suspended until its timeouts have passed, and the responses wait in its sockets.

use std::{
    future::Future,
    thread,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use notify::{
    channels::{
        Outcome,
        destination::webhook,
        email::{Mailer, Options},
    },
    egress::Egress,
    testing::{Answering, HttpSink, SmtpSink, SmtpSinkOptions},
};
use tokio::{runtime, time::sleep};

use crate::world::{WEBHOOK, World};

/// How long an attempt may take.
const LIMIT: Duration = Duration::from_secs(2);
/// How many there are at once.
const MANY: usize = 6;

/// The result of the work, on a thread that continues while that of the test is blocked.
async fn elsewhere<T: Send + 'static>(
    make: impl Future<Output = T> + Send + 'static,
) -> (runtime::Runtime, T) {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.spawn(make).await.unwrap();
    (runtime, sink)
}

/// Waits until all have arrived and nothing is answered, lets it be answered, and blocks beyond the limit.
async fn stand_still(arrived: impl Fn() -> usize, answer: impl Fn(), answered: impl Fn() -> usize) {
    let start = Instant::now();
    while arrived() < MANY {
        sleep(Duration::from_millis(5)).await;
    }
    answer();
    // From here on the one thread of the test does nothing else, like a suspended process.
    while answered() < MANY || start.elapsed() < LIMIT + Duration::from_millis(300) {
        thread::sleep(Duration::from_millis(5));
    }
}

// issue 18, line 11
// promise: L5
#[tokio::test]
async fn answers_to_posts_are_read_before_the_limit_counts() {
    let world = World::new();
    let tls = world.ca.acceptor(&["receiver.example"]);
    let ok = Answering::With(200, Vec::new(), b"ok".to_vec());
    let (runtime, sink) = elsewhere(HttpSink::start(Some(tls), ok)).await;
    sink.hold(true);
    let egress = Egress::new(world.egress_options(&sink)).unwrap();
    let destination = webhook(WEBHOOK, egress.reach()).unwrap();
    let posts = (0..MANY).map(|_| egress.post(&destination, Vec::new(), "{}".into(), LIMIT));
    let (answers, ()) = tokio::join!(
        join_all(posts),
        stand_still(|| sink.requests().len(), || sink.hold(false), || sink.answered())
    );
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
    }
    runtime.shutdown_background();
}

// issue 18, line 11
// promise: L5
#[tokio::test]
async fn confirmations_of_mails_are_read_before_the_limit_counts() {
    let world = World::new();
    let (runtime, sink) = elsewhere(SmtpSink::start(SmtpSinkOptions::default())).await;
    sink.hold(true);
    let options = Options {
        smtp_url: Some(format!("smtp://127.0.0.1:{}?tls=none", sink.address().port())),
        timeout: LIMIT,
        ..world.email_options()
    };
    let mailer = Mailer::new(&options, world.clock.clone()).unwrap();
    let mails = (0..MANY).map(|_| {
        let outbound = world.outbound("mara@example.com");
        let mailer = mailer.clone();
        async move { mailer.send(&outbound).await }
    });
    let (attempts, ()) = tokio::join!(
        join_all(mails),
        stand_still(|| sink.mails().len(), || sink.hold(false), || sink.confirmed())
    );
    for attempt in attempts {
        assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    }
    runtime.shutdown_background();
}
