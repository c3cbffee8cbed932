//! Nine of ten URLs of one host that accept and never answer: the effect on the tenth, on the callers that emit events and on
//! a reader of the API, and the memory used. The baselines are the same with nine that respond, and with one URL alone.

use std::time::{Duration, Instant};

use access::{Caller, testing as people};
use axum::extract::State;
use notify::inbox::http::summarize;

use crate::{
    emit::{self, Shape},
    figures::{Times, resident_mib, spread},
    fixture::{Database, Fixture, Running, Sending},
    rounds,
    sink::Sink,
};

/// How long each round emits 100 events a second.
const LASTING: Duration = Duration::from_secs(12);

/// A company whose rule names a URL that accepts everything, and possibly nine others of the same host.
struct Setup {
    fixture: Fixture,
    engine: Running,
    well: Sink,
}

/// The other destinations of each event.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    None,
    Taking,
    Hanging,
}

impl Setup {
    async fn new(database: Database, others: Others) -> Self {
        let fixture = Fixture::new(database, None).await;
        let well = match others {
            Others::Hanging => Sink::hanging_elsewhere().await,
            Others::None | Others::Taking => Sink::taking().await,
        };
        let nine = if others == Others::None { 0 } else { 9 };
        let mut urls = well.neighbors(nine);
        urls.push(well.url());
        fixture.rule(&urls).await;
        let engine = fixture.engine(Sending::Out, 0);
        Self {
            fixture,
            engine,
            well,
        }
    }

    /// 100 events a second, and a user who reads their inbox's summary meanwhile: in milliseconds the p99 from each
    /// event to its arrival at the tenth, of accepting it, and of the reader.
    async fn round(&self) -> [f64; 3] {
        let user = self.fixture.users[0];
        let token = people::token(&self.fixture.access, user).await;
        let reader = tokio::spawn(read(self.fixture.clone(), token));
        let announced = emit::steadily(&self.fixture, Shape::Rules, 100, LASTING).await;
        let arrived = self.well.times(&announced).await;
        let accepted = Times::new(announced.accepted);
        [arrived.p99(), accepted.p99(), reader.await.unwrap().p99()]
    }

    async fn close(self) {
        self.engine.stop().await;
        self.fixture.store.close().await;
    }
}

/// Calls the handler of the summary, including the lookup of the caller by token, 200 times a second.
async fn read(fixture: Fixture, token: String) -> Times {
    let end = Instant::now() + LASTING;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let mut times = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        let began = Instant::now();
        let caller: Caller = fixture.access.caller(&token).await.unwrap();
        assert!(summarize(State(fixture.api()), caller).await.is_ok());
        times.push(began.elapsed());
    }
    Times::new(times)
}

pub(crate) async fn run() {
    for database in Database::all() {
        let (mut alone, mut well, mut hung, mut grown) = (vec![], vec![], vec![], vec![]);
        for _ in 0..rounds() {
            for (others, rounds) in [
                (Others::None, &mut alone),
                (Others::Taking, &mut well),
                (Others::Hanging, &mut hung),
            ] {
                let setup = Setup::new(database, others).await;
                let before = resident_mib();
                rounds.push(setup.round().await);
                if others == Others::Hanging {
                    grown.push(resident_mib() - before);
                }
                setup.close().await;
            }
        }
        report(database, "nine hung, against nine that answer", &well, &hung);
        report(database, "nine hung, against none", &alone, &hung);
        println!("{}: memory grew by {} MiB", database.name(), spread(grown, 0));
    }
}

/// The same with as many messages pending for the nine as can be planned in a limited time.
pub(crate) async fn backlog() {
    const EVENTS: u64 = 11_112;
    for database in Database::all() {
        let setup = Setup::new(database, Others::None).await;
        let without = [setup.round().await, setup.round().await, setup.round().await];
        setup.close().await;
        let setup = Setup::new(database, Others::Hanging).await;
        let before = resident_mib();
        emit::all(&setup.fixture, Shape::Rules, EVENTS).await;
        setup.fixture.planned().await;
        // The tenth has none pending.
        while setup.well.posts() < EVENTS {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let with = [setup.round().await, setup.round().await, setup.round().await];
        let waiting = "select count(*) from deliveries where state in ('pending', 'sending')";
        println!(
            "{}: {} messages pending for nine hung destinations; memory grew by {:.0} MiB to {:.0} MiB",
            database.name(),
            setup.fixture.count(waiting).await,
            resident_mib() - before,
            resident_mib()
        );
        report(database, "nine hung and behind, against none", &without, &with);
        setup.close().await;
    }
}

fn report(database: Database, name: &str, without: &[[f64; 3]], with: &[[f64; 3]]) {
    let what = [
        "event to arrival at the tenth",
        "accepting an event",
        "an API read",
    ];
    for (at, what) in what.into_iter().enumerate() {
        let of = |rounds: &[[f64; 3]]| -> Vec<f64> { rounds.iter().map(|round| round[at]).collect() };
        let (without, with) = (of(without), of(with));
        let ratios = with.iter().zip(&without).map(|(with, without)| with / without);
        println!(
            "{}, {name}, p99 of {what}: {} ms with, {} ms without, ratio {}",
            database.name(),
            spread(with.iter().copied(), 2),
            spread(without.iter().copied(), 2),
            spread(ratios, 2)
        );
    }
}
