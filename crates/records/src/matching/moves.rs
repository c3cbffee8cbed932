//! How the lines of a place moved from one report to the next.

use std::collections::BTreeMap;

use super::{
    group::{Entry, Stored},
    levels::Pair,
};

/// By how many lines each stored line moved; with which finding says so.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<u32, Vec<(usize, i64)>>);

impl Moves {
    /// What these pairs say. A finding that the report before did not hold has an old line: it says nothing.
    pub(super) fn of<'p>(
        stored: &[Stored],
        entries: &[Entry],
        pairs: impl IntoIterator<Item = &'p Pair>,
    ) -> Self {
        let mut moves = Self::default();
        for pair in pairs {
            let one = stored.get(pair.stored).filter(|one| one.present);
            let (Some(one), Some(other)) = (one, entries.get(pair.entry)) else {
                continue;
            };
            let (from, to) = (one.identity.line, other.identity.line);
            if from > 0 && to > 0 {
                let by = i64::from(to) - i64::from(from);
                moves.0.entry(from).or_default().push((pair.stored, by));
            }
        }
        moves
    }

    /// The moves of the nearest neighbors before and behind this line, without the one that asks.
    pub(super) fn around(&self, line: u32, but: usize) -> (Option<i64>, Option<i64>) {
        let other = |moves: &Vec<(usize, i64)>| moves.iter().find(|(at, _)| *at != but).map(|(_, by)| *by);
        let before = self.0.range(..=line).rev().find_map(|(_, moves)| other(moves));
        let behind = self.0.range(line..).find_map(|(_, moves)| other(moves));
        (before, behind)
    }

    /// Whether the nearest neighbors before and after this line moved alike.
    pub(super) fn is_fixed(&self, line: u32, but: usize) -> bool {
        matches!(self.around(line, but), (Some(before), Some(behind)) if before == behind)
    }

    /// Whether a pair moved differently from its nearest neighbors before and after, which moved alike.
    pub(super) fn are_left_by(&self, stored: &[Stored], entries: &[Entry], pair: &Pair) -> bool {
        let (Some(one), Some(other)) = (stored.get(pair.stored), entries.get(pair.entry)) else {
            return false;
        };
        let (from, to) = (one.identity.line, other.identity.line);
        self.is_fixed(from, pair.stored) && self.expected(from, pair.stored) != i64::from(to)
    }

    /// The expected new line: it moved as its neighbors, if those moved alike.
    pub(super) fn expected(&self, line: u32, but: usize) -> i64 {
        let by = match self.around(line, but) {
            (Some(before), Some(behind)) if before != behind => 0,
            (before, behind) => before.or(behind).unwrap_or(0),
        };
        i64::from(line) + by
    }
}
