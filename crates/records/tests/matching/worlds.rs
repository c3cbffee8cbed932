//! Random worlds: reports in a row, verdicts between them.

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};

use crate::{
    change::{Change, Delta, Sources},
    expect::Round,
    list::{List, report},
    problem::{Flavor, Problem},
};

/// How many worlds a run of the suite looks at, over all flavors; `CAMPANILE_TEST_WORLDS` asks for others, and more.
const WORLDS: u32 = 25_000;
const FLAVORS: u32 = 5;

/// What happens until the next report.
#[derive(Debug, Clone)]
struct Step {
    /// Findings that get a verdict.
    judge: Vec<usize>,
    changes: Vec<Change>,
    /// Which entry is written twice; most numbers are none.
    twice: usize,
    order: u64,
}

#[derive(Debug, Clone)]
struct World {
    flavor: Flavor,
    problems: Vec<Problem>,
    steps: Vec<Step>,
}

fn step() -> impl Strategy<Value = Step> {
    (
        prop::collection::vec(0..9_usize, 0..3),
        prop::collection::vec(Change::any(), 0..3),
        0..20_usize,
        any::<u64>(),
    )
        .prop_map(|(judge, changes, twice, order)| Step {
            judge,
            changes,
            twice,
            order,
        })
}

fn world(flavor: Flavor) -> impl Strategy<Value = World> {
    (
        prop::collection::vec(Problem::any(), 0..10),
        prop::collection::vec(step(), 1..5),
    )
        .prop_map(move |(problems, steps)| World {
            flavor,
            problems,
            steps,
        })
}

impl World {
    fn run(self) {
        let mut sources = Sources::new(self.flavor, self.problems);
        let mut list = List::default();
        let first = report(&sources, usize::MAX, 0);
        let fates = list.matched(&first, 1);
        list.take(&first, &fates);
        assert_eq!(list.0.len(), first.len(), "all of a first report is new");
        for step in self.steps {
            for number in step.judge {
                let present: Vec<_> = list.0.iter_mut().filter(|one| one.present).collect();
                let count = present.len().max(1);
                if let Some(one) = present.into_iter().nth(number % count) {
                    one.verdict = true;
                }
            }
            let before = sources.clone();
            let mut delta = Delta::default();
            for change in step.changes {
                sources.apply(change, &mut delta);
            }
            for order in [step.order, !step.order] {
                let written = report(&sources, step.twice, order);
                let fates = list.matched(&written, order);
                let round = Round {
                    before: &before,
                    now: &sources,
                    delta: &delta,
                    list: &list,
                };
                round.check(&written, &fates);
                list.take(&written, &fates);
                // The same once more, in another order, changes nothing.
                delta = Delta::default();
            }
        }
    }
}

/// Looks at this many worlds of a flavor.
fn run(flavor: Flavor) {
    let wanted = std::env::var("CAMPANILE_TEST_WORLDS").ok();
    let wanted = wanted.and_then(|count| count.parse().ok());
    // The suite looks at the same worlds each time; whoever asks for more gets others each time.
    let seed = if wanted.is_some() {
        RngSeed::Random
    } else {
        RngSeed::Fixed(1)
    };
    let mut runner = TestRunner::new(Config {
        cases: wanted.unwrap_or(WORLDS) / FLAVORS,
        rng_seed: seed,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    });
    let ran = runner.run(&world(flavor), |world| {
        world.run();
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}

/// A problem of the first file with nothing special about it.
fn plain(rule: u8, code: u8, (line, column): (u32, u32)) -> Problem {
    Problem {
        truth: 0,
        file: 0,
        rule,
        code,
        context: 0,
        message: 0,
        line,
        column,
        version: 1,
        twin: false,
    }
}

// promise: M4
#[test]
fn judged_twins_whose_code_becomes_that_of_another_are_linked() {
    let step = |judge, changes| Step {
        judge: vec![judge],
        changes,
        twice: 0,
        order: 0,
    };
    let world = World {
        flavor: Flavor::Hashed,
        problems: vec![
            plain(0, 0, (1, 1)),
            plain(0, 0, (8, 1)),
            plain(0, 0, (1, 2)),
            plain(1, 0, (1, 1)),
            Problem {
                twin: true,
                ..plain(0, 1, (2, 1))
            },
        ],
        steps: vec![
            step(2, vec![]),
            step(4, vec![Change::Remove(1)]),
            step(1, vec![Change::Edit { which: 3, code: 0 }]),
        ],
    };
    world.run();
}

// promise: M5
#[test]
fn changed_code_is_linked_to_the_finding_in_its_place_rather_than_to_one_that_is_gone() {
    let step = |judge: &[usize], changes| Step {
        judge: judge.to_vec(),
        changes,
        twice: usize::MAX,
        order: 0,
    };
    let other = Problem {
        message: 1,
        twin: true,
        ..plain(2, 1, (2, 1))
    };
    // The number of the finding that gets the verdict depends on the order of the list: all are tried.
    for gone in 0..3 {
        let world = World {
            flavor: Flavor::Coded,
            problems: vec![plain(2, 2, (1, 1)), other.clone()],
            steps: vec![
                step(&[gone, 2], vec![]),
                step(&[], vec![Change::Remove(1)]),
                step(&[0], vec![Change::Edit { which: 0, code: 1 }]),
            ],
        };
        world.run();
    }
}

// promise: M3
// promise: M4
#[test]
fn one_that_comes_as_another_goes_leaves_a_verdict_where_it_is() {
    let at = |rule, line| plain(rule, 0, (line, 1));
    let world = World {
        flavor: Flavor::Plain,
        problems: vec![at(0, 1), at(1, 17), at(1, 19), at(0, 40)],
        steps: vec![Step {
            judge: vec![1],
            changes: vec![Change::Remove(2), Change::Add(at(1, 15))],
            twice: usize::MAX,
            order: 0,
        }],
    };
    world.run();
}

// promise: M1
// promise: M3
#[test]
fn results_with_a_hash_stay_themselves() {
    run(Flavor::Hashed);
}

// promise: M2
// promise: M5
#[test]
fn results_with_code_stay_themselves() {
    run(Flavor::Coded);
}

// promise: M3
// promise: M5
#[test]
fn results_with_lines_alone_stay_themselves() {
    run(Flavor::Plain);
}

// promise: M4
#[test]
fn components_stay_themselves() {
    run(Flavor::Component);
}

// promise: M6
#[test]
fn what_is_found_on_a_host_stays_itself() {
    run(Flavor::Host);
}
