//! Hundreds of worlds in one scan report, one scan report after another.
//!
//! Owns: generating worlds from a seed, importing them together, and the output when one of them fails: the smallest
//! script that fails alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use base::{Id, Scope};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use records::{
    By,
    findings::{self, Status},
};

use super::{
    rows::{Row, rows},
    tool::{Kind, ROUNDS, Round, Tally, World, Written, mix},
};
use crate::world::{Answer, World as Ground};

/// Worlds on each database, over all tools; `CAMPANILE_TEST_WORLDS` sets another number.
pub(crate) const WORLDS: usize = 10_000;
/// Worlds in one scan report.
const BATCH: usize = 500;
/// How often a failing world is reduced.
const TRIES: usize = 200;

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable)
        .ok()
        .and_then(|number| number.parse().ok())
}

/// Checks this many of a hundred worlds, on each database.
pub(crate) async fn run<W: World>(of_hundred: usize) {
    let worlds = number("CAMPANILE_TEST_WORLDS").unwrap_or(WORLDS) * of_hundred / 100;
    let seed = number("CAMPANILE_TEST_SEED").unwrap_or(1) as u64;
    for mut ground in Ground::all().await {
        let started = Instant::now();
        let (mut done, mut batch) = (0, 0);
        while done < worlds {
            let count = BATCH.min(worlds - done);
            play::<W>(&mut ground, mix(seed) ^ batch, count).await;
            (done, batch) = (done + count, batch + 1);
        }
        eprintln!(
            "{} on {}: {done} worlds in {:?}",
            W::NAME,
            ground.database,
            started.elapsed()
        );
    }
}

/// The scan reports of a batch.
fn rounds(seed: u64) -> Vec<Round> {
    let target = (mix(seed) % 2 == 1).then_some("shop");
    let kind = |chance: u64| match chance % 20 {
        0..3 => Kind::Keeping,
        3..6 => Kind::Partial,
        6..9 => Kind::Older,
        _ => Kind::Whole,
    };
    (0..ROUNDS)
        .map(|number| {
            let chance = mix(seed ^ mix(number as u64));
            Round {
                number,
                kind: if number == 0 { Kind::Whole } else { kind(chance) },
                seed: mix(chance),
                build: mix(chance ^ 1) % 3,
                target,
            }
        })
        .collect()
}

