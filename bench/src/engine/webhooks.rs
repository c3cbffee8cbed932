//! The whole path of a webhook: accepted and synced, planned, sent by the real client to a server in this process,
//! recorded. The baseline is the same client's requests without an engine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use notify::channels::destination;
use notify::egress::Egress;
use tokio::task::JoinSet;

use crate::{
    emit,
    emit::Shape,
    events,
    figures::{Meter, Rate, Times, rates, ratios, spread},
    fixture::{self, Database, Fixture, Sending},
    rounds,
    sink::Sink,
};

/// Deliveries per round.
const DELIVERIES: u64 = 10_000;

/// How many targets the event with many has.
const MANY: usize = 10;

pub(crate) async fn run() {
    for database in Database::all() {
        let (mut bare, mut commits, mut one, mut many) = (vec![], vec![], vec![], vec![]);
        for _ in 0..rounds() {
            bare.push(posts().await);
            commits.push(events::commits());
            one.push(measure(database, 1).await);
            many.push(measure(database, MANY).await);
        }
        println!("bare posts by the same client, 32 at once: {}", rates(&bare));
        println!("SQLite, one event row a commit, bare: {}", rates(&commits));
        report(database, "one target an event", &one, &bare);
        report(database, "ten targets an event", &many, &bare);
        steady(database).await;
    }
}

fn report(database: Database, name: &str, ours: &[Rate], bare: &[Rate]) {
    let own = ours.iter().zip(bare);
    println!(
        "{}, {name}: {} deliveries; {} of the bare posts, {} CPU s per 1,000 beyond theirs",
        database.name(),
        rates(ours),
        spread(ratios(ours, bare), 2),
        spread(
            own.map(|(ours, bare)| ours.cpu_per_thousand - bare.cpu_per_thousand),
            3
        )
    );
}

async fn measure(database: Database, targets: usize) -> Rate {
    let fixture = Fixture::new(database, None).await;
    let mut sinks = Vec::new();
    for _ in 0..targets {
        sinks.push(Sink::taking().await);
    }
    let urls: Vec<String> = sinks.iter().map(Sink::url).collect();
    fixture.rule(&urls).await;
    let engine = fixture.engine(Sending::Out, 0);
    let meter = Meter::start(fixture.postmaster);
    emit::all(&fixture, Shape::Rules, DELIVERIES / targets as u64).await;
    fixture.delivered(DELIVERIES).await;
    let rate = meter.read(DELIVERIES);
    assert_eq!(sinks.iter().map(Sink::posts).sum::<u64>(), DELIVERIES);
    engine.stop().await;
    fixture.store.close().await;
    rate
}

/// Posts by the same client to the same kind of server, 32 at once, without an engine.
async fn posts() -> Rate {
    let sink = Sink::taking().await;
    let egress = Egress::new(fixture::egress()).unwrap();
    let destination = destination::webhook(&sink.url(), egress.reach()).unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    let meter = Meter::start(None);
    for _ in 0..32 {
        let (egress, destination, next) = (egress.clone(), destination.clone(), Arc::clone(&next));
        callers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < DELIVERIES {
                let body = "x".repeat(600);
                let limit = Duration::from_secs(15);
                let answer = egress.post(&destination, Vec::new(), body.into(), limit).await;
                assert_eq!(answer.unwrap().status, 204);
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    assert_eq!(sink.posts(), DELIVERIES);
    meter.read(DELIVERIES)
}

/// 100 events a second with one target each.
async fn steady(database: Database) {
    let mut figures: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds() {
        let fixture = Fixture::new(database, None).await;
        let sink = Sink::taking().await;
        fixture.rule(&[sink.url()]).await;
        let engine = fixture.engine(Sending::Out, 0);
        let announced = emit::steadily(&fixture, Shape::Rules, 100, Duration::from_secs(5)).await;
        let arrived = sink.times(&announced).await;
        let accepted = Times::new(announced.accepted);
        let round = [accepted.median(), accepted.p99(), arrived.median(), arrived.p99()];
        for (figures, figure) in figures.iter_mut().zip(round) {
            figures.push(figure);
        }
        engine.stop().await;
        fixture.store.close().await;
    }
    let [accepted, accepted_p99, arrived, arrived_p99] = figures.map(|figures| spread(figures, 2));
    println!(
        "{}, 100 events a second: accepted in {accepted} ms, p99 {accepted_p99}; arrived after {arrived} ms, p99 \
         {arrived_p99}",
        database.name()
    );
}
