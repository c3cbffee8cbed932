//! Random sets of users, companies, memberships and events through the real endpoint, against a separate model:
//! every stream delivers exactly what its user may see, in order, and nothing else.
//!
//! `CAMPANILE_STREAM_FRAMES` sets how many frames are checked (100,000 by default).

use std::collections::BTreeSet;

use base::{Audience, Event, Id, Kind};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use realtime::Options;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::{TestServer, client::Client};

/// Kinds of companies' events, single and bundled ones.
const KINDS: [Kind; 6] = [
    Kind::FindingCreated,
    Kind::FindingStatusChanged,
    Kind::SlaBreached,
    Kind::ScanCompleted,
    Kind::ReportReady,
    Kind::ProjectDeleted,
];

/// A user at the start, by numbers of companies.
#[derive(Debug, Clone)]
struct Person {
    administrator: bool,
    companies: BTreeSet<usize>,
    tabs: usize,
}

/// A step; numbers beyond the end wrap around.
#[derive(Debug, Clone)]
enum Step {
    /// A number of events of a company in one commit.
    Commit {
        company: usize,
        kind: usize,
        count: usize,
    },
    /// A number of findings of an import in one commit.
    Import { company: usize, count: usize },
    /// A frame about a user's inbox.
    CommandQueue { person: usize },
    /// A membership added or removed; the tabs reconnect.
    Member { person: usize, company: usize, is: bool },
    /// An administrator added or removed; the tabs reconnect.
    Administrator { person: usize, is: bool },
    /// A session ended; its tab reconnects with a new one.
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
        3 => person.clone().prop_map(|person| Step::CommandQueue { person }),
        2 => (person.clone(), company, any::<bool>())
            .prop_map(|(person, company, is)| Step::Member { person, company, is }),
        1 => (person.clone(), any::<bool>()).prop_map(|(person, is)| Step::Administrator { person, is }),
        1 => person.prop_map(|person| Step::SignOut { person }),
    ]
}

/// A tab and what it must see. It has its own session.
struct Tab {
    person: usize,
    token: String,
    expected: Vec<String>,
    reading: JoinHandle<Vec<Value>>,
    /// Whether access was revoked, so that pending frames may be missing at the end.
    cut: bool,
}

/// The model: it does not use the code's tenant rule.
struct Model<'a> {
    server: &'a TestServer,
    companies: Vec<Id>,
    people: Vec<(Id, Person)>,
    tabs: Vec<Tab>,
    /// Tabs that have ended.
    ended: Vec<Tab>,
}

impl<'a> Model<'a> {
    async fn new(server: &'a TestServer, people: Vec<Person>) -> Self {
        let companies: Vec<Id> = (0..5).map(|_| server.clock.id()).collect();
        let mut model = Self {
            server,
            companies,
            people: Vec::new(),
            tabs: Vec::new(),
            ended: Vec::new(),
        };
        for person in people {
            let member_of: Vec<Id> = person.companies.iter().map(|n| model.companies[*n]).collect();
            let id = server.access.member(&member_of);
            if person.administrator {
                server.access.set_administrator(id, true);
            }
            model.people.push((id, person));
        }
        // Adding an administrator is a change: it ends no stream that is opened after the hub has received it.
        server.caught_up().await;
        for n in 0..model.people.len() {
            for _ in 0..model.people[n].1.tabs {
                let token = server.access.sign_in(model.people[n].0);
                model.connect(n, token).await;
            }
        }
        model
    }

