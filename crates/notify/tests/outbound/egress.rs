//! The outbound client: what it connects to, what it trusts, how long it waits.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use notify::{
    channels::destination::{self, Destination},
    egress::{Answer, Egress, Failure, Lookup, Options, SetupError},
    testing::{Answering, Ca, HttpSink},
};

use crate::world::{SLACK, WEBHOOK, World};

const LIMIT: Duration = Duration::from_secs(2);

async fn post(egress: &Egress, url: &str) -> Result<Answer, Failure> {
    let destination = destination::webhook(url, egress.reach()).expect("a webhook URL");
    post_to(egress, &destination).await
}

async fn post_to(egress: &Egress, destination: &Destination) -> Result<Answer, Failure> {
    let started = Instant::now();
    let answer = egress
        .post(destination, Vec::new(), r#"{"a":1}"#.into(), LIMIT)
        .await;
    assert!(started.elapsed() < LIMIT * 2, "{:?}", started.elapsed());
    let shown = format!("{answer:?}");
    assert!(!shown.contains("s3cr3tt0ken"), "{shown}");
    answer
}

fn status(answer: &Result<Answer, Failure>) -> Option<u16> {
    answer.as_ref().ok().map(|answer| answer.status)
}

/// A resolver that returns another answer each time.
struct Turns(AtomicUsize, Vec<Vec<&'static str>>);

impl Lookup for Turns {
    fn lookup(&self, _: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed).min(self.1.len() - 1);
        let addresses = self.1[turn].iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(addresses) })
    }
}

fn with_lookup(options: Options, turns: &[&[&'static str]]) -> Egress {
    let turns = turns.iter().map(|turn| turn.to_vec()).collect();
    Egress::with_lookup(options, Arc::new(Turns(AtomicUsize::new(0), turns))).unwrap()
}

#[tokio::test]
async fn posts_over_tls_under_the_name() {
    let world = World::new();
    let sink = world
        .sink(Answering::With(
            200,
            vec!["retry-after: 3".to_owned()],
            b"ok".to_vec(),
        ))
        .await;
    let egress = Egress::new(world.egress_options(&sink)).unwrap();
    let answer = post(&egress, WEBHOOK).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(3)));
    let request = &sink.requests()[0];
    assert_eq!(request.line, "POST /hook?key=s3cr3tt0ken HTTP/1.1");
    assert_eq!(request.header("host"), "receiver.example");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("content-length"), "7");
    assert!(request.header("user-agent").starts_with("Campanile/"));
    assert_eq!(request.body, br#"{"a":1}"#);
}

#[tokio::test]
async fn believes_no_certificate_but_that_of_the_name() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let stranger = Ca::new();
    let other = HttpSink::start(
        Some(world.ca.acceptor(&["other.example"])),
        Answering::status(200),
    )
    .await;
    let unknown = HttpSink::start(
        Some(stranger.acceptor(&["receiver.example"])),
        Answering::status(200),
    )
    .await;
    let plain = HttpSink::start(None, Answering::status(200)).await;
    for (wrong, expected) in [
        (
            &other,
            "TLS failed: invalid peer certificate: certificate not valid for name",
        ),
        (&unknown, "TLS failed: invalid peer certificate"),
        (&plain, "the connection timed out"),
    ] {
        let egress = Egress::new(world.egress_options(wrong)).unwrap();
        let answer = post(&egress, WEBHOOK).await;
        let fits = matches!(&answer, Err(Failure::NotSent(reason)) if reason.starts_with(expected));
        assert!(fits, "{answer:?}");
        assert!(wrong.requests().is_empty());
    }
    // Without the operator's authority the right sink is not trusted either.
    let options = Options {
        ca_file: None,
        ..world.egress_options(&sink)
    };
    let answer = post(&Egress::new(options).unwrap(), WEBHOOK).await;
    assert!(matches!(answer, Err(Failure::NotSent(_))), "{answer:?}");
}

#[tokio::test]
async fn a_ca_file_without_certificates_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    for content in [
        "",
        "nothing",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, content).unwrap();
        let options = Options {
            ca_file: Some(path.clone()),
            ..Options::default()
        };
        let error = Egress::new(options).unwrap_err();
        assert!(
            matches!(error, SetupError::CaFile { .. } | SetupError::Tls(_)),
            "{error}"
        );
    }
    let options = Options {
        ca_file: Some(folder.path().join("none.pem")),
        ..Options::default()
    };
    assert!(matches!(Egress::new(options), Err(SetupError::CaFile { .. })));
}

