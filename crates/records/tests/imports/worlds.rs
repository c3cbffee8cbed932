//! Random reports in a row, imported as files: what is on the list after each, by the promises.

use base::Id;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use records::findings::{Finding, Status};
use serde_json::{Value, json};

use crate::world::{World, report};

/// Worlds for each database; `CAMPANILE_TEST_WORLDS` divided by a thousand raises it.
const WORLDS: usize = 16;

/// A problem in the sources. Its code is its own, so that the evidence decides everything.
#[derive(Debug, Clone)]
struct Problem {
    truth: usize,
    rule: u8,
    file: u8,
    line: u32,
}

/// What happens between two reports.
#[derive(Debug, Clone)]
enum Change {
    Add { rule: u8, file: u8, line: u32 },
    Remove(usize),
    Shift { file: u8, by: u32 },
    Indent,
    Checkout(u8),
    Edit(usize),
    Judge(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..2_u8, 0..2_u8, 1..30_u32).prop_map(|(rule, file, line)| Change::Add { rule, file, line }),
        (0..9_usize).prop_map(Change::Remove),
        (0..2_u8, 1..20_u32).prop_map(|(file, by)| Change::Shift { file, by }),
        Just(Change::Indent),
        (0..4_u8).prop_map(Change::Checkout),
        (0..9_usize).prop_map(Change::Edit),
        (0..9_usize).prop_map(Change::Judge),
    ]
}

#[derive(Debug, Default)]
struct Sources {
    problems: Vec<Problem>,
    born: usize,
    checkout: u8,
    indent: usize,
}

/// What a problem's finding has to be.
#[derive(Debug, Clone)]
struct Expected {
    truth: usize,
    id: Id,
    judged: bool,
}

impl Sources {
    fn add(&mut self, rule: u8, file: u8, line: u32) {
        self.born += 1;
        self.problems.push(Problem {
            truth: self.born,
            rule,
            file,
            line,
        });
    }

    /// As a scanner writes it that knows the code.
    fn report(&self, from_behind: bool) -> String {
        let mut results: Vec<Value> = self.problems.iter().map(|one| self.result(one)).collect();
        if from_behind {
            results.reverse();
        }
        report(&[json!({"tool": {"driver": {"name": "Saw"}}, "results": results})])
    }

    fn result(&self, one: &Problem) -> Value {
        let code = format!("{}call({})", " ".repeat(self.indent), one.truth);
        json!({
            "ruleId": format!("rule-{}", one.rule),
            "level": "warning",
            "message": {"text": format!("problem {}", "x".repeat(one.truth))},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": format!("/build/{}/src/{}.rs", self.checkout, one.file)},
                "region": {"startLine": one.line, "startColumn": self.indent + 1, "snippet": {"text": code}},
            }}],
        })
    }
}

struct Model {
    sources: Sources,
    expected: Vec<Expected>,
}

impl Model {
    /// Changes the sources; answers the problems that are another problem under a verdict now.
    async fn apply(&mut self, world: &World, change: Change) {
        let count = self.sources.problems.len().max(1);
        match change {
            Change::Add { rule, file, line } => self.sources.add(rule, file, line),
            // The last one of a file stays: without a path in common no checkout is found again.
            Change::Remove(which) if count > 2 => drop(self.sources.problems.remove(which % count)),
            Change::Shift { file, by } => {
                let lines = self.sources.problems.iter_mut().filter(|one| one.file == file);
                lines.for_each(|one| one.line += by);
            }
            Change::Indent => self.sources.indent += 4,
            Change::Checkout(checkout) => self.sources.checkout = checkout,
            Change::Edit(which) => {
                // Code that was judged is changed: that is another problem.
                let judged = |truth| self.expected.iter().any(|one| one.truth == truth && one.judged);
                let born = self.sources.born + 1;
                if let Some(one) = self.sources.problems.get_mut(which % count)
                    && judged(one.truth)
                {
                    one.truth = born;
                    self.sources.born = born;
                }
            }
            Change::Judge(which) => {
                let Some(one) = self.sources.problems.get(which % count) else {
                    return;
                };
                let known = self.expected.iter_mut().find(|known| known.truth == one.truth);
                if let Some(known) = known.filter(|known| !known.judged) {
                    known.judged = true;
                    world.judge(known.id).await;
                }
            }
            Change::Remove(_) => {}
        }
    }

