//! Random worlds of people, companies, memberships and events through the real endpoint, against a model of its own:
//! every stream carries exactly what its person may see, in order, and nothing else.
//!
//! `CAMPANILE_STREAM_FRAMES` says how many frames are checked (100,000 if it does not).

use std::collections::BTreeSet;

use base::{Audience, Event, Id, Kind};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use realtime::Options;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::{Station, client::Client};

/// Kinds of companies' events, single and bundled ones.
const KINDS: [Kind; 6] = [
    Kind::FindingCreated,
    Kind::FindingStatusChanged,
    Kind::SlaBreached,
    Kind::ScanCompleted,
    Kind::ReportReady,
    Kind::ProjectDeleted,
];

/// What a person is at the start, by numbers of companies.
#[derive(Debug, Clone)]
struct Person {
    administrator: bool,
    companies: BTreeSet<usize>,
    tabs: usize,
}

/// What happens; numbers beyond the end wrap around.
#[derive(Debug, Clone)]
enum Step {
    /// So many events of a company in one commit.
    Commit {
        company: usize,
        kind: usize,
        count: usize,
    },
    /// So many findings of an import in one commit.
    Import { company: usize, count: usize },
    /// A frame about somebody's inbox.
    Inbox { person: usize },
    /// A membership given or taken; the tabs reconnect.
    Member { person: usize, company: usize, is: bool },
    /// An administrator made or unmade; the tabs reconnect.
    Administrator { person: usize, is: bool },
    /// A session ended; its tab comes back with a new one.
    SignOut { person: usize },
}

fn person() -> impl Strategy<Value = Person> {
    let companies = prop::collection::btree_set(0_usize..5, 0..4);
    (prop::bool::weighted(0.2), companies, 1_usize..3).prop_map(|(administrator, companies, tabs)| Person {
        administrator,
        companies,
        tabs,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let (person, company) = (0_usize..6, 0_usize..5);
    prop_oneof![
        8 => (company.clone(), 0..KINDS.len(), 1_usize..40)
            .prop_map(|(company, kind, count)| Step::Commit { company, kind, count }),
        2 => (company.clone(), 1_usize..120).prop_map(|(company, count)| Step::Import { company, count }),
        3 => person.clone().prop_map(|person| Step::Inbox { person }),
        2 => (person.clone(), company, any::<bool>())
            .prop_map(|(person, company, is)| Step::Member { person, company, is }),
        1 => (person.clone(), any::<bool>()).prop_map(|(person, is)| Step::Administrator { person, is }),
        1 => person.prop_map(|person| Step::SignOut { person }),
    ]
}

/// A tab and what it must see. Its session is its own.
struct Tab {
    person: usize,
    token: String,
    expected: Vec<String>,
    reading: JoinHandle<Vec<Value>>,
    /// Whether access was taken away, so that what was on its way may be missing at the end.
    cut: bool,
}

/// The world as the model has it: it does not ask the tenant rule of the code.
struct Model<'a> {
    station: &'a Station,
    companies: Vec<Id>,
    people: Vec<(Id, Person)>,
    tabs: Vec<Tab>,
    /// Tabs that were ended.
    ended: Vec<Tab>,
}

impl<'a> Model<'a> {
    async fn new(station: &'a Station, people: Vec<Person>) -> Self {
        let companies: Vec<Id> = (0..5).map(|_| station.clock.id()).collect();
        let mut model = Self {
            station,
            companies,
            people: Vec::new(),
            tabs: Vec::new(),
            ended: Vec::new(),
        };
        for person in people {
            let member_of: Vec<Id> = person.companies.iter().map(|n| model.companies[*n]).collect();
            let id = station.gate.member(&member_of);
            if person.administrator {
                station.gate.set_administrator(id, true);
            }
            model.people.push((id, person));
        }
        // Making an administrator is a change: it ends no stream that is opened after the hub has heard of it.
        station.caught_up().await;
        for n in 0..model.people.len() {
            for _ in 0..model.people[n].1.tabs {
                let token = station.gate.sign_in(model.people[n].0);
                model.connect(n, token).await;
            }
        }
        model
    }

    async fn connect(&mut self, person: usize, token: String) {
        let client = loop {
            let mut client = self.station.try_open(&token).await.unwrap();
            // A change that is still on its way to the hub ends a stream opened after it; it opens another.
            if let Some(ping) = client.next().await {
                assert_eq!(ping["type"], "ping");
                break client;
            }
        };
        self.tabs.push(Tab {
            person,
            token,
            expected: Vec::new(),
            reading: tokio::spawn(read(client)),
            cut: false,
        });
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Commit { company, kind, count } => {
                let audience = Audience::Company(self.companies[company]);
                let events: Vec<_> = (0..count)
                    .map(|_| self.station.event(KINDS[kind], audience))
                    .collect();
                let names: Vec<_> = events.iter().map(name).collect();
                self.expect_company(company, &names);
                self.station.commit(events);
            }
            Step::Import { company, count } => self.import(company, count),
            Step::Inbox { person } => {
                let person = person % self.people.len();
                let audience = Audience::User(self.people[person].0);
                let event = self.station.event(Kind::NotificationCreated, audience);
                for tab in self.tabs.iter_mut().filter(|tab| tab.person == person) {
                    tab.expected.push(name(&event));
                }
                self.station.commit(vec![event]);
            }
            Step::Member { person, company, is } => {
                let (id, person) = self.person(person);
                if is {
                    self.people[person].1.companies.insert(company);
                } else {
                    self.people[person].1.companies.remove(&company);
                }
                self.station.gate.set_member(id, self.companies[company], is);
                self.reconnect(person).await;
            }
            Step::Administrator { person, is } => {
                let (id, person) = self.person(person);
                self.people[person].1.administrator = is;
                self.station.gate.set_administrator(id, is);
                self.reconnect(person).await;
            }
            Step::SignOut { person } => {
                let (id, person) = self.person(person);
                if let Some(at) = self.tabs.iter().position(|tab| tab.person == person) {
                    self.station.gate.sign_out(&self.tabs[at].token);
                    let tab = self.tabs.remove(at);
                    self.ended.push(Tab { cut: true, ..tab });
                    // A stream also carries what is on its way when it opens; here nothing is.
                    self.station.caught_up().await;
                    self.connect(person, self.station.gate.sign_in(id)).await;
                }
            }
        }
    }

    fn person(&self, person: usize) -> (Id, usize) {
        let person = person % self.people.len();
        (self.people[person].0, person)
    }

    /// Every tab of a person has lost its stream; they come back after what happens next.
    async fn reconnect(&mut self, person: usize) {
        let (gone, kept) = std::mem::take(&mut self.tabs)
            .into_iter()
            .partition::<Vec<_>, _>(|tab| tab.person == person);
        self.tabs = kept;
        // In the moment before they are back something happens that none of them may see any more.
        for company in 0..self.companies.len() {
            let audience = Audience::Company(self.companies[company]);
            let event = self.station.event(Kind::AssetUpdated, audience);
            self.expect_company(company, &[name(&event)]);
            self.station.commit(vec![event]);
        }
        let tokens: Vec<String> = gone.iter().map(|tab| tab.token.clone()).collect();
        self.ended
            .extend(gone.into_iter().map(|tab| Tab { cut: true, ..tab }));
        // The change is the hub's before the stream is opened, or the new one would be ended by it as well.
        self.station.caught_up().await;
        for token in tokens {
            self.connect(person, token).await;
        }
    }

    fn import(&mut self, company: usize, count: usize) {
        let audience = Audience::Company(self.companies[company]);
        let scan = self.station.clock.id();
        let events: Vec<Event> = (0..count)
            .map(|n| {
                let kind = [Kind::FindingCreated, Kind::FindingUpdated][n % 2];
                let mut event = self.station.event(kind, audience);
                event.bundle = Some(scan);
                event
            })
            .collect();
        let of = |kind: Kind| {
            let alike: Vec<_> = events.iter().filter(|event| event.kind == kind).collect();
            alike.last().map(|last| name(last))
        };
        let frames = [of(Kind::FindingCreated), of(Kind::FindingUpdated)];
        let frames: Vec<_> = frames.into_iter().flatten().collect();
        self.expect_company(company, &frames);
        self.station.commit(events);
    }

    fn expect_company(&mut self, company: usize, frames: &[String]) {
        for tab in &mut self.tabs {
            let person = &self.people[tab.person].1;
            if person.administrator || person.companies.contains(&company) {
                tab.expected.extend(frames.iter().cloned());
            }
        }
    }

    /// Ends every stream in good order and compares. Says how many frames there were.
    async fn compare(self) -> Result<usize, TestCaseError> {
        for (id, _) in &self.people {
            let last = self.station.event(Kind::NotificationAllRead, Audience::User(*id));
            self.station.commit(vec![last]);
        }
        let mut frames = 0;
        for tab in self.tabs.into_iter().chain(self.ended) {
            let seen: Vec<String> = tab
                .reading
                .await
                .unwrap()
                .iter()
                .map(|frame| {
                    format!(
                        "{} {}",
                        frame["type"].as_str().unwrap(),
                        frame["id"].as_str().unwrap()
                    )
                })
                .collect();
            frames += seen.len();
            if tab.cut {
                prop_assert!(
                    tab.expected.starts_with(&seen),
                    "{seen:?} is not how {:?} begins",
                    tab.expected
                );
            } else {
                prop_assert_eq!(seen, tab.expected);
            }
        }
        Ok(frames)
    }
}