// promise: S2
#[tokio::test]
async fn connects_to_public_addresses_only() {
    let plain = HttpSink::start(None, Answering::status(200)).await;
    let port = plain.address().port();
    let url = format!("https://inside.example:{port}/x");
    for private in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "fd00::1",
        "64:ff9b::7f00:1",
    ] {
        let egress = with_lookup(Options::default(), &[&[private]]);
        let answer = post(&egress, &url).await;
        assert!(
            matches!(answer, Err(Failure::Forbidden(_))),
            "{private}: {answer:?}"
        );
    }
    // One private address among public ones rules out all.
    let egress = with_lookup(Options::default(), &[&["1.1.1.1", "127.0.0.1"]]);
    assert!(matches!(post(&egress, &url).await, Err(Failure::Forbidden(_))));
    assert_eq!(plain.connections(), 0);
}

// promise: S2
#[tokio::test]
async fn a_name_that_is_bound_anew_leads_nowhere_else() {
    let plain = HttpSink::start(None, Answering::status(200)).await;
    let allowed = Options {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Options::default()
    };
    let url = format!("http://inside.example:{}/x", plain.address().port());
    // The lookup that is checked is the one that is dialed: there is no second one to answer differently.
    let turns = Arc::new(Turns(
        AtomicUsize::new(0),
        vec![vec!["127.0.0.1"], vec!["10.9.9.9"]],
    ));
    let egress = Egress::with_lookup(allowed, Arc::clone(&turns) as Arc<dyn Lookup>).unwrap();
    assert_eq!(status(&post(&egress, &url).await), Some(200));
    assert_eq!(turns.0.load(Ordering::Relaxed), 1, "one look-up for one post");
    assert!(
        matches!(post(&egress, &url).await, Err(Failure::Forbidden(_))),
        "the next answer is judged again"
    );
    assert_eq!(plain.connections(), 1);
}

// promise: S2
#[tokio::test]
async fn an_allowed_network_opens_http_and_its_addresses_only() {
    let plain = HttpSink::start(None, Answering::status(204)).await;
    let port = plain.address().port();
    let options = Options {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Options::default()
    };
    let egress = Egress::new(options.clone()).unwrap();
    assert_eq!(
        status(&post(&egress, &format!("http://127.0.0.1:{port}/x")).await),
        Some(204)
    );
    assert_eq!(
        status(&post(&egress, &format!("http://localhost:{port}/x")).await),
        Some(204)
    );
    let public = with_lookup(options, &[&["1.1.1.1"]]);
    let answer = post(&public, "http://public.example/x").await;
    assert!(matches!(
        answer,
        Err(Failure::Forbidden("http is only for allowed networks"))
    ));
    assert!(destination::webhook("http://10.0.0.1/x", egress.reach()).is_err());
}

#[tokio::test]
async fn a_configured_address_applies_to_its_host_and_port_only() {
    let plain = HttpSink::start(None, Answering::status(204)).await;
    let port = plain.address().port();
    let resolve = vec![format!("gateway.example:{port}:127.0.0.1").parse().unwrap()];
    let egress = with_lookup(
        Options {
            resolve,
            ..Options::default()
        },
        &[&["127.0.0.1"]],
    );
    assert_eq!(
        status(&post(&egress, &format!("http://gateway.example:{port}/x")).await),
        Some(204)
    );
    for other in [
        format!("http://gateway.example:{}/x", port ^ 1),
        format!("http://other.example:{port}/x"),
    ] {
        let answer = post(&egress, &other).await;
        assert!(
            matches!(answer, Err(Failure::Forbidden(_))),
            "{other}: {answer:?}"
        );
    }
}

