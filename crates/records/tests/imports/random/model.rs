//! A world of problems in one place each, and what must be in the list, by the promises.
//!
//! Owns: the expectations after a scan report that is the latest of its target. Must not: call what matches entries.

use std::{fmt::Debug, marker::PhantomData};

use base::Id;
use proptest::prelude::*;
use records::findings::Status;

use super::{
    change::{Change, Sources},
    known::{Known, Siblings},
    older,
    problem::{Flavor, Problem},
    rows::Row,
    tool::{Kind, Round, Seen, Tally, World, Written, ensure},
};

/// How a tool writes problems, and how they are displayed.
pub(crate) trait Tool: Sized {
    const NAME: &'static str;
    const FLAVORS: &'static [Flavor];
    /// Worlds that share a host; 0 for a tool without hosts.
    const ON_A_HOST: usize;

    /// An entry of a scan report.
    fn write(world: usize, sources: &Sources, problem: &Problem, round: &Round, second: bool) -> String;

    /// A scan report of these entries, and how many others it contains and skips.
    fn report(entries: &[Written], hosts: usize, round: &Round) -> (String, u64, u64);

    /// Where an analyst sees the problem, and what distinguishes it there.
    fn shown(world: usize, problem: &Problem) -> String;

    /// The same for a finding.
    fn seen(row: &Row) -> String;

    /// Whether a finding without a verdict has the content of the entry.
    fn matches(world: usize, sources: &Sources, problem: &Problem, row: &Row) -> bool;
}

/// What happens until the next scan report.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Findings that get a verdict, or lose theirs.
    judge: Vec<usize>,
    changes: Vec<Change>,
    /// Which entry is written twice; most numbers mean none.
    twice: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Script {
    flavor: usize,
    problems: Vec<Problem>,
    /// What else an older scan report contains.
    unheard: Problem,
    steps: Vec<Step>,
}

/// The world with one number.
pub(crate) struct Problems<T> {
    pub(crate) number: usize,
    script: Script,
    pub(crate) sources: Sources,
    /// What the first scan report contained.
    first: Vec<Problem>,
    twice: usize,
    pub(crate) known: Vec<Known>,
    /// What the scan report contains.
    pub(crate) entries: Vec<Problem>,
    tool: PhantomData<T>,
}

fn step() -> impl Strategy<Value = Step> {
    let judge = prop::collection::vec(0..9_usize, 0..2);
    let changes = prop::collection::vec(Change::any(), 0..4);
    (judge, changes, 0..20_usize).prop_map(|(judge, changes, twice)| Step {
        judge,
        changes,
        twice,
    })
}

impl<T: Tool> World for Problems<T> {
    const NAME: &'static str = T::NAME;
    type Script = Script;

    fn scripts() -> BoxedStrategy<Script> {
        let problems = prop::collection::vec(Problem::any(), 0..5);
        let steps = prop::collection::vec(step(), super::tool::ROUNDS - 1);
        let script = (0..T::FLAVORS.len(), problems, Problem::any(), steps);
        script
            .prop_map(|(flavor, problems, unheard, steps)| Script {
                flavor,
                problems,
                unheard,
                steps,
            })
            .boxed()
    }

    fn new(number: usize, script: Script) -> Self {
        let sources = Sources::new(T::FLAVORS[script.flavor], &script.problems);
        Self {
            number,
            first: sources.problems.clone(),
            sources,
            script,
            twice: usize::MAX,
            known: Vec::new(),
            entries: Vec::new(),
            tool: PhantomData,
        }
    }

    fn live(&mut self, round: &Round) -> Vec<(Id, Status)> {
        let step = round.number.checked_sub(1);
        let step = step.and_then(|at| self.script.steps.get(at)).cloned();
        let mut moves = Vec::new();
        if let Some(step) = step {
            moves.extend(step.judge.into_iter().filter_map(|which| self.judge(which)));
            step.changes
                .into_iter()
                .for_each(|change| self.sources.apply(change));
            self.twice = step.twice;
        }
        self.entries = self.sources.problems.clone();
        if round.kind == Kind::Older {
            let is_there = |at: usize| (round.seed >> (at % 60)) & 1 == 0;
            let first = self.first.iter().enumerate();
            self.entries = first
                .filter(|(at, _)| is_there(*at))
                .map(|(_, one)| one.clone())
                .collect();
            let unheard = self.sources.unheard(&self.script.unheard);
            self.entries.push(unheard);
        }
        if !self.is_named(round) {
            self.entries.clear();
        }
        moves
    }