/// An event by its type and id, as its frame names it.
fn name(event: &Event) -> String {
    format!("{} {}", event.kind, event.id)
}

/// Reads until the last frame a person gets or the end of the stream.
async fn read(mut client: Client) -> Vec<Value> {
    let mut seen = Vec::new();
    while let Some(frame) = client.next().await {
        if frame["type"] == Kind::NotificationAllRead.name() {
            break;
        }
        seen.push(frame);
    }
    seen
}

async fn play(people: Vec<Person>, steps: Vec<Step>) -> Result<usize, TestCaseError> {
    let roomy = Options {
        frames: 100_000,
        bytes: 100_000_000,
        shards: 2,
        ..Options::default()
    };
    let station = Station::start(&roomy);
    let mut model = Model::new(&station, people).await;
    for step in steps {
        model.step(step).await;
    }
    let frames = model.compare().await?;
    prop_assert_eq!(station.hub.metrics().dropped, 0);
    Ok(frames)
}

// promise: E7
#[test]
fn nobody_sees_more_or_less_than_their_own() {
    let wanted = std::env::var("CAMPANILE_STREAM_FRAMES").map_or(100_000, |frames| frames.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = (
        prop::collection::vec(person(), 1..6),
        prop::collection::vec(step(), 1..40),
    );
    let frames = std::cell::Cell::new(0);
    while frames.get() < wanted {
        // A runner runs its cases once; its seed is in what it says of a failure.
        TestRunner::new(Config {
            cases: 1,
            failure_persistence: None,
            ..Config::default()
        })
        .run(&world, |(people, steps)| {
            frames.set(frames.get() + runtime.block_on(play(people, steps))?);
            Ok(())
        })
        .unwrap();
    }
}