/// Plays this many worlds.
async fn play<W: World>(ground: &mut Ground, seed: u64, count: usize) {
    let rounds = rounds(seed);
    let mut bytes = [0; 32];
    for (part, at) in bytes.chunks_mut(8).zip(0..) {
        part.copy_from_slice(&mix(seed ^ at).to_le_bytes());
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let scripts = W::scripts();
    let mut trees: BTreeMap<usize, _> = BTreeMap::new();
    for world in 1..=count {
        trees.insert(world, scripts.new_tree(&mut runner).unwrap());
    }
    let all = trees
        .iter()
        .map(|(number, tree)| (*number, tree.current()))
        .collect();
    let failed = together::<W>(ground, all, &rounds).await;
    let Some((number, what)) = failed.first_key_value() else {
        return;
    };
    let failure = format!(
        "{} on {}, seed {seed}: {} of {count} worlds fail",
        W::NAME,
        ground.database,
        failed.len()
    );
    let size = |number: &usize| {
        trees
            .get(number)
            .map(|tree| format!("{:?}", tree.current()).len())
    };
    let Some(smallest) = failed
        .keys()
        .filter(|number| **number > 0)
        .min_by_key(|number| size(number))
    else {
        panic!("{failure}: {what} ({number}, {rounds:?})");
    };
    let Some(mut tree) = trees.remove(smallest) else {
        return;
    };
    let mut last = None;
    for _ in 0..TRIES {
        let one = [(*smallest, tree.current())].into();
        let what = together::<W>(ground, one, &rounds).await.remove(smallest);
        let more = if what.is_some() {
            last = what.map(|what| (tree.current(), what));
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !more {
            break;
        }
    }
    match last {
        Some((script, what)) => panic!("{failure}; world {smallest} alone: {what}\n{script:#?}\n{rounds:#?}"),
        None => panic!("{failure}; world {smallest}, not alone: {}", failed[smallest]),
    }
}

/// Plays these worlds together in a new project; returns what failed in which of them, 0 for all of them at once.
async fn together<W: World>(
    ground: &mut Ground,
    scripts: BTreeMap<usize, W::Script>,
    rounds: &[Round],
) -> BTreeMap<usize, String> {
    ground.project = ground
        .add_project(&format!("Project {}", ground.clock.id()))
        .await;
    let count = scripts.keys().next_back().copied().unwrap_or_default();
    let worlds = scripts
        .into_iter()
        .map(|(number, script)| (number, W::new(number, script)));
    let mut batch = Batch::<W> {
        worlds: worlds.collect(),
        hosts: W::hosts(count),
        failed: BTreeMap::new(),
        before: BTreeMap::new(),
    };
    for round in rounds {
        batch.report(ground, round).await;
        if !batch.failed.is_empty() {
            break;
        }
    }
    batch.failed
}

struct Batch<W> {
    worlds: BTreeMap<usize, W>,
    hosts: usize,
    failed: BTreeMap<usize, String>,
    before: BTreeMap<usize, Vec<Row>>,
}

impl<W: World> Batch<W> {
    /// What happens until the next scan report, the scan report, and its effect.
    async fn report(&mut self, ground: &mut Ground, round: &Round) {
        let mut moves = Vec::new();
        for world in self.worlds.values_mut() {
            moves.extend(world.live(round));
        }
        decide(ground, moves).await;
        self.before = rows(ground).await;
        if round.number == 1 {
            self.elsewhere(ground, round).await;
        }
        let (mut entries, mut repeated) = (Vec::new(), 0);
        for world in self.worlds.values() {
            let (written, twice) = world.write(round);
            entries.extend(written);
            repeated += twice;
        }
        let answer = import::<W>(ground, &mut entries, self.hosts, round).await;
        let rows = rows(ground).await;
        let others = W::report(&[], self.hosts, round);
        self.compare(round, &rows, (&answer, others, (entries.len() as u64, repeated)));
        let again = round.number + 1 == ROUNDS || round.seed.is_multiple_of(4);
        if again && round.kind != Kind::Older && self.failed.is_empty() {
            self.again(ground, round, (&rows, entries, repeated)).await;
        }
    }

    /// A scan report of another target, and one of another tool, do not change these worlds (promise P2).
    async fn elsewhere(&mut self, ground: &Ground, round: &Round) {
        let other = Round {
            target: Some("elsewhere"),
            kind: Kind::Whole,
            ..*round
        };
        import::<W>(ground, &mut Vec::new(), 0, &other).await;
        let other = crate::world::run("Other", &[crate::world::made("w0x")]);
        ground
            .import_with("&target=shop", crate::world::report(&[other]))
            .await
            .counts();
        let rows = rows(ground).await;
        for number in self.worlds.keys() {
            if self.before.get(number) != rows.get(number) {
                self.failed.insert(
                    *number,
                    "a report of another target or tool changed it".to_owned(),
                );
            }
        }
    }

    fn compare(
        &mut self,
        round: &Round,
        rows: &BTreeMap<usize, Vec<Row>>,
        (answer, others, (read, repeated)): (&Answer, (String, u64, u64), (u64, u64)),
    ) {
        let scan = answer.body["scan"]["id"].as_str().unwrap();
        let none = Vec::new();
        let mut sum = Tally::default();
        for (number, world) in &mut self.worlds {
            let seen = super::tool::Seen {
                round,
                scan,
                before: self.before.get(number).unwrap_or(&none),
                rows: rows.get(number).unwrap_or(&none),
            };
            match world.check(&seen) {
                Ok(tally) => {
                    sum.created += tally.created;
                    sum.reopened += tally.reopened;
                    sum.closed += tally.closed;
                }
                Err(what) => drop(self.failed.insert(*number, format!("{what}, in {round:?}"))),
            }
        }
        let counts = answer.counts();
        let anchors = if round.number == 0 { others.1 - others.2 } else { 0 };
        let expected = [
            (0, read + others.1),
            (1, sum.created + anchors),
            (3, sum.reopened),
            (4, sum.closed),
            (6, repeated + others.2),
        ];
        let wrong: BTreeSet<_> = expected
            .into_iter()
            .filter(|(at, count)| counts[*at] != *count)
            .collect();
        if !wrong.is_empty() && self.failed.is_empty() {
            let what = format!("the response states {counts:?}, but {wrong:?} is true ({round:?})");
            self.failed.insert(0, what);
        }
    }

    /// The same scan report in another order changes nothing (promise M2).
    async fn again(
        &mut self,
        ground: &Ground,
        round: &Round,
        (rows, mut entries, repeated): (&BTreeMap<usize, Vec<Row>>, Vec<Written>, u64),
    ) {
        let other = Round {
            seed: round.seed,
            ..*round
        };
        entries.reverse();
        let answer = import::<W>(ground, &mut entries, self.hosts, &other).await;
        let (_, others, skipped) = W::report(&[], self.hosts, round);
        let read = entries.len() as u64 + others;
        let skipped = skipped + repeated;
        let now = super::rows::rows(ground).await;
        for (number, before) in rows {
            let now = now.get(number).map_or(&[][..], Vec::as_slice);
            let same = now.len() == before.len()
                && now
                    .iter()
                    .zip(before)
                    .all(|(now, before)| now.is_unchanged(before));
            if !same && self.worlds.contains_key(number) {
                let what = format!("the same report again turns {before:#?}\ninto {now:#?} ({round:?})");
                self.failed.insert(*number, what);
            }
        }
        if answer.counts() != [read, 0, 0, 0, 0, read - skipped, skipped] && self.failed.is_empty() {
            self.failed.insert(
                0,
                format!(
                    "the same report again: {:?} of {read} ({round:?})",
                    answer.counts()
                ),
            );
        }
    }
}

/// Sets the statuses that users decided on.
async fn decide(ground: &Ground, moves: Vec<(Id, Status)>) {
    let (by, settings) = (By::caller(&ground.analyst), ground.records.settings());
    let done = ground.store.write(move |tx| {
        let context = findings::Context {
            settings: &settings,
            by: &by,
        };
        for (id, status) in moves {
            let mut finding = findings::get_for_update(tx, id, &Scope::All)?;
            findings::move_to(tx, &mut finding, status, "I looked at it.", context)?;
        }
        Ok::<_, access::Problem>(())
    });
    done.await.unwrap();
}

async fn import<W: World>(
    ground: &Ground,
    entries: &mut Vec<Written>,
    hosts: usize,
    round: &Round,
) -> Answer {
    let reversed = mix(round.seed ^ entries.len() as u64);
    let mut keyed: Vec<_> = entries.drain(..).enumerate().collect();
    keyed.sort_by_cached_key(|(at, _)| mix(reversed ^ *at as u64));
    entries.extend(keyed.into_iter().map(|(_, one)| one));
    let (report, ..) = W::report(entries, hosts, round);
    let target = round
        .target
        .map(|target| format!("&target={target}"))
        .unwrap_or_default();
    let close = if round.kind == Kind::Keeping {
        "&close=none"
    } else {
        ""
    };
    ground.import_with(&format!("{target}{close}"), report).await
}
