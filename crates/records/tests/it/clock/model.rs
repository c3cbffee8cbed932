//! Random histories of findings: what the clock announces matches a model that knows no `clock_at` and no table.

use std::collections::{BTreeMap, BTreeSet};

use base::{Clock, Event, Id, Kind, Severity, Time};
use proptest::{
    collection,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use records::{
    By, Named, Place, Records, Settings, SlaClock,
    findings::{self, Change, Context, Mover, New, Status},
    sla::{self, Warnings},
};
use store::{Store, Tx, params};

use super::hours;
use crate::world::World;

/// How many findings there are, and how many random histories on each database; `CAMPANILE_TEST_CASES` may set more.
const FINDINGS: usize = 3;
const CASES: u32 = 60;

#[derive(Debug, Clone)]
enum Step {
    Forward(u64),
    Back(u64),
    /// A finding's deadline, in hours since the start; none for no deadline.
    Deadline(usize, Option<u64>),
    Retest(usize, Option<u64>),
    Status(usize, Status),
    Hours(Option<Vec<u32>>),
    /// Which nodes check: one, the other, or both at once.
    Look(u8),
    /// A node is restarted.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..FINDINGS;
    let at = || proptest::option::weighted(0.8, (0..40_u64).prop_map(|at| at * 5));
    let ladder = prop::sample::subsequence(vec![1_u32, 4, 10, 24, 60, 168], 0..=4);
    prop_oneof![
        4 => prop_oneof![Just(1), Just(3), Just(5), 0..30_u64, 0..300_u64].prop_map(Step::Forward),
        1 => (0..60_u64).prop_map(Step::Back),
        3 => (which.clone(), at()).prop_map(|(which, at)| Step::Deadline(which, at)),
        1 => (which.clone(), at()).prop_map(|(which, at)| Step::Retest(which, at)),
        2 => (which, prop::sample::select(&Status::ALL[..])).prop_map(|(which, to)| Step::Status(which, to)),
        1 => proptest::option::weighted(0.8, ladder).prop_map(Step::Hours),
        6 => (0..3_u8).prop_map(Step::Look),
        1 => Just(Step::Restart),
    ]
}

/// An announcement: the finding, the kind, the deadline, the step.
type Announced = (Id, Kind, Time, u64);

/// A finding in the model.
#[derive(Debug, Clone)]
struct Life {
    id: Id,
    status: Status,
    deadline: Option<Time>,
    retest: Option<Time>,
}

struct Model {
    lives: Vec<Life>,
    hours: Option<Vec<u32>>,
    /// The nearest announced step of each deadline.
    nearest: BTreeMap<(Id, bool, Time), u64>,
}

impl Model {
    /// Every step that may still be announced, with its time.
    fn steps(&self) -> Vec<(Announced, bool, Time)> {
        let warnings = self.hours.clone().unwrap_or_else(|| vec![168, 72, 24, 4]);
        let mut steps = Vec::new();
        for life in &self.lives {
            if matches!(life.status, Status::Open | Status::InProgress | Status::Retest) {
                if let Some(at) = life.deadline {
                    steps.push(((life.id, Kind::SlaBreached, at, 0), false, at));
                    for hour in &warnings {
                        let announced = (life.id, Kind::SlaWarning, at, u64::from(*hour));
                        steps.push((announced, false, at.before(hours(u64::from(*hour)))));
                    }
                }
                if let Some(at) = life.retest {
                    steps.push(((life.id, Kind::RetestDue, at, 0), true, at));
                }
            }
        }
        steps.retain(|(announced, retest, _)| {
            let nearest = self.nearest.get(&(announced.0, *retest, announced.2));
            nearest.is_none_or(|nearest| announced.3 < *nearest)
        });
        steps
    }

    /// What is announced now.
    fn look(&mut self, now: Time) -> BTreeSet<Announced> {
        let mut nearest: BTreeMap<(Id, bool, Time), Announced> = BTreeMap::new();
        for (announced, retest, at) in self.steps() {
            if at <= now {
                let known = nearest
                    .entry((announced.0, retest, announced.2))
                    .or_insert(announced);
                if announced.3 < known.3 {
                    *known = announced;
                }
            }
        }
        for (key, announced) in &nearest {
            self.nearest.insert(*key, announced.3);
        }
        nearest.into_values().collect()
    }
}

/// A case on one database.
struct Case {
    store: Store,
    company: Id,
    start: Time,
}

fn settings() -> Settings {
    Settings {
        sla_days: sla::Days {
            low: 0,
            ..sla::Days::default()
        },
        ..Settings::default()
    }
}

impl Case {
    fn clock(&self) -> &Clock {
        self.store.clock()
    }

    fn node(&self) -> SlaClock {
        SlaClock::new(Records::new(self.store.clone(), settings()))
    }

    async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, records::Refused> + Clone + Send + 'static,
    ) -> T {
        self.store.write(f).await.unwrap()
    }

    async fn make(&self) -> Vec<Life> {
        let company = self.company;
        let made = self.write(move |tx| {
            let place = Place {
                company: Named {
                    id: company,
                    name: "Ours".to_owned(),
                },
                project: None,
            };
            let settings = settings().of(tx, company)?;
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            (0..FINDINGS)
                .map(|_| findings::create(tx, New::titled("x", Severity::Low), &place, context))
                .collect::<Result<Vec<_>, _>>()
        });
        made.await
            .into_iter()
            .map(|finding| Life {
                id: finding.id,
                status: finding.status,
                deadline: None,
                retest: None,
            })
            .collect()
    }

    async fn change(&self, id: Id, change: Change) {
        let company = self.company;
        self.write(move |tx| {
            let mut finding = findings::get_for_update(tx, id, &base::Scope::of([company]))?;
            let settings = settings().of(tx, company)?;
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            findings::change(tx, &mut finding, change, context)
        })
        .await;
    }

    /// Changes its status if allowed; returns the result.
    async fn go(&self, id: Id, to: Status) -> findings::Finding {
        let company = self.company;
        self.write(move |tx| {
            let mut finding = findings::get_for_update(tx, id, &base::Scope::of([company]))?;
            let settings = settings().of(tx, company)?;
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            if finding.status.may_become(to, Mover::Person) {
                findings::move_to(tx, &mut finding, to, "", context)?;
            }
            Ok(finding)
        })
        .await
    }

    /// What was announced about these findings after an event, and the last event.
    async fn announced(&self, model: &Model, after: Id) -> (Vec<Announced>, Id) {
        let sql = "select id, body from events where id > $1 and kind in ('sla.warning', 'sla.breached', 'retest.due')
            order by id";
        let rows = self
            .write(move |tx| Ok(tx.all::<(Id, String)>(sql, params![after])?))
            .await;
        let last = rows.last().map_or(after, |(id, _)| *id);
        let announced = rows.iter().map(|(_, body)| {
            let event: Event = serde_json::from_str(body).unwrap();
            let deadline = event.text("deadline").unwrap().parse().unwrap();
            let step = event.data["step_hours"].as_u64().unwrap();
            (event.subject.id, event.kind, deadline, step)
        });
        let own = announced.filter(|(id, ..)| model.lives.iter().any(|life| life.id == *id));
        (own.collect(), last)
    }

    /// Removes what a previous case left.
    async fn clear(&self) {
        let company = self.company;
        self.write(move |tx| {
            tx.execute("delete from findings where company_id = $1", params![company])?;
            Ok(sla::warnings::set(tx, company, Warnings::default())?)
        })
        .await;
    }

    async fn run(&self, steps: &[Step]) -> Result<(), TestCaseError> {
        self.clock().set(self.start);
        self.clear().await;
        let mut model = Model {
            lives: self.make().await,
            hours: None,
            nearest: BTreeMap::new(),
        };
        let mut nodes = [self.node(), self.node()];
        let mut last = self.clock().id();
        for step in steps {
            self.step(step, &mut model).await;
            match step {
                Step::Restart => nodes = [self.node(), self.node()],
                Step::Look(which) => {
                    let expected = model.look(self.clock().now());
                    let next = look(&mut nodes, *which).await;
                    let (announced, newest) = self.announced(&model, last).await;
                    last = newest;
                    let set: BTreeSet<Announced> = announced.iter().copied().collect();
                    prop_assert_eq!(announced.len(), set.len(), "something was announced twice");
                    prop_assert_eq!(&set, &expected);
                    let now = self.clock().now();
                    let comes = model.steps().into_iter().map(|(.., at)| at);
                    let comes = comes.filter(|at| *at > now).min();
                    let sleeps = next.unwrap_or(Time::from_nanos(i64::MAX));
                    prop_assert!(comes.is_none_or(|at| sleeps <= at), "it would sleep too long");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Applies it to the tables and to the model.
    async fn step(&self, step: &Step, model: &mut Model) {
        let at = |at: &Option<u64>| at.map(|at| self.start.after(hours(at)));
        match step {
            Step::Forward(by) => self.clock().advance(hours(*by)),
            Step::Back(by) => self.clock().set(self.clock().now().before(hours(*by))),
            Step::Deadline(which, to) => {
                let life = &mut model.lives[*which];
                life.deadline = at(to);
                let change = Change {
                    sla_due_at: Some(life.deadline),
                    ..Change::default()
                };
                self.change(life.id, change).await;
            }
            Step::Retest(which, to) => {
                let life = &mut model.lives[*which];
                life.retest = at(to);
                let change = Change {
                    retest_due_at: Some(life.retest),
                    ..Change::default()
                };
                self.change(life.id, change).await;
            }
            Step::Status(which, to) => {
                let life = &mut model.lives[*which];
                let finding = self.go(life.id, *to).await;
                // The lifecycle decides when a retest gets a date.
                (life.status, life.retest) = (finding.status, finding.retest_due_at);
            }
            Step::Hours(to) => {
                model.hours.clone_from(to);
                let (company, warnings) = (self.company, Warnings { hours: to.clone() });
                self.write(move |tx| Ok(sla::warnings::set(tx, company, warnings)?))
                    .await;
            }
            Step::Look(_) | Step::Restart => {}
        }
    }
}

/// Lets one node check, the other, or both at once; returns when the first of them checks next.
async fn look(nodes: &mut [SlaClock; 2], which: u8) -> Option<Time> {
    let [one, other] = nodes;
    match which {
        0 => one.catch_up().await.unwrap(),
        1 => other.catch_up().await.unwrap(),
        _ => {
            let (one, other) = tokio::join!(one.catch_up(), other.catch_up());
            one.unwrap().into_iter().chain(other.unwrap()).min()
        }
    }
}

#[test]
fn random_histories_are_announced_as_in_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cases = std::env::var("CAMPANILE_TEST_CASES").ok();
    let cases = cases.and_then(|text| text.parse().ok()).unwrap_or(CASES);
    for world in runtime.block_on(World::all()) {
        let case = Case {
            store: world.store.clone(),
            company: world.ours,
            start: world.clock.now(),
        };
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::with_cases(cases)
        });
        let done = runner.run(&collection::vec(step(), 1..40), |steps| {
            runtime.block_on(case.run(&steps))
        });
        done.unwrap_or_else(|error| panic!("{}: {error}", world.database));
        runtime.block_on(world.store.close());
    }
}
