//! What happens between two reports, and what is true then.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::problem::{Flavor, Problem};

/// One change. Numbers that choose something are taken modulo how many there are.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Add(Problem),
    Remove(usize),
    /// All lines of a file move.
    Shift {
        file: u8,
        by: i32,
    },
    /// All columns of a file move, and the white space in the code.
    Indent {
        file: u8,
    },
    /// The component is upgraded and still has the problem.
    Bump {
        which: usize,
        by: u32,
    },
    /// The code changes where it is.
    Edit {
        which: usize,
        code: u8,
    },
    /// A rule gets a second name, before the first one or behind it.
    Alias {
        rule: u8,
        first: bool,
    },
}

impl Change {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => Problem::any().prop_map(Self::Add),
            3 => (0..9_usize).prop_map(Self::Remove),
            3 => (0..2_u8, -10..30_i32).prop_map(|(file, by)| Self::Shift { file, by }),
            1 => (0..2_u8).prop_map(|file| Self::Indent { file }),
            2 => (0..9_usize, 1..20_u32).prop_map(|(which, by)| Self::Bump { which, by }),
            1 => (0..9_usize, 0..3_u8).prop_map(|(which, code)| Self::Edit { which, code }),
            1 => (0..3_u8, any::<bool>()).prop_map(|(rule, first)| Self::Alias { rule, first }),
        ]
    }
}

/// What changed since the last report.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    pub(crate) added: Vec<Problem>,
    pub(crate) removed: Vec<Problem>,
    /// Upgraded or edited ones, as they were.
    pub(crate) changed: Vec<Problem>,
    pub(crate) shifted: BTreeSet<u8>,
    pub(crate) indented: BTreeSet<u8>,
}

/// What is true at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) flavor: Flavor,
    pub(crate) problems: Vec<Problem>,
    /// The names of each rule.
    names: BTreeMap<u8, Vec<u64>>,
    born: usize,
    /// Versions that were there once are not there again.
    released: u32,
}

impl Sources {
    pub(crate) fn new(flavor: Flavor, problems: Vec<Problem>) -> Self {
        let mut sources = Self {
            flavor,
            problems: Vec::new(),
            names: (0..3).map(|rule| (rule, vec![u64::from(rule)])).collect(),
            born: 0,
            released: 20,
        };
        for problem in problems {
            sources.add(problem);
        }
        sources
    }

    pub(crate) fn names(&self, rule: u8) -> &[u64] {
        self.names.get(&rule).map_or(&[], Vec::as_slice)
    }

    #[expect(clippy::needless_pass_by_value, reason = "it becomes part of the world")]
    fn add(&mut self, problem: Problem) -> Option<Problem> {
        if self
            .problems
            .iter()
            .any(|other| other.clashes(&problem, self.flavor))
        {
            return None;
        }
        self.born += 1;
        let twin = problem.twin && self.flavor != Flavor::Component;
        let new = Problem {
            truth: self.born,
            twin,
            ..problem
        };
        self.problems.push(new.clone());
        Some(new)
    }

    /// Changes what is true; a change that makes no sense here is none.
    pub(crate) fn apply(&mut self, change: Change, delta: &mut Delta) {
        let count = self.problems.len();
        match change {
            Change::Add(mut problem) => {
                if self.flavor == Flavor::Component {
                    self.released += 1;
                    problem.version = self.released;
                }
                delta.added.extend(self.add(problem));
            }
            Change::Remove(which) if count > 0 => {
                let gone = self.problems.remove(which % count);
                if let Some(at) = delta.added.iter().position(|new| new.truth == gone.truth) {
                    delta.added.remove(at);
                } else {
                    delta.removed.push(gone);
                }
            }
            Change::Shift { file, by } if self.flavor.has_lines() => self.shift(file, by, delta),
            Change::Indent { file } if self.flavor.has_lines() => {
                for problem in self.problems.iter_mut().filter(|one| one.file == file) {
                    problem.column += 4;
                }
                delta.indented.insert(file);
            }
            Change::Bump { which, by } if self.flavor == Flavor::Component && count > 0 => {
                self.released += by;
                let problem = &mut self.problems[which % count];
                delta.changed.push(problem.clone());
                problem.version = self.released;
            }
            Change::Edit { which, code } if self.flavor.has_code() && count > 0 => {
                let problem = &mut self.problems[which % count];
                if problem.code != code {
                    delta.changed.push(problem.clone());
                    problem.code = code;
                }
            }
            Change::Alias { rule, first } => {
                let names = self.names.entry(rule).or_default();
                if names.len() == 1 {
                    names.insert(usize::from(!first), u64::from(rule) + 100);
                }
            }
            _ => {}
        }
    }

    fn shift(&mut self, file: u8, by: i32, delta: &mut Delta) {
        let lines = self.problems.iter().filter(|one| one.file == file);
        let room = lines.map(|one| one.line.cast_signed() - 1).min().unwrap_or(0);
        let by = by.max(-room);
        for problem in self.problems.iter_mut().filter(|one| one.file == file) {
            problem.line = problem.line.saturating_add_signed(by);
        }
        if by != 0 {
            delta.shifted.insert(file);
        }
    }
}
