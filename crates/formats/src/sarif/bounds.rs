//! How much of a scan report is kept at once, whatever its size.
//!
//! Owns: the limits and the budget that is charged. Must not: limit real scanner output; the sizes are several times
//! those of the largest known scan reports.

use std::cell::Cell;

use crate::json::walk::{Elements, Fields};

/// Maximum number of results of one scan report.
pub const MAX_RESULTS: u32 = 1_000_000;
/// Maximum number of runs of one scan report.
pub const MAX_RUNS: usize = 1_000;
/// Maximum number of rules of one scan report, over all its runs.
pub const MAX_RULES: usize = 50_000;

/// Maximum number of extensions and taxonomies of one scan report that are read; further ones are ignored.
const MAX_COMPONENTS: usize = 10_000;
/// Maximum number of artifacts of one scan report that are read; further ones are ignored.
const MAX_ARTIFACTS: usize = 200_000;
/// Maximum number of places of results that are kept while surveying a scan report, over all its runs.
const MAX_PLACES: usize = 10_000;
/// Maximum number of results without a message that are kept: whether their rule has a text is known only at the end.
const MAX_WITHOUT_MESSAGE: usize = 10_000;
/// Bytes of text kept for all rules and artifacts together; further rules keep id, level and severity.
const TEXT: usize = 32 * 1024 * 1024;

/// What is left of the limits while reading a scan report.
pub(super) struct Budget {
    rules: Cell<usize>,
    components: Cell<usize>,
    artifacts: Cell<usize>,
    places: Cell<usize>,
    without_message: Cell<usize>,
    text: Cell<usize>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            rules: Cell::new(MAX_RULES),
            components: Cell::new(MAX_COMPONENTS),
            artifacts: Cell::new(MAX_ARTIFACTS),
            places: Cell::new(MAX_PLACES),
            without_message: Cell::new(MAX_WITHOUT_MESSAGE),
            text: Cell::new(TEXT),
        }
    }

    fn take(cell: &Cell<usize>, amount: usize) -> bool {
        let left = cell.get().checked_sub(amount);
        cell.set(left.unwrap_or(cell.get()));
        left.is_some()
    }

    /// Takes one rule off the budget; returns whether there was one left.
    pub(super) fn rule(&self) -> bool {
        Self::take(&self.rules, 1)
    }

    /// Takes one component off the budget; returns whether there was one left.
    pub(super) fn component(&self) -> bool {
        Self::take(&self.components, 1)
    }

    /// Takes one artifact off the budget; returns whether there was one left.
    pub(super) fn artifact(&self) -> bool {
        Self::take(&self.artifacts, 1)
    }

    /// Takes one place off the budget; returns whether there was one left.
    pub(super) fn place(&self) -> bool {
        Self::take(&self.places, 1)
    }

    /// Takes one result without a message off the budget; returns whether there was one left.
    pub(super) fn without_message(&self) -> bool {
        Self::take(&self.without_message, 1)
    }

    /// Takes bytes of text off the budget; returns whether enough were left.
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
