//! The hub alone, on a clock that the test moves.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use base::{Audience, Clock, Event, Id, Kind, Scope, Subject, SubjectType, Time};
use http_body::Body;
use realtime::{EndTarget, Feed, Frame, Hangup, Hub, Options, Reader, Refused, frame};

/// A hub with running shards, on a manual clock.
struct Fixture {
    hub: Hub,
    clock: Clock,
}

impl Fixture {
    fn open(options: &Options) -> Self {
        let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
        let (hub, shards) = Hub::new(options, clock.clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        Self { hub, clock }
    }

    fn reader(&self, scope: Scope) -> Reader {
        Reader {
            user: self.clock.id(),
            session: self.clock.id(),
            scope,
            expires_at: self.clock.now().after(Duration::from_hours(1)),
            hangup: None,
        }
    }

    /// A stream that has read its greeting.
    async fn stream(&self, reader: Reader) -> Feed {
        let mut feed = self.hub.open(reader).unwrap();
        let greeting = next(&mut feed).await.unwrap();
        assert!(
            greeting.starts_with("data: {\"type\":\"ping\"}\n\nretry: "),
            "{greeting}"
        );
        feed
    }

    fn frame(&self, company: Id) -> Frame {
        let subject = Subject {
            kind: SubjectType::Project,
            id: self.clock.id(),
        };
        let event = Event::new(
            &self.clock,
            Kind::ProjectCreated,
            Audience::Company(company),
            subject,
        );
        Frame::of(&event).unwrap()
    }
}

async fn next(feed: &mut Feed) -> Option<String> {
    let chunk = poll_fn(|context| Pin::new(&mut *feed).poll_frame(context)).await?;
    let bytes = chunk.unwrap().into_data().unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// Whether nothing is pending for the stream, after everyone had a turn.
async fn quiet(feed: &mut Feed) -> bool {
    settle().await;
    poll_fn(|context| Poll::Ready(Pin::new(&mut *feed).poll_frame(context).is_pending())).await
}

/// Lets every task run as far as it can without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

fn one_shard() -> Options {
    Options {
        shards: 1,
        ..Options::default()
    }
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(frame.bytes()).unwrap()
}

// promise: E5
#[tokio::test]
async fn a_full_buffer_drops_counts_and_reports_first() {
    let fixture = Fixture::open(&Options {
        frames: 4,
        ..one_shard()
    });
    let company = fixture.clock.id();
    let mut slow = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let mut quick = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..10).map(|_| fixture.frame(company)).collect();
    for frame in &frames {
        fixture.hub.publish(Audience::Company(company), frame);
        assert_eq!(next(&mut quick).await.unwrap(), text(frame), "nobody else waits");
    }
    let kept: String = frames[..4].iter().map(text).collect();
    assert_eq!(
        next(&mut slow).await.unwrap(),
        format!("data: {{\"type\":\"resync\",\"dropped\":6}}\n\n{kept}")
    );
    assert!(quiet(&mut slow).await, "reported once");
    fixture.hub.publish(Audience::Company(company), &frames[0]);
    assert_eq!(next(&mut slow).await.unwrap(), text(&frames[0]));
    let metrics = fixture.hub.metrics();
    assert_eq!((metrics.published, metrics.dropped, metrics.resyncs), (11, 6, 1));
    assert_eq!((metrics.sent, metrics.connections), (4 + 1 + 10, 2));
}

// promise: E5
#[tokio::test]
async fn a_run_is_accepted_as_far_as_it_fits() {
    let fixture = Fixture::open(&Options {
        frames: 4,
        ..one_shard()
    });
    let company = fixture.clock.id();
    let mut feed = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..6).map(|_| fixture.frame(company)).collect();
    for frame in &frames {
        fixture.hub.publish(Audience::Company(company), frame);
    }
    settle().await;
    let kept: String = frames[..4].iter().map(text).collect();
    assert_eq!(
        next(&mut feed).await.unwrap(),
        format!("data: {{\"type\":\"resync\",\"dropped\":2}}\n\n{kept}")
    );
}

// promise: E5
#[tokio::test]
async fn bytes_are_limited_too_and_a_frame_larger_than_the_buffer_is_reported() {
    let fixture = Fixture::open(&Options {
        bytes: 100,
        ..one_shard()
    });
    let company = fixture.clock.id();
    let mut feed = fixture.stream(fixture.reader(Scope::of([company]))).await;
    fixture
        .hub
        .publish(Audience::Company(company), &fixture.frame(company));
    assert_eq!(
        next(&mut feed).await.unwrap(),
        "data: {\"type\":\"resync\",\"dropped\":1}\n\n"
    );
}

#[tokio::test]
async fn pending_frames_are_sent_in_one_chunk() {
    let fixture = Fixture::open(&one_shard());
    let company = fixture.clock.id();
    let mut feed = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..200).map(|_| fixture.frame(company)).collect();
    for frame in &frames {
        fixture.hub.publish(Audience::Company(company), frame);
    }
    settle().await;
    let all: String = frames.iter().map(text).collect();
    assert_eq!(next(&mut feed).await.unwrap(), all, "in order");
}