// promise: S2
#[tokio::test]
async fn follows_no_redirect() {
    let world = World::new();
    let target = HttpSink::start(None, Answering::status(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let line = format!("location: http://{}/", target.address());
        let sink = world.sink(Answering::header(status, &line)).await;
        let answer = post(&Egress::new(world.egress_options(&sink)).unwrap(), WEBHOOK)
            .await
            .unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(sink.connections(), 1);
    }
    assert_eq!(target.connections(), 0);
}

// promise: S3
#[tokio::test]
async fn knows_what_may_have_arrived_without_a_response() {
    let world = World::new();
    let cases = [
        (Answering::Hang, true),
        (Answering::Leave, true),
        (Answering::DripHead(Duration::from_millis(20)), true),
        (Answering::Interim, true),
        (Answering::Raw(b"SSH-2.0-nonsense\r\n".to_vec()), true),
        (
            Answering::Raw(format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(300_000)).into()),
            true,
        ),
        (Answering::Slam, false),
    ];
    for (answering, arrived) in cases {
        let sink = world.sink(answering.clone()).await;
        let answer = post(&Egress::new(world.egress_options(&sink)).unwrap(), WEBHOOK).await;
        let fits = if arrived {
            matches!(answer, Err(Failure::Unanswered(_)))
        } else {
            matches!(answer, Err(Failure::NotSent(_)))
        };
        assert!(fits, "{answering:?}: {answer:?}");
    }
}

// promise: S3
#[tokio::test]
async fn a_request_that_was_not_read_whole_was_not_sent() {
    let world = World::new();
    let sink = world.sink(Answering::Deaf).await;
    let egress = Egress::new(world.egress_options(&sink)).unwrap();
    let destination = destination::slack(SLACK, &destination::Hosts::default()).unwrap();
    // More than the buffers on the way hold.
    let body = vec![b'x'; 64 * 1024 * 1024];
    let answer = egress.post(&destination, Vec::new(), body.into(), LIMIT).await;
    assert!(matches!(answer, Err(Failure::NotSent(_))), "{answer:?}");
}

// promise: S3
#[tokio::test]
async fn reads_no_more_of_an_answer_than_64_kib_and_not_for_long() {
    let world = World::new();
    let cases = [
        (Answering::Flood(100 * 1024 * 1024), 64 * 1024),
        (Answering::Drip(Duration::from_millis(5)), 1000),
        (
            Answering::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()),
            4,
        ),
        (
            Answering::Raw(b"HTTP/1.1 200 OK\r\n\r\nuntil the end".to_vec()),
            13,
        ),
    ];
    for (answering, at_most) in cases {
        let sink = world.sink(answering.clone()).await;
        let answer = post(&Egress::new(world.egress_options(&sink)).unwrap(), WEBHOOK)
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{answering:?}");
        assert!(
            answer.body.len() <= at_most && !answer.body.is_empty(),
            "{answering:?}: {}",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_was_not_reached() {
    let closed = HttpSink::start(None, Answering::Hang).await;
    let address = closed.address();
    drop(closed);
    let resolve = vec![format!("gone.example:443:{address}").parse().unwrap()];
    let egress = with_lookup(
        Options {
            resolve,
            ..Options::default()
        },
        &[&[]],
    );
    for url in ["https://gone.example/", "https://nowhere.example/"] {
        let answer = post(&egress, url).await;
        assert!(matches!(answer, Err(Failure::NotSent(_))), "{url}: {answer:?}");
    }
}

/// A resolver that never responds.
struct Silent;

impl Lookup for Silent {
    fn lookup(&self, _: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        Box::pin(std::future::pending())
    }
}

// promise: S3
#[tokio::test]
async fn a_resolver_that_hangs_is_bounded_too() {
    let egress = Egress::with_lookup(Options::default(), Arc::new(Silent)).unwrap();
    let answer = post(&egress, WEBHOOK).await;
    assert!(matches!(answer, Err(Failure::NotSent(_))), "{answer:?}");
}

// promise: S3
#[tokio::test]
async fn one_that_hangs_blocks_no_other() {
    let world = World::new();
    let (hangs, answers) = (
        world.sink(Answering::Hang).await,
        world.sink(Answering::status(200)).await,
    );
    let slow = Egress::new(world.egress_options(&hangs)).unwrap();
    let quick = Egress::new(world.egress_options(&answers)).unwrap();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let slow = slow.clone();
            tokio::spawn(async move { post(&slow, WEBHOOK).await })
        })
        .collect();
    hangs.wait_for(50).await;
    let started = Instant::now();
    assert_eq!(status(&post(&quick, WEBHOOK).await), Some(200));
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(Failure::Unanswered(_))));
    }
}