    async fn connect(&mut self, person: usize, token: String) {
        let client = loop {
            let mut client = self.server.try_open(&token).await.unwrap();
            // A change that has not reached the hub yet ends a stream opened after it; it opens another.
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
                    .map(|_| self.server.event(KINDS[kind], audience))
                    .collect();
                let names: Vec<_> = events.iter().map(name).collect();
                self.expect_company(company, &names);
                self.server.commit(events);
            }
            Step::Import { company, count } => self.import(company, count),
            Step::CommandQueue { person } => {
                let person = person % self.people.len();
                let audience = Audience::User(self.people[person].0);
                let event = self.server.event(Kind::NotificationCreated, audience);
                for tab in self.tabs.iter_mut().filter(|tab| tab.person == person) {
                    tab.expected.push(name(&event));
                }
                self.server.commit(vec![event]);
            }
            Step::Member { person, company, is } => {
                let (id, person) = self.person(person);
                if is {
                    self.people[person].1.companies.insert(company);
                } else {
                    self.people[person].1.companies.remove(&company);
                }
                self.server.access.set_member(id, self.companies[company], is);
                self.reconnect(person).await;
            }
            Step::Administrator { person, is } => {
                let (id, person) = self.person(person);
                self.people[person].1.administrator = is;
                self.server.access.set_administrator(id, is);
                self.reconnect(person).await;
            }
            Step::SignOut { person } => {
                let (id, person) = self.person(person);
                if let Some(at) = self.tabs.iter().position(|tab| tab.person == person) {
                    self.server.access.sign_out(&self.tabs[at].token);
                    let tab = self.tabs.remove(at);
                    self.ended.push(Tab { cut: true, ..tab });
                    // A stream also delivers what is pending when it opens; here nothing is.
                    self.server.caught_up().await;
                    self.connect(person, self.server.access.sign_in(id)).await;
                }
            }
        }
    }

    fn person(&self, person: usize) -> (Id, usize) {
        let person = person % self.people.len();
        (self.people[person].0, person)
    }

    /// Every tab of a user has lost its stream; they reconnect after the next step.
    async fn reconnect(&mut self, person: usize) {
        let (gone, kept) = std::mem::take(&mut self.tabs)
            .into_iter()
            .partition::<Vec<_>, _>(|tab| tab.person == person);
        self.tabs = kept;
        // Before they reconnect, something happens that none of them may see any more.
        for company in 0..self.companies.len() {
            let audience = Audience::Company(self.companies[company]);
            let event = self.server.event(Kind::AssetUpdated, audience);
            self.expect_company(company, &[name(&event)]);
            self.server.commit(vec![event]);
        }
        let tokens: Vec<String> = gone.iter().map(|tab| tab.token.clone()).collect();
        self.ended
            .extend(gone.into_iter().map(|tab| Tab { cut: true, ..tab }));
        // The hub must have the change before the stream is opened, or the new one would be ended by it as well.
        self.server.caught_up().await;
        for token in tokens {
            self.connect(person, token).await;
        }
    }

    fn import(&mut self, company: usize, count: usize) {
        let audience = Audience::Company(self.companies[company]);
        let scan = self.server.clock.id();
        let events: Vec<Event> = (0..count)
            .map(|n| {
                let kind = [Kind::FindingCreated, Kind::FindingUpdated][n % 2];
                let mut event = self.server.event(kind, audience);
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
        self.server.commit(events);
    }

    fn expect_company(&mut self, company: usize, frames: &[String]) {
        for tab in &mut self.tabs {
            let person = &self.people[tab.person].1;
            if person.administrator || person.companies.contains(&company) {
                tab.expected.extend(frames.iter().cloned());
            }
        }
    }

    /// Ends every stream cleanly and compares. Returns how many frames there were.
    async fn compare(self) -> Result<usize, TestCaseError> {
        for (id, _) in &self.people {
            let last = self.server.event(Kind::NotificationAllRead, Audience::User(*id));
            self.server.commit(vec![last]);
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
                    "{seen:?} is not a prefix of {:?}",
                    tab.expected
                );
            } else {
                prop_assert_eq!(seen, tab.expected);
            }
        }
        Ok(frames)
    }
}

/// An event by its type and id, as in its frame.
fn name(event: &Event) -> String {
    format!("{} {}", event.kind, event.id)
}

/// Reads until the last frame a user gets or the end of the stream.
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
    let server = TestServer::start(&roomy);
    let mut model = Model::new(&server, people).await;
    for step in steps {
        model.step(step).await;
    }
    let frames = model.compare().await?;
    prop_assert_eq!(server.hub.metrics().dropped, 0);
    Ok(frames)
}

// promise: E7
#[test]
fn users_see_exactly_their_own_events() {
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
        // A runner runs its cases once; a failure's message contains its seed.
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