// promise: E2
#[tokio::test]
async fn a_heartbeat_every_twenty_seconds_and_never_two_at_once() {
    let fixture = Fixture::open(&Options {
        unread: Duration::from_hours(1),
        ..one_shard()
    });
    let mut feed = fixture.stream(fixture.reader(Scope::All)).await;
    settle().await;
    fixture.clock.advance(Duration::from_secs(19));
    assert!(quiet(&mut feed).await);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(next(&mut feed).await.unwrap(), ":\n\n");
    for _ in 0..5 {
        fixture.clock.advance(Duration::from_secs(20));
        settle().await;
    }
    assert_eq!(next(&mut feed).await.unwrap(), ":\n\n");
    assert!(quiet(&mut feed).await);
}

// promise: E7
#[tokio::test]
async fn each_audience_reaches_its_listeners() {
    let fixture = Fixture::open(&Options {
        shards: 3,
        ..Options::default()
    });
    let (company, other) = (fixture.clock.id(), fixture.clock.id());
    let member = fixture.reader(Scope::of([company]));
    let mut readers = Vec::new();
    for reader in [
        member.clone(),
        fixture.reader(Scope::of([company, other])),
        fixture.reader(Scope::of([])),
        fixture.reader(Scope::All),
    ] {
        readers.push(fixture.stream(reader).await);
    }
    let frame = fixture.frame(company);
    for (audience, reached) in [
        (Audience::Company(company), [true, true, false, true]),
        (Audience::Company(other), [false, true, false, true]),
        (Audience::Company(fixture.clock.id()), [false, false, false, true]),
        (Audience::Platform, [true; 4]),
        (Audience::User(member.user), [true, false, false, false]),
        (Audience::User(fixture.clock.id()), [false; 4]),
    ] {
        fixture.hub.publish(audience, &frame);
        for (feed, reached) in readers.iter_mut().zip(reached) {
            assert_eq!(!quiet(feed).await, reached, "{audience:?}");
        }
    }
}

// promise: E8
#[tokio::test]
async fn ending_discards_pending_frames_and_accepts_no_more() {
    let fixture = Fixture::open(&one_shard());
    let company = fixture.clock.id();
    let ended = fixture.reader(Scope::of([company]));
    let mut first = fixture.stream(ended.clone()).await;
    let mut second = fixture
        .stream(Reader {
            session: fixture.clock.id(),
            ..ended.clone()
        })
        .await;
    let mut other = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let send = || {
        fixture
            .hub
            .publish(Audience::Company(company), &fixture.frame(company));
    };
    send();
    settle().await;
    fixture.hub.end(EndTarget::Session(ended.session));
    send();
    settle().await;
    assert_eq!(next(&mut first).await, None, "not even pending frames");
    assert!(next(&mut second).await.is_some());
    fixture.hub.end(EndTarget::User(ended.user));
    send();
    settle().await;
    assert_eq!(next(&mut second).await, None);
    assert!(next(&mut other).await.is_some());
    fixture.hub.end(EndTarget::Everyone);
    assert_eq!(next(&mut other).await, None);
}

// promise: E8
#[tokio::test]
async fn an_expired_session_receives_nothing_more() {
    let fixture = Fixture::open(&one_shard());
    let company = fixture.clock.id();
    let short = Reader {
        expires_at: fixture.clock.now().after(Duration::from_secs(5)),
        ..fixture.reader(Scope::of([company]))
    };
    let mut long = fixture.stream(fixture.reader(Scope::of([company]))).await;
    let mut short = fixture.stream(short).await;
    settle().await;
    fixture.clock.advance(Duration::from_secs(4));
    assert!(quiet(&mut short).await);
    fixture.clock.advance(Duration::from_secs(1));
    fixture
        .hub
        .publish(Audience::Company(company), &fixture.frame(company));
    assert_eq!(next(&mut short).await, None, "at its time, not at the next sweep");
    assert!(next(&mut long).await.is_some());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let fixture = Fixture::open(&one_shard());
    let hangup = Hangup::default();
    let unread = Reader {
        hangup: Some(hangup.clone()),
        ..fixture.reader(Scope::All)
    };
    let mut reading = fixture.stream(fixture.reader(Scope::All)).await;
    let mut unread = fixture.stream(unread).await;
    settle().await;
    for _ in 0..3 {
        fixture.clock.advance(Duration::from_secs(20));
        assert_eq!(next(&mut reading).await.unwrap(), ":\n\n");
    }
    assert_eq!(fixture.hub.metrics().unread, 0);
    fixture.clock.advance(Duration::from_secs(20));
    assert_eq!(next(&mut reading).await.unwrap(), ":\n\n");
    settle().await;
    hangup.called().await;
    assert_eq!(fixture.hub.metrics().unread, 1);
    assert_eq!(next(&mut unread).await, None);
}

