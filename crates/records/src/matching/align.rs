//! Findings and entries that nothing but their line tells apart.
//!
//! Owns: which of them are pairs. The order of lines is kept, and of all ways to do that the one counts in which the lines
//! move alike: inserted lines move all that follows by the same number.

/// Steps of the exact search; beyond it what is on its old line stays, and the rest follows in order.
const MOST: usize = 4_000_000;
/// The cost of a move that differs from that of the neighbor before it.
const TURN: i128 = 1 << 80;

/// Pairs of indices into two sorted lists of positions; every one of the shorter list has a partner.
pub(super) fn align(stored: &[u64], entries: &[u64]) -> Vec<(usize, usize)> {
    if stored.len() > entries.len() {
        let swapped = pairs(entries, stored);
        return swapped.into_iter().map(|(entry, one)| (one, entry)).collect();
    }
    pairs(stored, entries)
}

/// As [`align`], where the first list is not the longer one.
fn pairs(short: &[u64], long: &[u64]) -> Vec<(usize, usize)> {
    let slack = long.len() - short.len();
    if slack == 0 {
        return (0..short.len()).map(|at| (at, at)).collect();
    }
    if short.len().saturating_mul(slack + 1).saturating_mul(slack + 1) <= MOST {
        exact(short, long, slack)
    } else {
        quick(short, long)
    }
}

/// The cheapest way: `skipped` are those of the long list that were passed over so far.
fn exact(short: &[u64], long: &[u64], slack: usize) -> Vec<(usize, usize)> {
    let shift = |at: usize, skipped: usize| {
        let (from, to) = (
            short.get(at).copied().unwrap_or_default(),
            long.get(at + skipped).copied(),
        );
        i128::from(to.unwrap_or_default()) - i128::from(from)
    };
    let cost = |before: i128, after: i128| {
        if before == after {
            0
        } else {
            TURN + (after - before).abs()
        }
    };
    let mut costs: Vec<i128> = (0..=slack).map(|skipped| cost(0, shift(0, skipped))).collect();
    let mut came: Vec<Vec<usize>> = Vec::with_capacity(short.len());
    for at in 1..short.len() {
        let (mut next, mut from) = (Vec::with_capacity(slack + 1), Vec::with_capacity(slack + 1));
        for skipped in 0..=slack {
            let after = shift(at, skipped);
            let ways = costs.iter().take(skipped + 1).enumerate();
            let best = ways
                .map(|(before, so_far)| (so_far + cost(shift(at - 1, before), after), before))
                .min();
            let (total, before) = best.unwrap_or((i128::MAX, 0));
            next.push(total);
            from.push(before);
        }
        costs = next;
        came.push(from);
    }
    let end = costs
        .iter()
        .enumerate()
        .min_by_key(|(_, cost)| **cost)
        .map_or(0, |(skipped, _)| skipped);
    let mut skipped = end;
    let mut found = vec![(short.len() - 1, short.len() - 1 + skipped)];
    for at in (1..short.len()).rev() {
        skipped = came
            .get(at - 1)
            .and_then(|from| from.get(skipped))
            .copied()
            .unwrap_or_default();
        found.push((at - 1, at - 1 + skipped));
    }
    found.reverse();
    found
}

/// What is where it was stays; between two that stay the others follow in order.
fn quick(short: &[u64], long: &[u64]) -> Vec<(usize, usize)> {
    let mut found = Vec::with_capacity(short.len());
    let mut taken = vec![false; long.len()];
    let mut left = Vec::new();
    for (at, position) in short.iter().enumerate() {
        let start = long.partition_point(|other| other < position);
        let same = (start..long.len()).take_while(|to| long.get(*to) == Some(position));
        let free = same.into_iter().find(|to| taken.get(*to) == Some(&false));
        match free {
            Some(to) => {
                if let Some(slot) = taken.get_mut(to) {
                    *slot = true;
                }
                found.push((at, to));
            }
            None => left.push(at),
        }
    }
    let free = taken
        .iter()
        .enumerate()
        .filter(|(_, taken)| !**taken)
        .map(|(to, _)| to);
    found.extend(left.into_iter().zip(free));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(stored: &[u64], entries: &[u64]) -> Vec<(u64, u64)> {
        let mut pairs: Vec<_> = align(stored, entries)
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

    #[test]
    fn ten_thousand_of_a_kind_take_no_time() {
        let many: Vec<u64> = (0..10_000).collect();
        let fewer: Vec<u64> = many.iter().copied().filter(|line| line % 7 != 3).collect();
        assert_eq!(align(&many, &fewer).len(), fewer.len());
        let one_more: Vec<u64> = std::iter::once(5_000).chain(many.iter().copied()).collect();
        let mut sorted = one_more;
        sorted.sort_unstable();
        assert_eq!(align(&many, &sorted).len(), many.len());
    }
}