    fn write(&self, round: &Round) -> (Vec<Written>, u64) {
        let host = self.host();
        let write = |problem: &Problem, second| Written {
            host,
            text: T::write(self.number, &self.sources, problem, round, second),
        };
        let mut written: Vec<_> = self.entries.iter().map(|one| write(one, false)).collect();
        let twins = self.entries.iter().filter(|one| one.twin);
        written.extend(twins.map(|one| write(one, true)));
        let twice = self.entries.get(self.twice).map(|one| write(one, false));
        let repeated = u64::from(twice.is_some());
        written.extend(twice);
        (written, repeated)
    }

    fn check(&mut self, seen: &Seen<'_>) -> Result<Tally, String> {
        if !self.is_named(seen.round) {
            return older::unchanged(seen.before, seen.rows, |_| false).map(|()| Tally::default());
        }
        if seen.round.kind == Kind::Older {
            return self.after_older(seen);
        }
        let pairs = self.pairs(seen)?;
        for (problem, row) in &pairs {
            self.entry(seen.round, problem, row)?;
        }
        self.left(seen)?;
        self.verdicts_are_kept(&pairs)?;
        self.one_more_one_less(&pairs)?;
        Ok(self.take(seen, &pairs))
    }

    fn report(entries: &[Written], hosts: usize, round: &Round) -> (String, u64, u64) {
        T::report(entries, hosts, round)
    }

    fn hosts(worlds: usize) -> usize {
        worlds.checked_div(T::ON_A_HOST).map_or(0, |hosts| hosts + 1)
    }
}

impl<T: Tool> Problems<T> {
    fn host(&self) -> usize {
        self.number.checked_div(T::ON_A_HOST).unwrap_or(0)
    }

    fn is_named(&self, round: &Round) -> bool {
        T::ON_A_HOST == 0 || round.names(self.host())
    }

    /// A user gives a verdict on a finding, or withdraws it.
    fn judge(&mut self, which: usize) -> Option<(Id, Status)> {
        let mut listed: Vec<_> = self
            .known
            .iter_mut()
            .filter(|one| one.status != Status::Closed)
            .collect();
        let at = which % listed.len().max(1);
        let one = listed.get_mut(at)?;
        if one.is_verdict() {
            (one.judged, one.status) = (None, Status::Open);
        } else {
            one.judged = Some(one.last.clone());
            one.status = if which.is_multiple_of(3) {
                Status::Duplicate
            } else {
                Status::FalsePositive
            };
        }
        Some((one.id, one.status))
    }

    pub(crate) fn known(&self, id: Id) -> Option<&Known> {
        self.known.iter().find(|one| one.id == id)
    }