#[tokio::test]
async fn streams_are_limited_per_user_and_in_total_and_released() {
    let fixture = Fixture::open(&Options {
        per_user: 2,
        total: 3,
        ..Options::default()
    });
    let greedy = fixture.reader(Scope::All);
    let first = fixture.stream(greedy.clone()).await;
    let _second = fixture.stream(greedy.clone()).await;
    assert_eq!(fixture.hub.open(greedy.clone()).err(), Some(Refused::User));
    let _third = fixture.stream(fixture.reader(Scope::All)).await;
    assert_eq!(
        fixture.hub.open(fixture.reader(Scope::All)).err(),
        Some(Refused::Full)
    );
    assert_eq!(fixture.hub.metrics().refused, 2);
    drop(first);
    let _again = fixture.stream(greedy).await;
    assert_eq!(fixture.hub.metrics().connections, 3);
}

#[tokio::test]
async fn closing_sends_pending_frames_spreads_the_ends_and_refuses_new_streams() {
    let fixture = Fixture::open(&one_shard());
    let company = fixture.clock.id();
    let mut feeds = Vec::new();
    for _ in 0..40 {
        feeds.push(fixture.stream(fixture.reader(Scope::of([company]))).await);
    }
    let frame = fixture.frame(company);
    fixture.hub.publish(Audience::Company(company), &frame);
    let closing = tokio::spawn({
        let hub = fixture.hub.clone();
        async move { hub.close(Duration::from_secs(2)).await }
    });
    settle().await;
    assert_eq!(
        fixture.hub.open(fixture.reader(Scope::All)).err(),
        Some(Refused::Closing)
    );
    let mut open: Vec<Feed> = Vec::new();
    for mut feed in feeds {
        assert_eq!(next(&mut feed).await.unwrap(), text(&frame));
        if quiet(&mut feed).await {
            open.push(feed);
        }
    }
    assert_eq!(open.len(), 38, "a twentieth at once");
    fixture.hub.publish(Audience::Company(company), &frame);
    for _ in 0..20 {
        fixture.clock.advance(Duration::from_millis(100));
        settle().await;
    }
    closing.await.unwrap();
    for mut feed in open {
        let last = next(&mut feed).await;
        assert_eq!(last.as_deref(), Some(text(&frame)), "served until their turn");
        assert_eq!(next(&mut feed).await, None);
    }
}

// promise: E8
#[tokio::test]
async fn a_failed_shard_leaves_no_silent_stream() {
    let clock = Clock::system();
    let (hub, shards) = Hub::new(
        &Options {
            shards: 2,
            ..Options::default()
        },
        clock.clone(),
    );
    let mut running = shards
        .into_iter()
        .map(|shard| tokio::spawn(shard.run()))
        .collect::<Vec<_>>();
    let fixture = Fixture { hub, clock };
    // They have nothing in common: one in each shard.
    let mut feeds = [
        fixture.stream(fixture.reader(Scope::All)).await,
        fixture.stream(fixture.reader(Scope::of([]))).await,
    ];
    settle().await;
    running.remove(0).abort();
    assert_eq!(next(&mut feeds[0]).await, None);
    for _ in 0..4 {
        let mut new = fixture.stream(fixture.reader(Scope::All)).await;
        fixture
            .hub
            .publish(Audience::Platform, &fixture.frame(fixture.clock.id()));
        assert!(next(&mut new).await.is_some(), "the other shard accepts it");
    }
    assert!(next(&mut feeds[1]).await.is_some());
}

#[tokio::test]
async fn a_lag_is_reported_to_everyone() {
    let fixture = Fixture::open(&Options::default());
    let mut feeds = [
        fixture.stream(fixture.reader(Scope::All)).await,
        fixture.stream(fixture.reader(Scope::of([]))).await,
    ];
    fixture.hub.missed(7);
    for feed in &mut feeds {
        assert_eq!(
            next(feed).await.unwrap().as_bytes(),
            frame::resync(7),
            "also to users without a company"
        );
    }
}

// promise: E5
#[tokio::test]
async fn frames_are_shared_not_copied() {
    let fixture = Fixture::open(&one_shard());
    let company = fixture.clock.id();
    let frame = Arc::new(fixture.frame(company));
    let mut feeds = Vec::new();
    for _ in 0..3 {
        feeds.push(fixture.stream(fixture.reader(Scope::of([company]))).await);
    }
    fixture.hub.publish(Audience::Company(company), &frame);
    for feed in &mut feeds {
        let chunk = poll_fn(|context| Pin::new(&mut *feed).poll_frame(context)).await;
        let bytes = chunk.unwrap().unwrap().into_data().unwrap();
        assert_eq!(bytes.as_ptr(), frame.bytes().as_ptr());
    }
}
