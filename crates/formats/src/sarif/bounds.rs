//! How much of a report is kept at once, whatever its size.
//!
//! Owns: the limits and the budget they draw on. Must not: limit what a sane scanner writes; the sizes are those of
//! the largest reports known, several times over.

use std::cell::Cell;

use crate::json::walk::{Elements, Fields};

/// Results of one report.
pub const MAX_RESULTS: u32 = 1_000_000;
/// Runs of one report.
pub const MAX_RUNS: usize = 1_000;
/// Rules of one report, over all its runs.
pub const MAX_RULES: usize = 50_000;

/// Extensions and taxonomies of one report that are looked at; the rest are as if they were not there.
const MAX_COMPONENTS: usize = 10_000;
/// Artifacts of one report that are looked at; the rest are as if they were not there.
const MAX_ARTIFACTS: usize = 200_000;
/// Places of results that are remembered while a report is surveyed, over all its runs.
const MAX_PLACES: usize = 10_000;
/// Results without a message that are remembered: whether their rule says something is known at the end.
const MAX_UNTOLD: usize = 10_000;
/// Bytes of text kept for all rules and artifacts together; rules beyond it keep id, level and severity.
const TEXT: usize = 32 * 1024 * 1024;

/// What is left of the limits while a report is read.
pub(super) struct Budget {
    rules: Cell<usize>,
    components: Cell<usize>,
    artifacts: Cell<usize>,
    places: Cell<usize>,
    untold: Cell<usize>,
    text: Cell<usize>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            rules: Cell::new(MAX_RULES),
            components: Cell::new(MAX_COMPONENTS),
            artifacts: Cell::new(MAX_ARTIFACTS),
            places: Cell::new(MAX_PLACES),
            untold: Cell::new(MAX_UNTOLD),
            text: Cell::new(TEXT),
        }
    }

    fn take(cell: &Cell<usize>, amount: usize) -> bool {
        let left = cell.get().checked_sub(amount);
        cell.set(left.unwrap_or(cell.get()));
        left.is_some()
    }

    /// Takes one rule off; whether there was one left.
    pub(super) fn rule(&self) -> bool {
        Self::take(&self.rules, 1)
    }

    /// Takes one component off; whether there was one left.
    pub(super) fn component(&self) -> bool {
        Self::take(&self.components, 1)
    }

    /// Takes one artifact off; whether there was one left.
    pub(super) fn artifact(&self) -> bool {
        Self::take(&self.artifacts, 1)
    }

    /// Takes one place off; whether there was one left.
    pub(super) fn place(&self) -> bool {
        Self::take(&self.places, 1)
    }

    /// Takes one result without a message off; whether there was one left.
    pub(super) fn untold(&self) -> bool {
        Self::take(&self.untold, 1)
    }

    /// Takes so many bytes of text off; whether there were as many left.
    pub(super) fn text(&self, bytes: usize) -> bool {
        Self::take(&self.text, bytes)
    }
}

/// Keeps the first elements of an array and only checks the shape of the others.
pub(super) struct First<T> {
    pub(super) items: Vec<T>,
    most: usize,
}

impl<T> First<T> {
    pub(super) fn new(most: usize) -> Self {
        let items = Vec::new();
        Self { items, most }
    }
}

impl<T: Fields + Default> Elements for First<T> {
    type Item = T;

    fn begin(&mut self, _: usize) -> Result<T, String> {
        Ok(T::default())
    }

    fn end(&mut self, _: usize, item: T) -> Result<(), String> {
        if self.items.len() < self.most {
            self.items.push(item);
        }
        Ok(())
    }
}
