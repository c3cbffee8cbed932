//! Findings and entries that differ in nothing but their position.
//!
//! Owns: which of them are pairs. The order of positions is kept, and of all alignments that keep it the one is chosen in
//! which the lines move alike: inserted lines move everything after them by the same number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A line (or the order of a version) and a column.
pub(super) type Position = (i128, i128);
type Pairs = Vec<(usize, usize)>;

/// Cells of the exact search; what is larger is first split where most lines moved alike.
const MOST: usize = 250_000;
/// Steps of one search for the move that most lines have in common, and how often what is left is split again.
const STEPS: usize = 4_000_000;
const DEPTH: u32 = 8;

/// The cost of an alignment: turns and skips; by how many lines a pair moved that did not move as the one before; columns.
type Cost = (i64, i128, i128);
/// A pair that moved in another way than the one before it.
const TURN: i64 = 4;
/// A pair in another column.
const COLUMN: i64 = 2;
/// One skipped on either side. Skipping a finding and an entry costs less than two turns and more than one.
const SKIP: i64 = 3;

/// Pairs of indices into two sorted lists of positions. `fixed` says that what comes before and after them is known to be
/// where it is expected: lines that moved otherwise have to turn back.
pub(super) fn align(stored: &[Position], entries: &[Position], fixed: bool) -> Pairs {
    if fixed && stored.len() > 1 && stored.len().saturating_mul(entries.len()) <= MOST {
        return between(exact(stored, entries, true), (stored, entries), 0);
    }
    split(stored, entries, DEPTH)
}

fn split(stored: &[Position], entries: &[Position], depth: u32) -> Pairs {
    if stored.is_empty() || entries.is_empty() {
        return Vec::new();
    }
    let mut moves = stored.iter().zip(entries).map(|(from, to)| to.0 - from.0);
    let first = moves.next();
    if stored.len() == entries.len() && moves.all(|by| Some(by) == first) {
        return (0..stored.len()).map(|at| (at, at)).collect();
    }
    if stored.len().saturating_mul(entries.len()) <= MOST {
        return between(exact(stored, entries, false), (stored, entries), 0);
    }
    between(common(stored, entries), (stored, entries), depth)
}

/// Adds pairs of what lies between two of these pairs.
fn between(known: Pairs, (stored, entries): (&[Position], &[Position]), depth: u32) -> Pairs {
    let mut all = Vec::with_capacity(stored.len().min(entries.len()));
    let (mut from, mut to) = (0, 0);
    let has_known = !known.is_empty();
    for (one, other) in known.into_iter().chain([(stored.len(), entries.len())]) {
        let left = stored.get(from..one).unwrap_or_default();
        let open = entries.get(to..other).unwrap_or_default();
        if depth > 0 && has_known {
            let pairs = split(left, open, depth - 1);
            all.extend(pairs.into_iter().map(|(a, b)| (from + a, to + b)));
        } else {
            all.extend((from..one).zip(to..other));
        }
        if one < stored.len() {
            all.push((one, other));
        }
        (from, to) = (one + 1, other + 1);
    }
    all
}

/// The cheapest way to a pair, and the pair before it.
#[derive(Clone, Copy)]
struct Way {
    cost: Cost,
    before: Option<(usize, usize)>,
}

/// Ways that end in a pair with an entry of at most some index: the cheapest for each index that has a cheaper one than
/// all before it.
#[derive(Default)]
struct Cheapest(BTreeMap<usize, (Cost, (usize, usize))>);

impl Cheapest {
    fn below(&self, entry: usize) -> Option<(Cost, (usize, usize))> {
        self.0.range(..entry).next_back().map(|(_, way)| *way)
    }

    fn add(&mut self, pair: (usize, usize), cost: Cost) {
        let known = self.0.range(..=pair.1).next_back();
        if known.is_some_and(|(_, (other, _))| *other <= cost) {
            return;
        }
        let worse = self
            .0
            .range(pair.1..)
            .take_while(|(_, (other, _))| *other >= cost);
        for at in worse.map(|(at, _)| *at).collect::<Vec<_>>() {
            self.0.remove(&at);
        }
        self.0.insert(pair.1, (cost, pair));
    }
}

/// The cheapest way of all. The costs of skips are counted from the end of both lists, so that alignments that
/// end in different pairs compare.
fn exact(stored: &[Position], entries: &[Position], fixed: bool) -> Pairs {
    let mut ways: HashMap<(usize, usize), Option<(usize, usize)>> = HashMap::new();
    let (mut any, mut by_move) = (Cheapest::default(), HashMap::<i128, Cheapest>::new());
    let mut best: Option<(Cost, (usize, usize))> = None;
    for (one, from) in stored.iter().enumerate() {
        let mut row = Vec::with_capacity(entries.len());
        for (other, to) in entries.iter().enumerate() {
            let by = to.0 - from.0;
            let way = way((one, other), by, &any, by_move.get(&by));
            let column = (to.1 - from.1).abs();
            let moved = if column == 0 { 0 } else { COLUMN };
            let cost = (way.cost.0 + moved - 2 * SKIP, way.cost.1, way.cost.2 + column);
            ways.insert((one, other), way.before);
            row.push((by, (one, other), cost));
            let back = if fixed && by != 0 { TURN } else { 0 };
            let ended = (cost.0 + back, cost.1, cost.2);
            if best.is_none_or(|(other, _)| ended < other) {
                best = Some((ended, (one, other)));
            }
        }
        for (by, pair, cost) in row {
            any.add(pair, cost);
            by_move.entry(by).or_default().add(pair, cost);
        }
    }
    let mut found = Vec::new();
    let mut at = best.map(|(_, pair)| pair);
    while let Some(pair) = at {
        found.push(pair);
        at = ways.get(&pair).copied().flatten();
    }
    found.reverse();
    found
}