    /// Imports a report and looks at the whole list.
    async fn import(&mut self, world: &World, from_behind: bool) {
        let before = world.of_project().await;
        let status = |id: Id| before.iter().find(|one| one.id == id).map(|one| one.status);
        let present = |known: &Expected| self.sources.problems.iter().any(|one| one.truth == known.truth);
        let is = |wanted: Status, known: &Expected| status(known.id) == Some(wanted);
        let new = self.sources.problems.iter().filter(|one| {
            let truth = one.truth;
            !self.expected.iter().any(|known| known.truth == truth)
        });
        let new = new.count();
        let count = |wanted: Status, there: bool| {
            let known = self.expected.iter();
            known
                .filter(|known| present(known) == there && is(wanted, known))
                .count()
        };
        let (closed, back) = (count(Status::Open, false), count(Status::Closed, true));
        let answer = world.import(self.sources.report(from_behind)).await;
        let [read, created, _, reopened, gone, _, skipped] = answer.counts();
        assert_eq!(read, self.sources.problems.len() as u64);
        assert_eq!(
            (created, reopened, gone, skipped),
            (new as u64, back as u64, closed as u64, 0),
            "{}: {}",
            world.database,
            answer.body
        );
        self.look(world).await;
        let again = world.import(self.sources.report(!from_behind)).await.counts();
        assert_eq!(again, [read, 0, 0, 0, 0, read, 0], "the same in another order");
    }

    /// That each problem is a finding of its own, with its own words, and what is gone is closed.
    async fn look(&mut self, world: &World) {
        let list = world.of_project().await;
        let title = |one: &Problem| format!("rule-{}: problem {}", one.rule, "x".repeat(one.truth));
        for one in &self.sources.problems {
            let of: Vec<&Finding> = list
                .iter()
                .filter(|finding| finding.title == title(one))
                .collect();
            assert_eq!(of.len(), 1, "{}: {one:?} is {of:?}", world.database);
            match self.expected.iter().find(|known| known.truth == one.truth) {
                None => self.expected.push(Expected {
                    truth: one.truth,
                    id: of[0].id,
                    judged: false,
                }),
                Some(known) => assert_eq!(known.id, of[0].id, "{one:?} is no longer itself"),
            }
            let line = format!("{}.rs:{}", one.file, one.line);
            let location = &of[0].location;
            assert!(location.ends_with(&line), "{one:?} is at {location}");
        }
        for known in &self.expected {
            let finding = list.iter().find(|finding| finding.id == known.id).unwrap();
            let there = self.sources.problems.iter().any(|one| one.truth == known.truth);
            let status = match (known.judged, there) {
                (true, _) => Status::FalsePositive,
                (false, true) => Status::Open,
                (false, false) => Status::Closed,
            };
            assert_eq!(finding.status, status, "{}: {known:?}", world.database);
        }
        assert_eq!(list.len(), self.expected.len(), "nothing else is on the list");
    }
}

impl World {
    /// The findings of its project.
    async fn of_project(&self) -> Vec<Finding> {
        let mut all = self.findings().await;
        all.retain(|one| {
            one.place
                .project
                .as_ref()
                .is_some_and(|project| project.id == self.project)
        });
        all
    }
}

// promise: M2
// promise: M3
// promise: M4
// promise: M5
#[tokio::test]
async fn what_random_reports_hold_is_on_the_list() {
    let wanted = std::env::var("CAMPANILE_TEST_WORLDS").ok();
    let wanted = wanted.and_then(|count| count.parse::<usize>().ok());
    let worlds = wanted.map_or(WORLDS, |count| WORLDS.max(count / 1_000));
    let steps = prop::collection::vec((prop::collection::vec(change(), 1..3), any::<bool>()), 2..6);
    for mut world in World::all().await {
        let mut runner = TestRunner::deterministic();
        for number in 0..worlds {
            let steps = steps.new_tree(&mut runner).unwrap().current();
            world.project = world.add_project(&format!("Project {number}")).await;
            // Shown where the test fails.
            eprintln!("{} {number}: {steps:?}", world.database);
            let mut model = Model {
                sources: Sources::default(),
                expected: Vec::new(),
            };
            for (rule, file, line) in [(0, 0, 3), (0, 0, 9), (1, 0, 12), (0, 1, 5), (1, 1, 20)] {
                model.sources.add(rule, file, line);
            }
            model.import(&world, false).await;
            for (changes, from_behind) in steps {
                for change in changes {
                    model.apply(&world, change).await;
                }
                model.import(&world, from_behind).await;
            }
        }
    }
}
