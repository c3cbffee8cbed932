//! What happens between two scan reports, and the resulting state.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::problem::{Flavor, Problem};

/// Code, message and rule that no scan report has contained before.
pub(crate) const UNHEARD: u8 = 90;

/// One change. Numbers that choose something are taken modulo the number of choices.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Add(Problem),
    Remove(usize),
    /// A removed one is present again.
    Back(usize),
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
        code: u16,
    },
    /// A number in the message changes.
    Count {
        which: usize,
        digits: u8,
    },
    /// A rule gets a second name, before or after the first one.
    Alias {
        rule: u8,
        first: bool,
    },
}

impl Change {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            4 => Problem::any().prop_map(Self::Add),
            4 => (0..9_usize).prop_map(Self::Remove),
            2 => (0..9_usize).prop_map(Self::Back),
            4 => (0..2_u8, -10..30_i32).prop_map(|(file, by)| Self::Shift { file, by }),
            1 => (0..2_u8).prop_map(|file| Self::Indent { file }),
            4 => (0..9_usize, 1..20_u32).prop_map(|(which, by)| Self::Bump { which, by }),
            2 => (0..9_usize, 0..5_u16).prop_map(|(which, code)| Self::Edit { which, code }),
            2 => (0..9_usize, 0..9_u8).prop_map(|(which, digits)| Self::Count { which, digits }),
            2 => (0..2_u8, any::<bool>()).prop_map(|(rule, first)| Self::Alias { rule, first }),
        ]
    }
}

/// The state at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) flavor: Flavor,
    pub(crate) problems: Vec<Problem>,
    removed: Vec<Problem>,
    /// The indentation of the code of each file.
    pub(crate) indents: [u32; 2],
    /// The names of each rule.
    names: BTreeMap<u8, Vec<u8>>,
    born: usize,
    /// Earlier versions do not return.
    released: u32,
}

impl Sources {
    pub(crate) fn new(flavor: Flavor, problems: &[Problem]) -> Self {
        let mut sources = Self {
            flavor,
            problems: Vec::new(),
            removed: Vec::new(),
            indents: [0; 2],
            names: (0..2).map(|rule| (rule, vec![rule])).collect(),
            born: 0,
            released: 20,
        };
        for problem in problems {
            sources.add(problem.clone());
        }
        sources
    }

    /// The names of a rule, the scanner's preferred one first; 100 and more are second names.
    pub(crate) fn names(&self, rule: u8) -> &[u8] {
        self.names.get(&rule).map_or(&[], Vec::as_slice)
    }

    fn has_room(&self, problem: &Problem) -> bool {
        let mut others = self.problems.iter();
        !others.any(|other| other.clashes(problem, self.flavor))
    }

    fn add(&mut self, problem: Problem) {
        if self.has_room(&problem) {
            self.problems.push(self.born(problem));
            self.born += 1;
        }
    }

    fn born(&self, mut problem: Problem) -> Problem {
        problem.twin &= self.flavor.has_lines();
        problem.truth = self.born + 1;
        problem
    }

    /// One that no scan report contained and that looks like no other.
    pub(crate) fn unheard(&mut self, problem: &Problem) -> Problem {
        let new = self.born(Problem {
            // Another version or another output is not another problem.
            rule: if self.flavor.has_lines() {
                problem.rule
            } else {
                UNHEARD
            },
            code: u16::from(UNHEARD),
            message: UNHEARD,
            line: 900,
            version: 900,
            twin: false,
            ..problem.clone()
        });
        self.born += 1;
        new
    }

    /// Changes the state; a change that is not possible is ignored.
    pub(crate) fn apply(&mut self, change: Change) {
        let count = self.problems.len();
        match change {
            Change::Add(mut problem) => {
                self.released += 1;
                problem.version = self.released;
                self.add(problem);
            }
            Change::Remove(which) if count > 0 => {
                let removed = self.problems.remove(which % count);
                self.removed.push(removed);
            }
            Change::Back(which) if !self.removed.is_empty() => {
                let back = self.removed.remove(which % self.removed.len());
                if self.has_room(&back) {
                    self.problems.push(back);
                }
            }
            Change::Shift { file, by } if self.flavor.has_lines() => self.shift(file, by),
            Change::Indent { file } if self.flavor.has_lines() => {
                for problem in self.problems.iter_mut().filter(|one| one.file == file) {
                    problem.column += 4;
                }
                self.indents[usize::from(file)] += 4;
            }
            Change::Alias { rule, first } if self.flavor == Flavor::Component => {
                let names = self.names.entry(rule).or_default();
                if names.len() == 1 {
                    names.insert(usize::from(!first), rule + 100);
                }
            }
            other if count > 0 => self.change(&other),
            _ => {}
        }
    }

    /// Changes one problem.
    fn change(&mut self, change: &Change) {
        let (flavor, count) = (self.flavor, self.problems.len());
        match *change {
            Change::Bump { which, by } if flavor == Flavor::Component => {
                self.released += by;
                self.problems[which % count].version = self.released;
            }
            Change::Edit { which, code } if flavor.has_code() => self.problems[which % count].code = code,
            Change::Count { which, digits } if flavor != Flavor::Component => {
                self.problems[which % count].digits = digits;
            }
            _ => {}
        }
    }

    fn shift(&mut self, file: u8, by: i32) {
        let lines = self.problems.iter().filter(|one| one.file == file);
        let room = lines.map(|one| one.line.cast_signed() - 1).min().unwrap_or(0);
        let by = by.max(-room);
        for problem in self.problems.iter_mut().filter(|one| one.file == file) {
            problem.line = problem.line.saturating_add_signed(by);
        }
    }
}