/// The cheapest way to a pair that moved by this number of lines.
fn way(pair: (usize, usize), by: i128, any: &Cheapest, alike: Option<&Cheapest>) -> Way {
    let turned = |cost: Cost| (cost.0 + TURN, cost.1 + by.abs(), cost.2);
    let start = if by == 0 { (0, 0, 0) } else { turned((0, 0, 0)) };
    let ways = [
        Some((start, None)),
        alike
            .and_then(|ways| ways.below(pair.1))
            .map(|(cost, before)| (cost, Some(before))),
        any.below(pair.1)
            .map(|(cost, before)| (turned(cost), Some(before))),
    ];
    let best = ways.into_iter().flatten().min();
    best.map_or(
        Way {
            cost: start,
            before: None,
        },
        |(cost, before)| Way { cost, before },
    )
}

/// What moved by the number of lines that most have in common.
fn common(stored: &[Position], entries: &[Position]) -> Pairs {
    let most = STEPS / (stored.len() + entries.len()) + 1;
    let mut shifts = BTreeSet::from([0]);
    for (from, to) in [(stored.first(), entries.first()), (stored.last(), entries.last())] {
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        shifts.insert(to.0 - from.0);
    }
    let slack = stored.len().abs_diff(entries.len()) + 1;
    shifts.extend(
        stored
            .iter()
            .take(1)
            .flat_map(|from| entries.iter().take(slack).map(|to| to.0 - from.0)),
    );
    shifts.extend(
        entries
            .iter()
            .take(1)
            .flat_map(|to| stored.iter().take(slack).map(|from| to.0 - from.0)),
    );
    let mut shifts: Vec<_> = shifts.into_iter().collect();
    shifts.sort_by_key(|shift| shift.abs());
    let tried = shifts
        .into_iter()
        .take(most)
        .map(|shift| met(stored, entries, shift));
    let best = tried.reduce(|best, other| if other.len() > best.len() { other } else { best });
    best.unwrap_or_default()
}

/// The pairs whose lines differ by exactly this number, in the same column.
fn met(stored: &[Position], entries: &[Position], shift: i128) -> Pairs {
    let mut found = Vec::new();
    let mut to = entries.iter().enumerate().peekable();
    for (at, (line, column)) in stored.iter().enumerate() {
        let wanted = (line + shift, *column);
        while to.next_if(|(_, other)| **other < wanted).is_some() {}
        if let Some((other, _)) = to.next_if(|(_, other)| **other == wanted) {
            found.push((at, other));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(stored: &[i128], entries: &[i128]) -> Vec<(i128, i128)> {
        let at = |lines: &[i128]| lines.iter().map(|line| (*line, 0)).collect::<Vec<_>>();
        let mut pairs: Vec<_> = align(&at(stored), &at(entries), false)
            .into_iter()
            .map(|(a, b)| (stored[a], entries[b]))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    // promise: M3
    #[test]
    fn lines_move_alike() {
        assert_eq!(
            lines(&[10, 20, 30], &[13, 23, 33]),
            [(10, 13), (20, 23), (30, 33)]
        );
        assert_eq!(lines(&[10, 20, 30], &[13, 33]), [(10, 13), (30, 33)], "one less");
        assert_eq!(
            lines(&[10, 20, 30], &[3, 11, 21, 31]),
            [(10, 11), (20, 21), (30, 31)],
            "one more above"
        );
        assert_eq!(
            lines(&[10, 20], &[10, 15, 20]),
            [(10, 10), (20, 20)],
            "one more between"
        );
        assert_eq!(
            lines(&[10, 20, 30], &[10, 30, 40]),
            [(10, 10), (20, 30), (30, 40)],
            "lines in the middle"
        );
        assert_eq!(lines(&[10], &[3, 11]), [(10, 11)]);
        assert_eq!(lines(&[], &[3]), []);
        assert_eq!(lines(&[3], &[]), []);
    }

    // promise: M3
    #[test]
    fn between_fixed_neighbors_what_is_where_it_was_stays() {
        let (stored, entries) = ([(17, 0), (19, 0)], [(15, 0), (17, 0)]);
        assert_eq!(
            align(&stored, &entries, false),
            [(0, 0), (1, 1)],
            "two lines deleted"
        );
        assert_eq!(
            align(&stored, &entries, true),
            [(0, 1)],
            "one fixed, and a new one"
        );
        let moved = [(22, 0), (24, 0)];
        assert_eq!(align(&stored, &moved, true), [(0, 0), (1, 1)], "no line stayed");
    }

    // promise: M3
    #[test]
    fn on_one_line_the_column_decides() {
        assert_eq!(
            align(&[(1, 1), (1, 9)], &[(1, 1), (1, 5), (1, 9)], false),
            [(0, 0), (1, 2)]
        );
        let many: Vec<Position> = (0..10_000).map(|column| (1, column)).collect();
        let fewer: Vec<Position> = many.iter().copied().filter(|(_, at)| at % 7 != 3).collect();
        assert!(
            align(&many, &fewer, false)
                .into_iter()
                .all(|(a, b)| many[a] == fewer[b])
        );
    }

    // promise: M3
    #[test]
    fn of_ten_thousand_each_stays_itself_though_all_have_moved() {
        let many: Vec<Position> = (0..10_000).map(|at| (at * 7 + at % 5, 0)).collect();
        let fewer: Vec<Position> = many
            .iter()
            .filter(|(at, _)| at % 11 != 3)
            .map(|(at, _)| (at + 8, 0))
            .collect();
        let pairs = align(&many, &fewer, false);
        assert_eq!(pairs.len(), fewer.len());
        assert!(pairs.into_iter().all(|(a, b)| many[a].0 + 8 == fewer[b].0));
    }
}