    fn siblings<'a>(&'a self, problem: &Problem) -> Siblings<'a> {
        Siblings::of(problem, self.sources.flavor, &self.entries, &self.known)
    }

    /// Each entry with its finding: everything in a scan report is in the list, and only once.
    fn pairs<'r>(&self, seen: &Seen<'r>) -> Result<Vec<(Problem, &'r Row)>, String> {
        let held = seen.rows.iter().filter(|row| row.last == seen.scan);
        self.paired(held.collect())
    }

    /// Each of the entries with one of these findings.
    pub(crate) fn paired<'r>(&self, mut rows: Vec<&'r Row>) -> Result<Vec<(Problem, &'r Row)>, String> {
        let entries = self
            .entries
            .iter()
            .flat_map(|one| std::iter::repeat_n(one, 1 + usize::from(one.twin)));
        let mut entries: Vec<_> = entries.map(|one| (T::shown(self.number, one), one)).collect();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        rows.sort_by_cached_key(|row| T::seen(row));
        let shown: Vec<_> = entries.iter().map(|(shown, _)| shown.clone()).collect();
        let listed: Vec<_> = rows.iter().map(|row| T::seen(row)).collect();
        ensure(shown == listed, || {
            format!("the report contains {shown:#?}, but the list {listed:#?}")
        })?;
        Ok(entries
            .into_iter()
            .map(|(_, one)| one.clone())
            .zip(rows)
            .collect())
    }

    /// What the finding of an entry must be.
    fn entry(&self, round: &Round, problem: &Problem, row: &Row) -> Result<(), String> {
        let known = self.known(row.id);
        ensure(!row.gone, || format!("{problem:?} is marked as gone"))?;
        let judged = known.filter(|one| one.is_verdict());
        ensure(
            row.status == judged.map_or(Status::Open, |one| one.status),
            || format!("{problem:?} is {}, and was {known:?}", row.status.name()),
        )?;
        if judged.is_none() {
            let matches = T::matches(self.number, &self.sources, problem, row);
            ensure(matches, || format!("{problem:?} is shown as {row:?}"))?;
        }
        if let Some(known) = known {
            self.no_verdict_absorbs(problem, known)?;
        }
        let siblings = self.siblings(problem);
        if siblings.is_decided(problem) {
            self.is_itself(&siblings, problem, row)
                .map_err(|what| format!("{what} ({round:?})"))?;
        }
        Ok(())
    }

    /// Promise M4.
    pub(crate) fn no_verdict_absorbs(&self, problem: &Problem, known: &Known) -> Result<(), String> {
        ensure(problem.has_same_place(&known.last), || {
            format!("{problem:?} is taken for {known:?}")
        })?;
        ensure(known.covers(problem, self.sources.flavor), || {
            format!("a verdict covers what differs: {problem:?} is taken for {known:?}")
        })
    }

    /// Promises M3 and M5: known problems keep their findings, new ones get new findings.
    fn is_itself(&self, siblings: &Siblings<'_>, problem: &Problem, row: &Row) -> Result<(), String> {
        let flavor = self.sources.flavor;
        let own = siblings.own(problem);
        let kept = self.known(row.id);
        let was_present = kept.is_some_and(Known::is_present);
        if own.is_empty() {
            ensure(!was_present, || {
                format!("{problem:?} is new and was taken for {kept:?}")
            })?;
            return self.is_back(siblings, problem, row);
        }
        let differs = own.iter().all(|one| !one.covers(problem, flavor));
        if differs {
            ensure(!was_present, || {
                format!("{problem:?} has {kept:?} instead of its own finding")
            })?;
            let linked = kept.is_some() || own.iter().any(|one| one.id.to_string() == row.related);
            return ensure(linked, || format!("{problem:?} is not linked to {own:?}"));
        }
        let changed = own
            .iter()
            .any(|one| one.last.content(flavor) != problem.content(flavor));
        if changed && flavor.has_lines() {
            // Other code on the same line: the promises do not decide whether that is the old problem.
            return Ok(());
        }
        let itself = kept.is_some_and(|one| one.is_present() && one.last.truth == problem.truth);
        ensure(itself, || format!("{problem:?} is {kept:?} instead of {own:?}"))
    }

    /// A problem that was fixed, and is found again unchanged, has the same finding.
    fn is_back(&self, siblings: &Siblings<'_>, problem: &Problem, row: &Row) -> Result<(), String> {
        let flavor = self.sources.flavor;
        let of = |one: &&&Known| one.last.truth == problem.truth;
        let before: Vec<_> = siblings.known.iter().filter(of).collect();
        let [one] = before.as_slice() else { return Ok(()) };
        let same = one.last.exact(flavor) == problem.exact(flavor) && !one.is_verdict();
        if !same || !siblings.is_unique(problem) {
            return Ok(());
        }
        ensure(row.id == one.id, || {
            format!("{problem:?} was {one:?} and is another finding")
        })
    }

    /// What happens to findings that the scan report does not contain (promises M3, P2 and P3).
    fn left(&self, seen: &Seen<'_>) -> Result<(), String> {
        for row in seen.rows.iter().filter(|row| row.last != seen.scan) {
            let Some(known) = self.known(row.id) else {
                return Err(format!("no report contains {row:?}"));
            };
            let before = seen.before.iter().find(|before| before.id == row.id);
            if !seen.round.closes() {
                let same = before.is_some_and(|before| row.is_unchanged(before));
                ensure(same, || format!("{known:?} is {row:?} after {:?}", seen.round))?;
                continue;
            }
            let status = if known.is_verdict() {
                known.status
            } else {
                Status::Closed
            };
            ensure(row.status == status, || {
                format!("{known:?} is {} and not in the report", row.status.name())
            })?;
            ensure(row.gone || !known.is_verdict(), || {
                format!("{known:?} is not marked as gone")
            })?;
        }
        Ok(())
    }

    /// A verdict stays with what it was given for (promise M5).
    fn verdicts_are_kept(&self, pairs: &[(Problem, &Row)]) -> Result<(), String> {
        let judged = self
            .known
            .iter()
            .filter(|one| one.is_verdict() && one.is_present());
        for known in judged {
            for problem in self.entries.iter().filter(|one| one.truth == known.last.truth) {
                let decided = self.siblings(problem).is_decided(problem);
                if decided && known.covers(problem, self.sources.flavor) {
                    let kept = pairs.iter().any(|(_, row)| row.id == known.id);
                    ensure(kept, || format!("the verdict of {known:?} is lost"))?;
                }
            }
        }
        Ok(())
    }

    /// However many share a rule and a place, and wherever their lines moved: one more is one finding, one less closes
    /// one (promise M3).
    fn one_more_one_less(&self, pairs: &[(Problem, &Row)]) -> Result<(), String> {
        let known = self.known.iter().map(|one| &one.last);
        for problem in self.entries.iter().chain(known) {
            let siblings = self.siblings(problem);
            let judged = siblings.known.iter().any(|one| one.is_verdict());
            let (added, removed) = (siblings.added(), siblings.removed());
            if judged || siblings.changed() > 0 || siblings.has_twins() || added + removed > 1 {
                continue;
            }
            let of = |pair: &&(Problem, &Row)| pair.0.has_same_place(problem);
            let was_present = |row: &Row| self.known(row.id).is_some_and(Known::is_present);
            let (old, new): (Vec<_>, Vec<_>) = pairs.iter().filter(of).partition(|(_, row)| was_present(row));
            let left = siblings.present().count() - old.len();
            ensure((new.len(), left) == (added, removed), || {
                format!(
                    "{added} more and {removed} less next to {problem:?}: {} new, {left} left",
                    new.len()
                )
            })?;
        }
        Ok(())
    }

    /// The list from now on.
    fn take(&mut self, seen: &Seen<'_>, pairs: &[(Problem, &Row)]) -> Tally {
        let mut tally = Tally::default();
        for (problem, row) in pairs {
            match self.known.iter_mut().find(|one| one.id == row.id) {
                None => tally.created += 1,
                Some(known) => tally.reopened += u64::from(known.status == Status::Closed),
            }
            self.keep(problem, row);
        }
        let left = seen.rows.iter().filter(|row| row.last != seen.scan);
        for row in left {
            let known = self.known.iter_mut().find(|one| one.id == row.id);
            if let Some(known) = known {
                tally.closed += u64::from(row.status == Status::Closed && known.status != Status::Closed);
                (known.status, known.gone) = (row.status, row.gone);
            }
        }
        tally
    }

    /// Notes the problem of a finding.
    pub(crate) fn keep(&mut self, problem: &Problem, row: &Row) {
        let judged = self.known(row.id).and_then(|one| one.judged.clone());
        self.known.retain(|one| one.id != row.id);
        self.known.push(Known {
            id: row.id,
            last: problem.clone(),
            judged,
            status: row.status,
            gone: row.gone,
        });
    }
}
