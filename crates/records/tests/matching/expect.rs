//! What must hold after a report, by the promises.

use crate::{
    change::{Delta, Sources},
    list::{Fate, List, Listed, Written},
    problem::Problem,
};

/// Everything that is known of one report.
pub(crate) struct Round<'a> {
    pub(crate) before: &'a Sources,
    pub(crate) now: &'a Sources,
    pub(crate) delta: &'a Delta,
    pub(crate) list: &'a List,
}

impl Round<'_> {
    pub(crate) fn check(&self, report: &[Written], fates: &[Fate]) {
        for (entry, fate) in report.iter().zip(fates) {
            self.no_verdict_absorbs(&entry.problem, fate);
            if *fate != Fate::Twice && self.is_decided(&entry.problem) {
                self.is_itself(&entry.problem, fate);
            }
        }
        let judged = self.list.0.iter().filter(|one| one.present && one.verdict);
        for one in judged.filter(|one| self.is_unchanged(&one.problem)) {
            let kept = fates.contains(&Fate::Kept(one.id));
            assert!(kept, "a verdict is lost: {one:?}");
        }
    }

    /// Promise M4.
    fn no_verdict_absorbs(&self, problem: &Problem, fate: &Fate) {
        let Fate::Kept(id) = fate else { return };
        let listed = self.list.get(*id);
        assert_eq!(problem.rule, listed.problem.rule, "another rule");
        if listed.verdict {
            assert!(
                problem.is_covered_by(&listed.problem, self.now.flavor),
                "a verdict covers what differs: {problem:?} is taken for {listed:?}"
            );
        }
    }

    /// Promises M3 and M5: who was there stays itself, and who was not is new.
    fn is_itself(&self, problem: &Problem, fate: &Fate) {
        let own: Vec<&Listed> = self.own(problem).collect();
        let kept = match fate {
            Fate::Kept(id) => Some(self.list.get(*id)),
            _ => None,
        };
        let judged = own.iter().filter(|one| one.verdict).count();
        if self.has_changed(problem) && judged > 0 && judged < own.len() {
            // One of two twins is judged: the other one may be the changed problem, and nobody can tell.
        } else if self.has_changed(problem) && judged > 0 {
            let absorbed = kept.is_some_and(|one| one.present);
            assert!(!absorbed, "{problem:?} has no finding of its own: {fate:?}");
            if let Fate::New { related } = fate {
                let linked = own.iter().any(|one| Some(one.id) == *related);
                // Where another one with a verdict has the content that it has now, or had before, either will do.
                let flavor = self.now.flavor;
                let to_alike = related.map(|id| self.list.get(id)).is_some_and(|one| {
                    let mut contents = own.iter().map(|own| &own.problem).chain([problem]);
                    let is_near = (one.problem.file, one.problem.rule) == (problem.file, problem.rule);
                    one.verdict
                        && is_near
                        && contents.any(|other| one.problem.content(flavor) == other.content(flavor))
                });
                assert!(
                    linked || to_alike,
                    "{problem:?} is not linked to {own:?}: {fate:?}"
                );
            }
        } else if self.has_changed(problem) && self.now.flavor.has_lines() {
            // Other code on the same line: the promises leave open whether that is the old problem.
        } else if own.is_empty() {
            let absorbed = kept.is_some_and(|one| one.present);
            assert!(!absorbed, "{problem:?} is new and was taken for {kept:?}");
        } else {
            let itself = kept.is_some_and(|one| one.present && one.problem.truth == problem.truth);
            assert!(itself, "{problem:?} is no longer {own:?}: {fate:?} {kept:?}");
        }
    }

    /// The findings of this problem that the latest report held.
    fn own(&self, problem: &Problem) -> impl Iterator<Item = &Listed> {
        let present = self.list.0.iter().filter(|one| one.present);
        present.filter(move |one| one.problem.truth == problem.truth)
    }

    fn has_changed(&self, problem: &Problem) -> bool {
        let mut changed = self.delta.changed.iter();
        changed.any(|one| one.truth == problem.truth)
            && self
                .own(problem)
                .any(|one| !problem.is_covered_by(&one.problem, self.now.flavor))
    }

    /// Whether the problem is still there, the same but for its line, and evidence decides which one it is.
    fn is_unchanged(&self, problem: &Problem) -> bool {
        let mut now = self.now.problems.iter();
        now.any(|one| one.truth == problem.truth && !self.has_changed(one) && self.is_decided(one))
    }

    /// Whether the evidence decides which finding this problem is.
    fn is_decided(&self, problem: &Problem) -> bool {
        let delta = self.delta;
        let near = |one: &&Problem| (one.file, one.rule) == (problem.file, problem.rule);
        let all = || delta.added.iter().chain(&delta.removed).chain(&delta.changed);
        let touched = all().filter(near).count();
        let mine = all().any(|one| one.truth == problem.truth);
        let moved = [&delta.shifted, &delta.indented];
        if touched > 0 && moved.into_iter().any(|files| files.contains(&problem.file)) {
            return self.is_unique(problem) || self.is_anchored(problem);
        }
        touched == 0 || touched == 1 || !mine && !self.may_be_a_move(problem, touched)
    }

    /// Whether one with this content came and another one went, which looks like lines that moved; not where what is
    /// before and behind them did not move.
    fn may_be_a_move(&self, problem: &Problem, touched: usize) -> bool {
        let (delta, flavor) = (self.delta, self.now.flavor);
        let is_alike = |one: &&Problem| {
            (one.file, one.rule) == (problem.file, problem.rule)
                && one.content(flavor) == problem.content(flavor)
        };
        let is_changed = |one: &&Problem| delta.changed.iter().any(|other| other.truth == one.truth);
        let changed = self.now.problems.iter().filter(is_changed);
        let has_come = delta.added.iter().chain(changed).any(|one| is_alike(&one));
        let has_gone = delta
            .removed
            .iter()
            .chain(&delta.changed)
            .any(|one| is_alike(&one));
        let all = || {
            self.before
                .problems
                .iter()
                .chain(&self.now.problems)
                .filter(is_alike)
        };
        let (first, last) = (all().map(|one| one.line).min(), all().map(|one| one.line).max());
        let is_fixed = |is_outside: &dyn Fn(u32) -> bool| {
            let mut known = self.now.problems.iter().filter(|one| one.file == problem.file);
            known
                .any(|one| is_outside(one.line) && self.is_untouched(one) && self.is_unique(one) && !one.twin)
        };
        let is_between = is_fixed(&|line| Some(line) < first) && is_fixed(&|line| Some(line) > last);
        has_come && has_gone && !(touched == 2 && is_between)
    }

    fn is_untouched(&self, problem: &Problem) -> bool {
        let delta = self.delta;
        let mut all = delta.added.iter().chain(&delta.removed).chain(&delta.changed);
        !all.any(|one| one.truth == problem.truth)
    }

    /// Whether no other problem of its rule and file, before or now, has the same content.
    fn is_unique(&self, problem: &Problem) -> bool {
        let flavor = self.now.flavor;
        let mut others = self.before.problems.iter().chain(&self.now.problems);
        !others.any(|one| {
            (one.file, one.rule) == (problem.file, problem.rule)
                && one.truth != problem.truth
                && one.content(flavor) == problem.content(flavor)
        })
    }

    /// Whether another problem shows by how many lines the file moved, and one change alone was made in it.
    fn is_anchored(&self, problem: &Problem) -> bool {
        let delta = self.delta;
        let all = || delta.added.iter().chain(&delta.removed).chain(&delta.changed);
        let touched = all().filter(|one| one.file == problem.file).count();
        let mut others = self.now.problems.iter().filter(|one| one.file == problem.file);
        touched == 1
            && !delta.indented.contains(&problem.file)
            && others.any(|one| one.truth != problem.truth && self.is_untouched(one) && self.is_unique(one))
    }
}
