//! The hub by itself, on a clock that the test moves.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use base::{Audience, Clock, Event, Id, Kind, Scope, Subject, SubjectType, Time};
use http_body::Body;
use realtime::{Feed, Frame, Hangup, Hub, Options, Reader, Refused, Whose, frame};

/// A hub whose shards run, on a clock that stands still.
struct House {
    hub: Hub,
    clock: Clock,
}

impl House {
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

/// Whether nothing waits for the stream, after everyone had a turn.
async fn quiet(feed: &mut Feed) -> bool {
    settle().await;
    poll_fn(|context| Poll::Ready(Pin::new(&mut *feed).poll_frame(context).is_pending())).await
}

/// Lets every task do what it can do without time passing.
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
async fn a_full_buffer_drops_counts_and_tells_first() {
    let house = House::open(&Options {
        frames: 4,
        ..one_shard()
    });
    let company = house.clock.id();
    let mut slow = house.stream(house.reader(Scope::of([company]))).await;
    let mut quick = house.stream(house.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..10).map(|_| house.frame(company)).collect();
    for frame in &frames {
        house.hub.publish(Audience::Company(company), frame);
        assert_eq!(next(&mut quick).await.unwrap(), text(frame), "nobody else waits");
    }
    let kept: String = frames[..4].iter().map(text).collect();
    assert_eq!(
        next(&mut slow).await.unwrap(),
        format!("data: {{\"type\":\"resync\",\"dropped\":6}}\n\n{kept}")
    );
    assert!(quiet(&mut slow).await, "told once");
    house.hub.publish(Audience::Company(company), &frames[0]);
    assert_eq!(next(&mut slow).await.unwrap(), text(&frames[0]));
    let metrics = house.hub.metrics();
    assert_eq!((metrics.published, metrics.dropped, metrics.resyncs), (11, 6, 1));
    assert_eq!((metrics.sent, metrics.connections), (4 + 1 + 10, 2));
}

// promise: E5
#[tokio::test]
async fn a_run_that_does_not_fit_is_taken_as_far_as_it_fits() {
    let house = House::open(&Options {
        frames: 4,
        ..one_shard()
    });
    let company = house.clock.id();
    let mut feed = house.stream(house.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..6).map(|_| house.frame(company)).collect();
    for frame in &frames {
        house.hub.publish(Audience::Company(company), frame);
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
async fn bytes_are_bounded_too_and_a_frame_too_large_for_any_buffer_is_told() {
    let house = House::open(&Options {
        bytes: 100,
        ..one_shard()
    });
    let company = house.clock.id();
    let mut feed = house.stream(house.reader(Scope::of([company]))).await;
    house
        .hub
        .publish(Audience::Company(company), &house.frame(company));
    assert_eq!(
        next(&mut feed).await.unwrap(),
        "data: {\"type\":\"resync\",\"dropped\":1}\n\n"
    );
}

#[tokio::test]
async fn what_has_gathered_leaves_in_one_chunk() {
    let house = House::open(&one_shard());
    let company = house.clock.id();
    let mut feed = house.stream(house.reader(Scope::of([company]))).await;
    let frames: Vec<_> = (0..200).map(|_| house.frame(company)).collect();
    for frame in &frames {
        house.hub.publish(Audience::Company(company), frame);
    }
    settle().await;
    let all: String = frames.iter().map(text).collect();
    assert_eq!(next(&mut feed).await.unwrap(), all, "in order");
}

// promise: E2
#[tokio::test]
async fn a_heartbeat_every_twenty_seconds_and_never_two_at_once() {
    let house = House::open(&Options {
        unread: Duration::from_hours(1),
        ..one_shard()
    });
    let mut feed = house.stream(house.reader(Scope::All)).await;
    settle().await;
    house.clock.advance(Duration::from_secs(19));
    assert!(quiet(&mut feed).await);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(next(&mut feed).await.unwrap(), ":\n\n");
    for _ in 0..5 {
        house.clock.advance(Duration::from_secs(20));
        settle().await;
    }
    assert_eq!(next(&mut feed).await.unwrap(), ":\n\n");
    assert!(quiet(&mut feed).await);
}

// promise: E7
#[tokio::test]
async fn each_audience_reaches_its_own() {
    let house = House::open(&Options {
        shards: 3,
        ..Options::default()
    });
    let (company, other) = (house.clock.id(), house.clock.id());
    let member = house.reader(Scope::of([company]));
    let mut readers = Vec::new();
    for reader in [
        member.clone(),
        house.reader(Scope::of([company, other])),
        house.reader(Scope::of([])),
        house.reader(Scope::All),
    ] {
        readers.push(house.stream(reader).await);
    }
    let frame = house.frame(company);
    for (audience, reached) in [
        (Audience::Company(company), [true, true, false, true]),
        (Audience::Company(other), [false, true, false, true]),
        (Audience::Company(house.clock.id()), [false, false, false, true]),
        (Audience::Platform, [true; 4]),
        (Audience::User(member.user), [true, false, false, false]),
        (Audience::User(house.clock.id()), [false; 4]),
    ] {
        house.hub.publish(audience, &frame);
        for (feed, reached) in readers.iter_mut().zip(reached) {
            assert_eq!(!quiet(feed).await, reached, "{audience:?}");
        }
    }
}

// promise: E8
#[tokio::test]
async fn ending_takes_what_waits_and_lets_nothing_follow() {
    let house = House::open(&one_shard());
    let company = house.clock.id();
    let ended = house.reader(Scope::of([company]));
    let mut first = house.stream(ended.clone()).await;
    let mut second = house
        .stream(Reader {
            session: house.clock.id(),
            ..ended.clone()
        })
        .await;
    let mut other = house.stream(house.reader(Scope::of([company]))).await;
    let send = || {
        house
            .hub
            .publish(Audience::Company(company), &house.frame(company));
    };
    send();
    settle().await;
    house.hub.end(Whose::Session(ended.session));
    send();
    settle().await;
    assert_eq!(next(&mut first).await, None, "not even what was waiting");
    assert!(next(&mut second).await.is_some());
    house.hub.end(Whose::User(ended.user));
    send();
    settle().await;
    assert_eq!(next(&mut second).await, None);
    assert!(next(&mut other).await.is_some());
    house.hub.end(Whose::Everyone);
    assert_eq!(next(&mut other).await, None);
}

// promise: E8
#[tokio::test]
async fn a_session_that_has_expired_carries_nothing_more() {
    let house = House::open(&one_shard());
    let company = house.clock.id();
    let short = Reader {
        expires_at: house.clock.now().after(Duration::from_secs(5)),
        ..house.reader(Scope::of([company]))
    };
    let mut long = house.stream(house.reader(Scope::of([company]))).await;
    let mut short = house.stream(short).await;
    settle().await;
    house.clock.advance(Duration::from_secs(4));
    assert!(quiet(&mut short).await);
    house.clock.advance(Duration::from_secs(1));
    house
        .hub
        .publish(Audience::Company(company), &house.frame(company));
    assert_eq!(next(&mut short).await, None, "at its time, not at the next sweep");
    assert!(next(&mut long).await.is_some());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_hung_up_on() {
    let house = House::open(&one_shard());
    let hangup = Hangup::default();
    let unread = Reader {
        hangup: Some(hangup.clone()),
        ..house.reader(Scope::All)
    };
    let mut reading = house.stream(house.reader(Scope::All)).await;
    let mut unread = house.stream(unread).await;
    settle().await;
    for _ in 0..3 {
        house.clock.advance(Duration::from_secs(20));
        assert_eq!(next(&mut reading).await.unwrap(), ":\n\n");
    }
    assert_eq!(house.hub.metrics().unread, 0);
    house.clock.advance(Duration::from_secs(20));
    assert_eq!(next(&mut reading).await.unwrap(), ":\n\n");
    settle().await;
    hangup.called().await;
    assert_eq!(house.hub.metrics().unread, 1);
    assert_eq!(next(&mut unread).await, None);
}

#[tokio::test]
async fn seats_are_limited_per_person_and_in_all_and_given_back() {
    let house = House::open(&Options {
        per_user: 2,
        total: 3,
        ..Options::default()
    });
    let greedy = house.reader(Scope::All);
    let first = house.stream(greedy.clone()).await;
    let _second = house.stream(greedy.clone()).await;
    assert_eq!(house.hub.open(greedy.clone()).err(), Some(Refused::User));
    let _third = house.stream(house.reader(Scope::All)).await;
    assert_eq!(
        house.hub.open(house.reader(Scope::All)).err(),
        Some(Refused::Full)
    );
    assert_eq!(house.hub.metrics().refused, 2);
    drop(first);
    let _again = house.stream(greedy).await;
    assert_eq!(house.hub.metrics().connections, 3);
}

#[tokio::test]
async fn closing_gives_what_waits_spreads_the_ends_and_refuses_new_ones() {
    let house = House::open(&one_shard());
    let company = house.clock.id();
    let mut feeds = Vec::new();
    for _ in 0..40 {
        feeds.push(house.stream(house.reader(Scope::of([company]))).await);
    }
    let frame = house.frame(company);
    house.hub.publish(Audience::Company(company), &frame);
    let closing = tokio::spawn({
        let hub = house.hub.clone();
        async move { hub.close(Duration::from_secs(2)).await }
    });
    settle().await;
    assert_eq!(
        house.hub.open(house.reader(Scope::All)).err(),
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
    house.hub.publish(Audience::Company(company), &frame);
    for _ in 0..20 {
        house.clock.advance(Duration::from_millis(100));
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
async fn a_shard_that_is_gone_leaves_no_silent_stream() {
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
    let house = House { hub, clock };
    // Nothing they have in common: one in each shard.
    let mut feeds = [
        house.stream(house.reader(Scope::All)).await,
        house.stream(house.reader(Scope::of([]))).await,
    ];
    settle().await;
    running.remove(0).abort();
    assert_eq!(next(&mut feeds[0]).await, None);
    for _ in 0..4 {
        let mut new = house.stream(house.reader(Scope::All)).await;
        house
            .hub
            .publish(Audience::Platform, &house.frame(house.clock.id()));
        assert!(next(&mut new).await.is_some(), "the other shard takes it");
    }
    assert!(next(&mut feeds[1]).await.is_some());
}

#[tokio::test]
async fn a_lag_is_told_to_everyone() {
    let house = House::open(&Options::default());
    let mut feeds = [
        house.stream(house.reader(Scope::All)).await,
        house.stream(house.reader(Scope::of([]))).await,
    ];
    house.hub.missed(7);
    for feed in &mut feeds {
        assert_eq!(
            next(feed).await.unwrap().as_bytes(),
            frame::resync(7),
            "also to those who see no company"
        );
    }
}

// promise: E5
#[tokio::test]
async fn frames_are_shared_not_copied() {
    let house = House::open(&one_shard());
    let company = house.clock.id();
    let frame = Arc::new(house.frame(company));
    let mut feeds = Vec::new();
    for _ in 0..3 {
        feeds.push(house.stream(house.reader(Scope::of([company]))).await);
    }
    house.hub.publish(Audience::Company(company), &frame);
    for feed in &mut feeds {
        let chunk = poll_fn(|context| Pin::new(&mut *feed).poll_frame(context)).await;
        let bytes = chunk.unwrap().unwrap().into_data().unwrap();
        assert_eq!(bytes.as_ptr(), frame.bytes().as_ptr());
    }
}
